/* rows_peers.c - unwrap against other agents that hold private keys; see
 * rows.h. */
#include <stdio.h>

#include "tests/bench/peers.h"
#include "tests/bench/rows.h"
#include "tests/bench/tenants.h"

#define N_TENANTS 1000u
#define N_ITEMS   64u
#define N_TRIALS  3u
#define GOAL      5.0

const struct skb_shape skb_shapes[SKB_SHAPES] = {
    { 1, 1 }, { 4, 1 }, { 16, 1 }, { 4, 16 }
};

static const struct skb_peer_kind *const kinds[] = { &skb_peer_gpg,
                                                     &skb_peer_ssh,
                                                     &skb_peer_p11 };

#define N_PEERS (sizeof kinds / sizeof kinds[0])

/* A peer that runs, how it is asked, and what its runs gave. */
struct rival {
    struct skb_peer peer;
    bool is_running;
    struct skb_shape shape;
    struct skb_series series;
    char note[96];
};

static struct skb_result run_rival(const struct rival *rival,
                                   const struct skb_shape *shape,
                                   double seconds)
{
    const struct skb_load load = { rival->peer.host.socket,
                                   rival->peer.host.pid, shape->connections,
                                   shape->depth, seconds };

    return rival->peer.kind->run(&rival->peer, &load);
}

/* Ask in each way that it may be asked, and keep the one that suits it best:
 * the highest rate in any of a few short trials. */
static void choose_shape(struct rival *rival, double seconds)
{
    double best_per_s = 0.0;

    rival->shape = skb_shapes[0];
    for (unsigned trial = 0; trial < N_TRIALS; trial++) {
        for (size_t i = 0; i < rival->peer.kind->n_shapes; i++) {
            struct skb_result result =
                run_rival(rival, &skb_shapes[i], seconds / 5.0);

            if (result.n_errors == 0 && result.per_s > best_per_s) {
                best_per_s = result.per_s;
                rival->shape = skb_shapes[i];
            }
        }
    }
    (void)snprintf(rival->note, sizeof rival->note,
                   "the peer's best way to be asked: %ux%u",
                   rival->shape.connections, rival->shape.depth);
}

static void start_rival(struct skb_bench *bench,
                        struct rival *rival,
                        const struct skb_peer_kind *kind)
{
    *rival = (struct rival){ .peer = { .kind = kind } };
    if (!kind->is_installed()) {
        (void)snprintf(rival->note, sizeof rival->note,
                       "%s is not installed (make bench-deps)", kind->name);
    } else if (!kind->start(&rival->peer)) {
        (void)snprintf(rival->note, sizeof rival->note, "%s did not start",
                       kind->name);
    } else {
        rival->is_running = true;
        choose_shape(rival, bench->seconds);
    }
}

static void add_row(struct skb_bench *bench,
                    const struct rival *rival,
                    const struct skb_result *ours)
{
    struct skb_result theirs = skb_series_median(&rival->series);
    struct skb_row row = { .what = "unwrap suite 2, 4x16",
                           .against = rival->peer.kind->against,
                           .note = rival->note,
                           .unit = "op/s",
                           .value = ours->per_s,
                           .peer_value = theirs.per_s,
                           .ratio = ours->per_s / theirs.per_s,
                           .sense = SKB_GOAL_AT_LEAST,
                           .goal = GOAL };

    if (!rival->is_running) {
        skb_table_skip(&bench->table, row.what, rival->note);
        return;
    }
    skb_row_set_sides(&row, ours, &theirs);
    skb_table_add(&bench->table, &row);
}

/* All of them in turns, so that what else the machine does meets each. */
static void run_rivals(struct skb_bench *bench,
                       struct rival rivals[N_PEERS],
                       const struct skb_host *host,
                       const struct skb_script *script)
{
    const struct skb_load load = { host->socket, host->pid, 4, 16,
                                   bench->seconds };
    struct skb_series ours = { .n = 0 };
    struct skb_result mine;

    for (unsigned i = 0; i < bench->runs; i++) {
        mine = skb_load_run(&load, script);
        skb_series_keep(&ours, &mine);
        for (size_t j = 0; j < N_PEERS; j++) {
            if (rivals[j].is_running) {
                struct skb_result theirs =
                    run_rival(&rivals[j], &rivals[j].shape, bench->seconds);

                skb_series_keep(&rivals[j].series, &theirs);
            }
        }
    }
    mine = skb_series_median(&ours);
    for (size_t i = 0; i < N_PEERS; i++) {
        add_row(bench, &rivals[i], &mine);
    }
}

void skb_rows_peers(struct skb_bench *bench)
{
    static const struct skb_host_config config = {
        .name = "peers",
        .n_tenants = N_TENANTS,
        .seeds = SKB_SEEDS_LOCAL,
        .workers = 1,
        .cores = SKB_CORE_SERVER,
    };
    /* The table keeps their notes. */
    static struct rival rivals[N_PEERS];
    struct skb_envelopes envelopes;
    struct skb_script script;
    struct skb_host host;

    if (!skb_host_start(&host, &config)) {
        skb_table_skip(&bench->table, "unwrap against other agents",
                       "sidekeyd did not start");
        return;
    }
    for (size_t i = 0; i < N_PEERS; i++) {
        start_rival(bench, &rivals[i], kinds[i]);
    }
    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, N_ITEMS,
                       N_TENANTS);
    skb_script_make(&script, SKP_METHOD_UNWRAP, &envelopes);
    run_rivals(bench, rivals, &host, &script);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
    for (size_t i = 0; i < N_PEERS; i++) {
        if (rivals[i].is_running) {
            skb_script_done(&rivals[i].peer.script);
            skb_host_stop(&rivals[i].peer.host);
        }
    }
    skb_host_stop(&host);
}
