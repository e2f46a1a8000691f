/* latency.c - counts of latencies; see latency.h. */
#include "tests/bench/latency.h"

#define STEPS SKB_STEPS_PER_POWER

static size_t find_step(uint64_t ns)
{
    unsigned power;

    if (ns < STEPS) {
        return (size_t)ns;
    }
    power = 63u - (unsigned)__builtin_clzll(ns);
    return (size_t)(power - 4) * STEPS + (size_t)(ns >> (power - 5)) - STEPS;
}

/* The middle of the step. */
static double step_us(size_t step)
{
    size_t power = step / STEPS + 4;

    if (step < STEPS) {
        return (double)step / 1000.0;
    }
    return ((double)(step % STEPS + STEPS) + 0.5) *
           (double)(UINT64_C(1) << (power - 5)) / 1000.0;
}

void skb_latencies_count(struct skb_latencies *latencies, uint64_t ns)
{
    latencies->counts[find_step(ns)]++;
    latencies->total++;
}

void skb_latencies_add(struct skb_latencies *latencies,
                       const struct skb_latencies *more)
{
    for (size_t i = 0; i < SKB_STEPS; i++) {
        latencies->counts[i] += more->counts[i];
    }
    latencies->total += more->total;
}

double skb_latencies_us(const struct skb_latencies *latencies, double quantile)
{
    double wanted = quantile * (double)latencies->total;
    uint64_t seen = 0;

    for (size_t i = 0; i < SKB_STEPS; i++) {
        seen += latencies->counts[i];
        if (latencies->counts[i] > 0 && (double)seen >= wanted) {
            return step_us(i);
        }
    }
    return 0.0;
}
