/* pace.c - when refreshes may begin, and must: a model of its own of what
 * plan.h promises; see sim.h.
 *
 * Waits are drawn by chance, so that the model has a first and a last moment
 * for each.
 */
#include <inttypes.h>

#include "tests/sim/sim.h"

#define DAY_MS       UINT64_C(86400000)
#define PATIENCE_MAX 60000u

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void sim_pace_init(struct sim *sim)
{
    uint64_t now_ms = sim->clock.now_ms;

    sim->pace.next_lo = now_ms;
    sim->pace.next_hi = now_ms;
    sim->pace.demand_lo = now_ms;
    sim->pace.demand_hi = now_ms;
    sim->pace.n_failures = 0;
    sim->pace.has_counted = false;
    sim->pace.is_asked = true;
}

/* ---- a run begins -------------------------------------------------------- */

static bool may_be_whole(const struct sim *sim, uint64_t now_ms)
{
    const struct sim_pace *pace = &sim->pace;

    return pace->is_asked || now_ms >= pace->next_lo ||
           (!sim->model.has_snapshot && pace->has_demand &&
            now_ms >= pace->demand_lo);
}

/* One moment belongs to both: where the wait is drawn by chance. */
static bool may_be_demand(const struct sim *sim, uint64_t now_ms)
{
    const struct sim_pace *pace = &sim->pace;

    return !pace->is_asked && sim->model.has_snapshot && pace->has_demand &&
           now_ms >= pace->demand_lo && now_ms < pace->next_hi;
}

static bool counts_now(const struct sim *sim, uint64_t now_ms)
{
    const struct sim_pace *pace = &sim->pace;

    /* The former agent may have counted the same list a moment ago. */
    return !sim->is_adopted &&
           (pace->is_asked || !pace->has_counted ||
            now_ms - pace->counted_ms >= sim->config->rules.update_period_ms);
}

void sim_pace_queued(struct sim *sim)
{
    uint64_t nth = sim->run.nth + 1;
    uint64_t now_ms = sim->clock.now_ms;

    sim->run = (struct sim_run){
        .nth = nth,
        .counts = counts_now(sim, now_ms),
        .accepts = sim->pace.accepts,
        .may_be_whole = may_be_whole(sim, now_ms),
        .may_be_demand = may_be_demand(sim, now_ms),
    };
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        sim->run.is_wanted[i] = sim->demanded[i] == SIM_DEMAND_WAITING ||
                                sim->demanded[i] == SIM_DEMAND_ASKED_AGAIN;
    }
    SIM_CHECK(sim, sim->run.may_be_whole || sim->run.may_be_demand,
              "a refresh that nobody asked for, %" PRIu64 " ms too early",
              sim->pace.next_lo - now_ms);
    sim->pace.is_asked = false;
    sim->pace.accepts = false;
    sim_trace_say(sim, "refresh %" PRIu64 " is queued", nth);
}

void sim_pace_begun(struct sim *sim, const struct skd_run *run)
{
    struct sim_run *model = &sim->run;

    model->started_ms = sim->clock.now_ms;
    model->is_demand = run->is_demand;
    SIM_CHECK(sim, run->is_demand ? model->may_be_demand : model->may_be_whole,
              "the refresh is %s", run->is_demand ? "on demand" : "whole");
    SIM_CHECK(sim, run->is_demand || run->counts == model->counts,
              "the list %s for the brake",
              run->counts ? "counts" : "does not count");
    SIM_CHECK(sim, run->accept_removals == model->accepts, "removals are %s",
              run->accept_removals ? "accepted" : "not");
}

/* ---- a run ends -----------------------------------------------------------
 */

static uint64_t patience(const struct sim *sim)
{
    uint64_t most = sim->config->rules.update_period_ms;
    uint64_t wait = 1000;

    most = most == 0 ? PATIENCE_MAX : most;
    for (unsigned i = 1; i < sim->pace.n_failures && wait < most; i++) {
        wait *= 2;
    }
    return smaller(wait, most);
}

static void after_whole(struct sim *sim, bool is_good)
{
    struct sim_pace *pace = &sim->pace;
    uint64_t now_ms = sim->clock.now_ms;
    uint64_t retry_ms = smaller(sim->run.heard.retry_ms, DAY_MS);
    uint64_t period = sim->config->rules.update_period_ms;
    uint64_t lo = period;
    uint64_t hi = period + period / 10;

    pace->n_failures = is_good ? 0 : pace->n_failures + 1;
    if (!is_good) {
        hi = patience(sim);
        lo = hi - hi / 2;
    }
    pace->next_lo = now_ms + larger(lo, retry_ms);
    pace->next_hi = now_ms + larger(hi, retry_ms);
    pace->demand_lo = now_ms + larger(SIM_GAP_MS, retry_ms);
    pace->demand_hi = pace->demand_lo;
}

static void after_demand(struct sim *sim, bool is_good, bool has_list)
{
    struct sim_pace *pace = &sim->pace;
    uint64_t now_ms = sim->clock.now_ms;
    uint64_t retry_ms = smaller(sim->run.heard.retry_ms, DAY_MS);
    uint64_t lo = SIM_GAP_MS;
    uint64_t hi = SIM_GAP_MS;

    if (!is_good) {
        uint64_t wait;

        pace->n_failures++;
        wait = patience(sim);
        lo = larger(lo, wait - wait / 2);
        hi = larger(hi, wait);
    }
    pace->demand_lo = now_ms + larger(lo, retry_ms);
    pace->demand_hi = now_ms + larger(hi, retry_ms);
    if (!is_good && has_list) {
        pace->next_lo = smaller(pace->next_lo, pace->demand_lo);
        pace->next_hi = smaller(pace->next_hi, pace->demand_hi);
    }
    if (retry_ms > 0) {
        pace->next_lo = larger(pace->next_lo, now_ms + retry_ms);
        pace->next_hi = larger(pace->next_hi, now_ms + retry_ms);
    }
}

static bool is_unreached(const struct sim *sim, size_t tenant)
{
    struct sim_answer answer;

    if (!sim_model_lists(sim, tenant) ||
        (sim->run.is_demand && sim->model.tenants[tenant].is_known)) {
        return false;
    }
    answer = sim_model_answer(sim, tenant);
    return answer.said == SKD_SAID_UNREACHED || answer.said == SKD_SAID_ASK;
}

void sim_pace_ended(struct sim *sim)
{
    struct sim_run *run = &sim->run;
    bool has_list = run->heard.list_err == SKP_ERR_OK;
    bool is_good = has_list;

    for (size_t i = 0; has_list && i < SIM_TENANTS; i++) {
        is_good = is_good && !is_unreached(sim, i);
    }
    sim_trace_say(sim, "refresh %" PRIu64 " ends%s", run->nth,
                  run->is_obsolete ? ", its result is thrown away" : "");
    if (sim->is_stopping) {
        return;
    }
    if (run->is_obsolete) {
        sim->pace.is_asked = true;
        sim->pace.accepts |= run->accepts;
    } else if (run->is_demand) {
        after_demand(sim, is_good, has_list);
    } else {
        after_whole(sim, is_good);
        sim->is_adopted = sim->is_adopted && !has_list;
        if (has_list && run->counts) {
            sim->pace.has_counted = true;
            sim->pace.counted_ms = run->started_ms;
        }
    }
    if (sim->is_config_new) {
        sim->is_config_new = false;
        sim_pace_init(sim);
    }
}

/* ---- between steps ---------------------------------------------------------
 */

void sim_pace_check(struct sim *sim)
{
    const struct sim_pace *pace = &sim->pace;
    const struct sim_stage *stage = &sim->stage;
    uint64_t lo = pace->next_lo;
    uint64_t hi = pace->next_hi;

    if (stage->job != SIM_JOB_NONE || sim->is_stopping) {
        return;
    }
    if (pace->has_demand) {
        lo = smaller(lo, pace->demand_lo);
        hi = smaller(hi, pace->demand_hi);
    }
    SIM_CHECK(sim, !pace->is_asked, "somebody asked, and nothing runs");
    SIM_CHECK(sim, stage->is_armed, "no timer is set");
    SIM_CHECK(sim, stage->due_ms >= lo || stage->due_ms >= sim->clock.now_ms,
              "the timer is set too early");
    SIM_CHECK(sim, stage->due_ms <= larger(hi, sim->clock.now_ms),
              "the timer is set %" PRIu64 " ms too late", stage->due_ms - hi);
}
