/* key_cache_watch.c - the watch connection; see key_cache_watch.h. */
#include "libclient/key_cache_watch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* There is one request on a connection. */
#define WATCH_MSGID 1u
#define REQUEST_MAX 64u
#define READ_STEP   4096u
/* A buffer that grew for one long notification is given back. */
#define BUFFER_KEPT 16384u

enum skp_err skc_watch_init(struct skc_watch *watch,
                            const char *path,
                            const struct skc_watch_events *events)
{
    struct skc_watch made = { .path = path, .events = *events };

    SKP_TRY(skp_scratch_new(&made.scratch));
    skc_conn_init(&made.conn);
    *watch = made;
    return SKP_ERR_OK;
}

void skc_watch_done(struct skc_watch *watch)
{
    if (watch->scratch == NULL) {
        return;
    }
    skc_conn_done(&watch->conn);
    skp_scratch_free(&watch->scratch);
}

static void turn(struct skc_watch *watch, uint64_t now_ms)
{
    watch->turn++;
    watch->turned_ms = now_ms;
}

static void
move(struct skc_watch *watch, enum skc_watch_state state, uint64_t now_ms)
{
    watch->state = state;
    turn(watch, now_ms);
}

/* Disconnect, to try again after @pause_ms. */
static void leave(struct skc_watch *watch,
                  enum skc_watch_state state,
                  uint64_t now_ms,
                  uint64_t pause_ms)
{
    bool was_on = watch->state == SKC_WATCH_ON;

    skc_conn_drop(&watch->conn);
    skp_secret_clear(&watch->conn.in);
    watch->retry_ms = now_ms + pause_ms;
    move(watch, state, now_ms);
    if (was_on) {
        watch->events.lost(watch->events.state, watch->alive_ms);
    }
}

/* The request fits the buffer of a socket that was made a moment ago: what
 * does not go out at once never will. */
static bool send_request(struct skc_watch *watch)
{
    static const struct skp_request request = { .msgid = WATCH_MSGID,
                                                .method = SKP_METHOD_WATCH };
    uint8_t bytes[REQUEST_MAX];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    return skp_request_encode(&request, &buf) == SKP_ERR_OK &&
           send(watch->conn.fd, buf.ptr, buf.len,
                MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)buf.len;
}

static void connect_and_ask(struct skc_watch *watch, uint64_t now_ms)
{
    /* A deadline that has passed: one attempt. */
    if (skc_conn_connect(&watch->conn, watch->path, 0, NULL) != SKP_ERR_OK ||
        !send_request(watch)) {
        skc_conn_drop(&watch->conn);
        watch->retry_ms = now_ms + SKC_WATCH_RETRY_MS;
        return;
    }
    watch->progress = (struct skp_frame_progress){ .pos = 0 };
    move(watch, SKC_WATCH_ASKED, now_ms);
}

static void take_answer(struct skc_watch *watch,
                        const struct skp_response *response,
                        uint64_t now_ms)
{
    if (response->err == SKP_ERR_PERMISSION_DENIED ||
        response->err == SKP_ERR_UNIMPLEMENTED) {
        leave(watch, SKC_WATCH_REFUSED, now_ms, SKC_WATCH_REFUSED_MS);
    } else if (response->err != SKP_ERR_OK || !response->has_msgid ||
               response->msgid != WATCH_MSGID ||
               watch->state != SKC_WATCH_ASKED) {
        leave(watch, SKC_WATCH_DOWN, now_ms, SKC_WATCH_RETRY_MS);
    } else {
        move(watch, SKC_WATCH_ON, now_ms);
    }
}

static void
take_message(struct skc_watch *watch, struct skp_view message, uint64_t now_ms)
{
    enum skp_message kind;
    struct skp_response response;

    if (skp_response_decode(watch->scratch, message, SKP_METHOD_WATCH, &kind,
                            &response, NULL) != SKP_ERR_OK) {
        leave(watch, SKC_WATCH_DOWN, now_ms, SKC_WATCH_RETRY_MS);
        return;
    }
    if (kind == SKP_MESSAGE_RESPONSE) {
        take_answer(watch, &response, now_ms);
        return;
    }
    turn(watch, now_ms);
    for (size_t i = 0; i < response.n_rows; i++) {
        watch->events.changed(watch->events.state, &response.rows[i]);
    }
}

/* All whole messages in the buffer; it may be disconnected on return. */
static void take_messages(struct skc_watch *watch, uint64_t now_ms)
{
    struct skp_secret *in = &watch->conn.in;

    while (watch->conn.fd >= 0) {
        size_t len = 0;
        enum skp_frame frame =
            skp_frame_resume(&watch->progress, skp_secret_view(in),
                             &skp_frame_answer_limits, &len);

        if (frame == SKP_FRAME_PARTIAL) {
            return;
        }
        if (frame != SKP_FRAME_WHOLE) {
            leave(watch, SKC_WATCH_DOWN, now_ms, SKC_WATCH_RETRY_MS);
            return;
        }
        watch->progress = (struct skp_frame_progress){ .pos = 0 };
        take_message(watch, (struct skp_view){ in->bytes, len }, now_ms);
        if (watch->conn.fd >= 0) {
            skp_secret_consume(in, len);
        }
    }
}

/* Read once; false when there is no more to read now. */
static bool read_some(struct skc_watch *watch, uint64_t now_ms)
{
    struct skp_secret *in = &watch->conn.in;
    ssize_t n;

    if (in->cap - in->len < READ_STEP &&
        skp_secret_reserve(in, 2 * in->cap + READ_STEP) != SKP_ERR_OK) {
        /* What cannot be read must not be taken for silence. */
        leave(watch, SKC_WATCH_DOWN, now_ms, SKC_WATCH_RETRY_MS);
        return false;
    }
    n = recv(watch->conn.fd, in->bytes + in->len, in->cap - in->len,
             MSG_DONTWAIT);
    if (n > 0) {
        in->len += (size_t)n;
        return true;
    }
    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n < 0 && errno == EAGAIN) {
        watch->alive_ms = now_ms;
        return false;
    }
    /* One that watched is made again at once: the agent was restarted. */
    leave(watch, SKC_WATCH_DOWN, now_ms,
          watch->state == SKC_WATCH_ON ? 0 : SKC_WATCH_RETRY_MS);
    return false;
}

static void read_all(struct skc_watch *watch, uint64_t now_ms)
{
    while (watch->conn.fd >= 0 && read_some(watch, now_ms)) {
        take_messages(watch, now_ms);
    }
    if (watch->conn.in.len == 0 && watch->conn.in.cap > BUFFER_KEPT) {
        skp_secret_done(&watch->conn.in);
    }
}

void skc_watch_poll(struct skc_watch *watch, uint64_t now_ms)
{
    if (watch->conn.fd >= 0) {
        read_all(watch, now_ms);
    }
    if (watch->conn.fd < 0 && now_ms >= watch->retry_ms) {
        connect_and_ask(watch, now_ms);
    }
}

void skc_watch_hurry(struct skc_watch *watch)
{
    if (watch->state == SKC_WATCH_DOWN) {
        watch->retry_ms = 0;
    }
}

void skc_watch_doubt(struct skc_watch *watch, uint64_t now_ms)
{
    if (watch->conn.fd >= 0) {
        leave(watch, SKC_WATCH_DOWN, now_ms, SKC_WATCH_RETRY_MS);
    }
}
