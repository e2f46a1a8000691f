/* worker.h - a thread with a loop of its own, and the connections it keeps.
 *
 * The main loop talks to a worker by mail only.  Mail that comes back, in the
 * main loop's mailbox: closed connections, asks, and the worker itself when it
 * has ended.
 *
 * Thread:   main loop, but for what its own thread does.
 */
#ifndef SKD_WORKER_H
#define SKD_WORKER_H

#include "agent/serve/ask.h"
#include "agent/serve/connection.h"
#include "agent/serve/mailbox.h"

struct skd_worker_config {
    const struct skd_env *env; /* borrowed */
    struct skd_mailbox *home;  /* borrowed: the main loop's */
    struct skd_demand *demand; /* borrowed; may be NULL */
    void (*want)(void *state); /* any thread */
    void *want_state;
    const struct skd_config *config; /* pinned: what is served at first */
    uid_t own_uid;
    size_t index;            /* its producer number in the log, too */
    struct skd_audit *audit; /* borrowed; NULL: off */
};

struct skd_worker; /* opaque */

/* Make loop, buffers and mailbox and start the thread.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, lockable memory, descriptors, threads.
 *   SKP_ERR_INTERNAL            see skd_desk_init. */
SKP_MUST_CHECK enum skp_err
skd_worker_start(const struct skd_worker_config *worker_config,
                 struct skd_worker **ret);

/* Serve these from now on; both are pinned, @snapshot may be NULL.  Of several
 * that the worker has not taken yet the last one counts. */
void skd_worker_serve(struct skd_worker *worker,
                      struct skd_snapshot *snapshot,
                      const struct skd_config *config);

/* Hand over a connection (moved until it comes back as mail), or an answered
 * ask (moved; the worker frees it).  False, still the caller's, when the worker
 * has ended. */
bool skd_worker_post(struct skd_worker *worker, struct skd_mail *mail);

/* Add what the worker has answered so far. */
void skd_worker_tally(const struct skd_worker *worker,
                      struct skd_request_totals *totals);

/* CPU time that the worker's thread has used, in microseconds; 0 when it has
 * ended. */
uint64_t skd_worker_cpu_us(const struct skd_worker *worker);

/* Answer what is in flight, close what is not done after @drain_ms, and end.
 * The worker says so by mail of kind SKD_MAIL_STOP to the main loop. */
void skd_worker_stop(struct skd_worker *worker, uint64_t drain_ms);

/* The worker that sent @mail of kind SKD_MAIL_STOP. */
struct skd_worker *skd_worker_of(struct skd_mail *mail);

/* Join the thread of a worker that said it has ended, and free it; accepts
 * NULL. */
void skd_worker_free(struct skd_worker **worker);

#endif /* SKD_WORKER_H */
