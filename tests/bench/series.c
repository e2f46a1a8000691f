/* series.c - runs and their medians; see series.h. */
#include "tests/bench/series.h"

void skb_result_set_latencies(struct skb_result *result,
                              const struct skb_latencies *latencies)
{
    result->p50_us = skb_latencies_us(latencies, 0.5);
    result->p99_us = skb_latencies_us(latencies, 0.99);
    result->p999_us = skb_latencies_us(latencies, 0.999);
}

void skb_series_keep(struct skb_series *series, const struct skb_result *result)
{
    if (series->n < SKB_RUNS_MAX) {
        series->runs[series->n++] = *result;
    }
}

static double median_at(const struct skb_series *series, size_t offset)
{
    double numbers[SKB_RUNS_MAX] = { 0 };

    for (unsigned i = 0; i < series->n; i++) {
        numbers[i] = *(const double *)((const char *)&series->runs[i] + offset);
    }
    return skb_median(numbers, series->n);
}

struct skb_result skb_series_median(const struct skb_series *series)
{
    struct skb_result median = {
        .per_s = median_at(series, offsetof(struct skb_result, per_s)),
        .cpu_us = median_at(series, offsetof(struct skb_result, cpu_us)),
        .p50_us = median_at(series, offsetof(struct skb_result, p50_us)),
        .p99_us = median_at(series, offsetof(struct skb_result, p99_us)),
        .p999_us = median_at(series, offsetof(struct skb_result, p999_us)),
    };

    for (unsigned i = 0; i < series->n; i++) {
        median.n_ops += series->runs[i].n_ops;
        median.n_errors += series->runs[i].n_errors;
    }
    return median;
}

struct skb_result skb_series_total(const struct skb_series *series)
{
    struct skb_result total = skb_series_median(series);
    double n_ops = (double)(total.n_ops > 0 ? total.n_ops : 1);
    double cpu_us = 0.0;
    double wall_s = 0.0;

    for (unsigned i = 0; i < series->n; i++) {
        const struct skb_result *run = &series->runs[i];

        if (run->n_ops > 0) {
            cpu_us += run->cpu_us * (double)run->n_ops;
            wall_s += (double)run->n_ops / run->per_s;
        }
    }
    total.cpu_us = cpu_us / n_ops;
    total.per_s = wall_s > 0.0 ? n_ops / wall_s : 0.0;
    return total;
}

void skb_row_set_sides(struct skb_row *row,
                       const struct skb_result *ours,
                       const struct skb_result *peer)
{
    row->per_s = ours->per_s;
    row->peer_per_s = peer->per_s;
    row->p50_us = ours->p50_us;
    row->p99_us = ours->p99_us;
    row->p999_us = ours->p999_us;
    row->n_errors += ours->n_errors + peer->n_errors;
}
