/* latency.h - counts of latencies, of which quantiles are read. */
#ifndef SKB_LATENCY_H
#define SKB_LATENCY_H

#include <stddef.h>
#include <stdint.h>

/* Steps of 1/32 of their power of two. */
#define SKB_STEPS_PER_POWER ((size_t)32)
#define SKB_STEPS           (64 * SKB_STEPS_PER_POWER)

struct skb_latencies {
    uint64_t counts[SKB_STEPS];
    uint64_t total;
};

void skb_latencies_count(struct skb_latencies *latencies, uint64_t ns);

/* Count in @latencies all that @more counted. */
void skb_latencies_add(struct skb_latencies *latencies,
                       const struct skb_latencies *more);

/* What @quantile of them do not exceed, in microseconds: the middle of the
 * step, so it is right to 2 %.  0 when there are none. */
double skb_latencies_us(const struct skb_latencies *latencies, double quantile);

#endif /* SKB_LATENCY_H */
