/* test_kmip_provision_info.c - a server that tells about itself. */
#include <string.h>

#include "tests/lib/kmip_rig.h"
#include "tests/lib/suite.h"

#define BIT(operation) (UINT64_C(1) << (operation))

START_TEST(versions_vendor_and_operations_are_told)
{
    struct skd_kmip_info info;
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    rig.fake.minor_max = 4;
    rig.fake.query_operations = BIT(SKD_OP_LOCATE) | BIT(SKD_OP_GET);
    rig.fake.vendor = "Acme\x1b[31m";
    rig.fake.has_profiles = true;
    skt_ok(skd_kmip_provision_info(rig.provision, &info, &rig.diag));
    ck_assert_uint_eq(info.versions.n, 5);
    ck_assert_uint_eq(info.versions.rows[0].minor, 4);
    ck_assert_str_eq(info.query.vendor, "Acme?[31m");
    ck_assert_uint_eq(info.query.operations, rig.fake.query_operations);
    ck_assert_uint_eq(info.query.object_types,
                      BIT(SKD_KMIP_OBJECT_SECRET_DATA));
    ck_assert_uint_eq(info.query.n_profiles, 2);
    ck_assert(skd_kmip_query_offers(&info.query, SKD_OP_GET));
    ck_assert(!skd_kmip_query_offers(&info.query, SKD_OP_REGISTER));
    /* All versions were asked for, and four functions. */
    ck_assert_uint_eq(rig.fake.n_versions_offered, 0);
    ck_assert_uint_eq(rig.fake.query_functions,
                      1u << 1 | 1u << 2 | 1u << 3 | 1u << 10);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_knows_no_profiles_is_not_asked_for_them)
{
    struct skd_kmip_info info;
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    rig.config.negotiate = true;
    skt_kmip_rig_provision(&rig);
    rig.fake.minor_max = 2;
    rig.fake.query_operations = BIT(SKD_OP_LOCATE);
    skt_ok(skd_kmip_provision_info(rig.provision, &info, &rig.diag));
    ck_assert_uint_eq(rig.fake.last_minor, 2);
    ck_assert_uint_eq(rig.fake.query_functions, 1u << 1 | 1u << 2 | 1u << 3);
    ck_assert_str_eq(info.query.vendor, "");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(without_discover_versions_the_rest_is_told)
{
    struct skd_kmip_info info;
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    rig.fake.query_operations = BIT(SKD_OP_LOCATE);
    skt_ok(skd_kmip_provision_info(rig.provision, &info, &rig.diag));
    ck_assert_uint_eq(info.versions.n, 0);
    ck_assert(skd_kmip_query_offers(&info.query, SKD_OP_LOCATE));
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_refused_query_and_a_lost_server_are_told_apart)
{
    struct skd_kmip_info info = { .versions = { .n = 77 } };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_provision(&rig);
    skt_err(skd_kmip_provision_info(rig.provision, &info, &rig.diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(rig.diag.text,
                     "Query refused: Operation Not Supported (no ?[31mway)");
    rig.fake.refuses_all = true;
    skt_err(skd_kmip_provision_info(rig.provision, &info, &rig.diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(
        strstr(rig.diag.text, "Authentication Not Successful"));
    skd_kmip_provision_free(&rig.provision);
    rig.script.refuse_opens = 100;
    skt_kmip_rig_provision(&rig);
    skt_err(skd_kmip_provision_info(rig.provision, &info, &rig.diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(rig.diag.text, "kms two.test:2: cannot connect");
    ck_assert_uint_eq(info.versions.n, 77);
    skt_kmip_rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_provision_info",
          versions_vendor_and_operations_are_told,
          a_server_that_knows_no_profiles_is_not_asked_for_them,
          without_discover_versions_the_rest_is_told,
          a_refused_query_and_a_lost_server_are_told_apart)
