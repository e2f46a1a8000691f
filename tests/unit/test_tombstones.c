/* test_tombstones.c - tenants that are gone are found by their id, the newest
 * of them. */
#include <stdio.h>
#include <string.h>

#include "agent/store/tombstones.h"
#include "tests/lib/suite.h"

static void add(struct skd_tombstones *tombstones, const char *id, uint64_t n)
{
    const struct skd_tombstone tombstone = { .id = id,
                                             .id_len = (uint8_t)strlen(id),
                                             .why = SKD_GONE_FORGOTTEN,
                                             .at_s = (int64_t)n,
                                             .last_generation = n };

    skt_ok(skd_tombstones_add(tombstones, &tombstone));
}

START_TEST(each_is_found_by_its_id_and_nobody_else)
{
    struct skd_tombstones tombstones = { .n = 0 };
    char id[16];

    skt_ok(skd_tombstones_reserve(&tombstones, 1000));
    for (unsigned i = 0; i < 1000; i++) {
        /* 7 and 1000 have no common factor: each once, in no order. */
        (void)snprintf(id, sizeof id, "t%u", i * 7 % 1000);
        add(&tombstones, id, i);
    }
    skd_tombstones_seal(&tombstones);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(id, sizeof id, "t%u", i * 7 % 1000);
        ck_assert_uint_eq(
            skd_tombstones_find(&tombstones, skp_view_of(id))->last_generation,
            i);
    }
    ck_assert_ptr_null(skd_tombstones_find(&tombstones, skp_view_of("t")));
    ck_assert_ptr_null(skd_tombstones_find(&tombstones, skp_view_of("t1000")));
    ck_assert_ptr_null(skd_tombstones_find(&tombstones, skp_view_of("")));
    skd_tombstones_done(&tombstones);
    ck_assert_ptr_null(skd_tombstones_find(&tombstones, skp_view_of("t1")));
}
END_TEST

START_TEST(more_than_announced_is_refused)
{
    struct skd_tombstones tombstones = { .n = 0 };
    const struct skd_tombstone one = { .id = "x", .id_len = 1 };

    skt_ok(skd_tombstones_reserve(&tombstones, 0));
    skt_err(skd_tombstones_add(&tombstones, &one), SKP_ERR_RESOURCE_EXHAUSTED);
    skt_ok(skd_tombstones_reserve(&tombstones, 1));
    skt_ok(skd_tombstones_add(&tombstones, &one));
    skt_err(skd_tombstones_add(&tombstones, &one), SKP_ERR_RESOURCE_EXHAUSTED);
    skd_tombstones_done(&tombstones);
}
END_TEST

START_TEST(texts_are_copied_and_each_reason_has_its_own_sentence)
{
    struct skd_tombstones tombstones = { .n = 0 };
    char id[] = "t";

    skt_ok(skd_tombstones_reserve(&tombstones, 1));
    add(&tombstones, id, 5);
    id[0] = 'x';
    skd_tombstones_seal(&tombstones);
    ck_assert_ptr_nonnull(skd_tombstones_find(&tombstones, skp_view_of("t")));
    skd_tombstones_done(&tombstones);
    ck_assert_ptr_nonnull(strstr(skd_gone_text(SKD_GONE_REMOVED), "removed"));
    ck_assert_ptr_nonnull(
        strstr(skd_gone_text(SKD_GONE_FORGOTTEN), "forgotten"));
    ck_assert_ptr_nonnull(
        strstr(skd_gone_text(SKD_GONE_DESTROYED), "destroyed"));
}
END_TEST

SKT_SUITE("tombstones",
          each_is_found_by_its_id_and_nobody_else,
          more_than_announced_is_refused,
          texts_are_copied_and_each_reason_has_its_own_sentence)
