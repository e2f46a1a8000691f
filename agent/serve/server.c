/* server.c - the listening socket and the workers behind it; see server.h. */
#include "agent/serve/server.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/serve/server_parts.h"
#include "agent/sys/log.h"

/* ---- asks --------------------------------------------------------------- */

static void link_ask(struct skd_server *server, struct skd_ask *ask)
{
    ask->server = server;
    ask->prev = NULL;
    ask->next = server->asks;
    if (server->asks != NULL) {
        server->asks->prev = ask;
    }
    server->asks = ask;
}

static void unlink_ask(struct skd_ask *ask)
{
    if (ask->prev != NULL) {
        ask->prev->next = ask->next;
    } else {
        ask->server->asks = ask->next;
    }
    if (ask->next != NULL) {
        ask->next->prev = ask->prev;
    }
    ask->next = NULL;
    ask->prev = NULL;
}

static void pass_ask_on(struct skd_server *server, struct skd_ask *ask)
{
    const struct skd_server_ops *ops = &server->given.ops;
    struct skp_view tenant = { (const uint8_t *)ask->tenant, ask->tenant_len };

    link_ask(server, ask);
    if (ask->method == SKP_METHOD_REFRESH) {
        ops->refresh(ops->state, ask, ask->accept_removals);
    } else if (ask->method == SKP_METHOD_FORGET) {
        ops->forget(ops->state, ask, tenant);
    } else {
        ops->status(ops->state, ask);
    }
}

/* What a peer had done by the agent as a whole. */
static void record_ask(struct skd_server *server,
                       const struct skd_ask *ask,
                       enum skp_err err)
{
    const struct skd_env *env = server->given.env;
    const struct skd_audit_request record = {
        .peer = &ask->peer,
        .method = ask->method,
        .tenant = { (const uint8_t *)ask->tenant, ask->tenant_len },
        .err = err,
        .duration_us = skd_env_now_us(env) - ask->began_us,
    };

    if (ask->method == SKP_METHOD_REFRESH) {
        skd_audit_request_done(&server->pen, env, SKP_AUDIT_REFRESH, &record);
    } else if (ask->method == SKP_METHOD_FORGET) {
        skd_audit_request_done(&server->pen, env, SKP_AUDIT_FORGET, &record);
    }
}

void skd_server_answer(struct skd_ask *ask,
                       enum skp_err err,
                       const struct skp_status *status,
                       const struct skp_diag *diag)
{
    struct skd_server *server = ask->server;
    struct skp_response response = { .err = err };
    struct skp_status counted;

    if (server == NULL) {
        skd_ask_free(&ask);
        return;
    }
    if (diag != NULL) {
        response.text = skp_view_of(diag->text);
    }
    if (status != NULL) {
        counted = *status;
        counted.connections = server->quota.n_open;
        response.status = &counted;
    }
    unlink_ask(ask);
    skd_tally_begin(&server->tally, ask->since_ns);
    skd_tally_answer(&server->tally, ask->method, err, skd_tally_now_ns());
    record_ask(server, ask, err);
    /* A connection cannot go on without its answer: the worker closes it. */
    if (skd_ask_encode(ask, &response) != SKP_ERR_OK) {
        skd_log(SKD_LOG_ERROR, "out of memory: a request was not answered");
    }
    if (server->workers[ask->worker] == NULL ||
        !skd_worker_post(server->workers[ask->worker], &ask->mail)) {
        skd_ask_free(&ask);
    }
}

/* ---- the end ------------------------------------------------------------ */

static void count_closed(struct skd_server *server)
{
    server->n_handles--;
    if (server->n_handles > 0) {
        return;
    }
    if (server->is_failed) {
        skd_server_free(&server);
    } else if (server->on_stopped != NULL) {
        server->on_stopped(server->stopped_state);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    count_closed(handle->data);
}

static void on_home_closed(void *state)
{
    count_closed(state);
}

static void on_worker_ended(struct skd_server *server, struct skd_mail *mail)
{
    struct skd_worker *worker = skd_worker_of(mail);

    for (size_t i = 0; i < server->n_workers; i++) {
        if (server->workers[i] == worker) {
            skd_worker_free(&server->workers[i]);
        }
    }
    server->n_running--;
}

static void end_server(struct skd_server *server)
{
    uv_close((uv_handle_t *)&server->pause, on_handle_closed);
    if (server->has_home) {
        skd_mailbox_close(&server->home, on_home_closed);
    }
}

static void on_connection_closed(struct skd_server *server,
                                 struct skd_connection *connection)
{
    server->loads[connection->worker]--;
    server->n_released++;
    skd_quota_leave(&server->quota, connection->peer.uid);
    skd_connection_free(&connection);
}

static void on_mail(void *state, struct skd_mail *mail)
{
    struct skd_server *server = state;

    if (server->is_failed) {
        return;
    }
    switch (mail->kind) {
    case SKD_MAIL_CONNECTION:
        on_connection_closed(server, (struct skd_connection *)mail);
        break;
    case SKD_MAIL_ASK:
        pass_ask_on(server, (struct skd_ask *)mail);
        break;
    case SKD_MAIL_STOP:
        on_worker_ended(server, mail);
        if (server->n_running == 0) {
            end_server(server);
        }
        break;
    case SKD_MAIL_VIEW:
    default:
        break;
    }
}

static void stop_accepting(struct skd_server *server)
{
    server->is_stopping = true;
    (void)uv_timer_stop(&server->pause);
    (void)uv_poll_stop(&server->poll);
    uv_close((uv_handle_t *)&server->poll, on_handle_closed);
    skd_listener_close(&server->listener);
}

/* ---- the beginning ------------------------------------------------------ */

/* Undo what open_handles and start_workers did.  Closing takes a turn of the
 * main loop; the server is freed then. */
static void abandon_server(struct skd_server *server)
{
    server->is_failed = true;
    for (size_t i = 0; i < server->n_running; i++) {
        skd_worker_stop(server->workers[i], 0);
        skd_worker_free(&server->workers[i]);
    }
    server->n_running = 0;
    stop_accepting(server);
    end_server(server);
}

/* Open what needs closing.  On failure nothing is left open but what
 * *ret_is_open says: then abandon_server must follow. */
static enum skp_err open_handles(struct skd_server *server, bool *ret_is_open)
{
    uv_loop_t *loop = server->given.loop;

    if (uv_poll_init(loop, &server->poll, server->listener.fd) != 0) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    server->poll.data = server;
    (void)uv_timer_init(loop, &server->pause);
    server->pause.data = server;
    server->n_handles = 2;
    *ret_is_open = true;
    SKP_TRY(skd_mailbox_open(&server->home, loop, on_mail, server));
    server->has_home = true;
    server->n_handles++;
    return SKP_ERR_OK;
}

static enum skp_err start_workers(struct skd_server *server)
{
    struct skd_worker_config worker_config = {
        .env = server->given.env,
        .home = &server->home,
        .demand = server->given.demand,
        .want = server->given.ops.want,
        .want_state = server->given.ops.state,
        .config = server->config,
        .own_uid = geteuid(),
        .audit = server->given.audit,
    };

    for (size_t i = 0; i < server->n_workers; i++) {
        worker_config.index = i;
        SKP_TRY(skd_worker_start(&worker_config, &server->workers[i]));
        server->n_running++;
    }
    return SKP_ERR_OK;
}

/* Memory and the socket: what can be undone at once. */
static enum skp_err make_server(const struct skd_server_config *given,
                                int inherited_fd,
                                struct skd_server *server,
                                struct skp_diag *diag)
{
    server->given = *given;
    server->config = skd_config_ref(given->config);
    server->given.config = server->config;
    server->n_workers = server->config->workers;
    server->pen = (struct skd_audit_pen){ given->audit, server->n_workers };
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers. */
    server->workers = calloc(server->n_workers, sizeof *server->workers);
    server->loads = calloc(server->n_workers, sizeof *server->loads);
    if (server->workers == NULL || server->loads == NULL) {
        if (inherited_fd >= 0) {
            (void)close(inherited_fd);
        }
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    return skd_listener_init(given->socket != NULL ? given->socket
                                                   : server->config->socket,
                             inherited_fd, &server->listener, diag);
}

/* From open_handles on failures are undone by the loop. */
static enum skp_err run_server(struct skd_server *server, struct skp_diag *diag)
{
    bool is_open = false;
    enum skp_err err = open_handles(server, &is_open);

    if (err == SKP_ERR_OK) {
        err = start_workers(server);
    }
    if (err == SKP_ERR_OK &&
        uv_poll_start(&server->poll, UV_READABLE, skd_admission_run) != 0) {
        err = SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (err == SKP_ERR_OK) {
        return SKP_ERR_OK;
    }
    if (is_open) {
        abandon_server(server);
    } else {
        skd_server_free(&server);
    }
    return skp_fail(diag, err, "cannot start the workers: %s",
                    skp_err_text(err));
}

enum skp_err skd_server_start(const struct skd_server_config *server_config,
                              int inherited_fd,
                              struct skd_server **ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skd_server_free)
    struct skd_server *server = calloc(1, sizeof *server);
    struct skd_server *running;

    if (server == NULL) {
        if (inherited_fd >= 0) {
            (void)close(inherited_fd);
        }
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    server->listener = (struct skd_listener){ -1, -1, NULL, 0, 0 };
    SKP_TRY(make_server(server_config, inherited_fd, server, diag));
    running = SKP_TAKE(server);
    SKP_TRY(run_server(running, diag));
    *ret = running;
    return SKP_ERR_OK;
}

/* ---- while it runs ------------------------------------------------------ */

static void serve_all(struct skd_server *server)
{
    for (size_t i = 0; i < server->n_workers; i++) {
        if (server->workers[i] != NULL) {
            skd_worker_serve(server->workers[i], server->snapshot,
                             server->config);
        }
    }
}

void skd_server_publish(struct skd_server *server,
                        struct skd_snapshot *snapshot)
{
    struct skd_snapshot *old = server->snapshot;

    server->snapshot = skd_snapshot_ref(snapshot);
    if (old == NULL || !skd_snapshot_is_same(old, snapshot)) {
        server->n_released++;
    }
    skd_snapshot_unref(&old);
    serve_all(server);
}

void skd_server_reconfigure(struct skd_server *server,
                            const struct skd_config *config)
{
    const struct skd_config *old = server->config;

    server->config = skd_config_ref(config);
    server->given.config = server->config;
    skd_config_unref(&old);
    skd_log_configure(config->log_level, config->log_json);
    serve_all(server);
}

unsigned skd_server_connections(const struct skd_server *server)
{
    return server->quota.n_open;
}

uint64_t skd_server_refused(const struct skd_server *server)
{
    return server->n_refused;
}

void skd_server_over_quota(const struct skd_server *server,
                           uint64_t *ret_max,
                           uint64_t *ret_max_per_uid)
{
    *ret_max = server->quota.n_over_max;
    *ret_max_per_uid = server->quota.n_over_max_per_uid;
}

uint64_t skd_server_released(const struct skd_server *server)
{
    return server->n_released;
}

void skd_server_tally(const struct skd_server *server,
                      struct skd_request_totals *ret)
{
    *ret = (struct skd_request_totals){ .sum_ns = { 0 } };
    skd_tally_sum(&server->tally, ret);
    for (size_t i = 0; i < server->n_workers; i++) {
        if (server->workers[i] != NULL) {
            skd_worker_tally(server->workers[i], ret);
        }
    }
}

size_t skd_server_workers_us(const struct skd_server *server,
                             uint64_t *ret,
                             size_t cap)
{
    size_t n = server->n_workers < cap ? server->n_workers : cap;

    for (size_t i = 0; i < n; i++) {
        ret[i] = server->workers[i] == NULL
                     ? 0
                     : skd_worker_cpu_us(server->workers[i]);
    }
    return n;
}

void skd_server_stop(struct skd_server *server,
                     uint64_t drain_ms,
                     void (*on_stopped)(void *state),
                     void *state)
{
    skp_assert(!server->is_stopping);
    server->on_stopped = on_stopped;
    server->stopped_state = state;
    stop_accepting(server);
    for (size_t i = 0; i < server->n_workers; i++) {
        skd_worker_stop(server->workers[i], drain_ms);
    }
}

void skd_server_free(struct skd_server **server)
{
    struct skd_server *old = *server;

    if (old == NULL) {
        return;
    }
    *server = NULL;
    skp_assert(old->n_handles == 0 && old->n_running == 0);
    for (struct skd_ask *ask = old->asks; ask != NULL; ask = ask->next) {
        ask->server = NULL;
    }
    if (old->has_home) {
        skd_mailbox_done(&old->home);
    }
    skd_listener_done(&old->listener);
    skd_snapshot_unref(&old->snapshot);
    skd_config_unref(&old->config);
    skd_quota_done(&old->quota);
    free(old->workers);
    free(old->loads);
    free(old);
}
