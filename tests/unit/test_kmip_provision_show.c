/* test_kmip_provision_show.c - objects shown to operators. */
#include "tests/lib/kmip_rig.h"
#include "tests/lib/suite.h"

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
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    (void)skt_fake_add(&rig.fake, "1", "a", SKT_SEED_A);
    skt_fake_add(&rig.fake, "2", "b", SKT_SEED_A)->is_lost = true;
    skt_fake_add(&rig.fake, "3", "c", SKT_SEED_A)->initial_s = 0;
    skt_ok(skd_kmip_provision_list(rig.provision, on_object, &n, NULL));
    ck_assert_uint_eq(n, 2);
    skt_ok(skd_kmip_provision_attributes(rig.provision, skp_view_of("c"),
                                         &object, NULL));
    ck_assert_str_eq(object.identifier, "3");
    ck_assert_int_eq(object.initial_s, 0);
    ck_assert_int_eq(object.activation_s, 0);
    skt_err(skd_kmip_provision_attributes(rig.provision, skp_view_of("d"),
                                          &object, &rig.diag),
            SKP_ERR_NOT_FOUND);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(what_a_server_names_is_fit_to_print)
{
    struct skd_kmip_object object;
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_fake_add(&rig.fake, "k\xc3\xa9y", "a", SKT_SEED_A)->initial_s =
        1700000000;
    rig.fake.objects[0].state = 0;
    skt_ok(skd_kmip_provision_attributes(rig.provision, skp_view_of("a"),
                                         &object, NULL));
    ck_assert_str_eq(object.identifier, "k??y");
    ck_assert_str_eq(object.state, "unknown");
    ck_assert_int_eq(object.initial_s, 1700000000);
    rig.fake.objects[0].is_denied = true;
    skt_err(skd_kmip_provision_attributes(rig.provision, skp_view_of("a"),
                                          &object, &rig.diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(rig.diag.text, "Get Attributes refused: Permission Denied "
                                    "(no ?[31mway)");
    skt_kmip_rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_provision_show",
          objects_are_listed_and_described,
          what_a_server_names_is_fit_to_print)
