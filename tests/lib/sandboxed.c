/* sandboxed.c - looks what there is; see sandboxed.h. */
#include "tests/lib/sandboxed.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/sys/sandbox.h"

#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Landlock knows ports from here on. */
#define TCP_ABI 4

bool skt_sandbox_is_whole(void)
{
    return skd_sandbox_is_built() && skd_landlock_abi() >= TCP_ABI &&
           prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0;
}

const char *skt_sandbox_mode(void)
{
    return skt_sandbox_is_whole() ? "require" : "best-effort";
}

bool skt_has_pidfd(void)
{
    int fds[2];
    int pidfd = -1;
    socklen_t len = sizeof pidfd;
    bool has;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
        return false;
    }
    has = getsockopt(fds[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0;
    if (!has) {
        (void)fputs("skipped: no SO_PEERPIDFD\n", stderr);
    }
    return has;
}
