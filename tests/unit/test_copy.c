/* test_copy.c - tenants go over as they are. */
#include <string.h>

#include "agent/refresh/copy.h"
#include "tests/lib/suite.h"

static void add(struct skd_builder *builder, const char *id, uint8_t number)
{
    const struct skd_tenant tenant = { .id = id,
                                       .id_len = (uint8_t)strlen(id),
                                       .use = SKD_USE_ALL,
                                       .confirmed_ms = number,
                                       .last_generation = 2,
                                       .reason = "some" };

    skt_ok(skd_builder_add_tenant(builder, &tenant));
    for (uint64_t generation = 2; generation > 0; generation--) {
        uint8_t bytes[SKP_KEY_LEN];
        const struct skd_key key = { bytes, bytes, bytes, generation };

        memset(bytes, number, sizeof bytes);
        skt_ok(skd_builder_add_key(builder, &key));
    }
}

static struct skd_snapshot *new_snapshot(void)
{
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(3, 6, false, &builder, &diag));
    add(builder, "a", 1);
    add(builder, "b", 2);
    add(builder, "c", 3);
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

static void
expect(const struct skd_snapshot *snapshot, const char *id, uint8_t number)
{
    const struct skd_tenant *tenant =
        skd_snapshot_find(snapshot, skp_view_of(id));

    ck_assert_ptr_nonnull(tenant);
    ck_assert_uint_eq(tenant->n_keys, 2);
    ck_assert_uint_eq(tenant->confirmed_ms, number);
    ck_assert_uint_eq(tenant->last_generation, 2);
    ck_assert_str_eq(tenant->reason, "some");
    for (size_t nth = 0; nth < 2; nth++) {
        struct skd_key key = skd_snapshot_key(snapshot, tenant, nth);

        ck_assert_uint_eq(key.private_key[31], number);
        ck_assert_uint_eq(key.public_key[31], number);
        ck_assert_uint_eq(key.key_id[7], number);
        ck_assert_uint_eq(key.generation, 2 - nth);
    }
}

START_TEST(a_copy_without_a_tenant_has_all_others_as_they_are)
{
    struct skd_snapshot *old = new_snapshot();
    struct skd_snapshot *without = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_copy_without(old, skp_view_of("b"), 77, &without, &diag));
    skd_snapshot_unref(&old);
    ck_assert_uint_eq(skd_snapshot_count(without), 2);
    ck_assert_uint_eq(skd_snapshot_n_keys(without), 4);
    ck_assert_ptr_null(skd_snapshot_find(without, skp_view_of("b")));
    ck_assert_uint_eq(skd_snapshot_tombstones(without)->n, 1);
    ck_assert_uint_eq(skd_snapshot_tombstones(without)->list[0].why,
                      SKD_GONE_FORGOTTEN);
    ck_assert_int_eq(skd_snapshot_tombstones(without)->list[0].at_s, 77);
    expect(without, "a", 1);
    expect(without, "c", 3);
    skd_snapshot_unref(&without);
}
END_TEST

START_TEST(a_copy_without_a_stranger_has_all)
{
    struct skd_snapshot *old = new_snapshot();
    struct skd_snapshot *copy = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_copy_without(old, skp_view_of("x"), 77, &copy, &diag));
    ck_assert_uint_eq(skd_snapshot_count(copy), 3);
    ck_assert_uint_eq(skd_snapshot_tombstones(copy)->n, 0);
    expect(copy, "b", 2);
    skd_snapshot_unref(&copy);
    skd_snapshot_unref(&old);
}
END_TEST

START_TEST(a_row_may_be_changed_on_the_way)
{
    struct skd_snapshot *old = new_snapshot();
    const struct skd_tenant *tenant = skd_snapshot_find(old, skp_view_of("a"));
    struct skd_tenant changed = *tenant;
    struct skd_builder *builder = NULL;
    struct skp_diag diag = { "" };

    changed.missing = 3;
    skt_ok(skd_builder_new(1, 1, false, &builder, &diag));
    skt_err(skd_copy_tenant(builder, old, tenant, &changed),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skd_builder_free(&builder);
    skt_ok(skd_builder_new(1, 2, false, &builder, &diag));
    skt_ok(skd_copy_tenant(builder, old, tenant, &changed));
    skd_snapshot_unref(&old);
    skt_ok(skd_builder_finish(&builder, &old));
    ck_assert_uint_eq(skd_snapshot_at(old, 0)->missing, 3);
    expect(old, "a", 1);
    skd_snapshot_unref(&old);
}
END_TEST

SKT_SUITE("copy",
          a_copy_without_a_tenant_has_all_others_as_they_are,
          a_copy_without_a_stranger_has_all,
          a_row_may_be_changed_on_the_way)
