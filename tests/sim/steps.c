/* steps.c - what may happen next; see sim.h. */
#include <inttypes.h>

#include "tests/sim/sim.h"

void sim_steps_deliver(struct sim_worker *worker)
{
    if (worker->next_config != NULL) {
        worker->config = SKP_TAKE(worker->next_config);
    }
    if (worker->next_snapshot != NULL) {
        sim_checks_changes(sim_now, worker);
        skd_snapshot_unref(&worker->snapshot);
        worker->snapshot = SKP_TAKE(worker->next_snapshot);
        worker->model = worker->next_model;
    }
}

/* ---- time
 * -------------------------------------------------------------------- */

static void pass_time(struct sim *sim)
{
    uint64_t period = sim->config->rules.update_period_ms;
    uint64_t ms = sim_trace_pick(sim, 2000);
    bool asleep = false;

    switch (sim_trace_pick(sim, 10)) {
    case 0:
        ms = sim_trace_pick(sim, 20 * period);
        asleep = true;
        break;
    case 1:
        ms = sim_trace_pick(sim, 2 * period);
        break;
    case 2:
        atomic_fetch_add(&sim->clock.wall_s,
                         (int64_t)sim_trace_pick(sim, 200000) - 100000);
        sim_trace_say(sim, "the wall clock jumps");
        return;
    case 3:
    case 4:
    case 5:
        break;
    default:
        if (sim->stage.is_armed && sim->stage.due_ms > sim->clock.now_ms) {
            ms = sim->stage.due_ms - sim->clock.now_ms;
        }
        break;
    }
    sim_trace_say(sim, "%" PRIu64 " ms pass%s", ms, asleep ? ", asleep" : "");
    sim_stage_pass(sim, ms, asleep);
}

/* ---- operators
 * ------------------------------------------------------------------ */

static void forget(struct sim *sim)
{
    size_t tenant = sim_trace_pick(sim, SIM_TENANTS);
    bool is_known = sim->model.tenants[tenant].is_known;
    struct skp_diag diag = { "" };
    enum skp_err err;

    sim_trace_say(sim, "an operator forgets tenant %zu", tenant);
    if (is_known) {
        sim_model_forget(sim, tenant);
        sim->run.is_obsolete |= sim->stage.job != SIM_JOB_NONE;
    }
    sim->is_forgetting = true;
    err = skd_refresher_forget(sim->refresher, sim_world_id(tenant), &diag);
    sim->is_forgetting = false;
    SIM_CHECK(sim, err == (is_known ? SKP_ERR_OK : SKP_ERR_NOT_FOUND),
              "forget: %s", skp_err_name(err));
}

static void refresh(struct sim *sim);

static void on_done(void *state, enum skp_err err, const struct skp_diag *diag)
{
    struct sim_waiter *waiter = state;
    struct sim *sim = sim_now;

    (void)diag;
    sim_trace_say(sim, "waiter %zu is answered: %s",
                  (size_t)(waiter - sim->waiters), skp_err_name(err));
    waiter->n_answers++;
    SIM_CHECK(sim, waiter->n_answers == 1, "a second answer");
    if (sim->is_stopping) {
        SIM_CHECK(sim, err == SKP_ERR_UNAVAILABLE, "a refresh after the end");
        return;
    }
    SIM_CHECK(sim, sim->run.nth >= waiter->first_run,
              "the refresh began before the question");
    SIM_CHECK(sim, !sim->run.is_obsolete, "the refresh was thrown away");
    SIM_CHECK(sim, err == sim->run.heard.list_err, "refresh: %s",
              skp_err_name(err));
    /* Callbacks call back. */
    if (!sim->is_calm && sim_trace_once_in(sim, 8)) {
        forget(sim);
    }
    if (!sim->is_calm && sim_trace_once_in(sim, 8)) {
        refresh(sim);
    }
}

static void refresh(struct sim *sim)
{
    bool accepts = sim_trace_once_in(sim, 4);

    if (sim->n_waiters == SIM_WAITERS) {
        return;
    }
    sim_trace_say(sim, "an operator asks for a refresh%s: waiter %zu",
                  accepts ? ", and accepts removals" : "", sim->n_waiters);
    sim->waiters[sim->n_waiters].first_run = sim->run.nth + 1;
    sim->pace.is_asked = true;
    sim->pace.accepts |= accepts;
    skd_refresher_now(sim->refresher, accepts, on_done,
                      &sim->waiters[sim->n_waiters++]);
}

static void reconfigure(struct sim *sim)
{
    if (sim->n_configs < SIM_CONFIGS) {
        sim_schedule_configure(sim);
    }
}

/* ---- workers
 * ------------------------------------------------------------------- */

static void wake_refresher(struct sim *sim)
{
    if (sim->is_want_pending) {
        sim_trace_say(sim, "the refresher hears of the demand");
        sim->is_want_pending = false;
        sim->pace.has_demand = true;
        skd_refresher_want(sim->refresher);
    }
}

static void deliver_some(struct sim *sim)
{
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        if (sim_trace_once_in(sim, 2)) {
            sim_steps_deliver(&sim->workers[i]);
        }
    }
    if (sim_trace_once_in(sim, 2)) {
        wake_refresher(sim);
    }
}

/* ---- one step
 * ------------------------------------------------------------------- */

static void act(struct sim *sim)
{
    uint64_t dice = sim_trace_pick(sim, 100);

    if (dice < 25) {
        pass_time(sim);
    } else if (dice < 50) {
        sim_world_change(sim);
    } else if (dice < 82) {
        sim_clients_ask(sim);
    } else if (dice < 88) {
        refresh(sim);
    } else if (dice < 91) {
        forget(sim);
    } else if (dice < 93) {
        reconfigure(sim);
    } else {
        deliver_some(sim);
    }
}

void sim_steps_one(struct sim *sim)
{
    sim->n_steps++;
    if (sim->is_kept && sim_trace_once_in(sim, 10)) {
        sim_restart_now(sim);
    } else if (sim_trace_once_in(sim, 50)) {
        sim_checks_back_to_normal(sim);
    } else if (sim->stage.job != SIM_JOB_NONE && sim_trace_once_in(sim, 2)) {
        sim_stage_progress(sim);
    } else {
        act(sim);
    }
    if (sim_trace_once_in(sim, 2)) {
        deliver_some(sim);
    }
    sim_checks_all(sim);
}

void sim_steps_meanwhile(struct sim *sim)
{
    uint64_t n = sim_trace_once_in(sim, 2) ? 0 : sim_trace_pick(sim, 4);

    if (sim->depth > 0 || sim->is_calm) {
        return;
    }
    sim->depth++;
    for (uint64_t i = 0; i < n && !sim->is_stopping; i++) {
        act(sim);
        sim_checks_all(sim);
    }
    sim->depth--;
}
