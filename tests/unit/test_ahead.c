/* test_ahead.c - results computed ahead are those of one at a time, are handed
 * out once, and leave nothing behind. */
#include <string.h>

#include <sodium.h>

#include "protocol/ahead.h"
#include "tests/lib/suite.h"

struct pair {
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t point[SKP_KEY_LEN];
};

static struct pair pairs[SKP_AHEAD_MAX + 1];

static struct skp_ahead *new_ahead(void)
{
    struct skp_ahead *ahead = NULL;

    randombytes_buf(pairs, sizeof pairs);
    skt_ok(skp_ahead_new(&ahead));
    return ahead;
}

static bool fetch(struct skp_ahead *ahead, size_t i, uint8_t ret[SKP_KEY_LEN])
{
    bool is_low_order = false;
    bool is_there = skp_ahead_fetch(ahead, pairs[i].private_key, pairs[i].point,
                                    ret, &is_low_order);

    ck_assert_int_eq(is_low_order,
                     is_there && sodium_is_zero(ret, SKP_KEY_LEN) == 1);
    return is_there;
}

static void add(struct skp_ahead *ahead, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert(skp_ahead_add(ahead, pairs[i].private_key, pairs[i].point));
    }
}

START_TEST(gives_each_result_once)
{
    struct skp_ahead *ahead = new_ahead();
    uint8_t got[SKP_KEY_LEN];
    uint8_t expected[SKP_KEY_LEN];

    add(ahead, SKP_AHEAD_MAX);
    ck_assert_uint_eq(skp_ahead_count(ahead), SKP_AHEAD_MAX);
    ck_assert(!skp_ahead_add(ahead, pairs[SKP_AHEAD_MAX].private_key,
                             pairs[SKP_AHEAD_MAX].point));
    skp_ahead_run(ahead);
    for (size_t i = SKP_AHEAD_MAX; i-- > 0;) {
        ck_assert(fetch(ahead, i, got));
        ck_assert_int_eq(crypto_scalarmult_curve25519(
                             expected, pairs[i].private_key, pairs[i].point),
                         0);
        skt_bytes_eq((struct skp_view){ got, sizeof got },
                     (struct skp_view){ expected, sizeof expected });
        ck_assert(!fetch(ahead, i, got));
    }
    skp_ahead_free(&ahead);
}
END_TEST

START_TEST(knows_nothing_of_another_key_or_point)
{
    struct skp_ahead *ahead = new_ahead();
    uint8_t copy[SKP_KEY_LEN];
    uint8_t got[SKP_KEY_LEN] = { 1, 2, 3 };
    bool is_low_order = false;

    add(ahead, 3);
    ck_assert(!fetch(ahead, 0, got)); /* not run yet */
    skp_ahead_run(ahead);
    ck_assert(!skp_ahead_fetch(ahead, pairs[0].private_key, pairs[1].point, got,
                               &is_low_order));
    memcpy(copy, pairs[0].private_key, sizeof copy);
    ck_assert(
        !skp_ahead_fetch(ahead, copy, pairs[0].point, got, &is_low_order));
    ck_assert(!fetch(ahead, 3, got));
    ck_assert_uint_eq(got[0], 1);
    skp_ahead_clear(ahead);
    ck_assert_uint_eq(skp_ahead_count(ahead), 0);
    ck_assert(!fetch(ahead, 0, got));
    skp_ahead_free(&ahead);
}
END_TEST

START_TEST(gives_zero_for_a_point_of_low_order)
{
    struct skp_ahead *ahead = new_ahead();
    uint8_t got[SKP_KEY_LEN] = { 1 };

    memset(pairs[2].point, 0, SKP_KEY_LEN);
    add(ahead, 4);
    skp_ahead_run(ahead);
    ck_assert(fetch(ahead, 2, got));
    ck_assert_int_eq(sodium_is_zero(got, sizeof got), 1);
    skp_ahead_free(&ahead);
}
END_TEST

START_TEST(starts_anew_after_clear)
{
    struct skp_ahead *ahead = new_ahead();
    uint8_t got[SKP_KEY_LEN];

    add(ahead, 5);
    skp_ahead_run(ahead);
    skp_ahead_clear(ahead);
    add(ahead, 1);
    ck_assert(!fetch(ahead, 0, got));
    skp_ahead_run(ahead);
    ck_assert(fetch(ahead, 0, got));
    skp_ahead_free(&ahead);
    ck_assert_ptr_null(ahead);
    skp_ahead_free(&ahead);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

SKT_SUITE("ahead",
          gives_each_result_once,
          knows_nothing_of_another_key_or_point,
          gives_zero_for_a_point_of_low_order,
          starts_anew_after_clear)
