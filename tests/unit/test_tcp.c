/* test_tcp.c - TCP connections with deadlines. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/source/net/tcp.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static uint64_t in_ms(uint64_t timeout_ms)
{
    return skd_env_now_ms(&skd_env_system) + timeout_ms;
}

START_TEST(a_listener_is_reached_by_address_and_by_name)
{
    static const char *const names[] = { "127.0.0.1", "localhost" };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len),
                     0);
    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        int fd = -1;

        skt_ok(skd_tcp_connect(names[i], ntohs(address.sin_port),
                               &skd_env_system, in_ms(60000), &fd, NULL));
        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        (void)close(fd);
    }
    (void)close(listener);
}
END_TEST

START_TEST(nobody_listening_is_said)
{
    struct skp_diag diag = { "" };
    int fd = -1;

    skt_err(skd_tcp_connect("127.0.0.1", skt_free_port(), &skd_env_system,
                            in_ms(60000), &fd, &diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(diag.text, "cannot connect: Connection refused");
    ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(waiting_ends_at_the_deadline_or_with_the_event)
{
    int fds[2];
    uint64_t began_ms;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    began_ms = skd_env_now_ms(&skd_env_system);
    skt_err(skd_tcp_wait(fds[0], POLLIN, &skd_env_system, began_ms + 50, NULL),
            SKP_ERR_DEADLINE_EXCEEDED);
    ck_assert_uint_ge(skd_env_now_ms(&skd_env_system) - began_ms, 50);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    skt_ok(skd_tcp_wait(fds[0], POLLIN, &skd_env_system, in_ms(60000), NULL));
    (void)close(fds[1]);
    skt_ok(skd_tcp_wait(fds[0], POLLIN, &skd_env_system, in_ms(60000), NULL));
    (void)close(fds[0]);
}
END_TEST

SKT_SUITE("tcp",
          a_listener_is_reached_by_address_and_by_name,
          nobody_listening_is_said,
          waiting_ends_at_the_deadline_or_with_the_event)
