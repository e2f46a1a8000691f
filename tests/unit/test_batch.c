/* test_batch.c - proves batch.c: whatever the bytes are, each whole request
 * gets exactly one answer, in order, and what is no request gets one last
 * error.  What account.c tells the audit log is seen in
 * tests/integration/test_audit.c, with the real one.  Also proves: account.c
 */
#include <sys/socket.h>

#include "agent/serve/connection_parts.h"
#include "tests/lib/mutate.h"
#include "tests/lib/serve_desk.h"
#include "tests/lib/suite.h"

static struct skt_desk stage;
/* More than 500 tenants take. */
#define PAGE_MAX 65536u

static const struct skp_view tenant_a = { (const uint8_t *)"a", 1 };

START_TEST(each_request_of_a_batch_gets_its_answer_in_order)
{
    static const enum skp_method methods[] = {
        SKP_METHOD_HELLO, SKP_METHOD_PUBKEY, SKP_METHOD_TENANTS,
        SKP_METHOD_WATCH, SKP_METHOD_PUBKEY,
    };
    uint8_t bytes[4096];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_response response;

    for (uint32_t i = 0; i < 50; i++) {
        struct skp_request request = { .msgid = i,
                                       .method = methods[i % 5],
                                       .tenant = tenant_a };

        skt_ok(skp_request_encode(&request, &buf));
    }
    skt_desk_init(&stage);
    skt_desk_send(&stage, (struct skp_view){ buf.ptr, buf.len });
    for (uint32_t i = 0; i < 50; i++) {
        (void)skt_client_next(&stage.client, methods[i % 5], &response);
        ck_assert_uint_eq(response.msgid, i);
        skt_ok(response.err);
    }
    ck_assert(!skt_desk_has_news(&stage));
    skt_desk_done(&stage);
}
END_TEST

/* 1000 requests of 150 bytes are read at once; their answers of 330 bytes each
 * are more than the buffer holds. */
START_TEST(answers_larger_than_the_shared_buffer_leave_in_several_writes)
{
    static const uint8_t plaintext[100];
    static uint8_t bytes[200000];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_request request = { .method = SKP_METHOD_ENCRYPT,
                                   .tenant = tenant_a,
                                   .data = { plaintext, sizeof plaintext } };
    struct skp_response response;
    size_t answered = 0;

    for (request.msgid = 0; request.msgid < 1000; request.msgid++) {
        skt_ok(skp_request_encode(&request, &buf));
    }
    skt_desk_init(&stage);
    skt_desk_send(&stage, (struct skp_view){ buf.ptr, buf.len });
    for (uint32_t i = 0; i < 1000; i++) {
        (void)skt_client_next(&stage.client, SKP_METHOD_ENCRYPT, &response);
        skt_ok(response.err);
        ck_assert_uint_eq(response.msgid, i);
        answered += stage.client.used;
        (void)uv_run(&stage.loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_gt(answered, SKD_DESK_OUTPUT);
    skt_desk_done(&stage);
}
END_TEST

/* Sends encrypt requests until the connection reads no more. */
static unsigned fill_up(void)
{
    static uint8_t plaintext[SKP_PAYLOAD_DEFAULT];
    static uint8_t wire[SKP_MESSAGE_MAX];
    struct skp_request request = { .method = SKP_METHOD_ENCRYPT,
                                   .tenant = tenant_a,
                                   .data = { plaintext, sizeof plaintext } };
    struct skp_view bytes = skt_request_bytes(&request, wire, sizeof wire);
    unsigned n_sent = 0;

    while (stage.connection->state != SKD_CONNECTION_BLOCKED) {
        skt_desk_send(&stage, bytes);
        ck_assert_uint_lt(++n_sent, 100);
    }
    return n_sent;
}

START_TEST(above_the_bound_nothing_more_is_handled_until_it_has_drained)
{
    struct skp_response response;
    unsigned n_sent;

    skt_desk_init(&stage);
    n_sent = fill_up();
    ck_assert_uint_gt(skd_outbox_pending(&stage.connection->outbox),
                      SKD_CONNECTION_FULL);
    ck_assert_uint_le(skd_outbox_pending(&stage.connection->outbox),
                      SKD_OUTBOX_MAX);
    ck_assert(!stage.connection->is_reading);
    for (unsigned i = 0; i < n_sent; i++) {
        skt_desk_turn(&stage);
        (void)skt_client_next(&stage.client, SKP_METHOD_ENCRYPT, &response);
        skt_ok(response.err);
    }
    skt_desk_turn(&stage);
    ck_assert_int_eq(stage.connection->state, SKD_CONNECTION_READING);
    ck_assert(stage.connection->is_reading);
    skt_desk_done(&stage);
}
END_TEST

/* Beside @held: what may wait, either way, and of three buffers the last page.
 */
static void is_bounded(size_t held)
{
    const struct skd_connection *connection = stage.connection;

    ck_assert_uint_le(skd_outbox_pending(&connection->outbox),
                      SKD_CONNECTION_FULL + PAGE_MAX);
    ck_assert_uint_le(skp_secret_held(), held + SKD_OUTBOX_MAX +
                                             connection->input.len +
                                             (size_t)3 * 4096);
    /* What was handled is gone from it. */
    ck_assert_uint_eq(connection->input_at, 0);
}

/* A few bytes ask for a page of @n tenants: of those that are read together
 * most wait, and one batch fills the shared buffer more than once. */
static void ask_for_pages(size_t n)
{
    static uint8_t bytes[20000];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_request request = { .method = SKP_METHOD_TENANTS };
    struct skp_response response;
    size_t held;

    skd_snapshot_unref(&stage.desk.served.snapshot);
    stage.desk.served.snapshot = skt_snapshot_many(n, 2);
    held = skp_secret_held();
    while (skp_request_encode(&request, &buf) == SKP_ERR_OK) {
        request.msgid++;
    }
    skt_desk_send(&stage, (struct skp_view){ buf.ptr, buf.len });
    ck_assert_int_eq(stage.connection->state, SKD_CONNECTION_BLOCKED);
    for (uint32_t i = 0; i < request.msgid; i++) {
        skt_desk_turn(&stage);
        is_bounded(held);
        (void)skt_client_next(&stage.client, SKP_METHOD_TENANTS, &response);
        ck_assert_uint_eq(response.msgid, i);
        skt_ok(response.err);
        ck_assert_uint_lt(stage.client.used, PAGE_MAX);
    }
    skt_desk_turn(&stage);
    ck_assert_uint_eq(skp_secret_held(), held);
}

/* Alone a batch ends for want of room; beside another user with its turn, and
 * with these pages with both at once, too. */
START_TEST(a_client_that_asks_much_and_reads_nothing_takes_bounded_memory)
{
    struct skd_caller *other = NULL;

    skt_desk_init(&stage);
    ask_for_pages(500);
    skt_ok(skd_callers_enter(&stage.desk.callers, 501, &other));
    ask_for_pages(500);
    ask_for_pages(470);
    skd_callers_leave(&stage.desk.callers, other);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(a_tenant_that_nobody_knows_wakes_the_refresher)
{
    const struct skp_request request = {
        .method = SKP_METHOD_PUBKEY, .tenant = { (const uint8_t *)"new", 3 }
    };
    struct skp_response response;

    skt_desk_init(&stage);
    skt_ok(skd_demand_new(&stage.desk.served.demand));
    skt_desk_send_request(&stage, &request);
    skt_desk_send_request(&stage, &request);
    ck_assert_uint_eq(stage.n_wants, 1);
    (void)skt_client_next(&stage.client, SKP_METHOD_PUBKEY, &response);
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    skd_demand_free(&stage.desk.served.demand);
    skt_desk_done(&stage);
}
END_TEST

static uint64_t answered(enum skp_method method, enum skp_err err)
{
    struct skd_request_totals totals = { .sum_ns = { 0 } };

    skd_tally_sum(&stage.desk.tally, &totals);
    return totals.answered[method][err];
}

/* Before the client can see them: whoever asks for the counts after an answer
 * finds it counted. */
static void check_timed(const struct skd_request_totals *totals,
                        enum skp_method method,
                        uint64_t n)
{
    uint64_t timed = 0;

    for (size_t i = 0; i <= SKD_TOTALS_BOUNDS; i++) {
        timed += totals->lasted[method][i];
    }
    ck_assert_uint_eq(timed, n);
    ck_assert_uint_gt(totals->sum_ns[method], 0);
}

START_TEST(each_answer_of_a_batch_is_timed_before_it_leaves)
{
    static const enum skp_method methods[] = {
        SKP_METHOD_HELLO,   SKP_METHOD_PUBKEY,  SKP_METHOD_PUBKEY,
        SKP_METHOD_ENCRYPT, SKP_METHOD_TENANTS, SKP_METHOD_PUBKEY,
    };
    struct skd_request_totals totals = { .sum_ns = { 0 } };
    uint8_t bytes[1024];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    for (size_t i = 0; i < SKP_ARRAY_LEN(methods); i++) {
        const struct skp_request request = { .method = methods[i],
                                             .tenant = tenant_a };

        skt_ok(skp_request_encode(&request, &buf));
    }
    skt_desk_init(&stage);
    skt_desk_send(&stage, (struct skp_view){ buf.ptr, buf.len });
    skd_tally_sum(&stage.desk.tally, &totals);
    check_timed(&totals, SKP_METHOD_HELLO, 1);
    check_timed(&totals, SKP_METHOD_PUBKEY, 3);
    check_timed(&totals, SKP_METHOD_ENCRYPT, 1);
    check_timed(&totals, SKP_METHOD_TENANTS, 1);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(each_answer_is_counted_by_method_and_code)
{
    static const uint8_t unknown_method[] = "\x94\x00\x01\xa1x\x91\x80";
    const struct skp_request hello = { .method = SKP_METHOD_HELLO };
    const struct skp_request status = { .method = SKP_METHOD_STATUS };
    struct skp_request pubkey = { .method = SKP_METHOD_PUBKEY,
                                  .tenant = tenant_a };

    skt_desk_init(&stage);
    skt_desk_send_request(&stage, &hello);
    skt_desk_send_request(&stage, &pubkey);
    skt_desk_send_request(&stage, &pubkey);
    pubkey.tenant = skp_view_of("nobody");
    skt_desk_send_request(&stage, &pubkey);
    skt_desk_send(
        &stage, (struct skp_view){ unknown_method, sizeof unknown_method - 1 });
    ck_assert_uint_eq(answered(SKP_METHOD_HELLO, SKP_ERR_OK), 1);
    ck_assert_uint_eq(answered(SKP_METHOD_PUBKEY, SKP_ERR_OK), 2);
    ck_assert_uint_eq(answered(SKP_METHOD_PUBKEY, SKP_ERR_NOT_FOUND), 1);
    ck_assert_uint_eq(answered(SKP_METHOD_COUNT, SKP_ERR_UNIMPLEMENTED), 1);
    /* What the main loop answers it counts itself, but for what never got
     * there. */
    stage.ask_err = SKP_ERR_RESOURCE_EXHAUSTED;
    skt_desk_send_request(&stage, &status);
    ck_assert_uint_eq(answered(SKP_METHOD_STATUS, SKP_ERR_RESOURCE_EXHAUSTED),
                      1);
    stage.ask_err = SKP_ERR_OK;
    skt_desk_send_request(&stage, &status);
    ck_assert_uint_eq(answered(SKP_METHOD_STATUS, SKP_ERR_OK), 0);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(bytes_that_are_no_request_are_counted_too)
{
    skt_desk_init(&stage);
    skt_desk_send(&stage, skp_view_of("\xc1"));
    ck_assert_uint_eq(answered(SKP_METHOD_COUNT, SKP_ERR_INVALID_ARGUMENT), 1);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(after_the_last_error_nothing_is_looked_at)
{
    struct skp_response response;

    skt_desk_init(&stage);
    /* A bad byte, then a good hello. */
    skt_desk_send(&stage, skt_hex("c1940001a568656c6c6f9180"));
    (void)skt_client_next(&stage.client, SKP_METHOD_HELLO, &response);
    skt_err(response.err, SKP_ERR_INVALID_ARGUMENT);
    ck_assert(!response.has_msgid);
    skt_client_is_closed(&stage.client);
    ck_assert_ptr_null(stage.connection);
    skt_desk_done(&stage);
}
END_TEST

/* Takes all answers there are; each is a whole, good message. */
static void take_answers(void)
{
    struct skp_response response;

    while (skt_desk_has_news(&stage) || stage.client.len > stage.client.used) {
        uint8_t byte;

        if (stage.client.len == stage.client.used &&
            recv(stage.client.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
            return;
        }
        (void)skt_client_next(&stage.client, SKP_METHOD_ENCRYPT, &response);
    }
}

static void send_mutant(void *state, const struct skt_mutant *mutant)
{
    unsigned *n_mutants = state;

    (*n_mutants)++;
    skt_client_send_bytes(&stage.client, mutant->bytes);
    (void)shutdown(stage.client.fd, SHUT_WR);
    skt_desk_turn(&stage);
    take_answers();
    skt_desk_turn(&stage);
    /* An ask that a mutant made is answered by nobody. */
    ck_assert(stage.connection == NULL ||
              stage.connection->state == SKD_CONNECTION_WAITING);
    skt_desk_disconnect(&stage);
    skt_desk_connect(&stage);
}

START_TEST(damaged_requests_are_answered_or_refused_and_never_do_harm)
{
    const struct skp_request request = { .msgid = 5,
                                         .method = SKP_METHOD_ENCRYPT,
                                         .tenant = tenant_a,
                                         .data = tenant_a,
                                         .aad = tenant_a };
    uint8_t bytes[256];
    unsigned n_mutants = 0;

    skt_desk_init(&stage);
    skt_mutate(skt_request_bytes(&request, bytes, sizeof bytes), send_mutant,
               &n_mutants);
    ck_assert_uint_gt(n_mutants, 500);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(what_is_more_than_a_second_s_worth_is_refused_in_order)
{
    struct skd_request_totals totals = { 0 };
    uint8_t bytes[4096];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_response response;
    struct skd_rate rate = { 0 };

    for (uint32_t i = 0; i < 50; i++) {
        const struct skp_request request = { .msgid = i,
                                             .method = SKP_METHOD_PUBKEY,
                                             .tenant = tenant_a };

        skt_ok(skp_request_encode(&request, &buf));
    }
    skt_desk_init(&stage);
    stage.config.max_requests_per_uid = 20;
    stage.connection->rate = &rate;
    for (int second = 0; second < 2; second++) {
        skt_desk_send(&stage, (struct skp_view){ buf.ptr, buf.len });
        for (uint32_t i = 0; i < 50; i++) {
            (void)skt_client_next(&stage.client, SKP_METHOD_PUBKEY, &response);
            ck_assert_uint_eq(response.msgid, i);
            skt_err(response.err,
                    i < 20 ? SKP_ERR_OK : SKP_ERR_RESOURCE_EXHAUSTED);
        }
        stage.now_ms += 1000;
    }
    skd_tally_sum(&stage.desk.tally, &totals);
    ck_assert_uint_eq(totals.n_over_rate, 60);
    ck_assert_uint_eq(
        totals.answered[SKP_METHOD_PUBKEY][SKP_ERR_RESOURCE_EXHAUSTED], 60);
    skt_desk_done(&stage);
}
END_TEST

SKT_SUITE("batch",
          what_is_more_than_a_second_s_worth_is_refused_in_order,
          each_request_of_a_batch_gets_its_answer_in_order,
          answers_larger_than_the_shared_buffer_leave_in_several_writes,
          above_the_bound_nothing_more_is_handled_until_it_has_drained,
          a_client_that_asks_much_and_reads_nothing_takes_bounded_memory,
          a_tenant_that_nobody_knows_wakes_the_refresher,
          each_answer_is_counted_by_method_and_code,
          each_answer_of_a_batch_is_timed_before_it_leaves,
          bytes_that_are_no_request_are_counted_too,
          after_the_last_error_nothing_is_looked_at,
          damaged_requests_are_answered_or_refused_and_never_do_harm)
