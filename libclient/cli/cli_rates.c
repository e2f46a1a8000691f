/* cli_rates.c - what an agent does in a second; see cli_rates.h. */
#include "libclient/cli/cli_rates.h"

#include <string.h>

/* Counts of a method, or of all, between two readings. */
struct sums {
    uint64_t answered[SKC_RATES_CODES];
    uint64_t
        lasted[SKP_ARRAY_LEN(((struct sidekey_method_totals *)NULL)->lasted)];
};

static const struct sidekey_method_totals nothing;

static const struct sidekey_method_totals *
find_method(const struct sidekey_agent_totals *totals, const char *name)
{
    for (size_t i = 0; i < totals->n_methods; i++) {
        if (strcmp(totals->methods[i].method, name) == 0) {
            return &totals->methods[i];
        }
    }
    return &nothing;
}

/* True when a count of @before is more than it is now. */
static bool has_shrunk(const struct sidekey_method_totals *before,
                       const struct sidekey_method_totals *now)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(now->answered); i++) {
        if (now->answered[i] < before->answered[i]) {
            return true;
        }
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(now->lasted); i++) {
        if (now->lasted[i] < before->lasted[i]) {
            return true;
        }
    }
    return false;
}

static bool is_another(const struct skc_reading *before,
                       const struct skc_reading *now)
{
    if (before->status.pid != now->status.pid ||
        before->status.started_at_s != now->status.started_at_s ||
        before->totals.uptime_ms > now->totals.uptime_ms) {
        return true;
    }
    for (size_t i = 0; i < before->totals.n_methods; i++) {
        const struct sidekey_method_totals *method = &before->totals.methods[i];

        if (has_shrunk(method, find_method(&now->totals, method->method))) {
            return true;
        }
    }
    return false;
}

/* ---- numbers ------------------------------------------------------------ */

/* 0 when it has become less, as a worker's time does when it ends. */
static uint64_t grown(uint64_t before, uint64_t now)
{
    return now > before ? now - before : 0;
}

static void add_method(const struct sidekey_method_totals *before,
                       const struct sidekey_method_totals *now,
                       struct sums *sums)
{
    for (size_t i = 0; i < SKC_RATES_CODES; i++) {
        sums->answered[i] += grown(before->answered[i], now->answered[i]);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(sums->lasted); i++) {
        sums->lasted[i] += grown(before->lasted[i], now->lasted[i]);
    }
}

/* What the @percent-th of a hundred lasted at most. */
static uint64_t quantile_ns(const struct sidekey_agent_totals *totals,
                            const struct sums *sums,
                            unsigned percent)
{
    uint64_t n = 0;
    uint64_t seen = 0;

    for (size_t i = 0; i <= totals->n_bounds; i++) {
        n += sums->lasted[i];
    }
    if (n == 0) {
        return 0;
    }
    for (size_t i = 0; i < totals->n_bounds; i++) {
        seen += sums->lasted[i];
        if ((double)seen * 100 >= (double)n * percent) {
            return totals->bounds_ns[i];
        }
    }
    return UINT64_MAX;
}

static struct skc_method_rate rate_of(const struct sidekey_agent_totals *totals,
                                      const struct sums *sums,
                                      double seconds)
{
    uint64_t n_good = sums->answered[SIDEKEY_OK];
    uint64_t n = 0;

    for (size_t i = 0; i < SKC_RATES_CODES; i++) {
        n += sums->answered[i];
    }
    return (struct skc_method_rate){
        .per_s = (double)n / seconds,
        .errors_per_s = (double)(n - n_good) / seconds,
        .p50_ns = quantile_ns(totals, sums, 50),
        .p99_ns = quantile_ns(totals, sums, 99),
    };
}

static void measure_workers(const struct sidekey_agent_totals *before,
                            const struct sidekey_agent_totals *now,
                            double seconds,
                            struct skc_rates *ret)
{
    double sum = 0;

    for (size_t i = 0; i < now->n_workers; i++) {
        uint64_t used_us = grown(before->workers_us[i], now->workers_us[i]);
        double busy = (double)used_us / 1e6 / seconds;

        sum += busy;
        ret->busy_most = busy > ret->busy_most ? busy : ret->busy_most;
    }
    ret->busy_mean = now->n_workers == 0 ? 0 : sum / (double)now->n_workers;
}

static void measure_requests(const struct sidekey_agent_totals *before,
                             const struct sidekey_agent_totals *now,
                             double seconds,
                             struct skc_rates *ret)
{
    struct sums all = { .answered = { 0 } };

    for (size_t i = 0; i < now->n_methods; i++) {
        const struct sidekey_method_totals *method = &now->methods[i];
        const struct sidekey_method_totals *former =
            find_method(before, method->method);
        struct sums sums = { .answered = { 0 } };

        add_method(former, method, &sums);
        add_method(former, method, &all);
        ret->methods[i] = rate_of(now, &sums, seconds);
    }
    ret->all = rate_of(now, &all, seconds);
    for (size_t i = 0; i < SKC_RATES_CODES; i++) {
        ret->codes_per_s[i] = (double)all.answered[i] / seconds;
    }
}

void skc_rates_between(const struct skc_reading *before,
                       const struct skc_reading *now,
                       struct skc_rates *ret)
{
    double seconds;

    *ret = (struct skc_rates){ .kind = SKC_RATES_NONE };
    if (now->totals.uptime_ms == 0) {
        ret->kind = SKC_RATES_UNTOLD;
        return;
    }
    if (before == NULL) {
        return;
    }
    if (is_another(before, now)) {
        ret->kind = SKC_RATES_RESTART;
        return;
    }
    if (before->totals.uptime_ms == now->totals.uptime_ms) {
        return;
    }
    seconds = (double)(now->totals.uptime_ms - before->totals.uptime_ms) / 1000;
    ret->kind = SKC_RATES_MEASURED;
    ret->connections_refused_per_s =
        (double)grown(before->status.connections_refused,
                      now->status.connections_refused) /
        seconds;
    ret->requests_refused_per_s = (double)grown(before->status.requests_refused,
                                                now->status.requests_refused) /
                                  seconds;
    measure_workers(&before->totals, &now->totals, seconds, ret);
    measure_requests(&before->totals, &now->totals, seconds, ret);
}
