/* conn.c - one connection to the agent; see conn.h. */
#include "libclient/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libclient/deadline.h"
#include "protocol/frame.h"

/* The kernel refuses at once when the agent's backlog is full; there is
 * nothing to poll for. */
#define BACKLOG_PAUSE_MS 10u
#define READ_STEP        4096u

void skc_conn_init(struct skc_conn *conn)
{
    *conn = (struct skc_conn){ .fd = -1, .pid = getpid() };
}

void skc_conn_drop(struct skc_conn *conn)
{
    if (conn->fd >= 0) {
        (void)close(conn->fd);
        conn->fd = -1;
    }
}

void skc_conn_wipe(struct skc_conn *conn)
{
    skp_secret_clear(&conn->in);
    skp_secret_clear(&conn->out);
}

void skc_conn_done(struct skc_conn *conn)
{
    skc_conn_notice_fork(conn);
    skc_conn_drop(conn);
    skp_secret_done(&conn->in);
    skp_secret_done(&conn->out);
}

void skc_conn_notice_fork(struct skc_conn *conn)
{
    if (conn->pid == getpid()) {
        return;
    }
    /* Closing our copy does not disturb the parent's.  The pages of the
     * buffers are not mapped here: they are forgotten, not touched. */
    skc_conn_drop(conn);
    skc_conn_init(conn);
}

bool skc_conn_is_usable(struct skc_conn *conn)
{
    uint8_t byte;

    if (conn->fd < 0) {
        return false;
    }
    if (recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
        (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    skc_conn_drop(conn);
    return false;
}

static enum skp_err
refuse_connect(int error, const char *path, struct skp_diag *diag)
{
    if (error == EACCES || error == EPERM) {
        return skp_fail(diag, SKP_ERR_PERMISSION_DENIED,
                        "%s: this user may not connect to the agent's socket",
                        path);
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                    "%s: no agent listens on this socket", path);
}

static enum skp_err connect_socket(int fd,
                                   const char *path,
                                   uint64_t deadline_ms,
                                   struct skp_diag *diag)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const void *place = &address;
    size_t len = strlen(path);

    skp_assert(len < sizeof address.sun_path);
    memcpy(address.sun_path, path, len);
    while (connect(fd, place, sizeof address) != 0) {
        if (errno != EAGAIN && errno != EINTR) {
            return refuse_connect(errno, path, diag);
        }
        if (skc_deadline_left(deadline_ms) == 0) {
            return skp_fail(diag, SKP_ERR_DEADLINE_EXCEEDED,
                            "%s: the agent accepts no connection in time",
                            path);
        }
        skc_deadline_sleep(BACKLOG_PAUSE_MS);
    }
    return SKP_ERR_OK;
}

enum skp_err skc_conn_connect(struct skc_conn *conn,
                              const char *path,
                              uint64_t deadline_ms,
                              struct skp_diag *diag)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    enum skp_err err;

    if (fd < 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no file descriptor for a connection to the agent");
    }
    err = connect_socket(fd, path, deadline_ms, diag);
    if (err != SKP_ERR_OK) {
        (void)close(fd);
        return err;
    }
    skc_conn_drop(conn);
    conn->fd = fd;
    return SKP_ERR_OK;
}

static enum skp_err
tell_wait(enum skp_err err, const char *doing, struct skp_diag *diag)
{
    if (err == SKP_ERR_DEADLINE_EXCEEDED) {
        return skp_fail(diag, err, "deadline exceeded while %s the agent",
                        doing);
    }
    return skp_fail(diag, err, "poll failed while %s the agent", doing);
}

/* Send the request.  A broken pipe is no error yet: the agent may have said
 * why before it hung up, and receiving tells. */
static enum skp_err
send_request(struct skc_conn *conn, uint64_t deadline_ms, struct skp_diag *diag)
{
    size_t sent = 0;

    while (sent < conn->out.len) {
        ssize_t n = send(conn->fd, conn->out.bytes + sent, conn->out.len - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) {
            enum skp_err err =
                skc_deadline_wait(conn->fd, POLLOUT, deadline_ms);

            if (err != SKP_ERR_OK) {
                return tell_wait(err, "sending to", diag);
            }
        } else if (errno != EINTR) {
            return SKP_ERR_OK;
        }
    }
    return SKP_ERR_OK;
}

/* Read what there is, after the bytes that conn->in already has; *ret_end is
 * set when the agent has hung up. */
static enum skp_err read_some(struct skc_conn *conn,
                              uint64_t deadline_ms,
                              bool *ret_end,
                              struct skp_diag *diag)
{
    struct skp_secret *in = &conn->in;
    ssize_t n;

    if (in->cap - in->len < READ_STEP &&
        skp_secret_reserve(in, 2 * in->cap + READ_STEP) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no memory for the agent's answer");
    }
    n = recv(conn->fd, in->bytes + in->len, in->cap - in->len, MSG_DONTWAIT);
    if (n > 0) {
        in->len += (size_t)n;
        return SKP_ERR_OK;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        *ret_end = true;
        return SKP_ERR_OK;
    }
    if (errno == EAGAIN) {
        enum skp_err err = skc_deadline_wait(conn->fd, POLLIN, deadline_ms);

        if (err != SKP_ERR_OK) {
            return tell_wait(err, "waiting for", diag);
        }
    }
    return SKP_ERR_OK;
}

static enum skp_err receive_message(struct skc_conn *conn,
                                    uint64_t deadline_ms,
                                    size_t *ret_len,
                                    struct skp_diag *diag)
{
    for (;;) {
        enum skp_frame frame = skp_frame_scan(
            skp_secret_view(&conn->in), &skp_frame_answer_limits, ret_len);
        bool end = false;

        if (frame == SKP_FRAME_WHOLE) {
            return SKP_ERR_OK;
        }
        if (frame != SKP_FRAME_PARTIAL) {
            return skp_fail(diag, SKP_ERR_INTERNAL, "the agent's answer is %s",
                            frame == SKP_FRAME_OVER_LIMIT
                                ? "over a limit of the protocol"
                                : "no MessagePack");
        }
        SKP_TRY(read_some(conn, deadline_ms, &end, diag));
        if (end) {
            return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                            "the agent closed the connection");
        }
    }
}

enum skp_err skc_conn_exchange(struct skc_conn *conn,
                               uint64_t deadline_ms,
                               struct skp_view *ret,
                               bool *ret_unanswered,
                               struct skp_diag *diag)
{
    size_t len = 0;
    enum skp_err err;

    *ret_unanswered = false;
    skp_secret_clear(&conn->in);
    err = send_request(conn, deadline_ms, diag);
    if (err == SKP_ERR_OK) {
        err = receive_message(conn, deadline_ms, &len, diag);
    }
    if (err != SKP_ERR_OK) {
        *ret_unanswered = err == SKP_ERR_UNAVAILABLE && conn->in.len == 0;
        skc_conn_drop(conn);
        return err;
    }
    if (len < conn->in.len) {
        /* Two answers to one question: this one may be used, the connection
         * may not. */
        skc_conn_drop(conn);
    }
    *ret = (struct skp_view){ conn->in.bytes, len };
    return SKP_ERR_OK;
}
