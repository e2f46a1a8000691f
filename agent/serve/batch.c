/* batch.c - from the bytes of a client to its answers; see connection_parts.h.
 */
#include "agent/serve/connection_parts.h"

/* ---- answers ------------------------------------------------------------ */

/* Hand the answers of this batch to the socket. */
static void flush_output(struct skd_connection *connection)
{
    struct skp_secret *output = &connection->desk->output;

    if (skd_connection_is_open(connection) &&
        skd_outbox_send(&connection->outbox, skp_secret_view(output)) !=
            SKP_ERR_OK) {
        skd_connection_close(connection);
    }
    skp_secret_clear(output);
    if (connection->state == SKD_CONNECTION_READING &&
        skd_outbox_pending(&connection->outbox) > SKD_CONNECTION_PENDING_MAX) {
        skd_connection_move(connection, SKD_CONNECTION_BLOCKED);
    }
}

static enum skp_err encode_response(struct skp_secret *output,
                                    const struct skp_response *response)
{
    struct skp_buf buf = { output->bytes, output->len, output->cap };

    SKP_TRY(skp_response_encode(response, &buf));
    output->len = buf.len;
    return SKP_ERR_OK;
}

/* Add an answer to the batch, making room where it does not fit. */
static void put_response(struct skd_connection *connection,
                         const struct skp_response *response)
{
    struct skp_secret *output = &connection->desk->output;
    struct skp_response failure = { .has_msgid = response->has_msgid,
                                    .msgid = response->msgid,
                                    .method = response->method,
                                    .err = SKP_ERR_INTERNAL };

    if (encode_response(output, response) == SKP_ERR_OK) {
        return;
    }
    flush_output(connection);
    if (encode_response(output, response) == SKP_ERR_OK ||
        encode_response(output, &failure) == SKP_ERR_OK) {
        return;
    }
    skd_connection_close(connection);
}

/* One last error; what the client sent behind it is not looked at. */
static void refuse_all(struct skd_connection *connection,
                       enum skp_err err,
                       const char *text)
{
    struct skp_response response = { .err = err, .text = skp_view_of(text) };

    skd_connection_move(connection, SKD_CONNECTION_FINISHING);
    put_response(connection, &response);
}

/* ---- requests ----------------------------------------------------------- */

static void start_watch(struct skd_connection *connection,
                        const struct skp_request *request,
                        struct skp_response *response)
{
    struct skd_watch *watch;

    response->err = skd_watch_new(request->tenants, request->n_tenants, &watch);
    if (response->err == SKP_ERR_OK) {
        skd_watch_free(&connection->watch);
        connection->watch = watch;
    }
    put_response(connection, response);
}

static void ask_main_loop(struct skd_connection *connection,
                          const struct skp_request *request,
                          struct skp_response *response)
{
    const struct skd_desk_ops *ops = &connection->desk->ops;

    response->err = ops->ask(ops->state, connection, request);
    if (response->err != SKP_ERR_OK) {
        put_response(connection, response);
    } else if (connection->state == SKD_CONNECTION_READING) {
        skd_connection_move(connection, SKD_CONNECTION_WAITING);
    }
}

static void handle_request(struct skd_connection *connection,
                           const struct skp_request *request,
                           uint64_t now_ms)
{
    struct skd_desk *desk = connection->desk;
    struct skp_response response = { .has_msgid = false };
    bool wants = false;

    switch (skd_handler_run(desk->handler, &desk->served, &connection->peer,
                            now_ms, request, &response, &wants)) {
    case SKD_HANDLED_WATCH:
        start_watch(connection, request, &response);
        break;
    case SKD_HANDLED_ASK:
        ask_main_loop(connection, request, &response);
        break;
    case SKD_HANDLED_ANSWER:
    default:
        put_response(connection, &response);
        break;
    }
    skd_handler_wipe(desk->handler);
    if (wants) {
        desk->ops.want(desk->ops.state);
    }
}

static void handle_message(struct skd_connection *connection,
                           struct skp_view message,
                           uint64_t now_ms)
{
    struct skp_refusal refusal = { false, 0 };
    struct skp_diag diag = { "" };
    struct skp_request request;
    struct skp_response response;
    enum skp_err err = skp_request_decode(connection->desk->scratch, message,
                                          &request, &refusal, &diag);

    if (err == SKP_ERR_OK) {
        handle_request(connection, &request, now_ms);
        return;
    }
    if (!refusal.has_msgid) {
        refuse_all(connection, err, diag.text);
        return;
    }
    response = (struct skp_response){ .has_msgid = true,
                                      .msgid = refusal.msgid,
                                      .err = err,
                                      .text = skp_view_of(diag.text) };
    put_response(connection, &response);
}

/* Handle the whole messages in @bytes, as long as more may be handled; returns
 * how many bytes they were. */
static size_t handle_messages(struct skd_connection *connection,
                              struct skp_view bytes,
                              uint64_t now_ms)
{
    size_t used = 0;
    size_t len = 0;

    while (connection->state == SKD_CONNECTION_READING && used < bytes.len) {
        struct skp_view rest = { bytes.ptr + used, bytes.len - used };

        switch (skp_frame_resume(&connection->progress, rest,
                                 &skp_frame_request_limits, &len)) {
        case SKP_FRAME_WHOLE:
            connection->progress = (struct skp_frame_progress){ 0 };
            rest.len = len;
            handle_message(connection, rest, now_ms);
            used += len;
            break;
        case SKP_FRAME_PARTIAL:
            return used;
        case SKP_FRAME_OVER_LIMIT:
            refuse_all(connection, SKP_ERR_RESOURCE_EXHAUSTED,
                       "the message is over a limit");
            break;
        case SKP_FRAME_MALFORMED:
        default:
            refuse_all(connection, SKP_ERR_INVALID_ARGUMENT,
                       "that is no MessagePack that a request may hold");
            break;
        }
    }
    return used;
}

size_t skd_batch_run(struct skd_connection *connection, struct skp_view bytes)
{
    uint64_t now_ms = skd_env_now_ms(connection->desk->env);
    bool was_partial = connection->input.len > 0;
    size_t used = handle_messages(connection, bytes, now_ms);

    flush_output(connection);
    if (used > 0 || !was_partial) {
        connection->partial_since_ms = now_ms;
    }
    if (connection->state == SKD_CONNECTION_FINISHING ||
        !skd_connection_is_open(connection)) {
        return bytes.len;
    }
    return used;
}

void skd_batch_refuse(struct skd_connection *connection,
                      enum skp_err err,
                      const char *text)
{
    refuse_all(connection, err, text);
    flush_output(connection);
}
