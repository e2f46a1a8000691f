/* test_graves.c - tombstones go from one snapshot to the next, the newest of
 * them. */
#include <stdio.h>
#include <string.h>

#include "agent/refresh/graves.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

static char names[2 * SKD_TOMBSTONES_MAX][8];

static struct skd_tenant tenant_number(size_t number)
{
    (void)snprintf(names[number], sizeof names[number], "t%04zu",
                   number % 10000);
    return (struct skd_tenant){ .id = names[number],
                                .id_len = 5,
                                .last_generation = number + 1 };
}

/* The snapshot after @old from whose tenants number @from to @to - 1 go. */
static struct skd_snapshot *bury(struct skd_snapshot *old,
                                 const struct skd_material *material,
                                 size_t from,
                                 size_t to)
{
    struct skd_builder *builder = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(0, 0, false, &builder, &diag));
    skt_ok(skd_graves_take_over(builder, old, material, to - from));
    for (size_t i = from; i < to; i++) {
        struct skd_tenant tenant = tenant_number(i);

        skt_ok(skd_graves_dig(builder, &tenant, SKD_GONE_REMOVED, 99));
    }
    skd_snapshot_unref(&old);
    skt_ok(skd_builder_finish(&builder, &old));
    return old;
}

static uint64_t generation(const struct skd_snapshot *snapshot, const char *id)
{
    return skd_graves_generation(snapshot, skp_view_of(id));
}

START_TEST(they_are_taken_over_until_their_tenants_are_named_again)
{
    static const struct skt_answer back = { .tenant = "t0001" };
    struct skd_material *material = skt_material(&back, 1);
    struct skd_snapshot *snapshot = bury(NULL, NULL, 0, 3);

    snapshot = bury(snapshot, NULL, 3, 4);
    ck_assert_uint_eq(skd_snapshot_tombstones(snapshot)->n, 4);
    ck_assert_uint_eq(generation(snapshot, "t0001"), 2);
    snapshot = bury(snapshot, material, 4, 5);
    ck_assert_uint_eq(skd_snapshot_tombstones(snapshot)->n, 4);
    ck_assert_uint_eq(generation(snapshot, "t0001"), 0);
    ck_assert_uint_eq(generation(snapshot, "t0004"), 5);
    ck_assert_uint_eq(generation(NULL, "t0001"), 0);
    skd_snapshot_unref(&snapshot);
    skd_material_free(&material);
}
END_TEST

START_TEST(when_there_are_too_many_the_oldest_go)
{
    struct skd_snapshot *snapshot = bury(NULL, NULL, 0, SKD_TOMBSTONES_MAX);

    snapshot = bury(snapshot, NULL, SKD_TOMBSTONES_MAX, SKD_TOMBSTONES_MAX + 2);
    ck_assert_uint_eq(skd_snapshot_tombstones(snapshot)->n, SKD_TOMBSTONES_MAX);
    ck_assert_uint_eq(generation(snapshot, "t0001"), 0);
    ck_assert_uint_eq(generation(snapshot, "t0002"), 3);
    ck_assert_uint_eq(generation(snapshot, "t4097"), 4098);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(more_than_all_at_once_is_no_failure)
{
    struct skd_snapshot *snapshot = bury(NULL, NULL, 0, 2);

    snapshot = bury(snapshot, NULL, 2, SKD_TOMBSTONES_MAX + 100);
    ck_assert_uint_eq(skd_snapshot_tombstones(snapshot)->n, SKD_TOMBSTONES_MAX);
    ck_assert_uint_eq(generation(snapshot, "t0001"), 0);
    ck_assert_uint_eq(generation(snapshot, "t0002"), 3);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(a_destroyed_key_is_destroyed_whoever_dropped_its_tenant)
{
    struct skd_tenant tenant = tenant_number(7);
    struct skd_builder *builder = NULL;
    struct skp_diag diag = { "" };

    tenant.is_destroyed = true;
    skt_ok(skd_builder_new(0, 0, false, &builder, &diag));
    skt_ok(skd_graves_take_over(builder, NULL, NULL, 1));
    skt_ok(skd_graves_dig(builder, &tenant, SKD_GONE_FORGOTTEN, 99));
    ck_assert_uint_eq(skd_builder_tombstones(builder)->list[0].why,
                      SKD_GONE_DESTROYED);
    skd_builder_free(&builder);
}
END_TEST

SKT_SUITE("graves",
          they_are_taken_over_until_their_tenants_are_named_again,
          when_there_are_too_many_the_oldest_go,
          more_than_all_at_once_is_no_failure,
          a_destroyed_key_is_destroyed_whoever_dropped_its_tenant)
