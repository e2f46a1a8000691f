/* test_kmip_source.c - the KMIP seed source against a fake server: many
 * tenants, and servers that fail.  What is said about one object is tested in
 * test_kmip_rounds.c. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/daemon.h"
#include "tests/lib/kmip_rig.h"
#include "tests/lib/pki.h"
#include "tests/lib/suite.h"

/* @n tenants "t0", "t1", ...; in memory of the test's own. */
static void make_tenants(struct skt_kmip_rig *rig, const char **ret, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char identifier[24];
        struct skt_fake_object *object;

        (void)snprintf(identifier, sizeof identifier, "%zu", 100 + i);
        object = skt_fake_add(&rig->fake, identifier, "",
                              i % 2 == 0 ? SKT_SEED_A : SKT_SEED_B);
        (void)snprintf(object->name, sizeof object->name, "t%zu", i);
        ret[i] = object->name;
    }
}

static void check_all(struct skt_kmip_rig *rig, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        skt_kmip_rig_key(rig, i, i % 2 == 0 ? SKT_SEED_A : SKT_SEED_B);
    }
}

START_TEST(many_tenants_go_in_batches_over_one_kept_connection)
{
    const char *tenants[60];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_tenants(&rig, tenants, 60);
    skt_kmip_rig_fetch(&rig, tenants, 60);
    check_all(&rig, 60);
    ck_assert_uint_eq(rig.fake.n_items, 180);
    ck_assert_uint_le(rig.fake.n_messages, 40);
    ck_assert_uint_le(rig.fake.largest_batch, 16);
    ck_assert_uint_gt(rig.fake.largest_batch, 4);
    skt_kmip_rig_fetch(&rig, tenants, 60);
    check_all(&rig, 60);
    ck_assert_uint_eq(rig.script.n_opens, 1);
    skt_kmip_rig_down(&rig);
}
END_TEST

static void check_all_same(struct skt_kmip_rig *rig, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        skt_kmip_rig_said(rig, i, SKD_SAID_SAME, NULL);
    }
}

/* Items that the server saw in one more fetch. */
static unsigned
count_items(struct skt_kmip_rig *rig, const char *const *tenants, size_t n)
{
    unsigned before = rig->fake.n_items;

    skt_kmip_rig_fetch(rig, tenants, n);
    return rig->fake.n_items - before;
}

START_TEST(a_key_that_is_held_costs_one_question_and_every_nth_time_three)
{
    const char *tenants[60];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.locate_every = 4;
    make_tenants(&rig, tenants, 60);
    ck_assert_uint_eq(count_items(&rig, tenants, 60), 180);
    rig.is_held = true;
    for (unsigned nth = 2; nth <= 9; nth++) {
        bool is_full = nth % 4 == 1;

        ck_assert_uint_eq(count_items(&rig, tenants, 60), is_full ? 180 : 60);
        if (is_full) {
            check_all(&rig, 60);
        } else {
            check_all_same(&rig, 60);
            ck_assert_uint_eq(skd_material_n_keys(rig.material), 0);
        }
    }
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(one_changed_object_among_many_costs_what_one_costs)
{
    const char *tenants[40];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_tenants(&rig, tenants, 40);
    skt_kmip_rig_fetch(&rig, tenants, 40);
    rig.is_held = true;
    rig.fake.objects[7].state = SKD_STATE_DESTROYED;
    (void)skt_fake_add(&rig.fake, "999", tenants[7], SKT_SEED_A);
    ck_assert_uint_eq(count_items(&rig, tenants, 40), 40 + 3);
    skt_kmip_rig_key(&rig, 7, SKT_SEED_A);
    skt_kmip_rig_said(&rig, 8, SKD_SAID_SAME, NULL);
    ck_assert_uint_eq(count_items(&rig, tenants, 40), 40);
    check_all_same(&rig, 40);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_second_object_of_that_name_is_found_by_the_next_full_round)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.locate_every = 3;
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.is_held = true;
    (void)skt_fake_add(&rig.fake, "11", "a", SKT_SEED_B);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_SAME, NULL);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_SAME, NULL);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_DUPLICATE, "duplicate objects");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_key_that_is_not_held_is_fetched_whatever_is_remembered)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
        skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    }
    rig.is_held = true;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 1);
    rig.is_whole = true;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(what_was_fetched_and_thrown_away_is_not_taken_for_held)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.is_held = true;

    /* Rotated; the snapshot goes on holding the key of the old object. */
    rig.fake.objects[0].state = SKD_STATE_DESTROYED;
    (void)skt_fake_add(&rig.fake, "11", "a", SKT_SEED_B);
    rig.is_thrown_away = true;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_B);

    rig.is_thrown_away = false;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_B);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_SAME, NULL);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_refresh_that_did_not_ask_settles_nothing)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    rig.is_thrown_away = true;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.source->ops->settle(rig.source, true);
    rig.is_held = true;
    rig.is_thrown_away = false;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
    rig.source->ops->settle(rig.source, false);
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 1);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_destroyed_object_is_named_again_when_its_refresh_was_thrown_away)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.fake.objects[0].state = SKD_STATE_DESTROYED;
    rig.is_thrown_away = true;
    for (int i = 0; i < 3; i++) {
        rig.is_thrown_away = i < 2;
        skt_kmip_rig_fetch(&rig, tenants, 1);
        skt_kmip_rig_said(&rig, 0, SKD_SAID_DESTROYED, "destroyed");
    }
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_ABSENT, "key not found");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_full_round_that_was_thrown_away_is_due_again)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.locate_every = 2;
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.is_held = true;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 1);
    rig.is_thrown_away = true;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
    rig.is_thrown_away = false;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 1);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(new_tenants_on_demand_do_not_put_the_full_round_off)
{
    static const char *const tenants[] = { "a", "b" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.locate_every = 3;
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    (void)skt_fake_add(&rig.fake, "11", "b", SKT_SEED_B);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    for (unsigned i = 0; i < 2; i++) {
        rig.is_held = true;
        ck_assert_uint_eq(count_items(&rig, tenants, 1), 1);
        rig.is_held = false; /* on demand only what is new is asked for */
        skt_kmip_rig_fetch(&rig, tenants + 1, 1);
    }
    rig.is_held = true;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_tells_no_date_is_always_asked_in_full)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A)->initial_s = 0;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.is_held = true;
    ck_assert_uint_eq(count_items(&rig, tenants, 1), 3);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(servers_with_their_own_idea_of_batches_are_understood)
{
    const char *tenants[20];

    for (int kind = 0; kind < 3; kind++) {
        struct skt_kmip_rig rig;

        skt_kmip_rig_up(&rig);
        skt_kmip_rig_source(&rig);
        make_tenants(&rig, tenants, 20);
        rig.fake.refuses_batches = kind == 0;
        rig.fake.stops_at_failure = kind == 1;
        rig.fake.answers_backwards = kind == 2;
        rig.fake.objects[3].is_lost = true;
        skt_kmip_rig_fetch(&rig, tenants, 20);
        for (size_t i = 0; i < 20; i++) {
            if (i == 3) {
                skt_kmip_rig_said(&rig, i, SKD_SAID_ABSENT, "key not found");
            } else {
                skt_kmip_rig_key(&rig, i, i % 2 == 0 ? SKT_SEED_A : SKT_SEED_B);
            }
        }
        skt_kmip_rig_down(&rig);
    }
}
END_TEST

START_TEST(a_kept_connection_that_died_is_made_again)
{
    const char *tenants[10];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_tenants(&rig, tenants, 10);
    skt_kmip_rig_fetch(&rig, tenants, 10);
    rig.script.die_after = rig.fake.n_messages;
    skt_kmip_rig_fetch(&rig, tenants, 10);
    check_all(&rig, 10);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_uint_eq(rig.script.last_host, 1);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_fails_in_the_middle_is_replaced_by_the_next)
{
    const char *tenants[40];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_tenants(&rig, tenants, 40);
    rig.script.die_after = 3;
    skt_kmip_rig_fetch(&rig, tenants, 40);
    check_all(&rig, 40);
    ck_assert_uint_eq(rig.script.last_host, 2);
    skt_kmip_rig_down(&rig);
}
END_TEST

/* A seed of its own for tenant number @i. */
static const char *seed_of(size_t i)
{
    static char seed[48];

    (void)snprintf(seed, sizeof seed, "%040zuAAA=", i + 1);
    return seed;
}

/* Two servers with the same keys under other identifiers: what is tenant i's at
 * the first is tenant i+1's at the second. */
static void make_two_servers(struct skt_kmip_rig *rig,
                             struct skt_fake *second,
                             const char **ret,
                             size_t n)
{
    memset(second, 0, sizeof *second);
    rig->script.other_state = second;
    rig->script.other_port = 2;
    for (size_t i = 0; i < n; i++) {
        char identifier[24];
        struct skt_fake_object *object;

        (void)snprintf(identifier, sizeof identifier, "%zu", 100 + i);
        object = skt_fake_add(&rig->fake, identifier, "", seed_of(i));
        (void)snprintf(object->name, sizeof object->name, "t%zu", i);
        ret[i] = object->name;
        (void)snprintf(identifier, sizeof identifier, "%zu", 100 + (i + 1) % n);
        (void)skt_fake_add(second, identifier, object->name, seed_of(i));
    }
}

START_TEST(two_servers_answers_about_one_identifier_are_not_put_together)
{
    enum {
        N = 10
    };
    static struct skt_fake second;
    const char *tenants[N];

    /* Wherever the first dies: before, in and between the rounds, with batches
     * and without. */
    for (unsigned nth = 0; nth < 4 * 36; nth++) {
        struct skt_kmip_rig rig;

        skt_kmip_rig_up(&rig);
        skt_kmip_rig_source(&rig);
        make_two_servers(&rig, &second, tenants, N);
        rig.config.pipeline_depth = 1;
        rig.script.die_after = 1 + nth / 4;
        rig.script.die_with = nth % 2 == 0 ? 0 : 40;
        rig.fake.refuses_batches = nth % 4 >= 2;
        second.refuses_batches = nth % 4 >= 2;
        skt_kmip_rig_fetch(&rig, tenants, N);
        for (size_t i = 0; i < N; i++) {
            skt_kmip_rig_key(&rig, i, seed_of(i));
        }
        skt_kmip_rig_down(&rig);
    }
}
END_TEST

START_TEST(another_servers_destroyed_object_drops_no_key)
{
    static struct skt_fake second;
    const char *tenants[2];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_two_servers(&rig, &second, tenants, 2);
    skt_kmip_rig_fetch(&rig, tenants, 2);
    /* The second does not know t0, and has destroyed t1: it had the
     * identifier that t0 has at the first. */
    second.objects[0].is_lost = true;
    (void)snprintf(second.objects[0].name, sizeof second.objects[0].name,
                   "gone");
    second.objects[1].state = SKD_STATE_DESTROYED;
    second.objects[1].initial_s++;
    rig.script.refused_port = 1;
    rig.script.has_closed = true;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    ck_assert_uint_eq(rig.script.last_host, 2);
    ck_assert_int_ne(skd_material_item(rig.material, 0)->said,
                     SKD_SAID_DESTROYED);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(servers_that_cannot_be_reached_cost_one_try_each)
{
    const char *tenants[40];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_tenants(&rig, tenants, 40);
    rig.script.refuse_opens = 100;
    skt_kmip_rig_fetch(&rig, tenants, 40);
    for (size_t i = 0; i < 40; i++) {
        skt_kmip_rig_said(&rig, i, SKD_SAID_UNREACHED,
                          "kms two.test:2: cannot connect");
    }
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_str_eq(rig.diag.text, "kms two.test:2: cannot connect");

    rig.script.refuse_opens = 0;
    skt_kmip_rig_fetch(&rig, tenants, 40);
    check_all(&rig, 40);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_hangs_costs_one_timeout)
{
    static const char *const tenants[] = { "a", "b", "c" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.script.serve = NULL;
    rig.script.end = SKT_SCRIPT_HANG;
    skt_kmip_rig_fetch(&rig, tenants, 3);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_UNREACHED,
                      "error reading kms response: timed out");
    skt_kmip_rig_said(&rig, 2, SKD_SAID_UNREACHED,
                      "error reading kms response");
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_uint_eq(rig.script.n_closes, 2);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_refuses_us_is_not_asked_for_each_tenant)
{
    const char *tenants[30];
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    make_tenants(&rig, tenants, 30);
    rig.fake.refuses_all = true;
    skt_kmip_rig_fetch(&rig, tenants, 30);
    skt_kmip_rig_said(&rig, 29, SKD_SAID_UNREACHED,
                      "Authentication Not Successful");
    ck_assert_uint_le(rig.fake.n_messages, 16);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(the_version_is_negotiated_downwards)
{
    static const char *const tenants[] = { "a" };
    /* What the server offers at most, and what is then spoken. */
    static const uint32_t offered[] = { 4, 2, 0 };
    static const uint32_t spoken[] = { 4, 2, 0 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(offered); i++) {
        struct skt_kmip_rig rig;

        skt_kmip_rig_up(&rig);
        skt_kmip_rig_source(&rig);
        rig.config.negotiate = true;
        rig.fake.minor_max = offered[i];
        (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
        skt_kmip_rig_fetch(&rig, tenants, 1);
        skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
        ck_assert_uint_eq(rig.fake.last_minor, spoken[i]);
        skt_kmip_rig_down(&rig);
    }
}
END_TEST

START_TEST(a_configuration_that_cannot_ask_leaves_the_tenants_unreached)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.minor_version = 3;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_UNREACHED,
                      "unsupported KMIP version, use 1.4");
    rig.config.present = false;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_UNREACHED, "kms config is required");
    ck_assert_str_eq(rig.diag.text, "kms config is required");
    ck_assert_uint_eq(rig.script.n_opens, 0);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(certificates_and_unfit_tls_files_are_reported)
{
    static const char *const tenants[] = { "a" };
    char dir[SKT_PATH_MAX];
    const struct skt_cert_wish wish = { .name = "us", .is_client = true };
    const struct skt_cert *ours;
    struct skd_source_report report = { .n_certs = 0 };
    struct skt_kmip_rig rig;

    ck_assert(skt_tempdir(dir));
    ours = skt_pki_make(dir, &wish);
    skt_kmip_rig_up(&rig);
    rig.config.tls.key_file = ours->key_file;
    rig.config.tls.cert_file = ours->cert_file;
    skt_kmip_rig_source(&rig);
    rig.source->ops->report(rig.source, &report);
    ck_assert_uint_eq(report.n_certs, 0);

    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    rig.script.cert.not_after_s = 4000000000;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    rig.source->ops->report(rig.source, &report);
    ck_assert_uint_eq(report.n_certs, 2);
    ck_assert_str_eq(report.certs[0].name, "kms client");
    ck_assert_int_gt(report.certs[0].cert.not_after_s,
                     skd_env_wall_s(&skd_env_system));
    ck_assert_str_eq(report.certs[1].name, "kms server");
    ck_assert_int_eq(report.certs[1].cert.not_after_s, 4000000000);
    ck_assert_str_eq(report.tls_trouble.text, "");

    /* Spoilt: the old pair makes the next connection as well. */
    ck_assert(skt_write_file(ours->cert_file, "garbage", 0600));
    rig.script.has_closed = true;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert(skp_view_equal(rig.script.last_cert, skp_view_of(ours->cert)));
    report = (struct skd_source_report){ .n_certs = 0 };
    rig.source->ops->report(rig.source, &report);
    ck_assert_uint_eq(report.n_certs, 2);
    ck_assert_str_eq(report.tls_trouble.text,
                     "tls cert is no PEM certificate that can be used");

    /* Good again, and in use at once. */
    ck_assert(skt_write_file(ours->cert_file, ours->cert, 0600));
    skt_kmip_rig_fetch(&rig, tenants, 1);
    report = (struct skd_source_report){ .n_certs = 0 };
    rig.source->ops->report(rig.source, &report);
    ck_assert_str_eq(report.tls_trouble.text, "");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(another_pair_makes_another_connection)
{
    static const char *const tenants[] = { "a" };
    char dir[SKT_PATH_MAX];
    struct skt_cert_wish wish = { .name = "us", .is_client = true };
    const struct skt_cert *ours;
    const struct skt_cert *next;
    struct skt_kmip_rig rig;

    ck_assert(skt_tempdir(dir));
    ours = skt_pki_make(dir, &wish);
    wish.name = "next";
    next = skt_pki_make(dir, &wish);
    skt_kmip_rig_up(&rig);
    rig.config.tls.key_file = ours->key_file;
    rig.config.tls.cert_file = ours->cert_file;
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    ck_assert_uint_eq(rig.script.n_opens, 1);
    ck_assert(skt_write_file(ours->key_file, next->key, 0600));
    skt_kmip_rig_fetch(&rig, tenants, 1); /* half replaced */
    ck_assert_uint_eq(rig.script.n_opens, 1);
    ck_assert(skt_write_file(ours->cert_file, next->cert, 0600));
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_uint_eq(rig.script.n_closes, 1);
    ck_assert(skp_view_equal(rig.script.last_cert, skp_view_of(next->cert)));
    skt_kmip_rig_fetch(&rig, tenants, 1);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(what_others_answered_is_left_alone)
{
    const struct skd_fetch request = { .env = &skd_env_system };
    uint64_t retry_ms = 0;
    size_t index = 0;
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    skt_ok(skd_material_new(&rig.material));
    skt_ok(skd_material_add(rig.material, skp_view_of("a"), &index));
    skd_material_item(rig.material, 0)->said = SKD_SAID_UNUSABLE;
    skt_ok(rig.source->ops->fetch(rig.source, &request, rig.material, &retry_ms,
                                  NULL));
    ck_assert_int_eq(skd_material_item(rig.material, 0)->said,
                     SKD_SAID_UNUSABLE);
    ck_assert_uint_eq(rig.script.n_opens, 0);
    skt_kmip_rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_source",
          many_tenants_go_in_batches_over_one_kept_connection,
          a_key_that_is_held_costs_one_question_and_every_nth_time_three,
          one_changed_object_among_many_costs_what_one_costs,
          a_second_object_of_that_name_is_found_by_the_next_full_round,
          a_key_that_is_not_held_is_fetched_whatever_is_remembered,
          what_was_fetched_and_thrown_away_is_not_taken_for_held,
          a_refresh_that_did_not_ask_settles_nothing,
          a_destroyed_object_is_named_again_when_its_refresh_was_thrown_away,
          a_full_round_that_was_thrown_away_is_due_again,
          new_tenants_on_demand_do_not_put_the_full_round_off,
          a_server_that_tells_no_date_is_always_asked_in_full,
          servers_with_their_own_idea_of_batches_are_understood,
          a_kept_connection_that_died_is_made_again,
          a_server_that_fails_in_the_middle_is_replaced_by_the_next,
          two_servers_answers_about_one_identifier_are_not_put_together,
          another_servers_destroyed_object_drops_no_key,
          servers_that_cannot_be_reached_cost_one_try_each,
          a_server_that_hangs_costs_one_timeout,
          a_server_that_refuses_us_is_not_asked_for_each_tenant,
          the_version_is_negotiated_downwards,
          a_configuration_that_cannot_ask_leaves_the_tenants_unreached,
          certificates_and_unfit_tls_files_are_reported,
          another_pair_makes_another_connection,
          what_others_answered_is_left_alone)
