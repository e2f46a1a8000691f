/* async_desk.h - an async handle on one side of a socket pair, its agent on the
 * other, and a clock that stands still; both sides are moved by the test.
 *
 * The agent side is bytes: what the handle sent is decoded with the real
 * decoder, what it gets is made with the real encoder, or by hand, and may be
 * sent in pieces.
 */
#ifndef SKT_ASYNC_DESK_H
#define SKT_ASYNC_DESK_H

#include "libclient/async.h"

#define SKT_ASYNC_DESK_DONE_MAX 4096u

/* What a callback was told. */
struct skt_done {
    unsigned calls;
    uint64_t ticket;
    enum sidekey_status status;
    bool is_cancelled;
    char text[128];
    char data[64]; /* the answer's, as text; cut */
    size_t len;
    uint64_t order; /* the how manieth callback of the desk it was */
    struct sidekey_public_key public_key;
    struct sidekey_data_key data_key;
    bool authenticated;
};

struct skt_async_desk {
    struct sidekey_async *handle;
    struct skc_async_env env;
    struct skp_random random;
    uint64_t now_ms;
    int agent_fd;            /* the agent's side; -1: no connection */
    int connect_error;       /* an errno: nobody listens */
    unsigned connects;       /* asked for, refused ones too */
    struct skp_secret heard; /* by the agent, not yet taken */
    struct skp_scratch *scratch;
    uint32_t generation; /* as the loop last saw it */
    int watched_fd;      /* what the loop watches */
    struct skt_done done[SKT_ASYNC_DESK_DONE_MAX];
    size_t n_submitted;
    uint64_t n_done;
    bool in_turn; /* callbacks may come */
    /* Called after each callback, to submit from inside of it. */
    void (*then)(struct skt_async_desk *desk);
    enum sidekey_async_news news[64];
    struct sidekey_async_change last_change;
    char changed_tenant[130];
    size_t n_news;
};

/* Make one.  Heap memory; freed by skt_async_desk_free. */
struct skt_async_desk *skt_async_desk_new(uint32_t requests_max,
                                          uint32_t bytes_max);

/* Free the handle (open requests are told) and all else. */
void skt_async_desk_free(struct skt_async_desk **desk);

/* Free the handle only. */
void skt_async_desk_free_handle(struct skt_async_desk *desk);

/* Submit an `encrypt` of @plaintext, or a `pubkey`, of the tenant "t"; the
 * number of its entry in desk->done. */
size_t skt_async_desk_encrypt(struct skt_async_desk *desk,
                              const char *plaintext,
                              uint32_t deadline_ms);
size_t skt_async_desk_pubkey(struct skt_async_desk *desk, uint32_t deadline_ms);

/* The call for the next entry of desk->done; *ret is its number. */
struct sidekey_async_call skt_async_desk_call(struct skt_async_desk *desk,
                                              uint32_t deadline_ms,
                                              size_t *ret);

/* One turn of a loop: ask what is wanted, poll without waiting, process if
 * there is an event or the timeout is 0.  False when there was nothing to do.
 * Asserts that the loop never watches a closed descriptor. */
bool skt_async_desk_turn(struct skt_async_desk *desk);

/* Turns until there is nothing to do. */
void skt_async_desk_run(struct skt_async_desk *desk);

/* Run, let @ms pass, and run again. */
void skt_async_desk_pass(struct skt_async_desk *desk, uint64_t ms);

/* What the handle wants now. */
struct sidekey_async_wants skt_async_desk_wants(struct skt_async_desk *desk);

/* Take the next request that the agent has heard; false when none is whole.
 * Views are valid until the next call. */
bool skt_async_desk_hear(struct skt_async_desk *desk, struct skp_request *ret);

/* Take a request and fail when there is none, or it is another method. */
struct skp_request skt_async_desk_heard(struct skt_async_desk *desk,
                                        enum skp_method method);

/* Encode the right answer to @request: for `encrypt` the plaintext comes back
 * as the envelope.  Borrowed until the next call. */
struct skp_view skt_async_desk_answer_of(const struct skp_request *request);

/* Say bytes to the handle, all of them, giving it turns while the socket is
 * full. */
void skt_async_desk_say(struct skt_async_desk *desk, struct skp_view bytes);

/* Answer the next @n requests rightly. */
void skt_async_desk_answer(struct skt_async_desk *desk, size_t n);

/* Answer @request with an error; @has_msgid false: of the connection. */
void skt_async_desk_refuse(struct skt_async_desk *desk,
                           const struct skp_request *request,
                           bool has_msgid,
                           enum skp_err err,
                           const char *text);

/* The agent hangs up. */
void skt_async_desk_hang_up(struct skt_async_desk *desk);

/* Assert how entry @i ended, and that it ended once. */
void skt_async_desk_ended(const struct skt_async_desk *desk,
                          size_t i,
                          enum sidekey_status status,
                          const char *text);

#endif /* SKT_ASYNC_DESK_H */
