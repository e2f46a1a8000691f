/* plan.h - when to ask the sources next.
 *
 *     whole      in one period, and up to a tenth of it later, so that many
 *                agents do not ask together
 *     partial    the list came, some keys did not: sooner, by back-off
 *     failed     no list: sooner, by back-off
 *     demand     a client wants an unknown tenant: now, but not before the gap
 *                since the list was last read has passed
 *
 * The back-off starts at one second, doubles, draws its second half by chance
 * and never exceeds the period.  No wait is shorter than what a Retry-After
 * asked for.  All times are those of skd_env_now_ms.  Pure but for the draw.
 */
#ifndef SKD_PLAN_H
#define SKD_PLAN_H

#include "agent/sys/env.h"

#define SKD_PLAN_NEVER UINT64_MAX

enum skd_due {
    SKD_DUE_NOTHING, /* not yet */
    SKD_DUE_REFRESH, /* of everything */
    SKD_DUE_DEMAND,  /* of what clients wait for */
};

enum skd_outcome {
    SKD_OUTCOME_WHOLE,
    SKD_OUTCOME_PARTIAL,
    SKD_OUTCOME_FAILED,
};

/* Open, so that it can be embedded; only plan.c looks inside. */
struct skd_plan {
    uint64_t period_ms; /* 0: one whole refresh is enough */
    uint64_t gap_ms;
    uint64_t due_ms;         /* of the next refresh */
    uint64_t demand_from_ms; /* none of either kind that clients cause before */
    uint64_t counted_ms;     /* the last list that counted for the brake */
    bool has_counted;
    unsigned n_failures; /* since the last whole refresh */
};

/* A plan with a refresh due at @now_ms. */
void skd_plan_init(struct skd_plan *plan,
                   uint64_t period_ms,
                   uint64_t gap_ms,
                   uint64_t now_ms);

/* A refresh of everything has ended.
 * @retry_ms  what a Retry-After asked for, 0 for nothing. */
void skd_plan_refreshed(struct skd_plan *plan,
                        const struct skd_env *env,
                        enum skd_outcome outcome,
                        uint64_t retry_ms);

/* The same for a refresh on demand: it brings the next refresh forward when it
 * was partial, and leaves it where it is otherwise. */
void skd_plan_demanded(struct skd_plan *plan,
                       const struct skd_env *env,
                       enum skd_outcome outcome,
                       uint64_t retry_ms);

/* When something is due next; SKD_PLAN_NEVER when nothing is.
 * @has_demand  clients wait. */
uint64_t skd_plan_next(const struct skd_plan *plan, bool has_demand);

/* What is due at @now_ms. */
enum skd_due
skd_plan_due(const struct skd_plan *plan, bool has_demand, uint64_t now_ms);

/* True when a list read at @now_ms is a new one for the brake: a retry for keys
 * alone, within a period of the last that counted, is not.  A list that
 * counted is reported by skd_plan_count. */
bool skd_plan_counts(const struct skd_plan *plan, uint64_t now_ms);
void skd_plan_count(struct skd_plan *plan, uint64_t now_ms);

#endif /* SKD_PLAN_H */
