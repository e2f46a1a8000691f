/* test_changes.c - proves changes.c. */
#include "agent/serve/changes.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

/* The changes between two snapshots, in portions of @portion, as one line:
 * "a:2 b:- " for tenant a with generation 2 and b without a key. */
static const char *
walk(struct skd_snapshot *before, struct skd_snapshot *after, size_t portion)
{
    struct skd_changes changes = skd_changes_between(before, after);
    struct skp_tenant_row rows[8];
    static char line[256];
    struct skp_buf out = skp_buf_over(line, sizeof line - 1);
    size_t n = skd_changes_next(&changes, rows, portion);

    while (n > 0) {
        ck_assert_uint_le(n, portion);
        for (size_t i = 0; i < n; i++) {
            char generation = (char)('0' + rows[i].generation);

            ck_assert_int_eq(rows[i].key_id == NULL, rows[i].generation == 0);
            skt_ok(skp_buf_put(&out, rows[i].id.ptr, rows[i].id.len));
            skt_ok(skp_buf_put(&out, ":", 1));
            skt_ok(skp_buf_put(&out, rows[i].key_id == NULL ? "-" : &generation,
                               1));
            skt_ok(skp_buf_put(&out, " ", 1));
        }
        n = skd_changes_next(&changes, rows, portion);
    }
    line[out.len] = '\0';
    return line;
}

static const struct skt_tenant before_list[] = {
    { .id = "a", .use = SKD_USE_ALL, .keys = { 1 } },
    { .id = "ab", .use = SKD_USE_ALL, .keys = { 2 } },
    { .id = "b", .use = SKD_USE_ALL, .keys = { 3 } },
    { .id = "c", .use = SKD_USE_NONE },
    { .id = "d", .use = SKD_USE_ALL, .keys = { 4 } },
    { .id = "e", .use = SKD_USE_ALL, .keys = { 5 } },
};
static const struct skt_tenant after_list[] = {
    { .id = "a", .use = SKD_USE_ALL, .keys = { 1 } },
    { .id = "aa", .use = SKD_USE_ALL, .keys = { 7 } },
    { .id = "b", .use = SKD_USE_ALL, .keys = { 8, 3 } },
    { .id = "c", .use = SKD_USE_ALL, .keys = { 9 } },
    { .id = "d", .use = SKD_USE_DECRYPT_ONLY, .keys = { 4 } },
    { .id = "e", .use = SKD_USE_NONE },
    { .id = "f", .use = SKD_USE_NONE },
    { .id = "g", .use = SKD_USE_ALL, .keys = { 6 } },
};

START_TEST(every_kind_of_change_is_found_and_nothing_else)
{
    struct skd_snapshot *before =
        skt_snapshot_of(before_list, SKP_ARRAY_LEN(before_list), false);
    struct skd_snapshot *after =
        skt_snapshot_of(after_list, SKP_ARRAY_LEN(after_list), false);
    const char *expected = "aa:1 ab:- b:2 c:1 d:1 e:- g:1 ";

    for (size_t portion = 1; portion <= 8; portion++) {
        ck_assert_str_eq(walk(before, after, portion), expected);
    }
    ck_assert_str_eq(walk(before, before, 8), "");
    skd_snapshot_unref(&before);
    skd_snapshot_unref(&after);
}
END_TEST

START_TEST(the_first_snapshot_is_all_new_and_the_end_of_one_all_gone)
{
    struct skd_snapshot *snapshot =
        skt_snapshot_of(before_list, SKP_ARRAY_LEN(before_list), false);

    ck_assert_str_eq(walk(NULL, snapshot, 8), "a:1 ab:1 b:1 d:1 e:1 ");
    ck_assert_str_eq(walk(snapshot, NULL, 8), "a:- ab:- b:- d:- e:- ");
    ck_assert_str_eq(walk(NULL, NULL, 8), "");
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(ids_are_ordered_by_bytes_and_the_shorter_comes_first)
{
    ck_assert_int_lt(skd_changes_order(skp_view_of("a"), skp_view_of("ab")), 0);
    ck_assert_int_gt(skd_changes_order(skp_view_of("b"), skp_view_of("ab")), 0);
    ck_assert_int_eq(skd_changes_order(skp_view_of("ab"), skp_view_of("ab")),
                     0);
    ck_assert_int_lt(skd_changes_order(skp_view_of("A"), skp_view_of("a")), 0);
}
END_TEST

START_TEST(between_snapshots_that_share_their_keys_nothing_is_walked)
{
    struct skd_snapshot *before = skt_snapshot_of(before_list, 2, false);
    struct skd_snapshot *after = NULL;
    struct skd_changes changes;

    skt_ok(skd_snapshot_confirm(before, 5, 5, &after));
    changes = skd_changes_between(before, after);
    ck_assert_ptr_null(changes.before);
    ck_assert_str_eq(walk(before, after, 8), "");
    skd_snapshot_unref(&before);
    skd_snapshot_unref(&after);
}
END_TEST

SKT_SUITE("changes",
          between_snapshots_that_share_their_keys_nothing_is_walked,
          every_kind_of_change_is_found_and_nothing_else,
          the_first_snapshot_is_all_new_and_the_end_of_one_all_gone,
          ids_are_ordered_by_bytes_and_the_shorter_comes_first)
