/* rows_crypto.c - unwrap, decrypt and encrypt against plain loops; see rows.h.
 */
#include <stdio.h>

#include "tests/bench/host.h"
#include "tests/bench/plain.h"
#include "tests/bench/rows.h"

#define N_TENANTS 1000u
#define N_ITEMS   64u

typedef struct skb_plain (*plain_loop)(struct skb_envelopes *envelopes,
                                       double seconds);

/* One row: a method, and the loop that is its limit. */
struct duel {
    const char *what;
    const char *against;
    enum skp_method method;
    enum skp_suite suite;
    plain_loop plain;
    double goal;
};

/* What the runs of one side gave. */
struct series {
    double cpu_us[SKB_RUNS_MAX];
    double per_s[SKB_RUNS_MAX];
    double p50_us[SKB_RUNS_MAX];
    double p99_us[SKB_RUNS_MAX];
    double p999_us[SKB_RUNS_MAX];
};

static void
keep(struct series *series, unsigned nth, const struct skb_result *result)
{
    series->cpu_us[nth] = result->cpu_us;
    series->per_s[nth] = result->per_s;
    series->p50_us[nth] = result->p50_us;
    series->p99_us[nth] = result->p99_us;
    series->p999_us[nth] = result->p999_us;
}

static void
fill_medians(struct skb_row *row, struct series *series, unsigned runs)
{
    row->value = skb_median(series->cpu_us, runs);
    row->per_s = skb_median(series->per_s, runs);
    row->p50_us = skb_median(series->p50_us, runs);
    row->p99_us = skb_median(series->p99_us, runs);
    row->p999_us = skb_median(series->p999_us, runs);
}

static void run_duel(struct skb_bench *bench,
                     const struct skb_host *host,
                     const struct duel *duel)
{
    const struct skb_load load = { host->socket, host->pid, 4, 16,
                                   bench->seconds };
    struct skb_row row = { .what = duel->what,
                           .against = duel->against,
                           .note = "",
                           .unit = "us",
                           .sense = SKB_GOAL_AT_LEAST,
                           .goal = duel->goal };
    double plain_us[SKB_RUNS_MAX];
    double plain_per_s[SKB_RUNS_MAX];
    struct series ours = { 0 };
    struct skb_envelopes envelopes;
    struct skb_script script;

    skb_envelopes_init(&envelopes, duel->suite, N_ITEMS, N_TENANTS);
    skb_script_make(&script, duel->method, &envelopes);
    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_plain plain = duel->plain(&envelopes, bench->seconds / 2);
        struct skb_result result = skb_load_run(&load, &script);

        keep(&ours, i, &result);
        plain_us[i] = plain.cpu_us;
        plain_per_s[i] = plain.per_s;
        row.n_errors += result.n_errors + plain.n_errors;
    }
    fill_medians(&row, &ours, bench->runs);
    row.peer_value = skb_median(plain_us, bench->runs);
    row.ratio = row.peer_value / row.value;
    row.peer_per_s = skb_median(plain_per_s, bench->runs);
    skb_table_add(&bench->table, &row);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

/* ---- two workers -------------------------------------------------------- */

static void run_pair(struct skb_bench *bench,
                     const struct skb_host *one,
                     const struct skb_host *two)
{
    const struct skb_load loads[] = {
        { one->socket, one->pid, 4, 16, bench->seconds },
        { two->socket, two->pid, 4, 16, bench->seconds },
    };
    struct skb_row row = { .what = "unwrap suite 2, two workers",
                           .against = "one worker",
                           .note = "the generator shares the second core",
                           .unit = "us",
                           .sense = SKB_GOAL_AT_LEAST,
                           .goal = 0.95 };
    double one_us[SKB_RUNS_MAX];
    double one_per_s[SKB_RUNS_MAX];
    struct series ours = { 0 };
    struct skb_envelopes envelopes;
    struct skb_script script;

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, N_ITEMS,
                       N_TENANTS);
    skb_script_make(&script, SKP_METHOD_UNWRAP, &envelopes);
    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_result alone = skb_load_run(&loads[0], &script);
        struct skb_result both = skb_load_run(&loads[1], &script);

        keep(&ours, i, &both);
        one_us[i] = alone.cpu_us;
        one_per_s[i] = alone.per_s;
        row.n_errors += alone.n_errors + both.n_errors;
    }
    fill_medians(&row, &ours, bench->runs);
    row.peer_value = skb_median(one_us, bench->runs);
    row.ratio = row.peer_value / row.value;
    row.peer_per_s = skb_median(one_per_s, bench->runs);
    skb_table_add(&bench->table, &row);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

static void measure_pair(struct skb_bench *bench, const struct skb_host *one)
{
    static const struct skb_host_config config = { "two", N_TENANTS,
                                                   SKB_SEEDS_LOCAL, 2,
                                                   SKB_CORE_BOTH };
    struct skb_host two;

    if (skb_cores() < 2) {
        skb_table_skip(&bench->table, "unwrap suite 2, two workers",
                       "there is one core");
        return;
    }
    if (!skb_host_start(&two, &config)) {
        skb_table_skip(&bench->table, "unwrap suite 2, two workers",
                       "sidekeyd did not start");
        return;
    }
    run_pair(bench, one, &two);
    skb_host_stop(&two);
}

void skb_rows_crypto(struct skb_bench *bench)
{
    static const struct duel duels[] = {
        { "unwrap suite 2, 4x16", "HPKE open", SKP_METHOD_UNWRAP,
          SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_unwrap, 0.90 },
        { "unwrap suite 1, 4x16", "X25519, OpenSSL", SKP_METHOD_UNWRAP,
          SKP_SUITE_X25519_AES256CTR, skb_plain_x25519, 0.85 },
        { "decrypt 1 KiB suite 2, 4x16", "open envelope", SKP_METHOD_DECRYPT,
          SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_decrypt, 0.90 },
        { "encrypt 1 KiB suite 2, 4x16", "make envelope", SKP_METHOD_ENCRYPT,
          SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_encrypt, 0.90 },
    };
    static const struct skb_host_config config = { "one", N_TENANTS,
                                                   SKB_SEEDS_LOCAL, 1,
                                                   SKB_CORE_SERVER };
    struct skb_host host;

    if (!skb_host_start(&host, &config)) {
        skb_table_skip(&bench->table, "unwrap, decrypt, encrypt",
                       "sidekeyd did not start");
        return;
    }
    for (size_t i = 0; i < sizeof duels / sizeof duels[0]; i++) {
        run_duel(bench, &host, &duels[i]);
    }
    measure_pair(bench, &host);
    skb_host_stop(&host);
}
