/* test_kmip_provision_ask.c - one question of an operator, and the object that
 * it is about. */
#include "agent/source/kmip/kmip_provision_ask.h"
#include "tests/lib/kmip_rig.h"
#include "tests/lib/suite.h"

static enum skp_err
take_nothing(void *state, struct skp_view payload, struct skp_diag *diag)
{
    unsigned *n = state;

    (void)payload;
    (*n)++;
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "odd");
}

START_TEST(an_answer_that_is_not_taken_is_an_answer_that_cannot_be_decoded)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_GET,
                                                .identifier =
                                                    skp_view_of("1") };
    struct skt_kmip_rig rig;
    unsigned n = 0;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    (void)skt_fake_add(&rig.fake, "1", "a", SKT_SEED_A);
    skt_err(skd_kmip_provision_ask(rig.provision, &question, take_nothing, &n,
                                   &rig.diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(rig.diag.text, "error decoding kms response payload: odd");
    rig.fake.objects[0].is_lost = true;
    skt_err(skd_kmip_provision_ask(rig.provision, &question, take_nothing, &n,
                                   &rig.diag),
            SKP_ERR_NOT_FOUND);
    rig.fake.objects[0].is_lost = false;
    rig.fake.objects[0].is_denied = true;
    skt_err(skd_kmip_provision_ask(rig.provision, &question, take_nothing, &n,
                                   &rig.diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_uint_eq(n, 1);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(one_object_of_a_name_is_found_and_only_one)
{
    struct skd_kmip_identifier found = { { 0 }, 77 };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_err(skd_kmip_provision_find(rig.provision, skp_view_of("no tenant"),
                                    &found, &rig.diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(rig.fake.n_items, 0);
    skt_err(skd_kmip_provision_find(rig.provision, skp_view_of("a"), &found,
                                    &rig.diag),
            SKP_ERR_NOT_FOUND);
    ck_assert_str_eq(rig.diag.text, "the kms has no object of that name");
    ck_assert_uint_eq(found.len, 77);
    (void)skt_fake_add(&rig.fake, "17", "a", SKT_SEED_A);
    skt_ok(skd_kmip_provision_find(rig.provision, skp_view_of("a"), &found,
                                   &rig.diag));
    ck_assert(skp_view_equal((struct skp_view){ found.bytes, found.len },
                             skp_view_of("17")));
    (void)skt_fake_add(&rig.fake, "18", "a", SKT_SEED_B);
    skt_err(skd_kmip_provision_find(rig.provision, skp_view_of("a"), &found,
                                    &rig.diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(rig.diag.text,
                     "the kms has two or more objects of that name");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(an_object_is_the_tenants_only_when_it_bears_its_name)
{
    enum skd_kmip_state state = SKD_STATE_DESTROYED;
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_fake_add(&rig.fake, "1", "a", SKT_SEED_A)->state =
        SKD_STATE_DEACTIVATED;
    skt_ok(skd_kmip_provision_check(rig.provision, skp_view_of("a"),
                                    skp_view_of("1"), &state, &rig.diag));
    ck_assert_int_eq(state, SKD_STATE_DEACTIVATED);
    skt_err(skd_kmip_provision_check(rig.provision, skp_view_of("b"),
                                     skp_view_of("1"), &state, &rig.diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(rig.diag.text, "error decoding kms response payload: the "
                                    "object bears another name");
    ck_assert_int_eq(state, SKD_STATE_DEACTIVATED);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(the_same_object_is_told_from_another)
{
    struct skp_view payload = skt_hex("42009407000000026137000000000000");
    struct skp_view same = skp_view_of("a7");
    struct skp_view other = skp_view_of("a8");

    skt_ok(skd_kmip_provision_take_same(&same, payload, NULL));
    skt_err(skd_kmip_provision_take_same(&other, payload, NULL),
            SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

SKT_SUITE("kmip_provision_ask",
          an_answer_that_is_not_taken_is_an_answer_that_cannot_be_decoded,
          one_object_of_a_name_is_found_and_only_one,
          an_object_is_the_tenants_only_when_it_bears_its_name,
          the_same_object_is_told_from_another)
