/* clock_fake.h - a skd_env whose time stands still until a test moves it.
 *
 * Thread:   any; the test's own thread moves the clock.
 */
#ifndef SKT_CLOCK_FAKE_H
#define SKT_CLOCK_FAKE_H

#include <stdatomic.h>

#include "agent/sys/env.h"

struct skt_clock {
    atomic_uint_fast64_t now_ms;
    atomic_int_fast64_t wall_s;
    bool is_scripted;              /* every draw is `drawn` */
    uint64_t drawn;                /* of the next skd_env_pick, modulo */
    atomic_uint_fast64_t sequence; /* else: a walk from this seed */
    struct skd_env env;            /* to hand on; borrows the clock */
};

/* Start at @now_ms with wall clock 1,000,000 s; draws follow @seed. */
void skt_clock_init(struct skt_clock *clock, uint64_t now_ms, uint64_t seed);

/* Make every draw @drawn from now on. */
void skt_clock_script(struct skt_clock *clock, uint64_t drawn);

/* Let time pass, on both clocks. */
void skt_clock_pass(struct skt_clock *clock, uint64_t ms);

#endif /* SKT_CLOCK_FAKE_H */
