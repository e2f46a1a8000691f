/* test_outbox.c - proves outbox.c. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/serve/outbox.h"
#include "tests/lib/suite.h"

static uv_loop_t loop;
static uv_pipe_t pipe_handle;
static struct skd_outbox outbox;
static int client;
static unsigned n_drained;
static enum skp_err drained_err;

static void on_drained(void *state, enum skp_err err)
{
    ck_assert_ptr_eq(state, &outbox);
    n_drained++;
    drained_err = err;
}

static void set_up(void)
{
    int fds[2];

    /* As in a worker: a client that is gone is an error, not a signal. */
    (void)signal(SIGPIPE, SIG_IGN);
    n_drained = 0;
    drained_err = SKP_ERR_OK;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
                     0);
    ck_assert_int_eq(uv_pipe_init(&loop, &pipe_handle, 0), 0);
    ck_assert_int_eq(uv_pipe_open(&pipe_handle, fds[0]), 0);
    client = fds[1];
    skd_outbox_init(&outbox, (uv_stream_t *)&pipe_handle, on_drained, &outbox);
}

static void tear_down(void)
{
    uv_close((uv_handle_t *)&pipe_handle, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    skd_outbox_done(&outbox);
    ck_assert_uint_eq(skp_secret_held(), 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    (void)close(client);
}

/* Bytes whose place in the stream shows in their value. */
static uint8_t byte_at(size_t place)
{
    return (uint8_t)(place * 31 + place / 256);
}

static void send_bytes(size_t from, size_t len)
{
    static uint8_t bytes[300000];

    for (size_t i = 0; i < len; i++) {
        bytes[i] = byte_at(from + i);
    }
    skt_ok(skd_outbox_send(&outbox, (struct skp_view){ bytes, len }));
    /* Borrowed during the call only. */
    skp_wipe(bytes, len);
}

static size_t receive_bytes(size_t from)
{
    static uint8_t bytes[65536];
    ssize_t n = recv(client, bytes, sizeof bytes, MSG_DONTWAIT);
    ssize_t same = 0;

    while (same < n && bytes[same] == byte_at(from + (size_t)same)) {
        same++;
    }
    /* One assertion a read: check notes each in a file. */
    ck_assert_msg(n <= 0 || same == n, "byte %zu is wrong",
                  from + (size_t)same);
    return n > 0 ? (size_t)n : 0;
}

START_TEST(what_fits_the_socket_needs_no_memory)
{
    set_up();
    send_bytes(0, 1000);
    ck_assert_uint_eq(skd_outbox_pending(&outbox), 0);
    ck_assert_uint_eq(skp_secret_held(), 0);
    ck_assert_uint_eq(receive_bytes(0), 1000);
    ck_assert_uint_eq(n_drained, 0);
    tear_down();
}
END_TEST

START_TEST(what_does_not_fit_waits_and_arrives_in_order)
{
    size_t received = 0;
    size_t sent = 0;

    set_up();
    for (int i = 0; i < 5; i++) {
        send_bytes(sent, 300000);
        sent += 300000;
    }
    ck_assert_uint_gt(skd_outbox_pending(&outbox), 0);
    ck_assert_uint_gt(skp_secret_held(), 0);
    while (received < sent) {
        received += receive_bytes(received);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_eq(skd_outbox_pending(&outbox), 0);
    ck_assert_uint_eq(n_drained, 1);
    skt_err(drained_err, SKP_ERR_OK);
    ck_assert_uint_eq(skp_secret_held(), 0);
    tear_down();
}
END_TEST

/* Pieces of which several fit each doubling; what is being written has been
 * queued before, with room to spare. */
START_TEST(up_to_its_bound_what_waits_takes_no_more_memory_than_that)
{
    size_t most = SKD_OUTBOX_MAX + 8192; /* both buffers are whole pages */
    size_t received = 0;
    size_t sent = 0;

    set_up();
    while (skd_outbox_pending(&outbox) + 50000 <= SKD_OUTBOX_MAX * 2 / 3) {
        send_bytes(sent, 50000);
        sent += 50000;
        ck_assert_uint_le(skp_secret_held(), most);
    }
    while (outbox.queued.len > 0) {
        received += receive_bytes(received);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_lt(skp_secret_held(), outbox.writing.len + 8192);
    while (skd_outbox_pending(&outbox) + 50000 <= SKD_OUTBOX_MAX) {
        send_bytes(sent, 50000);
        sent += 50000;
        ck_assert_uint_le(skp_secret_held(), most);
    }
    while (received < sent) {
        received += receive_bytes(received);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    tear_down();
}
END_TEST

START_TEST(a_client_that_is_gone_is_reported)
{
    set_up();
    send_bytes(0, 300000);
    (void)shutdown(client, SHUT_RDWR);
    (void)close(client);
    client = -1;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(n_drained, 1);
    skt_err(drained_err, SKP_ERR_UNAVAILABLE);
    skt_err(skd_outbox_send(&outbox, skp_view_of("more")), SKP_ERR_UNAVAILABLE);
    tear_down();
}
END_TEST

START_TEST(closing_with_bytes_that_wait_wipes_them_and_calls_nobody)
{
    set_up();
    send_bytes(0, 300000);
    send_bytes(300000, 300000);
    tear_down();
    ck_assert_uint_eq(n_drained, 0);
}
END_TEST

SKT_SUITE("outbox",
          what_fits_the_socket_needs_no_memory,
          what_does_not_fit_waits_and_arrives_in_order,
          up_to_its_bound_what_waits_takes_no_more_memory_than_that,
          a_client_that_is_gone_is_reported,
          closing_with_bytes_that_wait_wipes_them_and_calls_nobody)
