/* tally.c - counts the requests that one thread answers; see tally.h. */
#include "agent/serve/tally.h"

#include <uv.h>

static const uint64_t bounds_ns[] = {
#define BOUND_NS(ns, text) (ns),
    SKD_TOTALS_BOUND_MAP(BOUND_NS)
#undef BOUND_NS
};

/* There is one writer, so that it need not be one step. */
static void add(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, before + n, memory_order_relaxed);
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

uint64_t skd_tally_now_ns(void)
{
    return uv_hrtime();
}

void skd_tally_begin(struct skd_tally *tally, uint64_t now_ns)
{
    tally->since_ns = now_ns;
}

/* @n requests of @method lasted @each_ns. */
static void count_durations(struct skd_tally *tally,
                            size_t method,
                            uint64_t n,
                            uint64_t each_ns)
{
    size_t bucket = 0;

    while (bucket < SKD_TOTALS_BOUNDS && each_ns > bounds_ns[bucket]) {
        bucket++;
    }
    add(&tally->lasted[method][bucket], n);
    add(&tally->sum_ns[method], n * each_ns);
}

void skd_tally_answer(struct skd_tally *tally,
                      enum skp_method method,
                      enum skp_err err,
                      uint64_t now_ns)
{
    skd_tally_quick(tally, method, err);
    skd_tally_end(tally, now_ns);
}

void skd_tally_quick(struct skd_tally *tally,
                     enum skp_method method,
                     enum skp_err err)
{
    skp_assert((unsigned)method < SKD_TOTALS_METHODS &&
               (unsigned)err < SKD_TOTALS_CODES);
    add(&tally->answered[method][err], 1);
    tally->quick[method]++;
    tally->n_quick++;
}

void skd_tally_end(struct skd_tally *tally, uint64_t now_ns)
{
    uint64_t each_ns;

    if (tally->n_quick == 0) {
        return;
    }
    each_ns = (now_ns - tally->since_ns) / tally->n_quick;
    for (size_t i = 0; i < SKD_TOTALS_METHODS; i++) {
        if (tally->quick[i] > 0) {
            count_durations(tally, i, tally->quick[i], each_ns);
            tally->quick[i] = 0;
        }
    }
    tally->n_quick = 0;
    tally->since_ns = now_ns;
}

void skd_tally_over_rate(struct skd_tally *tally)
{
    add(&tally->n_over_rate, 1);
}

void skd_tally_sum(const struct skd_tally *tally,
                   struct skd_request_totals *totals)
{
    for (size_t i = 0; i < SKD_TOTALS_METHODS; i++) {
        for (size_t j = 0; j < SKD_TOTALS_CODES; j++) {
            totals->answered[i][j] += read_counter(&tally->answered[i][j]);
        }
        for (size_t j = 0; j <= SKD_TOTALS_BOUNDS; j++) {
            totals->lasted[i][j] += read_counter(&tally->lasted[i][j]);
        }
        totals->sum_ns[i] += read_counter(&tally->sum_ns[i]);
    }
    totals->n_over_rate += read_counter(&tally->n_over_rate);
}
