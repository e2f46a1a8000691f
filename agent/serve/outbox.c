/* outbox.c - bytes on their way to one client; see outbox.h. */
#include "agent/serve/outbox.h"

void skd_outbox_init(struct skd_outbox *outbox,
                     uv_stream_t *stream,
                     skd_on_drained on_drained,
                     void *state)
{
    *outbox = (struct skd_outbox){ .stream = stream,
                                   .on_drained = on_drained,
                                   .state = state };
}

static void on_written(uv_write_t *write, int status);

/* Give everything that is queued to the loop. */
static enum skp_err write_queued(struct skd_outbox *outbox)
{
    uv_buf_t buf;

    outbox->writing = outbox->queued;
    outbox->queued = (struct skp_secret){ NULL, 0, 0 };
    skp_secret_trim(&outbox->writing);
    outbox->write.data = outbox;
    buf = uv_buf_init((char *)outbox->writing.bytes,
                      (unsigned)outbox->writing.len);
    if (uv_write(&outbox->write, outbox->stream, &buf, 1, on_written) != 0) {
        skp_secret_done(&outbox->writing);
        return SKP_ERR_UNAVAILABLE;
    }
    return SKP_ERR_OK;
}

static void on_written(uv_write_t *write, int status)
{
    struct skd_outbox *outbox = write->data;
    enum skp_err err = status == 0 ? SKP_ERR_OK : SKP_ERR_UNAVAILABLE;

    skp_secret_done(&outbox->writing);
    if (uv_is_closing((const uv_handle_t *)outbox->stream)) {
        return;
    }
    if (err == SKP_ERR_OK && outbox->queued.len > 0) {
        err = write_queued(outbox);
        if (err == SKP_ERR_OK) {
            return;
        }
    }
    outbox->on_drained(outbox->state, err);
}

/* Make room for @len bytes more: twice what there is, but with what is being
 * written no more than all that may wait, unless that is needed. */
static enum skp_err make_room(struct skd_outbox *outbox, size_t len)
{
    struct skp_secret *queued = &outbox->queued;
    size_t needed = queued->len + len;
    size_t cap = 2 * queued->cap;
    size_t most = outbox->writing.len < SKD_OUTBOX_MAX
                      ? SKD_OUTBOX_MAX - outbox->writing.len
                      : 0;

    if (needed <= queued->cap) {
        return SKP_ERR_OK;
    }
    if (cap > most) {
        cap = most;
    }
    return skp_secret_reserve(queued, cap > needed ? cap : needed);
}

enum skp_err skd_outbox_send(struct skd_outbox *outbox, struct skp_view bytes)
{
    size_t written = 0;

    if (bytes.len == 0) {
        return SKP_ERR_OK;
    }
    if (skd_outbox_pending(outbox) == 0) {
        /* libuv takes no const, but does not write through the pointer. */
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): drops the const only. */
        char *start = (char *)(uintptr_t)bytes.ptr;
        uv_buf_t buf = uv_buf_init(start, (unsigned)bytes.len);
        int n = uv_try_write(outbox->stream, &buf, 1);

        if (n < 0 && n != UV_EAGAIN) {
            return SKP_ERR_UNAVAILABLE;
        }
        written = n > 0 ? (size_t)n : 0;
    }
    if (written == bytes.len) {
        return SKP_ERR_OK;
    }
    SKP_TRY(make_room(outbox, bytes.len - written));
    SKP_TRY(skp_secret_append(&outbox->queued, bytes.ptr + written,
                              bytes.len - written));
    return outbox->writing.len == 0 ? write_queued(outbox) : SKP_ERR_OK;
}

size_t skd_outbox_pending(const struct skd_outbox *outbox)
{
    return outbox->writing.len + outbox->queued.len;
}

void skd_outbox_done(struct skd_outbox *outbox)
{
    skp_secret_done(&outbox->writing);
    skp_secret_done(&outbox->queued);
}
