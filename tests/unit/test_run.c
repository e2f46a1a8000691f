/* test_run.c - one refresh: who is asked for what, in which order. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/refresh/run.h"
#include "protocol/key.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/derived.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

static struct skt_clock fake;
static struct skt_source *list;
static struct skt_source *files;
static struct skt_source *kmip;
static struct skd_chain chain;
static struct skd_snapshot *snapshot;

static const struct skt_answer tenants[] = {
    { .tenant = "public", .said = SKD_SAID_KEYS, .keys = { 1 } },
    { .tenant = "private", .said = SKD_SAID_ASK, .is_private = true },
    { .tenant = "local", .said = SKD_SAID_ASK, .is_private = true },
};
static const struct skt_answer in_files[] = {
    { .tenant = "local", .said = SKD_SAID_KEYS, .keys = { 2 } },
};
static const struct skt_answer in_kmip[] = {
    { .tenant = "private", .said = SKD_SAID_KEYS, .keys = { 3 } },
    { .tenant = "local", .said = SKD_SAID_KEYS, .keys = { 99 } },
};

static void begin(void)
{
    skt_clock_init(&fake, 50000, 1);
    list = skt_source_new(false);
    files = skt_source_new(true);
    kmip = skt_source_new(true);
    skt_source_say(list, tenants, SKP_ARRAY_LEN(tenants));
    skt_source_say(files, in_files, SKP_ARRAY_LEN(in_files));
    skt_source_say(kmip, in_kmip, SKP_ARRAY_LEN(in_kmip));
    chain = (struct skd_chain){ &list->base, { &files->base, &kmip->base } };
    snapshot = NULL;
}

static void end(void)
{
    skd_snapshot_unref(&snapshot);
    skd_chain_free(&chain);
}

/* Go once upon the last snapshot, and take the new one over. */
static struct skd_run *go(bool is_demand)
{
    struct skd_run *run = NULL;

    skt_ok(skd_run_new(&run));
    run->env = &fake.env;
    run->chain = &chain;
    run->rules = (struct skd_refresh_rules){ .update_period_ms = 1000,
                                             .keep_generations = 4,
                                             .removal_brake = 0.2 };
    run->old = snapshot == NULL ? NULL : skd_snapshot_ref(snapshot);
    run->is_demand = is_demand;
    run->counts = true;
    skt_clock_pass(&fake, 1000);
    skd_run_go(run);
    if (run->err == SKP_ERR_OK) {
        skd_snapshot_unref(&snapshot);
        snapshot = skd_snapshot_ref(run->build.snapshot);
    }
    return run;
}

static void go_well(bool is_demand)
{
    struct skd_run *run = go(is_demand);

    skt_ok(run->err);
    skd_run_free(&run);
    ck_assert_ptr_null(run);
}

/* The row of @id as it is served; good until the next call. */
static const struct skd_tenant *__attribute__((noinline)) find(const char *id)
{
    static struct skd_tenant row;
    const struct skd_tenant *tenant =
        skd_snapshot_find(snapshot, skp_view_of(id));

    if (tenant == NULL) {
        return NULL;
    }
    row = skd_snapshot_row(snapshot, tenant);
    return &row;
}

static uint8_t key_of(const char *id)
{
    const struct skd_tenant *tenant = find(id);

    ck_assert_ptr_nonnull(tenant);
    return skd_snapshot_key(snapshot, tenant, 0).private_key[0];
}

START_TEST(sources_answer_left_to_right_and_the_first_answer_counts)
{
    begin();
    go_well(false);
    ck_assert_uint_eq(key_of("public"), 1);
    ck_assert_uint_eq(key_of("local"), 2);
    ck_assert_uint_eq(key_of("private"), 3);
    ck_assert_uint_eq(files->n_asked, 2);
    ck_assert_uint_eq(kmip->n_asked, 1);
    ck_assert_uint_eq(find("public")->confirmed_ms, 51000);
    ck_assert_int_eq(find("public")->confirmed_at_s, 1000001);
    end();
}
END_TEST

START_TEST(a_seed_source_is_not_bothered_when_nothing_is_open)
{
    begin();
    skt_source_say(list, tenants, 1);
    go_well(false);
    ck_assert_uint_eq(files->n_fetches + kmip->n_fetches, 0);
    end();
}
END_TEST

START_TEST(an_unchanged_list_confirms_the_public_and_asks_for_the_private)
{
    begin();
    go_well(false);
    list->is_unchanged = true;
    go_well(false);
    ck_assert_uint_eq(skd_snapshot_count(snapshot), 3);
    ck_assert_uint_eq(key_of("public"), 1);
    ck_assert_uint_eq(find("public")->confirmed_ms, 52000);
    ck_assert_uint_eq(find("private")->confirmed_ms, 52000);
    ck_assert_uint_eq(kmip->n_asked, 2);
    kmip->err = SKP_ERR_OK;
    kmip->n_answers = 0;
    go_well(false);
    ck_assert_uint_eq(find("private")->confirmed_ms, 52000);
    ck_assert_uint_eq(find("public")->confirmed_ms, 53000);
    ck_assert_uint_eq(key_of("private"), 3);
    end();
}
END_TEST

START_TEST(an_unchanged_list_of_public_tenants_is_confirmed_without_a_look)
{
    struct skd_snapshot *first;
    struct skd_run *run;

    begin();
    skt_source_say(list, tenants, 1);
    go_well(false);
    first = skd_snapshot_ref(snapshot);
    list->is_unchanged = true;
    run = go(false);
    skt_ok(run->err);
    ck_assert(run->is_confirmed);
    skd_run_free(&run);
    ck_assert(skd_snapshot_is_same(first, snapshot));
    ck_assert_uint_eq(find("public")->confirmed_ms, 52000);
    ck_assert_int_eq(find("public")->confirmed_at_s, 1000002);
    skd_snapshot_unref(&first);
    end();
}
END_TEST

START_TEST(an_unchanged_list_with_somebody_in_trouble_is_looked_at)
{
    static const struct skt_answer ill[] = {
        { .tenant = "public", .said = SKD_SAID_KEYS, .keys = { 1 } },
        { .tenant = "ill", .said = SKD_SAID_UNUSABLE },
    };
    struct skd_run *run;

    begin();
    skt_source_say(list, ill, 2);
    go_well(false);
    list->is_unchanged = true;
    run = go(false);
    skt_ok(run->err);
    ck_assert(!run->is_confirmed);
    skd_run_free(&run);
    ck_assert_uint_eq(find("public")->confirmed_ms, 52000);
    ck_assert_uint_eq(find("ill")->confirmed_ms, 0);
    ck_assert_str_eq(find("ill")->reason, "its seed is unusable");
    end();
}
END_TEST

START_TEST(an_unchanged_list_is_the_same_short_list_again_for_the_brake)
{
    struct skd_run *run;

    begin();
    go_well(false);
    skt_source_say(list, NULL, 0);
    run = go(false);
    ck_assert_uint_eq(run->build.n_held, 3);
    skd_run_free(&run);
    list->is_unchanged = true;
    run = go(false);
    ck_assert_uint_eq(run->build.n_held, 3);
    skd_run_free(&run);
    run = go(false);
    ck_assert_uint_eq(run->build.n_removed, 3);
    ck_assert_uint_eq(skd_snapshot_count(snapshot), 0);
    skd_run_free(&run);
    end();
}
END_TEST

/* Whether "private" comes to the KMS as one whose key is held. */
static bool is_held(void)
{
    kmip->n_held = 0;
    go_well(false);
    return kmip->n_held == 1;
}

START_TEST(a_kmip_key_counts_as_held_once_it_was_confirmed)
{
    static const struct skt_answer trouble = { .tenant = "private",
                                               .said = SKD_SAID_UNREACHED,
                                               .reason = "timed out" };
    static const struct skt_answer same = { .tenant = "private",
                                            .said = SKD_SAID_SAME };
    static const struct skt_answer gone = { .tenant = "private",
                                            .said = SKD_SAID_DESTROYED };

    begin();
    ck_assert(!is_held());
    skt_source_say(kmip, &same, 1);
    ck_assert(is_held());
    ck_assert(is_held());
    list->is_unchanged = true;
    ck_assert(is_held());
    /* In trouble: not at the next time, but again after that. */
    skt_source_say(kmip, &trouble, 1);
    ck_assert(is_held());
    skt_source_say(kmip, in_kmip, 1);
    ck_assert(!is_held());
    skt_source_say(kmip, &gone, 1);
    ck_assert(is_held());
    ck_assert(!is_held());
    end();
}
END_TEST

START_TEST(a_key_of_another_source_does_not_count_as_held)
{
    static const struct skt_answer local[] = {
        { .tenant = "private",
          .said = SKD_SAID_KEYS,
          .keys = { 8 },
          .is_local = true },
    };
    static const struct skt_answer made_public[] = {
        { .tenant = "private", .said = SKD_SAID_KEYS, .keys = { 9 } },
    };

    begin();
    go_well(false);
    skt_source_say(list, made_public, 1);
    go_well(false);
    skt_source_say(list, tenants, SKP_ARRAY_LEN(tenants));
    ck_assert(!is_held());
    ck_assert(is_held());
    skt_source_say(files, local, 1);
    go_well(false);
    skt_source_say(files, in_files, SKP_ARRAY_LEN(in_files));
    ck_assert(!is_held());
    ck_assert(is_held());
    /* Nor does one that the list lacks and the brake holds. */
    skt_source_say(list, NULL, 0);
    go_well(false);
    skt_source_say(list, tenants, SKP_ARRAY_LEN(tenants));
    ck_assert(!is_held());
    end();
}
END_TEST

START_TEST(a_failed_list_asks_nobody_else_and_says_who_failed)
{
    struct skd_run *run;

    begin();
    list->err = SKP_ERR_UNAVAILABLE;
    list->text = "status 503";
    list->retry_ms = 7000;
    run = go(false);
    skt_err(run->err, SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(run->diag.text, "list: status 503");
    ck_assert_uint_eq(run->retry_ms, 7000);
    ck_assert_ptr_null(run->build.snapshot);
    ck_assert(run->sources[0].was_asked && !run->sources[1].was_asked);
    ck_assert_str_eq(run->sources[0].error.text, "status 503");
    ck_assert_uint_eq(files->n_fetches + kmip->n_fetches, 0);
    skd_run_free(&run);
    end();
}
END_TEST

START_TEST(a_source_without_words_is_given_the_text_of_its_error)
{
    struct skd_run *run;

    begin();
    list->err = SKP_ERR_RESOURCE_EXHAUSTED;
    run = go(false);
    skt_err(run->err, SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(run->diag.text, "list: a limit was reached");
    skd_run_free(&run);
    end();
}
END_TEST

START_TEST(a_seed_source_that_complains_does_not_stop_the_refresh)
{
    static const struct skt_answer late = { .tenant = "private",
                                            .said = SKD_SAID_UNREACHED,
                                            .reason = "timed out" };
    struct skd_run *run;

    begin();
    skt_source_say(kmip, &late, 1);
    kmip->text = "timed out";
    run = go(false);
    skt_ok(run->err);
    ck_assert_uint_eq(run->build.n_unreached, 1);
    ck_assert_str_eq(run->sources[2].error.text, "timed out");
    ck_assert_str_eq(run->sources[1].error.text, "");
    ck_assert_str_eq(find("private")->reason, "timed out");
    skd_run_free(&run);
    end();
}
END_TEST

START_TEST(what_a_source_reports_comes_with_the_run)
{
    struct skd_run *run;

    begin();
    list->report.n_certs = 1;
    (void)skp_fail(&kmip->report.tls_trouble, SKP_ERR_OK, "spoilt");
    run = go(false);
    ck_assert_uint_eq(run->sources[0].report.n_certs, 1);
    ck_assert_uint_eq(run->sources[1].report.n_certs, 0);
    ck_assert_str_eq(run->sources[2].report.tls_trouble.text, "spoilt");
    skd_run_free(&run);
    list->err = SKP_ERR_UNAVAILABLE;
    run = go(false);
    ck_assert_uint_eq(run->sources[0].report.n_certs, 1);
    ck_assert_str_eq(run->sources[2].report.tls_trouble.text, "");
    skd_run_free(&run);
    end();
}
END_TEST

START_TEST(on_demand_only_new_private_tenants_are_asked_for)
{
    static const struct skt_answer more[] = {
        { .tenant = "public", .said = SKD_SAID_KEYS, .keys = { 77 } },
        { .tenant = "private", .said = SKD_SAID_ASK, .is_private = true },
        { .tenant = "new", .said = SKD_SAID_ASK, .is_private = true },
    };
    static const struct skt_answer new_key = { .tenant = "new",
                                               .said = SKD_SAID_KEYS,
                                               .keys = { 5 } };

    begin();
    go_well(false);
    skt_source_say(list, more, SKP_ARRAY_LEN(more));
    skt_source_say(kmip, &new_key, 1);
    kmip->n_asked = 0;
    go_well(true);
    ck_assert_uint_eq(kmip->n_asked, 1);
    ck_assert_uint_eq(skd_snapshot_count(snapshot), 4);
    ck_assert_uint_eq(key_of("new"), 5);
    ck_assert_uint_eq(key_of("public"), 1);
    ck_assert_uint_eq(find("private")->confirmed_ms, 51000);
    end();
}
END_TEST

START_TEST(on_demand_an_unchanged_list_changes_nothing)
{
    begin();
    go_well(false);
    list->is_unchanged = true;
    kmip->n_asked = 0;
    go_well(true);
    ck_assert_uint_eq(skd_snapshot_count(snapshot), 3);
    ck_assert_uint_eq(kmip->n_asked, 0);
    ck_assert_uint_eq(find("public")->confirmed_ms, 51000);
    end();
}
END_TEST

START_TEST(a_chain_without_seed_sources_has_a_final_list)
{
    begin();
    skd_source_free(&chain.seeds[0]);
    skd_source_free(&chain.seeds[1]);
    go_well(false);
    ck_assert_uint_eq(find("private")->use, SKD_USE_NONE);
    ck_assert_str_eq(find("private")->reason, "no source has its key");
    skt_source_say(list, tenants, 1);
    go_well(false);
    ck_assert_uint_eq(skd_snapshot_count(snapshot), 1);
    list->is_unchanged = true;
    go_well(false);
    ck_assert_uint_eq(key_of("public"), 1);
    ck_assert_uint_eq(find("public")->confirmed_ms, 53000);
    end();
}
END_TEST

/* A list of many, which breaks off after half of them when it is to. */
#define MANY 4000u

static bool breaks_off;

static void add_many(struct skd_material *material, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++) {
        uint8_t key[SKP_KEY_LEN];
        char id[16];
        size_t index = 0;

        memset(key, 1 + (int)(i % 200), sizeof key);
        key[1] = (uint8_t)(i >> 8);
        (void)snprintf(id, sizeof id, "t%zu", i);
        skt_ok(skd_material_add(material, skp_view_of(id), &index));
        skd_material_item(material, index)->is_private = false;
        skd_material_item(material, index)->said = SKD_SAID_KEYS;
        skt_ok(skd_material_add_key(material, index, key));
    }
}

static enum skp_err fetch_many(struct skd_source *self,
                               const struct skd_fetch *fetch,
                               struct skd_material *material,
                               uint64_t *retry_ms,
                               struct skp_diag *diag)
{
    (void)self;
    *retry_ms = 0;
    add_many(material, 0, MANY / 2);
    SKP_TRY(skd_fetch_more(fetch));
    if (breaks_off) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "page 2: away");
    }
    add_many(material, MANY / 2, MANY / 2);
    return SKP_ERR_OK; /* without a word of the second half */
}

/* The keys of a first list are derived while it is read: threads must have let
 * go of them before they are wiped, and no key may get another's public part.
 */
START_TEST(a_first_list_of_many_is_derived_whole_or_given_up)
{
    static const struct skd_source_ops ops = { .name = "many",
                                               .fetch = fetch_many };
    struct skd_source many = { &ops };
    struct skd_run *run;

    skt_clock_init(&fake, 50000, 1);
    chain = (struct skd_chain){ &many, { NULL, NULL } };
    snapshot = NULL;
    breaks_off = true;
    for (unsigned i = 0; i < 20; i++) {
        run = go(false);
        skt_err(run->err, SKP_ERR_UNAVAILABLE);
        ck_assert_ptr_null(run->build.snapshot);
        skd_run_free(&run);
    }
    breaks_off = false;
    atomic_store(&skt_derived, 0);
    go_well(false);
    ck_assert_uint_eq(skd_snapshot_count(snapshot), MANY);
    go_well(false); /* all are known */
    ck_assert_uint_eq(atomic_load(&skt_derived), MANY);
    for (size_t i = 0; i < MANY; i++) {
        struct skd_key key =
            skd_snapshot_key(snapshot, skd_snapshot_at(snapshot, i), 0);
        uint8_t expected[SKP_KEY_LEN];

        skp_key_public(key.private_key, expected);
        ck_assert_mem_eq(key.public_key, expected, SKP_KEY_LEN);
    }
    skd_snapshot_unref(&snapshot);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

START_TEST(what_a_run_holds_is_given_back)
{
    size_t before = skd_arena_held();

    begin();
    go_well(false);
    go_well(false);
    end();
    ck_assert_uint_eq(skd_arena_held(), before);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

static void expect_nothing_held(const struct skd_run *run)
{
    ck_assert_ptr_null(run->material);
    ck_assert_ptr_null(run->derive);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

/* Before who started it has looked at what is told of it. */
START_TEST(what_the_sources_said_is_wiped_when_the_run_ends)
{
    const struct skt_answer tenant = { .tenant = "t",
                                       .said = SKD_SAID_KEYS,
                                       .keys = { 1 } };
    struct skd_run *run;

    begin();
    skt_source_say(list, &tenant, 1);
    run = go(false);
    skt_ok(run->err);
    expect_nothing_held(run);
    ck_assert_uint_eq(run->build.events.n, 1);
    ck_assert_ptr_nonnull(
        strstr(run->build.events.list[0].text, "tenant t: first key"));
    skd_run_free(&run);
    list->err = SKP_ERR_UNAVAILABLE;
    run = go(false);
    ck_assert_int_eq(run->err, SKP_ERR_UNAVAILABLE);
    expect_nothing_held(run);
    skd_run_free(&run);
    end();
}
END_TEST

SKT_SUITE("run",
          sources_answer_left_to_right_and_the_first_answer_counts,
          a_seed_source_is_not_bothered_when_nothing_is_open,
          an_unchanged_list_confirms_the_public_and_asks_for_the_private,
          an_unchanged_list_of_public_tenants_is_confirmed_without_a_look,
          an_unchanged_list_with_somebody_in_trouble_is_looked_at,
          an_unchanged_list_is_the_same_short_list_again_for_the_brake,
          a_kmip_key_counts_as_held_once_it_was_confirmed,
          a_key_of_another_source_does_not_count_as_held,
          a_failed_list_asks_nobody_else_and_says_who_failed,
          a_source_without_words_is_given_the_text_of_its_error,
          a_seed_source_that_complains_does_not_stop_the_refresh,
          what_a_source_reports_comes_with_the_run,
          on_demand_only_new_private_tenants_are_asked_for,
          on_demand_an_unchanged_list_changes_nothing,
          a_chain_without_seed_sources_has_a_final_list,
          a_first_list_of_many_is_derived_whole_or_given_up,
          what_a_run_holds_is_given_back,
          what_the_sources_said_is_wiped_when_the_run_ends)
