/* client.c - handles, turns and repetition; see client.h and sidekey.h. */
#include "libclient/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libclient/answers.h"
#include "libclient/client_status.h"
#include "libclient/conn.h"
#include "libclient/deadline.h"
#include "libclient/error_text.h"
#include "libclient/socket_path.h"
#include "protocol/key.h"

/* A restart of the agent takes less; a socket that is missing for longer will
 * not come by waiting. */
#define RESTART_PATIENCE_MS 2000u
#define CONNECT_PAUSE_MS    10u
#define CONNECT_PAUSE_MAX   200u
#define BACK_OFF_MS         50u
#define BACK_OFF_MAX        1000u
/* With less time than this left, another question would only turn the
 * agent's UNAVAILABLE into a deadline that says nothing. */
#define LAST_ASK_MS 10u
/* The fixed parts of a request: method, names and type bytes. */
#define REQUEST_FIXED_LEN 512u

static const uint32_t message_max = SKP_MESSAGE_MAX;

struct sidekey {
    pthread_mutex_t lock; /* of taken_by only; never held while waiting */
    pthread_cond_t given; /* the turn was given back; monotonic clock */
    pid_t taken_by;       /* the process whose thread has the turn; 0: none */
    struct skc_conn conn;
    struct skp_scratch *scratch;
    uint32_t last_msgid;
    uint64_t serial; /* of error_text.h */
    char path[SKC_SOCKET_PATH_MAX];
};

/* A condition on the monotonic clock.  (pthread_mutex_clocklock would be
 * shorter, but the thread sanitizer does not know it.) */
static enum skp_err init_turn(struct sidekey *handle)
{
    pthread_condattr_t attr;
    bool ok = pthread_condattr_init(&attr) == 0;

    ok = ok && pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
         pthread_cond_init(&handle->given, &attr) == 0 &&
         pthread_mutex_init(&handle->lock, NULL) == 0;
    (void)pthread_condattr_destroy(&attr);
    return ok ? SKP_ERR_OK : SKP_ERR_RESOURCE_EXHAUSTED;
}

enum sidekey_status sidekey_open(const char *socket_path, struct sidekey **ret)
{
    struct sidekey *handle = calloc(1, sizeof *handle);
    enum skp_err err;

    if (handle == NULL) {
        return SIDEKEY_RESOURCE_EXHAUSTED;
    }
    err = skc_socket_path_find(socket_path, handle->path);
    if (err == SKP_ERR_OK) {
        err = skp_scratch_new(&handle->scratch);
    }
    if (err == SKP_ERR_OK) {
        err = init_turn(handle);
    }
    if (err != SKP_ERR_OK) {
        skp_scratch_free(&handle->scratch);
        free(handle);
        return skc_status_of(err);
    }
    skc_conn_init(&handle->conn);
    handle->serial = skc_error_text_serial();
    *ret = handle;
    return SIDEKEY_OK;
}

void sidekey_close(struct sidekey **handle)
{
    struct sidekey *closing;

    if (handle == NULL || *handle == NULL) {
        return;
    }
    closing = *handle;
    *handle = NULL;
    skc_conn_done(&closing->conn);
    skp_scratch_free(&closing->scratch);
    (void)pthread_cond_destroy(&closing->given);
    (void)pthread_mutex_destroy(&closing->lock);
    free(closing);
}

const char *sidekey_error_text(const struct sidekey *handle)
{
    return skc_error_text_get(handle->serial);
}

const char *sidekey_socket_path(const struct sidekey *handle)
{
    return handle->path;
}

/* NULL or an absent socket may become an agent a moment later. */
static enum skp_err connect_patiently(struct sidekey *handle,
                                      uint64_t deadline_ms,
                                      struct skp_diag *diag)
{
    uint64_t patience_ms =
        skc_deadline_min(deadline_ms, skc_deadline_after(RESTART_PATIENCE_MS));
    uint64_t pause_ms = CONNECT_PAUSE_MS;

    if (skc_conn_is_usable(&handle->conn)) {
        return SKP_ERR_OK;
    }
    for (;;) {
        uint64_t left_ms;
        enum skp_err err =
            skc_conn_connect(&handle->conn, handle->path, deadline_ms, diag);

        left_ms = skc_deadline_left(patience_ms);
        if (err != SKP_ERR_UNAVAILABLE || left_ms == 0) {
            return err;
        }
        skc_deadline_sleep(skc_deadline_min(pause_ms, left_ms));
        pause_ms = skc_deadline_min(2 * pause_ms, CONNECT_PAUSE_MAX);
    }
}

/* Every method may be repeated but refresh: one that the former agent may have
 * begun is not begun again by the next one, and one that failed because a
 * source is down has asked that source often enough. */
static bool is_repeatable(enum skp_method method)
{
    return method != SKP_METHOD_REFRESH;
}

static enum skp_err exchange(struct sidekey *handle,
                             const struct skc_call *call,
                             uint64_t deadline_ms,
                             struct skp_view *ret,
                             struct skp_diag *diag)
{
    bool is_first = true;

    for (;;) {
        bool unanswered = false;
        enum skp_err err;

        SKP_TRY(connect_patiently(handle, deadline_ms, diag));
        err = skc_conn_exchange(&handle->conn, deadline_ms, ret, &unanswered,
                                diag);
        if (err == SKP_ERR_OK || !unanswered || !is_first ||
            !is_repeatable(call->request.method)) {
            return err;
        }
        is_first = false;
    }
}

static enum skp_err encode_request(struct sidekey *handle,
                                   struct skp_request *request,
                                   struct skp_diag *diag)
{
    struct skp_secret *out = &handle->conn.out;
    struct skp_buf buf;

    skp_secret_clear(out);
    if (skp_secret_reserve(out, request->data.len + request->aad.len +
                                    request->tenant.len + request->cursor.len +
                                    REQUEST_FIXED_LEN) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no memory for the request");
    }
    handle->last_msgid++;
    request->msgid = handle->last_msgid;
    buf = skp_buf_over(out->bytes, out->cap);
    SKP_TRY(skp_request_encode(request, &buf));
    out->len = buf.len;
    if (out->len > message_max) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "too long for one request of at most %u bytes",
                        message_max);
    }
    return SKP_ERR_OK;
}

static enum skp_err read_answer(struct sidekey *handle,
                                const struct skc_call *call,
                                struct skp_view message,
                                bool *ret_is_answer,
                                struct skp_diag *diag)
{
    enum skp_message kind;
    struct skp_response response;

    SKP_TRY(skp_response_decode(handle->scratch, message, call->request.method,
                                &kind, &response, diag));
    if (kind != SKP_MESSAGE_RESPONSE) {
        return skp_fail(diag, SKP_ERR_INTERNAL,
                        "the agent sent a notification nobody asked for");
    }
    if (!response.has_msgid) {
        /* Said of the connection, not of the request; the agent hangs up. */
        skc_conn_drop(&handle->conn);
        return response.err == SKP_ERR_OK
                   ? skp_fail(diag, SKP_ERR_INTERNAL,
                              "the agent's answer has no message id")
                   : skc_answers_keep_words(&response, diag);
    }
    if (response.msgid != call->request.msgid) {
        return skp_fail(diag, SKP_ERR_INTERNAL,
                        "the agent answered another request");
    }
    *ret_is_answer = true;
    if (response.err != SKP_ERR_OK) {
        return skc_answers_keep_words(&response, diag);
    }
    return call->take(&response, call->ret, diag);
}

/* One question, in turn.  *ret_is_answer is set when the error is the agent's
 * answer to it and not a trouble on the way. */
static enum skp_err ask(struct sidekey *handle,
                        struct skc_call *call,
                        uint64_t deadline_ms,
                        bool *ret_is_answer,
                        struct skp_diag *diag)
{
    struct skp_view message;
    enum skp_err err;

    skc_conn_notice_fork(&handle->conn);
    SKP_TRY(encode_request(handle, &call->request, diag));
    SKP_TRY(exchange(handle, call, deadline_ms, &message, diag));
    err = read_answer(handle, call, message, ret_is_answer, diag);
    if (err == SKP_ERR_INTERNAL) {
        skc_conn_drop(&handle->conn);
    }
    return err;
}

/* True when another thread has the turn.  A turn that a thread of the parent
 * had when this process was forked belongs to nobody. */
static bool is_taken(const struct sidekey *handle)
{
    return handle->taken_by != 0 && handle->taken_by == getpid();
}

/* Wait for the turn, but not past the deadline. */
static enum skp_err
take_turn(struct sidekey *handle, uint64_t deadline_ms, struct skp_diag *diag)
{
    struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
                              .tv_nsec = (long)(deadline_ms % 1000) * 1000000 };
    bool is_late = false;

    (void)pthread_mutex_lock(&handle->lock);
    while (is_taken(handle) && !is_late) {
        is_late = deadline_ms == SKC_NEVER
                      ? pthread_cond_wait(&handle->given, &handle->lock) != 0
                      : pthread_cond_timedwait(&handle->given, &handle->lock,
                                               &until) != 0;
    }
    is_late = is_taken(handle);
    if (!is_late) {
        handle->taken_by = getpid();
    }
    (void)pthread_mutex_unlock(&handle->lock);
    if (is_late) {
        return skp_fail(diag, SKP_ERR_DEADLINE_EXCEEDED,
                        "deadline exceeded while other threads were served");
    }
    return SKP_ERR_OK;
}

static void give_turn(struct sidekey *handle)
{
    (void)pthread_mutex_lock(&handle->lock);
    handle->taken_by = 0;
    (void)pthread_cond_signal(&handle->given);
    (void)pthread_mutex_unlock(&handle->lock);
}

static enum skp_err ask_in_turn(struct sidekey *handle,
                                struct skc_call *call,
                                uint64_t deadline_ms,
                                bool *ret_is_answer,
                                struct skp_diag *diag)
{
    enum skp_err err;

    SKP_TRY(take_turn(handle, deadline_ms, diag));
    err = ask(handle, call, deadline_ms, ret_is_answer, diag);
    skc_conn_wipe(&handle->conn);
    give_turn(handle);
    return err;
}

/* Ask until the agent has the key or the time is up.  Other threads have their
 * turns during the pauses. */
static enum skp_err ask_until_available(struct sidekey *handle,
                                        struct skc_call *call,
                                        struct skp_diag *diag)
{
    uint64_t deadline_ms = call->deadline_ms;
    uint64_t pause_ms = BACK_OFF_MS;
    struct skp_diag unavailable = { "" };

    for (;;) {
        bool is_answer = false;
        enum skp_err err =
            ask_in_turn(handle, call, deadline_ms, &is_answer, diag);
        uint64_t left_ms = skc_deadline_left(deadline_ms);

        if (err == SKP_ERR_DEADLINE_EXCEEDED && !is_answer &&
            unavailable.text[0] != '\0') {
            *diag = unavailable;
            return SKP_ERR_UNAVAILABLE;
        }
        if (err != SKP_ERR_UNAVAILABLE || !is_answer ||
            left_ms <= LAST_ASK_MS || !is_repeatable(call->request.method)) {
            return err;
        }
        unavailable = *diag;
        skc_deadline_sleep(
            skc_deadline_min(pause_ms, left_ms - LAST_ASK_MS / 2));
        pause_ms = skc_deadline_min(2 * pause_ms, BACK_OFF_MAX);
    }
}

enum sidekey_status skc_client_call(struct sidekey *handle,
                                    struct skc_call *call)
{
    struct skp_diag diag = { "" };
    enum skp_err err = skc_answers_check_request(&call->request, &diag);

    if (err == SKP_ERR_OK) {
        err = ask_until_available(handle, call, &diag);
    }
    if (err == SKP_ERR_OK) {
        diag.text[0] = '\0';
    } else if (diag.text[0] == '\0') {
        err = skp_fail(&diag, err, "%s", skp_err_text(err));
    }
    skc_error_text_set(handle->serial, diag.text);
    return skc_status_of(err);
}

struct skp_view skc_client_tenant(const char *tenant)
{
    return skp_view_of(tenant == NULL ? "" : tenant);
}
