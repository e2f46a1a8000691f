/* rows_kmip.c - private tenants behind a key server that is 5 ms away; see
 * rows.h.  Time and round trips follow from the latency alone, so one run of
 * each is enough. */
#include <stdio.h>
#include <stdlib.h>

#include "protocol/base.h"
#include "tests/bench/host.h"
#include "tests/bench/kms.h"
#include "tests/bench/rows.h"

#define LATENCY_US 5000u
#define N_TENANTS  10000u

struct way {
    const char *what;
    const char *host;
    size_t n_tenants; /* fewer where 10,000 would take minutes */
    unsigned depth;
    bool is_single; /* the server refuses batches */
};

static const struct way ways[] = {
    { "KMIP 10,000, depth 1, one by one", "kmip1", N_TENANTS / 10, 1, true },
    { "KMIP 10,000, depth 8, one by one", "kmip8", N_TENANTS, 8, true },
    { "KMIP 10,000, depth 1, batched", "kmip1batched", N_TENANTS, 1, false },
    { "KMIP 10,000, depth 8, batched", "kmip8batched", N_TENANTS, 8, false },
};
#define N_WAYS SKP_ARRAY_LEN(ways)

/* What all tenants take: seconds from exec to ready, and messages. */
struct cost {
    double s;
    double messages;
};

static bool measure(const struct way *way, struct cost *ret)
{
    struct skb_kms *kms = skb_kms_start(LATENCY_US, way->is_single);
    char *kms_config = skb_kms_config(kms, way->depth);
    const struct skb_host_config config = { .name = way->host,
                                            .n_tenants = way->n_tenants,
                                            .seeds = SKB_SEEDS_LIST,
                                            .workers = 1,
                                            .cores = SKB_CORE_BOTH,
                                            .kms_config = kms_config };
    double scale = (double)N_TENANTS / (double)way->n_tenants;
    struct skb_host host;
    bool is_started = skb_host_start(&host, &config);

    if (is_started) {
        *ret = (struct cost){ host.start_s * scale,
                              (double)skb_kms_messages(kms) * scale };
        skb_host_stop(&host);
    }
    skb_kms_stop(&kms);
    free(kms_config);
    return is_started;
}

static void add_row(struct skb_bench *bench,
                    size_t nth,
                    const struct cost *cost,
                    const struct cost *slowest)
{
    static char notes[N_WAYS][96];
    const struct way *way = &ways[nth];
    double least = cost->messages * LATENCY_US / 1e6 / way->depth;
    struct skb_row row = { .what = way->what,
                           .against = "messages on their way",
                           .note = notes[nth],
                           .unit = "s",
                           .value = cost->s,
                           .peer_value = least,
                           .ratio = cost->s / least,
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.5,
                           .per_s = N_TENANTS / cost->s };

    (void)snprintf(notes[nth], sizeof notes[nth],
                   "%.0f messages, %.1f times as fast as one by one%s",
                   cost->messages, slowest->s / cost->s,
                   way->n_tenants < N_TENANTS ? "; ten times 1,000" : "");
    skb_table_add(&bench->table, &row);
}

void skb_rows_kmip(struct skb_bench *bench)
{
    struct cost costs[N_WAYS];

    for (size_t i = 0; i < N_WAYS; i++) {
        if (!measure(&ways[i], &costs[i])) {
            skb_table_skip(&bench->table, ways[i].what,
                           "sidekeyd did not start");
            return;
        }
        add_row(bench, i, &costs[i], &costs[0]);
    }
}
