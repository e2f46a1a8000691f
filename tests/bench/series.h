/* series.h - the runs of one side of a comparison, and their medians. */
#ifndef SKB_SERIES_H
#define SKB_SERIES_H

#include "tests/bench/latency.h"
#include "tests/bench/table.h"

#define SKB_RUNS_MAX 15u

/* What one run gave. */
struct skb_result {
    uint64_t n_ops;
    uint64_t n_errors; /* wrong or missing answers; none counts as n_ops */
    double per_s;      /* operations by the wall clock */
    double cpu_us; /* of the server or of the plain loop, for one operation */
    double p50_us;
    double p99_us;
    double p999_us;
};

struct skb_series {
    struct skb_result runs[SKB_RUNS_MAX];
    unsigned n;
};

/* Set the three quantiles. */
void skb_result_set_latencies(struct skb_result *result,
                              const struct skb_latencies *latencies);

/* Keep a run; more than SKB_RUNS_MAX of them are not kept. */
void skb_series_keep(struct skb_series *series,
                     const struct skb_result *result);

/* The median of each number on its own; operations and errors are added up. */
struct skb_result skb_series_median(const struct skb_series *series);

/* All runs taken together: the means of what an operation takes, and of op/s,
 * over all operations; of latencies the medians. */
struct skb_result skb_series_total(const struct skb_series *series);

/* Put into @row what is shown of every throughput: op/s of both sides, our
 * latencies, the errors of both. */
void skb_row_set_sides(struct skb_row *row,
                       const struct skb_result *ours,
                       const struct skb_result *peer);

#endif /* SKB_SERIES_H */
