/* plan.c - when to ask the sources next; see plan.h. */
#include "agent/refresh/plan.h"

#define BACKOFF_FIRST_MS 1000u
/* The longest back-off where there is no period. */
#define BACKOFF_MAX_MS 60000u
/* A server that asks for more than a day is not believed. */
#define RETRY_AFTER_MAX_MS UINT64_C(86400000)

/* @a + @b, or never. */
static uint64_t add_ms(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? SKD_PLAN_NEVER : a + b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void skd_plan_init(struct skd_plan *plan,
                   uint64_t period_ms,
                   uint64_t gap_ms,
                   uint64_t now_ms)
{
    *plan = (struct skd_plan){
        .period_ms = period_ms,
        .gap_ms = gap_ms,
        .due_ms = now_ms,
        .demand_from_ms = now_ms,
    };
}

/* How long to wait after the failure number n_failures (1, 2, ...). */
static uint64_t back_off(const struct skd_plan *plan, const struct skd_env *env)
{
    uint64_t most = plan->period_ms == 0 ? BACKOFF_MAX_MS : plan->period_ms;
    uint64_t wait = BACKOFF_FIRST_MS;

    for (unsigned i = 1; i < plan->n_failures && wait < most; i++) {
        wait *= 2;
    }
    if (wait > most) {
        wait = most;
    }
    return wait - wait / 2 + skd_env_pick(env, wait / 2);
}

static uint64_t after_success(const struct skd_plan *plan,
                              const struct skd_env *env)
{
    if (plan->period_ms == 0) {
        return SKD_PLAN_NEVER;
    }
    return add_ms(plan->period_ms, skd_env_pick(env, plan->period_ms / 10));
}

static uint64_t believe(uint64_t retry_ms)
{
    return retry_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : retry_ms;
}

void skd_plan_refreshed(struct skd_plan *plan,
                        const struct skd_env *env,
                        enum skd_outcome outcome,
                        uint64_t retry_ms)
{
    uint64_t now_ms = skd_env_now_ms(env);
    uint64_t wait;

    retry_ms = believe(retry_ms);
    if (outcome == SKD_OUTCOME_WHOLE) {
        plan->n_failures = 0;
        wait = after_success(plan, env);
    } else {
        plan->n_failures++;
        wait = back_off(plan, env);
    }
    plan->due_ms = add_ms(now_ms, larger(wait, retry_ms));
    plan->demand_from_ms = add_ms(now_ms, larger(plan->gap_ms, retry_ms));
}

void skd_plan_demanded(struct skd_plan *plan,
                       const struct skd_env *env,
                       enum skd_outcome outcome,
                       uint64_t retry_ms)
{
    uint64_t now_ms = skd_env_now_ms(env);
    uint64_t wait = plan->gap_ms;

    retry_ms = believe(retry_ms);
    if (outcome != SKD_OUTCOME_WHOLE) {
        uint64_t due_ms;

        plan->n_failures++;
        wait = larger(wait, back_off(plan, env));
        due_ms = add_ms(now_ms, larger(wait, retry_ms));
        if (outcome == SKD_OUTCOME_PARTIAL && due_ms < plan->due_ms) {
            plan->due_ms = due_ms;
        }
    }
    plan->demand_from_ms = add_ms(now_ms, larger(wait, retry_ms));
    /* Who asked for patience gets it from the periodic refresh as well. */
    plan->due_ms =
        larger(plan->due_ms, retry_ms == 0 ? 0 : add_ms(now_ms, retry_ms));
}

uint64_t skd_plan_next(const struct skd_plan *plan, bool has_demand)
{
    if (has_demand && plan->demand_from_ms < plan->due_ms) {
        return plan->demand_from_ms;
    }
    return plan->due_ms;
}

enum skd_due
skd_plan_due(const struct skd_plan *plan, bool has_demand, uint64_t now_ms)
{
    if (plan->due_ms <= now_ms) {
        return SKD_DUE_REFRESH;
    }
    if (has_demand && plan->demand_from_ms <= now_ms) {
        return SKD_DUE_DEMAND;
    }
    return SKD_DUE_NOTHING;
}

bool skd_plan_counts(const struct skd_plan *plan, uint64_t now_ms)
{
    return !plan->has_counted || now_ms - plan->counted_ms >= plan->period_ms;
}

void skd_plan_count(struct skd_plan *plan, uint64_t now_ms)
{
    plan->counted_ms = now_ms;
    plan->has_counted = true;
}
