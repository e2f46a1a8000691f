/* test_rate.c - proves rate.c. */
#include <pthread.h>

#include "agent/serve/rate.h"
#include "tests/lib/suite.h"

static unsigned take_all(struct skd_rate *rate, unsigned per_s, uint64_t now_ms)
{
    unsigned n = 0;

    while (skd_rate_take(rate, per_s, now_ms)) {
        n++;
    }
    return n;
}

START_TEST(a_second_s_worth_can_be_had_at_once_and_no_more)
{
    for (unsigned per_s = 1; per_s <= 1000000; per_s *= 10) {
        struct skd_rate rate = { 0 };

        ck_assert_uint_eq(take_all(&rate, per_s, 100000), per_s);
        ck_assert(!skd_rate_is_full(&rate, 100000));
        ck_assert(skd_rate_is_full(&rate, 101000));
    }
}
END_TEST

START_TEST(it_fills_evenly)
{
    struct skd_rate rate = { 0 };

    (void)take_all(&rate, 100, 100000);
    ck_assert_uint_eq(take_all(&rate, 100, 100009), 0);
    ck_assert_uint_eq(take_all(&rate, 100, 100010), 1);
    ck_assert_uint_eq(take_all(&rate, 100, 100510), 50);
    ck_assert_uint_eq(take_all(&rate, 100, 900000), 100);
}
END_TEST

START_TEST(what_is_left_can_be_taken_and_no_more)
{
    static const unsigned rates[] = { 1, 7, 100, 999983, 1000000 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rates); i++) {
        struct skd_rate rate = { 0 };
        uint64_t left = skd_rate_left(&rate, rates[i], 100000);

        ck_assert_uint_eq(left, take_all(&rate, rates[i], 100000));
        ck_assert_uint_eq(skd_rate_left(&rate, rates[i], 100000), 0);
        left = skd_rate_left(&rate, rates[i], 100400);
        ck_assert_uint_eq(left, take_all(&rate, rates[i], 100400));
        /* Of a clock that another worker has seen later. */
        ck_assert_uint_eq(skd_rate_left(&rate, rates[i], 1), 0);
    }
}
END_TEST

START_TEST(over_a_long_time_it_is_the_rate_that_was_asked_for)
{
    struct skd_rate rate = { 0 };
    unsigned n = 0;

    for (uint64_t now_ms = 1000000; now_ms < 1010000; now_ms++) {
        n += take_all(&rate, 333, now_ms);
    }
    ck_assert_uint_ge(n, 333 * 10);
    ck_assert_uint_le(n, 333 * 11 + 1);
}
END_TEST

#define N_THREADS 4

static void *take_in_thread(void *state)
{
    return (void *)(uintptr_t)take_all(state, 100000, 5000);
}

START_TEST(threads_together_get_exactly_what_one_would)
{
    struct skd_rate rate = { 0 };
    pthread_t threads[N_THREADS];
    uintptr_t n = 0;

    for (int i = 0; i < N_THREADS; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, take_in_thread, &rate), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *taken = NULL;

        ck_assert_int_eq(pthread_join(threads[i], &taken), 0);
        n += (uintptr_t)taken;
    }
    ck_assert_uint_eq(n, 100000);
}
END_TEST

SKT_SUITE("rate",
          a_second_s_worth_can_be_had_at_once_and_no_more,
          it_fills_evenly,
          what_is_left_can_be_taken_and_no_more,
          over_a_long_time_it_is_the_rate_that_was_asked_for,
          threads_together_get_exactly_what_one_would)
