/* env.h - clock and random generator as one table, handed down from agent.c.
 *
 * Nothing else in the agent reads a clock; tests and the simulation hand in
 * another table.
 */
#ifndef SKD_ENV_H
#define SKD_ENV_H

#include "protocol/random.h"

struct skd_env {
    void *state; /* handed back to every call */

    /* Monotonic clock, in milliseconds.  Never goes back.  Any thread. */
    uint64_t (*now_ms)(void *state);

    /* The same clock, in microseconds: for durations.  Any thread. */
    uint64_t (*now_us)(void *state);

    /* Unix time, in seconds.  May jump: only for dates shown to people and
     * for certificates.  Any thread. */
    int64_t (*wall_s)(void *state);

    /* The same in milliseconds, for the audit log.  Any thread. */
    int64_t (*wall_ms)(void *state);

    struct skp_random random;
};

/* The kernel's clocks and generator. */
extern const struct skd_env skd_env_system;

/* The calls of the table. */
uint64_t skd_env_now_ms(const struct skd_env *env);
uint64_t skd_env_now_us(const struct skd_env *env);
int64_t skd_env_wall_s(const struct skd_env *env);
int64_t skd_env_wall_ms(const struct skd_env *env);

/* A number from 0 up to and including @max; for jitter, not for keys.  0 when
 * the generator fails. */
uint64_t skd_env_pick(const struct skd_env *env, uint64_t max);

#endif /* SKD_ENV_H */
