/* test_cli_rates.c - what an agent does in a second. */
#include <stdio.h>
#include <string.h>

#include "libclient/cli/cli_rates.h"
#include "tests/lib/suite.h"

static struct skc_reading before;
static struct skc_reading now;
static struct skc_rates rates;

static struct sidekey_method_totals *add_method(struct skc_reading *reading,
                                                const char *name)
{
    struct sidekey_method_totals *ret =
        &reading->totals.methods[reading->totals.n_methods++];

    (void)snprintf(ret->method, sizeof ret->method, "%s", name);
    return ret;
}

static void begin(struct skc_reading *reading, uint64_t uptime_ms)
{
    memset(reading, 0, sizeof *reading);
    reading->status.pid = 7;
    reading->status.started_at_s = 1000;
    reading->totals.uptime_ms = uptime_ms;
    reading->totals.n_bounds = 3;
    reading->totals.bounds_ns[0] = 1000;
    reading->totals.bounds_ns[1] = 2000;
    reading->totals.bounds_ns[2] = 3000;
}

/* Two seconds apart, with the same method. */
static struct sidekey_method_totals *begin_both(void)
{
    begin(&before, 5000);
    begin(&now, 7000);
    (void)add_method(&before, "unwrap");
    return add_method(&now, "unwrap");
}

static enum skc_rates_kind measure(void)
{
    skc_rates_between(&before, &now, &rates);
    return rates.kind;
}

START_TEST(a_rate_is_the_difference_over_the_time_of_the_agent)
{
    struct sidekey_method_totals *unwrap = begin_both();

    before.totals.methods[0].answered[SIDEKEY_OK] = 1000;
    unwrap->answered[SIDEKEY_OK] = 1060;
    unwrap->answered[SIDEKEY_NOT_FOUND] = 4;
    now.status.requests_refused = 6;
    now.status.connections_refused = 1;
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    ck_assert_double_eq(rates.methods[0].per_s, 32);
    ck_assert_double_eq(rates.methods[0].errors_per_s, 2);
    ck_assert_double_eq(rates.all.per_s, 32);
    ck_assert_double_eq(rates.codes_per_s[SIDEKEY_NOT_FOUND], 2);
    ck_assert_double_eq(rates.codes_per_s[SIDEKEY_OK], 30);
    ck_assert_double_eq(rates.requests_refused_per_s, 3);
    ck_assert_double_eq(rates.connections_refused_per_s, 0.5);
}
END_TEST

START_TEST(a_method_is_found_by_its_name_and_not_by_its_place)
{
    begin(&before, 1000);
    begin(&now, 2000);
    add_method(&before, "unwrap")->answered[SIDEKEY_OK] = 10;
    add_method(&now, "pubkey")->answered[SIDEKEY_OK] = 3;
    add_method(&now, "unwrap")->answered[SIDEKEY_OK] = 15;
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    ck_assert_double_eq(rates.methods[0].per_s, 3);
    ck_assert_double_eq(rates.methods[1].per_s, 5);
    ck_assert_double_eq(rates.all.per_s, 8);
}
END_TEST

START_TEST(quantiles_are_of_the_time_between_and_by_the_bounds)
{
    struct sidekey_method_totals *unwrap = begin_both();

    before.totals.methods[0].lasted[3] = 1000;
    unwrap->lasted[3] = 1000;
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    ck_assert_uint_eq(rates.all.p50_ns, 0);
    unwrap->lasted[0] = 50;
    unwrap->lasted[1] = 49;
    unwrap->lasted[2] = 1;
    (void)measure();
    ck_assert_uint_eq(rates.all.p50_ns, 1000);
    ck_assert_uint_eq(rates.all.p99_ns, 2000);
    unwrap->lasted[1] = 48;
    (void)measure();
    ck_assert_uint_eq(rates.all.p99_ns, 3000);
    unwrap->lasted[3] = 1003;
    (void)measure();
    ck_assert_uint_eq(rates.all.p99_ns, UINT64_MAX);
    ck_assert_uint_eq(rates.methods[0].p50_ns, 2000);
}
END_TEST

START_TEST(workers_are_busy_by_their_share_of_a_cpu)
{
    (void)begin_both();
    before.totals.n_workers = 3;
    now.totals.n_workers = 3;
    before.totals.workers_us[0] = 500000;
    now.totals.workers_us[0] = 2000000;
    now.totals.workers_us[1] = 500000;
    /* This one has ended, and its time is not known any more. */
    before.totals.workers_us[2] = 9000000;
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    ck_assert_double_eq_tol(rates.busy_most, 0.75, 1e-9);
    ck_assert_double_eq_tol(rates.busy_mean, 1.0 / 3, 1e-9);
}
END_TEST

START_TEST(another_agent_is_noticed_however_it_shows)
{
    struct sidekey_method_totals *unwrap = begin_both();

    now.status.pid = 8;
    ck_assert_int_eq(measure(), SKC_RATES_RESTART);
    now.status.pid = 7;
    now.status.started_at_s = 1001;
    ck_assert_int_eq(measure(), SKC_RATES_RESTART);
    now.status.started_at_s = 1000;
    now.totals.uptime_ms = 4999;
    ck_assert_int_eq(measure(), SKC_RATES_RESTART);
    now.totals.uptime_ms = 7000;
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    before.totals.methods[0].answered[SIDEKEY_DATA_LOSS] = 1;
    ck_assert_int_eq(measure(), SKC_RATES_RESTART);
    unwrap->answered[SIDEKEY_DATA_LOSS] = 1;
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    before.totals.methods[0].lasted[2] = 1;
    ck_assert_int_eq(measure(), SKC_RATES_RESTART);
    before.totals.methods[0].lasted[2] = 0;
    (void)add_method(&before, "pubkey");
    ck_assert_int_eq(measure(), SKC_RATES_MEASURED);
    before.totals.methods[1].answered[SIDEKEY_OK] = 1;
    ck_assert_int_eq(measure(), SKC_RATES_RESTART);
}
END_TEST

START_TEST(without_two_moments_there_is_no_rate)
{
    (void)begin_both();
    skc_rates_between(NULL, &now, &rates);
    ck_assert_int_eq(rates.kind, SKC_RATES_NONE);
    now.totals.uptime_ms = before.totals.uptime_ms;
    ck_assert_int_eq(measure(), SKC_RATES_NONE);
    now.totals.uptime_ms = 0;
    ck_assert_int_eq(measure(), SKC_RATES_UNTOLD);
}
END_TEST

SKT_SUITE("cli_rates",
          a_rate_is_the_difference_over_the_time_of_the_agent,
          a_method_is_found_by_its_name_and_not_by_its_place,
          quantiles_are_of_the_time_between_and_by_the_bounds,
          workers_are_busy_by_their_share_of_a_cpu,
          another_agent_is_noticed_however_it_shows,
          without_two_moments_there_is_no_rate)
