/* test_conn.c - one connection to the agent, by its bytes. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libclient/conn.h"
#include "libclient/deadline.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

/* A connection to a socket that the test holds itself. */
static int connect_to_test(struct skc_conn *conn)
{
    int fds[2];

    skc_conn_init(conn);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    conn->fd = fds[0];
    skt_ok(skp_secret_append(&conn->out, "\xc0", 1));
    return fds[1];
}

static void say(int fd, const char *hex)
{
    struct skp_view bytes = skt_hex(hex);

    ck_assert_int_eq(send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL),
                     (ssize_t)bytes.len);
}

START_TEST(one_question_gets_one_whole_message)
{
    struct skc_conn conn;
    struct skp_diag diag = { "" };
    struct skp_view message;
    bool unanswered = true;
    uint8_t byte;
    int fd = connect_to_test(&conn);

    say(fd, "940105c0c3");
    skt_ok(skc_conn_exchange(&conn, skc_deadline_after(60000), &message,
                             &unanswered, &diag));
    skt_bytes_eq(message, skt_hex("940105c0c3"));
    ck_assert(!unanswered);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
    ck_assert_uint_eq(byte, 0xc0);
    ck_assert(skc_conn_is_usable(&conn));
    skc_conn_wipe(&conn);
    ck_assert_uint_eq(conn.in.len + conn.out.len, 0);
    skc_conn_done(&conn);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(every_cut_of_an_answer_is_an_answer_begun)
{
    for (size_t cut = 0; cut < 5; cut++) {
        struct skc_conn conn;
        struct skp_diag diag = { "" };
        struct skp_view message;
        bool unanswered = false;
        int fd = connect_to_test(&conn);

        ck_assert_int_eq(send(fd, "\x94\x01\x05\xc0\xc3", cut, 0),
                         (ssize_t)cut);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        skt_err(skc_conn_exchange(&conn, skc_deadline_after(60000), &message,
                                  &unanswered, &diag),
                SKP_ERR_UNAVAILABLE);
        ck_assert_int_eq(unanswered, cut == 0);
        ck_assert_int_eq(conn.fd, -1);
        skc_conn_done(&conn);
        ck_assert_int_eq(close(fd), 0);
    }
}
END_TEST

START_TEST(what_is_over_a_limit_is_refused_before_it_is_read)
{
    static const char *const bad[] = { "c1", "dd7fffffff", "c6ffffffff" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        struct skc_conn conn;
        struct skp_diag diag = { "" };
        struct skp_view message;
        bool unanswered = true;
        int fd = connect_to_test(&conn);

        say(fd, bad[i]);
        skt_err(skc_conn_exchange(&conn, skc_deadline_after(60000), &message,
                                  &unanswered, &diag),
                SKP_ERR_INTERNAL);
        ck_assert(!unanswered);
        ck_assert_int_eq(conn.fd, -1);
        skc_conn_done(&conn);
        ck_assert_int_eq(close(fd), 0);
    }
}
END_TEST

START_TEST(bytes_nobody_asked_for_make_it_unusable)
{
    struct skc_conn conn;
    int fd = connect_to_test(&conn);

    ck_assert(skc_conn_is_usable(&conn));
    say(fd, "c3");
    ck_assert(!skc_conn_is_usable(&conn));
    ck_assert_int_eq(conn.fd, -1);
    ck_assert(!skc_conn_is_usable(&conn));
    skc_conn_done(&conn);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(what_the_agent_said_before_it_hung_up_is_heard)
{
    struct skc_conn conn;
    struct skp_diag diag = { "" };
    struct skp_view message;
    bool unanswered = true;
    int fd = connect_to_test(&conn);

    say(fd, "9401c0a178c0");
    ck_assert_int_eq(close(fd), 0);
    skt_ok(skc_conn_exchange(&conn, skc_deadline_after(60000), &message,
                             &unanswered, &diag));
    skt_bytes_eq(message, skt_hex("9401c0a178c0"));
    skc_conn_done(&conn);
}
END_TEST

START_TEST(a_full_socket_buffer_waits_until_the_deadline)
{
    struct skc_conn conn;
    struct skp_diag diag = { "" };
    struct skp_view message;
    bool unanswered = true;
    int fd = connect_to_test(&conn);

    skt_ok(skp_secret_reserve(&conn.out, 4u << 20));
    conn.out.len = 4u << 20;
    skt_err(skc_conn_exchange(&conn, skc_deadline_after(40), &message,
                              &unanswered, &diag),
            SKP_ERR_DEADLINE_EXCEEDED);
    ck_assert_str_eq(diag.text, "deadline exceeded while sending to the agent");
    ck_assert(!unanswered);
    skc_conn_done(&conn);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(a_full_backlog_waits_until_the_deadline)
{
    const char *path = skt_file("full.sock");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const void *place = &address;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct skp_diag diag = { "" };
    enum skp_err err = SKP_ERR_OK;
    struct skc_conn conns[4];
    size_t n = 0;

    memcpy(address.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(listener, place, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
    /* Nobody accepts: one or two fit, then the backlog is full. */
    while (err == SKP_ERR_OK && n < SKP_ARRAY_LEN(conns)) {
        skc_conn_init(&conns[n]);
        err = skc_conn_connect(&conns[n], path, skc_deadline_after(40), &diag);
        n++;
    }
    skt_err(err, SKP_ERR_DEADLINE_EXCEEDED);
    ck_assert_int_eq(conns[n - 1].fd, -1);
    for (size_t i = 0; i < n; i++) {
        skc_conn_done(&conns[i]);
    }
    ck_assert_int_eq(close(listener), 0);
}
END_TEST

START_TEST(an_absent_or_dead_socket_is_unavailable)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skc_conn conn;
    struct skp_diag diag = { "" };

    skc_conn_init(&conn);
    skt_ok(skc_conn_connect(&conn, skt_agent_path(agent),
                            skc_deadline_after(60000), &diag));
    ck_assert_int_ge(conn.fd, 0);
    skc_conn_drop(&conn);
    skt_agent_stop(&agent);
    skt_err(skc_conn_connect(&conn, "/nonexistent/socket", SKC_NEVER, &diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(diag.text,
                     "/nonexistent/socket: no agent listens on this socket");
    skc_conn_done(&conn);
}
END_TEST

SKT_SUITE("conn",
          one_question_gets_one_whole_message,
          every_cut_of_an_answer_is_an_answer_begun,
          what_is_over_a_limit_is_refused_before_it_is_read,
          bytes_nobody_asked_for_make_it_unusable,
          what_the_agent_said_before_it_hung_up_is_heard,
          a_full_socket_buffer_waits_until_the_deadline,
          a_full_backlog_waits_until_the_deadline,
          an_absent_or_dead_socket_is_unavailable)
