/* async_link.c - made, lost, made again; see async_link.h. */
#include "libclient/async_link.h"

#include <errno.h>
#include <unistd.h>

#include "libclient/async_finish.h"

/* A restart of the agent takes less; a socket that is missing for longer will
 * not come by waiting. */
#define PATIENCE_MS  2000u
#define BACK_OFF_MS  10u
#define BACK_OFF_MAX 1000u
#define DOUBLINGS    7u /* from one to the other */

void skc_async_link_release(struct sidekey_async *handle)
{
    if (handle->retired_fd >= 0 &&
        handle->shown_generation == handle->generation) {
        (void)close(handle->retired_fd);
        handle->retired_fd = -1;
    }
}

bool skc_async_link_is_wanted(const struct sidekey_async *handle)
{
    return handle->queue.count > 0 || handle->watch.len > 0;
}

/* Put off the next connect: twice as long each time, and varied by half, so
 * that the clients of a restarted agent do not come all at once. */
static void back_off(struct sidekey_async *handle, uint64_t now_ms)
{
    const struct skp_random *random = handle->env.random;
    uint64_t pause_ms = (uint64_t)BACK_OFF_MS << handle->attempts;
    uint8_t drawn = 0;

    if (pause_ms > BACK_OFF_MAX) {
        pause_ms = BACK_OFF_MAX;
    }
    if (handle->attempts < DOUBLINGS) {
        handle->attempts++;
    }
    /* Without randomness the pause is short, and still a pause. */
    (void)!random->fill(random->state, &drawn, sizeof drawn);
    handle->retry_ms = now_ms + pause_ms / 2 + pause_ms * drawn / UINT8_MAX;
}

static enum skp_err
tell_connect(int error, const char *path, struct skp_diag *diag)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return skp_fail(diag, SKP_ERR_PERMISSION_DENIED,
                        "%s: this user may not connect to the agent's socket",
                        path);
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no file descriptor or memory for a connection to the "
                        "agent");
    case EAGAIN:
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "%s: the agent accepts no connection in time", path);
    default:
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "%s: no agent listens on this socket", path);
    }
}

/* Ask first of all to be told of changes again. */
static enum skp_err watch_again(struct sidekey_async *handle)
{
    const struct skc_async_request request = { .method = SKP_METHOD_WATCH,
                                               .msgid = handle->watch_msgid,
                                               .deadline_ms = UINT64_MAX };

    if (handle->watch.len == 0) {
        return SKP_ERR_OK;
    }
    return skc_async_queue_push_front(&handle->queue, &request,
                                      skp_secret_view(&handle->watch));
}

static enum skp_err try_connect(struct sidekey_async *handle,
                                struct skp_diag *diag)
{
    int fd = handle->env.connect(handle->env.state, handle->path);

    if (fd < 0) {
        return tell_connect(-fd, handle->path, diag);
    }
    if (watch_again(handle) != SKP_ERR_OK) {
        (void)close(fd);
        return tell_connect(ENOMEM, handle->path, diag);
    }
    skc_async_wire_init(&handle->wire, fd);
    handle->generation++;
    handle->has_answered = false;
    return SKP_ERR_OK;
}

void skc_async_link_connect(struct sidekey_async *handle)
{
    uint64_t now_ms = handle->env.now_ms(handle->env.state);
    struct skp_diag words = { "" };
    uint64_t since_ms;

    if (handle->wire.fd >= 0 || handle->retired_fd >= 0 ||
        !skc_async_link_is_wanted(handle) || now_ms < handle->retry_ms) {
        return;
    }
    handle->trouble = try_connect(handle, &words);
    handle->trouble_words = words;
    if (handle->trouble == SKP_ERR_OK) {
        return;
    }
    back_off(handle, now_ms);
    /* Waiting does not help against permissions. */
    since_ms = handle->trouble == SKP_ERR_PERMISSION_DENIED ? UINT64_MAX
               : now_ms > PATIENCE_MS ? now_ms - PATIENCE_MS
                                      : 0;
    skc_async_finish_waiting(handle, since_ms, handle->trouble, words.text);
}

/* What becomes of each of the @n oldest requests, which were sent. */
static void mark_lost(struct skc_async_queue *queue, size_t n, uint64_t now_ms)
{
    for (size_t i = 0; i < queue->count; i++) {
        struct skc_async_request *request = skc_async_queue_at(queue, i);

        request->since_ms = now_ms;
        if (i < n) {
            request->is_over = request->is_over || request->ticket == 0;
            request->is_lost = request->is_repeated;
            request->is_repeated = true;
        } else if (request->ticket == 0) {
            /* Not sent yet, and made again with the next connection. */
            request->is_over = true;
        }
    }
}

static void sweep_lost(struct sidekey_async *handle, const char *text)
{
    struct skc_async_queue *queue = &handle->queue;
    size_t i = 0;

    for (size_t left = queue->count; left > 0; left--) {
        const struct skc_async_request *request = skc_async_queue_at(queue, i);
        struct skc_async_request gone;

        if (request->is_over) {
            skc_async_queue_take(queue, i, &gone);
        } else if (request->is_lost) {
            skc_async_finish_one(handle, i, SKP_ERR_UNAVAILABLE, text);
        } else {
            i++;
        }
    }
}

void skc_async_link_lose(struct sidekey_async *handle, const char *text)
{
    uint64_t now_ms = handle->env.now_ms(handle->env.state);
    size_t n_sent = skc_async_queue_count_sent(&handle->queue);

    skp_assert(handle->retired_fd < 0);
    handle->retired_fd = skc_async_wire_drop(&handle->wire);
    handle->generation++;
    handle->has_unread = false;
    if (handle->has_answered) {
        handle->retry_ms = now_ms;
    } else {
        back_off(handle, now_ms);
    }
    skc_async_queue_rewind(&handle->queue);
    mark_lost(&handle->queue, n_sent, now_ms);
    sweep_lost(handle, text);
}

void skc_async_link_note_answer(struct sidekey_async *handle)
{
    handle->has_answered = true;
    handle->attempts = 0;
}
