/* rows_scale.c - many tenants: memory, and how long a start takes; see rows.h.
 * The other rows of scale.h are added on the way. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/lister.h"
#include "tests/bench/scale.h"

#define N_FOOTMARK 3u

/* ---- memory ------------------------------------------------------------- */

struct footprint {
    double resident; /* its own pages, locked ones among them */
    double locked;
    double start_s;
};

/* Once what the refresh has freed has gone back to the kernel. */
static bool read_footprint(const struct skb_host *host, struct footprint *ret)
{
    const struct timespec nap = { 1, 0 };
    struct sidekey_agent_status *status = calloc(1, sizeof *status);
    bool is_read =
        status != NULL && nanosleep(&nap, NULL) == 0 &&
        sidekey_agent_status(host->client, SKB_CALL_MS, status) == SIDEKEY_OK;

    if (is_read) {
        *ret =
            (struct footprint){ (double)skb_resident_own(host->pid),
                                (double)status->locked_bytes, host->start_s };
        if (strcmp(status->memory_tier, "memfd_secret") == 0) {
            ret->resident += ret->locked;
        }
    }
    free(status);
    return is_read;
}

void skb_add_bytes(struct skb_bench *bench,
                   const char *what,
                   const char *against,
                   double bytes,
                   double goal)
{
    /* What is next to nothing may come out below zero. */
    double at_least = bytes > 0.01 ? bytes : 0.01;
    struct skb_row row = { .what = what,
                           .against = against,
                           .note = "",
                           .unit = "bytes",
                           .value = at_least,
                           .peer_value = goal,
                           .ratio = at_least / goal,
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.0 };

    skb_table_add(&bench->table, &row);
}

/* The names of one size's rows. */
struct scale {
    const char *host;
    size_t n_tenants;
    const char *locked;
    const char *resident;
    const char *start;
};

static void add_footprint(struct skb_bench *bench,
                          const struct scale *scale,
                          const struct footprint *one,
                          const struct footprint *now)
{
    double n = (double)(scale->n_tenants - 1);
    struct skb_row row = { .what = scale->start,
                           .against = "",
                           .note = "from exec to ready",
                           .unit = "s",
                           .value = now->start_s,
                           .per_s = (double)scale->n_tenants / now->start_s,
                           .sense = SKB_GOAL_NONE };

    skb_add_bytes(bench, scale->locked, "allowed per tenant",
                  (now->locked - one->locked) / n, 64.0);
    skb_add_bytes(bench, scale->resident, "allowed per tenant",
                  (now->resident - one->resident) / n, 256.0);
    if (scale->start != NULL) {
        skb_table_add(&bench->table, &row);
    }
}

bool skb_start_list(struct skb_host *host, const char *name, size_t n)
{
    const struct skb_host_config config = { .name = name,
                                            .n_tenants = n,
                                            .seeds = SKB_SEEDS_LIST,
                                            .workers = 1,
                                            .cores = SKB_CORE_BOTH };

    return skb_host_start(host, &config);
}

/* ---- all of it ---------------------------------------------------------- */

static void measure_enormous(struct skb_bench *bench,
                             const struct skb_host *few,
                             const struct footprint *one)
{
    static const struct scale scale = { "enormous", SKB_ENORMOUS,
                                        "locked, 1,000,000 tenants",
                                        "resident, 1,000,000 tenants", NULL };
    struct footprint now = { 0 };
    struct skb_lister *lister = NULL;
    double cpu_s = 0.0;
    struct skb_host host = { .pid = -1 };

    if (skb_add_first(bench, SKB_ENORMOUS, &host, &lister, &cpu_s) &&
        read_footprint(&host, &now)) {
        add_footprint(bench, &scale, one, &now);
        skb_add_lookups(bench, "pubkey, 1,000,000 tenants", few, &host,
                        SKB_ENORMOUS);
        skb_add_unchanged(bench, &host, lister, cpu_s);
    } else {
        skb_table_skip(&bench->table, "1,000,000 tenants",
                       "sidekeyd did not start");
    }
    skb_host_stop(&host);
    skb_lister_stop(&lister);
}

void skb_rows_scale(struct skb_bench *bench)
{
    static const struct scale scales[] = {
        { "single", 1, NULL, NULL, NULL },
        { "few", SKB_FEW, "locked, 1,000 tenants", "resident, 1,000 tenants",
          "start, 1,000 tenants" },
        { "many", SKB_MANY, "locked, 100,000 tenants",
          "resident, 100,000 tenants", "start, 100,000 tenants" },
    };
    struct footprint prints[N_FOOTMARK];
    struct skb_host hosts[N_FOOTMARK] = { 0 };
    bool is_started = true;

    for (size_t i = 0; i < N_FOOTMARK && is_started; i++) {
        is_started =
            skb_start_list(&hosts[i], scales[i].host, scales[i].n_tenants) &&
            read_footprint(&hosts[i], &prints[i]);
        if (is_started && i > 0) {
            add_footprint(bench, &scales[i], &prints[0], &prints[i]);
        }
    }
    if (is_started) {
        skb_add_lookups(bench, "pubkey, 100,000 tenants", &hosts[1], &hosts[2],
                        SKB_MANY);
        skb_add_latency(bench, &hosts[2]);
        skb_add_swaps(bench);
        measure_enormous(bench, &hosts[1], &prints[0]);
    } else {
        skb_table_skip(&bench->table, "many tenants", "sidekeyd did not start");
    }
    for (size_t i = 0; i < N_FOOTMARK; i++) {
        skb_host_stop(&hosts[i]);
    }
}
