/* seeds.h - every seed that ever failed, with what it found.
 *
 * A seed names a schedule of the steps as they are: when steps.c or world.c
 * draw otherwise, it becomes another schedule.  What was found also has a row
 * in a unit suite, which does not move.
 */
#ifndef SIM_SEEDS_H
#define SIM_SEEDS_H

/* X(seed, name)
 *    3  Numbers started again at 1 for a tenant that was removed and came back:
 *       one generation stood for two keys.
 * 2037, 7996  A tenant that came on demand stayed for ever when the list went
 *       back to what it was at the last whole refresh, and so was "unchanged".
 *   48  `status` went on counting a tenant as held by the brake that an
 *       operator had forgotten.
 *   41  After a restart `status` counted nobody as held until a refresh.
 * 1796008952156041  The check that all is well after faults took a refresh for
 * a later one that had failed in the same millisecond.
 */
#define SIM_SEED_MAP(X)                                  \
    X(3, generations_go_on_when_a_tenant_comes_back)     \
    X(41, who_is_held_is_held_after_a_restart)           \
    X(48, who_is_forgotten_is_not_held_any_more)         \
    X(2037, unchanged_is_not_what_came_on_demand)        \
    X(7996, unchanged_is_not_what_came_on_demand_either) \
    X(1796008952156041, a_refresh_in_the_millisecond_of_the_last_fault)

#endif /* SIM_SEEDS_H */
