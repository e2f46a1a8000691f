/* test_waiters.c - first come, first answered, once. */
#include <string.h>

#include "agent/refresh/waiters.h"
#include "tests/lib/suite.h"

static char order[16];
static struct skd_waiters other;

static void note(void *state, enum skp_err err, const struct skp_diag *diag)
{
    skt_err(err, SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(diag->text, "why");
    order[strlen(order)] = *(const char *)state;
}

static void add_more(void *state, enum skp_err err, const struct skp_diag *diag)
{
    note(state, err, diag);
    skt_ok(skd_waiters_add(&other, note, state));
}

static void answer(struct skd_waiters *waiters)
{
    const struct skp_diag diag = { "why" };

    memset(order, 0, sizeof order);
    skd_waiters_answer(waiters, SKP_ERR_UNAVAILABLE, &diag);
}

static char names[] = "abcd";

START_TEST(all_are_answered_in_order_and_once)
{
    struct skd_waiters waiters = { NULL };

    skt_ok(skd_waiters_add(&waiters, note, &names[0]));
    skt_ok(skd_waiters_add(&waiters, note, &names[1]));
    answer(&waiters);
    ck_assert_str_eq(order, "ab");
    answer(&waiters);
    ck_assert_str_eq(order, "");
}
END_TEST

START_TEST(who_is_moved_comes_after_who_was_there)
{
    struct skd_waiters waiters = { NULL };
    struct skd_waiters later = { NULL };

    skt_ok(skd_waiters_add(&later, note, &names[2]));
    skt_ok(skd_waiters_add(&later, note, &names[3]));
    skt_ok(skd_waiters_add(&waiters, note, &names[0]));
    skd_waiters_move(&waiters, &later);
    answer(&later);
    ck_assert_str_eq(order, "");
    answer(&waiters);
    ck_assert_str_eq(order, "acd");
}
END_TEST

START_TEST(who_is_added_by_an_answer_waits_for_the_next)
{
    skt_ok(skd_waiters_add(&other, add_more, &names[0]));
    answer(&other);
    ck_assert_str_eq(order, "a");
    answer(&other);
    ck_assert_str_eq(order, "a");
    answer(&other);
    ck_assert_str_eq(order, "");
}
END_TEST

SKT_SUITE("waiters",
          all_are_answered_in_order_and_once,
          who_is_moved_comes_after_who_was_there,
          who_is_added_by_an_answer_waits_for_the_next)
