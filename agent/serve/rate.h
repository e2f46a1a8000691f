/* rate.h - how many requests a user may make in a second.
 *
 * A bucket that holds the requests of one second and fills evenly, kept as the
 * time at which it is full again (ITU-T I.371's virtual scheduling).  That is
 * one number, so all workers share the bucket of a user without a lock: the
 * rate is exact, however the user's connections are spread.
 *
 * Thread:   any.
 */
#ifndef SKD_RATE_H
#define SKD_RATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "protocol/base.h"

/* Open, so that it can be embedded.  A zeroed bucket is full and valid. */
struct skd_rate {
    atomic_uint_fast64_t full_at_ns;
};

/* Take one request out; false when there is none left.
 * @per_s   requests in a second, 1 to 1,000,000.
 * @now_ms  monotonic. */
bool skd_rate_take(struct skd_rate *rate, unsigned per_s, uint64_t now_ms);

/* How many requests could be taken out at @now_ms, if nobody else took any. */
uint64_t
skd_rate_left(const struct skd_rate *rate, unsigned per_s, uint64_t now_ms);

/* True when the bucket is full: it may be forgotten. */
bool skd_rate_is_full(const struct skd_rate *rate, uint64_t now_ms);

#endif /* SKD_RATE_H */
