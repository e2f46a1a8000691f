/* connection.h - one client: its bytes in, its answers out, in order.
 *
 * The main loop makes a connection when it accepts, a worker opens and keeps it
 * until it has closed, and the main loop frees it.
 *
 * Thread:   new, free: main loop.  Everything else: the worker's.
 * Secrets:  bytes that wait, either way, do so in locked memory of the
 *           connection; an idle one has none.
 */
#ifndef SKD_CONNECTION_H
#define SKD_CONNECTION_H

#include "agent/serve/desk.h"
#include "agent/serve/mailbox.h"
#include "agent/serve/outbox.h"
#include "agent/serve/peer.h"
#include "agent/serve/rate.h"
#include "agent/serve/watch.h"

/* Above this many bytes that the client does not fetch, no more of its requests
 * are handled: the largest answer fits still. */
#define SKD_CONNECTION_FULL (SKD_OUTBOX_MAX - SKD_DESK_OUTPUT)

enum skd_connection_state {
    SKD_CONNECTION_NEW,       /* not opened yet */
    SKD_CONNECTION_READING,   /* handles what comes */
    SKD_CONNECTION_WAITING,   /* for the main loop's answer */
    SKD_CONNECTION_BLOCKED,   /* the client does not fetch its answers */
    SKD_CONNECTION_FINISHING, /* handles nothing more; closes when all is
                               * written */
    SKD_CONNECTION_CLOSING,
    SKD_CONNECTION_CLOSED,
    SKD_CONNECTION_STATES,
};

/* Open for worker.c and server.c, which keep lists; the members below the line
 * are connection.c's. */
struct skd_connection {
    struct skd_mail mail; /* to the worker, and back when closed */
    struct skd_connection *next;
    struct skd_connection *prev;
    uint64_t id; /* never used twice */
    struct skd_peer peer;
    size_t worker;         /* index of the worker that serves it */
    struct skd_rate *rate; /* borrowed from the server, for as long as it
                            * counts the connection; NULL: no limit */

    /* ---- */
    enum skd_connection_state state;
    int fd; /* -1 once the pipe has it */
    uv_pipe_t pipe;
    struct skd_desk *desk;
    struct skd_outbox outbox;
    struct skp_secret input; /* bytes not handled yet, from input_at on */
    size_t input_at;
    bool has_more;     /* input may hold whole messages that wait for a turn */
    bool is_postponed; /* the socket's bytes wait for a turn */
    bool is_in_line;   /* turns.c's, as the next three */
    struct skd_caller *caller; /* NULL before it is opened */
    struct skd_connection *next_turn;
    struct skd_connection *prev_turn;
    bool uses_keys;  /* its requests use private keys: look ahead */
    bool is_reading; /* the loop reads for us */
    bool is_last;    /* no more bytes will come, or are wanted */
    struct skp_frame_progress progress; /* of the message begun in input */
    uint64_t partial_since_ms;
    struct skd_watch *watch; /* NULL: does not watch */
};

/* @fd and @peer are moved in, whatever the result.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_connection_new(int fd,
                                               struct skd_peer *peer,
                                               uint64_t id,
                                               struct skd_connection **ret);

/* Free one that was never opened, or has closed; accepts NULL. */
void skd_connection_free(struct skd_connection **connection);

/* Serve on the loop of @desk.  From here on the connection ends with
 * ops.closed, also when opening fails. */
void skd_connection_open(struct skd_connection *connection,
                         struct skd_desk *desk);

/* Its turn has come (turns.h): handle what waits. */
void skd_connection_turn(struct skd_connection *connection);

/* Send the main loop's answer (encoded) and go on with what waits. */
void skd_connection_answer(struct skd_connection *connection,
                           struct skp_view answer);

/* Tell a watching client about changes; nothing to others.  A client that does
 * not fetch what it is told is closed. */
void skd_connection_notify(struct skd_connection *connection,
                           bool is_single,
                           const struct skp_tenant_row *rows,
                           size_t n_rows);

/* True when the rest of a message has been due since @limit_ms. */
bool skd_connection_is_overdue(const struct skd_connection *connection,
                               uint64_t now_ms,
                               uint64_t limit_ms);

/* Read once more, answer what is there, then close. */
void skd_connection_finish(struct skd_connection *connection);

/* Close at once. */
void skd_connection_close(struct skd_connection *connection);

#endif /* SKD_CONNECTION_H */
