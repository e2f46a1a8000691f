/* test_repeats.c - messages that come again and again. */
#include <stdio.h>
#include <string.h>

#include "agent/sys/repeats.h"
#include "tests/lib/suite.h"

static struct skd_repeats repeats;
static struct skd_repeat taken;

static bool admit(const char *text, uint64_t now_ms)
{
    return skd_repeats_admit(&repeats, 2, text, now_ms);
}

static bool take(uint64_t now_ms)
{
    return skd_repeats_take(&repeats, now_ms, false, &taken);
}

START_TEST(the_first_few_are_written_and_the_rest_are_counted)
{
    memset(&repeats, 0, sizeof repeats);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(admit("a", 1000 + i), i < SKD_REPEATS_FIRST);
    }
    ck_assert(!take(1000 + SKD_REPEATS_WINDOW_MS - 1));
    ck_assert(take(1000 + SKD_REPEATS_WINDOW_MS));
    ck_assert_str_eq(taken.text, "a");
    ck_assert_int_eq(taken.level, 2);
    ck_assert_uint_eq(taken.n, 100);
    ck_assert_uint_eq(taken.n_silent, 100 - SKD_REPEATS_FIRST);
    ck_assert(!take(UINT64_MAX / 2));
    /* And it begins anew. */
    ck_assert(admit("a", 20000));
}
END_TEST

START_TEST(a_message_now_and_then_is_always_written_and_owes_no_line)
{
    memset(&repeats, 0, sizeof repeats);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t now_ms = (uint64_t)i * SKD_REPEATS_WINDOW_MS;

        ck_assert(!take(now_ms));
        ck_assert(admit("a", now_ms));
    }
}
END_TEST

START_TEST(another_text_or_level_is_another_message)
{
    memset(&repeats, 0, sizeof repeats);
    for (unsigned i = 0; i < SKD_REPEATS_FIRST; i++) {
        ck_assert(admit("a", 0));
    }
    ck_assert(!admit("a", 0));
    ck_assert(admit("ab", 0));
    ck_assert(admit("", 0));
    ck_assert(skd_repeats_admit(&repeats, 3, "a", 0));
}
END_TEST

START_TEST(no_message_and_no_count_is_lost_when_there_are_many)
{
    unsigned n_written = 0;
    unsigned n_told = 0;

    memset(&repeats, 0, sizeof repeats);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 3 * SKD_REPEATS_MESSAGES; i++) {
            char text[16];

            (void)snprintf(text, sizeof text, "%u", i);
            /* Those at the front come more often. */
            for (unsigned n = 0; n < (i < 8 ? 5u : 1u); n++) {
                n_written += admit(text, 0);
            }
        }
    }
    while (skd_repeats_take(&repeats, 0, true, &taken)) {
        n_told += (unsigned)taken.n_silent;
    }
    ck_assert_uint_eq(n_written + n_told,
                      10 * (8 * 5 + 3 * SKD_REPEATS_MESSAGES - 8));
    ck_assert_uint_gt(n_told, 0);
}
END_TEST

START_TEST(all_are_given_at_the_end)
{
    memset(&repeats, 0, sizeof repeats);
    for (unsigned i = 0; i < 5; i++) {
        (void)admit("a", 0);
        (void)admit("b", 0);
    }
    ck_assert(!take(1));
    ck_assert(skd_repeats_take(&repeats, 1, true, &taken));
    ck_assert_str_eq(taken.text, "a");
    ck_assert(skd_repeats_take(&repeats, 1, true, &taken));
    ck_assert_str_eq(taken.text, "b");
    ck_assert_uint_eq(taken.n_silent, 2);
    ck_assert(!skd_repeats_take(&repeats, 1, true, &taken));
}
END_TEST

SKT_SUITE("repeats",
          the_first_few_are_written_and_the_rest_are_counted,
          a_message_now_and_then_is_always_written_and_owes_no_line,
          another_text_or_level_is_another_message,
          no_message_and_no_count_is_lost_when_there_are_many,
          all_are_given_at_the_end)
