/* rows_scale.c - many tenants, many connections; see rows.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/host.h"
#include "tests/bench/rows.h"
#include "tests/bench/tenants.h"

#define CALL_MS    120000u
#define N_ITEMS    4096u
#define FEW        1000u
#define MANY       100000u
#define ENORMOUS   1000000u
#define N_FOOTMARK 3u

/* ---- memory ------------------------------------------------------------- */

struct footprint {
    double resident;
    double locked;
    double start_s;
};

static bool read_footprint(const struct skb_host *host, struct footprint *ret)
{
    struct sidekey_agent_status *status = calloc(1, sizeof *status);
    bool is_read = status != NULL && sidekey_agent_status(host->client, CALL_MS,
                                                          status) == SIDEKEY_OK;

    if (is_read) {
        *ret =
            (struct footprint){ (double)skb_resident(host->pid),
                                (double)status->locked_bytes, host->start_s };
    }
    free(status);
    return is_read;
}

/* A row of bytes; with a note it is for information. */
static void add_bytes(struct skb_bench *bench,
                      const char *what,
                      const char *against,
                      double bytes,
                      double goal,
                      const char *note)
{
    /* What is next to nothing may come out below zero. */
    double at_least = bytes > 0.01 ? bytes : 0.01;
    struct skb_row row = { .what = what,
                           .against = against,
                           .note = note,
                           .unit = "bytes",
                           .value = at_least,
                           .peer_value = goal,
                           .ratio = at_least / goal,
                           .sense =
                               *note == '\0' ? SKB_GOAL_AT_MOST : SKB_GOAL_NONE,
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
    /* The allocator keeps some freed pages, however few tenants there are. */
    const char *note =
        scale->n_tenants < MANY ? "mostly freed pages, a constant" : "";
    struct skb_row row = { .what = scale->start,
                           .against = "",
                           .note = "from exec to ready",
                           .unit = "s",
                           .value = now->start_s,
                           .per_s = (double)scale->n_tenants / now->start_s,
                           .sense = SKB_GOAL_NONE };

    add_bytes(bench, scale->locked, "allowed per tenant",
              (now->locked - one->locked) / n, 64.0, "");
    add_bytes(bench, scale->resident, "allowed per tenant",
              (now->resident - one->resident) / n, 256.0, note);
    skb_table_add(&bench->table, &row);
}

static bool start_list(struct skb_host *host, const char *name, size_t n)
{
    const struct skb_host_config config = { name, n, SKB_SEEDS_LIST, 1,
                                            SKB_CORE_BOTH };

    return skb_host_start(host, &config);
}

/* ---- lookups ------------------------------------------------------------ */

static void compare_lookups(struct skb_bench *bench,
                            const struct skb_host *few,
                            const struct skb_host *many)
{
    const struct skb_load loads[] = {
        { few->socket, few->pid, 4, 16, bench->seconds / 2 },
        { many->socket, many->pid, 4, 16, bench->seconds / 2 },
    };
    struct skb_row row = { .what = "pubkey, 100,000 tenants",
                           .against = "1,000 tenants",
                           .note = "",
                           .unit = "us",
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.5 };
    double cpu_us[2][SKB_RUNS_MAX];
    double per_s[2][SKB_RUNS_MAX];
    struct skb_envelopes envelopes[2];
    struct skb_script scripts[2];

    skb_envelopes_init(&envelopes[0], SKP_SUITE_X25519_AES256CTR, FEW, FEW);
    skb_envelopes_init(&envelopes[1], SKP_SUITE_X25519_AES256CTR, N_ITEMS,
                       MANY);
    for (size_t side = 0; side < 2; side++) {
        skb_script_make(&scripts[side], SKP_METHOD_PUBKEY, &envelopes[side]);
    }
    for (unsigned i = 0; i < bench->runs; i++) {
        for (size_t side = 0; side < 2; side++) {
            struct skb_result result =
                skb_load_run(&loads[side], &scripts[side]);

            cpu_us[side][i] = result.cpu_us;
            per_s[side][i] = result.per_s;
            row.n_errors += result.n_errors;
        }
    }
    row.peer_value = skb_median(cpu_us[0], bench->runs);
    row.value = skb_median(cpu_us[1], bench->runs);
    row.peer_per_s = skb_median(per_s[0], bench->runs);
    row.per_s = skb_median(per_s[1], bench->runs);
    row.ratio = row.value / row.peer_value;
    skb_table_add(&bench->table, &row);
    for (size_t side = 0; side < 2; side++) {
        skb_script_done(&scripts[side]);
        skb_envelopes_done(&envelopes[side]);
    }
}

/* ---- latency under a refresh -------------------------------------------- */

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
        if (sidekey_refresh(refreshing->client, false, CALL_MS) == SIDEKEY_OK) {
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

static void compare_refresh(struct skb_bench *bench, struct skb_host *many)
{
    const struct skb_load load = { many->socket, many->pid, 1, 1,
                                   bench->seconds };
    struct skb_row row = { .what = "unwrap 1x1 p99, 100,000 refreshing",
                           .against = "no refresh",
                           .note = "agent on both cores",
                           .unit = "us p99",
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.5 };
    double quiet_us[SKB_RUNS_MAX];
    double busy_us[4][SKB_RUNS_MAX];
    struct skb_envelopes envelopes;
    struct skb_script script;

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, 64, MANY);
    skb_script_make(&script, SKP_METHOD_UNWRAP, &envelopes);
    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_result quiet = skb_load_run(&load, &script);
        struct skb_result busy = run_refreshing(&load, &script, many, &row);

        quiet_us[i] = quiet.p99_us;
        busy_us[0][i] = busy.p50_us;
        busy_us[1][i] = busy.p99_us;
        busy_us[2][i] = busy.p999_us;
        busy_us[3][i] = busy.per_s;
        row.n_errors += quiet.n_errors + busy.n_errors;
    }
    row.peer_value = skb_median(quiet_us, bench->runs);
    row.p50_us = skb_median(busy_us[0], bench->runs);
    row.p99_us = skb_median(busy_us[1], bench->runs);
    row.p999_us = skb_median(busy_us[2], bench->runs);
    row.per_s = skb_median(busy_us[3], bench->runs);
    row.value = row.p99_us;
    row.ratio = row.value / row.peer_value;
    skb_table_add(&bench->table, &row);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

/* ---- all of it ---------------------------------------------------------- */

static void measure_enormous(struct skb_bench *bench,
                             const struct footprint *one)
{
    static const struct scale scale = { "enormous", ENORMOUS,
                                        "locked, 1,000,000 tenants",
                                        "resident, 1,000,000 tenants",
                                        "start, 1,000,000 tenants" };
    struct footprint now = { 0 };
    struct skb_host host;

    if (!bench->is_large) {
        skb_table_skip(&bench->table, "1,000,000 tenants", "set BENCH_LARGE=1");
        return;
    }
    if (!start_list(&host, scale.host, scale.n_tenants) ||
        !read_footprint(&host, &now)) {
        skb_table_skip(&bench->table, "1,000,000 tenants",
                       "sidekeyd did not start");
        return;
    }
    add_footprint(bench, &scale, one, &now);
    skb_host_stop(&host);
}

void skb_rows_scale(struct skb_bench *bench)
{
    static const struct scale scales[] = {
        { "single", 1, NULL, NULL, NULL },
        { "few", FEW, "locked, 1,000 tenants", "resident, 1,000 tenants",
          "start, 1,000 tenants" },
        { "many", MANY, "locked, 100,000 tenants", "resident, 100,000 tenants",
          "start, 100,000 tenants" },
    };
    struct footprint prints[N_FOOTMARK];
    struct skb_host hosts[N_FOOTMARK] = { 0 };
    bool is_started = true;

    for (size_t i = 0; i < N_FOOTMARK && is_started; i++) {
        is_started =
            start_list(&hosts[i], scales[i].host, scales[i].n_tenants) &&
            read_footprint(&hosts[i], &prints[i]);
        if (is_started && i > 0) {
            add_footprint(bench, &scales[i], &prints[0], &prints[i]);
        }
    }
    if (is_started) {
        compare_lookups(bench, &hosts[1], &hosts[2]);
        compare_refresh(bench, &hosts[2]);
        measure_enormous(bench, &prints[0]);
    } else {
        skb_table_skip(&bench->table, "many tenants", "sidekeyd did not start");
    }
    for (size_t i = 0; i < N_FOOTMARK; i++) {
        skb_host_stop(&hosts[i]);
    }
}

/* ---- idle connections --------------------------------------------------- */

/* Open connections until there are @wanted, each of which has asked once. */
static size_t open_idle(const struct skb_host *host,
                        const struct skb_script *script,
                        int *fds,
                        size_t there,
                        size_t wanted)
{
    uint8_t answer[SKB_MESSAGE_MAX];

    while (there < wanted) {
        int fd = skb_connect(host->socket);

        if (fd < 0) {
            break;
        }
        fds[there] = fd;
        if (write(fd, script->requests, script->request_len) !=
                (ssize_t)script->request_len ||
            read(fd, answer, script->answer_len) !=
                (ssize_t)script->answer_len) {
            (void)close(fd);
            break;
        }
        there++;
    }
    return there;
}

static void measure_idle(struct skb_bench *bench, const struct skb_host *host)
{
    static const struct {
        const char *what;
        size_t n;
    } steps[] = { { "resident, 1,000 idle connections", 1000 },
                  { "resident, 10,000 idle connections", 10000 } };
    double before = (double)skb_resident(host->pid);
    struct skb_envelopes envelopes;
    struct skb_script script;
    int *fds = calloc(steps[1].n, sizeof *fds);
    size_t there = 0;

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_AES256CTR, 1, 1);
    skb_script_make(&script, SKP_METHOD_PUBKEY, &envelopes);
    for (size_t i = 0; i < 2 && fds != NULL; i++) {
        there = open_idle(host, &script, fds, there, steps[i].n);
        if (there < steps[i].n) {
            skb_table_skip(&bench->table, steps[i].what,
                           "fewer connections were possible");
            break;
        }
        add_bytes(bench, steps[i].what, "allowed each",
                  ((double)skb_resident(host->pid) - before) / (double)there,
                  4096.0, "");
    }
    for (size_t i = 0; i < there; i++) {
        (void)close(fds[i]);
    }
    free(fds);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

void skb_rows_idle(struct skb_bench *bench)
{
    static const struct skb_host_config config = { "idle", 1, SKB_SEEDS_LOCAL,
                                                   1, SKB_CORE_BOTH };
    struct skb_host host;

    if (!skb_host_start(&host, &config)) {
        skb_table_skip(&bench->table, "idle connections",
                       "sidekeyd did not start");
        return;
    }
    measure_idle(bench, &host);
    skb_host_stop(&host);
}
