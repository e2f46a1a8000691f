/* deadline.h - one absolute time for a whole call, on the monotonic clock.
 *
 * A deadline is a point in milliseconds, so that connecting, waiting for a
 * turn, a restart of the agent and the answer share one budget.
 */
#ifndef SKC_DEADLINE_H
#define SKC_DEADLINE_H

#include "protocol/base.h"

#define SKC_NEVER UINT64_MAX

/* The monotonic clock, in milliseconds. */
uint64_t skc_deadline_now_ms(void);

/* The deadline @ms from now; SKC_NEVER for SIDEKEY_NO_DEADLINE. */
uint64_t skc_deadline_after(uint32_t ms);

/* The sooner of two deadlines. */
uint64_t skc_deadline_min(uint64_t a_ms, uint64_t b_ms);

/* Milliseconds until @deadline_ms: 0 when it has passed, SKC_NEVER when it
 * never does. */
uint64_t skc_deadline_left(uint64_t deadline_ms);

/* Wait until @fd is ready for @events (of poll(2)), or broken.
 *   SKP_ERR_DEADLINE_EXCEEDED  not in time.
 *   SKP_ERR_INTERNAL           poll itself failed. */
SKP_MUST_CHECK enum skp_err
skc_deadline_wait(int fd, short events, uint64_t deadline_ms);

/* Sleep @ms, signals notwithstanding. */
void skc_deadline_sleep(uint64_t ms);

#endif /* SKC_DEADLINE_H */
