/* outbox.h - bytes on their way to one client.
 *
 * What the socket takes at once is written at once; the rest waits in locked
 * memory, which is wiped and given back when it is written.
 *
 * Thread:   the loop of the stream.
 * Secrets:  answers hold plaintexts and data keys: no byte of them is ever in
 *           ordinary memory.
 */
#ifndef SKD_OUTBOX_H
#define SKD_OUTBOX_H

#include <uv.h>

#include "protocol/secret.h"

/* What a connection lets wait at most; memory grows by doubling, but not past
 * this. */
#define SKD_OUTBOX_MAX 1048576u

/* Called on the loop when all that waited was written (SKP_ERR_OK), or when
 * the client is gone (SKP_ERR_UNAVAILABLE).  Not called from within
 * skd_outbox_send. */
typedef void (*skd_on_drained)(void *state, enum skp_err err);

/* Open, so that it can be embedded beside its stream. */
struct skd_outbox {
    uv_stream_t *stream; /* borrowed */
    uv_write_t write;
    struct skp_secret writing; /* what the loop is writing: does not move */
    struct skp_secret queued;  /* what comes after it */
    skd_on_drained on_drained;
    void *state;
};

/* Start with nothing waiting. */
void skd_outbox_init(struct skd_outbox *outbox,
                     uv_stream_t *stream,
                     skd_on_drained on_drained,
                     void *state);

/* Send @bytes after everything sent before; borrowed during the call.
 *   SKP_ERR_UNAVAILABLE         the client is gone.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory for what has to wait; the
 *                               stream is of no use any more. */
SKP_MUST_CHECK enum skp_err skd_outbox_send(struct skd_outbox *outbox,
                                            struct skp_view bytes);

/* Bytes that wait. */
size_t skd_outbox_pending(const struct skd_outbox *outbox);

/* Wipe and release, once the stream is closed. */
void skd_outbox_done(struct skd_outbox *outbox);

#endif /* SKD_OUTBOX_H */
