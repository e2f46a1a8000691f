/* test_kmip_source.c - the KMIP seed source against a fake server. */
#include <stdio.h>
#include <string.h>

#include "agent/source/kmip/kmip_source.h"
#include "agent/source/sources.h"
#include "protocol/key.h"
#include "tests/lib/kmip_fake.h"
#include "tests/lib/stream_script.h"
#include "tests/lib/suite.h"

#define SEED_A \
    "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"
#define SEED_B "yQTFNhvOLWCZt+8HhDU1H41lsgR2Zpo80HirFXKEr3Y="

static const struct skd_host hosts[] = { { "one.test", 1 }, { "two.test", 2 } };

/* A server, a script that serves it, and a source that asks it. */
struct rig {
    struct skt_fake fake;
    struct skt_script script;
    struct skd_kmip_config config;
    struct skd_kmip_connector connector;
    struct skd_source *source;
    struct skd_material *material;
    struct skp_diag diag;
};

static void rig_up(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->script.serve = skt_fake_serve;
    rig->script.serve_state = &rig->fake;
    rig->config = (struct skd_kmip_config){
        .present = true,
        .hosts = hosts,
        .n_hosts = 2,
        .major_version = 1,
        .minor_version = 4,
        .pipeline_depth = 8,
        .timeout_ms = 1000,
    };
    rig->connector = skt_script_connector(&rig->script);
    skt_ok(skd_kmip_source_over(&rig->config, &rig->connector, &rig->source));
}

static void rig_down(struct rig *rig)
{
    skd_material_free(&rig->material);
    skd_source_free(&rig->source);
    skt_script_done(&rig->script);
    ck_assert_uint_le(rig->script.n_closes, rig->script.n_opens);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static void fetch(struct rig *rig, const char *const *tenants, size_t n)
{
    const struct skd_fetch request = { .env = &skd_env_system };
    uint64_t retry_ms = 1;
    size_t index = 0;

    skd_material_free(&rig->material);
    skt_ok(skd_material_new(&rig->material));
    for (size_t i = 0; i < n; i++) {
        skt_ok(
            skd_material_add(rig->material, skp_view_of(tenants[i]), &index));
    }
    rig->diag.text[0] = '\0';
    skt_ok(rig->source->ops->fetch(rig->source, &request, rig->material,
                                   &retry_ms, &rig->diag));
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_ne(skd_material_item(rig->material, i)->said,
                         SKD_SAID_ASK);
    }
}

static void check_said(struct rig *rig,
                       size_t index,
                       enum skd_said said,
                       const char *reason)
{
    const struct skd_item *item = skd_material_item(rig->material, index);

    ck_assert_msg(item->said == said, "%s: said %d: %s", item->tenant,
                  (int)item->said, item->reason);
    ck_assert_int_eq(item->origin, SKP_ORIGIN_KMIP);
    if (said != SKD_SAID_KEYS) {
        ck_assert_uint_eq(item->n_keys, 0);
        ck_assert_msg(strstr(item->reason, reason) != NULL, "%s", item->reason);
    }
}

static void check_key(struct rig *rig, size_t index, const char *seed)
{
    const struct skd_item *item = skd_material_item(rig->material, index);
    uint8_t expected[SKP_KEY_LEN];

    check_said(rig, index, SKD_SAID_KEYS, NULL);
    ck_assert_uint_eq(item->n_keys, 1);
    skt_ok(skp_key_from_seed(skp_view_of(seed), expected, NULL));
    skt_bytes_eq(
        (struct skp_view){ skd_material_key(rig->material, item->first_key),
                           SKP_KEY_LEN },
        (struct skp_view){ expected, SKP_KEY_LEN });
}

START_TEST(each_tenant_gets_its_own_key_and_state)
{
    static const char *const tenants[] = { "a", "b", "c", "d", "nobody" };
    struct rig rig;

    rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SEED_A);
    skt_fake_add(&rig.fake, "11", "b", SEED_B)->state = SKD_STATE_PRE_ACTIVE;
    skt_fake_add(&rig.fake, "12", "c", SEED_A)->state = SKD_STATE_DEACTIVATED;
    skt_fake_add(&rig.fake, "13", "d", SEED_B)->state = SKD_STATE_COMPROMISED;
    fetch(&rig, tenants, 5);
    check_key(&rig, 0, SEED_A);
    check_key(&rig, 1, SEED_B);
    check_key(&rig, 2, SEED_A);
    check_key(&rig, 3, SEED_B);
    for (size_t i = 0; i < 4; i++) {
        static const enum skd_key_state states[] = { SKD_KEY_ACTIVE,
                                                     SKD_KEY_PRE_ACTIVE,
                                                     SKD_KEY_DEACTIVATED,
                                                     SKD_KEY_COMPROMISED };

        ck_assert_int_eq(skd_material_item(rig.material, i)->state, states[i]);
    }
    check_said(&rig, 4, SKD_SAID_ABSENT,
               "key not found for private tenantID nobody");
    rig_down(&rig);
}
END_TEST

START_TEST(one_bad_object_does_not_condemn_the_others)
{
    static const char *const tenants[] = { "good",   "twice",  "lost",
                                           "denied", "poison", "misnamed",
                                           "short",  "wrong",  "last" };
    struct rig rig;

    rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "1", "good", SEED_A);
    (void)skt_fake_add(&rig.fake, "2", "twice", SEED_A);
    (void)skt_fake_add(&rig.fake, "3", "twice", SEED_B);
    skt_fake_add(&rig.fake, "4", "lost", SEED_A)->is_lost = true;
    skt_fake_add(&rig.fake, "5", "denied", SEED_A)->is_denied = true;
    skt_fake_add(&rig.fake, "6", "poison", SEED_A)->is_poison = true;
    skt_fake_add(&rig.fake, "7", "misnamed", SEED_A)->is_misnamed = true;
    (void)skt_fake_add(&rig.fake, "8", "short", "AAAA");
    (void)skt_fake_add(&rig.fake, "9", "wrong", "not base64 at all");
    (void)skt_fake_add(&rig.fake, "10", "last", SEED_B);
    fetch(&rig, tenants, 9);
    check_key(&rig, 0, SEED_A);
    check_said(&rig, 1, SKD_SAID_DUPLICATE,
               "duplicate objects for tenant twice");
    check_said(&rig, 2, SKD_SAID_ABSENT, "key not found for private tenantID");
    check_said(&rig, 3, SKD_SAID_UNREACHED, "Permission Denied (no ?[31mway)");
    check_said(&rig, 4, SKD_SAID_UNREACHED, "error decoding kms response: ");
    check_said(&rig, 5, SKD_SAID_UNREACHED,
               "error decoding kms response payload: ");
    check_said(&rig, 6, SKD_SAID_UNUSABLE, "too short");
    check_said(&rig, 7, SKD_SAID_UNUSABLE, "not base64");
    check_key(&rig, 8, SEED_B);
    rig_down(&rig);
}
END_TEST

START_TEST(a_destroyed_object_is_told_from_one_that_is_not_there)
{
    static const char *const tenants[] = { "a", "b", "c" };
    struct rig rig;

    rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SEED_A);
    (void)skt_fake_add(&rig.fake, "11", "b", SEED_B);
    fetch(&rig, tenants, 3);
    check_key(&rig, 0, SEED_A);
    check_key(&rig, 1, SEED_B);

    rig.fake.objects[0].state = SKD_STATE_DESTROYED;
    rig.fake.objects[1].state = SKD_STATE_DESTROYED_COMPROMISED;
    rig.fake.objects[1].is_lost = true;
    fetch(&rig, tenants, 3);
    check_said(&rig, 0, SKD_SAID_DESTROYED, "destroyed");
    check_said(&rig, 1, SKD_SAID_ABSENT, "key not found for private");
    check_said(&rig, 2, SKD_SAID_ABSENT, "key not found for private");
    rig_down(&rig);
}
END_TEST

START_TEST(pre_active_is_refused_only_when_wished)
{
    static const char *const tenants[] = { "a" };
    struct rig rig;

    rig_up(&rig);
    rig.config.require_active = true;
    skt_fake_add(&rig.fake, "10", "a", SEED_A)->state = SKD_STATE_PRE_ACTIVE;
    fetch(&rig, tenants, 1);
    check_said(&rig, 0, SKD_SAID_UNUSABLE, "Pre-Active");
    ck_assert_uint_eq(skd_material_n_keys(rig.material), 0);
    rig_down(&rig);
}
END_TEST

START_TEST(a_custom_attribute_is_located_and_compared)
{
    static const char *const tenants[] = { "a", "b" };
    struct rig rig;

    rig_up(&rig);
    skd_source_free(&rig.source);
    rig.config.tenant_attribute_name = "tenant";
    skt_ok(skd_kmip_source_over(&rig.config, &rig.connector, &rig.source));
    (void)skt_fake_add(&rig.fake, "10", "a", SEED_A);
    skt_fake_add(&rig.fake, "11", "b", SEED_B)->is_misnamed = true;
    fetch(&rig, tenants, 2);
    check_key(&rig, 0, SEED_A);
    check_said(&rig, 1, SKD_SAID_UNREACHED, "bears another name");
    rig_down(&rig);
}
END_TEST

/* @n tenants "t0", "t1", ...; in memory of the test's own. */
static void make_tenants(struct rig *rig, const char **ret, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char identifier[16];
        struct skt_fake_object *object;

        (void)snprintf(identifier, sizeof identifier, "%zu", 100 + i);
        object = skt_fake_add(&rig->fake, identifier, "",
                              i % 2 == 0 ? SEED_A : SEED_B);
        (void)snprintf(object->name, sizeof object->name, "t%zu", i);
        ret[i] = object->name;
    }
}

static void check_all(struct rig *rig, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_key(rig, i, i % 2 == 0 ? SEED_A : SEED_B);
    }
}

START_TEST(many_tenants_go_in_batches_over_one_kept_connection)
{
    const char *tenants[60];
    struct rig rig;

    rig_up(&rig);
    make_tenants(&rig, tenants, 60);
    fetch(&rig, tenants, 60);
    check_all(&rig, 60);
    ck_assert_uint_eq(rig.fake.n_items, 180);
    ck_assert_uint_le(rig.fake.n_messages, 40);
    ck_assert_uint_le(rig.fake.largest_batch, 16);
    ck_assert_uint_gt(rig.fake.largest_batch, 4);
    fetch(&rig, tenants, 60);
    check_all(&rig, 60);
    ck_assert_uint_eq(rig.script.n_opens, 1);
    rig_down(&rig);
}
END_TEST

START_TEST(servers_with_their_own_idea_of_batches_are_understood)
{
    const char *tenants[20];

    for (int kind = 0; kind < 3; kind++) {
        struct rig rig;

        rig_up(&rig);
        make_tenants(&rig, tenants, 20);
        rig.fake.refuses_batches = kind == 0;
        rig.fake.stops_at_failure = kind == 1;
        rig.fake.answers_backwards = kind == 2;
        rig.fake.objects[3].is_lost = true;
        fetch(&rig, tenants, 20);
        for (size_t i = 0; i < 20; i++) {
            if (i == 3) {
                check_said(&rig, i, SKD_SAID_ABSENT, "key not found");
            } else {
                check_key(&rig, i, i % 2 == 0 ? SEED_A : SEED_B);
            }
        }
        rig_down(&rig);
    }
}
END_TEST

START_TEST(a_kept_connection_that_died_is_made_again)
{
    const char *tenants[10];
    struct rig rig;

    rig_up(&rig);
    make_tenants(&rig, tenants, 10);
    fetch(&rig, tenants, 10);
    rig.script.die_after = rig.fake.n_messages;
    fetch(&rig, tenants, 10);
    check_all(&rig, 10);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_uint_eq(rig.script.last_host, 1);
    rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_fails_in_the_middle_is_replaced_by_the_next)
{
    const char *tenants[40];
    struct rig rig;

    rig_up(&rig);
    make_tenants(&rig, tenants, 40);
    rig.script.die_after = 3;
    fetch(&rig, tenants, 40);
    check_all(&rig, 40);
    ck_assert_uint_eq(rig.script.last_host, 2);
    rig_down(&rig);
}
END_TEST

START_TEST(servers_that_cannot_be_reached_cost_one_try_each)
{
    const char *tenants[40];
    struct rig rig;

    rig_up(&rig);
    make_tenants(&rig, tenants, 40);
    rig.script.refuse_opens = 100;
    fetch(&rig, tenants, 40);
    for (size_t i = 0; i < 40; i++) {
        check_said(&rig, i, SKD_SAID_UNREACHED,
                   "kms two.test:2: cannot connect");
    }
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_str_eq(rig.diag.text, "kms two.test:2: cannot connect");

    rig.script.refuse_opens = 0;
    fetch(&rig, tenants, 40);
    check_all(&rig, 40);
    rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_hangs_costs_one_timeout)
{
    static const char *const tenants[] = { "a", "b", "c" };
    struct rig rig;

    rig_up(&rig);
    rig.script.serve = NULL;
    rig.script.end = SKT_SCRIPT_HANG;
    fetch(&rig, tenants, 3);
    check_said(&rig, 0, SKD_SAID_UNREACHED,
               "error reading kms response: timed out");
    check_said(&rig, 2, SKD_SAID_UNREACHED, "error reading kms response");
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_uint_eq(rig.script.n_closes, 2);
    rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_refuses_us_is_not_asked_for_each_tenant)
{
    const char *tenants[30];
    struct rig rig;

    rig_up(&rig);
    make_tenants(&rig, tenants, 30);
    rig.fake.refuses_all = true;
    fetch(&rig, tenants, 30);
    check_said(&rig, 29, SKD_SAID_UNREACHED, "Authentication Not Successful");
    ck_assert_uint_le(rig.fake.n_messages, 16);
    rig_down(&rig);
}
END_TEST

START_TEST(the_version_is_negotiated_downwards)
{
    static const char *const tenants[] = { "a" };
    /* What the server offers at most, and what is then spoken. */
    static const uint32_t offered[] = { 4, 2, 0 };
    static const uint32_t spoken[] = { 4, 2, 0 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(offered); i++) {
        struct rig rig;

        rig_up(&rig);
        rig.config.negotiate = true;
        rig.fake.minor_max = offered[i];
        (void)skt_fake_add(&rig.fake, "10", "a", SEED_A);
        fetch(&rig, tenants, 1);
        check_key(&rig, 0, SEED_A);
        ck_assert_uint_eq(rig.fake.last_minor, spoken[i]);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(a_configuration_that_cannot_ask_leaves_the_tenants_unreached)
{
    static const char *const tenants[] = { "a" };
    struct rig rig;

    rig_up(&rig);
    rig.config.minor_version = 3;
    fetch(&rig, tenants, 1);
    check_said(&rig, 0, SKD_SAID_UNREACHED,
               "unsupported KMIP version, use 1.4");
    rig.config.present = false;
    fetch(&rig, tenants, 1);
    check_said(&rig, 0, SKD_SAID_UNREACHED, "kms config is required");
    ck_assert_str_eq(rig.diag.text, "kms config is required");
    ck_assert_uint_eq(rig.script.n_opens, 0);
    rig_down(&rig);
}
END_TEST

START_TEST(what_others_answered_is_left_alone)
{
    const struct skd_fetch request = { .env = &skd_env_system };
    uint64_t retry_ms = 0;
    size_t index = 0;
    struct rig rig;

    rig_up(&rig);
    skt_ok(skd_material_new(&rig.material));
    skt_ok(skd_material_add(rig.material, skp_view_of("a"), &index));
    skd_material_item(rig.material, 0)->said = SKD_SAID_UNUSABLE;
    skt_ok(rig.source->ops->fetch(rig.source, &request, rig.material, &retry_ms,
                                  NULL));
    ck_assert_int_eq(skd_material_item(rig.material, 0)->said,
                     SKD_SAID_UNUSABLE);
    ck_assert_uint_eq(rig.script.n_opens, 0);
    rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_source",
          each_tenant_gets_its_own_key_and_state,
          one_bad_object_does_not_condemn_the_others,
          a_destroyed_object_is_told_from_one_that_is_not_there,
          pre_active_is_refused_only_when_wished,
          a_custom_attribute_is_located_and_compared,
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
