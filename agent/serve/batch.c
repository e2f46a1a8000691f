/* batch.c - from the bytes of a client to its answers; see connection_parts.h.
 */
#include "agent/serve/connection_parts.h"
#include "agent/serve/lookahead.h"

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
        skd_outbox_pending(&connection->outbox) > SKD_CONNECTION_FULL) {
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

/* An answer that does not fit: make room, or say at least that it was too
 * large. */
static enum skp_err put_again(struct skd_connection *connection,
                              const struct skp_response *response)
{
    struct skp_secret *output = &connection->desk->output;
    const struct skp_response failure = { .has_msgid = response->has_msgid,
                                          .msgid = response->msgid,
                                          .method = response->method,
                                          .err = SKP_ERR_INTERNAL };

    flush_output(connection);
    if (encode_response(output, response) == SKP_ERR_OK) {
        return response->err;
    }
    if (encode_response(output, &failure) != SKP_ERR_OK) {
        skd_connection_close(connection);
    }
    return SKP_ERR_INTERNAL;
}

/* Add an answer to the batch; says what it became. */
static enum skp_err put_encoded(struct skd_connection *connection,
                                const struct skp_response *response)
{
    if (encode_response(&connection->desk->output, response) == SKP_ERR_OK) {
        return response->err;
    }
    return put_again(connection, response);
}

/* The look at the clock for each of these is worth saving; see tally.h. */
static bool is_quick(enum skp_method method)
{
    return method == SKP_METHOD_PUBKEY || method == SKP_METHOD_HELLO ||
           method == SKP_METHOD_COUNT;
}

/* Time the quick answers so far. */
static void end_quick(struct skd_desk *desk)
{
    if (desk->tally.n_quick > 0) {
        skd_tally_end(&desk->tally, skd_tally_now_ns());
    }
}

static void put_response(struct skd_connection *connection,
                         const struct skp_response *response)
{
    struct skd_tally *tally = &connection->desk->tally;
    enum skp_err err = put_encoded(connection, response);

    if (is_quick(response->method)) {
        skd_tally_quick(tally, response->method, err);
    } else {
        skd_tally_answer(tally, response->method, err, skd_tally_now_ns());
    }
}

/* One last error; what the client sent behind it is not looked at. */
static void refuse_all(struct skd_connection *connection,
                       enum skp_err err,
                       const char *text)
{
    struct skp_response response = { .err = err,
                                     .text = skp_view_of(text),
                                     .method = SKP_METHOD_COUNT };

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
                           const struct skd_tenant *found,
                           uint64_t now_ms)
{
    struct skd_desk *desk = connection->desk;
    struct skp_response response = { .has_msgid = false };
    bool wants = false;

    switch (skd_account_run(connection, request, found, now_ms, &response,
                            &wants)) {
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

/* Refuse what is more than the user may ask for in a second. */
static void refuse_request(struct skd_connection *connection,
                           const struct skp_request *request)
{
    static const char text[] = "too many requests of this user";
    const struct skp_response response = { .has_msgid = true,
                                           .msgid = request->msgid,
                                           .method = request->method,
                                           .err = SKP_ERR_RESOURCE_EXHAUSTED,
                                           .text = skp_view_of(text) };

    skd_account_refusal(connection, request, response.err);
    put_response(connection, &response);
}

static bool is_over_rate(const struct skd_connection *connection,
                         uint64_t now_ms)
{
    unsigned per_s =
        connection->desk->served.policy.config->max_requests_per_uid;

    return per_s > 0 && connection->rate != NULL &&
           !skd_rate_take(connection->rate, per_s, now_ms);
}

size_t skd_connection_may_ask(const struct skd_connection *connection,
                              uint64_t now_ms,
                              size_t n_max)
{
    unsigned per_s =
        connection->desk->served.policy.config->max_requests_per_uid;
    uint64_t n_left = n_max;

    if (per_s > 0 && connection->rate != NULL) {
        n_left = skd_rate_left(connection->rate, per_s, now_ms);
    }
    return n_left < n_max ? (size_t)n_left : n_max;
}

/* Returns what it cost. */
static unsigned serve_request(struct skd_connection *connection,
                              const struct skp_request *request,
                              const struct skd_tenant *found,
                              uint64_t now_ms)
{
    if (is_over_rate(connection, now_ms)) {
        skd_tally_over_rate(&connection->desk->tally);
        refuse_request(connection, request);
        return 1;
    }
    if (!is_quick(request->method)) {
        end_quick(connection->desk);
    }
    connection->uses_keys =
        connection->uses_keys || skd_handler_uses_key(request->method);
    handle_request(connection, request, found, now_ms);
    return skd_turns_cost(request);
}

/* A whole message, which may be no right request; returns what it cost. */
static unsigned handle_message(struct skd_connection *connection,
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
        return serve_request(connection, &request, NULL, now_ms);
    }
    if (!refusal.has_msgid) {
        refuse_all(connection, err, diag.text);
        return 1;
    }
    response = (struct skp_response){ .has_msgid = true,
                                      .msgid = refusal.msgid,
                                      .err = err,
                                      .text = skp_view_of(diag.text),
                                      .method = SKP_METHOD_COUNT };
    put_response(connection, &response);
    return 1;
}

/* Nearly every message is a right request, and whole: such a one is served
 * without a look for its end, and without words for a refusal.  Returns its
 * length, 0 for all others: nothing has happened.
 * @budget  what may be spent; at least 1. */
static size_t handle_right(struct skd_connection *connection,
                           struct skp_view bytes,
                           unsigned budget,
                           uint64_t now_ms,
                           unsigned *spent)
{
    const struct skd_lined *lined =
        connection->progress.pos > 0
            ? NULL
            : skd_lineup_take(&connection->desk->lineup, connection, bytes,
                              budget, now_ms);

    if (lined == NULL) {
        return 0;
    }
    *spent += serve_request(connection, &lined->request, lined->found, now_ms);
    return lined->len;
}

/* When not, the batch ends, and its answers block the connection. */
static bool has_room(const struct skd_connection *connection)
{
    return skd_outbox_pending(&connection->outbox) +
               connection->desk->output.len <=
           SKD_CONNECTION_FULL;
}

/* The message at the start of @bytes, whatever it is; returns how many bytes
 * are done with, 0 when it is not whole. */
static size_t handle_any(struct skd_connection *connection,
                         struct skp_view bytes,
                         uint64_t now_ms,
                         unsigned *spent)
{
    size_t len = 0;

    switch (skp_frame_resume(&connection->progress, bytes,
                             &skp_frame_request_limits, &len)) {
    case SKP_FRAME_WHOLE:
        connection->progress = (struct skp_frame_progress){ 0 };
        bytes.len = len;
        *spent += handle_message(connection, bytes, now_ms);
        return len;
    case SKP_FRAME_PARTIAL:
        return 0;
    case SKP_FRAME_OVER_LIMIT:
        refuse_all(connection, SKP_ERR_RESOURCE_EXHAUSTED,
                   "the message is over a limit");
        return bytes.len;
    case SKP_FRAME_MALFORMED:
    default:
        refuse_all(connection, SKP_ERR_INVALID_ARGUMENT,
                   "that is no MessagePack that a request may hold");
        return bytes.len;
    }
}

/* Handle the whole messages in @bytes, as long as more may be handled and this
 * turn lasts; returns how many bytes they were. */
static size_t handle_messages(struct skd_connection *connection,
                              struct skp_view bytes,
                              uint64_t now_ms)
{
    const struct skd_turns *turns = &connection->desk->turns;
    struct skd_lookahead lookahead = { 0 };
    unsigned budget = skd_turns_budget(turns);
    unsigned spent = 0;
    size_t used = 0;
    bool is_partial = false;

    while (connection->state == SKD_CONNECTION_READING && used < bytes.len &&
           spent < budget && !is_partial && has_room(connection)) {
        struct skp_view rest = { bytes.ptr + used, bytes.len - used };
        size_t len;

        if (lookahead.n_left > 0 || connection->uses_keys) {
            skd_lookahead_step(&lookahead, connection, rest, budget - spent,
                               now_ms);
        }
        len = handle_right(connection, rest, budget - spent, now_ms, &spent);
        if (len == 0) {
            len = handle_any(connection, rest, now_ms, &spent);
        }
        used += len;
        is_partial = len == 0;
    }
    skd_lineup_clear(&connection->desk->lineup);
    skd_turns_spend(turns, connection->caller, spent);
    connection->has_more = used < bytes.len && spent >= budget;
    return used;
}

size_t skd_batch_run(struct skd_connection *connection, struct skp_view bytes)
{
    uint64_t now_ms = skd_env_now_ms(connection->desk->env);
    bool was_partial = connection->input.len > 0;
    size_t used;

    skd_tally_begin(&connection->desk->tally, skd_tally_now_ns());
    connection->has_more = false;
    used = handle_messages(connection, bytes, now_ms);
    end_quick(connection->desk);
    skd_lookahead_end(connection->desk);
    flush_output(connection);
    connection->has_more =
        connection->has_more && connection->state == SKD_CONNECTION_READING;
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
    end_quick(connection->desk);
    flush_output(connection);
}
