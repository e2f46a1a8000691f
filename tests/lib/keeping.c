/* keeping.c - snapshots that can be kept; see keeping.h. */
#include "tests/lib/keeping.h"

#include <string.h>

#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

struct row {
    struct skd_tenant tenant;
    uint8_t keys[4]; /* 0 ends */
    uint64_t generations[4];
};

static const struct row rows[] = {
    { { .id = "zoe",
        .id_len = 3,
        .use = SKD_USE_ALL,
        .origin = SKP_ORIGIN_KMIP,
        .state = 1,
        .is_private = true,
        .is_destroyed = true,
        .confirmed_ms = 1000,
        .confirmed_at_s = 1700000000,
        .last_generation = 3 },
      { 3, 2, 1 },
      { 3, 2, 0 } },
    { { .id = "ada",
        .id_len = 3,
        .use = SKD_USE_DECRYPT_ONLY,
        .origin = SKP_ORIGIN_KMIP,
        .state = 3,
        .missing = 2,
        .confirmed_ms = 900,
        .confirmed_at_s = -5,
        .reason = "not in the tenant list, kept by the removal brake",
        .last_generation = 1 },
      { 4 },
      { 1 } },
    { { .id = "nobody",
        .id_len = 6,
        .use = SKD_USE_NONE,
        .origin = SKP_ORIGIN_COORDINATOR,
        .reason = "",
        .last_generation = 9 },
      { 0 },
      { 0 } },
    { { .id = "67f1adf3-08e5-4eea-94e3-e611f263c87b",
        .id_len = 36,
        .use = SKD_USE_ALL,
        .origin = SKP_ORIGIN_COORDINATOR,
        .confirmed_ms = 1000,
        .confirmed_at_s = 1700000000,
        .last_generation = 1 },
      { 5 },
      { 1 } },
};

static const struct skd_tombstone graves[] = {
    { .id = "zed",
      .id_len = 3,
      .why = SKD_GONE_DESTROYED,
      .at_s = -1,
      .last_generation = 2 },
    { .id = "0b9c1d2e-0000-4000-8000-00000000beef",
      .id_len = 36,
      .why = SKD_GONE_FORGOTTEN,
      .at_s = 1700000001,
      .last_generation = UINT64_C(1) << 40 },
    { .id = "eve", .id_len = 3, .why = SKD_GONE_REMOVED, .at_s = 1700000002 },
};

static void bury(struct skd_builder *builder)
{
    struct skd_tombstones *to = skd_builder_tombstones(builder);

    skt_ok(skd_tombstones_reserve(to, SKP_ARRAY_LEN(graves) + 1));
    for (size_t i = 0; i < SKP_ARRAY_LEN(graves); i++) {
        skt_ok(skd_tombstones_add(to, &graves[i]));
    }
}

struct skd_snapshot *skt_keeping_snapshot(void)
{
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    struct skp_diag diag = { "" };

    /* More room than is used, as after a tenant was forgotten. */
    skt_ok(skd_builder_new(SKP_ARRAY_LEN(rows), 7, false, &builder, &diag));
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        skt_ok(skd_builder_add_tenant(builder, &rows[i].tenant));
        for (size_t nth = 0; nth < 4 && rows[i].keys[nth] != 0; nth++) {
            struct skt_key bytes = skt_key_number(rows[i].keys[nth]);
            const struct skd_key key = { bytes.private_key, bytes.public_key,
                                         bytes.key_id,
                                         rows[i].generations[nth] };

            skt_ok(skd_builder_add_key(builder, &key));
        }
    }
    bury(builder);
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

struct skd_arena *skt_keeping_arena(const struct skd_snapshot *snapshot,
                                    size_t n_keys)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_arena_new(n_keys, &arena, &diag));
    for (size_t i = 0; i < skd_snapshot_count(snapshot); i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(snapshot, i);

        for (size_t nth = 0; nth < tenant->n_keys; nth++) {
            if (tenant->first_key + nth < n_keys) {
                skd_arena_set(
                    arena, tenant->first_key + nth,
                    skd_snapshot_key(snapshot, tenant, nth).private_key);
            }
        }
    }
    skd_arena_seal(arena);
    return arena;
}

static void same_keys(const struct skd_snapshot *a,
                      const struct skd_tenant *in_a,
                      const struct skd_snapshot *b,
                      const struct skd_tenant *in_b)
{
    ck_assert_uint_eq(in_a->n_keys, in_b->n_keys);
    for (size_t nth = 0; nth < in_a->n_keys; nth++) {
        struct skd_key key_a = skd_snapshot_key(a, in_a, nth);
        struct skd_key key_b = skd_snapshot_key(b, in_b, nth);

        ck_assert_mem_eq(key_a.private_key, key_b.private_key, SKP_KEY_LEN);
        ck_assert_mem_eq(key_a.public_key, key_b.public_key, SKP_KEY_LEN);
        ck_assert_mem_eq(key_a.key_id, key_b.key_id, SKP_KEY_ID_LEN);
        ck_assert_uint_eq(key_a.generation, key_b.generation);
    }
}

static void same_row(const struct skd_tenant *a, const struct skd_tenant *b)
{
    ck_assert_uint_eq(a->id_len, b->id_len);
    ck_assert_mem_eq(a->id, b->id, a->id_len);
    ck_assert_uint_eq(a->use, b->use);
    ck_assert_uint_eq(a->origin, b->origin);
    ck_assert_uint_eq(a->state, b->state);
    ck_assert_int_eq(a->is_private, b->is_private);
    ck_assert_int_eq(a->is_destroyed, b->is_destroyed);
    ck_assert_uint_eq(a->missing, b->missing);
    ck_assert_uint_eq(a->confirmed_ms, b->confirmed_ms);
    ck_assert_int_eq(a->confirmed_at_s, b->confirmed_at_s);
    ck_assert_uint_eq(a->last_generation, b->last_generation);
    ck_assert_int_eq(a->reason == NULL, b->reason == NULL);
    if (a->reason != NULL && b->reason != NULL) {
        ck_assert_str_eq(a->reason, b->reason);
    }
}

static void same_graves(const struct skd_tombstones *a,
                        const struct skd_tombstones *b)
{
    ck_assert_uint_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct skp_view id = { (const uint8_t *)a->list[i].id,
                                     a->list[i].id_len };

        /* Of the same age, and found. */
        ck_assert_ptr_eq(skd_tombstones_find(b, id), &b->list[i]);
        ck_assert_uint_eq(a->list[i].why, b->list[i].why);
        ck_assert_int_eq(a->list[i].at_s, b->list[i].at_s);
        ck_assert_uint_eq(a->list[i].last_generation,
                          b->list[i].last_generation);
    }
}

void skt_keeping_same(const struct skd_snapshot *a,
                      const struct skd_snapshot *b)
{
    ck_assert_uint_eq(skd_snapshot_count(a), skd_snapshot_count(b));
    ck_assert_uint_eq(skd_snapshot_n_keys(a), skd_snapshot_n_keys(b));
    ck_assert_int_eq(skd_snapshot_is_single(a), skd_snapshot_is_single(b));
    for (size_t i = 0; i < skd_snapshot_count(a); i++) {
        const struct skd_tenant *in_a = skd_snapshot_at(a, i);
        const struct skd_tenant *in_b = skd_snapshot_at(b, i);
        struct skd_tenant row_a = skd_snapshot_row(a, in_a);
        struct skd_tenant row_b = skd_snapshot_row(b, in_b);

        same_row(&row_a, &row_b);
        same_keys(a, in_a, b, in_b);
    }
    same_graves(skd_snapshot_tombstones(a), skd_snapshot_tombstones(b));
}
