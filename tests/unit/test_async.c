/* test_async.c - the async handle: what it wants, how it is driven, and that
 * every request ends once whatever happens. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "libclient/async.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/async_desk.h"
#include "tests/lib/suite.h"

START_TEST(nothing_is_wanted_before_the_first_request)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_wants wants = skt_async_desk_wants(desk);

    ck_assert_int_eq(wants.fd, -1);
    ck_assert_int_eq(wants.events, 0);
    ck_assert_int_eq(wants.timeout_ms, -1);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->connects, 0);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(submitting_does_no_work_and_calls_nothing_back)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_wants wants;
    size_t i = skt_async_desk_encrypt(desk, "a", 1000);

    ck_assert_uint_eq(desk->connects, 0);
    wants = skt_async_desk_wants(desk);
    ck_assert_int_eq(wants.fd, -1);
    ck_assert_int_eq(wants.timeout_ms, 0);
    ck_assert_uint_eq(desk->done[i].calls, 0);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(requests_are_pipelined_and_answered_in_order)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    for (size_t i = 0; i < 300; i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "value %zu", i);
        (void)skt_async_desk_encrypt(desk, text, SIDEKEY_NO_DEADLINE);
    }
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 300);
    skt_async_desk_run(desk);
    for (size_t i = 0; i < 300; i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "value %zu", i);
        skt_async_desk_ended(desk, i, SIDEKEY_OK, "");
        ck_assert_str_eq(desk->done[i].data, text);
        ck_assert_uint_eq(desk->done[i].order, i);
    }
    ck_assert_uint_eq(desk->connects, 1);
    ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, -1);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(one_turn_hands_out_64_answers_and_asks_for_another_at_once)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    for (size_t i = 0; i < 200; i++) {
        (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    }
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 200);
    for (size_t n = 64; n <= 192; n += 64) {
        ck_assert(skt_async_desk_turn(desk));
        ck_assert_uint_eq(desk->n_done, n);
        ck_assert_int_eq(skt_async_desk_wants(desk).timeout_ms, 0);
    }
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->n_done, 200);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_full_socket_is_waited_for_with_pollout)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    static char text[100001];
    int events;

    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 20; i++) {
        (void)skt_async_desk_encrypt(desk, text, SIDEKEY_NO_DEADLINE);
    }
    skt_async_desk_run(desk);
    events = skt_async_desk_wants(desk).events;
    ck_assert_int_eq(events, POLLIN | POLLOUT);
    ck_assert(!skt_async_desk_turn(desk));
    for (size_t i = 0; i < 20; i++) {
        struct skp_request request;

        while (!skt_async_desk_hear(desk, &request)) {
            skt_async_desk_run(desk);
        }
        ck_assert_uint_eq(request.data.len, sizeof text - 1);
        skt_async_desk_refuse(desk, &request, true, SKP_ERR_NOT_FOUND, "no");
    }
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->n_done, 20);
    events = skt_async_desk_wants(desk).events;
    ck_assert_int_eq(events, POLLIN);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(the_queue_is_bounded_by_count)
{
    struct skt_async_desk *desk = skt_async_desk_new(3, 0);
    struct sidekey_async_call call;
    size_t next;

    for (size_t i = 0; i < 3; i++) {
        (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    }
    call = skt_async_desk_call(desk, 1000, &next);
    skt_status(sidekey_async_pubkey(desk->handle, "t", &call, NULL),
               SIDEKEY_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(sidekey_async_error_text(desk->handle),
                     "3 requests are open, and no more may be");
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_status_ok(sidekey_async_pubkey(desk->handle, "t", &call, NULL));
    desk->n_submitted++;
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 3);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->n_done, 4);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(the_queue_is_bounded_by_bytes_but_one_request_always_fits)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 4096);
    static char text[20001];
    struct sidekey_async_call call;
    size_t next;

    memset(text, 'x', sizeof text - 1);
    (void)skt_async_desk_encrypt(desk, text, SIDEKEY_NO_DEADLINE);
    call = skt_async_desk_call(desk, 1000, &next);
    skt_status(sidekey_async_pubkey(desk->handle, "t", &call, NULL),
               SIDEKEY_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(sidekey_async_error_text(desk->handle),
                     "the open requests may have 4096 bytes together");
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->done[0].len, sizeof text - 1);
    (void)skt_async_desk_pubkey(desk, 1000);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(what_no_agent_would_take_is_not_submitted)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    static uint8_t large[SKP_MESSAGE_MAX];
    const struct sidekey_options options = { .aad = large, .aad_len = 5000 };
    struct sidekey_async_call call;
    size_t next;

    call = skt_async_desk_call(desk, 1000, &next);
    skt_status(sidekey_async_pubkey(desk->handle, "a b", &call, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_async_pubkey(desk->handle, NULL, &call, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_async_encrypt(desk->handle, "t", large, 5, &options,
                                     &call, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_async_encrypt(desk->handle, "t", large, sizeof large,
                                     NULL, &call, NULL),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_async_encrypt(desk->handle, "t", large, sizeof large + 1,
                                     NULL, &call, NULL),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_async_pubkey(desk->handle, "t", NULL, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    call.done = NULL;
    skt_status(sidekey_async_pubkey(desk->handle, "t", &call, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    ck_assert_str_eq(sidekey_async_error_text(desk->handle),
                     "a request needs a callback");
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->connects, 0);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(bad_options_are_refused)
{
    struct sidekey_async_options options = { .requests_max = 65537 };
    struct sidekey_async *handle = NULL;
    char path[200];

    skt_status(sidekey_async_open(&options, &handle), SIDEKEY_INVALID_ARGUMENT);
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    options = (struct sidekey_async_options){ .socket_path = path,
                                              .requests_max = 1 };
    skt_status(sidekey_async_open(&options, &handle), SIDEKEY_INVALID_ARGUMENT);
    ck_assert_ptr_null(handle);
    sidekey_async_free(&handle);
    sidekey_async_free(NULL);
    options.socket_path = "/x";
    skt_status_ok(sidekey_async_open(&options, &handle));
    ck_assert_str_eq(sidekey_async_socket_path(handle), "/x");
    ck_assert_str_eq(sidekey_async_error_text(handle), "");
    sidekey_async_free(&handle);
}
END_TEST

static void submit_once_more(struct skt_async_desk *desk)
{
    struct sidekey_async_call call;
    size_t next;

    desk->then = NULL;
    if (desk->handle == NULL) {
        return;
    }
    call = skt_async_desk_call(desk, 1000, &next);
    skt_status(sidekey_async_pubkey(desk->handle, "t", &call, NULL),
               SIDEKEY_UNAVAILABLE);
}

START_TEST(freeing_ends_what_is_open_and_takes_nothing_new)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "sent", 1000);
    skt_async_desk_run(desk);
    (void)skt_async_desk_encrypt(desk, "unsent", 1000);
    desk->then = submit_once_more;
    skt_async_desk_free_handle(desk);
    for (size_t i = 0; i < 2; i++) {
        skt_async_desk_ended(desk, i, SIDEKEY_UNAVAILABLE, "cancelled");
        ck_assert(desk->done[i].is_cancelled);
    }
    skt_async_desk_free(&desk);
}
END_TEST

static void submit_from_inside(struct skt_async_desk *desk)
{
    if (desk->n_submitted < 50) {
        (void)skt_async_desk_encrypt(desk, "more", SIDEKEY_NO_DEADLINE);
        /* Does nothing: a turn is being done. */
        sidekey_async_process(desk->handle, POLLIN);
    }
}

START_TEST(callbacks_may_submit)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;

    desk->then = submit_from_inside;
    (void)skt_async_desk_encrypt(desk, "first", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    while (skt_async_desk_hear(desk, &request)) {
        skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
        skt_async_desk_run(desk);
    }
    ck_assert_uint_eq(desk->n_done, 50);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_callback_that_submits_without_time_does_not_stop_the_loop)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    desk->connect_error = ENOENT;
    desk->then = submit_from_inside;
    (void)skt_async_desk_encrypt(desk, "first", 0);
    ck_assert(skt_async_desk_turn(desk));
    ck_assert_uint_eq(desk->n_done, 1);
    desk->then = NULL;
    skt_async_desk_free(&desk);
}
END_TEST

/* ---- whatever happens ---------------------------------------------------- */

/* A walk of our own, so that a seed means the same on every machine. */
static uint32_t draw(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static void agent_acts(struct skt_async_desk *desk, uint32_t *seed)
{
    struct skp_request request;
    struct skp_view answer;

    if (desk->agent_fd < 0 || !skt_async_desk_hear(desk, &request)) {
        return;
    }
    answer = skt_async_desk_answer_of(&request);
    switch (draw(seed, 40)) {
    case 0: /* says half, and no more */
        answer.len /= 2;
        skt_async_desk_say(desk, answer);
        skt_async_desk_run(desk);
        skt_async_desk_hang_up(desk);
        break;
    case 1:
        skt_async_desk_refuse(desk, &request, true, SKP_ERR_UNAVAILABLE,
                              "not yet");
        break;
    case 2:
        skt_async_desk_refuse(desk, &request, false, SKP_ERR_RESOURCE_EXHAUSTED,
                              "too many");
        skt_async_desk_hang_up(desk);
        break;
    case 3:
        request.msgid++;
        skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
        break;
    case 4:
        skt_async_desk_say(desk, skt_hex("c1"));
        break;
    case 5: /* is silent */
        break;
    case 6:
        skt_async_desk_hang_up(desk);
        break;
    default:
        while (answer.len > 0) {
            size_t piece = 1 + draw(seed, (uint32_t)answer.len);

            skt_async_desk_say(desk, (struct skp_view){ answer.ptr, piece });
            answer.ptr += piece;
            answer.len -= piece;
            (void)skt_async_desk_turn(desk);
        }
        break;
    }
}

static void step(struct skt_async_desk *desk, uint32_t *seed)
{
    char text[32];

    switch (draw(seed, 10)) {
    case 0:
    case 1:
    case 2:
        if (desk->handle->queue.count < desk->handle->queue.count_max) {
            (void)snprintf(text, sizeof text, "%zu", desk->n_submitted);
            (void)skt_async_desk_encrypt(
                desk, text,
                draw(seed, 4) == 0 ? SIDEKEY_NO_DEADLINE : draw(seed, 400));
        }
        break;
    case 3:
        (void)sidekey_async_cancel(
            desk->handle, 1 + draw(seed, (uint32_t)desk->n_submitted + 1));
        break;
    case 4:
        desk->now_ms += draw(seed, 100);
        break;
    case 5:
        desk->connect_error = draw(seed, 4) == 0 ? ECONNREFUSED : 0;
        break;
    case 6:
    case 7:
        agent_acts(desk, seed);
        break;
    default:
        (void)skt_async_desk_turn(desk);
        break;
    }
}

START_TEST(every_request_ends_exactly_once_under_any_schedule)
{
    size_t n_submitted = 0;
    size_t n_ok = 0;

    for (uint32_t first = 1; first <= 150; first++) {
        struct skt_async_desk *desk = skt_async_desk_new(16, 0);
        uint32_t seed = first * 2654435761u;

        for (unsigned i = 0; i < 600; i++) {
            step(desk, &seed);
        }
        skt_async_desk_free_handle(desk);
        for (size_t i = 0; i < desk->n_submitted; i++) {
            char text[32];

            ck_assert_msg(desk->done[i].calls == 1,
                          "seed %u: request %zu ended %u times", first, i,
                          desk->done[i].calls);
            (void)snprintf(text, sizeof text, "%zu", i);
            if (desk->done[i].status == SIDEKEY_OK) {
                ck_assert_str_eq(desk->done[i].data, text);
                n_ok++;
            }
        }
        n_submitted += desk->n_submitted;
        skt_async_desk_free(&desk);
    }
    /* The agents are bad, but not so bad that nothing is proven. */
    ck_assert_uint_gt(n_submitted, 150 * 50);
    ck_assert_uint_gt(n_ok, n_submitted / 8);
    ck_assert_uint_lt(n_ok, n_submitted * 7 / 8);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

SKT_SUITE("async",
          nothing_is_wanted_before_the_first_request,
          submitting_does_no_work_and_calls_nothing_back,
          requests_are_pipelined_and_answered_in_order,
          one_turn_hands_out_64_answers_and_asks_for_another_at_once,
          a_full_socket_is_waited_for_with_pollout,
          the_queue_is_bounded_by_count,
          the_queue_is_bounded_by_bytes_but_one_request_always_fits,
          what_no_agent_would_take_is_not_submitted,
          bad_options_are_refused,
          freeing_ends_what_is_open_and_takes_nothing_new,
          callbacks_may_submit,
          a_callback_that_submits_without_time_does_not_stop_the_loop,
          every_request_ends_exactly_once_under_any_schedule)
