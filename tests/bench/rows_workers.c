/* rows_workers.c - two workers on two cores, against one; see rows.h.
 *
 * What a second worker may cost the first is what they share: lines of the
 * caches, the heap, the counters.  What it must not be confused with is the
 * second core, which is not as fast as the first: it may be a thread of it, and
 * on a machine of others neighbours slow one core and then the other, by a
 * third and for seconds.  So one worker is measured on each core in turn, with
 * the generator on the other, which a plain loop keeps busy; and turns are
 * short.
 */
#include "tests/bench/filler.h"
#include "tests/bench/host.h"
#include "tests/bench/rows.h"
#include "tests/bench/tenants.h"

#define WHAT      "unwrap suite 2, two workers"
#define N_TENANTS 1000u
#define N_ITEMS   64u
/* Turns of a run. */
#define N_TURNS 5u

enum {
    FIRST,
    SECOND,
    BOTH,
    N_HOSTS
};

/* @generator: the core of the generator; a filler works there, too, unless the
 * server does. */
static void take_turn(const struct skb_host *host,
                      const struct skb_script *script,
                      double seconds,
                      enum skb_cores generator,
                      bool is_filled,
                      struct skb_series *series)
{
    const struct skb_load load = { host->socket, host->pid, 4, 16, seconds };
    struct skb_filler *filler = is_filled ? skb_filler_start(generator) : NULL;
    struct skb_result result;

    skb_pin(generator);
    result = skb_load_run(&load, script);
    skb_series_keep(series, &result);
    if (filler != NULL) {
        skb_filler_stop(&filler);
    }
    skb_pin(SKB_CORE_GENERATOR);
}

static void run_turns(struct skb_bench *bench,
                      const struct skb_host hosts[N_HOSTS],
                      const struct skb_script *script,
                      struct skb_series *one,
                      struct skb_series *two)
{
    double seconds = bench->seconds / N_TURNS;
    struct skb_series alone = { .n = 0 };
    struct skb_series both = { .n = 0 };
    struct skb_result result;

    for (unsigned i = 0; i < N_TURNS; i++) {
        take_turn(&hosts[FIRST], script, seconds / 2, SKB_CORE_GENERATOR, true,
                  &alone);
        take_turn(&hosts[BOTH], script, seconds, SKB_CORE_GENERATOR, false,
                  &both);
        take_turn(&hosts[SECOND], script, seconds / 2, SKB_CORE_SERVER, true,
                  &alone);
    }
    result = skb_series_total(&alone);
    skb_series_keep(one, &result);
    result = skb_series_total(&both);
    skb_series_keep(two, &result);
}

static void measure(struct skb_bench *bench,
                    const struct skb_host hosts[N_HOSTS])
{
    struct skb_row row = { .what = WHAT,
                           .against = "one worker",
                           .note = "one: on each core in turn, the other busy",
                           .unit = "us",
                           .sense = SKB_GOAL_AT_LEAST,
                           .goal = 0.95 };
    struct skb_series one = { .n = 0 };
    struct skb_series two = { .n = 0 };
    struct skb_envelopes envelopes;
    struct skb_script script;
    struct skb_result mine;
    struct skb_result theirs;

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, N_ITEMS,
                       N_TENANTS);
    skb_script_make(&script, SKP_METHOD_UNWRAP, &envelopes);
    for (unsigned i = 0; i < bench->runs; i++) {
        run_turns(bench, hosts, &script, &one, &two);
    }
    mine = skb_series_median(&two);
    theirs = skb_series_median(&one);
    row.value = mine.cpu_us;
    row.peer_value = theirs.cpu_us;
    row.ratio = theirs.cpu_us / mine.cpu_us;
    skb_row_set_sides(&row, &mine, &theirs);
    skb_table_add(&bench->table, &row);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

void skb_rows_workers(struct skb_bench *bench)
{
    static const struct {
        const char *name;
        unsigned workers;
        enum skb_cores cores;
    } ways[N_HOSTS] = { [FIRST] = { "first", 1, SKB_CORE_SERVER },
                        [SECOND] = { "second", 1, SKB_CORE_GENERATOR },
                        [BOTH] = { "both", 2, SKB_CORE_BOTH } };
    struct skb_host hosts[N_HOSTS] = { 0 };
    bool is_started = true;

    if (skb_cores() < 2) {
        skb_table_skip(&bench->table, WHAT, "there is one core");
        return;
    }
    for (size_t i = 0; i < N_HOSTS && is_started; i++) {
        const struct skb_host_config config = { .name = ways[i].name,
                                                .n_tenants = N_TENANTS,
                                                .seeds = SKB_SEEDS_LOCAL,
                                                .workers = ways[i].workers,
                                                .cores = ways[i].cores };

        is_started = skb_host_start(&hosts[i], &config);
    }
    if (is_started) {
        measure(bench, hosts);
    } else {
        skb_table_skip(&bench->table, WHAT, "sidekeyd did not start");
    }
    for (size_t i = 0; i < N_HOSTS; i++) {
        skb_host_stop(&hosts[i]);
    }
}
