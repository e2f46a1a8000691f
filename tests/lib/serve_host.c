/* serve_host.c - a running server to test; see serve_host.h. */
#include "tests/lib/serve_host.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "tests/lib/suite.h"

struct skt_host {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t async;
    struct skd_server *server;
    struct skt_host_ops ops;
    struct skd_env env;
    atomic_uint wants;
    bool is_stopped;

    /* One call at a time. */
    void (*work)(struct skd_server *server, void *state);
    void *state;
    uv_sem_t done;
    uint64_t drain_ms;
};

static uint64_t read_clock(void *state)
{
    return atomic_load((_Atomic uint64_t *)state);
}

static void on_refresh(void *state, struct skd_ask *ask, bool accept_removals)
{
    struct skt_host *host = state;

    if (host->ops.refresh != NULL) {
        host->ops.refresh(ask, accept_removals);
    } else {
        skd_server_answer(ask, SKP_ERR_OK, NULL, NULL);
    }
}

static void on_forget(void *state, struct skd_ask *ask, struct skp_view tenant)
{
    struct skt_host *host = state;

    if (host->ops.forget != NULL) {
        host->ops.forget(ask, tenant);
    } else {
        skd_server_answer(ask, SKP_ERR_OK, NULL, NULL);
    }
}

static void on_status(void *state, struct skd_ask *ask)
{
    struct skt_host *host = state;
    const struct skp_status status = { .agent = skp_view_of("test"),
                                       .mode = skp_view_of("dev"),
                                       .memory_tier = skp_view_of("mlock"),
                                       .ready = true };

    if (host->ops.status != NULL) {
        host->ops.status(ask);
    } else {
        skd_server_answer(ask, SKP_ERR_OK, &status, NULL);
    }
}

static void on_want(void *state)
{
    struct skt_host *host = state;

    atomic_fetch_add(&host->wants, 1);
}

static void on_async(uv_async_t *async)
{
    struct skt_host *host = async->data;

    if (host->work == NULL) {
        uv_close((uv_handle_t *)async, NULL);
        return;
    }
    host->work(host->server, host->state);
    uv_sem_post(&host->done);
}

static void run_loop(void *arg)
{
    struct skt_host *host = arg;

    (void)uv_run(&host->loop, UV_RUN_DEFAULT);
}

struct skt_host *skt_host_start(const struct skd_config *config,
                                struct skd_demand *demand,
                                const struct skt_host_ops *ops,
                                _Atomic uint64_t *now_ms)
{
    struct skt_host *host = calloc(1, sizeof *host);
    struct skp_diag diag = { "" };
    struct skd_server_config server_config = {
        .config = config,
        .demand = demand,
        .ops = { host, on_refresh, on_forget, on_status, on_want },
    };

    ck_assert_ptr_nonnull(host);
    host->env = skd_env_system;
    if (now_ms != NULL) {
        host->env.state = now_ms;
        host->env.now_ms = read_clock;
    }
    if (ops != NULL) {
        host->ops = *ops;
    }
    ck_assert_int_eq(uv_loop_init(&host->loop), 0);
    ck_assert_int_eq(uv_sem_init(&host->done, 0), 0);
    ck_assert_int_eq(uv_async_init(&host->loop, &host->async, on_async), 0);
    host->async.data = host;
    server_config.loop = &host->loop;
    server_config.env = &host->env;
    ck_assert_msg(skd_server_start(&server_config, -1, &host->server, &diag) ==
                      SKP_ERR_OK,
                  "%s", diag.text);
    ck_assert_int_eq(uv_thread_create(&host->thread, run_loop, host), 0);
    return host;
}

void skt_host_call(struct skt_host *host,
                   void (*work)(struct skd_server *server, void *state),
                   void *state)
{
    host->work = work;
    host->state = state;
    (void)uv_async_send(&host->async);
    uv_sem_wait(&host->done);
}

static void do_publish(struct skd_server *server, void *state)
{
    skd_server_publish(server, state);
}

void skt_host_publish(struct skt_host *host, struct skd_snapshot *snapshot)
{
    skt_host_call(host, do_publish, snapshot);
}

static void do_count(struct skd_server *server, void *state)
{
    unsigned *ret = state;

    *ret = skd_server_connections(server);
}

unsigned skt_host_connections(struct skt_host *host)
{
    unsigned n = 0;

    skt_host_call(host, do_count, &n);
    return n;
}

unsigned skt_host_wants(struct skt_host *host)
{
    return atomic_load(&host->wants);
}

static void on_stopped(void *state)
{
    struct skt_host *host = state;

    uv_sem_post(&host->done);
}

static void do_stop(struct skd_server *server, void *state)
{
    struct skt_host *host = state;

    skd_server_stop(server, host->drain_ms, on_stopped, host);
}

void skt_host_stop(struct skt_host *host, uint64_t drain_ms)
{
    host->drain_ms = drain_ms;
    skt_host_call(host, do_stop, host);
    uv_sem_wait(&host->done);
    host->is_stopped = true;
}

static void do_free(struct skd_server *server, void *state)
{
    struct skt_host *host = state;

    (void)server;
    skd_server_free(&host->server);
}

void skt_host_free(struct skt_host **host)
{
    struct skt_host *old = *host;

    *host = NULL;
    if (!old->is_stopped) {
        skt_host_stop(old, 0);
    }
    skt_host_call(old, do_free, old);
    old->work = NULL;
    (void)uv_async_send(&old->async);
    (void)uv_thread_join(&old->thread);
    ck_assert_int_eq(uv_loop_close(&old->loop), 0);
    uv_sem_destroy(&old->done);
    free(old);
}
