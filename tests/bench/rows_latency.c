/* rows_latency.c - requests beside a refresh; see scale.h. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/bench/scale.h"
#include "tests/bench/tenants.h"

/* Refreshes one after the other until told to end. */
struct refreshing {
    struct sidekey *client;
    atomic_bool is_over;
    unsigned n_refreshes;
    unsigned n_errors;
};

static void *keep_refreshing(void *arg)
{
    struct refreshing *refreshing = arg;

    while (!atomic_load(&refreshing->is_over)) {
        if (sidekey_refresh(refreshing->client, false, SKB_CALL_MS) ==
            SIDEKEY_OK) {
            refreshing->n_refreshes++;
        } else {
            refreshing->n_errors++;
        }
    }
    return NULL;
}

static struct skb_result run_refreshing(const struct skb_load *load,
                                        const struct skb_script *script,
                                        struct skb_host *host,
                                        struct skb_row *row)
{
    struct refreshing refreshing = { .client = host->client };
    struct skb_result result = { .n_errors = 1 };
    pthread_t thread;

    if (pthread_create(&thread, NULL, keep_refreshing, &refreshing) == 0) {
        result = skb_load_run(load, script);
        atomic_store(&refreshing.is_over, true);
        (void)pthread_join(thread, NULL);
    }
    row->n_errors += refreshing.n_errors;
    return result;
}

void skb_add_latency(struct skb_bench *bench, struct skb_host *many)
{
    const struct skb_load load = { many->socket, many->pid, 1, 1,
                                   bench->seconds };
    struct skb_row row = { .what = "unwrap 1x1 p99, 100,000 refreshing",
                           .against = "no refresh",
                           .note = "agent on both cores",
                           .unit = "us p99",
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.5 };
    struct skb_series quiet = { .n = 0 };
    struct skb_series busy = { .n = 0 };
    struct skb_envelopes envelopes;
    struct skb_script script;
    struct skb_result ours;
    struct skb_result peer;

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, 64,
                       SKB_MANY);
    skb_script_make(&script, SKP_METHOD_UNWRAP, &envelopes);
    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_result first = skb_load_run(&load, &script);
        struct skb_result second = run_refreshing(&load, &script, many, &row);

        skb_series_keep(&quiet, &first);
        skb_series_keep(&busy, &second);
    }
    peer = skb_series_median(&quiet);
    ours = skb_series_median(&busy);
    row.value = ours.p99_us;
    row.peer_value = peer.p99_us;
    row.ratio = row.value / row.peer_value;
    skb_row_set_sides(&row, &ours, &peer);
    skb_table_add(&bench->table, &row);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}
