/* kmip_batch.c - many questions in few messages; see kmip_batch.h. */
#include "agent/source/kmip/kmip_batch.h"

#include <stdlib.h>
#include <string.h>

/* The first messages of a batch are small, so that a slow server (Locate is a
 * linear search in some) is found out before its timeout is. */
#define FIRST_SIZE 4u
#define FLIGHTS    16u
/* Answers that make no sense before the server counts as failed. */
#define BAD_MESSAGES_MAX 3u

enum mark {
    MARK_OPEN,
    MARK_ASKED,
    MARK_DONE,
};

/* One request message on its way. */
struct flight {
    uint32_t first_id;
    size_t n;
    size_t index[SKD_KMIP_BATCH_MAX];
    uint64_t sent_ms;
};

struct batch {
    struct skd_kmip_client *client;
    const struct skd_kmip_question *questions;
    size_t n;
    const struct skd_kmip_listener *listener;
    uint8_t *marks; /* of enum mark, one per question */
    size_t n_done;
    size_t first_open; /* no question before it is open */
    struct flight flights[FLIGHTS];
    size_t head;
    size_t n_flights;
    size_t size; /* questions of the next message */
    bool only_singles;
    unsigned bad_messages;
    uint64_t last_answer_ms;
};

/* ---- marks --------------------------------------------------------------- */

static void reopen(struct batch *batch, size_t index)
{
    batch->marks[index] = MARK_OPEN;
    if (index < batch->first_open) {
        batch->first_open = index;
    }
}

static void
finish(struct batch *batch, size_t index, const struct skd_kmip_result *result)
{
    batch->marks[index] = MARK_DONE;
    batch->n_done++;
    batch->listener->on_result(batch->listener->state, index, result);
}

static void
fail(struct batch *batch, size_t index, enum skp_err err, const char *text)
{
    const struct skd_kmip_result result = { .err = err, .text = text };

    finish(batch, index, &result);
}

static void fail_open(struct batch *batch, const struct skp_diag *diag)
{
    for (size_t i = batch->first_open; i < batch->n; i++) {
        if (batch->marks[i] == MARK_OPEN) {
            fail(batch, i, SKP_ERR_UNAVAILABLE, diag->text);
        }
    }
}

/* ---- sending ------------------------------------------------------------- */

static size_t gather(struct batch *batch, size_t *ret_index)
{
    bool is_single =
        batch->only_singles || skd_kmip_client_takes_one(batch->client);
    size_t most = is_single ? 1 : batch->size;
    size_t n = 0;

    while (batch->first_open < batch->n &&
           batch->marks[batch->first_open] != MARK_OPEN) {
        batch->first_open++;
    }
    for (size_t i = batch->first_open; i < batch->n && n < most; i++) {
        if (batch->marks[i] == MARK_OPEN) {
            ret_index[n++] = i;
        }
    }
    return n;
}

static void copy_questions(const struct batch *batch,
                           const struct flight *flight,
                           struct skd_kmip_question *ret)
{
    for (size_t i = 0; i < flight->n; i++) {
        ret[i] = batch->questions[flight->index[i]];
    }
}

/* Send the next message; *ret_is_sent is false when nothing is open. */
static enum skp_err
send_flight(struct batch *batch, bool *ret_is_sent, struct skp_diag *diag)
{
    struct skd_kmip_question questions[SKD_KMIP_BATCH_MAX];
    struct flight *flight =
        &batch->flights[(batch->head + batch->n_flights) % FLIGHTS];

    flight->n = gather(batch, flight->index);
    *ret_is_sent = flight->n > 0;
    if (flight->n == 0) {
        return SKP_ERR_OK;
    }
    copy_questions(batch, flight, questions);
    for (size_t i = 0; i < flight->n; i++) {
        batch->marks[flight->index[i]] = MARK_ASKED;
    }
    /* From here on a loss finds these questions in the flight. */
    batch->n_flights++;
    flight->sent_ms = skd_kmip_client_now_ms(batch->client);
    return skd_kmip_client_send(batch->client, questions, flight->n,
                                flight->sent_ms +
                                    skd_kmip_client_timeout_ms(batch->client),
                                &flight->first_id, diag);
}

/* ---- receiving ----------------------------------------------------------- */

static void
deliver(struct batch *batch, size_t index, const struct skd_kmip_answer *answer)
{
    struct skd_kmip_result result = { SKP_ERR_OK, 0, { NULL, 0 }, "" };
    struct skp_diag diag = { "" };

    if (answer->status != SKD_STATUS_SUCCESS) {
        result.err = SKP_ERR_FAILED_PRECONDITION;
        result.reason = answer->reason;
        skd_kmip_client_explain(&batch->questions[index], answer, &diag);
    } else if (answer->bad != NULL) {
        result.err =
            skp_fail(&diag, SKP_ERR_INVALID_ARGUMENT,
                     "error decoding kms response payload: %s", answer->bad);
    } else {
        result.payload = answer->payload;
    }
    result.text = diag.text;
    finish(batch, index, &result);
}

/* The server refused the message.  Alone, that is the answer; many may be
 * too many for it. */
static enum skp_err deliver_refusal(struct batch *batch,
                                    const struct flight *flight,
                                    const struct skd_kmip_answer *refusal,
                                    struct skp_diag *diag)
{
    if (refusal->reason == SKD_REASON_AUTHENTICATION_NOT_SUCCESSFUL) {
        skd_kmip_client_explain(&batch->questions[flight->index[0]], refusal,
                                diag);
        return SKP_ERR_UNAVAILABLE;
    }
    if (flight->n == 1) {
        deliver(batch, flight->index[0], refusal);
        return SKP_ERR_OK;
    }
    batch->only_singles = true;
    if (refusal->reason == SKD_REASON_INVALID_MESSAGE ||
        refusal->reason == SKD_REASON_FEATURE_NOT_SUPPORTED) {
        skd_kmip_client_set_takes_one(batch->client);
    }
    for (size_t i = 0; i < flight->n; i++) {
        reopen(batch, flight->index[i]);
    }
    return SKP_ERR_OK;
}

static void deliver_answers(struct batch *batch,
                            const struct flight *flight,
                            const struct skd_kmip_response *response)
{
    size_t n_answered = 0;

    for (size_t i = 0; i < flight->n; i++) {
        if (response->answers[i].is_answered) {
            n_answered++;
            deliver(batch, flight->index[i], &response->answers[i]);
        }
    }
    for (size_t i = 0; i < flight->n; i++) {
        if (response->answers[i].is_answered) {
            continue;
        }
        if (flight->n == 1) {
            fail(batch, flight->index[i], SKP_ERR_INVALID_ARGUMENT,
                 "error decoding kms response: no item in it");
        } else {
            reopen(batch, flight->index[i]);
        }
    }
    if (n_answered == 0) {
        batch->only_singles = true;
    }
}

/* A message should take a small part of its timeout. */
static void adapt_size(struct batch *batch, uint64_t since_ms)
{
    uint64_t now_ms = skd_kmip_client_now_ms(batch->client);
    uint64_t took_ms = now_ms - since_ms;

    batch->last_answer_ms = now_ms;
    if (took_ms > skd_kmip_client_timeout_ms(batch->client) / 4) {
        batch->size = batch->size > 1 ? batch->size / 2 : 1;
    } else if (batch->size < SKD_KMIP_BATCH_MAX) {
        batch->size *= 2;
    }
}

static enum skp_err receive_flight(struct batch *batch, struct skp_diag *diag)
{
    struct skd_kmip_question questions[SKD_KMIP_BATCH_MAX];
    struct skd_kmip_response response = { .is_refused = false };
    const struct flight *flight = &batch->flights[batch->head];
    uint64_t since_ms = flight->sent_ms > batch->last_answer_ms
                            ? flight->sent_ms
                            : batch->last_answer_ms;

    copy_questions(batch, flight, questions);
    SKP_TRY(skd_kmip_client_receive(
        batch->client, questions, flight->n, flight->first_id,
        since_ms + skd_kmip_client_timeout_ms(batch->client), &response, diag));
    adapt_size(batch, since_ms);
    if (response.is_refused) {
        SKP_TRY(deliver_refusal(batch, flight, &response.refusal, diag));
    } else {
        deliver_answers(batch, flight, &response);
    }
    batch->head = (batch->head + 1) % FLIGHTS;
    batch->n_flights--;
    return SKP_ERR_OK;
}

/* ---- one connection after the other -------------------------------------- */

/* Send until as many messages are in flight as may be, or nothing is open. */
static enum skp_err send_flights(struct batch *batch, struct skp_diag *diag)
{
    size_t depth = skd_kmip_client_depth(batch->client);
    bool is_sent = true;

    while (is_sent && batch->n_flights < depth) {
        SKP_TRY(send_flight(batch, &is_sent, diag));
    }
    return SKP_ERR_OK;
}

/* Ask over the connection there is, until all is answered or it breaks. */
static enum skp_err use_connection(struct batch *batch, struct skp_diag *diag)
{
    SKP_TRY(send_flights(batch, diag));
    while (batch->n_flights > 0) {
        SKP_TRY(receive_flight(batch, diag));
        SKP_TRY(send_flights(batch, diag));
    }
    return SKP_ERR_OK;
}

/* Open again what was in flight, except what may have been done already. */
static void recover_flights(struct batch *batch, const struct skp_diag *diag)
{
    for (; batch->n_flights > 0; batch->n_flights--) {
        const struct flight *flight = &batch->flights[batch->head];

        for (size_t i = 0; i < flight->n; i++) {
            size_t index = flight->index[i];

            if (batch->marks[index] != MARK_ASKED) {
                continue;
            }
            if (skd_kmip_question_is_repeatable(&batch->questions[index])) {
                reopen(batch, index);
            } else {
                fail(batch, index, SKP_ERR_UNAVAILABLE, diag->text);
            }
        }
        batch->head = (batch->head + 1) % FLIGHTS;
    }
}

/* An answer made no sense: the next question is asked on a new connection, and
 * each alone, so that one poisoned object does not hide the others. */
static void blame_question(struct batch *batch, const struct skp_diag *diag)
{
    const struct flight *flight = &batch->flights[batch->head];

    if (batch->n_flights > 0 && flight->n == 1) {
        fail(batch, flight->index[0], SKP_ERR_INVALID_ARGUMENT, diag->text);
    }
    batch->only_singles = true;
    batch->bad_messages++;
}

static void
recover(struct batch *batch, enum skp_err err, const struct skp_diag *diag)
{
    bool is_failed = !skd_kmip_client_is_doubtful(batch->client);

    if (err == SKP_ERR_INVALID_ARGUMENT) {
        blame_question(batch, diag);
        is_failed = batch->bad_messages > BAD_MESSAGES_MAX;
    }
    skd_kmip_client_drop(batch->client, is_failed ? diag : NULL);
    recover_flights(batch, diag);
}

static enum skp_err run(struct batch *batch)
{
    while (batch->n_done < batch->n) {
        struct skp_diag diag = { "" };
        enum skp_err err = skd_kmip_client_connect(batch->client, &diag);

        if (err != SKP_ERR_OK) {
            fail_open(batch, &diag);
            return SKP_ERR_OK;
        }
        err = use_connection(batch, &diag);
        if (err == SKP_ERR_OK) {
            skd_kmip_client_settle(batch->client);
            return SKP_ERR_OK;
        }
        recover(batch, err, &diag);
        if (err == SKP_ERR_RESOURCE_EXHAUSTED) {
            fail_open(batch, &diag);
            return err;
        }
    }
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_batch_ask(struct skd_kmip_client *client,
                                const struct skd_kmip_question *questions,
                                size_t n,
                                const struct skd_kmip_listener *listener)
{
    struct batch batch;
    enum skp_err err;

    if (n == 0) {
        return SKP_ERR_OK;
    }
    memset(&batch, 0, sizeof batch);
    batch.client = client;
    batch.questions = questions;
    batch.n = n;
    batch.listener = listener;
    batch.size = FIRST_SIZE;
    batch.marks = calloc(n, sizeof *batch.marks);
    if (batch.marks == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    err = run(&batch);
    free(batch.marks);
    return err;
}
