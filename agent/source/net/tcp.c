/* tcp.c - TCP connections with deadlines; see tcp.h. */
#include "agent/source/net/tcp.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/source/net/lookup.h"

enum skp_err skd_tcp_wait(int fd,
                          short events,
                          const struct skd_env *env,
                          uint64_t deadline_ms,
                          struct skp_diag *diag)
{
    struct pollfd polled = { fd, events, 0 };

    for (;;) {
        uint64_t now_ms = skd_env_now_ms(env);
        uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        int n;

        if (left_ms == 0) {
            return skp_fail(diag, SKP_ERR_DEADLINE_EXCEEDED, "timed out");
        }
        n = poll(&polled, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
        if (n > 0) {
            return SKP_ERR_OK;
        }
        if (n < 0 && errno != EINTR) {
            return skp_fail(diag, SKP_ERR_UNAVAILABLE, "cannot poll: %s",
                            strerrordesc_np(errno));
        }
    }
}

static enum skp_err finish_connect(int fd,
                                   const struct skd_env *env,
                                   uint64_t deadline_ms,
                                   struct skp_diag *diag)
{
    socklen_t len = sizeof(int);
    int code = 0;

    SKP_TRY(skd_tcp_wait(fd, POLLOUT, env, deadline_ms, diag));
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0) {
        code = errno;
    }
    if (code != 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "cannot connect: %s",
                        strerrordesc_np(code));
    }
    return SKP_ERR_OK;
}

static enum skp_err connect_one(const struct addrinfo *address,
                                const struct skd_env *env,
                                uint64_t deadline_ms,
                                int *ret,
                                struct skp_diag *diag)
{
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    enum skp_err err = SKP_ERR_OK;

    if (fd < 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "cannot open a socket: %s",
                        strerrordesc_np(errno));
    }
    /* Without these it only gets slower, or a dead peer is noticed later. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        err = errno == EINPROGRESS
                  ? finish_connect(fd, env, deadline_ms, diag)
                  : skp_fail(diag, SKP_ERR_UNAVAILABLE, "cannot connect: %s",
                             strerrordesc_np(errno));
    }
    if (err != SKP_ERR_OK) {
        (void)close(fd);
        return err;
    }
    *ret = fd;
    return SKP_ERR_OK;
}

static uint64_t count_addresses(const struct addrinfo *addresses)
{
    uint64_t n = 0;

    for (; addresses != NULL; addresses = addresses->ai_next) {
        n++;
    }
    return n;
}

enum skp_err skd_tcp_connect(const char *host,
                             uint16_t port,
                             const struct skd_env *env,
                             uint64_t deadline_ms,
                             int *ret,
                             struct skp_diag *diag)
{
    struct addrinfo *addresses = NULL;
    enum skp_err err = SKP_ERR_UNAVAILABLE;

    SKP_TRY(skd_lookup(host, port, env, deadline_ms, &addresses, diag));
    for (const struct addrinfo *at = addresses; at != NULL && err != SKP_ERR_OK;
         at = at->ai_next) {
        uint64_t now_ms = skd_env_now_ms(env);
        uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;

        /* A silent address must leave time for those after it. */
        err = connect_one(at, env, now_ms + left_ms / count_addresses(at), ret,
                          diag);
    }
    freeaddrinfo(addresses);
    return err;
}
