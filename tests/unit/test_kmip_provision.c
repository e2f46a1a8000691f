/* test_kmip_provision.c - operators' changes against a fake server. */
#include "tests/lib/kmip_rig.h"
#include "tests/lib/suite.h"

static enum skp_err
put(struct skt_kmip_rig *rig, const char *tenant, bool activate)
{
    return skd_kmip_provision_put(rig->provision, skp_view_of(tenant),
                                  skp_view_of(SKT_SEED_A), activate, NULL,
                                  &rig->diag);
}

START_TEST(put_registers_and_activates_by_identifier)
{
    struct skt_kmip_rig rig;
    char identifier[SKD_KMIP_IDENTIFIER_MAX + 1];

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_ok(skd_kmip_provision_put(rig.provision, skp_view_of("a"),
                                  skp_view_of(SKT_SEED_A), true, identifier,
                                  NULL));
    ck_assert_str_eq(identifier, "new0");
    ck_assert_str_eq(rig.fake.objects[0].name, "a");
    ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_ACTIVE);
    skt_ok(put(&rig, "b", false));
    ck_assert_uint_eq(rig.fake.objects[1].state, SKD_STATE_PRE_ACTIVE);
    skt_ok(skd_kmip_provision_activate(rig.provision, skp_view_of("b"), NULL));
    ck_assert_uint_eq(rig.fake.objects[1].state, SKD_STATE_ACTIVE);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(put_refuses_a_second_object_of_the_same_name)
{
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_ok(put(&rig, "a", true));
    skt_err(put(&rig, "a", true), SKP_ERR_ALREADY_EXISTS);
    ck_assert_uint_eq(rig.fake.n, 1);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(compound_create_is_one_operation_where_the_server_takes_it)
{
    for (int takes = 0; takes < 2; takes++) {
        struct skt_kmip_rig rig;

        skt_kmip_rig_up(&rig);
        skt_kmip_rig_provision(&rig);
        rig.config.compound_create = true;
        rig.fake.takes_activation_date = takes == 1;
        skt_ok(put(&rig, "a", true));
        ck_assert_uint_eq(rig.fake.n, 1);
        ck_assert_uint_eq(rig.fake.objects[0].state, SKD_STATE_ACTIVE);
        /* Locate, Register, Get Attributes; else Register again, Activate. */
        ck_assert_uint_eq(rig.fake.n_items, takes == 1 ? 3 : 5);
        skt_kmip_rig_down(&rig);
    }
}
END_TEST

START_TEST(put_refuses_a_seed_that_no_key_can_be_made_of)
{
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_err(skd_kmip_provision_put(rig.provision, skp_view_of("a"),
                                   skp_view_of("AAAA"), true, NULL, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(put(&rig, "two words", true), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(rig.script.n_opens, 0);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_register_whose_answer_is_lost_is_not_repeated)
{
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    /* Locate is answered; then the connection breaks under Register. */
    rig.script.die_after = 1;
    skt_err(put(&rig, "a", true), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(rig.script.n_writes, 2);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(revoke_and_destroy_change_only_the_tenants_own_object)
{
    struct skt_kmip_rig rig;
    const struct skp_view none = { NULL, 0 };

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
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
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(ambiguous_names_are_refused)
{
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    (void)skt_fake_add(&rig.fake, "1", "a", SKT_SEED_A);
    (void)skt_fake_add(&rig.fake, "2", "a", SKT_SEED_A);
    skt_err(
        skd_kmip_provision_destroy(rig.provision, skp_view_of("a"), &rig.diag),
        SKP_ERR_FAILED_PRECONDITION);
    skt_err(put(&rig, "a", true), SKP_ERR_ALREADY_EXISTS);
    skt_kmip_rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_provision",
          put_registers_and_activates_by_identifier,
          put_refuses_a_second_object_of_the_same_name,
          compound_create_is_one_operation_where_the_server_takes_it,
          put_refuses_a_seed_that_no_key_can_be_made_of,
          a_register_whose_answer_is_lost_is_not_repeated,
          revoke_and_destroy_change_only_the_tenants_own_object,
          ambiguous_names_are_refused)
