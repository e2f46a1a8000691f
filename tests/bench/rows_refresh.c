/* rows_refresh.c - what reading a long list costs; see scale.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "protocol/key.h"
#include "tests/bench/lister.h"
#include "tests/bench/scale.h"

/* As short as it may be, so that refreshes come by themselves: those that an
 * operator asks for read the whole list. */
#define PERIOD      "2s"
#define N_REFRESHES 3u
#define PATIENCE_NS UINT64_C(60000000000)
#define RAW_BATCH   64u
/* Before, and again after: a burst runs at a higher clock. */
#define RAW_S     5.0
#define CORES_MAX 64u

/* ---- what the cores can do ----------------------------------------------- */

struct raw {
    uint64_t end_ns;
    atomic_ullong n_keys;
};

static void *multiply(void *arg)
{
    static const uint8_t private_key[SKP_KEY_LEN] = { 7 };
    struct raw *raw = arg;
    const uint8_t *private_keys[RAW_BATCH];
    uint8_t public_keys[RAW_BATCH][SKP_KEY_LEN];

    for (size_t i = 0; i < RAW_BATCH; i++) {
        private_keys[i] = private_key;
    }
    skb_pin(SKB_CORE_BOTH);
    while (skb_now_ns() < raw->end_ns) {
        skp_key_public_batch(private_keys, RAW_BATCH, public_keys);
        atomic_fetch_add(&raw->n_keys, RAW_BATCH);
    }
    return NULL;
}

/* Public keys a second, as a refresh derives them, on the cores that the agent
 * may use. */
static double measure_raw(double seconds)
{
    struct raw raw = { .end_ns = 0 };
    pthread_t threads[CORES_MAX];
    unsigned n_threads = skb_cores() < 2 ? 1 : 2;
    uint64_t start_ns = skb_now_ns();

    atomic_init(&raw.n_keys, 0);
    raw.end_ns = start_ns + (uint64_t)(seconds * 1e9);
    for (unsigned i = 0; i < n_threads; i++) {
        if (pthread_create(&threads[i], NULL, multiply, &raw) != 0) {
            return 0.0;
        }
    }
    for (unsigned i = 0; i < n_threads; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return (double)atomic_load(&raw.n_keys) * 1e9 /
           (double)(skb_now_ns() - start_ns);
}

/* ---- the first ----------------------------------------------------------- */

bool skb_add_first(struct skb_bench *bench,
                   size_t n,
                   struct skb_host *host,
                   struct skb_lister **lister,
                   double *cpu_s)
{
    const struct skb_list list = { .name = "paged", .n_tenants = n };
    struct skb_host_config config = { .name = "paged",
                                      .n_tenants = n,
                                      .seeds = SKB_SEEDS_LIST,
                                      .workers = 1,
                                      .cores = SKB_CORE_BOTH,
                                      .period = PERIOD };
    struct skb_row row = { .what = "first refresh, 1,000,000 public",
                           .against = "base-point products",
                           .note = "from exec to ready, pages over HTTP",
                           .unit = "s",
                           .sense = SKB_GOAL_AT_LEAST,
                           .goal = 0.8 };
    double raw;

    *lister = skb_lister_start(&list);
    config.url = skb_lister_url(*lister);
    raw = measure_raw(RAW_S);
    if (!skb_host_start(host, &config)) {
        return false;
    }
    *cpu_s = (double)skb_process_cpu_ns(host->pid) / 1e9;
    raw = (raw + measure_raw(RAW_S)) / 2;
    row.value = host->start_s;
    row.peer_value = (double)n / raw;
    row.ratio = row.peer_value / row.value;
    row.per_s = (double)n / row.value;
    row.peer_per_s = raw;
    skb_table_add(&bench->table, &row);
    return true;
}

/* ---- those after it ------------------------------------------------------ */

/* Wait until @wanted pages were unchanged; false when they never are. */
static bool wait_for_pages(const struct skb_lister *lister, unsigned wanted)
{
    const struct timespec nap = { 0, 10000000L };
    uint64_t end_ns = skb_now_ns() + PATIENCE_NS;

    while (skb_lister_unchanged(lister) < wanted) {
        if (skb_now_ns() > end_ns) {
            return false;
        }
        (void)nanosleep(&nap, NULL);
    }
    return true;
}

void skb_add_unchanged(struct skb_bench *bench,
                       const struct skb_host *host,
                       const struct skb_lister *lister,
                       double first_s)
{
    unsigned n_pages = skb_lister_pages(lister);
    /* From the end of one refresh to the end of another. */
    unsigned first = (skb_lister_unchanged(lister) / n_pages + 1) * n_pages;
    uint64_t cpu_ns = 0;
    struct skb_row row = { .what = "refresh, 1,000,000 unchanged (304)",
                           .against = "the first refresh",
                           .note = "CPU time of the agent",
                           .unit = "ms",
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 0.01 };

    if (wait_for_pages(lister, first)) {
        cpu_ns = skb_process_cpu_ns(host->pid);
    }
    if (!wait_for_pages(lister, first + N_REFRESHES * n_pages)) {
        skb_table_skip(&bench->table, row.what, "it was read again");
        return;
    }
    cpu_ns = skb_process_cpu_ns(host->pid) - cpu_ns;
    row.value = (double)cpu_ns / 1e6 / N_REFRESHES;
    row.peer_value = first_s * 1e3;
    row.ratio = row.value / row.peer_value;
    skb_table_add(&bench->table, &row);
}
