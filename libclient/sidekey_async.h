/* sidekey_async.h - libsidekey inside an event loop of your own.
 *
 * The calls of sidekey.h wait for their answers.  These do not: a program that
 * has a loop already (libuv, libevent, epoll, a GUI) lets the loop do the
 * waiting.  A struct sidekey_async never blocks, starts no thread, touches no
 * signal handler and has no global state.
 *
 * How to drive it
 *   - sidekey_async_wants() says what to wait for: a descriptor, the events of
 *     poll(2) on it, and a timeout.
 *   - When one of them comes, call sidekey_async_process().  That is where all
 *     reading, writing, connecting and calling back is done.
 *   - After each sidekey_async_process(), and after submitting or cancelling,
 *     ask sidekey_async_wants() again.
 *   - The descriptor changes when the connection is made, lost and made again.
 *     wants.generation tells: it is another number whenever fd is another
 *     descriptor, even one of the same value.  Then stop watching the former
 *     one and watch the new one, if fd is not -1.  The former descriptor stays
 *     open until the next sidekey_async_process(), so that a loop never watches
 *     a closed one.
 *
 *     static void turn(struct program *p, int revents)
 *     {
 *         struct sidekey_async_wants wants;
 *
 *         sidekey_async_process(p->keys, revents);
 *         sidekey_async_wants(p->keys, &wants);
 *         watch(p, wants.fd, wants.events, wants.generation);
 *         set_timer(p, wants.timeout_ms);
 *     }
 *
 * Requests
 *   - A request is submitted with a callback, a pointer for it and a deadline
 *     for everything: connecting, a restart of the agent, the answer.  What is
 *     given to a submitting call is copied into locked memory and may be
 *     released when the call returns.
 *   - Every submitted request is answered by exactly one callback.  Callbacks
 *     run inside sidekey_async_process(), and inside sidekey_async_free() for
 *     what is still open then; never inside a submitting call.  A call that
 *     returns another status than SIDEKEY_OK has submitted nothing and calls
 *     nothing back.
 *   - A callback may submit and cancel.  It must not call
 *     sidekey_async_process() (which does nothing then) nor
 *     sidekey_async_free() (which ends the program).
 *   - Requests are sent one after another on one connection without waiting for
 *     answers, and are answered in their order; only deadlines, cancelling
 *     and a connection that cannot be made let one overtake another.
 *
 * Agents that go and come
 *   - When the connection breaks it is made again, and each request that was
 *     sent and got no whole answer is repeated, once.  (All of them may be
 *     repeated safely.)  When that connection breaks, too, the request is
 *     answered SIDEKEY_UNAVAILABLE.
 *   - While nobody listens on the socket, connecting is tried again after
 *     about 10 ms, then twice as long up to 1 s, each time varied at random.  A
 *     request waits for that until 2 s after it was submitted or had lost its
 *     connection, or until its deadline, and is then answered
 *     SIDEKEY_UNAVAILABLE.
 *   - An error that the agent says of the whole connection (too many of them)
 *     is the answer to all open requests.  Bytes that PROTOCOL.md does not
 * allow are SIDEKEY_INTERNAL for the oldest request and end the connection.  So
 *     does an agent that has let every request it was sent miss its deadline.
 *   - SIDEKEY_UNAVAILABLE that the agent says of a key is handed to the
 *     callback at once: the loop is yours, and so is asking again (after 50 ms,
 *     say, then twice as long up to 1 s).
 *
 * One thread at a time may use a handle: that of its loop.  After fork() the
 * child must not touch the handles of its parent.
 */
#ifndef SIDEKEY_ASYNC_H
#define SIDEKEY_ASYNC_H

#include "sidekey.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct sidekey_async;

/* ---- the handle ---------------------------------------------------------- */

/* What sidekey_async_watch() reports, and when. */
enum sidekey_async_news {
    /* The tenant has another current key, or none. */
    SIDEKEY_ASYNC_CHANGED = 1,
    /* The connection had broken and the agent tells of changes again; any may
     * have been missed.  No tenant is named: ask again for all keys you keep.
     */
    SIDEKEY_ASYNC_MISSED = 2,
    /* The agent refuses to tell of changes any longer; watch again. */
    SIDEKEY_ASYNC_ENDED = 3
};

/* One change; valid until the callback returns. */
struct sidekey_async_change {
    enum sidekey_async_news news;
    const char *tenant; /* SIDEKEY_ASYNC_CHANGED; else "" */
    bool has_key;       /* false: no key of the tenant may be used now */
    uint8_t key_id[SIDEKEY_KEY_ID_LEN];
    uint64_t generation;
    enum sidekey_status status; /* SIDEKEY_ASYNC_ENDED: why */
    const char *text;           /* SIDEKEY_ASYNC_ENDED: in words; else "" */
};

/* How to make a handle; zeroed means the defaults. */
struct sidekey_async_options {
    const char *socket_path; /* NULL: as sidekey_open() finds it */
    uint32_t requests_max;   /* open at once; 0: 1024; at most 65536 */
    uint32_t bytes_max;      /* of all of them together; 0: 4 MiB */
    /* Called for each change inside sidekey_async_process(), under the rules
     * of all callbacks; may be NULL. */
    void (*on_change)(void *user, const struct sidekey_async_change *change);
    void *user; /* of on_change */
};

/* Make a handle.  Nothing is connected before the first request.
 * @options  NULL: the defaults.
 * Errors: SIDEKEY_RESOURCE_EXHAUSTED no memory; SIDEKEY_INVALID_ARGUMENT the
 * path is longer than a Unix socket's may be, or requests_max is too large. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_open(const struct sidekey_async_options *options,
                   struct sidekey_async **ret);

/* Answer what is open with SIDEKEY_UNAVAILABLE and is_cancelled, close, wipe
 * and free.  Stop watching the descriptor first.  Callbacks of this call cannot
 * submit any more.  Accepts a NULL pointer and leaves NULL behind. */
void sidekey_async_free(struct sidekey_async **handle);

/* What to wait for. */
struct sidekey_async_wants {
    int fd;              /* -1: nothing to watch now */
    short events;        /* POLLIN and perhaps POLLOUT; 0 without fd */
    uint32_t generation; /* another number: fd is another descriptor */
    int timeout_ms;      /* as of poll(2): 0 at once, -1 for ever */
};

/* "At once" means in the next turn of the loop, after others had theirs.  (With
 * libuv use a uv_idle_t for it: a timer of 0 ms that is started by a timer runs
 * again in the same turn.) */

/* Ask what to wait for.  Only time makes the answer change between two
 * calls on the handle.  The timeout may be too short, never too long. */
void sidekey_async_wants(struct sidekey_async *handle,
                         struct sidekey_async_wants *ret);

/* Go on: read, write, connect, and call back.
 * @revents  what poll(2) says of the descriptor; 0 when it was the timeout.
 * Never blocks.  At most 64 answers are handed out in one call; when there are
 * more the next timeout is 0, so that the rest of the loop has its turn. */
void sidekey_async_process(struct sidekey_async *handle, int revents);

/* The path that the handle connects to. */
const char *sidekey_async_socket_path(const struct sidekey_async *handle);

/* Why the last submitting call that failed did so, in words; "" when none has.
 * Valid until the next one. */
const char *sidekey_async_error_text(const struct sidekey_async *handle);

/* ---- requests ------------------------------------------------------------ */

/* The answer to one request; valid until the callback returns, and wiped
 * then.  What of it is set depends on what was asked; without SIDEKEY_OK only
 * the first four members are. */
struct sidekey_async_answer {
    uint64_t ticket; /* of the submitting call */
    enum sidekey_status status;
    bool is_cancelled; /* by sidekey_async_cancel() or sidekey_async_free() */
    const char *text;  /* the words of a failure, "" without one */

    struct sidekey_public_key public_key; /* pubkey */
    struct sidekey_data_key data_key;     /* unwrap */
    /* encrypt: the envelope.  decrypt: the plaintext.  rewrap: the header of
     * SIDEKEY_HEADER_MAX bytes.  Borrowed from locked memory: copy it. */
    const uint8_t *data;
    size_t len;
    bool authenticated; /* decrypt: false for suite 1 */
};

typedef void sidekey_async_done(void *user,
                                const struct sidekey_async_answer *answer);

/* How a request is answered. */
struct sidekey_async_call {
    sidekey_async_done *done; /* not NULL */
    void *user;
    uint32_t deadline_ms; /* from now; SIDEKEY_NO_DEADLINE: for ever */
};

/* Errors of all submitting calls, when nothing is submitted:
 * SIDEKEY_INVALID_ARGUMENT, @tenant or the aad is malformed, or there is no
 * callback; SIDEKEY_RESOURCE_EXHAUSTED, too many or too large requests are open
 * (submit again when one was answered), the request is too long for a message,
 * or no memory; SIDEKEY_UNAVAILABLE, the handle is being freed.
 *
 * @ret_ticket is a number to cancel with, never 0 and never used twice; it may
 * be NULL.  The statuses of answers are those of the same call in sidekey.h.
 * SIDEKEY_DEADLINE_EXCEEDED: the agent has not answered in time. */

/* The current public key of @tenant; as sidekey_pubkey(). */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_pubkey(struct sidekey_async *handle,
                     const char *tenant,
                     const struct sidekey_async_call *call,
                     uint64_t *ret_ticket);

/* Encrypt a small value; as sidekey_encrypt(). */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_encrypt(struct sidekey_async *handle,
                      const char *tenant,
                      const uint8_t *plaintext,
                      size_t len,
                      const struct sidekey_options *options,
                      const struct sidekey_async_call *call,
                      uint64_t *ret_ticket);

/* Decrypt a small value; as sidekey_decrypt(). */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_decrypt(struct sidekey_async *handle,
                      const char *tenant,
                      const uint8_t *envelope,
                      size_t len,
                      const struct sidekey_options *options,
                      const struct sidekey_async_call *call,
                      uint64_t *ret_ticket);

/* The data key of one envelope, by its header; as sidekey_unwrap(). */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_unwrap(struct sidekey_async *handle,
                     const char *tenant,
                     const uint8_t *header,
                     size_t len,
                     const struct sidekey_options *options,
                     const struct sidekey_async_call *call,
                     uint64_t *ret_ticket);

/* A header for the tenant's current key; as sidekey_rewrap(). */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_rewrap(struct sidekey_async *handle,
                     const char *tenant,
                     const uint8_t *header,
                     size_t len,
                     const struct sidekey_async_call *call,
                     uint64_t *ret_ticket);

/* Be told of changes, by on_change, from the answer on.  Ask for the keys after
 * the answer, not before it, so that no change falls in between.
 * @tenants    NUL-terminated ids, at most 1024; needs the right `watch` on
 * each.
 * @n_tenants  0: all tenants.
 * It lasts as long as the handle, which keeps a connection for it from then on
 * and watches again after a reconnect.  When the agent accepts another watch,
 * that takes the place of this one. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_async_watch(struct sidekey_async *handle,
                    const char *const *tenants,
                    size_t n_tenants,
                    const struct sidekey_async_call *call,
                    uint64_t *ret_ticket);

/* Give up a request: the next sidekey_async_process() answers it with
 * SIDEKEY_UNAVAILABLE and is_cancelled, whatever the agent says until then.
 * What the agent has been sent already it still does.  False, and nothing
 * happens, when @ticket has been answered or cancelled, or is unknown. */
bool sidekey_async_cancel(struct sidekey_async *handle, uint64_t ticket);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* SIDEKEY_ASYNC_H */
