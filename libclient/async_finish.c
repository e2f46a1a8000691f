/* async_finish.c - requests end, each once; see async_finish.h. */
#include "libclient/async_finish.h"

#include "libclient/client_status.h"
#include "libclient/deadline.h"

void skc_async_finish_call(const struct skc_async_request *request,
                           struct sidekey_async_answer *answer,
                           enum skp_err err,
                           const char *text)
{
    if (request->is_cancelled) {
        skp_wipe(answer, sizeof *answer);
        answer->is_cancelled = true;
        err = SKP_ERR_UNAVAILABLE;
        text = "cancelled";
    }
    answer->ticket = request->ticket;
    answer->status = skc_status_of(err);
    answer->text = text;
    if (request->ticket != 0) {
        request->done(request->user, answer);
    }
    skp_wipe(answer, sizeof *answer);
}

void skc_async_finish_one(struct sidekey_async *handle,
                          size_t i,
                          enum skp_err err,
                          const char *text)
{
    struct skc_async_queue *queue = &handle->queue;
    struct skc_async_request *place = skc_async_queue_at(queue, i);
    struct sidekey_async_answer answer = { .ticket = 0 };
    struct skc_async_request request;
    size_t sent = skc_async_queue_sent_of(queue, i);

    skp_assert(!place->is_over);
    if (sent == 0) {
        skc_async_queue_take(queue, i, &request);
    } else {
        request = *place;
        place->is_over = true;
        if (sent == place->len) {
            skc_async_queue_forget(queue, i);
        }
    }
    skc_async_finish_call(&request, &answer, err, text);
}

typedef bool is_due_fn(const struct skc_async_request *request, uint64_t limit);

/* End those that are due of the requests there are now; how many. */
static size_t finish_due(struct sidekey_async *handle,
                         is_due_fn *is_due,
                         uint64_t limit,
                         enum skp_err err,
                         const char *text)
{
    struct skc_async_queue *queue = &handle->queue;
    size_t finished = 0;
    size_t i = 0;

    for (size_t left = queue->count; left > 0; left--) {
        const struct skc_async_request *request = skc_async_queue_at(queue, i);
        bool stays = true;

        if (!request->is_over && is_due(request, limit)) {
            stays = skc_async_queue_sent_of(queue, i) > 0;
            skc_async_finish_one(handle, i, err, text);
            finished++;
        }
        i += stays ? 1 : 0;
    }
    return finished;
}

static bool has_waited(const struct skc_async_request *request, uint64_t limit)
{
    return request->since_ms <= limit;
}

void skc_async_finish_waiting(struct sidekey_async *handle,
                              uint64_t since_ms,
                              enum skp_err err,
                              const char *text)
{
    (void)finish_due(handle, has_waited, since_ms, err, text);
}

static bool was_cancelled(const struct skc_async_request *request,
                          uint64_t limit)
{
    (void)limit;
    return request->is_cancelled;
}

void skc_async_finish_cancelled(struct sidekey_async *handle)
{
    if (handle->has_cancelled) {
        handle->has_cancelled = false;
        (void)finish_due(handle, was_cancelled, 0, SKP_ERR_UNAVAILABLE, "");
    }
}

static bool is_late(const struct skc_async_request *request, uint64_t limit)
{
    return request->deadline_ms <= limit;
}

/* The soonest deadline after @now_ms. */
static uint64_t find_soonest(const struct skc_async_queue *queue,
                             uint64_t now_ms)
{
    uint64_t soonest_ms = SKC_NEVER;

    for (size_t i = 0; i < queue->count; i++) {
        const struct skc_async_request *request = skc_async_queue_at(queue, i);

        if (!request->is_over && request->deadline_ms > now_ms) {
            soonest_ms = skc_deadline_min(soonest_ms, request->deadline_ms);
        }
    }
    return soonest_ms;
}

size_t skc_async_finish_late(struct sidekey_async *handle, uint64_t now_ms)
{
    /* Not the diag itself: a callback must not see it change. */
    struct skp_diag words = handle->trouble_words;
    bool is_unreachable = handle->wire.fd < 0 && handle->trouble != SKP_ERR_OK;

    if (now_ms < handle->soonest_ms) {
        return 0;
    }
    /* Before calling back: what callbacks submit makes it sooner again. */
    handle->soonest_ms = find_soonest(&handle->queue, now_ms);
    return finish_due(
        handle, is_late, now_ms,
        is_unreachable ? handle->trouble : SKP_ERR_DEADLINE_EXCEEDED,
        is_unreachable ? words.text
                       : "deadline exceeded while waiting for the agent");
}
