/* test_sweep_refresh.c - every fallible call fails once in a refresh: files, a
 * Coordinator's page, a key server, build, publish, forget and demand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/chain.h"
#include "agent/config/memory.h"
#include "agent/refresh/refresher.h"
#include "agent/refresh/run.h"
#include "agent/source/sources.h"
#include "agent/sys/json_heap.h"
#include "agent/sys/log.h"
#include "tests/lib/fault.h"
#include "tests/lib/kmip_rig.h"
#include "tests/lib/suite.h"

#define ID_OPEN  "67f1adf3-08e5-4eea-94e3-000000000001"
#define ID_LOCAL "67f1adf3-08e5-4eea-94e3-000000000002"
#define ID_KMS   "67f1adf3-08e5-4eea-94e3-000000000003"

static const char *const ids[] = { ID_OPEN, ID_LOCAL, ID_KMS };

static char folder[] = "/tmp/skt-sweep-XXXXXX";
static char page[64];
static char url[80];
static struct skt_kmip_rig rig;
static struct skd_config config;
static struct skd_chain chain;
static const struct skd_refresh_rules rules = { .update_period_ms = 60000,
                                                .keep_generations = 4,
                                                .removal_brake = 0.2,
                                                .demand_gap_ms = 5000 };

static void write_page(void)
{
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(page, sizeof page, "%s/list.json", folder);
    (void)snprintf(url, sizeof url, "file://%s", page);
    file = fopen(page, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(
        fputs("{\"revision\": 1, \"tenants\": [\n"
              "{\"id\": \"" ID_OPEN "\", \"zero_knowledge\": false,\n"
              " \"key_seed\": [\"" SKT_SEED_A "\", \"" SKT_SEED_B "\"]},\n"
              "{\"id\": \"" ID_LOCAL "\", \"zero_knowledge\": true},\n"
              "{\"id\": \"" ID_KMS "\", \"zero_knowledge\": true}]}\n",
              file),
        0);
    ck_assert_int_eq(fclose(file), 0);
}

/* The key server is not of the agent. */
static void serve(void *state, struct skp_view request, struct skp_secret *out)
{
    skt_fault_pause();
    skt_fake_serve(state, request, out);
    skt_fault_resume();
}

static void set_up(void)
{
    static const struct skp_view seeds[] = { { (const uint8_t *)SKT_SEED_B,
                                               sizeof SKT_SEED_B - 1 } };
    static const struct skd_local_key local = { ID_LOCAL, seeds, 1 };

    skd_log_configure(SKD_LOG_ERROR, false);
    write_page();
    skp_secret_require_lock(true);
    skt_kmip_rig_up(&rig);
    rig.script.serve = serve;
    (void)skt_fake_add(&rig.fake, "id-1", ID_KMS, SKT_SEED_A);
    skt_kmip_rig_source(&rig);
    config = (struct skd_config){ .local_keys = &local, .n_local_keys = 1 };
    skt_ok(skd_memory_new(&config.memory));
    config.coordinator = (struct skd_coordinator_config){
        .present = true,
        .url = url,
        .timeout_ms = 20000,
        .max_page_bytes = 100000,
    };
    skt_ok(skd_source_coordinator_new(&config, &chain.list));
    skt_ok(skd_source_files_seeds_new(&config, &chain.seeds[0]));
    chain.seeds[1] = SKP_TAKE(rig.source);
}

static void tear_down(void)
{
    skd_chain_free(&chain);
    skd_memory_unref(&config.memory);
    skd_json_heap_trim();
    skt_kmip_rig_down(&rig);
    ck_assert_uint_eq(skd_arena_held(), 0);
    ck_assert_uint_eq(skt_fault_mapped(), 0);
    (void)unlink(page);
    (void)rmdir(folder);
}

/* All three are served, with the keys that they have in @good (NULL: some). */
static void all_served(const struct skd_snapshot *snapshot,
                       const struct skd_snapshot *good,
                       const struct skt_fault *fault)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(ids); i++) {
        const struct skd_tenant *tenant =
            skd_snapshot_find(snapshot, skp_view_of(ids[i]));
        struct skd_key key;
        struct skd_key was;

        ck_assert_msg(tenant != NULL && tenant->use == SKD_USE_ALL,
                      "%s number %u: %s is not served", fault->name, fault->nth,
                      ids[i]);
        if (good == NULL) {
            continue;
        }
        key = skd_snapshot_key(snapshot, tenant, 0);
        ck_assert(skd_snapshot_key_by_id(
            good, skd_snapshot_find(good, skp_view_of(ids[i])), key.key_id,
            &was));
        ck_assert_uint_eq(key.generation, was.generation);
    }
}

/* True when nothing is missing: what failed was done without, the better kind
 * of memory say. */
static bool is_complete(const struct skd_run *run)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(ids); i++) {
        const struct skd_tenant *tenant =
            skd_snapshot_find(run->build.snapshot, skp_view_of(ids[i]));

        struct skd_tenant row = skd_snapshot_row(run->build.snapshot, tenant);

        if (row.confirmed_ms != run->started_ms || row.reason != NULL) {
            return false;
        }
    }
    return skd_snapshot_n_keys(run->build.snapshot) == 4;
}

static void fill_run(struct skd_run *run, struct skd_snapshot *old)
{
    run->env = &skd_env_system;
    run->chain = &chain;
    run->rules = rules;
    run->counts = true;
    run->whole = true;
    run->old = old == NULL ? NULL : skd_snapshot_ref(old);
}

/* A run with that fault. */
static struct skd_run *go(struct skd_snapshot *old, struct skt_fault *fault)
{
    struct skd_run *run = NULL;

    skt_ok(skd_run_new(&run));
    fill_run(run, old);
    skd_json_heap_trim();
    skt_fault_arm(fault);
    skd_run_go(run);
    skt_fault_disarm(fault);
    if (chain.list->ops->settle != NULL) {
        chain.list->ops->settle(chain.list, run->err == SKP_ERR_OK);
    }
    return run;
}

static struct skd_snapshot *first_snapshot(void)
{
    struct skt_fault none = { 0, false, "", 0 };
    struct skd_run *run = go(NULL, &none);
    struct skd_snapshot *snapshot;

    ck_assert_msg(run->err == SKP_ERR_OK, "%s", run->diag.text);
    snapshot = SKP_TAKE(run->build.snapshot);
    all_served(snapshot, NULL, &none);
    skd_run_free(&run);
    return snapshot;
}

START_TEST(a_run_that_fails_anywhere_says_so_or_keeps_all_last_good_keys)
{
    struct skd_snapshot *old;
    unsigned n_faults = 0;

    set_up();
    old = first_snapshot();
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_run *run = go(old, &fault);

        if (run->err == SKP_ERR_OK) {
            all_served(run->build.snapshot, old, &fault);
            ck_assert_msg(run->build.n_unreached > 0 || is_complete(run),
                          "%s number %u was not told", fault.name, fault.nth);
        } else {
            ck_assert(fault.was_reached);
            ck_assert_ptr_null(run->build.snapshot);
            ck_assert_str_ne(run->diag.text, "");
        }
        skd_run_free(&run);
        all_served(old, NULL, &fault);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 50);
    skd_snapshot_unref(&old);
    tear_down();
}
END_TEST

static void sweep_first_run(void)
{
    unsigned n_faults = 0;

    set_up();
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_run *run = go(NULL, &fault);
        struct skd_snapshot *next;

        ck_assert(run->err != SKP_ERR_OK || run->build.snapshot != NULL);
        ck_assert(fault.was_reached || run->build.n_unreached == 0);
        /* What is new is told, too. */
        ck_assert(run->err != SKP_ERR_OK ||
                  run->build.events.n >= SKP_ARRAY_LEN(ids));
        skd_run_free(&run);
        next = first_snapshot();
        skd_snapshot_unref(&next);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 50);
    tear_down();
}

START_TEST(a_first_run_that_fails_anywhere_says_so_and_the_next_serves_all)
{
    sweep_first_run();
}
END_TEST

START_TEST(so_it_does_where_there_is_no_memfd_secret)
{
    skt_fault_deny_memfd_secret();
    sweep_first_run();
}
END_TEST

/* ---- through the refresher ---- */

static uv_loop_t loop;
static struct skd_demand *demand;
static struct skd_refresher *refresher;
static unsigned n_done;
static enum skp_err done_err;
static bool has_stopped;

static void on_publish(void *state, struct skd_snapshot *snapshot)
{
    (void)state;
    skp_assert(snapshot != NULL); /* check would allocate here */
}

static void on_done(void *state, enum skp_err err, const struct skp_diag *diag)
{
    (void)state;
    (void)diag;
    n_done++;
    done_err = err;
}

static void on_stopped(void *state)
{
    (void)state;
    has_stopped = true;
}

static void refresh(struct skt_fault *fault)
{
    struct skd_refresh_report report = { .refreshing = true };

    n_done = 0;
    skt_fault_arm(fault);
    skd_refresher_now(refresher, false, on_done, NULL);
    skd_refresher_report(refresher, &report);
    skp_assert(report.refreshing || n_done == 1);
    while (n_done == 0 || report.refreshing) {
        skd_refresher_report(refresher, &report);
        if (n_done == 0 || report.refreshing) {
            (void)uv_run(&loop, UV_RUN_ONCE);
        }
        skd_refresher_report(refresher, &report);
    }
    skt_fault_disarm(fault);
    ck_assert_uint_eq(n_done, 1);
}

static void start_refresher(void)
{
    const struct skd_refresher_ops ops = { .publish = on_publish };
    struct skt_fault none = { 0, false, "", 0 };
    struct skd_snapshot *first;

    skt_fault_init();
    set_up();
    /* libcurl and OpenSSL set themselves up in this thread, which ends in
     * order, and not in one of the pool, which is cut off. */
    first = first_snapshot();
    skd_snapshot_unref(&first);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    skt_ok(skd_demand_new(&demand));
    skt_ok(skd_refresher_new(&loop, &skd_env_system, demand, &ops, &refresher));
    skd_refresher_configure(refresher, &chain, &rules);
    refresh(&none); /* and the pool's threads are there */
    skt_ok(done_err);
}

static void stop_refresher(void)
{
    skd_refresher_stop(refresher, on_stopped, NULL);
    while (!has_stopped) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    skd_refresher_free(&refresher);
    skd_demand_free(&demand);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    tear_down();
}

START_TEST(whoever_asks_for_a_refresh_is_answered_once_whatever_fails)
{
    struct skt_fault none = { 0, false, "", 0 };
    unsigned n_faults = 0;

    start_refresher();
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_snapshot *before =
            skd_snapshot_ref(skd_refresher_snapshot(refresher));

        refresh(&fault);
        ck_assert(fault.was_reached || done_err == SKP_ERR_OK);
        if (done_err != SKP_ERR_OK) {
            ck_assert_ptr_eq(skd_refresher_snapshot(refresher), before);
        }
        all_served(skd_refresher_snapshot(refresher), before, &fault);
        skd_snapshot_unref(&before);
        refresh(&none);
        skt_ok(done_err);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 50);
    stop_refresher();
}
END_TEST

START_TEST(a_forget_that_fails_anywhere_has_forgotten_nobody)
{
    struct skt_fault none = { 0, false, "", 0 };
    unsigned n_faults = 0;

    start_refresher();
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_snapshot *before = skd_refresher_snapshot(refresher);
        struct skp_diag diag = { "" };
        enum skp_err err;

        skt_fault_arm(&fault);
        err = skd_refresher_forget(refresher, skp_view_of(ID_KMS), &diag);
        skt_fault_disarm(&fault);
        if (err != SKP_ERR_OK) {
            ck_assert_ptr_eq(skd_refresher_snapshot(refresher), before);
            ck_assert_str_ne(diag.text, "");
            all_served(before, NULL, &fault);
        } else {
            ck_assert_msg(skt_fault_is_harmless(&fault), "%s", fault.name);
            ck_assert_ptr_null(skd_snapshot_find(
                skd_refresher_snapshot(refresher), skp_view_of(ID_KMS)));
            refresh(&none);
            skt_ok(done_err);
            if (!fault.was_reached) {
                break; /* generation 2 from here on */
            }
        }
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 5);
    stop_refresher();
}
END_TEST

START_TEST(the_sources_of_a_configuration_are_made_whole_or_not_at_all)
{
    unsigned n_faults = 0;

    set_up();
    config.mode = SKD_MODE_REMOTE_MULTI_KEYS;
    config.kmip = rig.config;
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_chain made = { NULL, { NULL, NULL } };
        enum skp_err err;

        skt_fault_arm(&fault);
        err = skd_chain_new(&config, &made);
        skt_fault_disarm(&fault);
        ck_assert_int_eq(err == SKP_ERR_OK, !fault.was_reached);
        ck_assert_int_eq(made.list != NULL, !fault.was_reached);
        skd_chain_free(&made);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_ge(n_faults, 3);
    tear_down();
}
END_TEST

START_TEST(what_is_made_at_the_start_is_made_whole_or_not_at_all)
{
    const struct skd_refresher_ops ops = { .publish = on_publish };
    unsigned n_faults = 0;

    skt_fault_init();
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    SKT_FAULT_SWEEP(fault)
    {
        skt_fault_arm(&fault);
        enum skp_err err = skd_demand_new(&demand);

        if (err == SKP_ERR_OK) {
            err = skd_refresher_new(&loop, &skd_env_system, demand, &ops,
                                    &refresher);
        }
        skt_fault_disarm(&fault);
        ck_assert_int_eq(err == SKP_ERR_OK, !fault.was_reached);
        ck_assert_int_eq(refresher != NULL, !fault.was_reached);
        if (err != SKP_ERR_OK) {
            skt_err(err, SKP_ERR_RESOURCE_EXHAUSTED);
            skd_demand_free(&demand);
        }
        n_faults = fault.n_faults;
    }
    ck_assert_uint_eq(n_faults, 3); /* the list, its lock, the refresher */
    skd_refresher_stop(refresher, on_stopped, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    skd_refresher_free(&refresher);
    skd_demand_free(&demand);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

SKT_SUITE("sweep_refresh",
          a_run_that_fails_anywhere_says_so_or_keeps_all_last_good_keys,
          a_first_run_that_fails_anywhere_says_so_and_the_next_serves_all,
          so_it_does_where_there_is_no_memfd_secret,
          whoever_asks_for_a_refresh_is_answered_once_whatever_fails,
          a_forget_that_fails_anywhere_has_forgotten_nobody,
          the_sources_of_a_configuration_are_made_whole_or_not_at_all,
          what_is_made_at_the_start_is_made_whole_or_not_at_all)
