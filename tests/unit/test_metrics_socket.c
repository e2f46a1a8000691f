/* test_metrics_socket.c - where metrics listen. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/ops/metrics_socket.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 16];
static char address[SKT_PATH_MAX + 32];

static void set_up(void)
{
    ck_assert(skt_tempdir(folder));
    (void)snprintf(path, sizeof path, "%s/m.sock", folder);
    (void)snprintf(address, sizeof address, "unix:%s", path);
}

static bool can_connect(const char *to)
{
    struct sockaddr_un place = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can;

    (void)snprintf(place.sun_path, sizeof place.sun_path, "%.100s", to);
    can = connect(fd, (const struct sockaddr *)&place, sizeof place) == 0;
    (void)close(fd);
    return can;
}

START_TEST(a_unix_socket_is_for_its_group_and_goes_with_the_agent)
{
    struct skd_metrics_socket made;
    struct stat there;

    set_up();
    (void)umask(0);
    skt_ok(skd_metrics_socket_open(address, &made, NULL));
    ck_assert_int_eq(stat(path, &there), 0);
    ck_assert_uint_eq(there.st_mode & 07777, 0660);
    ck_assert(can_connect(path));
    skd_metrics_socket_done(&made);
    ck_assert_int_ne(stat(path, &there), 0);
    ck_assert_int_eq(made.fd, -1);
}
END_TEST

START_TEST(a_file_that_took_its_place_is_left_alone)
{
    struct skd_metrics_socket made;
    struct stat there;

    set_up();
    skt_ok(skd_metrics_socket_open(address, &made, NULL));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(skt_write_file(path, "x", 0600));
    skd_metrics_socket_done(&made);
    ck_assert_int_eq(stat(path, &there), 0);
}
END_TEST

START_TEST(a_dead_socket_is_replaced_and_nothing_else_is)
{
    struct skd_metrics_socket first;
    struct skd_metrics_socket second = { -1, NULL, 0, 0 };
    struct skp_diag diag = { "" };

    set_up();
    skt_ok(skd_metrics_socket_open(address, &first, NULL));
    skt_err(skd_metrics_socket_open(address, &second, &diag),
            SKP_ERR_ALREADY_EXISTS);
    ck_assert_ptr_nonnull(strstr(diag.text, "another program listens"));
    ck_assert(can_connect(path));
    /* As after a crash: the file stays. */
    (void)close(skd_metrics_socket_take(&first));
    ck_assert(!can_connect(path));
    skt_ok(skd_metrics_socket_open(address, &second, &diag));
    ck_assert(can_connect(path));
    free(first.path);
    skd_metrics_socket_done(&second);
    ck_assert(skt_write_file(path, "x", 0600));
    skt_err(skd_metrics_socket_open(address, &second, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "no socket"));
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(tcp_listens_where_it_is_told_and_nowhere_else)
{
    struct skd_metrics_socket made;
    struct skd_metrics_socket second;
    struct sockaddr_in place = { .sin_family = AF_UNSPEC };
    socklen_t len = sizeof place;
    struct skp_diag diag = { "" };
    uint16_t port = skt_free_port();
    char text[64];

    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    skt_ok(skd_metrics_socket_open(text, &made, &diag));
    ck_assert_int_eq(getsockname(made.fd, (struct sockaddr *)&place, &len), 0);
    ck_assert_uint_eq(place.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    ck_assert_uint_eq(ntohs(place.sin_port), port);
    skt_err(skd_metrics_socket_open(text, &second, &diag),
            SKP_ERR_ALREADY_EXISTS);
    ck_assert_ptr_nonnull(strstr(diag.text, text));
    skd_metrics_socket_done(&made);
    /* At once again, connections of before notwithstanding. */
    skt_ok(skd_metrics_socket_open(text, &made, &diag));
    skd_metrics_socket_done(&made);
}
END_TEST

START_TEST(an_address_that_is_not_ours_is_refused_in_words)
{
    struct skd_metrics_socket made;
    struct skp_diag diag = { "" };
    char longer[256];

    skt_err(skd_metrics_socket_open("192.0.2.1:9464", &made, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "192.0.2.1:9464: cannot bind"));
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "unix:/", 6);
    longer[200] = '\0';
    skt_err(skd_metrics_socket_open(longer, &made, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skd_metrics_socket_open("unix:/no/such/folder/s", &made, &diag),
            SKP_ERR_FAILED_PRECONDITION);
}
END_TEST

SKT_SUITE("metrics_socket",
          a_unix_socket_is_for_its_group_and_goes_with_the_agent,
          a_file_that_took_its_place_is_left_alone,
          a_dead_socket_is_replaced_and_nothing_else_is,
          tcp_listens_where_it_is_told_and_nowhere_else,
          an_address_that_is_not_ours_is_refused_in_words)
