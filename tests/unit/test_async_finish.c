/* test_async_finish.c - deadlines and cancelling. */
#include <errno.h>
#include <string.h>

#include "libclient/async_finish.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/async_desk.h"
#include "tests/lib/suite.h"

START_TEST(the_timeout_is_the_soonest_deadline)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "late", 900);
    (void)skt_async_desk_encrypt(desk, "soon", 300);
    (void)skt_async_desk_encrypt(desk, "never", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, 300);
    skt_async_desk_pass(desk, 299);
    ck_assert_uint_eq(desk->n_done, 0);
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, 1);
    skt_async_desk_pass(desk, 1);
    skt_async_desk_ended(desk, 1, SIDEKEY_DEADLINE_EXCEEDED,
                         "deadline exceeded while waiting for the agent");
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, 600);
    skt_async_desk_pass(desk, 600);
    ck_assert_uint_eq(desk->n_done, 2);
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, -1);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_late_answer_is_dropped_and_the_next_one_goes_to_its_request)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "late", 10);
    (void)skt_async_desk_encrypt(desk, "next", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_pass(desk, 10);
    skt_status(desk->done[0].status, SIDEKEY_DEADLINE_EXCEEDED);
    skt_async_desk_answer(desk, 2);
    skt_async_desk_run(desk);
    ck_assert_str_eq(desk->done[1].data, "next");
    ck_assert_uint_eq(desk->connects, 1);
    ck_assert_uint_eq(desk->n_done, 2);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(an_answer_that_is_there_is_in_time_when_the_loop_is_late)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "x", 10);
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    desk->now_ms += 5000;
    desk->in_turn = true;
    sidekey_async_process(desk->handle, 0);
    skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(an_agent_for_whose_answers_nobody_waits_any_more_is_left)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "one", 10);
    (void)skt_async_desk_encrypt(desk, "two", 20);
    skt_async_desk_run(desk);
    skt_async_desk_pass(desk, 10);
    ck_assert_int_ge(skt_async_desk_wants(desk).fd, 0);
    skt_async_desk_pass(desk, 10);
    ck_assert_uint_eq(desk->n_done, 2);
    ck_assert_int_eq(skt_async_desk_wants(desk).fd, -1);
    (void)skt_async_desk_encrypt(desk, "three", 1000);
    skt_async_desk_pass(desk, 20);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    ck_assert_str_eq(desk->done[2].data, "three");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_cancelled_request_ends_in_the_next_turn)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    size_t sent = skt_async_desk_encrypt(desk, "sent", SIDEKEY_NO_DEADLINE);
    size_t unsent;

    skt_async_desk_run(desk);
    unsent = skt_async_desk_encrypt(desk, "unsent", SIDEKEY_NO_DEADLINE);
    ck_assert(sidekey_async_cancel(desk->handle, desk->done[sent].ticket));
    ck_assert(sidekey_async_cancel(desk->handle, desk->done[unsent].ticket));
    ck_assert(!sidekey_async_cancel(desk->handle, desk->done[unsent].ticket));
    ck_assert_uint_eq(desk->n_done, 0);
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, 0);
    /* Even when the answer is there. */
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    for (size_t i = 0; i < 2; i++) {
        skt_async_desk_ended(desk, i, SIDEKEY_UNAVAILABLE, "cancelled");
        ck_assert(desk->done[i].is_cancelled);
        ck_assert(!sidekey_async_cancel(desk->handle, desk->done[i].ticket));
    }
    ck_assert(!sidekey_async_cancel(desk->handle, 0));
    ck_assert(!sidekey_async_cancel(desk->handle, 12345));
    /* The unsent one was never sent, and the connection is in order. */
    (void)skt_async_desk_encrypt(desk, "after", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    ck_assert_str_eq(desk->done[2].data, "after");
    ck_assert_uint_eq(desk->connects, 1);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_request_that_ends_half_sent_is_sent_to_its_end)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    static char text[100001];
    struct skp_request request;
    size_t heard = 0;

    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 10; i++) {
        /* The first keeps the connection; one of the others is cut by the
         * full socket, and those behind it are not sent at all. */
        (void)skt_async_desk_encrypt(desk, text,
                                     i == 0 ? SIDEKEY_NO_DEADLINE : 50);
    }
    skt_async_desk_run(desk);
    skt_async_desk_pass(desk, 50);
    ck_assert_uint_eq(desk->n_done, 9);
    (void)skt_async_desk_encrypt(desk, "after", SIDEKEY_NO_DEADLINE);
    while (desk->n_done < 11) {
        if (skt_async_desk_hear(desk, &request)) {
            skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
            heard++;
        }
        skt_async_desk_run(desk);
    }
    ck_assert_uint_gt(heard, 2);
    ck_assert_uint_lt(heard, 11);
    ck_assert_uint_eq(desk->done[0].len, sizeof text - 1);
    ck_assert_str_eq(desk->done[10].data, "after");
    ck_assert_uint_eq(desk->connects, 1);
    skt_async_desk_free(&desk);
}
END_TEST

static void cancel_the_next(struct skt_async_desk *desk)
{
    desk->then = NULL;
    ck_assert(sidekey_async_cancel(desk->handle, desk->done[1].ticket));
}

START_TEST(a_callback_may_cancel_a_request_whose_answer_is_there)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "one", SIDEKEY_NO_DEADLINE);
    (void)skt_async_desk_encrypt(desk, "two", SIDEKEY_NO_DEADLINE);
    desk->then = cancel_the_next;
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 2);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
    skt_async_desk_ended(desk, 1, SIDEKEY_UNAVAILABLE, "cancelled");
    ck_assert_uint_eq(desk->done[1].len, 0);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_cancelled_request_is_not_repeated)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;

    (void)skt_async_desk_encrypt(desk, "cancelled", SIDEKEY_NO_DEADLINE);
    (void)skt_async_desk_encrypt(desk, "kept", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    ck_assert(sidekey_async_cancel(desk->handle, desk->done[0].ticket));
    skt_async_desk_run(desk);
    skt_async_desk_hang_up(desk);
    skt_async_desk_pass(desk, 20);
    request = skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT);
    ck_assert_uint_eq(request.data.len, 4);
    skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
    skt_async_desk_run(desk);
    ck_assert_str_eq(desk->done[1].data, "kept");
    ck_assert_uint_eq(desk->n_done, 2);
    skt_async_desk_free(&desk);
}
END_TEST

SKT_SUITE("async_finish",
          the_timeout_is_the_soonest_deadline,
          a_late_answer_is_dropped_and_the_next_one_goes_to_its_request,
          an_answer_that_is_there_is_in_time_when_the_loop_is_late,
          an_agent_for_whose_answers_nobody_waits_any_more_is_left,
          a_cancelled_request_ends_in_the_next_turn,
          a_callback_may_cancel_a_request_whose_answer_is_there,
          a_cancelled_request_is_not_repeated,
          a_request_that_ends_half_sent_is_sent_to_its_end)
