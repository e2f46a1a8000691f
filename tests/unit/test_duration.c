/* test_duration.c - the suite of agent/config/duration.c. */
#include "agent/config/duration.h"
#include "tests/lib/suite.h"

#define US INT64_C(1000)
#define MS (1000 * US)
#define S  (1000 * MS)
#define M  (60 * S)
#define H  (60 * M)

static void expect_ns(const char *text, int64_t ns)
{
    int64_t got = 0;
    const char *why = NULL;

    ck_assert_msg(skd_duration_parse(skp_view_of(text), &got, &why) ==
                      SKP_ERR_OK,
                  "%s: %s", text, why);
    ck_assert_msg(got == ns, "%s gave %lld", text, (long long)got);
}

static void expect_fault(const char *text, const char *why)
{
    int64_t got = 77;
    const char *got_why = NULL;

    skt_err(skd_duration_parse(skp_view_of(text), &got, &got_why),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(got_why, why) != NULL, "%s: %s", text, got_why);
    ck_assert_int_eq(got, 77);
}

START_TEST(takes_what_go_documents)
{
    expect_ns("300ms", 300 * MS);
    expect_ns("-1.5h", -90 * M);
    expect_ns("2h45m", 2 * H + 45 * M);
    expect_ns("1h15m30.918s", H + 15 * M + 30 * S + 918 * MS);
    expect_ns("1us", US);
    expect_ns("1\xc2\xb5s", US);
    expect_ns("1\xce\xbcs", US);
    expect_ns("10h", 10 * H);
    expect_ns("500ns", 500);
    expect_ns("1m0.5s", M + 500 * MS);
}
END_TEST

START_TEST(takes_signs_points_and_a_bare_zero)
{
    expect_ns("0", 0);
    expect_ns("+0", 0);
    expect_ns("-0", 0);
    expect_ns("0s", 0);
    expect_ns("+5s", 5 * S);
    expect_ns("-5s", -5 * S);
    expect_ns(".5s", 500 * MS);
    expect_ns("1.s", S);
    expect_ns("1.0s", S);
    expect_ns("1.004s", S + 4 * MS);
    expect_ns("1.00400s", S + 4 * MS);
    expect_ns("100.00100s", 100 * S + MS);
    expect_ns("3s2h1s", 2 * H + 4 * S);
    expect_ns("0.3333333333333333333h", 20 * M);
    expect_ns("0.9007199254740993h", INT64_C(3242591731706));
    expect_ns("0.100000000000000000000h", 6 * M);
    expect_ns("39h9m14.425s", 39 * H + 9 * M + 14 * S + 425 * MS);
}
END_TEST

START_TEST(takes_durations_up_to_the_largest_and_no_further)
{
    expect_ns("9223372036854775807ns", INT64_MAX);
    expect_ns("9223372036854775.807us", INT64_MAX);
    expect_ns("9223372036s854ms775us807ns", INT64_MAX);
    expect_ns("-9223372036854775807ns", -INT64_MAX);
    expect_ns("-9223372036854775808ns", INT64_MIN);
    expect_ns("-9223372036854775.808us", INT64_MIN);
    expect_fault("9223372036854775808ns", "too large");
    expect_fault("-9223372036854775809ns", "too large");
    expect_fault("9223372036854775.808us", "too large");
    expect_fault("3000000h", "too large");
    expect_fault("92233720368547758070ns", "too large");
    expect_fault("9223372036854ms775us808ns", "too large");
    expect_fault("9223372036854775807ns1ns", "too large");
}
END_TEST

START_TEST(refuses_everything_else_with_a_reason)
{
    expect_fault("", "empty");
    expect_fault("-", "empty");
    expect_fault("+", "empty");
    expect_fault("3", "lacks a unit");
    expect_fault("1.", "lacks a unit");
    expect_fault("00", "lacks a unit");
    expect_fault("1h5", "lacks a unit");
    expect_fault("s", "no number");
    expect_fault(".", "no number");
    expect_fault("-.", "no number");
    expect_fault(".s", "no number");
    expect_fault("+.s", "no number");
    expect_fault("--1s", "no number");
    expect_fault(" 1s", "no number");
    expect_fault("1d", "unknown unit");
    expect_fault("1 s", "unknown unit");
    expect_fault("1s ", "unknown unit");
    expect_fault("1S", "unknown unit");
    expect_fault("1h-5m", "unknown unit");
    expect_fault("1\xc2s", "unknown unit");
}
END_TEST

START_TEST(milliseconds_are_rounded_up)
{
    ck_assert_uint_eq(skd_duration_to_ms(0), 0);
    ck_assert_uint_eq(skd_duration_to_ms(1), 1);
    ck_assert_uint_eq(skd_duration_to_ms(1000000), 1);
    ck_assert_uint_eq(skd_duration_to_ms(1000001), 2);
    ck_assert_uint_eq(skd_duration_to_ms(INT64_MAX), 9223372036855u);
}
END_TEST

SKT_SUITE("duration",
          takes_what_go_documents,
          takes_signs_points_and_a_bare_zero,
          takes_durations_up_to_the_largest_and_no_further,
          refuses_everything_else_with_a_reason,
          milliseconds_are_rounded_up)
