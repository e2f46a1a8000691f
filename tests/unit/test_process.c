/* test_process.c - proves process.c: what is said of a peer is true of it, or
 * nothing is said. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/serve/process.h"
#include "agent/sys/peek.h"
#include "tests/lib/suite.h"

/* Whether this kernel hands out the pidfd of a peer, and there can be somebody
 * to ask: valgrind makes system calls that are forbidden there. */
static bool has_pidfd(int fd)
{
    int pidfd = -1;
    socklen_t len = sizeof pidfd;
    struct skp_diag diag = { "" };

    if (getenv("SKT_VALGRIND") != NULL) {
        (void)fputs("skipped: under valgrind\n", stderr);
        return false;
    }
    ck_assert_int_eq(skd_peek_start(&diag), SKP_ERR_OK);

    if (getsockopt(fd, SOL_SOCKET, 77, &pidfd, &len) != 0) {
        (void)fputs("skipped: no SO_PEERPIDFD\n", stderr);
        return false;
    }
    (void)close(pidfd);
    return true;
}

START_TEST(a_peer_is_the_program_that_connected)
{
    char exe[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe);
    struct skd_process *process;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    if (!has_pidfd(fds[0])) {
        return;
    }
    process = skd_process_read(fds[0], getpid());
    ck_assert_ptr_nonnull(process);
    skt_bytes_eq(process->exe,
                 (struct skp_view){ (const uint8_t *)exe, (size_t)len });
    ck_assert_uint_gt(process->cgroup.len, 0);
    ck_assert_int_eq(process->cgroup.ptr[0], '/');
    skd_process_unref(&process);
    ck_assert_ptr_null(process);
    skd_peek_stop();
    ck_assert_ptr_null(skd_process_read(fds[0], getpid()));
    (void)close(fds[0]);
    (void)close(fds[1]);
}
END_TEST

/* The socket pair is made by the child, so that the child is the peer. */
static int fd_of_child(pid_t *ret_child)
{
    int fds[2];
    int pair[2];
    char byte = 0;
    struct iovec part = { &byte, 1 };
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .bytes = { 0 } };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    *ret_child = fork();
    if (*ret_child == 0) {
        if (close(pair[0]) != 0 ||
            socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
            _exit(1);
        }
        control.head =
            (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        *(int *)(void *)CMSG_DATA(&control.head) = fds[0];
        (void)sendmsg(pair[1], &message, 0);
        _exit(read(pair[1], &byte, 1) == 0 ? 0 : 2);
    }
    ck_assert_int_eq(recvmsg(pair[0], &message, 0), 1);
    (void)close(pair[1]);
    (void)close(pair[0]);
    ck_assert_uint_eq(control.head.cmsg_len, CMSG_LEN(sizeof(int)));
    return *(int *)(void *)CMSG_DATA(&control.head);
}

/* The number the child had may be somebody else's now: here it is said to be
 * our own, of which everything could be read. */
START_TEST(of_a_process_that_has_ended_nothing_is_said)
{
    pid_t child = 0;
    int status = -1;
    int fd = fd_of_child(&child);

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    if (!has_pidfd(fd)) {
        return;
    }
    ck_assert_ptr_null(skd_process_read(fd, getpid()));
    ck_assert_ptr_null(skd_process_read(fd, child));
    skd_peek_stop();
    (void)close(fd);
}
END_TEST

START_TEST(of_a_process_in_another_namespace_nothing_is_said)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_ptr_null(skd_process_read(fds[0], 0));
    (void)close(fds[0]);
    (void)close(fds[1]);
}
END_TEST

START_TEST(a_descriptor_without_a_peer_says_nothing)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_ptr_null(skd_process_read(fds[0], getpid()));
    (void)close(fds[0]);
    (void)close(fds[1]);
}
END_TEST

START_TEST(the_cgroup_is_the_one_of_version_2)
{
    static const struct {
        const char *text;
        const char *cgroup;
    } cases[] = {
        { "0::/a/b\n", "/a/b" },
        { "12:cpu:/x\n0::/system.slice/s.service\n",
          "/system.slice/s.service" },
        { "0::/no-newline", "/no-newline" },
        { "12:cpu:/x\n", "" },
        { "10::/x\n", "" },
        { "0::\n", "" },
        { "", "" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        skt_bytes_eq(skd_process_cgroup_in(skp_view_of(cases[i].text)),
                     skp_view_of(cases[i].cgroup));
    }
}
END_TEST

SKT_SUITE("process",
          a_peer_is_the_program_that_connected,
          of_a_process_that_has_ended_nothing_is_said,
          of_a_process_in_another_namespace_nothing_is_said,
          a_descriptor_without_a_peer_says_nothing,
          the_cgroup_is_the_one_of_version_2)
