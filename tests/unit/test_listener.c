/* test_listener.c - proves listener.c. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/serve/listener.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 16];

static void make_path(void)
{
    if (folder[0] == '\0') {
        ck_assert(skt_tempdir(folder));
    }
    (void)snprintf(path, sizeof path, "%s/s.sock", folder);
    (void)unlink(path);
}

static struct sockaddr_un address_of(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    ck_assert_uint_lt(strlen(name), sizeof address.sun_path);
    memcpy(address.sun_path, name, strlen(name));
    return address;
}

static int bound_socket(int type, bool listens)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, type, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (listens) {
        ck_assert_int_eq(listen(fd, 1), 0);
    }
    return fd;
}

static bool can_connect(void)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool can = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;

    (void)close(fd);
    return can;
}

static bool was_listening;

/* Instead of the C library's: the step after which others may connect. */
int chmod(const char *file, mode_t mode)
{
    was_listening = can_connect();
    return fchmodat(AT_FDCWD, file, mode, 0);
}

START_TEST(whoever_may_connect_finds_somebody_who_listens)
{
    struct skd_listener listener;
    struct stat status;
    mode_t old_mask = umask(077);

    make_path();
    was_listening = false;
    skt_ok(skd_listener_init(path, -1, &listener, NULL));
    (void)umask(old_mask);
    ck_assert(was_listening);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0660);
    skd_listener_done(&listener);
}
END_TEST

START_TEST(a_socket_is_made_with_mode_0660_and_removed_again)
{
    struct skd_listener listener;
    struct stat status;
    mode_t old_mask = umask(077);

    make_path();
    skt_ok(skd_listener_init(path, -1, &listener, NULL));
    (void)umask(old_mask);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert(S_ISSOCK(status.st_mode));
    ck_assert_uint_eq(status.st_mode & 07777, 0660);
    ck_assert(can_connect());
    skd_listener_close(&listener);
    ck_assert(!can_connect());
    ck_assert_int_eq(access(path, F_OK), 0);
    skd_listener_done(&listener);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_a_dead_agent_left_is_replaced)
{
    struct skd_listener listener;

    make_path();
    (void)close(bound_socket(SOCK_STREAM, true));
    ck_assert_int_eq(access(path, F_OK), 0);
    skt_ok(skd_listener_init(path, -1, &listener, NULL));
    ck_assert(can_connect());
    skd_listener_done(&listener);
}
END_TEST

START_TEST(a_living_socket_is_left_alone)
{
    struct skd_listener listener = { -7, -7, NULL, 0, 0 };
    struct skp_diag diag = { "" };
    int fd;

    make_path();
    fd = bound_socket(SOCK_STREAM, true);
    skt_err(skd_listener_init(path, -1, &listener, &diag),
            SKP_ERR_ALREADY_EXISTS);
    ck_assert_ptr_nonnull(strstr(diag.text, path));
    ck_assert_int_eq(listener.fd, -7);
    ck_assert(can_connect());
    (void)close(fd);
    (void)unlink(path);
    fd = bound_socket(SOCK_DGRAM, false);
    skt_err(skd_listener_init(path, -1, &listener, &diag),
            SKP_ERR_ALREADY_EXISTS);
    (void)close(fd);
}
END_TEST

START_TEST(two_agents_cannot_take_one_path)
{
    struct skd_listener first;
    struct skd_listener second;
    struct skp_diag diag;

    make_path();
    skt_ok(skd_listener_init(path, -1, &first, NULL));
    /* Even when the socket file is gone, the first agent's lock holds. */
    ck_assert_int_eq(unlink(path), 0);
    skt_err(skd_listener_init(path, -1, &second, &diag),
            SKP_ERR_ALREADY_EXISTS);
    skd_listener_done(&first);
    skt_ok(skd_listener_init(path, -1, &second, NULL));
    skd_listener_done(&second);
}
END_TEST

START_TEST(another_kind_of_file_is_never_removed)
{
    struct skd_listener listener;
    struct skp_diag diag;

    make_path();
    ck_assert(skt_write_file(path, "precious", 0600));
    skt_err(skd_listener_init(path, -1, &listener, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/nowhere", path), 0);
    skt_err(skd_listener_init(path, -1, &listener, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(a_socket_that_another_made_meanwhile_is_not_removed)
{
    struct skd_listener listener;
    int fd;

    make_path();
    skt_ok(skd_listener_init(path, -1, &listener, NULL));
    ck_assert_int_eq(unlink(path), 0);
    fd = bound_socket(SOCK_STREAM, true);
    skd_listener_done(&listener);
    ck_assert(can_connect());
    (void)close(fd);
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_refused_not_cut)
{
    char long_path[200];
    struct skd_listener listener;
    struct skp_diag diag;

    make_path();
    memset(long_path, 'x', sizeof long_path);
    long_path[108] = '\0';
    skt_err(skd_listener_init(long_path, -1, &listener, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skd_listener_init("", -1, &listener, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skd_listener_init("/no-such-folder/s", -1, &listener, &diag),
            SKP_ERR_NOT_FOUND);
}
END_TEST

START_TEST(an_inherited_socket_is_used_and_not_removed)
{
    struct skd_listener listener;
    int fd;

    make_path();
    fd = bound_socket(SOCK_STREAM, true);
    skt_ok(skd_listener_init("/ignored", fd, &listener, NULL));
    ck_assert_int_eq(listener.fd, fd);
    ck_assert(can_connect());
    skd_listener_done(&listener);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(an_inherited_descriptor_of_another_kind_is_refused)
{
    struct skd_listener listener;
    struct skp_diag diag;
    int fds[2];

    make_path();
    skt_err(skd_listener_init("/x", bound_socket(SOCK_STREAM, false), &listener,
                              &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_int_eq(pipe(fds), 0);
    skt_err(skd_listener_init("/x", fds[0], &listener, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    (void)close(fds[1]);
}
END_TEST

SKT_SUITE("listener",
          whoever_may_connect_finds_somebody_who_listens,
          a_socket_is_made_with_mode_0660_and_removed_again,
          what_a_dead_agent_left_is_replaced,
          a_living_socket_is_left_alone,
          two_agents_cannot_take_one_path,
          another_kind_of_file_is_never_removed,
          a_socket_that_another_made_meanwhile_is_not_removed,
          a_path_that_does_not_fit_is_refused_not_cut,
          an_inherited_socket_is_used_and_not_removed,
          an_inherited_descriptor_of_another_kind_is_refused)
