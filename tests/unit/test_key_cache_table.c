/* test_key_cache_table.c - suite of libclient/key_cache_table.c. */
#include <string.h>

#include "libclient/key_cache_table.h"
#include "tests/lib/suite.h"

#define OFFLINE_MS 1000u

static const struct skc_key_term watched = { 0, 500, true };
static const struct skc_key_term unwatched = { 0, 500, false };

static struct skc_key_table *make(uint32_t max_tenants)
{
    struct skc_key_table *table = NULL;

    skt_ok(skc_key_table_new(max_tenants, OFFLINE_MS, &table));
    return table;
}

/* Key number @nth: all its bytes, and those of its id, say so. */
static struct sidekey_public_key key_of(uint8_t nth)
{
    struct sidekey_public_key key = { .generation = nth };

    memset(key.public_key, nth, sizeof key.public_key);
    memset(key.key_id, nth, sizeof key.key_id);
    return key;
}

static void put(struct skc_key_table *table,
                const char *tenant,
                uint8_t nth,
                const struct skc_key_term *term)
{
    struct sidekey_public_key key = key_of(nth);

    skc_key_table_put(table, skp_view_of(tenant), &key, term);
}

static void expect(struct skc_key_table *table,
                   const char *tenant,
                   uint64_t now_ms,
                   enum skc_key_state state,
                   uint8_t nth)
{
    struct sidekey_public_key key = key_of(0xee);

    ck_assert_int_eq(
        skc_key_table_look(table, skp_view_of(tenant), now_ms, &key), state);
    ck_assert_uint_eq(key.public_key[31],
                      state == SKC_KEY_UNKNOWN ? 0xee : nth);
}

START_TEST(a_key_is_fresh_then_old_then_unknown)
{
    struct skc_key_table *table = make(2);

    expect(table, "t", 0, SKC_KEY_UNKNOWN, 0);
    put(table, "t", 1, &unwatched);
    expect(table, "t", 499, SKC_KEY_FRESH, 1);
    expect(table, "t", 500, SKC_KEY_OLD, 1);
    expect(table, "t", 999, SKC_KEY_OLD, 1);
    expect(table, "t", 1000, SKC_KEY_UNKNOWN, 0);
    expect(table, "u", 0, SKC_KEY_UNKNOWN, 0);
    skc_key_table_free(&table);
    ck_assert_ptr_null(table);
}
END_TEST

START_TEST(a_watched_key_counts_as_confirmed_until_the_watch_breaks)
{
    struct skc_key_table *table = make(2);

    put(table, "t", 1, &watched);
    expect(table, "t", 5000, SKC_KEY_OLD, 1);
    skc_key_table_unwatch(table, 4800);
    expect(table, "t", 5799, SKC_KEY_OLD, 1);
    expect(table, "t", 5800, SKC_KEY_UNKNOWN, 0);
    skc_key_table_free(&table);
}
END_TEST

START_TEST(nothing_is_fresh_after_the_watch_broke)
{
    struct skc_key_table *table = make(2);

    put(table, "t", 1, &watched);
    put(table, "u", 2, &unwatched);
    skc_key_table_unwatch(table, 100);
    expect(table, "t", 101, SKC_KEY_OLD, 1);
    expect(table, "u", 101, SKC_KEY_OLD, 2);
    skc_key_table_free(&table);
}
END_TEST

START_TEST(a_key_rests_after_a_question_in_vain)
{
    struct skc_key_table *table = make(2);

    put(table, "t", 1, &watched);
    skc_key_table_rest(table, skp_view_of("t"), 2000, 2300);
    skc_key_table_rest(table, skp_view_of("nobody"), 2000, 2300);
    expect(table, "t", 2299, SKC_KEY_RESTING, 1);
    expect(table, "t", 2300, SKC_KEY_OLD, 1);
    /* Asking again in vain does not make the time offline longer. */
    skc_key_table_rest(table, skp_view_of("t"), 2900, 9000);
    expect(table, "t", 2999, SKC_KEY_RESTING, 1);
    expect(table, "t", 3000, SKC_KEY_UNKNOWN, 0);
    put(table, "t", 1, &(struct skc_key_term){ 3000, 3500, false });
    expect(table, "t", 3500, SKC_KEY_OLD, 1);
    skc_key_table_free(&table);
}
END_TEST

START_TEST(a_change_drops_another_key_and_leaves_the_same_one)
{
    struct skc_key_table *table = make(3);
    struct sidekey_public_key one = key_of(1);
    struct sidekey_public_key two = key_of(2);

    put(table, "t", 1, &watched);
    put(table, "u", 1, &watched);
    put(table, "v", 1, &watched);
    skc_key_table_change(table, skp_view_of("t"), one.key_id);
    expect(table, "t", 10, SKC_KEY_FRESH, 1);
    skc_key_table_change(table, skp_view_of("t"), two.key_id);
    expect(table, "t", 10, SKC_KEY_UNKNOWN, 0);
    skc_key_table_change(table, skp_view_of("u"), NULL);
    expect(table, "u", 10, SKC_KEY_UNKNOWN, 0);
    expect(table, "v", 10, SKC_KEY_FRESH, 1);
    skc_key_table_change(table, skp_view_of("nobody"), NULL);
    ck_assert_uint_eq(skc_key_table_count(table), 1);
    skc_key_table_free(&table);
}
END_TEST

START_TEST(a_change_of_the_one_key_is_one_of_every_tenant)
{
    struct skc_key_table *table = make(3);
    struct sidekey_public_key two = key_of(2);

    put(table, "t", 1, &watched);
    put(table, "u", 2, &watched);
    put(table, "v", 1, &watched);
    skc_key_table_change(table, skp_view_of("*"), two.key_id);
    expect(table, "t", 10, SKC_KEY_UNKNOWN, 0);
    expect(table, "u", 10, SKC_KEY_FRESH, 2);
    expect(table, "v", 10, SKC_KEY_UNKNOWN, 0);
    skc_key_table_change(table, skp_view_of("*"), NULL);
    ck_assert_uint_eq(skc_key_table_count(table), 0);
    skc_key_table_free(&table);
}
END_TEST

START_TEST(the_tenant_used_longest_ago_makes_way)
{
    struct skc_key_table *table = make(2);

    put(table, "t", 1, &watched);
    put(table, "u", 2, &watched);
    expect(table, "t", 10, SKC_KEY_FRESH, 1);
    put(table, "v", 3, &watched);
    expect(table, "u", 10, SKC_KEY_UNKNOWN, 0);
    expect(table, "t", 10, SKC_KEY_FRESH, 1);
    expect(table, "v", 10, SKC_KEY_FRESH, 3);
    put(table, "t", 4, &watched);
    expect(table, "v", 10, SKC_KEY_FRESH, 3);
    expect(table, "t", 10, SKC_KEY_FRESH, 4);
    ck_assert_uint_eq(skc_key_table_count(table), 2);
    ck_assert_uint_eq(skc_key_table_evictions(table), 1);
    skc_key_table_free(&table);
}
END_TEST

START_TEST(doubt_keeps_a_key_and_drop_does_not)
{
    struct skc_key_table *table = make(2);

    put(table, "t", 1, &watched);
    skc_key_table_doubt(table, skp_view_of("t"));
    expect(table, "t", 10, SKC_KEY_OLD, 1);
    skc_key_table_drop(table, skp_view_of("t"));
    expect(table, "t", 10, SKC_KEY_UNKNOWN, 0);
    skc_key_table_doubt(table, skp_view_of("t"));
    skc_key_table_drop(table, skp_view_of("t"));
    skc_key_table_free(&table);
}
END_TEST

START_TEST(without_time_offline_only_fresh_keys_are_used)
{
    struct skc_key_table *table = NULL;

    skt_ok(skc_key_table_new(2, 0, &table));
    put(table, "t", 1, &watched);
    expect(table, "t", 499, SKC_KEY_FRESH, 1);
    expect(table, "t", 500, SKC_KEY_UNKNOWN, 0);
    skc_key_table_free(&table);
}
END_TEST

SKT_SUITE("key_cache_table",
          a_key_is_fresh_then_old_then_unknown,
          a_watched_key_counts_as_confirmed_until_the_watch_breaks,
          nothing_is_fresh_after_the_watch_broke,
          a_key_rests_after_a_question_in_vain,
          a_change_drops_another_key_and_leaves_the_same_one,
          a_change_of_the_one_key_is_one_of_every_tenant,
          the_tenant_used_longest_ago_makes_way,
          doubt_keeps_a_key_and_drop_does_not,
          without_time_offline_only_fresh_keys_are_used)
