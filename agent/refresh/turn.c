/* turn.c - one refresh as the refresher sees it; see turn.h. */
#include "agent/refresh/turn.h"

#include "agent/refresh/run_log.h"
#include "agent/refresh/settle.h"
#include "agent/sys/log.h"

/* ---- beginning ---- */

static void give_up_start(struct skd_refresher *refresher)
{
    struct skp_diag diag = { "no memory for a refresh" };

    skd_log(SKD_LOG_ERROR, "refresh failed: %s", diag.text);
    skd_plan_refreshed(&refresher->plan, refresher->env, SKD_OUTCOME_FAILED, 0);
    skd_waiters_answer(&refresher->waiters, SKP_ERR_RESOURCE_EXHAUSTED, &diag);
}

/* Hand what was asked for over to @run. */
static void grant_wishes(struct skd_refresher *refresher, struct skd_run *run)
{
    uint64_t now_ms = skd_env_now_ms(refresher->env);

    /* The former agent may have counted the same list a moment ago: an agent
     * that dies again and again must not wear the brake down. */
    run->counts = !run->is_demand && !refresher->is_adopted &&
                  (refresher->is_asked_again ||
                   skd_plan_counts(&refresher->plan, now_ms));
    run->accept_removals = refresher->accepts_removals;
    run->whole = refresher->needs_whole;
    refresher->needs_whole &= run->is_demand;
    refresher->is_asked_again = false;
    refresher->accepts_removals = false;
}

/* A list of its own names them, or does not.  "dev" has none: it makes a key
 * for whoever is wanted, and only to be added. */
static void add_wanted(struct skd_refresher *refresher, struct skd_run *run)
{
    if (refresher->demand != NULL &&
        (run->is_demand || skd_chain_has_seeds(&refresher->chain))) {
        run->n_wanted = skd_demand_waiting(refresher->demand, run->wanted);
    }
}

bool skd_turn_begin(struct skd_refresher *refresher, bool is_demand)
{
    struct skd_run *run = NULL;

    skd_waiters_move(&refresher->waiters, &refresher->next_waiters);
    if (skd_run_new(&run) != SKP_ERR_OK) {
        refresher->is_asked_again = false;
        give_up_start(refresher);
        return false;
    }
    run->env = refresher->env;
    run->chain = &refresher->chain;
    run->rules = refresher->rules;
    run->is_demand = is_demand;
    if (refresher->snapshot != NULL) {
        run->old = skd_snapshot_ref(refresher->snapshot);
    }
    grant_wishes(refresher, run);
    add_wanted(refresher, run);
    if (refresher->rules.unverified != NULL) {
        skd_log(SKD_LOG_WARN,
                "TLS: the certificate of %s is not verified "
                "(insecure_skip_verify)",
                refresher->rules.unverified);
    }
    refresher->run = run;
    return true;
}

/* ---- ending ---- */

void skd_turn_publish(struct skd_refresher *refresher,
                      struct skd_snapshot **snapshot)
{
    skd_snapshot_unref(&refresher->snapshot);
    refresher->snapshot = SKP_TAKE(*snapshot);
    refresher->n_published++;
    refresher->ops.publish(refresher->ops.state, refresher->snapshot);
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
    skd_chain_settle(&refresher->chain, false, false);
    refresher->needs_whole |= run->whole;
    skd_log(SKD_LOG_WARN, "refresh failed: %s; what is served stays",
            run->diag.text);
    plan_next(refresher, run, SKD_OUTCOME_FAILED);
    skd_waiters_answer(&refresher->waiters, run->err, &run->diag);
}

/* "Unchanged" is only as good as the snapshot that it refers to. */
static void note_difference(struct skd_refresher *refresher,
                            const struct skd_run *run)
{
    if (run->is_demand && skd_snapshot_count(run->build.snapshot) >
                              skd_snapshot_count(run->old)) {
        refresher->needs_whole = true;
    }
}

static void take_success(struct skd_refresher *refresher, struct skd_run *run)
{
    skd_run_log(run);
    if (!run->is_demand) {
        refresher->brake_missing = run->build.n_held;
        refresher->is_adopted = false;
        refresher->has_refreshed = true;
    }
    note_difference(refresher, run);
    skd_turn_publish(refresher, &run->build.snapshot);
    /* A run on demand took nothing but new tenants from the list: the next
     * whole refresh is not to be told that it has seen it.  What the others
     * gave is all in the snapshot: they were asked for nothing else. */
    skd_chain_settle(&refresher->chain, !run->is_demand, true);
    if (refresher->demand != NULL) {
        refresher->has_demand =
            skd_settle_demand(refresher->demand, run, refresher->snapshot,
                              skd_env_now_ms(refresher->env));
    }
    plan_next(refresher, run,
              run->build.n_unreached > 0 ? SKD_OUTCOME_PARTIAL
                                         : SKD_OUTCOME_WHOLE);
    skd_waiters_answer(&refresher->waiters, SKP_ERR_OK, NULL);
}

/* Nobody may see what an obsolete run found: whoever waited for it waits for
 * the next one. */
static void throw_away(struct skd_refresher *refresher,
                       const struct skd_run *run)
{
    skd_chain_settle(&refresher->chain, false, false);
    refresher->needs_whole |= run->whole;
    refresher->accepts_removals |= run->accept_removals;
    skd_waiters_move(&refresher->waiters, &refresher->next_waiters);
    skd_waiters_move(&refresher->next_waiters, &refresher->waiters);
    refresher->is_asked_again = true;
}

static void take_result(struct skd_refresher *refresher, struct skd_run *run)
{
    if (run->err != SKP_ERR_OK) {
        take_failure(refresher, run);
    } else {
        take_success(refresher, run);
    }
    if (refresher->ops.ended != NULL) {
        refresher->ops.ended(refresher->ops.state, run->err);
    }
}

void skd_turn_end(struct skd_refresher *refresher,
                  struct skd_run *run,
                  bool is_whole)
{
    skd_source_history_add(refresher->sources, run);
    skd_cert_watch_add(&refresher->certs, run, skd_env_wall_s(refresher->env));
    if (refresher->is_obsolete || !is_whole) {
        throw_away(refresher, run);
    } else {
        take_result(refresher, run);
    }
    refresher->is_obsolete = false;
}
