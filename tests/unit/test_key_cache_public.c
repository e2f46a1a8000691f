/* test_key_cache_public.c - suite of libclient/key_cache_public.c: a gateway
 * that writes, and an agent that changes its keys, hangs, dies and comes back.
 */
#include <stdio.h>

#include "tests/lib/cached_keys.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

START_TEST(a_watched_key_is_asked_for_once)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    for (unsigned i = 0; i < 100; i++) {
        skt_cached_key("t", 0);
        skt_cached_pass(100);
    }
    ck_assert_uint_eq(skt_cached_asked(), 1);
    ck_assert_uint_eq(skt_cached_stats().hits, 99);
    ck_assert_uint_eq(skt_cached_stats().misses, 1);
    ck_assert_uint_eq(skt_cached_stats().offline_hits, 0);
    ck_assert_uint_eq(skt_cached_stats().tenants, 1);
    skt_cached_tear_down();
}
END_TEST

START_TEST(a_rotation_that_was_told_is_seen_by_the_next_call)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_cached_key("u", 0);
    skt_watched_use(skt_watched, 1);
    skt_cached_key("t", 0);
    skt_watched_tell(skt_watched, "t", 1);
    skt_cached_key("t", 1);
    skt_cached_key("u", 0);
    skt_watched_tell(skt_watched, "*", 1);
    skt_cached_key("u", 1);
    ck_assert_uint_eq(skt_cached_stats().changes, 2);
    skt_cached_tear_down();
}
END_TEST

START_TEST(a_change_to_the_key_that_is_kept_costs_no_question)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_watched_tell(skt_watched, "t", 0);
    skt_cached_key("t", 0);
    ck_assert_uint_eq(skt_cached_asked(), 1);
    skt_cached_tear_down();
}
END_TEST

START_TEST(a_key_that_was_told_to_be_former_is_not_used_offline)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_watched_tell(skt_watched, "t", 1);
    skt_watched_kill(skt_watched);
    skt_cached_fails("t", 50, SIDEKEY_UNAVAILABLE);
    skt_cached_tear_down();
}
END_TEST

/* The answer was made before the change, and arrives after it. */
START_TEST(an_answer_that_a_change_overtook_is_not_kept)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_watched_tell_before(skt_watched, SKP_METHOD_PUBKEY, "t", 1);
    skt_cached_key("t", 0);
    ck_assert_uint_eq(skt_cached_stats().tenants, 0);
    skt_watched_use(skt_watched, 1);
    skt_cached_key("t", 1);
    skt_cached_tear_down();
}
END_TEST

START_TEST(answers_right_after_a_change_are_not_trusted_for_long)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_watched_tell(skt_watched, "t", 1);
    /* From a worker that has not heard of it. */
    skt_cached_key("t", 0);
    skt_cached_key("t", 0);
    ck_assert_uint_eq(skt_cached_asked(), 1);
    skt_watched_use(skt_watched, 1);
    skt_cached_pass(50);
    skt_cached_key("t", 1);
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_key("t", 1);
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_key("t", 1);
    ck_assert_uint_eq(skt_cached_asked(), 3);
    skt_cached_tear_down();
}
END_TEST

START_TEST(an_aged_key_is_confirmed)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_cached_pass(SKT_AGE_MS - 1);
    skt_cached_key("t", 0);
    ck_assert_uint_eq(skt_cached_asked(), 1);
    skt_watched_use(skt_watched, 1);
    skt_cached_pass(1);
    skt_cached_key("t", 1);
    ck_assert_uint_eq(skt_cached_asked(), 2);
    skt_cached_tear_down();
}
END_TEST

START_TEST(no_from_the_agent_drops_the_key_at_once)
{
    static const enum skp_err refusals[] = { SKP_ERR_NOT_FOUND,
                                             SKP_ERR_PERMISSION_DENIED,
                                             SKP_ERR_FAILED_PRECONDITION };

    for (size_t i = 0; i < SKP_ARRAY_LEN(refusals); i++) {
        skt_cached_set_up();
        skt_cached_watch(1);
        skt_cached_key("t", 0);
        skt_cached_pass(SKT_AGE_MS);
        skt_watched_refuse(skt_watched, SKP_METHOD_PUBKEY, refusals[i]);
        skt_cached_fails("t", SKT_CALL_MS, (enum sidekey_status)refusals[i]);
        ck_assert_uint_eq(skt_cached_stats().tenants, 0);
        skt_watched_kill(skt_watched);
        skt_cached_fails("t", 50, SIDEKEY_UNAVAILABLE);
        skt_cached_tear_down();
    }
}
END_TEST

START_TEST(keys_are_used_while_the_agent_is_away_but_not_for_ever)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_cached_pass(SKT_AGE_MS / 2);
    skt_cached_key("t", 0); /* seen alive */
    skt_watched_kill(skt_watched);
    skt_cached_pass(SKT_OFFLINE_MS - 1);
    skt_cached_key("t", 0);
    skt_cached_fails("u", 50, SIDEKEY_UNAVAILABLE);
    ck_assert_uint_eq(skt_cached_stats().offline_hits, 1);
    skt_cached_pass(1);
    skt_cached_fails("t", 50, SIDEKEY_UNAVAILABLE);
    skt_cached_tear_down();
}
END_TEST

START_TEST(a_key_of_the_very_first_call_is_used_offline)
{
    skt_cached_set_up();
    skt_cached_key("t", 0);
    skt_watched_kill(skt_watched);
    skt_cached_key("t", 0);
    skt_cached_tear_down();
}
END_TEST

START_TEST(all_is_confirmed_when_the_agent_is_back)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_cached_key("u", 0);
    skt_watched_kill(skt_watched);
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_key("t", 0);
    skt_watched_use(skt_watched, 1);
    skt_watched_revive(skt_watched);
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_watch(2);
    skt_cached_key("t", 1);
    skt_cached_key("u", 1);
    ck_assert_uint_eq(skt_cached_asked(), 4);
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_key("t", 1);
    ck_assert_uint_eq(skt_cached_asked(), 4);
    skt_cached_tear_down();
}
END_TEST

START_TEST(an_agent_that_is_still_loading_counts_as_away)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_watched_kill(skt_watched);
    skt_watched_refuse(skt_watched, SKP_METHOD_PUBKEY, SKP_ERR_UNAVAILABLE);
    skt_watched_revive(skt_watched);
    skt_cached_watch(2);
    skt_cached_key("t", 0);
    ck_assert_uint_gt(skt_cached_asked(), 1);
    skt_watched_refuse(skt_watched, SKP_METHOD_PUBKEY, SKP_ERR_OK);
    skt_watched_use(skt_watched, 1);
    skt_cached_key("t", 0); /* rests */
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_key("t", 1);
    skt_watched_refuse(skt_watched, SKP_METHOD_PUBKEY, SKP_ERR_UNAVAILABLE);
    skt_cached_fails("u", 60, SIDEKEY_UNAVAILABLE);
    skt_cached_tear_down();
}
END_TEST

START_TEST(an_agent_that_hangs_costs_half_a_second_once)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_cached_key("u", 0);
    skt_cached_pass(SKT_AGE_MS);
    skt_watched_hang(skt_watched, true);
    skt_cached_key("t", 0);
    ck_assert(!skt_cached_stats().is_watching);
    /* The second one does not wait: the connection is doubted. */
    skt_cached_key("u", 0);
    ck_assert_uint_eq(skt_cached_stats().misses, 3);
    skt_cached_pass(SKT_OFFLINE_MS);
    skt_cached_fails("u", 60, SIDEKEY_DEADLINE_EXCEEDED);
    skt_watched_hang(skt_watched, false);
    skt_cached_key("u", 0);
    skt_cached_tear_down();
}
END_TEST

START_TEST(without_time_offline_nothing_is_used_unconfirmed)
{
    struct sidekey_keys_options options = skt_cached_options();

    options.offline_ms = 0;
    skt_cached_open(&options);
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_cached_key("t", 0);
    ck_assert_uint_eq(skt_cached_asked(), 1);
    skt_watched_kill(skt_watched);
    skt_cached_fails("t", 50, SIDEKEY_UNAVAILABLE);
    skt_cached_tear_down();
}
END_TEST

START_TEST(who_may_not_watch_asks_more_often)
{
    skt_cached_set_up();
    skt_watched_refuse(skt_watched, SKP_METHOD_WATCH,
                       SKP_ERR_PERMISSION_DENIED);
    sidekey_keys_sweep(skt_cache);
    skt_watched_await(skt_watched, SKP_METHOD_WATCH, 1);
    skt_cached_key("t", 0);
    skt_cached_pass(699);
    skt_cached_key("t", 0);
    ck_assert_uint_eq(skt_cached_asked(), 1);
    skt_watched_use(skt_watched, 1);
    skt_cached_pass(1);
    skt_cached_key("t", 1);
    ck_assert(!skt_cached_stats().is_watching);
    skt_cached_tear_down();
}
END_TEST

START_TEST(the_number_of_tenants_is_bounded)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    for (unsigned i = 0; i < 50; i++) {
        char tenant[16];

        (void)snprintf(tenant, sizeof tenant, "t%u", i);
        skt_cached_key(tenant, 0);
        skt_cached_key("often", 0);
    }
    ck_assert_uint_eq(skt_cached_stats().tenants, 4);
    ck_assert_uint_eq(skt_cached_stats().evictions, 51 - 4);
    ck_assert_uint_eq(skt_cached_stats().misses, 51);
    skt_cached_tear_down();
}
END_TEST

static bool was_asked(void *state)
{
    return skt_agent_requests(state) > 0;
}

START_TEST(a_key_with_another_id_is_never_used)
{
    static const struct skt_step steps[] = {
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no watch" },
        { SKT_WRONG_KEY_ID, SKP_ERR_OK, NULL },
    };
    struct skt_agent *fake = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct sidekey_public_key key = { .generation = 99 };

    skt_status_ok(sidekey_keys_open(skt_agent_path(fake), NULL, &skt_cache));
    sidekey_keys_sweep(skt_cache);
    ck_assert(skt_until(was_asked, fake, SKT_CALL_MS));
    skt_status(sidekey_keys_public(skt_cache, SKT_TENANT, SKT_CALL_MS, &key),
               SIDEKEY_INTERNAL);
    ck_assert_uint_eq(key.generation, 99);
    ck_assert_uint_eq(skt_cached_stats().tenants, 0);
    skt_status_ok(
        sidekey_keys_public(skt_cache, SKT_TENANT, SKT_CALL_MS, &key));
    sidekey_keys_close(&skt_cache);
    skt_agent_stop(&fake);
}
END_TEST

SKT_SUITE("key_cache_public",
          a_watched_key_is_asked_for_once,
          a_rotation_that_was_told_is_seen_by_the_next_call,
          a_change_to_the_key_that_is_kept_costs_no_question,
          a_key_that_was_told_to_be_former_is_not_used_offline,
          an_answer_that_a_change_overtook_is_not_kept,
          answers_right_after_a_change_are_not_trusted_for_long,
          an_aged_key_is_confirmed,
          no_from_the_agent_drops_the_key_at_once,
          keys_are_used_while_the_agent_is_away_but_not_for_ever,
          a_key_of_the_very_first_call_is_used_offline,
          all_is_confirmed_when_the_agent_is_back,
          an_agent_that_is_still_loading_counts_as_away,
          an_agent_that_hangs_costs_half_a_second_once,
          without_time_offline_nothing_is_used_unconfirmed,
          who_may_not_watch_asks_more_often,
          the_number_of_tenants_is_bounded,
          a_key_with_another_id_is_never_used)
