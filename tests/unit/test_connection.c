/* test_connection.c - proves connection.c. */
#include <sys/socket.h>
#include <unistd.h>

#include "agent/serve/connection.h"
#include "tests/lib/serve_desk.h"
#include "tests/lib/suite.h"

static struct skt_desk stage;
static const struct skp_request pubkey = { .msgid = 3,
                                           .method = SKP_METHOD_PUBKEY,
                                           .tenant = { (const uint8_t *)"a",
                                                       1 } };

static void take_pubkey(void)
{
    struct skt_key key = skt_key_number(2);
    struct skp_response response;

    (void)skt_client_next(&stage.client, SKP_METHOD_PUBKEY, &response);
    skt_ok(response.err);
    ck_assert_uint_eq(response.msgid, 3);
    skt_bytes_eq(response.data,
                 (struct skp_view){ key.public_key, SKP_KEY_LEN });
}

/* Answers an ask as the main loop does. */
static void answer_ask(uint32_t msgid, enum skp_method method)
{
    const struct skp_response response = { .has_msgid = true,
                                           .msgid = msgid,
                                           .method = method };
    uint8_t bytes[256];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    skt_ok(skp_response_encode(&response, &buf));
    skd_connection_answer(stage.connection,
                          (struct skp_view){ buf.ptr, buf.len });
    skt_desk_turn(&stage);
}

static uint8_t wire[512];

static struct skp_view pubkey_bytes(void)
{
    return skt_request_bytes(&pubkey, wire, sizeof wire);
}

START_TEST(a_message_in_two_pieces_is_one_message_wherever_it_is_cut)
{
    struct skp_view whole = pubkey_bytes();

    skt_desk_init(&stage);
    for (size_t cut = 1; cut < whole.len; cut++) {
        struct skp_view rest = { whole.ptr + cut, whole.len - cut };

        skt_desk_send(&stage, (struct skp_view){ whole.ptr, cut });
        ck_assert(!skt_desk_has_news(&stage));
        skt_desk_send(&stage, rest);
        take_pubkey();
    }
    skt_desk_done(&stage);
}
END_TEST

START_TEST(an_idle_connection_holds_no_locked_memory_of_its_own)
{
    struct skp_view whole = pubkey_bytes();
    size_t held;

    skt_desk_init(&stage);
    held = skp_secret_held();
    skt_desk_send(&stage, whole);
    take_pubkey();
    ck_assert_uint_eq(skp_secret_held(), held);
    skt_desk_send(&stage, (struct skp_view){ whole.ptr, 5 });
    ck_assert_uint_gt(skp_secret_held(), held);
    skt_desk_send(&stage, (struct skp_view){ whole.ptr + 5, whole.len - 5 });
    take_pubkey();
    ck_assert_uint_eq(skp_secret_held(), held);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(the_shared_buffers_hold_nothing_between_two_batches)
{
    static uint8_t plaintext[5000];
    struct skp_request request = { .method = SKP_METHOD_ENCRYPT,
                                   .tenant = pubkey.tenant,
                                   .data = { plaintext, sizeof plaintext } };
    struct skp_response response;

    skt_desk_init(&stage);
    for (size_t i = 0; i < sizeof plaintext; i++) {
        plaintext[i] = 0xa5;
    }
    skt_desk_send_request(&stage, &request);
    (void)skt_client_next(&stage.client, SKP_METHOD_ENCRYPT, &response);
    skt_ok(response.err);
    for (size_t i = 0; i < SKD_DESK_INPUT; i++) {
        ck_assert_uint_eq(stage.desk.input.bytes[i], 0);
        ck_assert_uint_eq(stage.desk.output.bytes[i], 0);
    }
    skt_desk_done(&stage);
}
END_TEST

START_TEST(only_half_a_message_makes_a_connection_overdue)
{
    struct skp_view whole = pubkey_bytes();

    skt_desk_init(&stage);
    ck_assert(!skd_connection_is_overdue(stage.connection, 90000, 30000));
    skt_desk_send(&stage, (struct skp_view){ whole.ptr, 4 });
    stage.now_ms = 20000;
    skt_desk_send(&stage, (struct skp_view){ whole.ptr + 4, 2 });
    /* More pieces do not give more time. */
    ck_assert(!skd_connection_is_overdue(stage.connection, 31000, 30000));
    ck_assert(skd_connection_is_overdue(stage.connection, 31001, 30000));
    skt_desk_send(&stage, (struct skp_view){ whole.ptr + 6, whole.len - 6 });
    take_pubkey();
    ck_assert(!skd_connection_is_overdue(stage.connection, 90000, 30000));
    /* The next half message has its own time. */
    skt_desk_send(&stage, (struct skp_view){ whole.ptr, 4 });
    ck_assert(!skd_connection_is_overdue(stage.connection, 50000, 30000));
    ck_assert(skd_connection_is_overdue(stage.connection, 50001, 30000));
    skt_desk_done(&stage);
}
END_TEST

START_TEST(nothing_is_handled_while_the_main_loop_has_to_answer)
{
    const struct skp_request refresh = { .msgid = 9,
                                         .method = SKP_METHOD_REFRESH,
                                         .accept_removals = true };
    struct skp_response response;

    skt_desk_init(&stage);
    skt_client_send(&stage.client, &refresh);
    skt_client_send(&stage.client, &pubkey);
    skt_desk_turn(&stage);
    skt_desk_send_request(&stage, &pubkey);
    ck_assert_uint_eq(stage.n_asks, 1);
    ck_assert(stage.last_ask.accept_removals);
    ck_assert(!skt_desk_has_news(&stage));
    answer_ask(9, SKP_METHOD_REFRESH);
    (void)skt_client_next(&stage.client, SKP_METHOD_REFRESH, &response);
    ck_assert_uint_eq(response.msgid, 9);
    skt_ok(response.err);
    take_pubkey();
    take_pubkey();
    /* An answer that nobody waits for is dropped. */
    answer_ask(9, SKP_METHOD_REFRESH);
    ck_assert(!skt_desk_has_news(&stage));
    skt_desk_done(&stage);
}
END_TEST

START_TEST(an_ask_without_memory_is_answered_at_once)
{
    const struct skp_request refresh = { .msgid = 9,
                                         .method = SKP_METHOD_REFRESH };
    struct skp_response response;

    skt_desk_init(&stage);
    stage.ask_err = SKP_ERR_RESOURCE_EXHAUSTED;
    skt_desk_send_request(&stage, &refresh);
    (void)skt_client_next(&stage.client, SKP_METHOD_REFRESH, &response);
    ck_assert_uint_eq(response.msgid, 9);
    skt_err(response.err, SKP_ERR_RESOURCE_EXHAUSTED);
    skt_desk_send_request(&stage, &pubkey);
    take_pubkey();
    skt_desk_done(&stage);
}
END_TEST

START_TEST(a_client_that_left_while_it_waits_does_no_harm)
{
    const struct skp_request refresh = { .msgid = 9,
                                         .method = SKP_METHOD_REFRESH };

    skt_desk_init(&stage);
    skt_client_send(&stage.client, &refresh);
    skt_client_send(&stage.client, &pubkey);
    skt_desk_turn(&stage);
    (void)close(stage.client.fd);
    stage.client.fd = -1;
    answer_ask(9, SKP_METHOD_REFRESH);
    ck_assert_ptr_null(stage.connection);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(what_lies_in_the_socket_is_answered_before_the_end)
{
    skt_desk_init(&stage);
    skt_client_send(&stage.client, &pubkey);
    skt_client_send(&stage.client, &pubkey);
    skd_connection_finish(stage.connection);
    skt_desk_turn(&stage);
    ck_assert_ptr_null(stage.connection);
    take_pubkey();
    take_pubkey();
    skt_client_is_closed(&stage.client);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(a_connection_that_waits_finishes_when_it_is_answered)
{
    const struct skp_request status = { .msgid = 9,
                                        .method = SKP_METHOD_FORGET,
                                        .tenant = pubkey.tenant };
    struct skp_response response;

    skt_desk_init(&stage);
    skt_desk_send_request(&stage, &status);
    skd_connection_finish(stage.connection);
    skt_desk_turn(&stage);
    ck_assert_ptr_nonnull(stage.connection);
    answer_ask(9, SKP_METHOD_FORGET);
    ck_assert_ptr_null(stage.connection);
    (void)skt_client_next(&stage.client, SKP_METHOD_FORGET, &response);
    skt_ok(response.err);
    skt_client_is_closed(&stage.client);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(only_watchers_are_notified)
{
    const struct skp_request watch = { .msgid = 1,
                                       .method = SKP_METHOD_WATCH,
                                       .tenants = &pubkey.tenant,
                                       .n_tenants = 1 };
    const struct skp_tenant_row rows[] = {
        { .id = { (const uint8_t *)"b", 1 } },
        { .id = { (const uint8_t *)"a", 1 } }
    };
    struct skp_response response;

    skt_desk_init(&stage);
    skd_connection_notify(stage.connection, false, rows, 2);
    ck_assert(!skt_desk_has_news(&stage));
    skt_desk_send_request(&stage, &watch);
    (void)skt_client_next(&stage.client, SKP_METHOD_WATCH, &response);
    skt_ok(response.err);
    skd_connection_notify(stage.connection, false, rows, 1);
    ck_assert(!skt_desk_has_news(&stage));
    skd_connection_notify(stage.connection, false, rows, 2);
    ck_assert_int_eq(
        skt_client_next(&stage.client, SKP_METHOD_WATCH, &response),
        SKP_MESSAGE_CHANGED);
    ck_assert_uint_eq(response.n_rows, 1);
    ck_assert(skp_view_equal(response.rows[0].id, pubkey.tenant));
    skt_desk_done(&stage);
}
END_TEST

SKT_SUITE("connection",
          a_message_in_two_pieces_is_one_message_wherever_it_is_cut,
          an_idle_connection_holds_no_locked_memory_of_its_own,
          the_shared_buffers_hold_nothing_between_two_batches,
          only_half_a_message_makes_a_connection_overdue,
          nothing_is_handled_while_the_main_loop_has_to_answer,
          an_ask_without_memory_is_answered_at_once,
          a_client_that_left_while_it_waits_does_no_harm,
          what_lies_in_the_socket_is_answered_before_the_end,
          a_connection_that_waits_finishes_when_it_is_answered,
          only_watchers_are_notified)
