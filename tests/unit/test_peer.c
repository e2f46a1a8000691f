/* test_peer.c - proves peer.c. */
#include <grp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/serve/peer.h"
#include "tests/lib/suite.h"

START_TEST(a_peer_is_whom_the_kernel_names)
{
    struct skd_peer peer;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    skt_ok(skd_peer_read(fds[0], &peer, NULL));
    ck_assert_uint_eq(peer.uid, geteuid());
    ck_assert_uint_eq(peer.gid, getegid());
    ck_assert_int_eq(peer.pid, getpid());
    ck_assert(skd_peer_in_group(&peer, getegid()));
    ck_assert(!skd_peer_in_group(&peer, 54321));
    skd_peer_done(&peer);
    ck_assert_ptr_null(peer.groups);
    (void)close(fds[0]);
    (void)close(fds[1]);
}
END_TEST

/* Runs in a child that may change its groups. */
static int check_groups(void)
{
    const gid_t groups[] = { 1001, 1002, 4242 };
    struct skd_peer peer;
    int fds[2];
    bool is_good;

    if (setgroups(3, groups) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
        skd_peer_read(fds[0], &peer, NULL) != SKP_ERR_OK) {
        return 2;
    }
    is_good = peer.n_groups == 3 && skd_peer_in_group(&peer, 1001) &&
              skd_peer_in_group(&peer, 4242) && !skd_peer_in_group(&peer, 7);
    skd_peer_done(&peer);
    return is_good ? 0 : 1;
}

START_TEST(supplementary_groups_are_read)
{
    int status = -1;
    pid_t child;

    if (geteuid() != 0) {
        (void)fputs("skipped: only root can set groups\n", stderr);
        return;
    }
    child = fork();
    if (child == 0) {
        _exit(check_groups());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_descriptor_without_a_peer_is_an_error)
{
    struct skd_peer peer = { .uid = 77 };
    struct skp_diag diag;
    int fds[2];
    int lonely = socket(AF_UNIX, SOCK_STREAM, 0);

    ck_assert_int_eq(pipe(fds), 0);
    skt_err(skd_peer_read(fds[0], &peer, &diag), SKP_ERR_INTERNAL);
    skt_err(skd_peer_read(lonely, &peer, &diag), SKP_ERR_INTERNAL);
    ck_assert_uint_eq(peer.uid, 77);
    (void)close(fds[0]);
    (void)close(fds[1]);
    (void)close(lonely);
}
END_TEST

SKT_SUITE("peer",
          a_peer_is_whom_the_kernel_names,
          supplementary_groups_are_read,
          a_descriptor_without_a_peer_is_an_error)
