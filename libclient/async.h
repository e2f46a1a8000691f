/* async.h - what the files of the async handle share.
 *
 *     async_calls.c   a public call becomes a message
 *     async.c         the handle, and the order of things in one turn
 *     async_link.c    the connection: made, lost, made again
 *     async_answer.c  what the agent says
 *     async_finish.c  requests end, each once
 *     async_queue.c   requests and their bytes
 *     async_wire.c    the socket
 *
 * Callbacks may submit, which adds to the end of the queue, and cancel, which
 * sets a mark; they change nothing else.  So a walk over the queue stays right
 * while it calls back, as long as it visits only those who were there when it
 * began.
 */
#ifndef SKC_ASYNC_H
#define SKC_ASYNC_H

#include "libclient/async_queue.h"
#include "libclient/async_wire.h"
#include "libclient/sidekey_async.h"
#include "libclient/socket_path.h"
#include "protocol/random.h"

/* The outside world, as a table; tests hand in another. */
struct skc_async_env {
    void *state; /* handed back to every call */

    /* Monotonic clock, in milliseconds. */
    uint64_t (*now_ms)(void *state);

    /* A connected socket that never blocks, moved to the caller; or minus the
     * errno. */
    int (*connect)(void *state, const char *path);

    const struct skp_random *random; /* to vary the back-off */
};

struct sidekey_async {
    struct skc_async_env env;
    struct skc_async_queue queue;
    struct skc_async_wire wire;
    struct skp_scratch *scratch;
    void (*on_change)(void *user, const struct sidekey_async_change *change);
    void *user;
    uint64_t last_ticket;
    uint32_t last_msgid;
    uint64_t soonest_ms; /* no deadline is before it */
    bool is_busy;        /* in sidekey_async_process */
    bool is_closing;     /* in sidekey_async_free */
    bool has_cancelled;  /* marks in the queue */
    bool has_unread;     /* messages may be left in the wire's buffer */

    /* async_link.c */
    int retired_fd; /* lost, but perhaps still watched by the caller's loop */
    uint32_t generation;
    uint32_t shown_generation; /* what the caller has seen */
    uint64_t retry_ms;         /* no connect before it */
    unsigned attempts;         /* without a right answer since */
    bool has_answered;         /* on this connection */
    enum skp_err trouble;      /* of the last connect; OK: none */
    struct skp_diag trouble_words;

    /* The watch that the agent accepted last, encoded; empty: none. */
    struct skp_secret watch;
    uint32_t watch_msgid;

    struct skp_diag refusal; /* of the last call that submitted nothing */
    char path[SKC_SOCKET_PATH_MAX];
};

/* sidekey_async_open with another world. */
SKP_MUST_CHECK enum sidekey_status
skc_async_open_in(const struct skc_async_env *env,
                  const struct sidekey_async_options *options,
                  struct sidekey_async **ret);

/* Submit @message; its msgid is filled in.  Errors as of all submitting calls
 * in sidekey_async.h. */
SKP_MUST_CHECK enum sidekey_status
skc_async_submit(struct sidekey_async *handle,
                 struct skp_request *message,
                 const struct sidekey_async_call *call,
                 uint64_t *ret_ticket);

#endif /* SKC_ASYNC_H */
