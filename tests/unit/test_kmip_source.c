/* test_kmip_source.c - the KMIP seed source against a fake server: many
 * tenants, and servers that fail.  What is said about one object is tested in
 * test_kmip_rounds.c. */
#include <stdio.h>

#include "tests/lib/kmip_rig.h"
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
          servers_with_their_own_idea_of_batches_are_understood,
          a_kept_connection_that_died_is_made_again,
          a_server_that_fails_in_the_middle_is_replaced_by_the_next,
          servers_that_cannot_be_reached_cost_one_try_each,
          a_server_that_hangs_costs_one_timeout,
          a_server_that_refuses_us_is_not_asked_for_each_tenant,
          the_version_is_negotiated_downwards,
          a_configuration_that_cannot_ask_leaves_the_tenants_unreached,
          what_others_answered_is_left_alone)
