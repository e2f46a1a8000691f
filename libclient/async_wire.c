/* async_wire.c - a socket that never blocks; see async_wire.h. */
#include "libclient/async_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Least room for one recv(); most that one may bring, and one send() take, so
 * that one turn of a busy connection is short. */
#define READ_STEP   16384u
#define READ_MAX    65536u
#define SEND_MAX    262144u
#define BUFFER_KEPT 262144u

/* A Unix socket connects at once or not at all; a full backlog is EAGAIN, and
 * there is nothing to poll for. */
int skc_async_wire_connect(void *state, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const void *place = &address;
    size_t len = strlen(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    (void)state;
    if (fd < 0) {
        return -errno;
    }
    skp_assert(len < sizeof address.sun_path);
    memcpy(address.sun_path, path, len);
    if (connect(fd, place, sizeof address) == 0) {
        return fd;
    }
    error = errno;
    (void)close(fd);
    return -error;
}

void skc_async_wire_init(struct skc_async_wire *wire, int fd)
{
    *wire = (struct skc_async_wire){ .fd = fd, .in = wire->in };
    skp_secret_clear(&wire->in);
}

int skc_async_wire_drop(struct skc_async_wire *wire)
{
    int fd = wire->fd;

    if (fd >= 0) {
        /* Our copy may stay open for a while; the agent learns at once. */
        (void)shutdown(fd, SHUT_RDWR);
    }
    skc_async_wire_init(wire, -1);
    return fd;
}

void skc_async_wire_done(struct skc_async_wire *wire)
{
    skp_secret_done(&wire->in);
}

size_t skc_async_wire_send(struct skc_async_wire *wire, struct skp_view bytes)
{
    size_t len = bytes.len < SEND_MAX ? bytes.len : SEND_MAX;
    ssize_t n;

    if (wire->is_cut || len == 0) {
        return 0;
    }
    do {
        n = send(wire->fd, bytes.ptr, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    wire->is_full = n < (ssize_t)len;
    if (n >= 0) {
        return (size_t)n;
    }
    /* A broken pipe is no error yet: the agent may have said why before it
     * hung up, and receiving tells. */
    wire->is_cut = errno != EAGAIN;
    return 0;
}

static enum skp_err make_room(struct skc_async_wire *wire)
{
    struct skp_secret *in = &wire->in;

    if (wire->start == in->len) {
        wire->start = 0;
        in->len = 0; /* all of it is wiped */
        if (in->cap > BUFFER_KEPT) {
            skp_secret_done(in);
        }
    }
    if (in->cap - in->len >= READ_STEP) {
        return SKP_ERR_OK;
    }
    skp_secret_consume(in, wire->start);
    wire->start = 0;
    if (in->cap - in->len >= READ_STEP) {
        return SKP_ERR_OK;
    }
    return skp_secret_reserve(in, 2 * in->cap + READ_STEP);
}

enum skc_async_read skc_async_wire_receive(struct skc_async_wire *wire)
{
    struct skp_secret *in = &wire->in;
    size_t room;
    ssize_t n;

    if (make_room(wire) != SKP_ERR_OK) {
        return SKC_ASYNC_READ_NO_MEM;
    }
    room = in->cap - in->len < READ_MAX ? in->cap - in->len : READ_MAX;
    do {
        n = recv(wire->fd, in->bytes + in->len, room, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        in->len += (size_t)n;
        return SKC_ASYNC_READ_SOME;
    }
    return n < 0 && errno == EAGAIN ? SKC_ASYNC_READ_NONE : SKC_ASYNC_READ_END;
}

enum skp_frame skc_async_wire_first(struct skc_async_wire *wire,
                                    struct skp_view *ret)
{
    struct skp_view bytes = { NULL, wire->in.len - wire->start };
    enum skp_frame frame;
    size_t len = 0;

    if (bytes.len == 0) {
        return SKP_FRAME_PARTIAL;
    }
    bytes.ptr = wire->in.bytes + wire->start;
    frame = skp_frame_resume(&wire->progress, bytes, &skp_frame_answer_limits,
                             &len);
    if (frame == SKP_FRAME_WHOLE) {
        wire->progress = (struct skp_frame_progress){ .pos = 0 };
        *ret = (struct skp_view){ bytes.ptr, len };
    }
    return frame;
}

void skc_async_wire_consume(struct skc_async_wire *wire, size_t len)
{
    skp_assert(len <= wire->in.len - wire->start);
    if (len > 0) {
        skp_wipe(wire->in.bytes + wire->start, len);
        wire->start += len;
    }
}
