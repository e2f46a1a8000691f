/* test_refresher.c - a real loop, scripted sources, and a clock that the tests
 * move. */
#include <stdio.h>
#include <string.h>

#include "agent/refresh/refresher.h"
#include "agent/sys/log.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

#define PERIOD 60000u

static uv_loop_t loop;
static struct skt_clock fake;
static struct skd_demand *demand;
static struct skd_refresher *refresher;
static struct skt_source *list; /* of the chain given last */
static struct skt_source *seeds;

static unsigned n_published;
static unsigned n_done;
static enum skp_err done_err;
static char done_text[SKP_DIAG_MAX];
static unsigned done_after_publish; /* n_published when on_done came */
static bool has_stopped;

static const struct skt_answer tenants[] = {
    { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 1 } },
    { .tenant = "b", .said = SKD_SAID_KEYS, .keys = { 2 } },
    { .tenant = "c", .said = SKD_SAID_ASK, .is_private = true },
};
static const struct skt_answer c_key = { .tenant = "c",
                                         .said = SKD_SAID_KEYS,
                                         .keys = { 3 } };

static void on_publish(void *state, struct skd_snapshot *snapshot)
{
    ck_assert_ptr_eq(state, &n_published);
    ck_assert_ptr_nonnull(snapshot);
    n_published++;
}

static void on_done(void *state, enum skp_err err, const struct skp_diag *diag)
{
    ck_assert_ptr_eq(state, &n_done);
    n_done++;
    done_err = err;
    done_after_publish = n_published;
    (void)snprintf(done_text, sizeof done_text, "%s",
                   diag == NULL ? "" : diag->text);
}

static void on_stopped(void *state)
{
    ck_assert_ptr_null(state);
    has_stopped = true;
}

static struct skd_refresh_rules rules_of(uint64_t period_ms)
{
    return (struct skd_refresh_rules){ .update_period_ms = period_ms,
                                       .keep_generations = 4,
                                       .removal_brake = 0.2,
                                       .demand_gap_ms = 5000 };
}

/* Sources that say `tenants` and `c_key`. */
static void make_sources(void)
{
    list = skt_source_new(false);
    seeds = skt_source_new(true);
    skt_source_say(list, tenants, SKP_ARRAY_LEN(tenants));
    skt_source_say(seeds, &c_key, 1);
}

/* Give them to the refresher. */
static void use_sources(uint64_t period_ms)
{
    struct skd_refresh_rules rules = rules_of(period_ms);
    struct skd_chain chain = { &list->base, { NULL, &seeds->base } };

    skd_refresher_configure(refresher, &chain, &rules);
    ck_assert_ptr_null(chain.list);
}

static void configure(uint64_t period_ms, bool is_gated)
{
    make_sources();
    list->is_gated = is_gated;
    use_sources(period_ms);
}

static void begin(void)
{
    const struct skd_refresher_ops ops = { &n_published, on_publish };

    skd_log_configure(SKD_LOG_ERROR, false);
    n_published = 0;
    n_done = 0;
    has_stopped = false;
    skt_clock_init(&fake, 1000000, 7);
    skt_clock_script(&fake, 0);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    skt_ok(skd_demand_new(&demand));
    skt_ok(skd_refresher_new(&loop, &fake.env, demand, &ops, &refresher));
}

static void stop(void)
{
    skd_refresher_stop(refresher, on_stopped, NULL);
    while (!has_stopped) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
}

static void end(void)
{
    stop();
    skd_refresher_free(&refresher);
    ck_assert_ptr_null(refresher);
    skd_demand_free(&demand);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static bool is_refreshing(void)
{
    struct skd_refresh_report report;

    skd_refresher_report(refresher, &report);
    return report.refreshing;
}

static void wait_until_idle(void)
{
    while (is_refreshing()) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
}

/* Let @ms pass, do what is due and wait for its end. */
static void pass(uint64_t ms)
{
    skt_clock_pass(&fake, ms);
    skd_refresher_tick(refresher);
    wait_until_idle();
}

static const struct skd_tenant *find(const char *id)
{
    return skd_snapshot_find(skd_refresher_snapshot(refresher),
                             skp_view_of(id));
}

START_TEST(a_configuration_starts_a_refresh_and_publishes_it)
{
    struct skd_refresh_report report;

    begin();
    ck_assert_ptr_null(skd_refresher_snapshot(refresher));
    configure(PERIOD, false);
    ck_assert(is_refreshing());
    wait_until_idle();
    ck_assert_uint_eq(n_published, 1);
    ck_assert_uint_eq(list->n_accepted, 1);
    ck_assert_uint_eq(find("c")->use, SKD_USE_ALL);
    skd_refresher_report(refresher, &report);
    ck_assert(report.ready && !report.refreshing);
    ck_assert_int_eq(report.next_s, 1000000 + PERIOD / 1000);
    ck_assert_uint_eq(report.n_published, 1);
    ck_assert_uint_eq(report.n_sources, 2);
    ck_assert_int_eq(report.sources[0].last_success_s, 1000000);
    end();
}
END_TEST

START_TEST(the_period_brings_the_next_refresh)
{
    begin();
    configure(PERIOD, false);
    wait_until_idle();
    pass(PERIOD - 1);
    ck_assert_uint_eq(n_published, 1);
    pass(1);
    ck_assert_uint_eq(n_published, 2);
    pass(100 * PERIOD); /* one for all that was slept through */
    ck_assert_uint_eq(n_published, 3);
    pass(1);
    ck_assert_uint_eq(n_published, 3);
    end();
}
END_TEST

START_TEST(the_timer_alone_brings_the_next_refresh)
{
    begin();
    configure(20, false);
    wait_until_idle();
    /* The loop's timer is real: by the time it fires the fake clock has gone
     * on as well. */
    skt_clock_pass(&fake, 20);
    while (n_published < 2) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    wait_until_idle();
    end();
}
END_TEST

START_TEST(without_a_period_nothing_more_is_planned)
{
    struct skd_refresh_report report;

    begin();
    configure(0, false);
    wait_until_idle();
    pass(1000 * PERIOD);
    ck_assert_uint_eq(n_published, 1);
    skd_refresher_report(refresher, &report);
    ck_assert_int_eq(report.next_s, 0);
    end();
}
END_TEST

START_TEST(a_failed_list_leaves_the_snapshot_and_is_tried_again_soon)
{
    struct skd_refresh_report report;

    begin();
    configure(PERIOD, false);
    wait_until_idle();
    list->err = SKP_ERR_UNAVAILABLE;
    list->text = "connection refused";
    skd_refresher_now(refresher, false, on_done, &n_done);
    wait_until_idle();
    ck_assert_uint_eq(n_done, 1);
    skt_err(done_err, SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(done_text, "list: connection refused");
    ck_assert_uint_eq(n_published, 1);
    ck_assert_uint_eq(list->n_rejected, 1);
    ck_assert_ptr_nonnull(find("a"));
    skd_refresher_report(refresher, &report);
    skt_bytes_eq(report.sources[0].last_error,
                 skp_view_of("connection refused"));
    skt_source_say(list, tenants, SKP_ARRAY_LEN(tenants));
    pass(499);
    ck_assert_uint_eq(n_published, 1);
    pass(1);
    ck_assert_uint_eq(n_published, 2);
    skd_refresher_report(refresher, &report);
    ck_assert_uint_eq(report.sources[0].last_error.len, 0);
    end();
}
END_TEST

START_TEST(retry_after_is_kept_but_an_operator_is_not_kept_waiting)
{
    begin();
    configure(PERIOD, false);
    wait_until_idle();
    list->err = SKP_ERR_UNAVAILABLE;
    list->retry_ms = 10 * PERIOD;
    pass(PERIOD);
    skt_source_say(list, tenants, SKP_ARRAY_LEN(tenants));
    pass(9 * PERIOD);
    ck_assert_uint_eq(n_published, 1);
    skd_refresher_now(refresher, false, on_done, &n_done);
    wait_until_idle();
    ck_assert_uint_eq(n_published, 2);
    skt_ok(done_err);
    end();
}
END_TEST

START_TEST(keys_that_were_not_reached_are_asked_for_again_soon)
{
    begin();
    make_sources();
    seeds->n_answers = 0;
    use_sources(PERIOD);
    wait_until_idle();
    ck_assert_uint_eq(find("c")->use, SKD_USE_NONE);
    seeds->n_answers = 1;
    pass(500);
    ck_assert_uint_eq(find("c")->use, SKD_USE_ALL);
    end();
}
END_TEST

START_TEST(whoever_asks_gets_an_answer_that_was_asked_for_after_his_call)
{
    begin();
    configure(PERIOD, true);
    uv_sem_wait(&list->arrived);
    /* The first refresh has begun: it does not count for us. */
    skd_refresher_now(refresher, false, on_done, &n_done);
    skd_refresher_now(refresher, false, on_done, &n_done);
    uv_sem_post(&list->gate);
    while (n_published < 1) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(n_done, 0);
    uv_sem_wait(&list->arrived);
    ck_assert_uint_eq(list->n_fetches, 1);
    uv_sem_post(&list->gate);
    wait_until_idle();
    ck_assert_uint_eq(n_done, 2);
    skt_ok(done_err);
    ck_assert_uint_eq(done_after_publish, 2);
    ck_assert_uint_eq(list->n_fetches, 2);
    end();
}
END_TEST

START_TEST(refreshes_do_not_overlap)
{
    begin();
    configure(PERIOD, true);
    uv_sem_wait(&list->arrived);
    for (int i = 0; i < 10; i++) {
        skt_clock_pass(&fake, PERIOD);
        skd_refresher_tick(refresher);
        skd_refresher_want(refresher);
    }
    /* Nobody else came to the gate, and one goes through. */
    ck_assert_int_eq(uv_sem_trywait(&list->arrived), UV_EAGAIN);
    list->is_gated = false;
    uv_sem_post(&list->gate);
    wait_until_idle();
    ck_assert_uint_eq(list->n_fetches, 1);
    end();
}
END_TEST

START_TEST(a_configuration_during_a_refresh_throws_its_result_away)
{
    static const struct skt_answer other = { .tenant = "other",
                                             .said = SKD_SAID_KEYS,
                                             .keys = { 9 } };
    bool was_freed = false;
    struct skt_source *first;

    begin();
    configure(PERIOD, true);
    first = list;
    first->was_freed = &was_freed;
    uv_sem_wait(&first->arrived);
    skd_refresher_now(refresher, false, on_done, &n_done);
    make_sources();
    skt_source_say(list, &other, 1);
    use_sources(PERIOD);
    ck_assert(!was_freed);
    uv_sem_post(&first->gate);
    while (n_done == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    wait_until_idle();
    ck_assert(was_freed);
    ck_assert_uint_eq(n_published, 1);
    ck_assert_ptr_nonnull(find("other"));
    ck_assert_ptr_null(find("a"));
    end();
}
END_TEST

START_TEST(a_new_configuration_keeps_last_good_keys)
{
    begin();
    configure(PERIOD, false);
    wait_until_idle();
    make_sources();
    seeds->n_answers = 0;
    use_sources(PERIOD);
    wait_until_idle();
    ck_assert_uint_eq(n_published, 2);
    ck_assert_uint_eq(find("c")->use, SKD_USE_ALL);
    ck_assert_uint_eq(find("c")->last_generation, 1);
    end();
}
END_TEST

START_TEST(another_mode_is_published_only_when_its_list_worked)
{
    static const struct skt_answer star = { .tenant = "*",
                                            .said = SKD_SAID_KEYS,
                                            .keys = { 9 } };
    struct skd_refresh_rules rules = rules_of(0);
    struct skd_chain chain;

    begin();
    configure(PERIOD, false);
    wait_until_idle();
    list = skt_source_new(false);
    list->err = SKP_ERR_INVALID_ARGUMENT;
    chain = (struct skd_chain){ &list->base, { NULL, NULL } };
    rules.single = true;
    skd_refresher_configure(refresher, &chain, &rules);
    wait_until_idle();
    ck_assert_ptr_nonnull(find("a"));
    ck_assert(!skd_snapshot_is_single(skd_refresher_snapshot(refresher)));
    skt_source_say(list, &star, 1);
    pass(500);
    ck_assert(skd_snapshot_is_single(skd_refresher_snapshot(refresher)));
    ck_assert_ptr_nonnull(find("whoever"));
    end();
}
END_TEST

START_TEST(a_stop_during_a_refresh_waits_for_it_and_publishes_nothing)
{
    begin();
    configure(PERIOD, true);
    uv_sem_wait(&list->arrived);
    skd_refresher_now(refresher, false, on_done, &n_done);
    skd_refresher_stop(refresher, on_stopped, NULL);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert(!has_stopped);
    uv_sem_post(&list->gate);
    end();
    ck_assert_uint_eq(n_published, 0);
    ck_assert_uint_eq(n_done, 1);
    skt_err(done_err, SKP_ERR_UNAVAILABLE);
}
END_TEST

START_TEST(before_a_configuration_and_after_a_stop_there_is_nothing_to_ask)
{
    begin();
    skd_refresher_now(refresher, false, on_done, &n_done);
    ck_assert_uint_eq(n_done, 1);
    skt_err(done_err, SKP_ERR_UNAVAILABLE);
    skd_refresher_want(refresher);
    configure(PERIOD, false);
    wait_until_idle();
    stop();
    skd_refresher_now(refresher, false, on_done, &n_done);
    ck_assert_uint_eq(n_done, 2);
    configure(PERIOD, false);
    ck_assert(!is_refreshing());
    end();
}
END_TEST

/* ---- demand and forgetting ---- */

static enum skd_demanded ask_for(const char *tenant)
{
    bool is_new = false;
    enum skd_demanded demanded = skd_demand_ask(demand, skp_view_of(tenant),
                                                fake.now_ms, PERIOD, &is_new);

    if (is_new) {
        skd_refresher_want(refresher);
    }
    return demanded;
}

static const struct skt_answer with_late[] = {
    { .tenant = "late", .said = SKD_SAID_KEYS, .keys = { 4 } },
};

START_TEST(a_wanted_tenant_is_looked_for_when_the_gap_has_passed)
{
    begin();
    configure(PERIOD, false);
    wait_until_idle();
    skt_source_say(list, with_late, 1);
    ck_assert_int_eq(ask_for("late"), SKD_DEMANDED_WAITING);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_WAITING);
    ck_assert(!is_refreshing());
    pass(4999);
    ck_assert_uint_eq(n_published, 1);
    pass(1);
    ck_assert_uint_eq(n_published, 2);
    ck_assert_uint_eq(find("late")->use, SKD_USE_ALL);
    ck_assert_ptr_nonnull(find("a")); /* nothing is removed */
    ck_assert_uint_eq(find("a")->missing, 0);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_ABSENT);
    /* The list was not taken over: it is not to say "unchanged". */
    ck_assert_uint_eq(list->n_accepted, 1);
    ck_assert_uint_eq(list->n_rejected, 1);
    pass(5000);
    ck_assert_uint_eq(n_published, 2);
    end();
}
END_TEST

START_TEST(a_failed_list_says_nothing_about_a_wanted_tenant)
{
    begin();
    configure(PERIOD, false);
    wait_until_idle();
    list->err = SKP_ERR_UNAVAILABLE;
    (void)ask_for("late");
    pass(5000);
    ck_assert_int_eq(ask_for("late"), SKD_DEMANDED_WAITING);
    skt_source_say(list, with_late, 1);
    pass(5000);
    ck_assert_uint_eq(find("late")->use, SKD_USE_ALL);
    end();
}
END_TEST

START_TEST(a_tenant_wanted_during_a_refresh_is_settled_by_the_next)
{
    begin();
    configure(PERIOD, true);
    uv_sem_wait(&list->arrived);
    (void)ask_for("never"); /* too late for this one to speak about it */
    (void)ask_for("a");     /* but if it brings a tenant, it does */
    list->is_gated = false;
    uv_sem_post(&list->gate);
    wait_until_idle();
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_WAITING);
    pass(5000);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_ABSENT);
    ck_assert_uint_eq(list->n_fetches, 2);
    end();
}
END_TEST

START_TEST(a_list_source_without_seeds_sees_the_wanted_on_demand_only)
{
    struct skd_refresh_rules rules = rules_of(0);
    struct skd_chain chain;

    begin();
    rules.demand_gap_ms = 0;
    (void)ask_for("late");
    list = skt_source_new(false);
    list->is_unchanged = true;
    chain = (struct skd_chain){ &list->base, { NULL, NULL } };
    skd_refresher_configure(refresher, &chain, &rules);
    while (n_published < 1) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    wait_until_idle();
    ck_assert_uint_eq(list->n_fetches, 2);
    ck_assert_uint_eq(list->n_wanted, 1);
    ck_assert_uint_eq(n_published, 2);
    end();
}
END_TEST

START_TEST(a_forgotten_tenant_is_gone_at_once)
{
    struct skp_diag diag = { "" };

    begin();
    skt_err(skd_refresher_forget(refresher, skp_view_of("a"), &diag),
            SKP_ERR_NOT_FOUND);
    configure(PERIOD, false);
    wait_until_idle();
    skt_ok(skd_refresher_forget(refresher, skp_view_of("a"), &diag));
    ck_assert_uint_eq(n_published, 2);
    ck_assert_ptr_null(find("a"));
    ck_assert_ptr_nonnull(find("b"));
    skt_err(skd_refresher_forget(refresher, skp_view_of("a"), &diag),
            SKP_ERR_NOT_FOUND);
    end();
}
END_TEST

START_TEST(after_a_tenant_was_forgotten_the_list_is_read_whole_once)
{
    struct skp_diag diag = { "" };

    begin();
    configure(PERIOD, false);
    wait_until_idle();
    ck_assert(!list->was_whole);
    skt_ok(skd_refresher_forget(refresher, skp_view_of("a"), &diag));
    skd_refresher_now(refresher, false, NULL, NULL);
    wait_until_idle();
    ck_assert(list->was_whole);
    ck_assert_ptr_nonnull(find("a"));
    skd_refresher_now(refresher, false, NULL, NULL);
    wait_until_idle();
    ck_assert(!list->was_whole);
    end();
}
END_TEST

START_TEST(a_refresh_that_still_knows_a_forgotten_tenant_is_run_again)
{
    struct skp_diag diag = { "" };

    begin();
    configure(PERIOD, false);
    wait_until_idle();
    list->is_gated = true;
    skd_refresher_now(refresher, false, on_done, &n_done);
    uv_sem_wait(&list->arrived);
    seeds->n_answers = 0; /* it would keep the last good key of "c" */
    skt_ok(skd_refresher_forget(refresher, skp_view_of("c"), &diag));
    list->is_gated = false;
    uv_sem_post(&list->gate);
    while (n_done == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(find("c")->use, SKD_USE_NONE);
    ck_assert_uint_eq(n_published, 3);
    end();
}
END_TEST

START_TEST(in_single_key_mode_nobody_is_forgotten)
{
    static const struct skt_answer star = { .tenant = "*",
                                            .said = SKD_SAID_KEYS,
                                            .keys = { 9 } };
    struct skd_refresh_rules rules = rules_of(0);
    struct skp_diag diag = { "" };
    struct skd_chain chain;

    begin();
    list = skt_source_new(false);
    skt_source_say(list, &star, 1);
    chain = (struct skd_chain){ &list->base, { NULL, NULL } };
    rules.single = true;
    skd_refresher_configure(refresher, &chain, &rules);
    wait_until_idle();
    skt_err(skd_refresher_forget(refresher, skp_view_of("a"), &diag),
            SKP_ERR_FAILED_PRECONDITION);
    end();
}
END_TEST

START_TEST(the_brake_is_reported_and_an_operator_may_lift_it)
{
    struct skd_refresh_report report;

    begin();
    configure(PERIOD, false);
    wait_until_idle();
    skt_source_say(list, NULL, 0);
    pass(PERIOD);
    skd_refresher_report(refresher, &report);
    ck_assert_uint_eq(report.brake_missing, 3);
    ck_assert_uint_eq(find("c")->use, SKD_USE_ALL);
    skd_refresher_now(refresher, true, NULL, NULL);
    wait_until_idle();
    skd_refresher_report(refresher, &report);
    ck_assert_uint_eq(report.brake_missing, 0);
    ck_assert_ptr_null(find("c"));
    end();
}
END_TEST

START_TEST(quick_retries_do_not_wear_the_brake_down)
{
    static const struct skt_answer only_c = { .tenant = "x",
                                              .said = SKD_SAID_ASK,
                                              .is_private = true };

    begin();
    configure(PERIOD, false);
    wait_until_idle();
    skt_source_say(list, &only_c, 1); /* all are gone, and "x" not reached */
    pass(PERIOD);
    for (int i = 0; i < 4; i++) {
        pass(PERIOD / 8); /* the back-off of 0.5, 1, 2, 4 s has passed */
        ck_assert_uint_eq(find("a")->use, SKD_USE_ALL);
    }
    ck_assert_uint_eq(list->n_fetches, 6);
    ck_assert_uint_eq(find("a")->missing, 1);
    end();
}
END_TEST

/* ---- callbacks that call back ---- */

static void
on_done_again(void *state, enum skp_err err, const struct skp_diag *diag)
{
    (void)err;
    (void)diag;
    configure(PERIOD, false);
    skd_refresher_now(refresher, false, on_done, state);
}

START_TEST(a_callback_may_configure_and_ask_again)
{
    begin();
    configure(PERIOD, false);
    wait_until_idle();
    skd_refresher_now(refresher, false, on_done_again, &n_done);
    while (n_done == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    wait_until_idle();
    skt_ok(done_err);
    ck_assert_uint_eq(n_published, 3);
    ck_assert_uint_eq(list->n_fetches, 1);
    end();
}
END_TEST

SKT_SUITE("refresher",
          a_configuration_starts_a_refresh_and_publishes_it,
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
          a_wanted_tenant_is_looked_for_when_the_gap_has_passed,
          a_failed_list_says_nothing_about_a_wanted_tenant,
          a_tenant_wanted_during_a_refresh_is_settled_by_the_next,
          a_list_source_without_seeds_sees_the_wanted_on_demand_only,
          a_forgotten_tenant_is_gone_at_once,
          after_a_tenant_was_forgotten_the_list_is_read_whole_once,
          a_refresh_that_still_knows_a_forgotten_tenant_is_run_again,
          in_single_key_mode_nobody_is_forgotten,
          the_brake_is_reported_and_an_operator_may_lift_it,
          quick_retries_do_not_wear_the_brake_down,
          a_callback_may_configure_and_ask_again)
