/* test_cli_top.c - frames of `sidekey top` of fixed readings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libclient/cli/cli_top.h"
#include "tests/lib/suite.h"

#define NOW_S 1700000200

static struct skc_reading before;
static struct skc_reading now;
static struct skc_rates rates;
static struct skc_top top;

static void fill(struct skc_reading *ret, uint64_t seconds)
{
    *ret = (struct skc_reading){
        .status = { .agent = "sidekeyd/0.1.0",
                    .mode = "remote-multi-keys",
                    .memory_tier = "mlock",
                    .pid = 4242,
                    .started_at_s = NOW_S - 10200,
                    .locked_bytes = 8192,
                    .snapshot = 3,
                    .ready = true,
                    .next_refresh_s = NOW_S + 200,
                    .tenants_active = 10,
                    .connections = 7,
                    .requests_refused = 4 * seconds },
        .totals = { .uptime_ms = 10000 + 1000 * seconds,
                    .bounds_ns = { 5000, 2500000, 1000000000 },
                    .n_bounds = 3,
                    .methods = { { .method = "unwrap",
                                   .answered = { 30 * seconds, 0, 0, 0, 0,
                                                 10 * seconds },
                                   .lasted = { 30 * seconds, 10 * seconds } },
                                 { .method = "none",
                                   .answered = { 0, 0, 0, 7 },
                                   .lasted = { 0, 0, 0, seconds } } },
                    .n_methods = 2,
                    .workers_us = { 500000 * seconds, 100000 * seconds },
                    .n_workers = 2 },
    };
}

/* Readings two seconds apart. */
static void set_up(void)
{
    fill(&before, 1);
    fill(&now, 3);
    skc_rates_between(&before, &now, &rates);
    top = (struct skc_top){ .reading = &now, .rates = &rates, .now_s = NOW_S };
}

/* In memory for free(). */
static char *frame(bool is_coloured)
{
    char *text = NULL;
    size_t len = 0;
    struct skc_pen pen = { open_memstream(&text, &len), is_coloured };

    skc_top_print(&pen, &top);
    ck_assert_int_eq(fclose(pen.out), 0);
    return text;
}

static void check_says(bool is_there, const char *words)
{
    char *text = frame(false);

    ck_assert_msg((strstr(text, words) != NULL) == is_there, "\"%s\" in %s",
                  words, text);
    free(text);
}

START_TEST(two_readings_make_a_frame)
{
    char *text;

    set_up();
    text = frame(false);
    ck_assert_str_eq(
        text,
        "state        serving\n"
        "agent        sidekeyd/0.1.0, pid 4242, remote-multi-keys, up 2h 50m\n"
        "memory       mlock, 8.0 KiB locked\n"
        "requests       a second     errors      p50      p99  since start\n"
        "  unwrap           40.0       10.0      5us    2.5ms          120\n"
        "  none              0.0        0.0      >1s      >1s            7\n"
        "  all              40.0       10.0      5us      >1s          127\n"
        "errors       INVALID_ARGUMENT 0.0 a second (7)\n"
        "             NOT_FOUND 10.0 a second (30)\n"
        "workers      2, busy 30%, the busiest 50%\n"
        "connections  7\n"
        "refused      0.0 connections a second (0), 4.0 requests by quota "
        "(12)\n"
        "tenants      10 active, 0 decrypt-only, 0 stale, 0 unavailable\n"
        "refresh      next in 3m 20s, 3 snapshots since the start\n");
    free(text);
}
END_TEST

START_TEST(one_reading_has_totals_and_no_rates)
{
    set_up();
    skc_rates_between(NULL, &now, &rates);
    check_says(true, "  unwrap              -          -        -        -     "
                     "     120\n");
    check_says(true, "NOT_FOUND - a second (30)\n");
    check_says(true, "workers      2\n");
    check_says(true, "refused      - connections a second (0), - requests by "
                     "quota (12)\n");
}
END_TEST

START_TEST(a_restart_is_told_and_nothing_is_negative)
{
    set_up();
    fill(&now, 0);
    now.status.pid = 4243;
    skc_rates_between(&before, &now, &rates);
    top.n_restarts = 1;
    top.restarted_at_s = NOW_S - 5;
    check_says(true, "restarts     1 seen, the last 5s ago; all counts began "
                     "anew\n");
    check_says(true, "  unwrap              -          -        -        -     "
                     "       0\n");
    check_says(false, "-1");
    check_says(false, "-4");
}
END_TEST

START_TEST(an_older_agent_tells_no_totals)
{
    set_up();
    memset(&now.totals, 0, sizeof now.totals);
    skc_rates_between(&before, &now, &rates);
    check_says(true, "requests     not told: this agent is older than this "
                     "program\n");
    check_says(false, "workers");
    check_says(true, "connections  7\n");
}
END_TEST

START_TEST(an_agent_that_is_silent_has_no_rates)
{
    set_up();
    top.silence = "nobody\nlistens";
    top.silent_since_s = NOW_S - 61;
    check_says(true, "state        no answer for 1m 1s: nobody?listens; below "
                     "is what it said last\n");
    check_says(true, "  all                 -          -        -        -     "
                     "     127\n");
}
END_TEST

START_TEST(keys_that_are_in_trouble_are_shown_with_since_when)
{
    set_up();
    now.status.tenants_stale = 2;
    now.status.tenants_unavailable = 1;
    now.status.tenants_unrefreshed = 3;
    now.status.unrefreshed_since_s = NOW_S - 7200;
    (void)snprintf(now.status.unrefreshed_oldest,
                   sizeof now.status.unrefreshed_oldest, "tenant-1");
    now.status.brake_missing = 5;
    now.status.refreshing = true;
    now.status.n_sources = 1;
    now.status.sources[0] = (struct sidekey_source){
        .name = "kmip",
        .last_attempt_s = NOW_S - 1,
        .last_error = "\033]0;owned",
        .failures = 4,
    };
    now.status.n_warnings = 1;
    (void)snprintf(now.status.warnings[0], sizeof now.status.warnings[0],
                   "a\tb");
    check_says(true, "state        serving, but not as it should\n");
    check_says(true, "0 decrypt-only, 2 stale, 1 unavailable\n");
    check_says(true, "unconfirmed  3 tenants; the oldest was last confirmed 2h "
                     "0m ago: tenant-1\n");
    check_says(true, "held back    the removal of 5 tenants\n");
    check_says(true, "refresh      running now, 3 snapshots");
    check_says(true,
               "source       kmip: last success never, last asked 1s ago, "
               "failed 4 times in a row: ?]0;owned\n");
    check_says(true, "warning      a?b\n");
    now.status.refreshing = false;
    now.status.next_refresh_s = 0;
    check_says(true, "refresh      none is planned, ");
}
END_TEST

START_TEST(colours_end_where_their_line_ends)
{
    char *text;
    const char *line;

    set_up();
    now.status.brake_missing = 5;
    text = frame(true);
    ck_assert_ptr_nonnull(
        strstr(text, "\033[33mserving, with warnings\033[0m\n"));
    for (line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const char *end = line + strcspn(line, "\n");
        const char *last = end;

        while (last > line && *last != '\033') {
            last--;
        }
        ck_assert_msg(*last != '\033' || strncmp(last, "\033[0m", 4) == 0,
                      "%.*s", (int)(end - line), line);
    }
    free(text);
}
END_TEST

SKT_SUITE("cli_top",
          two_readings_make_a_frame,
          one_reading_has_totals_and_no_rates,
          a_restart_is_told_and_nothing_is_negative,
          an_older_agent_tells_no_totals,
          an_agent_that_is_silent_has_no_rates,
          keys_that_are_in_trouble_are_shown_with_since_when,
          colours_end_where_their_line_ends)
