/* test_source_history.c - rows of `status` about sources. */
#include <stdlib.h>
#include <string.h>

#include "agent/refresh/source_history.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

static struct skd_source_history history[SKD_RUN_SOURCES];

static void add(size_t nth, int64_t at_s, const char *error)
{
    struct skd_run *run = NULL;

    skt_ok(skd_run_new(&run));
    run->sources[nth].was_asked = true;
    run->sources[nth].at_s = at_s;
    (void)skp_fail(&run->sources[nth].error, SKP_ERR_OK, "%s", error);
    skd_source_history_add(history, run);
    skd_run_free(&run);
}

START_TEST(a_failure_keeps_the_last_success_and_a_success_drops_the_error)
{
    memset(history, 0, sizeof history);
    add(0, 100, "");
    add(0, 200, "refused");
    ck_assert_int_eq(history[0].last_attempt_s, 200);
    ck_assert_int_eq(history[0].last_success_s, 100);
    ck_assert_str_eq(history[0].last_error.text, "refused");
    ck_assert_int_eq(history[1].last_attempt_s, 0);
    ck_assert_uint_eq(history[0].failures, 1);
    add(0, 250, "refused");
    ck_assert_uint_eq(history[0].failures, 2);
    add(0, 300, "");
    ck_assert_uint_eq(history[0].failures, 0);
    ck_assert_int_eq(history[0].last_success_s, 300);
    ck_assert_str_eq(history[0].last_error.text, "");
}
END_TEST

START_TEST(rows_are_of_the_sources_that_there_are)
{
    struct skt_source *list = skt_source_new(false);
    struct skt_source *seeds = skt_source_new(true);
    struct skd_chain chain = { &list->base, { NULL, &seeds->base } };
    struct skp_source_row rows[SKD_RUN_SOURCES];
    struct skd_source_counts counts[SKD_RUN_SOURCES];

    memset(history, 0, sizeof history);
    add(0, 100, "");
    add(2, 100, "");
    add(2, 200, "late");
    ck_assert_uint_eq(skd_source_history_rows(history, &chain, rows), 2);
    skt_bytes_eq(rows[0].name, skp_view_of("list"));
    ck_assert_int_eq(rows[0].last_success_s, 100);
    ck_assert_uint_eq(rows[0].last_error.len, 0);
    skt_bytes_eq(rows[1].name, skp_view_of("seeds"));
    ck_assert_int_eq(rows[1].last_attempt_s, 200);
    skt_bytes_eq(rows[1].last_error, skp_view_of("late"));
    ck_assert_uint_eq(rows[1].failures, 1);
    skd_source_history_counts(history, &chain, counts);
    ck_assert_uint_eq(counts[0].n_asked, 1);
    ck_assert_uint_eq(counts[0].n_failed, 0);
    ck_assert_uint_eq(counts[1].n_asked, 2);
    ck_assert_uint_eq(counts[1].n_failed, 1);
    skd_chain_free(&chain);
    ck_assert_uint_eq(skd_source_history_rows(history, &chain, rows), 0);
}
END_TEST

SKT_SUITE("source_history",
          a_failure_keeps_the_last_success_and_a_success_drops_the_error,
          rows_are_of_the_sources_that_there_are)
