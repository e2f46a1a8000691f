/* test_builder.c - what a builder copies and what it refuses. */
#include <stdio.h>
#include <string.h>

#include "agent/store/snapshot.h"
#include "tests/lib/suite.h"

static const uint8_t some_key[SKP_KEY_LEN] = { 7 };

static struct skd_builder *new_builder(size_t n_tenants, size_t n_keys)
{
    struct skd_builder *builder = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(n_tenants, n_keys, false, &builder, &diag));
    return builder;
}

static struct skd_tenant tenant_of(const char *id)
{
    return (struct skd_tenant){ .id = id, .id_len = (uint8_t)strlen(id) };
}

START_TEST(a_tenants_row_is_copied_with_its_texts)
{
    struct skd_builder *builder = new_builder(1, 0);
    struct skd_snapshot *snapshot = NULL;
    char id[] = "tenant";
    char reason[] = "the source was not reached";
    struct skd_tenant tenant = {
        .id = id,
        .id_len = 6,
        .use = SKD_USE_DECRYPT_ONLY,
        .origin = SKP_ORIGIN_KMIP,
        .state = 3,
        .is_private = true,
        .missing = 2,
        .n_keys = 77, /* not the caller's to say */
        .first_key = 5,
        .confirmed_ms = 11,
        .confirmed_at_s = 12,
        .reason = reason,
        .last_generation = 13,
    };
    const struct skd_tenant *kept;

    skt_ok(skd_builder_add_tenant(builder, &tenant));
    memset(id, 'x', 6);
    memset(reason, 'x', 3);
    skt_ok(skd_builder_finish(&builder, &snapshot));
    ck_assert_ptr_null(builder);
    kept = skd_snapshot_find(snapshot, skp_view_of("tenant"));
    ck_assert_ptr_nonnull(kept);
    ck_assert_str_eq(kept->reason, "the source was not reached");
    ck_assert_uint_eq(kept->use, SKD_USE_DECRYPT_ONLY);
    ck_assert_uint_eq(kept->origin, SKP_ORIGIN_KMIP);
    ck_assert_uint_eq(kept->state, 3);
    ck_assert(kept->is_private);
    ck_assert_uint_eq(kept->missing, 2);
    ck_assert_uint_eq(kept->n_keys, 0);
    ck_assert_uint_eq(kept->confirmed_ms, 11);
    ck_assert_int_eq(kept->confirmed_at_s, 12);
    ck_assert_uint_eq(kept->last_generation, 13);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(two_tenants_with_one_id_are_refused)
{
    struct skd_builder *builder = new_builder(3, 0);
    struct skd_snapshot *snapshot = NULL;
    struct skd_tenant a = tenant_of("a");
    struct skd_tenant b = tenant_of("b");

    skt_ok(skd_builder_add_tenant(builder, &a));
    skt_ok(skd_builder_add_tenant(builder, &b));
    skt_ok(skd_builder_add_tenant(builder, &a));
    skt_err(skd_builder_finish(&builder, &snapshot), SKP_ERR_ALREADY_EXISTS);
    ck_assert_ptr_null(builder);
    ck_assert_ptr_null(snapshot);
}
END_TEST

START_TEST(more_than_announced_is_refused)
{
    struct skd_builder *builder = new_builder(1, 1);
    struct skd_tenant tenant = tenant_of("a");
    struct skd_key key = { some_key, some_key, some_key, 1 };

    skt_ok(skd_builder_add_tenant(builder, &tenant));
    skt_err(skd_builder_add_tenant(builder, &tenant),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skt_ok(skd_builder_add_key(builder, &key));
    skt_err(skd_builder_add_key(builder, &key), SKP_ERR_RESOURCE_EXHAUSTED);
    skd_builder_free(&builder);
    ck_assert_ptr_null(builder);
    skd_builder_free(&builder);
}
END_TEST

START_TEST(an_unfinished_builder_gives_its_locked_memory_back)
{
    size_t before = skd_arena_held();
    struct skd_builder *builder = new_builder(10, 10);

    ck_assert_uint_gt(skd_arena_held(), before);
    skd_builder_free(&builder);
    ck_assert_uint_eq(skd_arena_held(), before);
}
END_TEST

START_TEST(sizes_beyond_the_index_are_refused)
{
    struct skd_builder *builder = NULL;
    struct skp_diag diag = { "" };

    skt_err(skd_builder_new(SIZE_MAX, 0, false, &builder, &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skd_builder_new(0, SIZE_MAX, false, &builder, &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_ptr_null(builder);
    ck_assert_str_ne(diag.text, "");
}
END_TEST

/* Ids that begin alike, that end where others go on, and bytes of all heights;
 * each with its key. */
START_TEST(tenants_are_put_in_order_and_keep_their_keys)
{
    static const char *const ids[] = {
        "b",       "abcdefghi", "a",  "abcdefgh",  "~", "abcdefgh0",
        "abcdefg", "B",         "ab", "abcdefghj", "!", "abcdefgz"
    };
    static const char *const in_order[] = {
        "!",         "B",        "a",         "ab",
        "abcdefg",   "abcdefgh", "abcdefgh0", "abcdefghi",
        "abcdefghj", "abcdefgz", "b",         "~"
    };
    size_t n = SKP_ARRAY_LEN(ids);
    struct skd_builder *builder = new_builder(n, n);
    struct skd_snapshot *snapshot = NULL;

    for (size_t i = 0; i < n; i++) {
        struct skd_tenant tenant = tenant_of(ids[i]);
        uint8_t public_key[SKP_KEY_LEN] = { 0 };
        const struct skd_key key = { some_key, public_key, some_key, 1 };

        (void)snprintf((char *)public_key, sizeof public_key, "%s", ids[i]);
        skt_ok(skd_builder_add_tenant(builder, &tenant));
        skt_ok(skd_builder_add_key(builder, &key));
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    for (size_t i = 0; i < n; i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(snapshot, i);

        ck_assert_str_eq(tenant->id, in_order[i]);
        ck_assert_str_eq(
            (const char *)skd_snapshot_key(snapshot, tenant, 0).public_key,
            in_order[i]);
        ck_assert_ptr_eq(skd_snapshot_find(snapshot, skp_view_of(in_order[i])),
                         tenant);
    }
    skd_snapshot_unref(&snapshot);
}
END_TEST

SKT_SUITE("builder",
          tenants_are_put_in_order_and_keep_their_keys,
          a_tenants_row_is_copied_with_its_texts,
          two_tenants_with_one_id_are_refused,
          more_than_announced_is_refused,
          an_unfinished_builder_gives_its_locked_memory_back,
          sizes_beyond_the_index_are_refused)
