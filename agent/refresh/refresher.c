/* refresher.c - timers, and the one refresh that runs; see refresher.h.  What
 * it is to do and what comes of it is in turn.c.
 *
 * The refresher is either idle, with its timer set to what plan.h says, or has
 * one run in the pool and no timer.  Whatever is asked of it meanwhile is
 * noted and looked at when the run has ended.
 */
#include "agent/refresh/refresher.h"

#include <stdlib.h>
#include <string.h>

#include "agent/refresh/copy.h"
#include "agent/refresh/turn.h"
#include "agent/store/retired.h"
#include "agent/sys/log.h"
#include "agent/sys/priority.h"

_Static_assert(SKD_REFRESHER_CERTS == SKD_CERT_ROWS, "room for all rows");

static void start_run(struct skd_refresher *refresher, bool is_demand);

/* ---- the timer ---- */

static void on_timer(uv_timer_t *timer)
{
    skd_refresher_tick(timer->data);
}

static bool is_busy(const struct skd_refresher *refresher)
{
    return refresher->run != NULL || refresher->is_ending;
}

static void arm_timer(struct skd_refresher *refresher)
{
    uint64_t at_ms = skd_plan_next(&refresher->plan, refresher->has_demand);
    uint64_t now_ms = skd_env_now_ms(refresher->env);

    (void)uv_timer_stop(&refresher->timer);
    if (at_ms == SKD_PLAN_NEVER || refresher->chain.list == NULL) {
        return;
    }
    /* The loop's own clock stands still while it works through callbacks. */
    uv_update_time(refresher->loop);
    (void)uv_timer_start(&refresher->timer, on_timer,
                         at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

/* Start what is due or set the timer for it. */
static void look_at_plan(struct skd_refresher *refresher)
{
    uint64_t now_ms = skd_env_now_ms(refresher->env);
    enum skd_due due;

    if (is_busy(refresher) || refresher->is_stopping ||
        refresher->chain.list == NULL) {
        return;
    }
    due = refresher->is_asked_again
              ? SKD_DUE_REFRESH
              : skd_plan_due(&refresher->plan, refresher->has_demand, now_ms);
    if (due == SKD_DUE_NOTHING) {
        arm_timer(refresher);
        return;
    }
    /* Before there is a snapshot there is nothing to add to. */
    start_run(refresher, due == SKD_DUE_DEMAND && refresher->snapshot != NULL);
}

void skd_refresher_tick(struct skd_refresher *refresher)
{
    look_at_plan(refresher);
}

/* ---- stopping ---- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct skd_refresher *refresher = handle->data;

    refresher->is_stopped = true;
    if (refresher->on_stopped != NULL) {
        refresher->on_stopped(refresher->stopped_state);
    }
}

static void end_all(struct skd_refresher *refresher)
{
    struct skp_diag diag = { "the agent stops" };

    skd_waiters_answer(&refresher->waiters, SKP_ERR_UNAVAILABLE, &diag);
    skd_waiters_answer(&refresher->next_waiters, SKP_ERR_UNAVAILABLE, &diag);
    uv_close((uv_handle_t *)&refresher->timer, on_timer_closed);
}

/* ---- the running refresh ---- */

/* Take the sources over that came while a refresh was running. */
static void adopt_chain(struct skd_refresher *refresher)
{
    if (refresher->next_chain.list == NULL) {
        return;
    }
    skd_chain_free(&refresher->chain);
    refresher->chain = refresher->next_chain;
    refresher->rules = refresher->next_rules;
    refresher->next_chain = (struct skd_chain){ NULL, { NULL, NULL } };
    memset(refresher->sources, 0, sizeof refresher->sources);
    memset(&refresher->certs, 0, sizeof refresher->certs);
    skd_plan_init(&refresher->plan, refresher->rules.update_period_ms,
                  refresher->rules.demand_gap_ms,
                  skd_env_now_ms(refresher->env));
    if (refresher->rules.update_period_ms > 0 && !refresher->has_begun) {
        refresher->has_begun = true;
        skd_log(SKD_LOG_INFO, "Starting Keys Client update routine");
    }
}

/* ---- its end and its beginning ---- */

static void on_run_ended(uv_work_t *work, int status)
{
    struct skd_refresher *refresher = work->data;
    struct skd_run *run = SKP_TAKE(refresher->run);

    if (refresher->is_stopping) {
        skd_run_free(&run);
        end_all(refresher);
        return;
    }
    refresher->is_ending = true;
    skd_turn_end(refresher, run, status == 0);
    skd_run_free(&run);
    if (refresher->next_chain.list != NULL) {
        refresher->is_asked_again = true;
    }
    adopt_chain(refresher);
    refresher->is_ending = false;
    look_at_plan(refresher);
}

/* Requests do not wait for a refresh, so it must not take a core away from
 * those who serve them.  One of few tenants is over before anybody minds, and
 * while there is nothing to serve, nobody is waited for. */
static void make_way(const struct skd_run *run)
{
    if (run->old != NULL && skd_snapshot_count(run->old) >= SKD_SNAPSHOT_MANY) {
        skd_priority_lower();
    }
}

static void on_run(uv_work_t *work)
{
    const struct skd_refresher *refresher = work->data;
    /* The pointer alone is read here: nobody moves it while the run goes. */
    struct skd_run *run = refresher->run;

    make_way(run);
    /* What the last one replaced goes before there is more to lock. */
    skd_retired_sweep();
    skd_run_go(run);
    if (run->err == SKP_ERR_OK && refresher->ops.prepare != NULL) {
        refresher->ops.prepare(refresher->ops.state, run->build.snapshot);
    }
}

static void start_run(struct skd_refresher *refresher, bool is_demand)
{
    (void)uv_timer_stop(&refresher->timer);
    if (!skd_turn_begin(refresher, is_demand)) {
        arm_timer(refresher);
        return;
    }
    /* Fails only without a callback. */
    (void)uv_queue_work(refresher->loop, &refresher->work, on_run,
                        on_run_ended);
}

/* ---- public ---- */

enum skp_err skd_refresher_new(uv_loop_t *loop,
                               const struct skd_env *env,
                               struct skd_demand *demand,
                               const struct skd_refresher_ops *ops,
                               struct skd_refresher **ret)
{
    struct skd_refresher *refresher = calloc(1, sizeof *refresher);

    if (refresher == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    refresher->loop = loop;
    refresher->env = env;
    refresher->demand = demand;
    refresher->ops = *ops;
    refresher->work.data = refresher;
    (void)uv_timer_init(loop, &refresher->timer); /* cannot fail */
    refresher->timer.data = refresher;
    *ret = refresher;
    return SKP_ERR_OK;
}

void skd_refresher_adopt(struct skd_refresher *refresher,
                         struct skd_snapshot **snapshot)
{
    skp_assert(refresher->snapshot == NULL && refresher->chain.list == NULL);
    refresher->is_adopted = true;
    for (size_t i = 0; i < skd_snapshot_count(*snapshot); i++) {
        refresher->brake_missing += skd_snapshot_at(*snapshot, i)->missing > 0;
    }
    skd_turn_publish(refresher, snapshot);
}

void skd_refresher_configure(struct skd_refresher *refresher,
                             struct skd_chain *chain,
                             const struct skd_refresh_rules *rules)
{
    skd_chain_free(&refresher->next_chain);
    refresher->next_chain = *chain;
    refresher->next_rules = *rules;
    *chain = (struct skd_chain){ NULL, { NULL, NULL } };
    if (refresher->is_stopping) {
        return;
    }
    if (is_busy(refresher)) {
        refresher->is_obsolete = true;
        return;
    }
    adopt_chain(refresher);
    refresher->is_asked_again = true;
    look_at_plan(refresher);
}

void skd_refresher_now(struct skd_refresher *refresher,
                       bool accept_removals,
                       skd_refreshed on_done,
                       void *state)
{
    struct skp_diag diag = { "there is nothing to refresh from" };

    if (on_done != NULL && skd_waiters_add(&refresher->next_waiters, on_done,
                                           state) != SKP_ERR_OK) {
        on_done(state, SKP_ERR_RESOURCE_EXHAUSTED, NULL);
        return;
    }
    if (refresher->is_stopping || refresher->chain.list == NULL) {
        skd_waiters_answer(&refresher->next_waiters, SKP_ERR_UNAVAILABLE,
                           &diag);
        return;
    }
    refresher->is_asked_again = true;
    refresher->needs_whole = true;
    refresher->accepts_removals |= accept_removals;
    look_at_plan(refresher);
}

void skd_refresher_want(struct skd_refresher *refresher)
{
    refresher->has_demand = true;
    look_at_plan(refresher);
}

enum skp_err skd_refresher_forget(struct skd_refresher *refresher,
                                  struct skp_view tenant,
                                  struct skp_diag *diag)
{
    const struct skd_tenant *known = NULL;
    struct skd_snapshot *snapshot;

    if (refresher->snapshot != NULL) {
        if (skd_snapshot_is_single(refresher->snapshot)) {
            return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                            "in single-key mode one key serves all tenants");
        }
        known = skd_snapshot_find(refresher->snapshot, tenant);
    }
    if (known == NULL) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND, "no such tenant");
    }
    SKP_TRY(skd_copy_without(refresher->snapshot, tenant,
                             skd_env_wall_s(refresher->env), &snapshot, diag));
    skd_log(SKD_LOG_WARN, "tenant %.*s: forgotten, as an operator asked",
            (int)tenant.len, (const char *)tenant.ptr);
    refresher->is_obsolete = refresher->run != NULL;
    refresher->needs_whole = true;
    if (known->missing > 0 && refresher->brake_missing > 0) {
        refresher->brake_missing--;
    }
    if (refresher->ops.prepare != NULL) {
        refresher->ops.prepare(refresher->ops.state, snapshot);
    }
    skd_turn_publish(refresher, &snapshot);
    return SKP_ERR_OK;
}

void skd_refresher_report(struct skd_refresher *refresher,
                          struct skd_refresh_report *ret)
{
    uint64_t next_ms = skd_plan_next(&refresher->plan, refresher->has_demand);
    uint64_t now_ms = skd_env_now_ms(refresher->env);

    *ret = (struct skd_refresh_report){
        .ready = refresher->snapshot != NULL,
        .refreshing = refresher->run != NULL,
        .has_refreshed = refresher->has_refreshed,
        .n_published = refresher->n_published,
        .brake_missing = refresher->brake_missing,
    };
    if (refresher->chain.list != NULL && next_ms != SKD_PLAN_NEVER) {
        uint64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;

        ret->next_s =
            skd_env_wall_s(refresher->env) + (int64_t)(wait_ms / 1000);
    }
    skd_source_history_counts(refresher->sources, &refresher->chain,
                              ret->counts);
    ret->n_sources = skd_source_history_rows(refresher->sources,
                                             &refresher->chain, ret->sources);
}

size_t skd_refresher_certs(const struct skd_refresher *refresher,
                           struct skd_cert_row ret[SKD_REFRESHER_CERTS])
{
    return skd_cert_watch_rows(&refresher->certs, ret);
}

struct skd_snapshot *skd_refresher_snapshot(struct skd_refresher *refresher)
{
    return refresher->snapshot;
}

void skd_refresher_stop(struct skd_refresher *refresher,
                        void (*on_stopped)(void *state),
                        void *state)
{
    if (refresher->is_stopping) {
        return;
    }
    refresher->is_stopping = true;
    refresher->on_stopped = on_stopped;
    refresher->stopped_state = state;
    (void)uv_timer_stop(&refresher->timer);
    if (refresher->run == NULL) {
        end_all(refresher);
        return;
    }
    /* One that has not begun is given back at once; one that has goes on to
     * its deadlines. */
    (void)uv_cancel((uv_req_t *)&refresher->work);
}

void skd_refresher_free(struct skd_refresher **refresher)
{
    struct skd_refresher *r = *refresher;

    *refresher = NULL;
    if (r == NULL) {
        return;
    }
    skp_assert(r->is_stopped);
    skd_chain_free(&r->chain);
    skd_chain_free(&r->next_chain);
    skd_snapshot_unref(&r->snapshot);
    free(r);
}
