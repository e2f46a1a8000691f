/* load.c - steady load on the agent's socket, every answer compared with what
 * it may be.
 *
 *     load SOCKET SCRIPT CONNECTIONS RATE BURST
 *
 * SCRIPT is what load.py writes: requests, and for each the answers that are
 * right.  RATE requests a second are sent at fixed moments, BURST of them at
 * once on a connection, whether earlier ones are answered or not; latency
 * counts from the moment a request was due, so that an agent that stalls cannot
 * hide it.  SIGUSR1 ends a window: one line of JSON about it goes to stdout.
 * SIGTERM ends the last window and the program.
 */
#include "tests/faults/load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "protocol/frame.h"

#define DEPTH_MAX       64u
#define CONNECTIONS_MAX 1024u
#define INPUT_MAX       ((size_t)512 * 1024)
/* A request without an answer after this long is lost. */
#define LOST_NS UINT64_C(5000000000)
/* [1, msgid as uint32, ... and [0, msgid as uint32, ... */
#define MSGID_AT 3u
#define HEAD_LEN 7u

struct flight {
    uint32_t item;
    uint64_t due_ns;
};

struct client {
    int fd;
    uint32_t n_sent;
    uint32_t n_received;
    struct flight flights[DEPTH_MAX];
    uint64_t due_ns; /* of the next request */
    size_t next_item;
    uint64_t *generations; /* seen last, per item */
    size_t in_len;
    uint8_t *in;
};

static struct {
    const char *path;
    struct skl_script script;
    struct client *clients;
    size_t n_clients;
    uint32_t burst;
    uint64_t gap_ns; /* between two bursts of one client */
    uint64_t window_ns;
    struct skl_window window;
    int poll;
} load;

static uint64_t now_ns(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct skl_group *group_of(uint32_t item)
{
    return &load.window.groups[load.script.items[item].group];
}

/* ---- connections --------------------------------------------------------- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool open_client(struct client *client)
{
    struct epoll_event event = { .events = EPOLLIN,
                                 .data.u32 =
                                     (uint32_t)(client - load.clients) };

    client->fd = connect_to(load.path);
    return client->fd >= 0 &&
           epoll_ctl(load.poll, EPOLL_CTL_ADD, client->fd, &event) == 0;
}

/* What was asked and not answered is lost. */
static void close_client(struct client *client)
{
    for (; client->n_received != client->n_sent; client->n_received++) {
        group_of(client->flights[client->n_received % DEPTH_MAX].item)
            ->n_lost++;
    }
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
    client->in_len = 0;
    load.window.n_closed++;
}

/* ---- sending ------------------------------------------------------------- */

static void put_msgid(uint8_t *message, uint32_t number)
{
    uint32_t msgid = 0x10000u + (number & 0x3fffffffu);

    for (unsigned i = 0; i < 4; i++) {
        message[MSGID_AT + i] = (uint8_t)(msgid >> (24 - 8 * i));
    }
}

static bool send_one(struct client *client)
{
    uint32_t number = (uint32_t)(client->next_item++ % load.script.n_items);
    const struct skl_item *item = &load.script.items[number];

    put_msgid(item->request, client->n_sent);
    client->flights[client->n_sent % DEPTH_MAX] =
        (struct flight){ number, client->due_ns };
    client->n_sent++;
    if (client->n_sent % load.burst == 0) {
        client->due_ns += load.gap_ns;
    }
    return send(client->fd, item->request, item->request_len,
                MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)item->request_len;
}

/* Send what is due; a closed connection is opened again first. */
static void send_due(struct client *client, uint64_t at_ns)
{
    if (client->fd < 0 && (client->due_ns > at_ns || !open_client(client))) {
        /* Each request that cannot even be sent counts. */
        for (; client->due_ns <= at_ns; client->due_ns += load.gap_ns) {
            uint32_t item =
                (uint32_t)(client->next_item++ % load.script.n_items);

            group_of(item)->n_lost++;
        }
        return;
    }
    while (client->due_ns <= at_ns &&
           client->n_sent - client->n_received < DEPTH_MAX) {
        if (!send_one(client)) {
            close_client(client);
            return;
        }
    }
}

/* ---- receiving ----------------------------------------------------------- */

/* A MessagePack integer at the end of an answer. */
static uint64_t read_uint(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;

    if (len == 1) {
        return bytes[0];
    }
    for (size_t i = 1; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static bool is_right(struct client *client,
                     uint32_t number,
                     const uint8_t *answer,
                     size_t len)
{
    const struct skl_item *item = &load.script.items[number];
    uint64_t generation;

    for (size_t i = 0; i < item->n_answers; i++) {
        const struct skl_bytes *wanted = &item->answers[i];

        if (len < wanted->len ||
            memcmp(answer, wanted->ptr, wanted->len) != 0) {
            continue;
        }
        if (item->kind == SKL_EXACT) {
            return len == wanted->len;
        }
        generation = read_uint(answer + wanted->len, len - wanted->len);
        if (item->kind == SKL_FORWARD &&
            generation < client->generations[number]) {
            return false;
        }
        client->generations[number] = generation;
        return true;
    }
    return false;
}

static void
complain(const struct skl_item *item, const uint8_t *answer, size_t len)
{
    (void)fprintf(stderr, "wrong answer to item %zu: ",
                  (size_t)(item - load.script.items));
    for (size_t i = 0; i < len && i < 160; i++) {
        (void)fprintf(stderr, "%02x", answer[i]);
    }
    (void)fputc('\n', stderr);
}

/* @answer is what stands behind the msgid: nil and a result, or an error. */
static void judge(struct client *client, const uint8_t *answer, size_t len)
{
    const struct flight *flight =
        &client->flights[client->n_received++ % DEPTH_MAX];
    struct skl_group *group = group_of(flight->item);

    if (len > 0 && answer[0] != 0xc0) {
        skl_count_error(group, answer, len);
    } else if (is_right(client, flight->item, answer, len)) {
        skl_count_right(group, now_ns() - flight->due_ns);
    } else {
        complain(&load.script.items[flight->item], answer, len);
        group->n_wrong++;
    }
}

/* One message; false when it is not the answer to the oldest question. */
static bool
take_message(struct client *client, const uint8_t *message, size_t len)
{
    uint8_t head[HEAD_LEN] = { 0x94, 0x01, 0xce };

    put_msgid(head, client->n_received);
    if (client->n_received == client->n_sent || len <= HEAD_LEN ||
        memcmp(message, head, HEAD_LEN) != 0) {
        load.window.n_strange++;
        return false;
    }
    judge(client, message + HEAD_LEN, len - HEAD_LEN);
    return true;
}

static bool receive(struct client *client)
{
    size_t at = 0;
    size_t len = 0;
    ssize_t n = recv(client->fd, client->in + client->in_len,
                     INPUT_MAX - client->in_len, MSG_DONTWAIT);

    if (n <= 0) {
        return n < 0 && errno == EAGAIN;
    }
    client->in_len += (size_t)n;
    while (skp_frame_scan(
               (struct skp_view){ client->in + at, client->in_len - at },
               &skp_frame_answer_limits, &len) == SKP_FRAME_WHOLE) {
        if (!take_message(client, client->in + at, len)) {
            return false;
        }
        at += len;
    }
    client->in_len -= at;
    memmove(client->in, client->in + at, client->in_len);
    return true;
}

/* ---- the loop ------------------------------------------------------------ */

static void end_window(void)
{
    uint64_t at_ns = now_ns();

    load.window.seconds = (double)(at_ns - load.window_ns) / 1e9;
    skl_print_window(&load.window);
    memset(&load.window, 0, sizeof load.window);
    load.window_ns = at_ns;
}

/* Send what is due and say how long to wait for the next. */
static struct timespec send_all(void)
{
    uint64_t at_ns = now_ns();
    uint64_t next_ns = at_ns + 10000000u;

    for (size_t i = 0; i < load.n_clients; i++) {
        struct client *client = &load.clients[i];

        if (client->n_sent != client->n_received &&
            client->flights[client->n_received % DEPTH_MAX].due_ns + LOST_NS <
                at_ns) {
            close_client(client);
        }
        send_due(client, at_ns);
        if (client->due_ns < next_ns &&
            client->n_sent - client->n_received < DEPTH_MAX) {
            next_ns = client->due_ns;
        }
    }
    at_ns = now_ns();
    return (struct timespec){
        .tv_nsec = next_ns > at_ns ? (long)(next_ns - at_ns) : 0,
    };
}

static void run(int signals)
{
    struct epoll_event events[128];
    struct signalfd_siginfo info;

    for (;;) {
        struct timespec wait = send_all();
        int n = epoll_pwait2(load.poll, events, 128, &wait, NULL);

        for (int i = 0; i < n; i++) {
            struct client *client = &load.clients[events[i].data.u32];

            if (!receive(client)) {
                close_client(client);
            }
        }
        if (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
            end_window();
            if (info.ssi_signo == SIGTERM) {
                return;
            }
        }
    }
}

static int catch_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool set_up(char **argv)
{
    double rate = strtod(argv[4], NULL);
    uint64_t start_ns = now_ns();

    load.path = argv[1];
    load.n_clients = strtoul(argv[3], NULL, 10);
    load.burst = (uint32_t)strtoul(argv[5], NULL, 10);
    if (load.burst == 0 || load.n_clients == 0 ||
        load.n_clients > CONNECTIONS_MAX || rate <= 0 ||
        !skl_script_read(argv[2], &load.script)) {
        return false;
    }
    load.gap_ns =
        (uint64_t)(1e9 * (double)(load.n_clients * load.burst) / rate);
    load.window_ns = start_ns;
    load.poll = epoll_create1(EPOLL_CLOEXEC);
    load.clients = calloc(load.n_clients, sizeof *load.clients);
    for (size_t i = 0; i < load.n_clients; i++) {
        struct client *client = &load.clients[i];

        client->fd = -1;
        client->next_item = i * 7919u;
        client->due_ns = start_ns + load.gap_ns * i / load.n_clients;
        client->in = malloc(INPUT_MAX);
        client->generations =
            calloc(load.script.n_items, sizeof *client->generations);
    }
    return true;
}

int main(int argc, char **argv)
{
    int signals = catch_signals();

    if (argc != 6 || !set_up(argv)) {
        (void)fprintf(stderr,
                      "usage: load SOCKET SCRIPT CONNECTIONS RATE BURST\n");
        return EXIT_FAILURE;
    }
    run(signals);
    return EXIT_SUCCESS;
}
