/* async_queue.h - the requests that are open on an async handle, in order.
 *
 * The encoded requests lie one after another in one locked buffer, from the
 * oldest that has no answer to the newest; the first `sent` bytes of them are
 * on the wire.  So one send() carries many requests, and after a reconnect the
 * same bytes go out again.
 *
 * Secrets:  a request may hold a plaintext.  Its bytes are wiped when it leaves
 *           the queue, or by skc_async_queue_forget.
 */
#ifndef SKC_ASYNC_QUEUE_H
#define SKC_ASYNC_QUEUE_H

#include "libclient/sidekey_async.h"
#include "protocol/rpc.h"
#include "protocol/secret.h"

struct skc_async_request {
    uint64_t ticket; /* 0: the handle's own, nobody waits for it */
    uint32_t msgid;
    enum skp_method method;
    size_t len; /* of its bytes; set by the queue */
    uint64_t deadline_ms;
    uint64_t since_ms; /* submitted, or has lost its connection */
    sidekey_async_done *done;
    void *user;
    bool is_repeated;  /* has lost one connection */
    bool is_lost;      /* has lost two */
    bool is_cancelled; /* to be answered so */
    bool is_over;      /* has been answered; holds the place of an answer */
};

/* Open, so that it can be embedded. */
struct skc_async_queue {
    struct skc_async_request *ring;
    size_t ring_len;
    size_t head; /* where the oldest is */
    size_t count;
    size_t count_max;
    struct skp_secret bytes;
    size_t start; /* of the oldest one's bytes; before it all is wiped */
    size_t sent;  /* bytes on the wire, counted from start */
    size_t bytes_max;
};

/* Make an empty queue; a zeroed one is valid for skc_async_queue_done.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skc_async_queue_init(struct skc_async_queue *queue,
                                                 size_t count_max,
                                                 size_t bytes_max);

/* Wipe and release. */
void skc_async_queue_done(struct skc_async_queue *queue);

/* Encode @message behind the others.
 *   SKP_ERR_RESOURCE_EXHAUSTED  a limit of the queue or of a message; no
 *                               memory.  @diag says which. */
SKP_MUST_CHECK enum skp_err
skc_async_queue_push(struct skc_async_queue *queue,
                     const struct skc_async_request *request,
                     const struct skp_request *message,
                     struct skp_diag *diag);

/* Put the encoded @frame before the others; there is one place for it beyond
 * count_max.  Nothing may have been sent.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skc_async_queue_push_front(struct skc_async_queue *queue,
                           const struct skc_async_request *request,
                           struct skp_view frame);

/* The request at @i, 0 being the oldest; borrowed until the queue changes. */
struct skc_async_request *
skc_async_queue_at(const struct skc_async_queue *queue, size_t i);

/* How many bytes of the request at @i are on the wire. */
size_t skc_async_queue_sent_of(const struct skc_async_queue *queue, size_t i);

/* How many requests have a byte on the wire; they are the oldest ones. */
size_t skc_async_queue_count_sent(const struct skc_async_queue *queue);

/* The bytes of the oldest; borrowed until the queue changes. */
struct skp_view skc_async_queue_oldest(const struct skc_async_queue *queue);

/* Take the request at @i out and wipe its bytes.  It is the oldest, or none of
 * its bytes are on the wire. */
void skc_async_queue_take(struct skc_async_queue *queue,
                          size_t i,
                          struct skc_async_request *ret);

/* Wipe the bytes of the request at @i, all of which were sent; it is not going
 * to be repeated. */
void skc_async_queue_forget(struct skc_async_queue *queue, size_t i);

/* What is still to be sent; borrowed until the queue changes. */
struct skp_view skc_async_queue_unsent(const struct skc_async_queue *queue);

/* @len more bytes are on the wire. */
void skc_async_queue_note_sent(struct skc_async_queue *queue, size_t len);

/* Nothing is on the wire any more. */
void skc_async_queue_rewind(struct skc_async_queue *queue);

#endif /* SKC_ASYNC_QUEUE_H */
