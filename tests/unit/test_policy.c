/* test_policy.c - proves policy.c. */
#include "agent/serve/policy.h"
#include "tests/lib/suite.h"

#define OWN_UID 500u

static const char *const only_a[] = { "a" };
static const char *const a_and_b[] = { "a", "b" };

static struct skd_peer peer_of(uid_t uid, gid_t gid)
{
    return (struct skd_peer){ .uid = uid, .gid = gid };
}

static bool allows(const struct skd_access_rule *rules,
                   size_t n,
                   const struct skd_peer *peer,
                   enum skd_right right,
                   const char *tenant)
{
    const struct skd_config config = { .has_access = true,
                                       .access = rules,
                                       .n_access = n };
    const struct skd_policy policy = { &config, OWN_UID };

    if (tenant == NULL) {
        return skd_policy_allows_all(&policy, peer, right);
    }
    return skd_policy_allows(&policy, peer, right, skp_view_of(tenant));
}

START_TEST(without_rules_own_uid_and_root_may_do_all_and_others_nothing)
{
    const struct skd_config config = { .has_access = false };
    const struct skd_policy policy = { &config, OWN_UID };
    const struct skd_peer root = peer_of(0, 0);
    const struct skd_peer own = peer_of(OWN_UID, 7);
    const struct skd_peer other = peer_of(501, OWN_UID);
    const struct skp_view tenant = skp_view_of("a");

    for (unsigned right = 1; right <= SKD_RIGHT_ADMIN; right *= 2) {
        enum skd_right one = (enum skd_right)right;

        ck_assert(skd_policy_allows(&policy, &root, one, tenant));
        ck_assert(skd_policy_allows(&policy, &own, one, tenant));
        ck_assert(skd_policy_allows_all(&policy, &own, one));
        ck_assert(!skd_policy_allows(&policy, &other, one, tenant));
        ck_assert(!skd_policy_allows_all(&policy, &other, one));
    }
}
END_TEST

START_TEST(with_rules_not_even_root_may_do_what_no_rule_allows)
{
    const struct skd_access_rule rule = { .has_uid = true,
                                          .uid = 1000,
                                          .any_tenant = true,
                                          .rights = SKD_RIGHT_ALL };
    const struct skd_peer root = peer_of(0, 0);
    const struct skd_peer own = peer_of(OWN_UID, 0);

    ck_assert(!allows(&rule, 1, &root, SKD_RIGHT_DECRYPT, "a"));
    ck_assert(!allows(&rule, 1, &own, SKD_RIGHT_ADMIN, NULL));
    ck_assert(!allows(NULL, 0, &root, SKD_RIGHT_PUBKEY, "a"));
}
END_TEST

START_TEST(a_rule_gives_the_rights_it_lists_and_no_other)
{
    const struct skd_access_rule rule = {
        .any_tenant = true, .rights = SKD_RIGHT_ENCRYPT | SKD_RIGHT_PUBKEY
    };
    const struct skd_peer peer = peer_of(1000, 1000);

    ck_assert(allows(&rule, 1, &peer, SKD_RIGHT_ENCRYPT, "a"));
    ck_assert(allows(&rule, 1, &peer, SKD_RIGHT_PUBKEY, "a"));
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_DECRYPT, "a"));
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_ADMIN, "a"));
}
END_TEST

START_TEST(all_fields_of_a_rule_must_match)
{
    const struct skd_access_rule rule = { .has_uid = true,
                                          .uid = 1000,
                                          .has_gid = true,
                                          .gid = 2000,
                                          .tenants = only_a,
                                          .n_tenants = 1,
                                          .rights = SKD_RIGHT_ALL };
    const struct skd_peer both = peer_of(1000, 2000);
    const struct skd_peer uid_only = peer_of(1000, 1000);
    const struct skd_peer gid_only = peer_of(1001, 2000);

    ck_assert(allows(&rule, 1, &both, SKD_RIGHT_DECRYPT, "a"));
    ck_assert(!allows(&rule, 1, &both, SKD_RIGHT_DECRYPT, "b"));
    ck_assert(!allows(&rule, 1, &both, SKD_RIGHT_DECRYPT, "aa"));
    ck_assert(!allows(&rule, 1, &uid_only, SKD_RIGHT_DECRYPT, "a"));
    ck_assert(!allows(&rule, 1, &gid_only, SKD_RIGHT_DECRYPT, "a"));
}
END_TEST

START_TEST(a_supplementary_group_matches_like_the_primary_one)
{
    const struct skd_access_rule rule = { .has_gid = true,
                                          .gid = 2000,
                                          .any_tenant = true,
                                          .rights = SKD_RIGHT_ALL };
    gid_t groups[] = { 5, 2000 };
    struct skd_peer peer = peer_of(1000, 1000);

    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_DECRYPT, "a"));
    peer.groups = groups;
    peer.n_groups = 2;
    ck_assert(allows(&rule, 1, &peer, SKD_RIGHT_DECRYPT, "a"));
    peer.n_groups = 1;
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_DECRYPT, "a"));
}
END_TEST

START_TEST(the_first_rule_that_matches_decides_even_when_it_refuses)
{
    const struct skd_access_rule rules[] = {
        { .tenants = only_a, .n_tenants = 1, .rights = SKD_RIGHT_PUBKEY },
        { .any_tenant = true, .rights = SKD_RIGHT_ALL },
    };
    const struct skd_peer peer = peer_of(1000, 1000);

    ck_assert(!allows(rules, 2, &peer, SKD_RIGHT_DECRYPT, "a"));
    ck_assert(allows(rules, 2, &peer, SKD_RIGHT_DECRYPT, "b"));
}
END_TEST

START_TEST(all_tenants_are_only_those_of_a_rule_with_a_star)
{
    const struct skd_access_rule rules[] = {
        { .tenants = a_and_b, .n_tenants = 2, .rights = SKD_RIGHT_ALL },
        { .any_tenant = true, .rights = SKD_RIGHT_WATCH },
    };
    const struct skd_peer peer = peer_of(1000, 1000);

    ck_assert(!allows(rules, 1, &peer, SKD_RIGHT_WATCH, NULL));
    ck_assert(!allows(rules, 1, &peer, SKD_RIGHT_WATCH, "*"));
    ck_assert(allows(rules, 2, &peer, SKD_RIGHT_WATCH, NULL));
    ck_assert(!allows(rules, 2, &peer, SKD_RIGHT_ADMIN, NULL));
}
END_TEST

START_TEST(a_cgroup_matches_its_pattern_and_an_unknown_one_matches_none)
{
    struct skd_process process = { .cgroup = skp_view_of(
                                       "/system.slice/gateway.service") };
    struct skd_peer peer = peer_of(1000, 1000);
    struct skd_access_rule rule = { .cgroup = "/system.slice/*.service",
                                    .any_tenant = true,
                                    .rights = SKD_RIGHT_ALL };

    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
    peer.process = &process;
    ck_assert(allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
    rule.has_uid = true;
    rule.uid = 1001;
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
    rule.has_uid = false;
    process.cgroup = skp_view_of("/user.slice/system.slice/gateway.service");
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
    process.cgroup = skp_view_of("");
    rule.cgroup = "/**";
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
    rule.cgroup = "**";
    ck_assert(!allows(&rule, 1, &peer, SKD_RIGHT_UNWRAP, "a"));
}
END_TEST

SKT_SUITE("policy",
          a_cgroup_matches_its_pattern_and_an_unknown_one_matches_none,
          without_rules_own_uid_and_root_may_do_all_and_others_nothing,
          with_rules_not_even_root_may_do_what_no_rule_allows,
          a_rule_gives_the_rights_it_lists_and_no_other,
          all_fields_of_a_rule_must_match,
          a_supplementary_group_matches_like_the_primary_one,
          the_first_rule_that_matches_decides_even_when_it_refuses,
          all_tenants_are_only_those_of_a_rule_with_a_star)
