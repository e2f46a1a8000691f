/* test_env.c - suite of agent/sys/env.c. */
#include "agent/sys/env.h"
#include "tests/lib/suite.h"

static enum skp_err fill_with_byte(void *state, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = *(const uint8_t *)state;
    }
    return SKP_ERR_OK;
}

static enum skp_err fill_fails(void *state, uint8_t *buf, size_t len)
{
    (void)state;
    (void)buf;
    (void)len;
    return SKP_ERR_INTERNAL;
}

START_TEST(the_monotonic_clock_never_goes_back)
{
    uint64_t before = skd_env_now_ms(&skd_env_system);

    for (int i = 0; i < 1000; i++) {
        uint64_t now = skd_env_now_ms(&skd_env_system);

        ck_assert_uint_ge(now, before);
        before = now;
    }
    ck_assert_uint_gt(before, 0);
}
END_TEST

START_TEST(both_scales_of_a_clock_tell_the_same_time)
{
    uint64_t before_ms = skd_env_now_ms(&skd_env_system);
    uint64_t now_us = skd_env_now_us(&skd_env_system);
    int64_t before_s = skd_env_wall_s(&skd_env_system);
    int64_t now_ms = skd_env_wall_ms(&skd_env_system);

    ck_assert_uint_ge(now_us / 1000, before_ms);
    ck_assert_uint_le(now_us / 1000, skd_env_now_ms(&skd_env_system));
    ck_assert_int_ge(now_ms / 1000, before_s);
    ck_assert_int_le(now_ms / 1000, skd_env_wall_s(&skd_env_system));
}
END_TEST

START_TEST(the_wall_clock_is_past_the_day_this_was_written)
{
    ck_assert_int_gt(skd_env_wall_s(&skd_env_system), 1700000000);
}
END_TEST

START_TEST(a_pick_stays_in_its_range_and_reaches_both_ends)
{
    bool seen[4] = { false };

    for (int i = 0; i < 1000; i++) {
        uint64_t picked = skd_env_pick(&skd_env_system, 3);

        ck_assert_uint_le(picked, 3);
        seen[picked] = true;
    }
    ck_assert(seen[0] && seen[1] && seen[2] && seen[3]);
    ck_assert_uint_eq(skd_env_pick(&skd_env_system, 0), 0);
}
END_TEST

START_TEST(a_pick_of_the_whole_range_is_what_was_drawn)
{
    uint8_t byte = 0xff;
    const struct skd_env env = { .random = { &byte, fill_with_byte } };

    ck_assert_uint_eq(skd_env_pick(&env, UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(a_pick_without_randomness_is_zero)
{
    const struct skd_env env = { .random = { NULL, fill_fails } };

    ck_assert_uint_eq(skd_env_pick(&env, 1000), 0);
}
END_TEST

SKT_SUITE("env",
          the_monotonic_clock_never_goes_back,
          both_scales_of_a_clock_tell_the_same_time,
          the_wall_clock_is_past_the_day_this_was_written,
          a_pick_stays_in_its_range_and_reaches_both_ends,
          a_pick_of_the_whole_range_is_what_was_drawn,
          a_pick_without_randomness_is_zero)
