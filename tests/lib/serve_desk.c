/* serve_desk.c - a desk with one connection; see serve_desk.h. */
#include "tests/lib/serve_desk.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/suite.h"

static uint64_t read_clock(void *state)
{
    const struct skt_desk *stage = state;

    return stage->now_ms;
}

static enum skp_err on_ask(void *state,
                           struct skd_connection *connection,
                           const struct skp_request *request)
{
    struct skt_desk *stage = state;

    skp_assert(connection == stage->connection); /* no fault sees check here */
    stage->n_asks++;
    stage->last_ask = *request;
    return stage->ask_err;
}

static void on_want(void *state)
{
    struct skt_desk *stage = state;

    stage->n_wants++;
}

static void on_closed(void *state, struct skd_connection *connection)
{
    struct skt_desk *stage = state;

    skp_assert(connection == stage->connection); /* no fault sees check here */
    skd_connection_free(&stage->connection);
}

void skt_desk_connect(struct skt_desk *stage)
{
    struct skd_peer peer = { .uid = 500, .gid = 500 };
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    skt_ok(skd_connection_new(fds[0], &peer, 1, &stage->connection));
    skd_connection_open(stage->connection, &stage->desk);
    skt_client_init(&stage->client, fds[1]);
}

void skt_desk_init(struct skt_desk *stage)
{
    static const struct skt_tenant tenants[] = {
        { .id = "a", .use = SKD_USE_ALL, .keys = { 2 } },
        { .id = "b", .use = SKD_USE_ALL, .keys = { 9 } },
    };

    (void)signal(SIGPIPE, SIG_IGN);
    *stage = (struct skt_desk){ .now_ms = 1000 };
    stage->env = skd_env_system;
    stage->env.state = stage;
    stage->env.now_ms = read_clock;
    stage->config = (struct skd_config){ .max_payload = SKP_PAYLOAD_DEFAULT };
    ck_assert_int_eq(uv_loop_init(&stage->loop), 0);
    skt_ok(skd_desk_init(&stage->desk, &stage->env));
    stage->desk.loop = &stage->loop;
    skd_turns_open(&stage->desk.turns, &stage->loop, &stage->desk.callers);
    stage->desk.ops =
        (struct skd_desk_ops){ stage, on_ask, on_want, on_closed };
    stage->desk.served = (struct skd_served){
        .snapshot = skt_snapshot_of(tenants, SKP_ARRAY_LEN(tenants), false),
        .policy = { &stage->config, 500 },
    };
    skt_desk_connect(stage);
}

void skt_desk_disconnect(struct skt_desk *stage)
{
    if (stage->connection != NULL) {
        skd_connection_close(stage->connection);
    }
    (void)uv_run(&stage->loop, UV_RUN_DEFAULT);
    ck_assert_ptr_null(stage->connection);
    skt_client_done(&stage->client);
}

void skt_desk_done(struct skt_desk *stage)
{
    skt_desk_disconnect(stage);
    skd_turns_close(&stage->desk.turns);
    (void)uv_run(&stage->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&stage->loop), 0);
    skd_snapshot_unref(&stage->desk.served.snapshot);
    skd_desk_done(&stage->desk);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

/* A socket pair hands bytes over at once: what can happen has happened after a
 * few turns. */
void skt_desk_turn(struct skt_desk *stage)
{
    for (int i = 0; i < 5 || stage->desk.turns.first != NULL; i++) {
        (void)uv_run(&stage->loop, UV_RUN_NOWAIT);
    }
}

void skt_desk_send(struct skt_desk *stage, struct skp_view bytes)
{
    skt_client_send_bytes(&stage->client, bytes);
    skt_desk_turn(stage);
}

void skt_desk_send_request(struct skt_desk *stage,
                           const struct skp_request *request)
{
    skt_client_send(&stage->client, request);
    skt_desk_turn(stage);
}

void skt_desk_take(struct skt_desk *stage, struct skp_buf *ret)
{
    ssize_t n;

    do {
        n = recv(stage->client.fd, ret->ptr + ret->len, ret->cap - ret->len,
                 MSG_DONTWAIT);
        ret->len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    ck_assert_uint_lt(ret->len, ret->cap);
}

bool skt_desk_has_news(struct skt_desk *stage)
{
    struct pollfd ready = { stage->client.fd, POLLIN, 0 };

    return poll(&ready, 1, 0) == 1;
}
