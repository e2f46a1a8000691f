/* test_turns.c - proves turns.c with real connections of several users on one
 * loop: nobody's backlog delays others, and nothing is lost or overtaken.
 */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/serve/connection.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

#define QUIET     100u
#define LOUD      200u
#define N_MAX     12u
#define N_BACKLOG 200u
/* An encrypt is 50 units. */
#define PER_TURN (SKD_TURN_SHARED / 50)

static struct {
    uv_loop_t loop;
    struct skd_env env;
    struct skd_config config;
    struct skd_desk desk;
    struct skd_connection *connections[N_MAX];
    struct skt_client clients[N_MAX];
    size_t n;
} stage;

static void on_want(void *state)
{
    (void)state;
}

static enum skp_err on_ask(void *state,
                           struct skd_connection *connection,
                           const struct skp_request *request)
{
    (void)state;
    (void)connection;
    (void)request;
    return SKP_ERR_UNIMPLEMENTED;
}

static void on_closed(void *state, struct skd_connection *connection)
{
    (void)state;
    for (size_t i = 0; i < stage.n; i++) {
        if (stage.connections[i] == connection) {
            stage.connections[i] = NULL;
        }
    }
    skd_connection_free(&connection);
}

static void set_up(void)
{
    static const struct skt_tenant tenant = { .id = "a",
                                              .use = SKD_USE_ALL,
                                              .keys = { 2 } };

    (void)signal(SIGPIPE, SIG_IGN);
    memset(&stage, 0, sizeof stage);
    stage.env = skd_env_system;
    stage.config = (struct skd_config){ .max_payload = SKP_PAYLOAD_DEFAULT,
                                        .has_access = true };
    static const struct skd_access_rule rule = { .any_tenant = true,
                                                 .rights = SKD_RIGHT_ALL };
    stage.config.access = &rule;
    stage.config.n_access = 1;
    ck_assert_int_eq(uv_loop_init(&stage.loop), 0);
    skt_ok(skd_desk_init(&stage.desk, &stage.env));
    stage.desk.loop = &stage.loop;
    skd_turns_open(&stage.desk.turns, &stage.loop, &stage.desk.callers);
    stage.desk.ops = (struct skd_desk_ops){ NULL, on_ask, on_want, on_closed };
    stage.desk.served.snapshot = skt_snapshot_of(&tenant, 1, false);
    stage.desk.served.policy.config = &stage.config;
}

static void tear_down(void)
{
    for (size_t i = 0; i < stage.n; i++) {
        if (stage.connections[i] != NULL) {
            skd_connection_close(stage.connections[i]);
        }
    }
    (void)uv_run(&stage.loop, UV_RUN_DEFAULT);
    skd_turns_close(&stage.desk.turns);
    (void)uv_run(&stage.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < stage.n; i++) {
        skt_client_done(&stage.clients[i]);
    }
    ck_assert_int_eq(uv_loop_close(&stage.loop), 0);
    skd_snapshot_unref(&stage.desk.served.snapshot);
    skd_desk_done(&stage.desk);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

/* One more connection of @uid; its number. */
static size_t connect_as(uid_t uid)
{
    struct skd_peer peer = { .uid = uid };
    size_t i = stage.n++;
    int fds[2];

    ck_assert_uint_lt(i, N_MAX);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    skt_ok(skd_connection_new(fds[0], &peer, i, &stage.connections[i]));
    skd_connection_open(stage.connections[i], &stage.desk);
    skt_client_init(&stage.clients[i], fds[1]);
    return i;
}

static struct skp_request encrypt_of(uint32_t msgid)
{
    static const uint8_t plaintext[10];

    return (struct skp_request){ .msgid = msgid,
                                 .method = SKP_METHOD_ENCRYPT,
                                 .tenant = skp_view_of("a"),
                                 .data = { plaintext, sizeof plaintext } };
}

/* @n requests in one write. */
static void send_backlog(size_t i, unsigned n)
{
    static uint8_t bytes[65536];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    for (uint32_t msgid = 0; msgid < n; msgid++) {
        struct skp_request request = encrypt_of(msgid);

        skt_ok(skp_request_encode(&request, &buf));
    }
    skt_client_send_bytes(&stage.clients[i],
                          (struct skp_view){ buf.ptr, buf.len });
}

static void turn(unsigned n)
{
    while (n-- > 0) {
        (void)uv_run(&stage.loop, UV_RUN_NOWAIT);
    }
}

static void turn_to_the_end(void)
{
    do {
        turn(5);
    } while (stage.desk.turns.first != NULL);
}

/* Answers of one encrypt are equally long: how many the client could read. */
static unsigned n_answered(size_t i)
{
    static int answer_len;
    int len = 0;

    if (answer_len == 0) {
        struct skp_buf buf = skp_buf_over((uint8_t[4096]){ 0 }, 4096);
        static const uint8_t envelope[96 + 56 + 16 + 10];
        const struct skp_response response = {
            .has_msgid = true,
            .method = SKP_METHOD_ENCRYPT,
            .data = { envelope, sizeof envelope },
            .key_id = envelope,
        };

        skt_ok(skp_response_encode(&response, &buf));
        answer_len = (int)buf.len;
    }
    ck_assert_int_eq(ioctl(stage.clients[i].fd, FIONREAD, &len), 0);
    /* A msgid over 127 takes a byte more, over 255 two. */
    return (unsigned)(len / answer_len);
}

static void assert_all_answered(size_t i, unsigned n)
{
    struct skp_response response;

    for (uint32_t msgid = 0; msgid < n; msgid++) {
        /* Small answers fill the socket, and the rest waits in the agent. */
        turn(1);
        (void)skt_client_next(&stage.clients[i], SKP_METHOD_ENCRYPT, &response);
        skt_ok(response.err);
        ck_assert_uint_eq(response.msgid, msgid);
    }
}

START_TEST(a_backlog_is_worked_off_in_portions_and_in_order)
{
    size_t loud;

    set_up();
    loud = connect_as(LOUD);
    send_backlog(loud, N_BACKLOG);
    turn(1);
    ck_assert_uint_le(n_answered(loud), SKD_TURN_ALONE / 50);
    ck_assert(stage.connections[loud]->is_in_line);
    turn_to_the_end();
    assert_all_answered(loud, N_BACKLOG);
    ck_assert(!stage.connections[loud]->is_in_line);
    ck_assert_ptr_null(stage.connections[loud]->input.bytes);
    tear_down();
}
END_TEST

START_TEST(a_quiet_user_is_answered_at_once_beside_any_backlog)
{
    size_t quiet;

    set_up();
    quiet = connect_as(QUIET);
    for (int i = 0; i < 8; i++) {
        send_backlog(connect_as(LOUD), N_BACKLOG);
    }
    for (uint32_t i = 0; i < 20; i++) {
        struct skp_request request = encrypt_of(i);
        struct skp_response response;
        unsigned before = 0;
        unsigned after = 0;

        turn(3);
        for (size_t at = 1; at < stage.n; at++) {
            before += n_answered(at);
        }
        skt_client_send(&stage.clients[quiet], &request);
        turn(1);
        ck_assert_uint_eq(n_answered(quiet), 1);
        for (size_t at = 1; at < stage.n; at++) {
            after += n_answered(at);
        }
        ck_assert_uint_le(after - before, 2 * PER_TURN);
        (void)skt_client_next(&stage.clients[quiet], SKP_METHOD_ENCRYPT,
                              &response);
        skt_ok(response.err);
    }
    tear_down();
}
END_TEST

START_TEST(users_in_line_get_the_same_however_many_connections_they_have)
{
    unsigned n_one;
    unsigned n_many = 0;

    set_up();
    send_backlog(connect_as(QUIET), N_BACKLOG);
    for (int i = 0; i < 9; i++) {
        send_backlog(connect_as(LOUD), N_BACKLOG);
    }
    turn(200 / PER_TURN);
    n_one = n_answered(0);
    for (size_t at = 1; at < stage.n; at++) {
        ck_assert_uint_gt(n_answered(at), 0);
        n_many += n_answered(at);
    }
    ck_assert_uint_ge(n_one, 90);
    ck_assert_uint_le(n_many, n_one + 2 * PER_TURN);
    ck_assert_uint_ge(n_many + 2 * PER_TURN, n_one);
    turn_to_the_end();
    for (size_t at = 0; at < stage.n; at++) {
        assert_all_answered(at, N_BACKLOG);
    }
    tear_down();
}
END_TEST

/* Connections that send one request at a time: their number is no advantage
 * either, and what has to wait stays in the socket. */
START_TEST(many_connections_with_one_request_each_are_no_way_around)
{
    unsigned n = 0;

    set_up();
    (void)connect_as(QUIET);
    for (int i = 0; i < 10; i++) {
        send_backlog(connect_as(LOUD), 1);
    }
    turn(1);
    for (size_t at = 1; at < stage.n; at++) {
        n += n_answered(at);
    }
    ck_assert_uint_ge(n, 1);
    ck_assert_uint_le(n, PER_TURN);
    turn_to_the_end();
    for (size_t at = 1; at < stage.n; at++) {
        assert_all_answered(at, 1);
        ck_assert(stage.connections[at]->is_reading);
    }
    tear_down();
}
END_TEST

START_TEST(whoever_closes_leaves_the_line)
{
    set_up();
    (void)connect_as(QUIET);
    for (int i = 0; i < 5; i++) {
        send_backlog(connect_as(LOUD), N_BACKLOG);
    }
    turn(3);
    skd_connection_close(stage.connections[3]);
    skd_connection_close(stage.connections[1]);
    skd_connection_close(stage.connections[5]);
    turn(2);
    ck_assert_ptr_null(stage.connections[3]);
    turn_to_the_end();
    assert_all_answered(2, N_BACKLOG);
    assert_all_answered(4, N_BACKLOG);
    ck_assert_ptr_null(stage.desk.turns.first);
    tear_down();
}
END_TEST

START_TEST(a_connection_that_finishes_answers_its_backlog_first)
{
    size_t loud;

    set_up();
    (void)connect_as(QUIET);
    loud = connect_as(LOUD);
    send_backlog(loud, N_BACKLOG);
    turn(3);
    skd_connection_finish(stage.connections[loud]);
    turn_to_the_end();
    assert_all_answered(loud, N_BACKLOG);
    turn(1);
    skt_client_is_closed(&stage.clients[loud]);
    tear_down();
}
END_TEST

START_TEST(what_takes_longer_costs_more)
{
    static const uint8_t bytes[1];
    const struct skp_request pubkey = { .method = SKP_METHOD_PUBKEY };
    const struct skp_request unwrap = { .method = SKP_METHOD_UNWRAP };
    const struct skp_request large = { .method = SKP_METHOD_DECRYPT,
                                       .data = { bytes, 65536 } };

    ck_assert_uint_lt(skd_turns_cost(&pubkey), skd_turns_cost(&unwrap));
    ck_assert_uint_lt(skd_turns_cost(&unwrap), skd_turns_cost(&large));
}
END_TEST

SKT_SUITE("turns",
          a_backlog_is_worked_off_in_portions_and_in_order,
          a_quiet_user_is_answered_at_once_beside_any_backlog,
          users_in_line_get_the_same_however_many_connections_they_have,
          many_connections_with_one_request_each_are_no_way_around,
          whoever_closes_leaves_the_line,
          a_connection_that_finishes_answers_its_backlog_first,
          what_takes_longer_costs_more)
