/* peek.c - the agent's end of the pair; see peek.h. */
#include "agent/sys/peek.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/sys/log.h"

/* One per process, as the child is. */
static struct {
    int fd; /* -1: there is nobody to ask */
    pid_t pid;
    bool is_behind; /* the last question was not answered in time */
} peek = { .fd = -1 };

enum skp_err skd_peek_start(struct skp_diag *diag)
{
    int ends[2];
    pid_t pid;

    skp_assert(peek.fd < 0);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "cannot make a pair of sockets: %s",
                        strerrordesc_np(errno));
    }
    pid = fork();
    if (pid == 0) {
        skd_peek_child_run(ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "cannot fork the process that looks at peers: %s",
                        strerrordesc_np(errno));
    }
    peek.fd = ends[0];
    peek.pid = pid;
    peek.is_behind = false;
    return SKP_ERR_OK;
}

pid_t skd_peek_pid(void)
{
    return peek.pid;
}

void skd_peek_stop(void)
{
    if (peek.fd >= 0) {
        (void)close(peek.fd);
    }
    peek.fd = -1;
    peek.pid = 0;
}

static void lose_child(void)
{
    skd_log(SKD_LOG_WARN,
            "the process that looks at peers has ended: until a restart no "
            "program and no cgroup of a new peer is known");
    skd_peek_stop();
}

static bool is_right(const struct skd_peek_answer *answer, ssize_t len)
{
    return len == (ssize_t)sizeof *answer && answer->exe_len < PATH_MAX &&
           answer->cgroup_len < PATH_MAX;
}

/* Take the answer to the last question; false when it is late. */
static bool take_answer(int patience_ms, struct skd_peek_answer *ret)
{
    struct pollfd ready = { peek.fd, POLLIN, 0 };
    int n;

    do {
        n = poll(&ready, 1, patience_ms);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    if (!is_right(ret, recv(peek.fd, ret, sizeof *ret, MSG_DONTWAIT))) {
        lose_child();
        return false;
    }
    peek.is_behind = false;
    return true;
}

bool skd_peek_ask(pid_t pid, struct skd_peek_answer *ret)
{
    const struct skd_peek_question question = { pid };

    if (peek.fd < 0 || (peek.is_behind && !take_answer(0, ret))) {
        return false;
    }
    if (send(peek.fd, &question, sizeof question,
             MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof question) {
        lose_child();
        return false;
    }
    peek.is_behind = true;
    return take_answer(SKD_PEEK_PATIENCE_MS, ret) && ret->pid == pid;
}
