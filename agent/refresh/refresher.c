/* refresher.c - timers, the one running refresh, and what comes of it; see
 * refresher.h.
 *
 * The refresher is either idle, with its timer set to what plan.h says, or has
 * one run in the pool and no timer.  Whatever is asked of it meanwhile is
 * noted and looked at when the run has ended.
 */
#include "agent/refresh/refresher.h"

#include <stdlib.h>
#include <string.h>

#include "agent/refresh/copy.h"
#include "agent/refresh/plan.h"
#include "agent/refresh/run.h"
#include "agent/refresh/run_log.h"
#include "agent/refresh/source_history.h"
#include "agent/refresh/waiters.h"
#include "agent/sys/log.h"

struct skd_refresher {
    uv_timer_t timer;
    uv_work_t work;
    uv_loop_t *loop;
    const struct skd_env *env;
    struct skd_demand *demand;
    struct skd_refresher_ops ops;

    struct skd_chain chain; /* list NULL: never configured */
    struct skd_refresh_rules rules;
    struct skd_chain next_chain; /* for when the running refresh has ended */
    struct skd_refresh_rules next_rules;
    struct skd_plan plan;
    struct skd_snapshot *snapshot; /* NULL before the first */
    uint64_t n_published;
    size_t brake_missing;
    struct skd_source_history sources[SKD_RUN_SOURCES];

    struct skd_run *run; /* NULL: idle */
    bool is_ending;   /* its end is being worked off: callees may call back */
    bool is_obsolete; /* what the run finds is thrown away */
    struct skd_waiters waiters;      /* of the run */
    struct skd_waiters next_waiters; /* of the one after it */
    bool is_asked_again;             /* start another right after it */
    bool accepts_removals;           /* the one after it */
    bool needs_whole; /* a tenant was forgotten since the last whole list */
    bool has_demand;

    bool has_begun; /* "Starting ..." was logged */
    bool is_stopping;
    bool is_stopped;
    void (*on_stopped)(void *state);
    void *stopped_state;
};

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

/* ---- after a run ---- */

static void settle_list(struct skd_refresher *refresher, bool accepted)
{
    struct skd_source *list = refresher->chain.list;

    if (list->ops->settle != NULL) {
        list->ops->settle(list, accepted);
    }
}

static void publish(struct skd_refresher *refresher,
                    struct skd_snapshot **snapshot)
{
    skd_snapshot_unref(&refresher->snapshot);
    refresher->snapshot = SKP_TAKE(*snapshot);
    refresher->n_published++;
    refresher->ops.publish(refresher->ops.state, refresher->snapshot);
}

static bool was_wanted(const struct skd_run *run, const char *id)
{
    for (size_t i = 0; i < run->n_wanted; i++) {
        if (strcmp(run->wanted[i], id) == 0) {
            return true;
        }
    }
    return false;
}

/* Strike off the demand list what is now served, and what was waited for when
 * the run began and no source knows. */
static void settle_demand(struct skd_refresher *refresher,
                          const struct skd_run *run)
{
    char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1];
    bool found[SKD_DEMAND_MAX];
    size_t n_waiting;
    size_t n = 0;

    if (refresher->demand == NULL) {
        return;
    }
    n_waiting = skd_demand_waiting(refresher->demand, ids);
    for (size_t i = 0; i < n_waiting; i++) {
        found[n] =
            skd_snapshot_find(refresher->snapshot, skp_view_of(ids[i])) != NULL;
        if (found[n] || was_wanted(run, ids[i])) {
            memmove(ids[n++], ids[i], sizeof ids[i]);
        }
    }
    skd_demand_settle(refresher->demand, ids, found, n,
                      skd_env_now_ms(refresher->env));
    refresher->has_demand = n_waiting > n;
}

static void plan_next(struct skd_refresher *refresher,
                      const struct skd_run *run,
                      enum skd_outcome outcome)
{
    if (run->is_demand) {
        skd_plan_demanded(&refresher->plan, refresher->env, outcome,
                          run->retry_ms);
        return;
    }
    skd_plan_refreshed(&refresher->plan, refresher->env, outcome,
                       run->retry_ms);
    if (outcome != SKD_OUTCOME_FAILED && run->counts) {
        skd_plan_count(&refresher->plan, run->started_ms);
    }
}

static void take_failure(struct skd_refresher *refresher,
                         const struct skd_run *run)
{
    settle_list(refresher, false);
    skd_log(SKD_LOG_WARN, "refresh failed: %s; what is served stays",
            run->diag.text);
    plan_next(refresher, run, SKD_OUTCOME_FAILED);
    skd_waiters_answer(&refresher->waiters, run->err, &run->diag);
}

static void take_success(struct skd_refresher *refresher, struct skd_run *run)
{
    skd_run_log(run);
    if (!run->is_demand) {
        refresher->brake_missing = run->build.n_held;
    }
    if (run->whole) {
        refresher->needs_whole = false;
    }
    publish(refresher, &run->build.snapshot);
    /* A run on demand took nothing but new tenants from the list: the next
     * whole refresh is not to be told that it has seen it. */
    settle_list(refresher, !run->is_demand);
    settle_demand(refresher, run);
    plan_next(refresher, run,
              run->build.n_unreached > 0 ? SKD_OUTCOME_PARTIAL
                                         : SKD_OUTCOME_WHOLE);
    skd_waiters_answer(&refresher->waiters, SKP_ERR_OK, NULL);
}

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
    skd_plan_init(&refresher->plan, refresher->rules.update_period_ms,
                  refresher->rules.demand_gap_ms,
                  skd_env_now_ms(refresher->env));
    if (refresher->rules.update_period_ms > 0 && !refresher->has_begun) {
        refresher->has_begun = true;
        skd_log(SKD_LOG_INFO, "Starting Keys Client update routine");
    }
}

/* Nobody may see what an obsolete run found: whoever waited for it waits for
 * the next one. */
static void throw_away(struct skd_refresher *refresher)
{
    settle_list(refresher, false);
    skd_waiters_move(&refresher->waiters, &refresher->next_waiters);
    skd_waiters_move(&refresher->next_waiters, &refresher->waiters);
    refresher->is_asked_again = true;
}

static void on_run_ended(uv_work_t *work, int status)
{
    struct skd_refresher *refresher = work->data;
    SKP_CLEANUP(skd_run_free)
    struct skd_run *run = SKP_TAKE(refresher->run);

    if (refresher->is_stopping) {
        end_all(refresher);
        return;
    }
    refresher->is_ending = true;
    skd_source_history_add(refresher->sources, run);
    if (refresher->is_obsolete || status != 0) {
        refresher->accepts_removals |= run->accept_removals;
        throw_away(refresher);
    } else if (run->err != SKP_ERR_OK) {
        take_failure(refresher, run);
    } else {
        take_success(refresher, run);
    }
    refresher->is_obsolete = false;
    if (refresher->next_chain.list != NULL) {
        refresher->is_asked_again = true;
    }
    adopt_chain(refresher);
    refresher->is_ending = false;
    look_at_plan(refresher);
}

/* ---- starting a run ---- */

static void on_run(uv_work_t *work)
{
    const struct skd_refresher *refresher = work->data;

    /* The pointer alone is read here: nobody moves it while the run goes. */
    skd_run_go(refresher->run);
}

static void give_up_start(struct skd_refresher *refresher)
{
    struct skp_diag diag = { "no memory for a refresh" };

    skd_log(SKD_LOG_ERROR, "refresh failed: %s", diag.text);
    skd_plan_refreshed(&refresher->plan, refresher->env, SKD_OUTCOME_FAILED, 0);
    skd_waiters_answer(&refresher->waiters, SKP_ERR_RESOURCE_EXHAUSTED, &diag);
    arm_timer(refresher);
}

static void start_run(struct skd_refresher *refresher, bool is_demand)
{
    struct skd_run *run = NULL;
    uint64_t now_ms = skd_env_now_ms(refresher->env);

    (void)uv_timer_stop(&refresher->timer);
    skd_waiters_move(&refresher->waiters, &refresher->next_waiters);
    if (skd_run_new(&run) != SKP_ERR_OK) {
        refresher->is_asked_again = false;
        give_up_start(refresher);
        return;
    }
    run->env = refresher->env;
    run->chain = &refresher->chain;
    run->rules = refresher->rules;
    run->is_demand = is_demand;
    run->counts = !is_demand && (refresher->is_asked_again ||
                                 skd_plan_counts(&refresher->plan, now_ms));
    run->accept_removals = refresher->accepts_removals;
    run->whole = refresher->needs_whole && !is_demand;
    if (refresher->snapshot != NULL) {
        run->old = skd_snapshot_ref(refresher->snapshot);
    }
    /* A list of its own names them, or does not.  "dev" has none: it makes a
     * key for whoever is wanted, and only to be added. */
    if (refresher->demand != NULL &&
        (is_demand || skd_chain_has_seeds(&refresher->chain))) {
        run->n_wanted = skd_demand_waiting(refresher->demand, run->wanted);
    }
    refresher->is_asked_again = false;
    refresher->accepts_removals = false;
    if (refresher->rules.unverified != NULL) {
        skd_log(SKD_LOG_WARN,
                "TLS: the certificate of %s is not verified "
                "(insecure_skip_verify)",
                refresher->rules.unverified);
    }
    refresher->run = run;
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
    struct skd_snapshot *snapshot;

    if (refresher->snapshot != NULL &&
        skd_snapshot_is_single(refresher->snapshot)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "in single-key mode one key serves all tenants");
    }
    if (refresher->snapshot == NULL ||
        skd_snapshot_find(refresher->snapshot, tenant) == NULL) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND, "no such tenant");
    }
    SKP_TRY(skd_copy_without(refresher->snapshot, tenant, &snapshot, diag));
    skd_log(SKD_LOG_WARN, "tenant %.*s: forgotten, as an operator asked",
            (int)tenant.len, (const char *)tenant.ptr);
    refresher->is_obsolete = refresher->run != NULL;
    refresher->needs_whole = true;
    publish(refresher, &snapshot);
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
        .n_published = refresher->n_published,
        .brake_missing = refresher->brake_missing,
    };
    if (refresher->chain.list != NULL && next_ms != SKD_PLAN_NEVER) {
        uint64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;

        ret->next_s =
            skd_env_wall_s(refresher->env) + (int64_t)(wait_ms / 1000);
    }
    ret->n_sources = skd_source_history_rows(refresher->sources,
                                             &refresher->chain, ret->sources);
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
