/* test_check_access.c - the suite of agent/config/check_access.c. */
#include "tests/lib/checked.h"

#define ACCESS(text)                                                         \
    "{\"crypto\":{\"key\":\"" SKT_SEED_A "\"},\"sidekey\":{\"access\":" text \
    "}}"
#define AT  "c.json:1: sidekey.access"
#define ALL "\"tenants\":[\"*\"],\"allow\":[\"pubkey\"]"

START_TEST(reads_rules_with_all_their_fields)
{
    struct skt_checked checked = skt_check(
        ACCESS(
            "[{\"uid\":1000,\"tenants\":[\"a\",\"b\"],"
            "\"allow\":[\"pubkey\",\"encrypt\",\"decrypt\"]},"
            "{\"user\":\"root\",\"group\":\"root\",\"tenants\":[\"a\",\"*\"],"
            "\"allow\":[\"unwrap\",\"rewrap\",\"watch\",\"admin\"]},"
            "{\"gid\":4294967294,\"tenants\":[\"c\"],\"allow\":[]},"
            "{\"tenants\":[\"*\"],\"allow\":[\"pubkey\"]}]"),
        NULL);
    const struct skd_access_rule *rules = checked.config.access;

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert(checked.config.has_access);
    ck_assert_uint_eq(checked.config.n_access, 4);
    ck_assert(rules[0].has_uid && !rules[0].has_gid && !rules[0].any_tenant);
    ck_assert_uint_eq(rules[0].uid, 1000);
    ck_assert_uint_eq(rules[0].n_tenants, 2);
    ck_assert_str_eq(rules[0].tenants[1], "b");
    ck_assert_uint_eq(rules[0].rights,
                      SKD_RIGHT_PUBKEY | SKD_RIGHT_ENCRYPT | SKD_RIGHT_DECRYPT);
    ck_assert(rules[1].has_uid && rules[1].has_gid && rules[1].any_tenant);
    ck_assert_uint_eq(rules[1].uid, 0);
    ck_assert_uint_eq(rules[1].gid, 0);
    ck_assert_uint_eq(rules[1].rights, SKD_RIGHT_UNWRAP | SKD_RIGHT_REWRAP |
                                           SKD_RIGHT_WATCH | SKD_RIGHT_ADMIN);
    ck_assert(!rules[2].has_uid && rules[2].has_gid);
    ck_assert_uint_eq(rules[2].gid, 4294967294u);
    ck_assert_uint_eq(rules[2].rights, 0);
    ck_assert(!rules[3].has_uid && !rules[3].has_gid && rules[3].any_tenant);
    skt_checked_done(&checked);
}
END_TEST

START_TEST(an_empty_array_lets_nobody_in)
{
    struct skt_checked checked = skt_check(ACCESS("[]"), NULL);

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert(checked.config.has_access);
    ck_assert_uint_eq(checked.config.n_access, 0);
    skt_checked_done(&checked);
}
END_TEST

START_TEST(who_must_be_known_and_said_once)
{
    skt_expect_findings(ACCESS("[{\"user\":\"no-such-user-here\"," ALL "}]"),
                        AT "[0].user: this system knows no such user\n", "");
    skt_expect_findings(ACCESS("[{\"group\":\"no-such-group-here\"," ALL "}]"),
                        AT "[0].group: this system knows no such group\n", "");
    skt_expect_findings(ACCESS("[{\"user\":0," ALL "}]"),
                        AT "[0].user: must be a string\n", "");
    skt_expect_findings(ACCESS("[{\"uid\":0,\"user\":\"root\"," ALL "}]"),
                        AT "[0].user: give uid or user, not both\n", "");
    skt_expect_findings(ACCESS("[{\"gid\":0,\"group\":\"root\"," ALL "}]"),
                        AT "[0].group: give gid or group, not both\n", "");
    skt_expect_findings(
        ACCESS("[{\"uid\":-1," ALL "},{\"uid\":4294967295," ALL
               "},{\"gid\":1.5," ALL "},{\"uid\":\"1\"," ALL "}]"),
        AT "[0].uid: must be an integer from 0 to 4294967294\n" AT
           "[1].uid: must be an integer from 0 to 4294967294\n" AT
           "[2].gid: must be an integer from 0 to 4294967294\n" AT
           "[3].uid: must be an integer from 0 to 4294967294\n",
        "");
}
END_TEST

START_TEST(tenants_and_rights_must_be_right)
{
    skt_expect_findings(ACCESS("[{}]"),
                        AT "[0].tenants: missing required configuration\n" AT
                           "[0].allow: missing required configuration\n",
                        "");
    skt_expect_findings(ACCESS("[{\"tenants\":\"*\",\"allow\":\"admin\"}]"),
                        AT "[0].tenants: must be an array of strings\n" AT
                           "[0].allow: must be an array of strings\n",
                        "");
    skt_expect_findings(
        ACCESS("[{\"tenants\":[\"a b\",3],\"allow\":[\"Admin\",1]}]"),
        AT "[0].tenants[0]: must be a tenant id or \"*\"\n" AT
           "[0].tenants[1]: must be a string\n" AT
           "[0].allow[0]: must be one of pubkey, encrypt, decrypt, unwrap, "
           "rewrap, watch, admin\n" AT
           "[0].allow[1]: must be one of pubkey, encrypt, decrypt, unwrap, "
           "rewrap, watch, admin\n",
        "");
}
END_TEST

START_TEST(a_cgroup_is_a_pattern_for_an_absolute_path)
{
    struct skt_checked checked =
        skt_check(ACCESS("[{" ALL "},{\"cgroup\":\"/a/*\"," ALL "}]"), NULL);
    const struct skd_config *config = &checked.config;

    ck_assert_uint_eq(config->n_access, 2);
    ck_assert_ptr_null(config->access[0].cgroup);
    ck_assert_str_eq(config->access[1].cgroup, "/a/*");
    ck_assert(config->names_cgroup);
    skt_checked_done(&checked);
    skt_expect_findings(
        ACCESS("[{\"cgroup\":\"a\"," ALL "},{\"cgroup\":\"\"," ALL
               "},{\"cgroup\":7," ALL "}]"),
        AT "[0].cgroup: must be a pattern that begins with /\n" AT
           "[1].cgroup: must be a pattern that begins with /\n" AT
           "[2].cgroup: must be a string\n",
        "");
}
END_TEST

START_TEST(rules_have_no_unknown_fields)
{
    skt_expect_findings(ACCESS("[{\"tenant\":\"*\"," ALL "}]"),
                        AT "[0].tenant: unknown key; the closest known one is "
                           "tenants\n",
                        "");
    skt_expect_findings(ACCESS("[7]"), AT "[0]: must be an object\n", "");
    skt_expect_findings(ACCESS("{}"), AT ": must be an array of rules\n", "");
}
END_TEST

SKT_SUITE("check_access",
          reads_rules_with_all_their_fields,
          an_empty_array_lets_nobody_in,
          who_must_be_known_and_said_once,
          tenants_and_rights_must_be_right,
          a_cgroup_is_a_pattern_for_an_absolute_path,
          rules_have_no_unknown_fields)
