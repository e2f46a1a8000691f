/* lookahead.c - the multiplications of requests that wait in the same bytes;
 * see lookahead.h. */
#include "agent/serve/lookahead.h"

#include "agent/serve/connection_parts.h"
#include "protocol/x25519_batch.h"

/* The whole messages at the start of some bytes. */
struct waiting {
    struct skp_view messages[SKP_AHEAD_MAX];
    size_t n;
};

static void find_messages(struct skp_frame_progress progress,
                          struct skp_view bytes,
                          size_t n_max,
                          struct waiting *ret)
{
    size_t len = 0;

    ret->n = 0;
    while (ret->n < n_max && bytes.len > 0 &&
           skp_frame_resume(&progress, bytes, &skp_frame_request_limits,
                            &len) == SKP_FRAME_WHOLE) {
        ret->messages[ret->n++] = (struct skp_view){ bytes.ptr, len };
        progress = (struct skp_frame_progress){ 0 };
        bytes.ptr += len;
        bytes.len -= len;
    }
}

/* Look at @message; false when those behind it will not be handled in the same
 * go. */
static bool look_at(const struct skd_connection *connection,
                    struct skp_view message,
                    uint64_t now_ms,
                    unsigned *spent)
{
    struct skd_desk *desk = connection->desk;
    struct skp_refusal refusal = { false, 0 };
    struct skp_request request;
    size_t len;

    if (skp_request_read(desk->scratch, message, &request, &len, &refusal,
                         NULL) != SKP_ERR_OK) {
        *spent += 1;
        return refusal.has_msgid;
    }
    *spent += skd_turns_cost(&request);
    return skd_handler_peek(desk->handler, &desk->served, &connection->peer,
                            now_ms, &request);
}

static bool may_look(const struct skd_connection *connection)
{
    const struct skd_audit_pen *pen = &connection->desk->pen;

    return connection->uses_keys && skp_x25519_batch_least() < SKP_AHEAD_MAX &&
           (pen->audit == NULL || skd_audit_may_use(pen->audit, pen->producer));
}

/* Do what was added, if that is worth it; false when there was nothing. */
static bool run_or_forget(struct skp_ahead *ahead)
{
    size_t n = skp_ahead_count(ahead);

    if (n >= skp_x25519_batch_least()) {
        skp_ahead_run(ahead);
    } else {
        skp_ahead_clear(ahead);
    }
    return n > 0;
}

/* Look at the messages at the start of @bytes; returns how many were found. */
static size_t look_ahead(struct skd_connection *connection,
                         struct skp_view bytes,
                         unsigned budget,
                         uint64_t now_ms)
{
    struct skp_ahead *ahead = skd_handler_ahead(connection->desk->handler);
    struct waiting waiting;
    unsigned spent = 0;
    size_t n = 0;

    skd_lookahead_end(connection->desk);
    find_messages(connection->progress, bytes,
                  skd_connection_may_ask(connection, now_ms, SKP_AHEAD_MAX),
                  &waiting);
    if (waiting.n >= skp_x25519_batch_least()) {
        while (n < waiting.n && spent < budget &&
               look_at(connection, waiting.messages[n], now_ms, &spent)) {
            n++;
        }
        connection->uses_keys = run_or_forget(ahead);
    }
    return waiting.n;
}

void skd_lookahead_step(struct skd_lookahead *lookahead,
                        struct skd_connection *connection,
                        struct skp_view bytes,
                        unsigned budget,
                        uint64_t now_ms)
{
    if (lookahead->n_left > 0) {
        lookahead->n_left--;
    } else if (may_look(connection)) {
        size_t n = look_ahead(connection, bytes, budget, now_ms);

        /* The first of them is handled now. */
        lookahead->n_left = n > 0 ? n - 1 : 0;
    }
}

void skd_lookahead_end(struct skd_desk *desk)
{
    skp_ahead_clear(skd_handler_ahead(desk->handler));
}
