/* test_key_cache_watch.c - suite of libclient/key_cache_watch.c. */
#include <stdio.h>
#include <string.h>

#include "libclient/key_cache_watch.h"
#include "tests/lib/suite.h"
#include "tests/lib/watched_agent.h"

static char heard[512]; /* "TENANT KEY_ID_BYTE;" or "lost AT;" each */

static void on_changed(void *state, const struct skp_tenant_row *row)
{
    size_t len = strlen(heard);

    (void)state;
    (void)snprintf(heard + len, sizeof heard - len, "%.*s %02x;",
                   (int)row->id.len, (const char *)row->id.ptr,
                   row->key_id == NULL ? 0u : row->key_id[0]);
}

static void on_lost(void *state, uint64_t alive_ms)
{
    size_t len = strlen(heard);

    (void)state;
    (void)snprintf(heard + len, sizeof heard - len, "lost %u;",
                   (unsigned)alive_ms);
}

static const struct skc_watch_events events = { NULL, on_changed, on_lost };

/* Polled until it is answered. */
static struct skt_watched *start(struct skc_watch *watch)
{
    struct skt_watched *agent = skt_watched_start();

    heard[0] = '\0';
    skt_ok(skc_watch_init(watch, skt_watched_path(agent), &events));
    ck_assert_int_eq(watch->state, SKC_WATCH_DOWN);
    skc_watch_poll(watch, 1000);
    ck_assert_int_eq(watch->state, SKC_WATCH_ASKED);
    skt_watched_await(agent, SKP_METHOD_WATCH, 1);
    skc_watch_poll(watch, 1001);
    return agent;
}

static void finish(struct skc_watch *watch, struct skt_watched **agent)
{
    skc_watch_done(watch);
    skt_watched_stop(agent);
}

START_TEST(changes_are_heard_in_their_order)
{
    struct skc_watch watch;
    struct skt_watched *agent = start(&watch);
    char wants[64];
    uint64_t turn = watch.turn;

    ck_assert_int_eq(watch.state, SKC_WATCH_ON);
    skc_watch_poll(&watch, 1002);
    ck_assert_uint_eq(watch.turn, turn);
    ck_assert_uint_eq(watch.alive_ms, 1002);
    skt_watched_tell(agent, "t", 1);
    skt_watched_tell(agent, "u", SKT_WATCHED_KEYS);
    skc_watch_poll(&watch, 1003);
    (void)snprintf(wants, sizeof wants, "t %02x;u 00;",
                   skt_watched_key_id(agent, 1)[0]);
    ck_assert_str_eq(heard, wants);
    ck_assert_uint_eq(watch.turn, turn + 2);
    ck_assert_uint_eq(watch.turned_ms, 1003);
    finish(&watch, &agent);
}
END_TEST

START_TEST(a_broken_watch_is_told_and_made_again_at_once)
{
    struct skc_watch watch;
    struct skt_watched *agent = start(&watch);

    skc_watch_poll(&watch, 1500);
    skt_watched_kill(agent);
    skt_watched_revive(agent);
    skc_watch_poll(&watch, 2000);
    ck_assert_str_eq(heard, "lost 1500;");
    ck_assert_int_eq(watch.state, SKC_WATCH_ASKED);
    skt_watched_await(agent, SKP_METHOD_WATCH, 2);
    skc_watch_poll(&watch, 2001);
    ck_assert_int_eq(watch.state, SKC_WATCH_ON);
    finish(&watch, &agent);
}
END_TEST

START_TEST(what_was_said_before_the_end_is_heard_before_the_loss)
{
    struct skc_watch watch;
    struct skt_watched *agent = start(&watch);

    skt_watched_tell(agent, "t", SKT_WATCHED_KEYS);
    skt_watched_kill(agent);
    skc_watch_poll(&watch, 2000);
    ck_assert_str_eq(heard, "t 00;lost 1001;");
    finish(&watch, &agent);
}
END_TEST

START_TEST(an_absent_agent_is_tried_at_intervals)
{
    struct skc_watch watch;
    struct skt_watched *agent = start(&watch);

    skt_watched_kill(agent);
    skc_watch_poll(&watch, 2000);
    ck_assert_int_eq(watch.state, SKC_WATCH_DOWN);
    skt_watched_revive(agent);
    skc_watch_poll(&watch, 2000 + SKC_WATCH_RETRY_MS - 1);
    ck_assert_int_eq(watch.state, SKC_WATCH_DOWN);
    skc_watch_hurry(&watch);
    skc_watch_poll(&watch, 2000 + SKC_WATCH_RETRY_MS - 1);
    ck_assert_int_eq(watch.state, SKC_WATCH_ASKED);
    finish(&watch, &agent);
}
END_TEST

START_TEST(a_refusal_is_kept_for_a_while)
{
    struct skt_watched *agent = skt_watched_start();
    struct skc_watch watch;

    heard[0] = '\0';
    skt_watched_refuse(agent, SKP_METHOD_WATCH, SKP_ERR_PERMISSION_DENIED);
    skt_ok(skc_watch_init(&watch, skt_watched_path(agent), &events));
    skc_watch_poll(&watch, 0);
    skt_watched_await(agent, SKP_METHOD_WATCH, 1);
    skc_watch_poll(&watch, 1);
    ck_assert_int_eq(watch.state, SKC_WATCH_REFUSED);
    skc_watch_hurry(&watch);
    skc_watch_poll(&watch, SKC_WATCH_REFUSED_MS);
    ck_assert_int_eq(watch.state, SKC_WATCH_REFUSED);
    skt_watched_refuse(agent, SKP_METHOD_WATCH, SKP_ERR_OK);
    skc_watch_poll(&watch, 1 + SKC_WATCH_REFUSED_MS);
    skt_watched_await(agent, SKP_METHOD_WATCH, 2);
    skc_watch_poll(&watch, 2 + SKC_WATCH_REFUSED_MS);
    ck_assert_int_eq(watch.state, SKC_WATCH_ON);
    ck_assert_str_eq(heard, "");
    finish(&watch, &agent);
}
END_TEST

START_TEST(any_other_error_is_no_refusal)
{
    struct skt_watched *agent = skt_watched_start();
    struct skc_watch watch;

    skt_watched_refuse(agent, SKP_METHOD_WATCH, SKP_ERR_RESOURCE_EXHAUSTED);
    skt_ok(skc_watch_init(&watch, skt_watched_path(agent), &events));
    skc_watch_poll(&watch, 0);
    skt_watched_await(agent, SKP_METHOD_WATCH, 1);
    skc_watch_poll(&watch, 1);
    ck_assert_int_eq(watch.state, SKC_WATCH_DOWN);
    skc_watch_poll(&watch, 1 + SKC_WATCH_RETRY_MS);
    ck_assert_int_eq(watch.state, SKC_WATCH_ASKED);
    finish(&watch, &agent);
}
END_TEST

START_TEST(bytes_that_are_no_message_end_the_connection)
{
    struct skc_watch watch;
    struct skt_watched *agent = start(&watch);

    skt_watched_babble(agent);
    skc_watch_poll(&watch, 2000);
    ck_assert_str_eq(heard, "lost 1001;");
    finish(&watch, &agent);
}
END_TEST

START_TEST(doubt_is_a_loss_and_a_pause)
{
    struct skc_watch watch;
    struct skt_watched *agent = start(&watch);

    skt_watched_hang(agent, true);
    skc_watch_poll(&watch, 2000);
    skc_watch_doubt(&watch, 2100);
    ck_assert_str_eq(heard, "lost 2000;");
    skc_watch_doubt(&watch, 2100);
    skc_watch_poll(&watch, 2100 + SKC_WATCH_RETRY_MS);
    ck_assert_int_eq(watch.state, SKC_WATCH_ASKED);
    skt_watched_hang(agent, false);
    skt_watched_await(agent, SKP_METHOD_WATCH, 2);
    skc_watch_poll(&watch, 3000);
    ck_assert_int_eq(watch.state, SKC_WATCH_ON);
    finish(&watch, &agent);
}
END_TEST

START_TEST(a_zeroed_watch_can_be_released)
{
    struct skc_watch watch = { .path = NULL };

    skc_watch_done(&watch);
    ck_assert_ptr_null(watch.scratch);
}
END_TEST

SKT_SUITE("key_cache_watch",
          changes_are_heard_in_their_order,
          a_broken_watch_is_told_and_made_again_at_once,
          what_was_said_before_the_end_is_heard_before_the_loss,
          an_absent_agent_is_tried_at_intervals,
          a_refusal_is_kept_for_a_while,
          any_other_error_is_no_refusal,
          bytes_that_are_no_message_end_the_connection,
          doubt_is_a_loss_and_a_pause,
          a_zeroed_watch_can_be_released)
