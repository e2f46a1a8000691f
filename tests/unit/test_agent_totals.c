/* test_agent_totals.c - suite of agent/ops/agent_totals.c. */
#include "agent/ops/agent_totals.h"
#include "tests/lib/suite.h"

static struct skd_agent_totals totals;

START_TEST(methods_that_were_used_are_told_with_all_their_counts)
{
    struct skd_request_totals requests = { .n_over_rate = 0 };
    struct skp_totals got = { .uptime_ms = 5 };

    requests.answered[SKP_METHOD_UNWRAP][SKP_ERR_OK] = 7;
    requests.answered[SKP_METHOD_UNWRAP][SKP_ERR_NOT_FOUND] = 2;
    requests.lasted[SKP_METHOD_UNWRAP][SKD_TOTALS_BOUNDS] = 9;
    requests.answered[SKD_TOTALS_NO_METHOD][SKP_ERR_DATA_LOSS] = 1;
    totals.workers_us[1] = 40;
    skd_agent_totals_compose(&requests, 2, &totals, &got);
    ck_assert_uint_eq(got.uptime_ms, 5);
    ck_assert_uint_eq(got.n_requests, 2);
    ck_assert(skp_view_equal(got.requests[0].method, skp_view_of("unwrap")));
    ck_assert_uint_eq(got.requests[0].answered.list[SKP_ERR_OK], 7);
    ck_assert_uint_eq(got.requests[0].answered.list[SKP_ERR_NOT_FOUND], 2);
    ck_assert_uint_eq(got.requests[0].lasted.n, got.bounds_ns.n + 1);
    ck_assert_uint_eq(got.requests[0].lasted.list[got.bounds_ns.n], 9);
    ck_assert(skp_view_equal(got.requests[1].method, skp_view_of("none")));
    ck_assert_uint_eq(got.requests[1].answered.n, SKP_ERR_DATA_LOSS + 1u);
    ck_assert_uint_eq(got.workers_us.n, 2);
    ck_assert_uint_eq(got.workers_us.list[1], 40);
}
END_TEST

START_TEST(an_agent_that_was_never_asked_tells_of_no_method)
{
    const struct skd_request_totals requests = { .n_over_rate = 0 };
    struct skp_totals got = { .uptime_ms = 0 };

    skd_agent_totals_compose(&requests, 0, &totals, &got);
    ck_assert_uint_eq(got.n_requests, 0);
}
END_TEST

START_TEST(bounds_are_those_that_durations_are_counted_by)
{
    const struct skd_request_totals requests = { .n_over_rate = 0 };
    struct skp_totals got = { .uptime_ms = 0 };

    skd_agent_totals_compose(&requests, 0, &totals, &got);
    ck_assert_uint_eq(got.bounds_ns.n, SKD_TOTALS_BOUNDS);
    ck_assert_uint_eq(got.bounds_ns.list[SKD_TOTALS_BOUND_5000], 5000);
    ck_assert_uint_eq(got.bounds_ns.list[SKD_TOTALS_BOUND_10000000000],
                      10000000000u);
}
END_TEST

SKT_SUITE("agent_totals",
          methods_that_were_used_are_told_with_all_their_counts,
          an_agent_that_was_never_asked_tells_of_no_method,
          bounds_are_those_that_durations_are_counted_by)
