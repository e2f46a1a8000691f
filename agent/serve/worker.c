/* worker.c - a thread with a loop of its own; see worker.h. */
#include "agent/serve/worker.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "agent/serve/changes.h"

/* The rest of a message is due within this time. */
#define PARTIAL_MAX_MS 30000u
/* How often that is looked at, while there are clients. */
#define SWEEP_MS 1000u
/* Changed tenants that are looked at together. */
#define CHANGES_MAX 500u

struct skd_worker {
    uv_thread_t thread;
    uv_loop_t loop;
    struct skd_mailbox mailbox;
    struct skd_mailbox *home; /* borrowed */
    struct skd_desk desk;
    size_t index;
    void (*want)(void *state);
    void *want_state;

    /* The worker thread's. */
    struct skd_connection *connections;
    size_t n_connections;
    uv_timer_t sweep;
    uv_timer_t drain;
    bool is_stopping;
    bool is_ending;

    /* What to serve next, and whether mail says so already. */
    uv_mutex_t next_lock;
    bool has_next;
    struct skd_snapshot *next_snapshot;
    const struct skd_config *next_config;
    struct skd_mail view_mail;

    struct skd_mail stop_mail;
    uint64_t drain_ms;
};

/* ---- denials ------------------------------------------------------------ */

static void tell_denials(struct skd_worker *worker, bool is_last)
{
    struct skd_desk *desk = &worker->desk;

    for (struct skd_caller *at = desk->callers.first; at != NULL;
         at = at->next) {
        skd_audit_request_tell(&desk->pen, desk->env, &at->denials, at->uid,
                               is_last);
    }
}

/* ---- the end ------------------------------------------------------------ */

/* The last thing the thread's loop has to close. */
static void end_loop(struct skd_worker *worker)
{
    if (worker->is_ending || !worker->is_stopping ||
        worker->n_connections > 0) {
        return;
    }
    worker->is_ending = true;
    tell_denials(worker, true);
    skd_turns_close(&worker->desk.turns);
    uv_close((uv_handle_t *)&worker->sweep, NULL);
    uv_close((uv_handle_t *)&worker->drain, NULL);
    skd_mailbox_close(&worker->mailbox, NULL);
}

static void on_drain_over(uv_timer_t *timer)
{
    struct skd_worker *worker = timer->data;

    for (struct skd_connection *at = worker->connections; at != NULL;
         at = at->next) {
        skd_connection_close(at);
    }
}

static void stop_serving(struct skd_worker *worker)
{
    worker->is_stopping = true;
    (void)uv_timer_start(&worker->drain, on_drain_over, worker->drain_ms, 0);
    for (struct skd_connection *at = worker->connections; at != NULL;
         at = at->next) {
        skd_connection_finish(at);
    }
    end_loop(worker);
}

/* ---- connections -------------------------------------------------------- */

static void on_sweep(uv_timer_t *timer)
{
    struct skd_worker *worker = timer->data;
    uint64_t now_ms = skd_env_now_ms(worker->desk.env);

    for (struct skd_connection *at = worker->connections; at != NULL;
         at = at->next) {
        if (skd_connection_is_overdue(at, now_ms, PARTIAL_MAX_MS)) {
            skd_connection_close(at);
        }
    }
    tell_denials(worker, false);
    skd_callers_forget(&worker->desk.callers, now_ms);
    if (worker->connections == NULL && worker->desk.callers.first == NULL) {
        (void)uv_timer_stop(timer);
    }
}

static void add_connection(struct skd_worker *worker,
                           struct skd_connection *connection)
{
    connection->prev = NULL;
    connection->next = worker->connections;
    if (worker->connections != NULL) {
        worker->connections->prev = connection;
    }
    if (!worker->is_ending &&
        uv_is_active((uv_handle_t *)&worker->sweep) == 0) {
        (void)uv_timer_start(&worker->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    }
    worker->connections = connection;
    worker->n_connections++;
    skd_connection_open(connection, &worker->desk);
    if (worker->is_stopping) {
        skd_connection_finish(connection);
    }
}

/* The main loop outlives its workers, so its mailbox takes everything. */
static void post_home(struct skd_worker *worker, struct skd_mail *mail)
{
    bool is_posted = skd_mailbox_post(worker->home, mail);

    skp_assert(is_posted);
}

static void on_connection_closed(void *state, struct skd_connection *connection)
{
    struct skd_worker *worker = state;

    if (connection->prev != NULL) {
        connection->prev->next = connection->next;
    } else {
        worker->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->prev = connection->prev;
    }
    worker->n_connections--;
    post_home(worker, &connection->mail);
    end_loop(worker);
}

static enum skp_err on_ask(void *state,
                           struct skd_connection *connection,
                           const struct skp_request *request)
{
    struct skd_worker *worker = state;
    struct skd_ask *ask = NULL;

    SKP_TRY(skd_ask_new(request, worker->index, connection->id, &ask));
    skd_ask_set_peer(ask, &connection->peer, skd_env_now_us(worker->desk.env));
    post_home(worker, &ask->mail);
    return SKP_ERR_OK;
}

static void on_want(void *state)
{
    struct skd_worker *worker = state;

    worker->want(worker->want_state);
}

/* The client may be gone by now, and then nobody wants the answer.  Without one
 * (no memory) the client's later requests cannot be answered in order. */
static void take_answer(struct skd_worker *worker, struct skd_ask *ask)
{
    struct skd_connection *at = worker->connections;

    while (at != NULL && at->id != ask->connection) {
        at = at->next;
    }
    if (at != NULL && ask->answer == NULL) {
        skd_connection_close(at);
    } else if (at != NULL) {
        skd_connection_answer(
            at, (struct skp_view){ ask->answer, ask->answer_len });
    }
    skd_ask_free(&ask);
}

/* ---- what is served ----------------------------------------------------- */

static void notify_watchers(struct skd_worker *worker,
                            const struct skd_snapshot *before)
{
    const struct skd_snapshot *after = worker->desk.served.snapshot;
    struct skd_changes changes = skd_changes_between(before, after);
    bool is_single = after != NULL && skd_snapshot_is_single(after);
    struct skp_tenant_row rows[CHANGES_MAX];
    size_t n_rows = skd_changes_next(&changes, rows, CHANGES_MAX);

    while (n_rows > 0) {
        for (struct skd_connection *at = worker->connections; at != NULL;
             at = at->next) {
            skd_connection_notify(at, is_single, rows, n_rows);
        }
        n_rows = skd_changes_next(&changes, rows, CHANGES_MAX);
    }
}

static bool is_watched(const struct skd_worker *worker)
{
    for (const struct skd_connection *at = worker->connections; at != NULL;
         at = at->next) {
        if (at->watch != NULL) {
            return true;
        }
    }
    return false;
}

/* The swap lies between two batches of requests; the pins on what was served
 * before are dropped here. */
static void take_view(struct skd_worker *worker)
{
    struct skd_served *served = &worker->desk.served;
    struct skd_snapshot *old_snapshot = served->snapshot;
    const struct skd_config *old_config = served->policy.config;

    uv_mutex_lock(&worker->next_lock);
    served->snapshot = SKP_TAKE(worker->next_snapshot);
    served->policy.config = SKP_TAKE(worker->next_config);
    worker->has_next = false;
    uv_mutex_unlock(&worker->next_lock);
    if (old_snapshot != served->snapshot && is_watched(worker)) {
        notify_watchers(worker, old_snapshot);
    }
    skd_snapshot_unref(&old_snapshot);
    skd_config_unref(&old_config);
}

void skd_worker_serve(struct skd_worker *worker,
                      struct skd_snapshot *snapshot,
                      const struct skd_config *config)
{
    struct skd_snapshot *old_snapshot;
    const struct skd_config *old_config;
    bool is_posted;

    if (snapshot != NULL) {
        snapshot = skd_snapshot_ref(snapshot);
    }
    config = skd_config_ref(config);
    uv_mutex_lock(&worker->next_lock);
    old_snapshot = worker->next_snapshot;
    old_config = worker->next_config;
    worker->next_snapshot = snapshot;
    worker->next_config = config;
    is_posted = worker->has_next;
    worker->has_next = true;
    uv_mutex_unlock(&worker->next_lock);
    skd_snapshot_unref(&old_snapshot);
    skd_config_unref(&old_config);
    if (!is_posted) {
        worker->view_mail.kind = SKD_MAIL_VIEW;
        /* A worker that has ended serves nothing: skd_worker_free drops it. */
        (void)skd_mailbox_post(&worker->mailbox, &worker->view_mail);
    }
}

/* ---- the thread --------------------------------------------------------- */

static void on_mail(void *state, struct skd_mail *mail)
{
    struct skd_worker *worker = state;

    switch (mail->kind) {
    case SKD_MAIL_CONNECTION:
        add_connection(worker, (struct skd_connection *)mail);
        break;
    case SKD_MAIL_VIEW:
        take_view(worker);
        break;
    case SKD_MAIL_ASK:
        take_answer(worker, (struct skd_ask *)mail);
        break;
    case SKD_MAIL_STOP:
    default:
        stop_serving(worker);
        break;
    }
}

/* Signals are the main loop's; a client that is gone is an error of write(2)
 * here, not a signal. */
static void run_thread(void *arg)
{
    struct skd_worker *worker = arg;
    sigset_t all;

    (void)sigfillset(&all);
    /* A forbidden system call must be able to say so. */
    (void)sigdelset(&all, SIGSYS);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
    post_home(worker, &worker->stop_mail);
}

static void release(struct skd_worker *worker)
{
    skd_snapshot_unref(&worker->desk.served.snapshot);
    skd_config_unref(&worker->desk.served.policy.config);
    skd_snapshot_unref(&worker->next_snapshot);
    skd_config_unref(&worker->next_config);
    skd_desk_done(&worker->desk);
    uv_mutex_destroy(&worker->next_lock);
    free(worker);
}

/* Loop, handles, thread.  What was opened is closed again on failure, which
 * takes one more turn of the loop. */
static enum skp_err start_thread(struct skd_worker *worker)
{
    SKP_TRY(skd_mailbox_open(&worker->mailbox, &worker->loop, on_mail, worker));
    (void)uv_timer_init(&worker->loop, &worker->sweep);
    (void)uv_timer_init(&worker->loop, &worker->drain);
    skd_turns_open(&worker->desk.turns, &worker->loop, &worker->desk.callers);
    worker->sweep.data = worker;
    worker->drain.data = worker;
    if (uv_thread_create(&worker->thread, run_thread, worker) == 0) {
        return SKP_ERR_OK;
    }
    worker->is_stopping = true;
    end_loop(worker);
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
    skd_mailbox_done(&worker->mailbox);
    return SKP_ERR_RESOURCE_EXHAUSTED;
}

static enum skp_err start_loop(struct skd_worker *worker)
{
    enum skp_err err;

    if (uv_loop_init(&worker->loop) != 0) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    worker->desk.loop = &worker->loop;
    err = start_thread(worker);
    if (err != SKP_ERR_OK) {
        (void)uv_loop_close(&worker->loop);
    }
    return err;
}

static enum skp_err fill_worker(struct skd_worker *worker,
                                const struct skd_worker_config *config)
{
    SKP_TRY(skd_desk_init(&worker->desk, config->env));
    worker->desk.ops =
        (struct skd_desk_ops){ worker, on_ask, on_want, on_connection_closed };
    worker->desk.served = (struct skd_served){
        .policy = { skd_config_ref(config->config), config->own_uid },
        .demand = config->demand,
    };
    worker->desk.pen = (struct skd_audit_pen){ config->audit, config->index };
    return start_loop(worker);
}

enum skp_err skd_worker_start(const struct skd_worker_config *worker_config,
                              struct skd_worker **ret)
{
    struct skd_worker *worker = calloc(1, sizeof *worker);
    enum skp_err err;

    if (worker == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (uv_mutex_init(&worker->next_lock) != 0) {
        free(worker);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    worker->home = worker_config->home;
    worker->index = worker_config->index;
    worker->want = worker_config->want;
    worker->want_state = worker_config->want_state;
    worker->stop_mail.kind = SKD_MAIL_STOP;
    err = fill_worker(worker, worker_config);
    if (err != SKP_ERR_OK) {
        release(worker);
        return err;
    }
    *ret = worker;
    return SKP_ERR_OK;
}

bool skd_worker_post(struct skd_worker *worker, struct skd_mail *mail)
{
    return skd_mailbox_post(&worker->mailbox, mail);
}

void skd_worker_tally(const struct skd_worker *worker,
                      struct skd_request_totals *totals)
{
    skd_tally_sum(&worker->desk.tally, totals);
}

/* The kernel counts this anyway: the thread itself does nothing for it. */
uint64_t skd_worker_cpu_us(const struct skd_worker *worker)
{
    struct timespec used;
    clockid_t clock;

    if (pthread_getcpuclockid(worker->thread, &clock) != 0 ||
        clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (uint64_t)used.tv_sec * 1000000u + (uint64_t)used.tv_nsec / 1000u;
}

void skd_worker_stop(struct skd_worker *worker, uint64_t drain_ms)
{
    worker->drain_ms = drain_ms;
    (void)skd_mailbox_post(&worker->mailbox, &worker->stop_mail);
}

struct skd_worker *skd_worker_of(struct skd_mail *mail)
{
    void *worker = (char *)mail - offsetof(struct skd_worker, stop_mail);

    return worker;
}

void skd_worker_free(struct skd_worker **worker)
{
    struct skd_worker *old = *worker;

    if (old == NULL) {
        return;
    }
    *worker = NULL;
    (void)uv_thread_join(&old->thread);
    skd_mailbox_done(&old->mailbox);
    skp_assert(uv_loop_close(&old->loop) == 0);
    release(old);
}
