/* test_describe.c - one answer makes one tenant's row. */
#include <string.h>

#include "agent/refresh/describe.h"
#include "tests/lib/suite.h"

static const struct skd_tenant served = {
    .id = "t",
    .id_len = 1,
    .use = SKD_USE_DECRYPT_ONLY,
    .origin = SKP_ORIGIN_COORDINATOR,
    .state = SKD_KEY_DEACTIVATED,
    .missing = 2,
    .n_keys = 1,
    .confirmed_ms = 11,
    .confirmed_at_s = 12,
    .last_generation = 7,
};

static struct skd_item item_of(enum skd_said said)
{
    return (struct skd_item){
        .tenant = "t",
        .tenant_len = 1,
        .said = said,
        .origin = SKP_ORIGIN_KMIP,
        .is_private = true,
        .n_keys = said == SKD_SAID_KEYS ? 1 : 0,
    };
}

static struct skd_tenant describe(const struct skd_item *item,
                                  const struct skd_tenant *was)
{
    const struct skd_was before = { NULL, was };

    return skd_describe(item, before, was != NULL || item->n_keys > 0, 100,
                        200);
}

START_TEST(fresh_keys_make_a_fresh_row)
{
    struct skd_item item = item_of(SKD_SAID_KEYS);
    struct skd_tenant row = describe(&item, &served);

    ck_assert_uint_eq(row.use, SKD_USE_ALL);
    ck_assert_uint_eq(row.state, SKD_KEY_ACTIVE);
    ck_assert_uint_eq(row.origin, SKP_ORIGIN_KMIP);
    ck_assert_uint_eq(row.confirmed_ms, 100);
    ck_assert_int_eq(row.confirmed_at_s, 200);
    ck_assert_uint_eq(row.missing, 0);
    ck_assert_uint_eq(row.last_generation, 7);
    ck_assert_ptr_null(row.reason);
    ck_assert(row.is_private);
}
END_TEST

START_TEST(a_last_good_key_keeps_its_use_origin_and_date)
{
    struct skd_item item = item_of(SKD_SAID_UNREACHED);
    struct skd_tenant row = describe(&item, &served);

    ck_assert_uint_eq(row.use, SKD_USE_DECRYPT_ONLY);
    ck_assert_uint_eq(row.state, SKD_KEY_DEACTIVATED);
    ck_assert_uint_eq(row.origin, SKP_ORIGIN_COORDINATOR);
    ck_assert_uint_eq(row.confirmed_ms, 11);
    ck_assert_int_eq(row.confirmed_at_s, 12);
    ck_assert_uint_eq(row.missing, 0);
    ck_assert_ptr_nonnull(row.reason);
}
END_TEST

START_TEST(every_answer_but_a_good_one_has_a_reason)
{
    for (int said = 0; said <= SKD_SAID_DESTROYED; said++) {
        struct skd_item item = item_of((enum skd_said)said);
        struct skd_tenant row = describe(&item, NULL);

        ck_assert_int_eq(row.reason == NULL, said == SKD_SAID_KEYS);
        ck_assert_int_eq(row.use == SKD_USE_NONE, said != SKD_SAID_KEYS);
        ck_assert_uint_eq(row.origin, SKP_ORIGIN_KMIP);
        if (said != SKD_SAID_KEYS) {
            item.reason = "because";
            ck_assert_str_eq(describe(&item, NULL).reason, "because");
        }
    }
}
END_TEST

START_TEST(as_before_confirms_only_what_was_well)
{
    struct skd_item item = item_of(SKD_SAID_SAME);
    struct skd_tenant ill = served;

    ck_assert_uint_eq(describe(&item, &served).confirmed_ms, 100);
    ill.reason = "its seed is unusable";
    ck_assert_uint_eq(describe(&item, &ill).confirmed_ms, 11);
    ck_assert_str_eq(describe(&item, &ill).reason, "its seed is unusable");
}
END_TEST

START_TEST(destroyed_stays_destroyed_until_there_is_another_object)
{
    static const struct {
        enum skd_said said;
        bool stays;
    } rows[] = {
        { SKD_SAID_ASK, true },        { SKD_SAID_SAME, true },
        { SKD_SAID_UNREACHED, true },  { SKD_SAID_ABSENT, true },
        { SKD_SAID_DESTROYED, true },  { SKD_SAID_KEYS, false },
        { SKD_SAID_DUPLICATE, false }, { SKD_SAID_UNUSABLE, false },
    };
    struct skd_item item = item_of(SKD_SAID_DESTROYED);
    struct skd_tenant gone = describe(&item, &served);

    ck_assert(gone.is_destroyed);
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        item = item_of(rows[i].said);
        ck_assert_int_eq(describe(&item, &gone).is_destroyed, rows[i].stays);
        ck_assert_int_eq(describe(&item, &served).is_destroyed,
                         rows[i].said == SKD_SAID_DESTROYED);
    }
    /* The key of a public tenant is not the key server's. */
    item = item_of(SKD_SAID_SAME);
    item.is_private = false;
    ck_assert(!describe(&item, &gone).is_destroyed);
}
END_TEST

SKT_SUITE("describe",
          fresh_keys_make_a_fresh_row,
          a_last_good_key_keeps_its_use_origin_and_date,
          every_answer_but_a_good_one_has_a_reason,
          as_before_confirms_only_what_was_well,
          destroyed_stays_destroyed_until_there_is_another_object)
