/* rows_crypto.c - unwrap, decrypt and encrypt against plain loops; see rows.h.
 */
#include <stdio.h>

#include "tests/bench/host.h"
#include "tests/bench/plain.h"
#include "tests/bench/rows.h"

#define N_TENANTS 1000u
#define N_ITEMS   64u

typedef struct skb_result (*plain_loop)(struct skb_envelopes *envelopes,
                                        double seconds);

/* One row: a method, and the loop that is its limit. */
struct duel {
    const char *what;
    const char *against;
    enum skp_method method;
    enum skp_suite suite;
    plain_loop plain;
    double goal;
    bool is_single; /* the agent does not multiply together */
};

/* The row's ratio is of CPU time; what the peer needs, by ours. */
static void add_row(struct skb_bench *bench,
                    struct skb_row *row,
                    const struct skb_series *ours,
                    const struct skb_series *peer)
{
    struct skb_result mine = skb_series_median(ours);
    struct skb_result theirs = skb_series_median(peer);

    row->value = mine.cpu_us;
    row->peer_value = theirs.cpu_us;
    row->ratio = theirs.cpu_us / mine.cpu_us;
    skb_row_set_sides(row, &mine, &theirs);
    skb_table_add(&bench->table, row);
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
    struct skb_series plain = { .n = 0 };
    struct skb_series ours = { .n = 0 };
    struct skb_envelopes envelopes;
    struct skb_script script;

    skb_envelopes_init(&envelopes, duel->suite, N_ITEMS, N_TENANTS);
    skb_script_make(&script, duel->method, &envelopes);
    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_result theirs = duel->plain(&envelopes, bench->seconds / 2);
        struct skb_result mine = skb_load_run(&load, &script);

        skb_series_keep(&plain, &theirs);
        skb_series_keep(&ours, &mine);
    }
    add_row(bench, &row, &ours, &plain);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

static const struct duel duels[] = {
    { "unwrap suite 2, 4x16, one by one", "HPKE open", SKP_METHOD_UNWRAP,
      SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_unwrap, 0.90, true },
    { "unwrap suite 2, 4x16", "HPKE open", SKP_METHOD_UNWRAP,
      SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_unwrap, 0.90, false },
    { "unwrap suite 1, 4x16, one by one", "X25519, OpenSSL", SKP_METHOD_UNWRAP,
      SKP_SUITE_X25519_AES256CTR, skb_plain_x25519, 0.85, true },
    { "unwrap suite 1, 4x16", "X25519, OpenSSL", SKP_METHOD_UNWRAP,
      SKP_SUITE_X25519_AES256CTR, skb_plain_x25519, 1.60, false },
    { "decrypt 1 KiB suite 2, 4x16", "open envelope", SKP_METHOD_DECRYPT,
      SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_decrypt, 0.90, false },
    { "encrypt 1 KiB suite 2, 4x16", "make envelope", SKP_METHOD_ENCRYPT,
      SKP_SUITE_X25519_HPKE_AES256GCM, skb_plain_encrypt, 0.90, false },
};

static void run_duels(struct skb_bench *bench,
                      const struct skb_host *host,
                      const struct skb_host *single)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(duels); i++) {
        run_duel(bench, duels[i].is_single ? single : host, &duels[i]);
    }
}

void skb_rows_crypto(struct skb_bench *bench)
{
    static const struct skb_host_config config = {
        .name = "one",
        .n_tenants = N_TENANTS,
        .seeds = SKB_SEEDS_LOCAL,
        .workers = 1,
        .cores = SKB_CORE_SERVER,
    };
    struct skb_host_config single_config = config;
    struct skb_host host;
    struct skb_host single;

    single_config.name = "single";
    single_config.is_single = true;
    if (!skb_host_start(&host, &config)) {
        skb_table_skip(&bench->table, "unwrap, decrypt, encrypt",
                       "sidekeyd did not start");
        return;
    }
    if (skb_host_start(&single, &single_config)) {
        run_duels(bench, &host, &single);
        skb_host_stop(&single);
    } else {
        skb_table_skip(&bench->table, "unwrap, decrypt, encrypt",
                       "sidekeyd did not start");
    }
    skb_host_stop(&host);
}
