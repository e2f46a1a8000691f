/* rate.c - how many requests a user may make in a second; see rate.h. */
#include "agent/serve/rate.h"

#define NS_PER_S  1000000000u
#define NS_PER_MS 1000000u

bool skd_rate_take(struct skd_rate *rate, unsigned per_s, uint64_t now_ms)
{
    uint64_t now_ns = now_ms * NS_PER_MS;
    uint64_t step_ns = NS_PER_S / per_s;
    uint_fast64_t full_at_ns =
        atomic_load_explicit(&rate->full_at_ns, memory_order_relaxed);
    uint64_t next_ns;

    do {
        next_ns = (full_at_ns > now_ns ? full_at_ns : now_ns) + step_ns;
        if (next_ns > now_ns + NS_PER_S) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &rate->full_at_ns, &full_at_ns, next_ns, memory_order_relaxed,
        memory_order_relaxed));
    return true;
}

uint64_t
skd_rate_left(const struct skd_rate *rate, unsigned per_s, uint64_t now_ms)
{
    uint64_t now_ns = now_ms * NS_PER_MS;
    uint64_t full_at_ns =
        atomic_load_explicit(&rate->full_at_ns, memory_order_relaxed);
    uint64_t used_ns = full_at_ns > now_ns ? full_at_ns - now_ns : 0;

    return used_ns < NS_PER_S ? (NS_PER_S - used_ns) / (NS_PER_S / per_s) : 0;
}

bool skd_rate_is_full(const struct skd_rate *rate, uint64_t now_ms)
{
    return atomic_load_explicit(&rate->full_at_ns, memory_order_relaxed) <=
           now_ms * NS_PER_MS;
}
