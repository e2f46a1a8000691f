/* rows_lookup.c - finding a tenant among many; see scale.h. */
#include "tests/bench/scale.h"
#include "tests/bench/tenants.h"

/* Tenants that are asked for: more than fit into a core's own cache. */
#define N_ITEMS 16384u

struct side {
    const struct skb_host *host;
    struct skb_envelopes envelopes;
    struct skb_script script;
    struct skb_series series;
};

static void init_side(struct side *side,
                      const struct skb_host *host,
                      size_t n_items,
                      size_t n_tenants)
{
    *side = (struct side){ .host = host };
    skb_envelopes_init(&side->envelopes, SKP_SUITE_X25519_AES256CTR, n_items,
                       n_tenants);
    skb_script_make(&side->script, SKP_METHOD_PUBKEY, &side->envelopes);
}

static void done_side(struct side *side)
{
    skb_script_done(&side->script);
    skb_envelopes_done(&side->envelopes);
}

static void run_side(struct side *side, double seconds)
{
    const struct skb_load load = { side->host->socket, side->host->pid, 4, 16,
                                   seconds };
    struct skb_result result = skb_load_run(&load, &side->script);

    skb_series_keep(&side->series, &result);
}

void skb_add_lookups(struct skb_bench *bench,
                     const char *what,
                     const struct skb_host *few,
                     const struct skb_host *many,
                     size_t n_many)
{
    static struct side sides[2];
    struct skb_row row = { .what = what,
                           .against = "1,000 tenants",
                           .note = "",
                           .unit = "us",
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.5 };
    struct skb_result ours;
    struct skb_result peer;

    init_side(&sides[0], few, SKB_FEW, SKB_FEW);
    init_side(&sides[1], many, N_ITEMS, n_many);
    for (unsigned i = 0; i < bench->runs; i++) {
        run_side(&sides[0], bench->seconds / 2);
        run_side(&sides[1], bench->seconds / 2);
    }
    peer = skb_series_median(&sides[0].series);
    ours = skb_series_median(&sides[1].series);
    row.value = ours.cpu_us;
    row.peer_value = peer.cpu_us;
    row.ratio = row.value / row.peer_value;
    skb_row_set_sides(&row, &ours, &peer);
    skb_table_add(&bench->table, &row);
    done_side(&sides[0]);
    done_side(&sides[1]);
}
