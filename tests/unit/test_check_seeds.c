/* test_check_seeds.c - the suite of agent/config/check_seeds.c. */
#include "tests/lib/checked.h"

#define LOCAL(text)                                                        \
    "{\"crypto\":{\"mode\":\"local-multi-keys\",\"update_period\":\"1m\"," \
    "\"tenant_keys\":" text "}}"
#define AT "c.json:1: crypto.tenant_keys"

START_TEST(the_single_key_is_one_local_key_without_a_tenant)
{
    struct skt_checked checked =
        skt_check("{\"crypto\":{\"key\":\"" SKT_SEED_A
                  "\",\"tenant_keys\":{\"x\":\"not used\"}}}",
                  NULL);
    const struct skd_local_key *keys = checked.config.local_keys;

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(checked.findings.n_warnings, 0);
    ck_assert_uint_eq(checked.config.n_local_keys, 1);
    ck_assert_ptr_null(keys[0].tenant);
    ck_assert_uint_eq(keys[0].n_seeds, 1);
    ck_assert(skp_view_equal(keys[0].seeds[0], skp_view_of(SKT_SEED_A)));
    skt_checked_done(&checked);
}
END_TEST

START_TEST(tenant_keys_are_one_seed_or_several)
{
    struct skt_checked checked =
        skt_check(LOCAL("{\"a.b\":\"" SKT_SEED_A "\",\"c\":[\"" SKT_SEED_B
                        "\",\"" SKT_SEED_A "\"]}"),
                  NULL);
    const struct skd_local_key *keys = checked.config.local_keys;

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(checked.findings.n_warnings, 0);
    ck_assert_uint_eq(checked.config.n_local_keys, 2);
    ck_assert_str_eq(keys[0].tenant, "a.b");
    ck_assert_uint_eq(keys[0].n_seeds, 1);
    ck_assert(skp_view_equal(keys[0].seeds[0], skp_view_of(SKT_SEED_A)));
    ck_assert_str_eq(keys[1].tenant, "c");
    ck_assert_uint_eq(keys[1].n_seeds, 2);
    ck_assert(skp_view_equal(keys[1].seeds[0], skp_view_of(SKT_SEED_B)));
    ck_assert(skp_view_equal(keys[1].seeds[1], skp_view_of(SKT_SEED_A)));
    skt_checked_done(&checked);
}
END_TEST

START_TEST(a_seed_that_is_none_is_a_warning_and_the_others_load)
{
    struct skt_checked checked = skt_check(
        LOCAL("{\"bad\":\"%%%\",\n\"short\":\"AAEC\",\n\"ok\":[\"" SKT_SEED_A
              "\",\n\"rawrawraw\"]}"),
        NULL);

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_str_eq(
        checked.findings.warnings,
        "c.json:1: crypto.tenant_keys.bad: no key can be made of it: seed is "
        "not base64\n"
        "c.json:2: crypto.tenant_keys.short: no key can be made of it: seed "
        "is too short, 32 bytes are the least\n"
        "c.json:4: crypto.tenant_keys.ok[1]: no key can be made of it: seed "
        "is not base64\n");
    ck_assert_uint_eq(checked.findings.n_warnings, 3);
    ck_assert_uint_eq(checked.config.n_local_keys, 3);
    skt_checked_done(&checked);
    skt_expect_findings("{\"crypto\":{\"key\":\"\"}}", "",
                        "c.json:1: crypto.key: no key can be made of it: seed "
                        "is too short, 32 bytes are the least\n");
}
END_TEST

START_TEST(what_is_no_seed_at_all_is_an_error)
{
    skt_expect_findings(
        LOCAL("{\"a\":7,\"b\":[],\"c\":[\"" SKT_SEED_A "\",null],\"d\":{}}"),
        AT ".a: must be a string\n" AT ".b: must hold at least one seed\n" AT
           ".c[1]: must be a string\n" AT ".d: must be a string\n",
        "");
    skt_expect_findings(LOCAL("[]"),
                        AT ": must be an object of tenant ids and seeds\n", "");
    skt_expect_findings("{\"crypto\":{\"key\":[]}}",
                        "c.json:1: crypto.key: must be a string\n", "");
}
END_TEST

START_TEST(tenants_are_named_as_the_mode_asks)
{
    skt_expect_findings(LOCAL("{\"\":\"" SKT_SEED_A "\",\"a b\":\"" SKT_SEED_A
                              "\",\"\xc3\xa9\":\"" SKT_SEED_A "\"}"),
                        AT ".: a tenant id is 1 to 128 printable ASCII "
                           "characters without spaces\n" AT
                           ".a b: a tenant id is 1 to 128 printable ASCII "
                           "characters without spaces\n" AT
                           ".\xc3\xa9: a tenant id is 1 to 128 printable "
                           "ASCII characters without spaces\n",
                        "");
    skt_expect_findings("{\"crypto\":{\"mode\":\"remote-multi-keys\","
                        "\"update_period\":\"1m\",\"tenant_keys\":{\"acme\":"
                        "\"" SKT_SEED_A "\",\"" SKT_UUID_1 "\":\"" SKT_SEED_A
                        "\"}},\"coordinator\":{\"url\":\"http://c\"}}",
                        AT ".acme: a tenant id must be a UUID in "
                           "remote-multi-keys mode\n",
                        "");
}
END_TEST

SKT_SUITE("check_seeds",
          the_single_key_is_one_local_key_without_a_tenant,
          tenant_keys_are_one_seed_or_several,
          a_seed_that_is_none_is_a_warning_and_the_others_load,
          what_is_no_seed_at_all_is_an_error,
          tenants_are_named_as_the_mode_asks)
