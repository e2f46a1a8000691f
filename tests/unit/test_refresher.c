/* test_refresher.c - a real loop, scripted sources, and a clock that the tests
 * move: when a refresh runs, and what is published.  Who is asked for and
 * forgotten is in test_refresher_demand.c, the brake in
 * test_refresher_brake.c.
 *
 * Also proves: settle.c turn.c
 */
#include <stdio.h>
#include <sys/resource.h>

#include "agent/store/retired.h"
#include "agent/sys/priority.h"
#include "tests/lib/refreshing.h"
#include "tests/lib/suite.h"

#define PERIOD 60000u

static struct skt_refresh_rig rig;

START_TEST(a_configuration_starts_a_refresh_and_publishes_it)
{
    struct skd_refresh_report report;

    skt_refresh_begin(&rig);
    ck_assert_ptr_null(skd_refresher_snapshot(rig.refresher));
    skt_refresh_configure(&rig, PERIOD, false);
    ck_assert(skt_refresh_is_running(&rig));
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.n_published, 1);
    ck_assert_uint_eq(rig.list->n_accepted, 1);
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->use, SKD_USE_ALL);
    skd_refresher_report(rig.refresher, &report);
    ck_assert(report.ready && !report.refreshing);
    ck_assert_int_eq(report.next_s, 1000000 + PERIOD / 1000);
    ck_assert_uint_eq(report.n_published, 1);
    ck_assert_uint_eq(report.n_sources, 2);
    ck_assert_int_eq(report.sources[0].last_success_s, 1000000);
    skt_refresh_end(&rig);
}
END_TEST

/* Refreshes of @n tenants, one to load them and one while they are served. */
static void refresh_twice(size_t n, int *first, int *second)
{
    static struct skt_answer many[2000];
    static char ids[2000][32];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "t%zu", i);
        many[i] = (struct skt_answer){ .tenant = ids[i],
                                       .said = SKD_SAID_KEYS,
                                       .keys = { 1 } };
    }
    skt_refresh_begin(&rig);
    skt_refresh_make(&rig);
    skt_source_say(rig.list, many, n);
    skt_refresh_use(&rig, PERIOD);
    skt_refresh_wait(&rig);
    *first = rig.prepared_nice;
    skt_refresh_pass(&rig, PERIOD);
    ck_assert_uint_eq(rig.n_published, 2);
    *second = rig.prepared_nice;
    skt_refresh_end(&rig);
}

START_TEST(a_refresh_of_many_makes_way_for_those_who_serve)
{
    int nice = getpriority(PRIO_PROCESS, 0);
    int first = -99;
    int second = -99;

    refresh_twice(100, &first, &second);
    ck_assert_int_eq(first, nice);
    ck_assert_int_eq(second, nice);
    refresh_twice(1500, &first, &second);
    ck_assert_int_eq(first, nice); /* the first is waited for */
    ck_assert_int_eq(second, SKD_PRIORITY_NICE);
    ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), nice);
}
END_TEST

static unsigned n_wakes;

static void wake(void *state)
{
    (void)state;
    n_wakes++;
}

/* Not by the loop: see store/retired.h. */
START_TEST(a_snapshot_of_many_is_freed_by_who_sweeps)
{
    int first = -99;
    int second = -99;

    skd_retired_defer(wake, NULL);
    for (unsigned i = 1; i <= 3; i++) {
        refresh_twice(1500, &first, &second);
        ck_assert_uint_eq(n_wakes, i);
    }
    ck_assert_uint_gt(skd_arena_held(), 0);
    skd_retired_sweep();
    ck_assert_uint_eq(skd_arena_held(), 0);
    skd_retired_defer(NULL, NULL);
}
END_TEST

START_TEST(the_period_brings_the_next_refresh)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_refresh_pass(&rig, PERIOD - 1);
    ck_assert_uint_eq(rig.n_published, 1);
    skt_refresh_pass(&rig, 1);
    ck_assert_uint_eq(rig.n_published, 2);
    skt_refresh_pass(&rig,
                     100 * PERIOD); /* one for all that was slept through */
    ck_assert_uint_eq(rig.n_published, 3);
    skt_refresh_pass(&rig, 1);
    ck_assert_uint_eq(rig.n_published, 3);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(the_timer_alone_brings_the_next_refresh)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, 20, false);
    skt_refresh_wait(&rig);
    /* The loop's timer is real: by the time it fires the fake clock has gone
     * on as well. */
    skt_clock_pass(&rig.fake, 20);
    while (rig.n_published < 2) {
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    }
    skt_refresh_wait(&rig);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(without_a_period_nothing_more_is_planned)
{
    struct skd_refresh_report report;

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, 0, false);
    skt_refresh_wait(&rig);
    skt_refresh_pass(&rig, 1000 * PERIOD);
    ck_assert_uint_eq(rig.n_published, 1);
    skd_refresher_report(rig.refresher, &report);
    ck_assert_int_eq(report.next_s, 0);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_failed_list_leaves_the_snapshot_and_is_tried_again_soon)
{
    struct skd_refresh_report report;

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    rig.list->text = "connection refused";
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.n_done, 1);
    skt_err(rig.done_err, SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(rig.done_text, "list: connection refused");
    ck_assert_uint_eq(rig.n_published, 1);
    ck_assert_uint_eq(rig.list->n_rejected, 1);
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "a"));
    skd_refresher_report(rig.refresher, &report);
    skt_bytes_eq(report.sources[0].last_error,
                 skp_view_of("connection refused"));
    skt_source_say(rig.list, skt_refresh_tenants,
                   SKP_ARRAY_LEN(skt_refresh_tenants));
    skt_refresh_pass(&rig, 499);
    ck_assert_uint_eq(rig.n_published, 1);
    skt_refresh_pass(&rig, 1);
    ck_assert_uint_eq(rig.n_published, 2);
    skd_refresher_report(rig.refresher, &report);
    ck_assert_uint_eq(report.sources[0].last_error.len, 0);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(retry_after_is_kept_but_an_operator_is_not_kept_waiting)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    rig.list->retry_ms = 10 * PERIOD;
    skt_refresh_pass(&rig, PERIOD);
    skt_source_say(rig.list, skt_refresh_tenants,
                   SKP_ARRAY_LEN(skt_refresh_tenants));
    skt_refresh_pass(&rig, 9 * PERIOD);
    ck_assert_uint_eq(rig.n_published, 1);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.n_published, 2);
    skt_ok(rig.done_err);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(keys_that_were_not_reached_are_asked_for_again_soon)
{
    skt_refresh_begin(&rig);
    skt_refresh_make(&rig);
    rig.seeds->n_answers = 0;
    skt_refresh_use(&rig, PERIOD);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->use, SKD_USE_NONE);
    rig.seeds->n_answers = 1;
    skt_refresh_pass(&rig, 500);
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->use, SKD_USE_ALL);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(whoever_asks_gets_an_answer_that_was_asked_for_after_his_call)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, true);
    uv_sem_wait(&rig.list->arrived);
    /* The first refresh has begun: it does not count for us. */
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    uv_sem_post(&rig.list->gate);
    while (rig.n_published < 1) {
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(rig.n_done, 0);
    uv_sem_wait(&rig.list->arrived);
    ck_assert_uint_eq(rig.list->n_fetches, 1);
    uv_sem_post(&rig.list->gate);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.n_done, 2);
    skt_ok(rig.done_err);
    ck_assert_uint_eq(rig.done_after_publish, 2);
    ck_assert_uint_eq(rig.list->n_fetches, 2);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(refreshes_do_not_overlap)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, true);
    uv_sem_wait(&rig.list->arrived);
    for (int i = 0; i < 10; i++) {
        skt_clock_pass(&rig.fake, PERIOD);
        skd_refresher_tick(rig.refresher);
        skd_refresher_want(rig.refresher);
    }
    /* Nobody else came to the gate, and one goes through. */
    ck_assert_int_eq(uv_sem_trywait(&rig.list->arrived), UV_EAGAIN);
    rig.list->is_gated = false;
    uv_sem_post(&rig.list->gate);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.list->n_fetches, 1);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_configuration_during_a_refresh_throws_its_result_away)
{
    static const struct skt_answer other = { .tenant = "other",
                                             .said = SKD_SAID_KEYS,
                                             .keys = { 9 } };
    bool was_freed = false;
    struct skt_source *first;

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, true);
    first = rig.list;
    first->was_freed = &was_freed;
    uv_sem_wait(&first->arrived);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    skt_refresh_make(&rig);
    skt_source_say(rig.list, &other, 1);
    skt_refresh_use(&rig, PERIOD);
    ck_assert(!was_freed);
    uv_sem_post(&first->gate);
    while (rig.n_done == 0) {
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    }
    skt_refresh_wait(&rig);
    ck_assert(was_freed);
    ck_assert_uint_eq(rig.n_published, 1);
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "other"));
    ck_assert_ptr_null(skt_refresh_find(&rig, "a"));
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_new_configuration_keeps_last_good_keys)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_refresh_make(&rig);
    rig.seeds->n_answers = 0;
    skt_refresh_use(&rig, PERIOD);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.n_published, 2);
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->use, SKD_USE_ALL);
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->last_generation, 1);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(another_mode_is_published_only_when_its_list_worked)
{
    static const struct skt_answer star = { .tenant = "*",
                                            .said = SKD_SAID_KEYS,
                                            .keys = { 9 } };
    struct skd_refresh_rules rules = skt_refresh_rules(0);
    struct skd_chain chain;

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    rig.list = skt_source_new(false);
    rig.list->err = SKP_ERR_INVALID_ARGUMENT;
    chain = (struct skd_chain){ &rig.list->base, { NULL, NULL } };
    rules.single = true;
    skd_refresher_configure(rig.refresher, &chain, &rules);
    skt_refresh_wait(&rig);
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "a"));
    ck_assert(!skd_snapshot_is_single(skd_refresher_snapshot(rig.refresher)));
    skt_source_say(rig.list, &star, 1);
    skt_refresh_pass(&rig, 500);
    ck_assert(skd_snapshot_is_single(skd_refresher_snapshot(rig.refresher)));
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "whoever"));
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_stop_during_a_refresh_waits_for_it_and_publishes_nothing)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, true);
    uv_sem_wait(&rig.list->arrived);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    skd_refresher_stop(rig.refresher, skt_refresh_stopped, &rig);
    (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
    ck_assert(!rig.has_stopped);
    uv_sem_post(&rig.list->gate);
    skt_refresh_end(&rig);
    ck_assert_uint_eq(rig.n_published, 0);
    ck_assert_uint_eq(rig.n_done, 1);
    skt_err(rig.done_err, SKP_ERR_UNAVAILABLE);
}
END_TEST

START_TEST(before_a_configuration_and_after_a_stop_there_is_nothing_to_ask)
{
    skt_refresh_begin(&rig);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    ck_assert_uint_eq(rig.n_done, 1);
    skt_err(rig.done_err, SKP_ERR_UNAVAILABLE);
    skd_refresher_want(rig.refresher);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_refresh_stop(&rig);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    ck_assert_uint_eq(rig.n_done, 2);
    skt_refresh_configure(&rig, PERIOD, false);
    ck_assert(!skt_refresh_is_running(&rig));
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(certificates_are_shown_when_their_refresh_has_ended)
{
    struct skd_cert_row rows[SKD_REFRESHER_CERTS];
    const struct skd_cert cert = { 4000000000, { 7 } };

    skt_refresh_begin(&rig);
    skt_refresh_make(&rig);
    skd_source_report_cert(&rig.list->report, "coordinator client", &cert);
    skd_source_report_cert(&rig.seeds->report, "kms server", &cert);
    rig.seeds->is_gated = true;
    skt_refresh_use(&rig, PERIOD);
    uv_sem_wait(&rig.seeds->arrived);
    ck_assert_uint_eq(skd_refresher_certs(rig.refresher, rows), 0);
    rig.seeds->is_gated = false;
    uv_sem_post(&rig.seeds->gate);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(skd_refresher_certs(rig.refresher, rows), 2);
    ck_assert_str_eq(rows[0].name, "coordinator client");
    ck_assert_str_eq(rows[1].name, "kms server");
    ck_assert_int_eq(rows[1].cert.not_after_s, 4000000000);
    /* A refresh that does not come to the key server leaves what it said. */
    rig.list->err = SKP_ERR_UNAVAILABLE;
    rig.list->report.n_certs = 0;
    skt_refresh_pass(&rig, PERIOD);
    ck_assert_uint_eq(skd_refresher_certs(rig.refresher, rows), 1);
    ck_assert_str_eq(rows[0].name, "kms server");
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(each_snapshot_is_prepared_before_it_is_published)
{
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    rig.n_prepared = 0;
    rig.n_published_prepared = 0;
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.n_published_prepared, 1);
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag));
    ck_assert_uint_eq(rig.n_published_prepared, 2);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    skt_refresh_pass(&rig, PERIOD);
    ck_assert_uint_eq(rig.n_prepared, 2);
    skt_refresh_end(&rig);
}
END_TEST

/* ---- callbacks that call back ---- */

static void
on_done_again(void *state, enum skp_err err, const struct skp_diag *diag)
{
    (void)err;
    (void)diag;
    skt_refresh_configure(&rig, PERIOD, false);
    skd_refresher_now(rig.refresher, false, skt_refresh_done, state);
}

START_TEST(a_callback_may_configure_and_ask_again)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skd_refresher_now(rig.refresher, false, on_done_again, &rig);
    while (rig.n_done == 0) {
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    }
    skt_refresh_wait(&rig);
    skt_ok(rig.done_err);
    ck_assert_uint_eq(rig.n_published, 3);
    ck_assert_uint_eq(rig.list->n_fetches, 1);
    skt_refresh_end(&rig);
}
END_TEST

SKT_SUITE("refresher",
          a_configuration_starts_a_refresh_and_publishes_it,
          a_refresh_of_many_makes_way_for_those_who_serve,
          a_snapshot_of_many_is_freed_by_who_sweeps,
          the_period_brings_the_next_refresh,
          the_timer_alone_brings_the_next_refresh,
          without_a_period_nothing_more_is_planned,
          a_failed_list_leaves_the_snapshot_and_is_tried_again_soon,
          retry_after_is_kept_but_an_operator_is_not_kept_waiting,
          keys_that_were_not_reached_are_asked_for_again_soon,
          whoever_asks_gets_an_answer_that_was_asked_for_after_his_call,
          refreshes_do_not_overlap,
          a_configuration_during_a_refresh_throws_its_result_away,
          a_new_configuration_keeps_last_good_keys,
          another_mode_is_published_only_when_its_list_worked,
          a_stop_during_a_refresh_waits_for_it_and_publishes_nothing,
          before_a_configuration_and_after_a_stop_there_is_nothing_to_ask,
          certificates_are_shown_when_their_refresh_has_ended,
          each_snapshot_is_prepared_before_it_is_published,
          a_callback_may_configure_and_ask_again)
