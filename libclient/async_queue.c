/* async_queue.c - open requests and their bytes; see async_queue.h. */
#include "libclient/async_queue.h"

#include <stdlib.h>
#include <string.h>

/* The fixed parts of a request: method, names and type bytes. */
#define REQUEST_FIXED_LEN 512u
/* The type bytes of one more string. */
#define STRING_HEAD_LEN 5u
/* An empty queue keeps a buffer of this size and gives back a larger one. */
#define BYTES_KEPT 262144u

static const unsigned message_max = SKP_MESSAGE_MAX;

enum skp_err skc_async_queue_init(struct skc_async_queue *queue,
                                  size_t count_max,
                                  size_t bytes_max)
{
    struct skc_async_request *ring = calloc(count_max + 1, sizeof *ring);

    if (ring == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *queue = (struct skc_async_queue){ .ring = ring,
                                       .ring_len = count_max + 1,
                                       .count_max = count_max,
                                       .bytes_max = bytes_max };
    return SKP_ERR_OK;
}

void skc_async_queue_done(struct skc_async_queue *queue)
{
    skp_secret_done(&queue->bytes);
    free(queue->ring);
    *queue = (struct skc_async_queue){ .ring = NULL };
}

struct skc_async_request *
skc_async_queue_at(const struct skc_async_queue *queue, size_t i)
{
    skp_assert(i <= queue->count);
    return &queue->ring[(queue->head + i) % queue->ring_len];
}

/* Where the bytes of the request at @i begin, counted from queue->start. */
static size_t offset_of(const struct skc_async_queue *queue, size_t i)
{
    size_t offset = 0;

    for (size_t k = 0; k < i; k++) {
        offset += skc_async_queue_at(queue, k)->len;
    }
    return offset;
}

static size_t used_bytes(const struct skc_async_queue *queue)
{
    return queue->bytes.len - queue->start;
}

/* An upper bound of what skp_request_encode writes. */
static size_t bound_len(const struct skp_request *message)
{
    size_t len = message->data.len + message->aad.len + message->tenant.len +
                 message->cursor.len + REQUEST_FIXED_LEN;

    for (size_t i = 0; i < message->n_tenants; i++) {
        len += message->tenants[i].len + STRING_HEAD_LEN;
    }
    return len;
}

/* Make room for @len bytes at the end.  The bytes move to the front when at
 * least as many are wiped before them: each byte moves once on average. */
static enum skp_err make_room(struct skc_async_queue *queue, size_t len)
{
    struct skp_secret *bytes = &queue->bytes;
    size_t needed;

    if (bytes->cap - bytes->len >= len) {
        return SKP_ERR_OK;
    }
    if (queue->start >= used_bytes(queue)) {
        skp_secret_consume(bytes, queue->start);
        queue->start = 0;
    }
    needed = bytes->len + len;
    if (needed <= bytes->cap) {
        return SKP_ERR_OK;
    }
    return skp_secret_reserve(bytes, needed > 2 * bytes->cap ? needed
                                                             : 2 * bytes->cap);
}

static enum skp_err check_limits(const struct skc_async_queue *queue,
                                 size_t bound,
                                 struct skp_diag *diag)
{
    size_t used = used_bytes(queue);

    if (queue->count >= queue->count_max) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "%zu requests are open, and no more may be",
                        queue->count);
    }
    if (bound - REQUEST_FIXED_LEN > message_max) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "too long for one request of at most %u bytes",
                        message_max);
    }
    /* One request of any size is allowed: else it could never be sent. */
    if (queue->count > 0 &&
        (used >= queue->bytes_max || bound > queue->bytes_max - used)) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "the open requests may have %zu bytes together",
                        queue->bytes_max);
    }
    return SKP_ERR_OK;
}

enum skp_err skc_async_queue_push(struct skc_async_queue *queue,
                                  const struct skc_async_request *request,
                                  const struct skp_request *message,
                                  struct skp_diag *diag)
{
    struct skp_secret *bytes = &queue->bytes;
    size_t bound = bound_len(message);
    struct skc_async_request *place;
    struct skp_buf buf;

    SKP_TRY(check_limits(queue, bound, diag));
    if (make_room(queue, bound) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no memory for the request");
    }
    buf = skp_buf_over(bytes->bytes + bytes->len, bytes->cap - bytes->len);
    if (skp_request_encode(message, &buf) != SKP_ERR_OK ||
        buf.len > message_max) {
        skp_wipe(buf.ptr, buf.len);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "too long for one request of at most %u bytes",
                        message_max);
    }
    place = skc_async_queue_at(queue, queue->count);
    *place = *request;
    place->len = buf.len;
    bytes->len += buf.len;
    queue->count++;
    return SKP_ERR_OK;
}

enum skp_err skc_async_queue_push_front(struct skc_async_queue *queue,
                                        const struct skc_async_request *request,
                                        struct skp_view frame)
{
    struct skp_secret *bytes = &queue->bytes;
    struct skc_async_request *place;

    skp_assert(queue->sent == 0 && queue->count < queue->ring_len);
    SKP_TRY(make_room(queue, frame.len));
    memmove(bytes->bytes + queue->start + frame.len,
            bytes->bytes + queue->start, used_bytes(queue));
    memcpy(bytes->bytes + queue->start, frame.ptr, frame.len);
    bytes->len += frame.len;
    queue->head = (queue->head + queue->ring_len - 1) % queue->ring_len;
    queue->count++;
    place = skc_async_queue_at(queue, 0);
    *place = *request;
    place->len = frame.len;
    return SKP_ERR_OK;
}

size_t skc_async_queue_sent_of(const struct skc_async_queue *queue, size_t i)
{
    size_t offset = offset_of(queue, i);
    size_t len = skc_async_queue_at(queue, i)->len;

    if (queue->sent <= offset) {
        return 0;
    }
    return queue->sent - offset < len ? queue->sent - offset : len;
}

size_t skc_async_queue_count_sent(const struct skc_async_queue *queue)
{
    size_t offset = 0;
    size_t n = 0;

    while (n < queue->count && offset < queue->sent) {
        offset += skc_async_queue_at(queue, n)->len;
        n++;
    }
    return n;
}

struct skp_view skc_async_queue_oldest(const struct skc_async_queue *queue)
{
    skp_assert(queue->count > 0);
    return (struct skp_view){ queue->bytes.bytes + queue->start,
                              skc_async_queue_at(queue, 0)->len };
}

/* Wipe the @len bytes at @offset and close the gap that they leave. */
static void cut_bytes(struct skc_async_queue *queue, size_t offset, size_t len)
{
    struct skp_secret *bytes = &queue->bytes;
    uint8_t *gap = bytes->bytes + queue->start + offset;

    if (offset == 0) {
        skp_wipe(gap, len);
        queue->start += len;
        queue->sent -= queue->sent < len ? queue->sent : len;
        return;
    }
    memmove(gap, gap + len, used_bytes(queue) - offset - len);
    bytes->len -= len;
    skp_wipe(bytes->bytes + bytes->len, len);
}

static void rest_when_empty(struct skc_async_queue *queue)
{
    if (queue->count > 0) {
        return;
    }
    queue->start = 0;
    queue->bytes.len = 0; /* all of it is wiped */
    if (queue->bytes.cap > BYTES_KEPT) {
        skp_secret_done(&queue->bytes);
    }
}

void skc_async_queue_take(struct skc_async_queue *queue,
                          size_t i,
                          struct skc_async_request *ret)
{
    size_t offset = offset_of(queue, i);

    skp_assert(i < queue->count);
    skp_assert(queue->sent <= offset ||
               (i == 0 && queue->sent >= skc_async_queue_at(queue, 0)->len));
    *ret = *skc_async_queue_at(queue, i);
    cut_bytes(queue, offset, ret->len);
    if (i == 0) {
        queue->head = (queue->head + 1) % queue->ring_len;
    } else {
        for (size_t k = i; k + 1 < queue->count; k++) {
            *skc_async_queue_at(queue, k) = *skc_async_queue_at(queue, k + 1);
        }
    }
    queue->count--;
    rest_when_empty(queue);
}

void skc_async_queue_forget(struct skc_async_queue *queue, size_t i)
{
    size_t len = skc_async_queue_at(queue, i)->len;

    skp_assert(skc_async_queue_sent_of(queue, i) == len);
    skp_wipe(queue->bytes.bytes + queue->start + offset_of(queue, i), len);
}

struct skp_view skc_async_queue_unsent(const struct skc_async_queue *queue)
{
    size_t len = used_bytes(queue) - queue->sent;

    if (len == 0) {
        return (struct skp_view){ NULL, 0 };
    }
    return (struct skp_view){ queue->bytes.bytes + queue->start + queue->sent,
                              len };
}

void skc_async_queue_note_sent(struct skc_async_queue *queue, size_t len)
{
    skp_assert(len <= used_bytes(queue) - queue->sent);
    queue->sent += len;
}

void skc_async_queue_rewind(struct skc_async_queue *queue)
{
    queue->sent = 0;
}
