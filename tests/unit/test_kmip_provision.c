/* test_kmip_provision.c - operators' calls against a fake server. */
#include <string.h>

#include "agent/source/kmip/kmip_provision.h"
#include "tests/lib/kmip_fake.h"
#include "tests/lib/stream_script.h"
#include "tests/lib/suite.h"

#define SEED "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"

static const struct skd_host host = { "kms.test", 5696 };

struct rig {
    struct skt_fake fake;
    struct skt_script script;
    struct skd_kmip_config config;
    struct skd_kmip_connector connector;
    struct skd_kmip_provision *provision;
    struct skp_diag diag;
};

static void rig_up(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->script.serve = skt_fake_serve;
    rig->script.serve_state = &rig->fake;
    rig->config = (struct skd_kmip_config){
        .present = true,
        .hosts = &host,
        .n_hosts = 1,
        .major_version = 1,
        .minor_version = 4,
        .pipeline_depth = 8,
        .timeout_ms = 1000,
    };
    rig->connector = skt_script_connector(&rig->script);
    skt_ok(skd_kmip_provision_new(&rig->config, &skd_env_system,
                                  &rig->connector, &rig->provision, NULL));
}

static void rig_down(struct rig *rig)
{
    skd_kmip_provision_free(&rig->provision);
    skt_script_done(&rig->script);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static enum skp_err put(struct rig *rig, const char *tenant, bool activate)
{
    return skd_kmip_provision_put(rig->provision, skp_view_of(tenant),
                                  skp_view_of(SEED), activate, NULL,
                                  &rig->diag);
}

START_TEST(put_registers_and_activates_by_identifier)
{
    struct rig rig;
    char identifier[SKD_KMIP_IDENTIFIER_MAX + 1];

    rig_up(&rig);
    skt_ok(skd_kmip_provision_put(rig.provision, skp_view_of("a"),
                                  skp_view_of(SEED), true, identifier, NULL));
    ck_assert_str_eq(identifier, "new0");
    ck_assert_str_eq(rig.fake.objects[0].name, "a");
    ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_ACTIVE);
    skt_ok(put(&rig, "b", false));
    ck_assert_uint_eq(rig.fake.objects[1].state, SKD_STATE_PRE_ACTIVE);
    skt_ok(skd_kmip_provision_activate(rig.provision, skp_view_of("b"), NULL));
    ck_assert_uint_eq(rig.fake.objects[1].state, SKD_STATE_ACTIVE);
    rig_down(&rig);
}
END_TEST

START_TEST(put_refuses_a_second_object_of_the_same_name)
{
    struct rig rig;

    rig_up(&rig);
    skt_ok(put(&rig, "a", true));
    skt_err(put(&rig, "a", true), SKP_ERR_ALREADY_EXISTS);
    ck_assert_uint_eq(rig.fake.n, 1);
    rig_down(&rig);
}
END_TEST

START_TEST(compound_create_is_one_operation_where_the_server_takes_it)
{
    for (int takes = 0; takes < 2; takes++) {
        struct rig rig;

        rig_up(&rig);
        rig.config.compound_create = true;
        rig.fake.takes_activation_date = takes == 1;
        skt_ok(put(&rig, "a", true));
        ck_assert_uint_eq(rig.fake.n, 1);
        ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_ACTIVE);
        /* Locate, Register, Get Attributes; else Register again, Activate. */
        ck_assert_uint_eq(rig.fake.n_items, takes == 1 ? 3 : 5);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(put_refuses_a_seed_that_no_key_can_be_made_of)
{
    struct rig rig;

    rig_up(&rig);
    skt_err(skd_kmip_provision_put(rig.provision, skp_view_of("a"),
                                   skp_view_of("AAAA"), true, NULL, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(put(&rig, "two words", true), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(rig.script.n_opens, 0);
    rig_down(&rig);
}
END_TEST

START_TEST(a_register_whose_answer_is_lost_is_not_repeated)
{
    struct rig rig;

    rig_up(&rig);
    /* Locate is answered; then the connection breaks under Register. */
    rig.script.die_after = 1;
    skt_err(put(&rig, "a", true), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(rig.script.n_writes, 2);
    rig_down(&rig);
}
END_TEST

START_TEST(revoke_and_destroy_change_only_the_tenants_own_object)
{
    struct rig rig;
    const struct skp_view none = { NULL, 0 };

    rig_up(&rig);
    skt_ok(put(&rig, "a", true));
    skt_ok(skd_kmip_provision_revoke(rig.provision, skp_view_of("a"),
                                     SKD_REVOKED_KEY_COMPROMISE, none, NULL));
    ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_COMPROMISED);
    rig.fake.objects[0].is_misnamed = true;
    skt_err(
        skd_kmip_provision_destroy(rig.provision, skp_view_of("a"), &rig.diag),
        SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_COMPROMISED);
    rig.fake.objects[0].is_misnamed = false;
    skt_ok(skd_kmip_provision_destroy(rig.provision, skp_view_of("a"), NULL));
    ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_DESTROYED);
    skt_err(
        skd_kmip_provision_destroy(rig.provision, skp_view_of("a"), &rig.diag),
        SKP_ERR_NOT_FOUND);
    rig_down(&rig);
}
END_TEST

START_TEST(ambiguous_names_are_refused)
{
    struct rig rig;

    rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "1", "a", SEED);
    (void)skt_fake_add(&rig.fake, "2", "a", SEED);
    skt_err(
        skd_kmip_provision_destroy(rig.provision, skp_view_of("a"), &rig.diag),
        SKP_ERR_FAILED_PRECONDITION);
    skt_err(put(&rig, "a", true), SKP_ERR_ALREADY_EXISTS);
    rig_down(&rig);
}
END_TEST

static void on_object(void *state, const struct skd_kmip_object *object)
{
    unsigned *n = state;

    ck_assert_str_eq(object->name, *n == 0 ? "a" : "c");
    ck_assert_str_eq(object->state, "Active");
    (*n)++;
}

START_TEST(objects_are_listed_and_described)
{
    struct skd_kmip_object object;
    unsigned n = 0;
    struct rig rig;

    rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "1", "a", SEED);
    skt_fake_add(&rig.fake, "2", "b", SEED)->is_lost = true;
    (void)skt_fake_add(&rig.fake, "3", "c", SEED);
    skt_ok(skd_kmip_provision_list(rig.provision, on_object, &n, NULL));
    ck_assert_uint_eq(n, 2);
    skt_ok(skd_kmip_provision_attributes(rig.provision, skp_view_of("c"),
                                         &object, NULL));
    ck_assert_str_eq(object.identifier, "3");
    skt_err(skd_kmip_provision_attributes(rig.provision, skp_view_of("d"),
                                          &object, &rig.diag),
            SKP_ERR_NOT_FOUND);
    rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_provision",
          put_registers_and_activates_by_identifier,
          put_refuses_a_second_object_of_the_same_name,
          compound_create_is_one_operation_where_the_server_takes_it,
          put_refuses_a_seed_that_no_key_can_be_made_of,
          a_register_whose_answer_is_lost_is_not_repeated,
          revoke_and_destroy_change_only_the_tenants_own_object,
          ambiguous_names_are_refused,
          objects_are_listed_and_described)
