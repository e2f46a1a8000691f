/* test_refresher_brake.c - proves of refresher.c and turn.c how lists are
 * counted that lack tenants, over a restart, too. */
#include "tests/lib/refreshing.h"
#include "tests/lib/suite.h"

#define PERIOD 60000u

static struct skt_refresh_rig rig;

START_TEST(the_brake_is_reported_and_an_operator_may_lift_it)
{
    struct skd_refresh_report report;

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_source_say(rig.list, NULL, 0);
    skt_refresh_pass(&rig, PERIOD);
    skd_refresher_report(rig.refresher, &report);
    ck_assert_uint_eq(report.brake_missing, 3);
    ck_assert_uint_eq(skt_refresh_find(&rig, "c")->use, SKD_USE_ALL);
    skd_refresher_now(rig.refresher, true, NULL, NULL);
    skt_refresh_wait(&rig);
    skd_refresher_report(rig.refresher, &report);
    ck_assert_uint_eq(report.brake_missing, 0);
    ck_assert_ptr_null(skt_refresh_find(&rig, "c"));
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(who_is_forgotten_is_not_held_by_the_brake_any_more)
{
    struct skd_refresh_report report;
    struct skp_diag diag = { "" };

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_source_say(rig.list, NULL, 0);
    skt_refresh_pass(&rig, PERIOD);
    skt_ok(skd_refresher_forget(rig.refresher, skp_view_of("c"), &diag));
    skd_refresher_report(rig.refresher, &report);
    ck_assert_uint_eq(report.brake_missing, 2);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(quick_retries_do_not_wear_the_brake_down)
{
    static const struct skt_answer only_c = { .tenant = "x",
                                              .said = SKD_SAID_ASK,
                                              .is_private = true };

    skt_refresh_begin(&rig);
    skt_refresh_configure(&rig, PERIOD, false);
    skt_refresh_wait(&rig);
    skt_source_say(rig.list, &only_c,
                   1); /* all are gone, and "x" not reached */
    skt_refresh_pass(&rig, PERIOD);
    for (int i = 0; i < 4; i++) {
        skt_refresh_pass(
            &rig, PERIOD / 8); /* the back-off of 0.5, 1, 2, 4 s has passed */
        ck_assert_uint_eq(skt_refresh_find(&rig, "a")->use, SKD_USE_ALL);
    }
    ck_assert_uint_eq(rig.list->n_fetches, 6);
    ck_assert_uint_eq(skt_refresh_find(&rig, "a")->missing, 1);
    skt_refresh_end(&rig);
}
END_TEST

/* ---- a former agent's snapshot ---- */

/* "a" with key 1 as the list has it, and two that it lacks. */
static void adopt(void)
{
    static const struct skt_tenant former[] = {
        { .id = "a", .use = SKD_USE_ALL, .keys = { 1 }, .confirmed_ms = 5 },
        { .id = "y", .use = SKD_USE_ALL, .keys = { 8 }, .confirmed_ms = 5 },
        { .id = "z", .use = SKD_USE_ALL, .keys = { 9 }, .confirmed_ms = 5 },
    };
    struct skd_snapshot *snapshot = skt_snapshot_of(former, 3, false);

    skd_refresher_adopt(rig.refresher, &snapshot);
    ck_assert_ptr_null(snapshot);
}

START_TEST(a_former_snapshot_is_published_before_the_first_refresh)
{
    struct skd_refresh_report report;

    skt_refresh_begin(&rig);
    adopt();
    ck_assert_uint_eq(rig.n_published, 1);
    ck_assert_uint_eq(skt_refresh_find(&rig, "z")->use, SKD_USE_ALL);
    skt_refresh_make(&rig);
    rig.list->err = SKP_ERR_UNAVAILABLE;
    skt_refresh_use(&rig, PERIOD);
    skt_refresh_wait(&rig);
    skd_refresher_report(rig.refresher, &report);
    ck_assert(report.ready && !report.has_refreshed);
    ck_assert_uint_eq(skt_refresh_find(&rig, "z")->use, SKD_USE_ALL);
    ck_assert_uint_eq(rig.n_published, 1);
    skt_source_say(rig.list, skt_refresh_tenants,
                   SKP_ARRAY_LEN(skt_refresh_tenants));
    skt_refresh_pass(&rig, PERIOD);
    skd_refresher_report(rig.refresher, &report);
    ck_assert(report.has_refreshed);
    ck_assert_uint_eq(skt_refresh_find(&rig, "b")->use, SKD_USE_ALL);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(an_agent_that_dies_again_and_again_does_not_wear_the_brake_down)
{
    static const struct skt_answer nobody = { .tenant = "n",
                                              .said = SKD_SAID_KEYS,
                                              .keys = { 7 } };
    struct skd_snapshot *left = NULL;

    for (unsigned life = 0; life < 5; life++) {
        skt_refresh_begin(&rig);
        if (left == NULL) {
            adopt();
        } else {
            skd_refresher_adopt(rig.refresher, &left);
        }
        skt_refresh_make(&rig);
        skt_source_say(rig.list, &nobody, 1);
        skt_refresh_use(&rig, PERIOD);
        skt_refresh_wait(&rig);
        ck_assert_uint_eq(skt_refresh_find(&rig, "z")->missing, 1);
        left = skd_snapshot_ref(skd_refresher_snapshot(rig.refresher));
        skt_refresh_end(&rig);
    }
    skd_snapshot_unref(&left);
}
END_TEST

START_TEST(whom_the_brake_holds_is_counted_before_the_first_refresh_too)
{
    struct skd_refresh_report report;
    struct skd_snapshot *left;

    skt_refresh_begin(&rig);
    adopt();
    skt_refresh_make(&rig);
    skt_source_say(rig.list, NULL, 0);
    skt_refresh_use(&rig, PERIOD);
    skt_refresh_wait(&rig);
    left = skd_snapshot_ref(skd_refresher_snapshot(rig.refresher));
    skt_refresh_end(&rig);

    skt_refresh_begin(&rig);
    skd_refresher_adopt(rig.refresher, &left);
    skd_refresher_report(rig.refresher, &report);
    ck_assert_uint_eq(report.brake_missing, 3);
    skt_refresh_end(&rig);
}
END_TEST

START_TEST(after_the_first_list_of_its_own_the_brake_counts_again)
{
    skt_refresh_begin(&rig);
    adopt();
    skt_refresh_make(&rig);
    skt_source_say(rig.list, NULL, 0);
    skt_refresh_use(&rig, PERIOD);
    skt_refresh_wait(&rig);
    skt_refresh_pass(&rig, PERIOD);
    ck_assert_uint_eq(skt_refresh_find(&rig, "z")->missing, 2);
    skt_refresh_pass(&rig, PERIOD);
    ck_assert_ptr_null(skt_refresh_find(&rig, "z"));
    skt_refresh_end(&rig);
}
END_TEST

SKT_SUITE("refresher_brake",
          the_brake_is_reported_and_an_operator_may_lift_it,
          who_is_forgotten_is_not_held_by_the_brake_any_more,
          quick_retries_do_not_wear_the_brake_down,
          a_former_snapshot_is_published_before_the_first_refresh,
          an_agent_that_dies_again_and_again_does_not_wear_the_brake_down,
          whom_the_brake_holds_is_counted_before_the_first_refresh_too,
          after_the_first_list_of_its_own_the_brake_counts_again)
