/* test_async_link.c - connections that are refused, break, and come back. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "libclient/async_link.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/async_desk.h"
#include "tests/lib/suite.h"

START_TEST(a_request_without_an_answer_is_repeated_with_the_same_bytes)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;

    (void)skt_async_desk_encrypt(desk, "one", SIDEKEY_NO_DEADLINE);
    (void)skt_async_desk_encrypt(desk, "two", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    request = skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT);
    skt_async_desk_hang_up(desk);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->connects, 2);
    ck_assert_uint_eq(skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT).msgid,
                      request.msgid);
    skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    ck_assert_uint_eq(desk->done[0].order, 0);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(half_an_answer_is_no_answer_at_every_cut)
{
    size_t len = 1;

    for (size_t cut = 0; cut < len; cut++) {
        struct skt_async_desk *desk = skt_async_desk_new(0, 0);
        struct skp_request request;
        struct skp_view answer;

        (void)skt_async_desk_encrypt(desk, "payload", SIDEKEY_NO_DEADLINE);
        skt_async_desk_run(desk);
        request = skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT);
        answer = skt_async_desk_answer_of(&request);
        len = answer.len;
        answer.len = cut;
        skt_async_desk_say(desk, answer);
        skt_async_desk_run(desk);
        skt_async_desk_hang_up(desk);
        /* No right answer came: there is a pause before the next try. */
        skt_async_desk_pass(desk, 20);
        skt_async_desk_answer(desk, 1);
        skt_async_desk_run(desk);
        skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
        ck_assert_str_eq(desk->done[0].data, "payload");
        skt_async_desk_free(&desk);
    }
    ck_assert_uint_gt(len, 30);
}
END_TEST

START_TEST(a_request_is_repeated_once_and_what_was_not_sent_is_not_counted)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "sent twice", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_hang_up(desk);
    skt_async_desk_pass(desk, 20);
    ck_assert_uint_eq(desk->done[0].calls, 0);
    (void)skt_async_desk_encrypt(desk, "not sent", SIDEKEY_NO_DEADLINE);
    skt_async_desk_hang_up(desk);
    desk->connect_error = ECONNREFUSED;
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_UNAVAILABLE,
                         "the agent closed the connection");
    ck_assert(!desk->done[0].is_cancelled);
    ck_assert_uint_eq(desk->done[1].calls, 0);
    desk->connect_error = 0;
    skt_async_desk_pass(desk, 500);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(what_the_agent_said_before_it_hung_up_is_heard)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "last", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_hang_up(desk);
    (void)skt_async_desk_encrypt(desk, "next", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(an_absent_agent_is_tried_after_10_ms_then_twice_as_long_up_to_1_s)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    static const int pauses[] = { 10, 20, 40, 80, 160, 320, 640, 1001 };

    desk->connect_error = ENOENT;
    (void)skt_async_desk_encrypt(desk, "patient", SIDEKEY_NO_DEADLINE);
    for (unsigned i = 0; i < SKP_ARRAY_LEN(pauses); i++) {
        int pause_ms;

        skt_async_desk_run(desk);
        ck_assert_uint_eq(desk->connects, i + 1);
        ck_assert_uint_eq(desk->done[0].calls, 0);
        pause_ms = skt_async_desk_wants(desk).timeout_ms;
        ck_assert_int_ge(pause_ms, pauses[i]);
        ck_assert_int_le(pause_ms, pauses[i] * 11 / 10);
        desk->now_ms += (uint64_t)pause_ms;
    }
    /* By now it has waited for more than 2 s. */
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_UNAVAILABLE,
                         "/nowhere: no agent listens on this socket");
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, -1);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_deadline_before_the_agent_comes_names_the_reason)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    desk->connect_error = ECONNREFUSED;
    (void)skt_async_desk_encrypt(desk, "hasty", 5);
    skt_async_desk_run(desk);
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, 5);
    skt_async_desk_pass(desk, 5);
    skt_async_desk_ended(desk, 0, SIDEKEY_UNAVAILABLE,
                         "/nowhere: no agent listens on this socket");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(each_reason_not_to_connect_has_its_words)
{
    static const struct {
        int error;
        enum sidekey_status status;
        const char *text;
    } cases[] = {
        { EACCES, SIDEKEY_PERMISSION_DENIED,
          "/nowhere: this user may not connect to the agent's socket" },
        { EMFILE, SIDEKEY_RESOURCE_EXHAUSTED,
          "no file descriptor or memory for a connection to the agent" },
        { EAGAIN, SIDEKEY_UNAVAILABLE,
          "/nowhere: the agent accepts no connection in time" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct skt_async_desk *desk = skt_async_desk_new(0, 0);

        desk->connect_error = cases[i].error;
        (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
        skt_async_desk_run(desk);
        /* Waiting does not help against permissions, but else it may. */
        ck_assert_uint_eq(desk->done[0].calls, i == 0 ? 1 : 0);
        skt_async_desk_pass(desk, 3000);
        skt_async_desk_ended(desk, 0, cases[i].status, cases[i].text);
        skt_async_desk_free(&desk);
    }
}
END_TEST

START_TEST(an_agent_that_hangs_up_at_once_is_not_asked_in_a_circle)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_hang_up(desk);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->connects, 1);
    ck_assert_int_ge(skt_async_desk_wants(desk).timeout_ms, 10);
    /* After a right answer there is no pause. */
    skt_async_desk_pass(desk, 20);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_hang_up(desk);
    (void)skt_async_desk_encrypt(desk, "y", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->connects, 3);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_lost_descriptor_stays_open_until_the_caller_knows)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_wants before;
    struct sidekey_async_wants after;
    struct pollfd former;

    (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    before = skt_async_desk_wants(desk);
    ck_assert_int_ge(before.fd, 0);
    skt_async_desk_hang_up(desk);
    /* Three turns without asking what is wanted. */
    for (unsigned i = 0; i < 3; i++) {
        desk->in_turn = true;
        desk->now_ms += 1000;
        sidekey_async_process(desk->handle, POLLIN | POLLHUP);
    }
    former = (struct pollfd){ .fd = before.fd };
    ck_assert_int_ge(poll(&former, 1, 0), 0);
    ck_assert_int_eq(former.revents & POLLNVAL, 0);
    ck_assert_uint_eq(desk->connects, 1);

    after = skt_async_desk_wants(desk);
    ck_assert_int_eq(after.fd, -1);
    ck_assert_int_eq(after.timeout_ms, 0);
    ck_assert_uint_ne(after.generation, before.generation);
    sidekey_async_process(desk->handle, 0);
    ck_assert_uint_eq(desk->connects, 2);
    before = after;
    after = skt_async_desk_wants(desk);
    ck_assert_int_ge(after.fd, 0);
    ck_assert_uint_ne(after.generation, before.generation);
    skt_async_desk_free(&desk);
}
END_TEST

SKT_SUITE("async_link",
          a_request_without_an_answer_is_repeated_with_the_same_bytes,
          half_an_answer_is_no_answer_at_every_cut,
          a_request_is_repeated_once_and_what_was_not_sent_is_not_counted,
          what_the_agent_said_before_it_hung_up_is_heard,
          an_absent_agent_is_tried_after_10_ms_then_twice_as_long_up_to_1_s,
          a_deadline_before_the_agent_comes_names_the_reason,
          each_reason_not_to_connect_has_its_words,
          an_agent_that_hangs_up_at_once_is_not_asked_in_a_circle,
          a_lost_descriptor_stays_open_until_the_caller_knows)
