/* test_refresher_demand.c - proves of refresher.c, turn.c and settle.c what
 * becomes of a tenant that is wanted or forgotten, and what the sources are
 * told then. */
#include "tests/lib/refreshing.h"
#include "tests/lib/suite.h"

#define PERIOD 60000u

static struct skt_refresh_rig rig;

static enum skd_demanded ask_for(const char *tenant)
{
    bool is_new = false;
    enum skd_demanded demanded = skd_demand_ask(
        rig.demand, skp_view_of(tenant), rig.fake.now_ms, PERIOD, &is_new);

    if (is_new) {
        skd_refresher_want(rig.refresher);
    }
    return demanded;
}

static const struct skt_answer with_late[] = {
    { .tenant = "late", .said = SKD_SAID_KEYS, .keys = { 4 } },
};

START_TEST(a_wanted_tenant_is_looked_for_when_the_gap_has_passed)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_source_say(rig.list, with_late, 1);
    ck_assert_int_eq(ask_for("late"), SKD_DEMANDED_WAITING);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_WAITING);
    ck_assert(!skt_refresh_is_running(&rig));
    skt_refresh_pass(&rig, 4999);
    ck_assert_uint_eq(rig.n_published, 1);
    skt_refresh_pass(&rig, 1);
    ck_assert_uint_eq(rig.n_published, 2);
    ck_assert_uint_eq(skt_refresh_find(&rig, "late")->use, SKD_USE_ALL);
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "a")); /* nothing is removed */
    ck_assert_uint_eq(skt_refresh_find(&rig, "a")->missing, 0);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_ABSENT);
    /* The list was not taken over: it is not to say "unchanged". */
    ck_assert_uint_eq(rig.list->n_accepted, 1);
    ck_assert_uint_eq(rig.list->n_rejected, 1);
    skt_refresh_pass(&rig, 5000);
    ck_assert_uint_eq(rig.n_published, 2);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_failed_list_says_nothing_about_a_wanted_tenant)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    (void)ask_for("late");
    skt_refresh_pass(&rig, 5000);
    ck_assert_int_eq(ask_for("late"), SKD_DEMANDED_WAITING);
    skt_source_say(rig.list, with_late, 1);
    skt_refresh_pass(&rig, 5000);
    ck_assert_uint_eq(skt_refresh_find(&rig, "late")->use, SKD_USE_ALL);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_tenant_wanted_during_a_refresh_is_settled_by_the_next)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, true);
    uv_sem_wait(&rig.list->arrived);
    (void)ask_for("never"); /* too late for this one to speak about it */
    (void)ask_for("a");     /* but if it brings a tenant, it does */
    rig.list->is_gated = false;
    uv_sem_post(&rig.list->gate);
    skt_refresh_wait(&rig);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_WAITING);
    skt_refresh_pass(&rig, 5000);
    ck_assert_int_eq(ask_for("never"), SKD_DEMANDED_ABSENT);
    ck_assert_uint_eq(rig.list->n_fetches, 2);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_list_source_without_seeds_sees_the_wanted_on_demand_only)
{
    struct skd_refresh_rules rules = skt_refresh_rules(0);
    struct skd_chain chain;

    skt_refresh_begin(&rig);
    rules.demand_gap_ms = 0;
    (void)ask_for("late");
    rig.list = skt_source_new(false);
    rig.list->is_unchanged = true;
    chain = (struct skd_chain){ &rig.list->base, { NULL, NULL } };
    skd_refresher_configure(rig.refresher, &chain, &rules);
    while (rig.n_published < 1) {
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    }
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.list->n_fetches, 2);
    ck_assert_uint_eq(rig.list->n_wanted, 1);
    ck_assert_uint_eq(rig.n_published, 2);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_forgotten_tenant_is_gone_at_once)
{
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    skt_err(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag),
            SKP_ERR_NOT_FOUND);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag));
    ck_assert_uint_eq(rig.n_published, 2);
    ck_assert_ptr_null(skt_refresh_find(&rig, "a"));
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "b"));
    skt_err(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag),
            SKP_ERR_NOT_FOUND);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(after_a_tenant_was_forgotten_the_list_is_read_whole_once)
{
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    ck_assert(!rig.list->was_whole);
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag));
    skt_refresh_pass(&rig, PERIOD);
    ck_assert(rig.list->was_whole);
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "a"));
    skt_refresh_pass(&rig, PERIOD);
    ck_assert(!rig.list->was_whole);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(an_operator_is_answered_in_full_and_until_it_worked)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    rig.list->is_gated = true;
    skd_refresher_now(rig.refresher, false, NULL, NULL);
    uv_sem_wait(&rig.list->arrived);
    /* The one that runs is whole, and so is the one asked for meanwhile. */
    skd_refresher_now(rig.refresher, false, NULL, NULL);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    rig.list->is_gated = false;
    uv_sem_post(&rig.list->gate);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.list->n_fetches, 3);
    ck_assert(rig.list->was_whole && !rig.seeds->was_whole);
    skt_source_say(rig.list, skt_refresh_tenants,
                   SKP_ARRAY_LEN(skt_refresh_tenants));
    skt_refresh_pass(&rig, PERIOD);
    ck_assert(rig.list->was_whole && rig.seeds->was_whole);
    skt_refresh_pass(&rig, PERIOD);
    ck_assert(!rig.list->was_whole && !rig.seeds->was_whole);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(every_source_is_told_what_became_of_its_answers)
{
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.list->n_accepted, 1);
    ck_assert_uint_eq(rig.seeds->n_accepted, 1);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    skt_refresh_pass(&rig, PERIOD);
    ck_assert_uint_eq(rig.list->n_rejected, 1);
    ck_assert_uint_eq(rig.seeds->n_rejected, 1);
    /* On demand the list counts for nothing, but new keys are taken. */
    skt_source_say(rig.list, skt_refresh_tenants,
                   SKP_ARRAY_LEN(skt_refresh_tenants));
    skt_refresh_pass(&rig, PERIOD);
    (void)ask_for("late");
    skt_refresh_pass(&rig, 5000);
    ck_assert_uint_eq(rig.list->n_accepted, 2);
    ck_assert_uint_eq(rig.list->n_rejected, 2);
    ck_assert_uint_eq(rig.seeds->n_accepted, 3);
    ck_assert_uint_eq(rig.seeds->n_rejected, 1);
    /* What was thrown away was not taken. */
    rig.seeds->is_gated = true;
    skd_refresher_now(rig.refresher, false, NULL, NULL);
    uv_sem_wait(&rig.seeds->arrived);
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("c"), &diag));
    rig.seeds->is_gated = false;
    uv_sem_post(&rig.seeds->gate);
    skt_refresh_wait(&rig);
    ck_assert_uint_eq(rig.seeds->n_rejected, 2);
    ck_assert_uint_eq(rig.seeds->n_accepted, 4);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(after_a_tenant_came_on_demand_the_list_is_read_whole_once)
{
    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_source_say(rig.list, with_late, 1);
    (void)ask_for("late");
    skt_refresh_pass(&rig, 5000);
    ck_assert_ptr_nonnull(skt_refresh_find(&rig, "late"));
    ck_assert(!rig.list->was_whole);
    /* Were the list what it was at the last whole refresh, "unchanged" would
     * let the tenant stay for ever. */
    skt_source_say(rig.list, skt_refresh_tenants,
                   SKP_ARRAY_LEN(skt_refresh_tenants));
    skt_refresh_pass(&rig, PERIOD);
    ck_assert(rig.list->was_whole);
    ck_assert_ptr_null(skt_refresh_find(&rig, "late"));
    skt_refresh_pass(&rig, PERIOD);
    ck_assert(!rig.list->was_whole);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_forgotten_tenant_that_is_wanted_comes_back_on_demand)
{
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag));
    (void)ask_for("a");
    skt_refresh_pass(&rig, 5000);
    ck_assert(rig.list->was_whole);
    ck_assert_uint_eq(skt_refresh_find(&rig, "a")->last_generation, 2);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(a_refresh_that_still_knows_a_forgotten_tenant_is_run_again)
{
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    rig.list->is_gated = true;
    skd_refresher_now(rig.refresher, false, skt_refresh_done, &rig);
    uv_sem_wait(&rig.list->arrived);
    rig.seeds->n_answers = 0; /* it would keep the last good key of "c" */
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("c"), &diag));
    rig.list->is_gated = false;
    uv_sem_post(&rig.list->gate);
    while (rig.n_done == 0) {
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->use, SKD_USE_NONE);
    ck_assert_uint_eq(rig.n_published, 3);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(in_single_key_mode_nobody_is_forgotten)
{
    static const struct skt_answer star = { .tenant = "*",
                                            .said = SKD_SAID_KEYS,
                                            .keys = { 9 } };
    struct skd_refresh_rules rules = skt_refresh_rules(0);
    struct skp_diag diag = { "" };
    struct skd_chain chain;

    skt_refresh_begin(&rig);
    rig.list = skt_source_new(false);
    skt_source_say(rig.list, &star, 1);
    chain = (struct skd_chain){ &rig.list->base, { NULL, NULL } };
    rules.single = true;
    skd_refresher_configure(rig.refresher, &chain, &rules);
    skt_refresh_wait(&rig);
    skt_err(skd_refresher_forget(rig.refresher, skp_view_of("a"), &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_refresh_end(&rig);
}
END_TEST

SKT_SUITE("refresher_demand",
          a_wanted_tenant_is_looked_for_when_the_gap_has_passed,
          a_failed_list_says_nothing_about_a_wanted_tenant,
          a_tenant_wanted_during_a_refresh_is_settled_by_the_next,
          a_list_source_without_seeds_sees_the_wanted_on_demand_only,
          a_forgotten_tenant_is_gone_at_once,
          after_a_tenant_was_forgotten_the_list_is_read_whole_once,
          an_operator_is_answered_in_full_and_until_it_worked,
          every_source_is_told_what_became_of_its_answers,
          after_a_tenant_came_on_demand_the_list_is_read_whole_once,
          a_forgotten_tenant_that_is_wanted_comes_back_on_demand,
          a_refresh_that_still_knows_a_forgotten_tenant_is_run_again,
          in_single_key_mode_nobody_is_forgotten)
