/* watched_agent.c - an agent that can be watched; see watched_agent.h. */
#include "tests/lib/watched_agent.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <check.h>

#include "protocol/key.h"

#define CONNECTIONS_MAX 24u
#define ANSWER_MAX      4096u

struct watched_key {
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
};

struct watched_conn {
    int fd; /* -1: free */
    bool is_watching;
    size_t len;
    uint8_t bytes[ANSWER_MAX];
};

/* The thread holds the lock but while it polls; so the test's thread may change
 * all of it, and then wakes the thread. */
struct skt_watched {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    pthread_t thread;
    char folder[64];
    char path[96];
    int wake[2];
    int listener; /* -1: dead */
    bool is_stopping;
    bool is_hung;
    unsigned current;
    unsigned asked[SKP_METHOD_COUNT];
    enum skp_err refusals[SKP_METHOD_COUNT];
    enum skp_method tell_before; /* SKP_METHOD_COUNT: nothing */
    char tell_tenant[SKP_TENANT_MAX + 1];
    unsigned tell_nth;
    struct watched_key keys[SKT_WATCHED_KEYS];
    struct watched_conn conns[CONNECTIONS_MAX];
    struct skp_scratch *scratch;
    uint8_t data_key[SKP_KEY_LEN];
};

/* ---- with the lock ------------------------------------------------------ */

/* A close alone takes effect when the thread's poll ends. */
static void close_conn(struct watched_conn *conn)
{
    (void)shutdown(conn->fd, SHUT_RDWR);
    (void)close(conn->fd);
    *conn = (struct watched_conn){ .fd = -1 };
}

static void send_all(const struct watched_conn *conn, const struct skp_buf *buf)
{
    (void)!send(conn->fd, buf->ptr, buf->len, MSG_NOSIGNAL);
}

static void tell(struct skt_watched *agent, const char *tenant, unsigned nth)
{
    uint8_t bytes[ANSWER_MAX];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_tenant_row row = { .id = skp_view_of(tenant) };

    if (nth < SKT_WATCHED_KEYS) {
        row.key_id = agent->keys[nth].key_id;
        row.generation = nth + 1;
    }
    ck_assert(skp_changed_encode(&row, 1, &buf) == SKP_ERR_OK);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (agent->conns[i].fd >= 0 && agent->conns[i].is_watching) {
            send_all(&agent->conns[i], &buf);
        }
    }
}

static void fill_answer(struct skt_watched *agent,
                        const struct skp_request *request,
                        struct skp_response *ret)
{
    const struct watched_key *key = &agent->keys[agent->current];

    ret->err = agent->refusals[request->method];
    ret->key_id = key->key_id;
    ret->generation = agent->current + 1;
    ret->data = (struct skp_view){ key->public_key, SKP_KEY_LEN };
    if (request->method == SKP_METHOD_UNWRAP) {
        /* Some key that is another for each header. */
        for (size_t i = 0; i < SKP_KEY_LEN; i++) {
            agent->data_key[i] =
                request->data.ptr[request->data.len - 1 - i] ^ 0x5a;
        }
        ret->data.ptr = agent->data_key;
        ret->suite = SKP_SUITE_X25519_HPKE_AES256GCM;
    }
}

static void answer(struct skt_watched *agent,
                   struct watched_conn *conn,
                   struct skp_view message)
{
    uint8_t bytes[ANSWER_MAX];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_request request;
    struct skp_refusal refusal;
    struct skp_response response = { .has_msgid = true };

    ck_assert(skp_request_decode(agent->scratch, message, &request, &refusal,
                                 NULL) == SKP_ERR_OK);
    response.msgid = request.msgid;
    response.method = request.method;
    fill_answer(agent, &request, &response);
    if (agent->tell_before == request.method) {
        tell(agent, agent->tell_tenant, agent->tell_nth);
        agent->tell_before = SKP_METHOD_COUNT;
    }
    ck_assert(skp_response_encode(&response, &buf) == SKP_ERR_OK);
    send_all(conn, &buf);
    conn->is_watching |=
        request.method == SKP_METHOD_WATCH && response.err == SKP_ERR_OK;
    agent->asked[request.method]++;
    (void)pthread_cond_broadcast(&agent->answered);
}

static void read_conn(struct skt_watched *agent, struct watched_conn *conn)
{
    size_t len;
    ssize_t n = recv(conn->fd, conn->bytes + conn->len,
                     sizeof conn->bytes - conn->len, MSG_DONTWAIT);

    if (n <= 0) {
        close_conn(conn);
        return;
    }
    conn->len += (size_t)n;
    while (skp_frame_scan((struct skp_view){ conn->bytes, conn->len },
                          &skp_frame_request_limits, &len) == SKP_FRAME_WHOLE) {
        answer(agent, conn, (struct skp_view){ conn->bytes, len });
        conn->len -= len;
        memmove(conn->bytes, conn->bytes + len, conn->len);
    }
}

static void accept_conn(struct skt_watched *agent)
{
    int fd = accept4(agent->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (agent->conns[i].fd < 0) {
            agent->conns[i] = (struct watched_conn){ .fd = fd };
            return;
        }
    }
    ck_abort_msg("too many connections for the watched agent");
}

static void listen_at_path(struct skt_watched *agent)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const void *place = &address;

    memcpy(address.sun_path, agent->path, strlen(agent->path));
    (void)unlink(agent->path);
    agent->listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(agent->listener, 0);
    ck_assert_int_eq(bind(agent->listener, place, sizeof address), 0);
    ck_assert_int_eq(listen(agent->listener, 64), 0);
}

/* ---- the thread --------------------------------------------------------- */

/* Set the places to poll: the pipe, the listener, the connections. */
static void fill_polled(const struct skt_watched *agent, struct pollfd *fds)
{
    fds[0] = (struct pollfd){ .fd = agent->wake[0], .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = agent->is_hung ? -1 : agent->listener,
                              .events = POLLIN };
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        int fd = agent->is_hung ? -1 : agent->conns[i].fd;

        fds[2 + i] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
}

/* Connections may have been closed, and their numbers given to others, since
 * the poll: only those that are as they were are looked at. */
static void serve(struct skt_watched *agent, const struct pollfd *fds)
{
    if (agent->is_hung) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (fds[2 + i].revents != 0 && fds[2 + i].fd == agent->conns[i].fd) {
            read_conn(agent, &agent->conns[i]);
        }
    }
    if (fds[1].revents != 0 && fds[1].fd == agent->listener) {
        accept_conn(agent);
    }
}

static void *run(void *state)
{
    struct skt_watched *agent = state;
    struct pollfd fds[2 + CONNECTIONS_MAX];

    (void)pthread_mutex_lock(&agent->lock);
    while (!agent->is_stopping) {
        uint8_t byte;

        fill_polled(agent, fds);
        (void)pthread_mutex_unlock(&agent->lock);
        (void)poll(fds, SKP_ARRAY_LEN(fds), -1);
        (void)pthread_mutex_lock(&agent->lock);
        if (fds[0].revents != 0) {
            (void)!read(agent->wake[0], &byte, 1);
            continue;
        }
        serve(agent, fds);
    }
    (void)pthread_mutex_unlock(&agent->lock);
    return NULL;
}

/* ---- the test's thread -------------------------------------------------- */

static void enter(struct skt_watched *agent)
{
    (void)pthread_mutex_lock(&agent->lock);
}

static void leave(struct skt_watched *agent)
{
    (void)!write(agent->wake[1], "", 1);
    (void)pthread_mutex_unlock(&agent->lock);
}

static void make_keys(struct skt_watched *agent)
{
    uint8_t private_key[SKP_KEY_LEN];

    for (unsigned i = 0; i < SKT_WATCHED_KEYS; i++) {
        memset(private_key, (int)(i + 1), sizeof private_key);
        skp_key_public(private_key, agent->keys[i].public_key);
        skp_key_id(agent->keys[i].public_key, agent->keys[i].key_id);
    }
}

struct skt_watched *skt_watched_start(void)
{
    struct skt_watched *agent = calloc(1, sizeof *agent);

    ck_assert_ptr_nonnull(agent);
    (void)snprintf(agent->folder, sizeof agent->folder,
                   "/tmp/sidekey-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(agent->folder));
    (void)snprintf(agent->path, sizeof agent->path, "%s/sidekey.sock",
                   agent->folder);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        agent->conns[i].fd = -1;
    }
    agent->tell_before = SKP_METHOD_COUNT;
    make_keys(agent);
    ck_assert(skp_scratch_new(&agent->scratch) == SKP_ERR_OK);
    ck_assert_int_eq(pipe2(agent->wake, O_CLOEXEC), 0);
    ck_assert_int_eq(pthread_mutex_init(&agent->lock, NULL), 0);
    ck_assert_int_eq(pthread_cond_init(&agent->answered, NULL), 0);
    listen_at_path(agent);
    ck_assert_int_eq(pthread_create(&agent->thread, NULL, run, agent), 0);
    return agent;
}

void skt_watched_stop(struct skt_watched **agent)
{
    struct skt_watched *stopped = *agent;

    if (stopped == NULL) {
        return;
    }
    *agent = NULL;
    skt_watched_kill(stopped);
    enter(stopped);
    stopped->is_stopping = true;
    leave(stopped);
    (void)pthread_join(stopped->thread, NULL);
    (void)close(stopped->wake[0]);
    (void)close(stopped->wake[1]);
    (void)rmdir(stopped->folder);
    (void)pthread_cond_destroy(&stopped->answered);
    (void)pthread_mutex_destroy(&stopped->lock);
    skp_scratch_free(&stopped->scratch);
    free(stopped);
}

const char *skt_watched_path(const struct skt_watched *agent)
{
    return agent->path;
}

const uint8_t *skt_watched_key_id(const struct skt_watched *agent, unsigned nth)
{
    return agent->keys[nth].key_id;
}

unsigned skt_watched_asked(struct skt_watched *agent, enum skp_method method)
{
    unsigned asked;

    enter(agent);
    asked = agent->asked[method];
    leave(agent);
    return asked;
}

void skt_watched_await(struct skt_watched *agent,
                       enum skp_method method,
                       unsigned n)
{
    (void)pthread_mutex_lock(&agent->lock);
    while (agent->asked[method] < n) {
        (void)pthread_cond_wait(&agent->answered, &agent->lock);
    }
    (void)pthread_mutex_unlock(&agent->lock);
}

void skt_watched_use(struct skt_watched *agent, unsigned nth)
{
    enter(agent);
    agent->current = nth;
    leave(agent);
}

void skt_watched_tell(struct skt_watched *agent,
                      const char *tenant,
                      unsigned nth)
{
    enter(agent);
    tell(agent, tenant, nth);
    leave(agent);
}

void skt_watched_tell_before(struct skt_watched *agent,
                             enum skp_method method,
                             const char *tenant,
                             unsigned nth)
{
    enter(agent);
    agent->tell_before = method;
    (void)snprintf(agent->tell_tenant, sizeof agent->tell_tenant, "%s", tenant);
    agent->tell_nth = nth;
    leave(agent);
}

void skt_watched_refuse(struct skt_watched *agent,
                        enum skp_method method,
                        enum skp_err err)
{
    enter(agent);
    agent->refusals[method] = err;
    leave(agent);
}

void skt_watched_babble(struct skt_watched *agent)
{
    static uint8_t garbage = 0xc1;
    const struct skp_buf buf = { &garbage, 1, 1 };

    enter(agent);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (agent->conns[i].fd >= 0 && agent->conns[i].is_watching) {
            send_all(&agent->conns[i], &buf);
        }
    }
    leave(agent);
}

void skt_watched_hang(struct skt_watched *agent, bool is_hung)
{
    enter(agent);
    agent->is_hung = is_hung;
    leave(agent);
}

void skt_watched_kill(struct skt_watched *agent)
{
    enter(agent);
    if (agent->listener >= 0) {
        (void)unlink(agent->path);
        (void)shutdown(agent->listener, SHUT_RDWR);
        (void)close(agent->listener);
        agent->listener = -1;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (agent->conns[i].fd >= 0) {
            close_conn(&agent->conns[i]);
        }
    }
    leave(agent);
}

void skt_watched_revive(struct skt_watched *agent)
{
    enter(agent);
    listen_at_path(agent);
    leave(agent);
}
