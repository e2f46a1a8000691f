/* test_watch.c - proves watch.c. */
#include "agent/serve/watch.h"
#include "tests/lib/suite.h"

static const struct skd_config open_config;
static const struct skd_peer root = { .uid = 0 };

static struct skp_tenant_row row_of(const char *id)
{
    return (struct skp_tenant_row){ .id = skp_view_of(id), .generation = 3 };
}

/* Which of the rows a, b, c, d pass, as "bd" say. */
static const char *pass(const struct skd_watch *watch,
                        const struct skd_policy *policy)
{
    const struct skp_tenant_row rows[] = { row_of("a"), row_of("b"),
                                           row_of("c"), row_of("d") };
    struct skp_tenant_row kept[4];
    static char line[5];
    size_t n = skd_watch_filter(watch, policy, &root, false, rows, 4, kept);

    for (size_t i = 0; i < n; i++) {
        line[i] = (char)kept[i].id.ptr[0];
        ck_assert_uint_eq(kept[i].generation, 3);
    }
    line[n] = '\0';
    return line;
}

START_TEST(a_watch_without_names_passes_all)
{
    const struct skd_policy policy = { &open_config, 0 };
    struct skd_watch *watch = NULL;

    skt_ok(skd_watch_new(NULL, 0, &watch));
    ck_assert_str_eq(pass(watch, &policy), "abcd");
    skd_watch_free(&watch);
    ck_assert_ptr_null(watch);
    skd_watch_free(&watch);
}
END_TEST

START_TEST(a_watch_by_name_keeps_its_own_copy_of_the_names)
{
    const struct skd_policy policy = { &open_config, 0 };
    uint8_t ids[] = { 'd', 'x', 'b' };
    struct skp_view views[] = { { ids, 1 }, { ids + 1, 1 }, { ids + 2, 1 } };
    struct skd_watch *watch = NULL;

    skt_ok(skd_watch_new(views, 3, &watch));
    ids[0] = ids[1] = ids[2] = 'a';
    ck_assert_str_eq(pass(watch, &policy), "bd");
    skd_watch_free(&watch);
}
END_TEST

START_TEST(what_the_peer_may_not_watch_does_not_pass)
{
    static const char *const named[] = { "b" };
    const struct skd_access_rule rules[] = {
        { .tenants = named, .n_tenants = 1, .rights = SKD_RIGHT_PUBKEY },
        { .any_tenant = true, .rights = SKD_RIGHT_WATCH },
    };
    const struct skd_config config = { .has_access = true,
                                       .access = rules,
                                       .n_access = 2 };
    const struct skd_policy policy = { &config, 0 };
    struct skd_watch *watch = NULL;

    skt_ok(skd_watch_new(NULL, 0, &watch));
    ck_assert_str_eq(pass(watch, &policy), "acd");
    skd_watch_free(&watch);
}
END_TEST

START_TEST(the_one_key_of_all_is_told_under_each_watched_name)
{
    const struct skd_policy policy = { &open_config, 0 };
    const struct skp_tenant_row one = row_of("*");
    const struct skp_view names[] = { skp_view_of("x"), skp_view_of("y") };
    struct skp_tenant_row kept[2];
    struct skd_watch *named = NULL;
    struct skd_watch *all = NULL;

    skt_ok(skd_watch_new(names, 2, &named));
    ck_assert_uint_eq(
        skd_watch_filter(named, &policy, &root, true, &one, 1, kept), 2);
    ck_assert(skp_view_equal(kept[0].id, names[0]));
    ck_assert(skp_view_equal(kept[1].id, names[1]));
    skt_ok(skd_watch_new(NULL, 0, &all));
    ck_assert_uint_eq(
        skd_watch_filter(all, &policy, &root, true, &one, 1, kept), 1);
    ck_assert(skp_view_equal(kept[0].id, one.id));
    ck_assert_uint_eq(
        skd_watch_filter(named, &policy, &root, true, &one, 0, kept), 0);
    skd_watch_free(&named);
    skd_watch_free(&all);
}
END_TEST

SKT_SUITE("watch",
          a_watch_without_names_passes_all,
          a_watch_by_name_keeps_its_own_copy_of_the_names,
          what_the_peer_may_not_watch_does_not_pass,
          the_one_key_of_all_is_told_under_each_watched_name)
