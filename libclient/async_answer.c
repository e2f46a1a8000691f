/* async_answer.c - what the agent says; see async_answer.h. */
#include "libclient/async_answer.h"

#include <string.h>

#include "libclient/answers.h"
#include "libclient/async_finish.h"
#include "libclient/async_link.h"
#include "libclient/client_status.h"
#include "protocol/key.h"

/* ---- changes ------------------------------------------------------------- */

static void report(struct sidekey_async *handle,
                   const struct sidekey_async_change *change)
{
    if (handle->on_change != NULL) {
        handle->on_change(handle->user, change);
    }
}

static enum skp_err report_rows(struct sidekey_async *handle,
                                const struct skp_response *response,
                                struct skp_diag *diag)
{
    for (size_t i = 0; i < response->n_rows; i++) {
        const struct skp_tenant_row *row = &response->rows[i];
        char tenant[SKP_TENANT_MAX + 1] = { 0 };
        struct sidekey_async_change change = {
            .news = SIDEKEY_ASYNC_CHANGED,
            .tenant = tenant,
            .has_key = row->key_id != NULL,
            .generation = row->generation,
            .text = "",
        };

        if (!skp_tenant_is_valid(row->id)) {
            return skp_fail(diag, SKP_ERR_INTERNAL,
                            "the agent tells of a tenant that can be none");
        }
        memcpy(tenant, row->id.ptr, row->id.len);
        if (row->key_id != NULL) {
            memcpy(change.key_id, row->key_id, sizeof change.key_id);
        }
        report(handle, &change);
    }
    return SKP_ERR_OK;
}

/* The answer to the handle's own question after a reconnect. */
static void report_watched_again(struct sidekey_async *handle,
                                 const struct skp_response *response)
{
    struct skp_diag words = { "" };
    struct sidekey_async_change change = { .news = SIDEKEY_ASYNC_MISSED,
                                           .tenant = "",
                                           .text = words.text };

    if (response->err != SKP_ERR_OK) {
        change.news = SIDEKEY_ASYNC_ENDED;
        change.status = skc_status_of(skc_answers_keep_words(response, &words));
        skp_secret_done(&handle->watch);
    }
    report(handle, &change);
}

/* The agent has accepted the oldest request, a watch: keep it for the next
 * connection. */
static enum skp_err keep_watch(struct sidekey_async *handle,
                               struct skp_diag *diag)
{
    struct skp_view frame = skc_async_queue_oldest(&handle->queue);
    const struct skc_async_request *oldest =
        skc_async_queue_at(&handle->queue, 0);

    if (oldest->ticket == 0 || oldest->is_over || oldest->is_cancelled) {
        return SKP_ERR_OK;
    }
    skp_secret_clear(&handle->watch);
    handle->watch_msgid = oldest->msgid;
    if (skp_secret_append(&handle->watch, frame.ptr, frame.len) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no memory to watch again after a reconnect");
    }
    return SKP_ERR_OK;
}

/* ---- answers ------------------------------------------------------------- */

static enum skp_err fill_answer(const struct skp_response *response,
                                struct sidekey_async_answer *ret,
                                struct skp_diag *diag)
{
    uint8_t header[SIDEKEY_HEADER_MAX];

    switch (response->method) {
    case SKP_METHOD_PUBKEY:
        return skc_answers_public_key(response, &ret->public_key, diag);
    case SKP_METHOD_UNWRAP:
        return skc_answers_data_key(response, &ret->data_key, diag);
    case SKP_METHOD_REWRAP:
        SKP_TRY(skc_answers_header(response, header, diag));
        break;
    case SKP_METHOD_ENCRYPT:
    case SKP_METHOD_DECRYPT:
        ret->authenticated = response->authenticated;
        break;
    case SKP_METHOD_HELLO:
    case SKP_METHOD_WATCH:
    case SKP_METHOD_TENANTS:
    case SKP_METHOD_STATUS:
    case SKP_METHOD_REFRESH:
    case SKP_METHOD_FORGET:
    case SKP_METHOD_COUNT:
    default:
        return SKP_ERR_OK;
    }
    ret->data = response->data.ptr;
    ret->len = response->data.len;
    return SKP_ERR_OK;
}

/* The oldest request has its answer.  An error that is returned is one of the
 * connection, and nobody is left to be told. */
static enum skp_err answer_oldest(struct sidekey_async *handle,
                                  const struct skp_response *response,
                                  struct skp_diag *diag)
{
    struct sidekey_async_answer answer = { .ticket = 0 };
    struct skc_async_request request;
    struct skp_diag words = { "" };
    enum skp_err err = response->err;

    if (err != SKP_ERR_OK) {
        err = skc_answers_keep_words(response, &words);
    } else if (response->method == SKP_METHOD_WATCH) {
        err = keep_watch(handle, &words);
    } else {
        err = fill_answer(response, &answer, &words);
    }
    skc_async_link_note_answer(handle);
    skc_async_queue_take(&handle->queue, 0, &request);
    *diag = words;
    if (request.ticket == 0 && !request.is_over) {
        report_watched_again(handle, response);
    } else if (!request.is_over) {
        skc_async_finish_call(&request, &answer, err, words.text);
    }
    skp_wipe(&answer, sizeof answer);
    return err == SKP_ERR_INTERNAL && response->err == SKP_ERR_OK ? err
                                                                  : SKP_ERR_OK;
}

/* An error of the connection: end the request that waits for an answer with
 * it, and begin anew with the others. */
static enum skp_err
blame_oldest(struct sidekey_async *handle, enum skp_err err, const char *text)
{
    if (skc_async_queue_count_sent(&handle->queue) > 0 &&
        !skc_async_queue_at(&handle->queue, 0)->is_over) {
        skc_async_finish_one(handle, 0, err, text);
    }
    return err;
}

/* The agent says of the connection that it will not have it; what it says is
 * the answer to all. */
static enum skp_err refuse_all(struct sidekey_async *handle,
                               const struct skp_response *response,
                               struct skp_diag *diag)
{
    enum skp_err err = skc_answers_keep_words(response, diag);

    skc_async_finish_waiting(handle, UINT64_MAX, err, diag->text);
    return err;
}

/* True when the oldest request is wholly sent and @response has its id. */
static bool is_of_oldest(const struct sidekey_async *handle,
                         const struct skp_response *response)
{
    const struct skc_async_queue *queue = &handle->queue;

    return queue->count > 0 &&
           skc_async_queue_at(queue, 0)->msgid == response->msgid &&
           queue->sent >= skc_async_queue_at(queue, 0)->len;
}

static enum skp_err read_message(struct sidekey_async *handle,
                                 struct skp_view message,
                                 struct skp_diag *diag)
{
    const struct skc_async_queue *queue = &handle->queue;
    enum skp_method asked = queue->count > 0
                                ? skc_async_queue_at(queue, 0)->method
                                : SKP_METHOD_COUNT;
    struct skp_response response;
    enum skp_message kind;
    enum skp_err err = skp_response_decode(handle->scratch, message, asked,
                                           &kind, &response, diag);

    if (err != SKP_ERR_OK) {
        return blame_oldest(handle, err, diag->text);
    }
    if (kind == SKP_MESSAGE_CHANGED) {
        return report_rows(handle, &response, diag);
    }
    if (!response.has_msgid) {
        return refuse_all(handle, &response, diag);
    }
    if (!is_of_oldest(handle, &response)) {
        err = skp_fail(diag, SKP_ERR_INTERNAL,
                       "the agent answered another request");
        return blame_oldest(handle, err, diag->text);
    }
    return answer_oldest(handle, &response, diag);
}

bool skc_async_answer_next(struct sidekey_async *handle)
{
    struct skp_view message = { NULL, 0 };
    struct skp_diag diag = { "" };
    enum skp_frame frame = skc_async_wire_first(&handle->wire, &message);
    enum skp_err err;

    if (frame == SKP_FRAME_PARTIAL) {
        return false;
    }
    if (frame == SKP_FRAME_WHOLE) {
        err = read_message(handle, message, &diag);
    } else {
        err = skp_fail(&diag, SKP_ERR_INTERNAL, "the agent's answer is %s",
                       frame == SKP_FRAME_OVER_LIMIT
                           ? "over a limit of the protocol"
                           : "no MessagePack");
        err = blame_oldest(handle, err, diag.text);
    }
    if (err == SKP_ERR_OK) {
        skc_async_wire_consume(&handle->wire, message.len);
        return true;
    }
    if (handle->wire.fd >= 0) {
        skc_async_link_lose(handle, diag.text);
    }
    return false;
}
