/* async.c - the handle, and the order of things in one turn; see async.h and
 * sidekey_async.h. */
#include "libclient/async.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "libclient/answers.h"
#include "libclient/async_answer.h"
#include "libclient/async_finish.h"
#include "libclient/async_link.h"
#include "libclient/client_status.h"
#include "libclient/deadline.h"

#define REQUESTS_DEFAULT 1024u
#define REQUESTS_MAX     65536u
#define BYTES_DEFAULT    4194304u
/* What one turn may take from a busy connection before the caller's loop has
 * its own: sidekey_async.h promises the first. */
#define ANSWERS_A_TURN 64u
#define READS_A_TURN   8u

static uint64_t read_clock(void *state)
{
    (void)state;
    return skc_deadline_now_ms();
}

static const struct skc_async_env system_env = {
    .now_ms = read_clock,
    .connect = skc_async_wire_connect,
    .random = &skp_random_system,
};

/* ---- making and freeing -------------------------------------------------- */

static enum skp_err init_handle(struct sidekey_async *handle,
                                const struct sidekey_async_options *options)
{
    size_t count_max = options->requests_max;
    size_t bytes_max = options->bytes_max;

    if (count_max > REQUESTS_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    handle->wire.fd = -1;
    handle->retired_fd = -1;
    handle->soonest_ms = SKC_NEVER;
    handle->on_change = options->on_change;
    handle->user = options->user;
    SKP_TRY(skc_socket_path_find(options->socket_path, handle->path));
    SKP_TRY(skc_async_queue_init(&handle->queue,
                                 count_max == 0 ? REQUESTS_DEFAULT : count_max,
                                 bytes_max == 0 ? BYTES_DEFAULT : bytes_max));
    return skp_scratch_new(&handle->scratch);
}

enum sidekey_status
skc_async_open_in(const struct skc_async_env *env,
                  const struct sidekey_async_options *options,
                  struct sidekey_async **ret)
{
    static const struct sidekey_async_options defaults;
    struct sidekey_async *handle = calloc(1, sizeof *handle);
    enum skp_err err;

    if (handle == NULL) {
        return SIDEKEY_RESOURCE_EXHAUSTED;
    }
    handle->env = *env;
    err = init_handle(handle, options == NULL ? &defaults : options);
    if (err != SKP_ERR_OK) {
        skc_async_queue_done(&handle->queue);
        free(handle);
        return skc_status_of(err);
    }
    *ret = handle;
    return SIDEKEY_OK;
}

enum sidekey_status
sidekey_async_open(const struct sidekey_async_options *options,
                   struct sidekey_async **ret)
{
    return skc_async_open_in(&system_env, options, ret);
}

static void close_all(struct sidekey_async *handle)
{
    int fd = skc_async_wire_drop(&handle->wire);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (handle->retired_fd >= 0) {
        (void)close(handle->retired_fd);
    }
    handle->retired_fd = -1;
}

/* End what is open.  Nothing new comes: is_closing is set. */
static void end_all(struct sidekey_async *handle)
{
    struct skc_async_queue *queue = &handle->queue;
    struct skc_async_request gone;

    skc_async_queue_rewind(queue);
    while (queue->count > 0) {
        struct skc_async_request *request = skc_async_queue_at(queue, 0);

        if (request->is_over) {
            skc_async_queue_take(queue, 0, &gone);
        } else {
            request->is_cancelled = true;
            skc_async_finish_one(handle, 0, SKP_ERR_UNAVAILABLE, "");
        }
    }
}

void sidekey_async_free(struct sidekey_async **handle)
{
    struct sidekey_async *closing;

    if (handle == NULL || *handle == NULL) {
        return;
    }
    closing = *handle;
    /* A callback frees the memory that its caller stands on: better ended
     * here than somewhere later. */
    skp_assert(!closing->is_busy && !closing->is_closing);
    closing->is_closing = true;
    close_all(closing);
    end_all(closing);
    *handle = NULL;
    skc_async_queue_done(&closing->queue);
    skc_async_wire_done(&closing->wire);
    skp_secret_done(&closing->watch);
    skp_scratch_free(&closing->scratch);
    free(closing);
}

const char *sidekey_async_socket_path(const struct sidekey_async *handle)
{
    return handle->path;
}

const char *sidekey_async_error_text(const struct sidekey_async *handle)
{
    return handle->refusal.text;
}

/* ---- submitting and cancelling ------------------------------------------- */

static enum skp_err check_submit(const struct sidekey_async *handle,
                                 const struct skp_request *message,
                                 const struct sidekey_async_call *call,
                                 struct skp_diag *diag)
{
    if (handle->is_closing) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "the handle is being freed");
    }
    if (call == NULL || call->done == NULL) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a request needs a callback");
    }
    return skc_answers_check_request(message, diag);
}

enum sidekey_status skc_async_submit(struct sidekey_async *handle,
                                     struct skp_request *message,
                                     const struct sidekey_async_call *call,
                                     uint64_t *ret_ticket)
{
    uint64_t now_ms = handle->env.now_ms(handle->env.state);
    struct skc_async_request request = { .method = message->method,
                                         .since_ms = now_ms };
    enum skp_err err = check_submit(handle, message, call, &handle->refusal);

    if (err != SKP_ERR_OK) {
        return skc_status_of(err);
    }
    request.ticket = handle->last_ticket + 1;
    request.msgid = handle->last_msgid + 1;
    request.done = call->done;
    request.user = call->user;
    request.deadline_ms = call->deadline_ms == SIDEKEY_NO_DEADLINE
                              ? SKC_NEVER
                              : now_ms + call->deadline_ms;
    message->msgid = request.msgid;
    err = skc_async_queue_push(&handle->queue, &request, message,
                               &handle->refusal);
    if (err != SKP_ERR_OK) {
        return skc_status_of(err);
    }
    handle->last_ticket = request.ticket;
    handle->last_msgid = request.msgid;
    handle->soonest_ms =
        skc_deadline_min(handle->soonest_ms, request.deadline_ms);
    if (ret_ticket != NULL) {
        *ret_ticket = request.ticket;
    }
    return SIDEKEY_OK;
}

bool sidekey_async_cancel(struct sidekey_async *handle, uint64_t ticket)
{
    for (size_t i = 0; ticket != 0 && i < handle->queue.count; i++) {
        struct skc_async_request *request =
            skc_async_queue_at(&handle->queue, i);

        if (request->ticket == ticket) {
            bool is_open = !request->is_over && !request->is_cancelled;

            request->is_cancelled = request->is_cancelled || is_open;
            handle->has_cancelled = handle->has_cancelled || is_open;
            return is_open;
        }
    }
    return false;
}

/* ---- one turn ------------------------------------------------------------ */

/* Receive once; true when there are new bytes. */
static bool read_more(struct sidekey_async *handle)
{
    switch (skc_async_wire_receive(&handle->wire)) {
    case SKC_ASYNC_READ_SOME:
        return true;
    case SKC_ASYNC_READ_END:
        skc_async_link_lose(handle, "the agent closed the connection");
        return false;
    case SKC_ASYNC_READ_NO_MEM:
        skc_async_link_lose(handle, "no memory for the agent's answer");
        return false;
    case SKC_ASYNC_READ_NONE:
    default:
        return false;
    }
}

static void receive(struct sidekey_async *handle)
{
    unsigned answers = 0;

    handle->has_unread = false;
    for (unsigned reads = 0; handle->wire.fd >= 0; reads++) {
        while (skc_async_answer_next(handle)) {
            answers++;
            if (answers == ANSWERS_A_TURN) {
                handle->has_unread = true;
                return;
            }
        }
        if (handle->wire.fd < 0 || reads == READS_A_TURN ||
            !read_more(handle)) {
            return;
        }
    }
}

/* End what is late.  When nobody waits any more for what was sent, the agent is
 * taken to be stuck, and the connection is not used again. */
static void end_late(struct sidekey_async *handle)
{
    uint64_t now_ms = handle->env.now_ms(handle->env.state);
    struct skc_async_queue *queue = &handle->queue;
    size_t n_sent;

    if (skc_async_finish_late(handle, now_ms) == 0 || handle->wire.fd < 0) {
        return;
    }
    n_sent = skc_async_queue_count_sent(queue);
    for (size_t i = 0; i < n_sent; i++) {
        if (!skc_async_queue_at(queue, i)->is_over) {
            return;
        }
    }
    if (n_sent > 0) {
        skc_async_link_lose(handle, "the agent does not answer");
    }
}

static void send_some(struct sidekey_async *handle)
{
    struct skc_async_queue *queue = &handle->queue;

    if (handle->wire.fd >= 0 && !handle->wire.is_full) {
        skc_async_queue_note_sent(
            queue,
            skc_async_wire_send(&handle->wire, skc_async_queue_unsent(queue)));
    }
}

void sidekey_async_process(struct sidekey_async *handle, int revents)
{
    uint64_t now_ms = handle->env.now_ms(handle->env.state);
    bool may_read = (revents & ~POLLOUT) != 0 || handle->has_unread ||
                    now_ms >= handle->soonest_ms;

    if (handle->is_busy || handle->is_closing) {
        return;
    }
    handle->is_busy = true;
    skc_async_link_release(handle);
    skc_async_finish_cancelled(handle);
    /* Before looking at deadlines: an answer that is there is in time, even
     * when the caller's loop was late. */
    if (may_read) {
        receive(handle);
    }
    end_late(handle);
    skc_async_link_connect(handle);
    handle->wire.is_full = handle->wire.is_full && (revents & POLLOUT) == 0;
    send_some(handle);
    handle->is_busy = false;
}

/* When to be called again at the latest, SKC_NEVER for never. */
static uint64_t find_wake(const struct sidekey_async *handle)
{
    if (handle->has_cancelled || handle->has_unread ||
        handle->retired_fd >= 0) {
        return 0;
    }
    if (handle->wire.fd < 0 && skc_async_link_is_wanted(handle)) {
        return skc_deadline_min(handle->retry_ms, handle->soonest_ms);
    }
    return handle->soonest_ms;
}

void sidekey_async_wants(struct sidekey_async *handle,
                         struct sidekey_async_wants *ret)
{
    uint64_t now_ms = handle->env.now_ms(handle->env.state);
    uint64_t wake_ms = find_wake(handle);
    uint64_t left_ms = wake_ms > now_ms ? wake_ms - now_ms : 0;

    *ret = (struct sidekey_async_wants){ .fd = handle->wire.fd,
                                         .generation = handle->generation };
    if (wake_ms == SKC_NEVER) {
        ret->timeout_ms = -1;
    } else {
        ret->timeout_ms = left_ms < INT_MAX ? (int)left_ms : INT_MAX;
    }
    if (handle->wire.fd >= 0) {
        bool is_sending = !handle->wire.is_cut &&
                          skc_async_queue_unsent(&handle->queue).len > 0;

        ret->events = (short)(is_sending ? POLLIN | POLLOUT : POLLIN);
    }
    handle->shown_generation = handle->generation;
}
