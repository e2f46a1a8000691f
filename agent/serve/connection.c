/* connection.c - one client: its bytes in, its answers out; see
 * connection.h. */
#include "agent/serve/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/serve/connection_parts.h"

/* The scan calls a message of more than SKP_MESSAGE_MAX bytes over the limit,
 * so a partial one never fills this. */
#define INPUT_MAX (SKP_MESSAGE_MAX + 4096u)

/* Rows of one notification. */
#define NOTIFY_ROWS_MAX 500u

/* ---- states ------------------------------------------------------------- */

#define BIT(state) (1u << SKD_CONNECTION_##state)

static const unsigned moves[SKD_CONNECTION_STATES] = {
    [SKD_CONNECTION_NEW] = BIT(READING) | BIT(CLOSING) | BIT(CLOSED),
    [SKD_CONNECTION_READING] =
        BIT(WAITING) | BIT(BLOCKED) | BIT(FINISHING) | BIT(CLOSING),
    [SKD_CONNECTION_WAITING] = BIT(READING) | BIT(CLOSING),
    [SKD_CONNECTION_BLOCKED] = BIT(READING) | BIT(CLOSING),
    [SKD_CONNECTION_FINISHING] = BIT(CLOSING),
    [SKD_CONNECTION_CLOSING] = BIT(CLOSED),
};

void skd_connection_move(struct skd_connection *connection,
                         enum skd_connection_state state)
{
    skp_assert((moves[connection->state] & 1u << state) != 0);
    connection->state = state;
}

bool skd_connection_is_open(const struct skd_connection *connection)
{
    return connection->state == SKD_CONNECTION_READING ||
           connection->state == SKD_CONNECTION_WAITING ||
           connection->state == SKD_CONNECTION_BLOCKED ||
           connection->state == SKD_CONNECTION_FINISHING;
}

/* ---- life --------------------------------------------------------------- */

enum skp_err skd_connection_new(int fd,
                                struct skd_peer *peer,
                                uint64_t id,
                                struct skd_connection **ret)
{
    struct skd_connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL) {
        (void)close(fd);
        skd_peer_done(peer);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    connection->mail.kind = SKD_MAIL_CONNECTION;
    connection->fd = fd;
    connection->id = id;
    connection->peer = *peer;
    *peer = (struct skd_peer){ 0 };
    *ret = connection;
    return SKP_ERR_OK;
}

void skd_connection_free(struct skd_connection **connection)
{
    struct skd_connection *old = *connection;

    if (old == NULL) {
        return;
    }
    *connection = NULL;
    skp_assert(!skd_connection_is_open(old) &&
               old->state != SKD_CONNECTION_CLOSING);
    if (old->fd >= 0) {
        (void)close(old->fd);
    }
    skd_peer_done(&old->peer);
    free(old);
}

static void on_closed(uv_handle_t *handle)
{
    struct skd_connection *connection = handle->data;

    skd_connection_move(connection, SKD_CONNECTION_CLOSED);
    skd_outbox_done(&connection->outbox);
    skp_secret_done(&connection->input);
    skd_watch_free(&connection->watch);
    skd_callers_leave(&connection->desk->callers, connection->caller);
    connection->desk->ops.closed(connection->desk->ops.state, connection);
}

void skd_connection_close(struct skd_connection *connection)
{
    if (skd_connection_is_open(connection)) {
        skd_connection_move(connection, SKD_CONNECTION_CLOSING);
        skd_turns_remove(&connection->desk->turns, connection);
        uv_close((uv_handle_t *)&connection->pipe, on_closed);
    }
}

/* Handle what waits in the connection's own buffer. */
static void handle_input(struct skd_connection *connection)
{
    struct skp_secret *input = &connection->input;
    struct skp_view bytes = { input->bytes + connection->input_at,
                              input->len - connection->input_at };

    connection->input_at += skd_batch_run(connection, bytes);
    /* Moving the rest to the front once is enough. */
    if (connection->has_more) {
        return;
    }
    skp_secret_consume(input, connection->input_at);
    connection->input_at = 0;
    if (input->len == 0) {
        skp_secret_done(input);
    }
}

/* Handle @len bytes that were read to the desk's buffer; what is left over
 * waits in the connection's own. */
static void handle_desk(struct skd_connection *connection, size_t len)
{
    struct skp_secret *desk_input = &connection->desk->input;
    struct skp_view bytes = { desk_input->bytes, len };
    size_t used = skd_batch_run(connection, bytes);

    if (skp_secret_append(&connection->input, bytes.ptr + used,
                          bytes.len - used) != SKP_ERR_OK) {
        skd_connection_close(connection);
    }
    skp_wipe(desk_input->bytes, len);
}

/* ---- reading ------------------------------------------------------------ */

/* A place for the next bytes: behind the beginning of a message that waits, or
 * else the buffer that all connections share.  Length 0: no memory. */
static struct skp_buf next_place(struct skd_connection *connection)
{
    struct skp_secret *input = &connection->input;
    size_t wanted = 2 * input->len;

    if (input->len == 0) {
        return skp_buf_over(connection->desk->input.bytes, SKD_DESK_INPUT);
    }
    if (wanted > INPUT_MAX) {
        wanted = INPUT_MAX;
    }
    if (input->len >= input->cap &&
        skp_secret_reserve(input, wanted) != SKP_ERR_OK) {
        return skp_buf_over(NULL, 0);
    }
    return skp_buf_over(input->bytes + input->len, input->cap - input->len);
}

/* Whose user has had its share leaves its bytes in the socket for now. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct skd_connection *connection = handle->data;
    struct skp_buf place = skp_buf_over(NULL, 0);

    (void)suggested;
    connection->is_postponed =
        !skd_turns_may_go(&connection->desk->turns, connection->caller);
    if (!connection->is_postponed) {
        place = next_place(connection);
    }
    *ret = uv_buf_init((char *)place.ptr, (unsigned)place.cap);
}

/* @len bytes have been read to next_place. */
static void take_bytes(struct skd_connection *connection, size_t len)
{
    if (connection->input.len == 0) {
        handle_desk(connection, len);
    } else {
        connection->input.len += len;
        handle_input(connection);
    }
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);

static void start_reading(struct skd_connection *connection, bool wanted)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;

    if (wanted == connection->is_reading) {
        return;
    }
    connection->is_reading = wanted;
    if (!wanted) {
        (void)uv_read_stop(stream);
    } else if (uv_read_start(stream, on_alloc, on_read) != 0) {
        skd_connection_close(connection);
    }
}

/* After any event: do what the state asks for. */
static void settle(struct skd_connection *connection)
{
    if (connection->state == SKD_CONNECTION_READING &&
        (connection->has_more || connection->is_postponed) &&
        !connection->is_in_line) {
        skd_turns_add(&connection->desk->turns, connection);
    }
    if (connection->state == SKD_CONNECTION_BLOCKED) {
        skp_secret_trim(&connection->input);
    }
    if (connection->state == SKD_CONNECTION_READING && connection->is_last &&
        !connection->has_more) {
        skd_connection_move(connection, SKD_CONNECTION_FINISHING);
    }
    if (connection->state == SKD_CONNECTION_FINISHING &&
        skd_outbox_pending(&connection->outbox) == 0) {
        skd_connection_close(connection);
    }
    if (skd_connection_is_open(connection)) {
        start_reading(connection, connection->state == SKD_CONNECTION_READING &&
                                      !connection->is_in_line);
    }
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct skd_connection *connection = stream->data;

    (void)buf;
    if (connection->state != SKD_CONNECTION_READING || nread == 0) {
        return;
    }
    if (nread > 0) {
        take_bytes(connection, (size_t)nread);
    } else if (nread == UV_EOF) {
        connection->is_last = true;
    } else if (nread == UV_ENOBUFS && !connection->is_postponed) {
        skd_batch_refuse(connection, SKP_ERR_RESOURCE_EXHAUSTED,
                         "no memory for the rest of the message");
    } else if (nread != UV_ENOBUFS) {
        skd_connection_close(connection);
    }
    settle(connection);
}

/* Read what the socket has at the moment, past the loop. */
static void read_now(struct skd_connection *connection)
{
    struct skp_buf place = next_place(connection);
    uv_os_fd_t fd;
    ssize_t n;

    if (place.cap == 0 ||
        uv_fileno((uv_handle_t *)&connection->pipe, &fd) != 0) {
        return;
    }
    n = recv(fd, place.ptr, place.cap, MSG_DONTWAIT);
    if (n > 0) {
        take_bytes(connection, (size_t)n);
    }
}

void skd_connection_turn(struct skd_connection *connection)
{
    connection->is_postponed = false;
    if (connection->state == SKD_CONNECTION_READING) {
        if (connection->has_more) {
            handle_input(connection);
        } else {
            read_now(connection);
        }
        settle(connection);
    }
}

/* Go on with what waited while nothing could be handled. */
static void resume(struct skd_connection *connection)
{
    skd_connection_move(connection, SKD_CONNECTION_READING);
    if (skd_outbox_pending(&connection->outbox) > SKD_CONNECTION_FULL) {
        skd_connection_move(connection, SKD_CONNECTION_BLOCKED);
    } else if (connection->input.len > 0) {
        handle_input(connection);
    }
    settle(connection);
}

static void on_drained(void *state, enum skp_err err)
{
    struct skd_connection *connection = state;

    if (!skd_connection_is_open(connection)) {
        return;
    }
    if (err != SKP_ERR_OK) {
        skd_connection_close(connection);
    } else if (connection->state == SKD_CONNECTION_BLOCKED) {
        resume(connection);
    } else {
        settle(connection);
    }
}

/* ---- called by the worker ----------------------------------------------- */

void skd_connection_open(struct skd_connection *connection,
                         struct skd_desk *desk)
{
    connection->desk = desk;
    if (skd_callers_enter(&desk->callers, connection->peer.uid,
                          &connection->caller) != SKP_ERR_OK) {
        skd_connection_move(connection, SKD_CONNECTION_CLOSED);
        desk->ops.closed(desk->ops.state, connection);
        return;
    }
    if (uv_pipe_init(desk->loop, &connection->pipe, 0) != 0) {
        skd_callers_leave(&desk->callers, connection->caller);
        skd_connection_move(connection, SKD_CONNECTION_CLOSED);
        desk->ops.closed(desk->ops.state, connection);
        return;
    }
    connection->pipe.data = connection;
    skd_outbox_init(&connection->outbox, (uv_stream_t *)&connection->pipe,
                    on_drained, connection);
    skd_connection_move(connection, SKD_CONNECTION_READING);
    if (uv_pipe_open(&connection->pipe, connection->fd) != 0) {
        skd_connection_close(connection);
        return;
    }
    connection->fd = -1;
    settle(connection);
}

void skd_connection_answer(struct skd_connection *connection,
                           struct skp_view answer)
{
    if (connection->state != SKD_CONNECTION_WAITING) {
        return;
    }
    if (skd_outbox_send(&connection->outbox, answer) != SKP_ERR_OK) {
        skd_connection_close(connection);
        return;
    }
    resume(connection);
}

static enum skp_err send_rows(struct skd_connection *connection,
                              const struct skp_tenant_row *rows,
                              size_t n_rows)
{
    struct skp_secret *output = &connection->desk->output;
    struct skp_buf buf = { output->bytes, 0, output->cap };
    struct skp_view bytes;

    SKP_TRY(skp_changed_encode(rows, n_rows, &buf));
    bytes = (struct skp_view){ buf.ptr, buf.len };
    if (skd_outbox_pending(&connection->outbox) + bytes.len > SKD_OUTBOX_MAX) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    return skd_outbox_send(&connection->outbox, bytes);
}

void skd_connection_notify(struct skd_connection *connection,
                           bool is_single,
                           const struct skp_tenant_row *rows,
                           size_t n_rows)
{
    const struct skd_policy *policy = &connection->desk->served.policy;
    struct skp_tenant_row wanted[SKP_WATCH_MAX];
    size_t n_wanted;

    if (connection->watch == NULL || !skd_connection_is_open(connection) ||
        connection->state == SKD_CONNECTION_FINISHING) {
        return;
    }
    skp_assert(n_rows <= SKP_WATCH_MAX);
    n_wanted = skd_watch_filter(connection->watch, policy, &connection->peer,
                                is_single, rows, n_rows, wanted);
    for (size_t i = 0; i < n_wanted; i += NOTIFY_ROWS_MAX) {
        size_t n = n_wanted - i;

        if (n > NOTIFY_ROWS_MAX) {
            n = NOTIFY_ROWS_MAX;
        }
        if (send_rows(connection, wanted + i, n) != SKP_ERR_OK) {
            skd_connection_close(connection);
            return;
        }
    }
}

bool skd_connection_is_overdue(const struct skd_connection *connection,
                               uint64_t now_ms,
                               uint64_t limit_ms)
{
    return connection->state == SKD_CONNECTION_READING &&
           connection->input.len > 0 && !connection->is_in_line &&
           now_ms > connection->partial_since_ms + limit_ms;
}

/* The client's last requests may lie in the socket still. */
void skd_connection_finish(struct skd_connection *connection)
{
    if (!skd_connection_is_open(connection)) {
        return;
    }
    if (connection->state == SKD_CONNECTION_READING && !connection->is_last &&
        !connection->has_more) {
        skd_turns_remove(&connection->desk->turns, connection);
        connection->is_postponed = false;
        read_now(connection);
    }
    connection->is_last = true;
    settle(connection);
}
