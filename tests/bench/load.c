/* load.c - the load generator; see load.h. */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/cpu.h"

#define INPUT_LEN ((size_t)256 * 1024)
/* An answer that takes longer is missing. */
#define PATIENCE_MS 5000
#define MSGID_AT    3u
/* From here on MessagePack writes an integer in five bytes. */
#define MSGID_FIRST 0x10000u
/* One answer in so many goes to the script's own check. */
#define CHECK_EVERY 256u

/* ---- connections -------------------------------------------------------- */

struct client {
    int fd;
    uint32_t n_sent;
    uint32_t n_received;
    uint64_t sent_ns[SKB_DEPTH_MAX];
    size_t in_len;
    size_t out_at;
    size_t out_len;
    uint8_t in[SKB_MESSAGE_MAX];
    uint8_t out[SKB_DEPTH_MAX * SKB_MESSAGE_MAX];
};

struct run {
    const struct skb_load *load;
    const struct skb_script *script;
    struct client *clients;
    int poll;
    bool is_sending;
    bool is_counting;
    uint64_t n_ops;
    uint64_t n_errors;
    struct skb_latencies latencies;
    uint8_t input[INPUT_LEN];
};

int skb_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void put_msgid(uint8_t *message, uint32_t number)
{
    uint32_t msgid = MSGID_FIRST + (number & 0x3fffffffu);

    for (unsigned i = 0; i < 4; i++) {
        message[MSGID_AT + i] = (uint8_t)(msgid >> (24 - 8 * i));
    }
}

/* Which item request @number of a client is; clients start apart. */
static size_t
item_of(const struct run *run, const struct client *client, uint32_t number)
{
    size_t nth = (size_t)(client - run->clients);

    return (nth * 7919u + number) % run->script->n_items;
}

static void flush(struct run *run, struct client *client)
{
    while (client->out_at < client->out_len) {
        ssize_t n =
            send(client->fd, client->out + client->out_at,
                 client->out_len - client->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n <= 0) {
            run->n_errors += n < 0 && errno == EAGAIN ? 0 : 1;
            return;
        }
        client->out_at += (size_t)n;
    }
    client->out_at = 0;
    client->out_len = 0;
}

/* Send requests until as many as wanted are in flight. */
static void send_requests(struct run *run, struct client *client)
{
    const struct skb_script *script = run->script;
    uint64_t now_ns = skb_now_ns();

    if (client->out_len > 0) {
        flush(run, client);
    }
    while (run->is_sending && client->out_at == 0 &&
           client->n_sent - client->n_received < run->load->depth) {
        uint8_t *place = client->out + client->out_len;
        size_t item = item_of(run, client, client->n_sent);

        memcpy(place, script->requests + item * script->request_len,
               script->request_len);
        if (script->has_msgid) {
            put_msgid(place, client->n_sent);
        }
        client->out_len += script->request_len;
        client->sent_ns[client->n_sent % SKB_DEPTH_MAX] = now_ns;
        client->n_sent++;
    }
    flush(run, client);
}

static bool
is_right(struct run *run, const struct client *client, const uint8_t *answer)
{
    const struct skb_script *script = run->script;
    size_t item = item_of(run, client, client->n_received);
    const uint8_t *wanted = script->answers + item * script->answer_len;
    size_t skipped = 0;
    uint8_t head[MSGID_AT + 4];

    if (script->has_msgid) {
        memcpy(head, wanted, sizeof head);
        put_msgid(head, client->n_received);
        skipped = sizeof head;
        if (memcmp(answer, head, sizeof head) != 0) {
            return false;
        }
    }
    if (memcmp(answer + skipped, wanted + skipped,
               script->checked_len - skipped) != 0) {
        return false;
    }
    return script->check == NULL || client->n_received % CHECK_EVERY != 0 ||
           script->check(script->state, item, answer);
}

static void take_answer(struct run *run,
                        struct client *client,
                        const uint8_t *answer,
                        uint64_t now_ns)
{
    uint64_t sent_ns = client->sent_ns[client->n_received % SKB_DEPTH_MAX];

    if (!is_right(run, client, answer)) {
        run->n_errors++;
    } else if (run->is_counting) {
        run->n_ops++;
        skb_latencies_count(&run->latencies, now_ns - sent_ns);
    }
    client->n_received++;
}

/* Read what there is; false when the server is gone. */
static bool receive(struct run *run, struct client *client)
{
    size_t len = run->script->answer_len;
    size_t at = 0;
    size_t there;
    uint64_t now_ns;
    ssize_t n;

    memcpy(run->input, client->in, client->in_len);
    n = recv(client->fd, run->input + client->in_len,
             INPUT_LEN - client->in_len, MSG_DONTWAIT);
    if (n <= 0) {
        return n < 0 && errno == EAGAIN;
    }
    now_ns = skb_now_ns();
    there = client->in_len + (size_t)n;
    for (; there - at >= len; at += len) {
        if (client->n_received == client->n_sent) {
            return false;
        }
        take_answer(run, client, run->input + at, now_ns);
    }
    client->in_len = there - at;
    memcpy(client->in, run->input + at, client->in_len);
    return true;
}

static bool is_waiting(const struct run *run)
{
    for (unsigned i = 0; i < run->load->connections; i++) {
        if (run->clients[i].n_sent != run->clients[i].n_received) {
            return true;
        }
    }
    return false;
}

/* Serve the clients until @end_ns, or until all answers are there. */
static bool turn(struct run *run, uint64_t end_ns)
{
    struct epoll_event events[SKB_CONNECTIONS_MAX];

    while (run->is_sending ? skb_now_ns() < end_ns : is_waiting(run)) {
        int n = epoll_wait(run->poll, events, SKB_CONNECTIONS_MAX, PATIENCE_MS);

        if (n <= 0) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            struct client *client = &run->clients[events[i].data.u32];

            if (!receive(run, client)) {
                return false;
            }
            send_requests(run, client);
        }
    }
    return true;
}

static bool open_clients(struct run *run)
{
    run->poll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < run->load->connections; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

        run->clients[i].fd = skb_connect(run->load->path);
        if (run->clients[i].fd < 0 ||
            (run->script->greet != NULL &&
             !run->script->greet(run->script->state, run->clients[i].fd)) ||
            epoll_ctl(run->poll, EPOLL_CTL_ADD, run->clients[i].fd, &event) !=
                0) {
            return false;
        }
    }
    return true;
}

static bool measure(struct run *run, struct skb_result *ret)
{
    uint64_t length_ns = (uint64_t)(run->load->seconds * 1e9);
    uint64_t cpu_ns;
    uint64_t start_ns;

    run->is_sending = true;
    for (unsigned i = 0; i < run->load->connections; i++) {
        send_requests(run, &run->clients[i]);
    }
    if (!turn(run, skb_now_ns() + length_ns / 10)) {
        return false;
    }
    run->is_counting = true;
    start_ns = skb_now_ns();
    cpu_ns = skb_process_cpu_ns(run->load->server);
    if (!turn(run, start_ns + length_ns)) {
        return false;
    }
    ret->per_s = (double)run->n_ops * 1e9 / (double)(skb_now_ns() - start_ns);
    ret->cpu_us = (double)(skb_process_cpu_ns(run->load->server) - cpu_ns) /
                  1000.0 / (double)(run->n_ops > 0 ? run->n_ops : 1);
    run->is_counting = false;
    run->is_sending = false;
    return turn(run, 0);
}

static void *allocate(size_t n, size_t size)
{
    void *place = calloc(n, size);

    if (place == NULL) {
        (void)fprintf(stderr, "bench: out of memory\n");
        abort();
    }
    return place;
}

struct skb_result skb_load_run(const struct skb_load *load,
                               const struct skb_script *script)
{
    struct run *run = allocate(1, sizeof *run);
    struct skb_result result = { 0 };

    run->load = load;
    run->script = script;
    run->clients = allocate(load->connections, sizeof *run->clients);
    if (!open_clients(run) || !measure(run, &result)) {
        run->n_errors++;
    }
    result.n_ops = run->n_ops;
    result.n_errors = run->n_errors;
    skb_result_set_latencies(&result, &run->latencies);
    for (unsigned i = 0; i < load->connections; i++) {
        if (run->clients[i].fd > 0) {
            (void)close(run->clients[i].fd);
        }
    }
    (void)close(run->poll);
    free(run->clients);
    free(run);
    return result;
}

void skb_script_init(struct skb_script *script,
                     size_t n_items,
                     size_t request_len,
                     size_t answer_len)
{
    *script = (struct skb_script){
        .n_items = n_items,
        .request_len = request_len,
        .answer_len = answer_len,
        .checked_len = answer_len,
        .requests = allocate(n_items, request_len),
        .answers = allocate(n_items, answer_len),
    };
}

void skb_script_done(struct skb_script *script)
{
    free(script->requests);
    free(script->answers);
    *script = (struct skb_script){ 0 };
}
