/* test_plan.c - what is due when, under a fake clock. */
#include "agent/refresh/plan.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/suite.h"

#define START  1000000u
#define PERIOD 60000u
#define GAP    5000u

static struct skt_clock fake;
static struct skd_plan plan;

/* A plan whose first refresh ended @outcome at START; draws are @drawn. */
static void begin(uint64_t period_ms, enum skd_outcome outcome, uint64_t drawn)
{
    skt_clock_init(&fake, START, 1);
    skt_clock_script(&fake, drawn);
    skd_plan_init(&plan, period_ms, GAP, START);
    skd_plan_refreshed(&plan, &fake.env, outcome, 0);
}

static uint64_t wait_ms(bool has_demand)
{
    uint64_t next_ms = skd_plan_next(&plan, has_demand);

    return next_ms == SKD_PLAN_NEVER ? SKD_PLAN_NEVER : next_ms - fake.now_ms;
}

START_TEST(a_new_plan_is_due_at_once)
{
    skd_plan_init(&plan, PERIOD, GAP, START);
    ck_assert_int_eq(skd_plan_due(&plan, false, START), SKD_DUE_REFRESH);
    ck_assert_uint_eq(skd_plan_next(&plan, false), START);
}
END_TEST

START_TEST(the_next_refresh_comes_in_a_period_and_up_to_a_tenth_of_it)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    ck_assert_uint_eq(wait_ms(false), PERIOD);
    ck_assert_int_eq(skd_plan_due(&plan, false, START + PERIOD - 1),
                     SKD_DUE_NOTHING);
    ck_assert_int_eq(skd_plan_due(&plan, false, START + PERIOD),
                     SKD_DUE_REFRESH);
    begin(PERIOD, SKD_OUTCOME_WHOLE, PERIOD / 10);
    ck_assert_uint_eq(wait_ms(false), PERIOD + PERIOD / 10);
    begin(PERIOD, SKD_OUTCOME_WHOLE, PERIOD / 10 + 1);
    ck_assert_uint_eq(wait_ms(false), PERIOD);
}
END_TEST

START_TEST(random_jitter_stays_within_its_bounds_and_is_not_always_the_same)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    skt_clock_init(&fake, START, 42);
    skd_plan_init(&plan, PERIOD, GAP, START);
    for (int i = 0; i < 1000; i++) {
        uint64_t wait;

        skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_WHOLE, 0);
        wait = wait_ms(false);
        ck_assert_uint_ge(wait, PERIOD);
        ck_assert_uint_le(wait, PERIOD + PERIOD / 10);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    ck_assert_uint_gt(most - least, PERIOD / 20);
}
END_TEST

START_TEST(without_a_period_one_whole_refresh_is_enough)
{
    begin(0, SKD_OUTCOME_WHOLE, 0);
    ck_assert_uint_eq(skd_plan_next(&plan, false), SKD_PLAN_NEVER);
    ck_assert_int_eq(skd_plan_due(&plan, false, UINT64_MAX - 1),
                     SKD_DUE_NOTHING);
    begin(0, SKD_OUTCOME_FAILED, 0);
    ck_assert_uint_eq(wait_ms(false), 500);
}
END_TEST

START_TEST(failures_back_off_by_doubling_up_to_the_period)
{
    static const uint64_t most[] = { 1000,  2000,  4000,  8000,
                                     16000, 32000, PERIOD };

    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    for (size_t i = 0; i < SKP_ARRAY_LEN(most); i++) {
        uint64_t half = most[i] / 2;

        skt_clock_script(&fake, half); /* the latest */
        skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_FAILED, 0);
        ck_assert_uint_eq(wait_ms(false), most[i]);
    }
    for (int i = 0; i < 100; i++) {
        skt_clock_script(&fake, 0); /* the earliest */
        skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_PARTIAL, 0);
        ck_assert_uint_eq(wait_ms(false), PERIOD / 2);
    }
}
END_TEST

START_TEST(a_whole_refresh_ends_the_back_off)
{
    begin(PERIOD, SKD_OUTCOME_FAILED, 0);
    skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_FAILED, 0);
    skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_WHOLE, 0);
    ck_assert_uint_eq(wait_ms(false), PERIOD);
    skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_FAILED, 0);
    ck_assert_uint_eq(wait_ms(false), 500);
}
END_TEST

START_TEST(a_back_off_never_exceeds_a_short_period)
{
    begin(300, SKD_OUTCOME_FAILED, 150);
    ck_assert_uint_eq(wait_ms(false), 300);
}
END_TEST

START_TEST(retry_after_is_kept_by_both_kinds_of_refresh)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_FAILED, 7200000);
    ck_assert_uint_eq(wait_ms(false), 7200000);
    ck_assert_uint_eq(wait_ms(true), 7200000);
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    skd_plan_demanded(&plan, &fake.env, SKD_OUTCOME_FAILED, 90000);
    ck_assert_uint_eq(wait_ms(false), 90000);
    ck_assert_uint_eq(wait_ms(true), 90000);
}
END_TEST

START_TEST(a_retry_after_of_years_is_cut_to_a_day)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_FAILED, UINT64_MAX);
    ck_assert_uint_eq(wait_ms(false), 86400000);
}
END_TEST

START_TEST(a_demand_waits_for_the_gap_and_then_goes_first)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    ck_assert_uint_eq(wait_ms(true), GAP);
    ck_assert_int_eq(skd_plan_due(&plan, true, START + GAP - 1),
                     SKD_DUE_NOTHING);
    ck_assert_int_eq(skd_plan_due(&plan, true, START + GAP), SKD_DUE_DEMAND);
    ck_assert_int_eq(skd_plan_due(&plan, false, START + GAP), SKD_DUE_NOTHING);
    ck_assert_int_eq(skd_plan_due(&plan, true, START + PERIOD),
                     SKD_DUE_REFRESH);
    skt_clock_pass(&fake, GAP);
    skd_plan_demanded(&plan, &fake.env, SKD_OUTCOME_WHOLE, 0);
    ck_assert_uint_eq(wait_ms(true), GAP);
    ck_assert_uint_eq(wait_ms(false), PERIOD - GAP);
}
END_TEST

START_TEST(failed_demands_back_off_and_leave_the_period_alone)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    for (int i = 0; i < 10; i++) {
        skd_plan_demanded(&plan, &fake.env, SKD_OUTCOME_FAILED, 0);
    }
    ck_assert_uint_eq(plan.demand_from_ms - fake.now_ms, PERIOD / 2);
    ck_assert_uint_eq(wait_ms(false), PERIOD);
}
END_TEST

START_TEST(a_partial_demand_brings_the_next_refresh_forward)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    skd_plan_demanded(&plan, &fake.env, SKD_OUTCOME_PARTIAL, 0);
    ck_assert_uint_eq(wait_ms(false), GAP);
}
END_TEST

START_TEST(a_long_sleep_leads_to_one_refresh)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    skt_clock_pass(&fake, 100 * PERIOD);
    ck_assert_int_eq(skd_plan_due(&plan, false, fake.now_ms), SKD_DUE_REFRESH);
    skd_plan_refreshed(&plan, &fake.env, SKD_OUTCOME_WHOLE, 0);
    ck_assert_int_eq(skd_plan_due(&plan, false, fake.now_ms), SKD_DUE_NOTHING);
    ck_assert_uint_eq(wait_ms(false), PERIOD);
}
END_TEST

START_TEST(a_retry_within_a_period_is_no_new_list_for_the_brake)
{
    begin(PERIOD, SKD_OUTCOME_WHOLE, 0);
    ck_assert(skd_plan_counts(&plan, START));
    skd_plan_count(&plan, START);
    ck_assert(!skd_plan_counts(&plan, START + PERIOD - 1));
    ck_assert(skd_plan_counts(&plan, START + PERIOD));
}
END_TEST

SKT_SUITE("plan",
          a_new_plan_is_due_at_once,
          the_next_refresh_comes_in_a_period_and_up_to_a_tenth_of_it,
          random_jitter_stays_within_its_bounds_and_is_not_always_the_same,
          without_a_period_one_whole_refresh_is_enough,
          failures_back_off_by_doubling_up_to_the_period,
          a_whole_refresh_ends_the_back_off,
          a_back_off_never_exceeds_a_short_period,
          retry_after_is_kept_by_both_kinds_of_refresh,
          a_retry_after_of_years_is_cut_to_a_day,
          a_demand_waits_for_the_gap_and_then_goes_first,
          failed_demands_back_off_and_leave_the_period_alone,
          a_partial_demand_brings_the_next_refresh_forward,
          a_long_sleep_leads_to_one_refresh,
          a_retry_within_a_period_is_no_new_list_for_the_brake)
