/* callers.h - the users whose connections one worker keeps.
 *
 * What is shared out between users is kept by user: turns (turns.h) and lines
 * of the audit log (denials.h).  A user without connections is remembered for a
 * second, so that connecting anew gains nothing.
 *
 * Thread:   the worker's.
 */
#ifndef SKD_CALLERS_H
#define SKD_CALLERS_H

#include <sys/types.h>

#include "agent/serve/denials.h"

struct skd_connection;

/* One user.  Open for turns.c and batch.c. */
struct skd_caller {
    struct skd_caller *next;
    uid_t uid;
    unsigned n_connections;
    struct skd_denials denials;

    /* turns.c's. */
    struct skd_connection *first_turn; /* connections that wait for one */
    struct skd_connection *last_turn;
    struct skd_caller *next_waiting;
    uint64_t round;
    unsigned spent; /* in that round */
};

/* Open, so that it can be embedded.  Zeroed is empty and valid. */
struct skd_callers {
    struct skd_caller *first;
    unsigned n_active; /* with connections */
};

/* Count one more connection of @uid.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; nothing was counted. */
SKP_MUST_CHECK enum skp_err skd_callers_enter(struct skd_callers *callers,
                                              uid_t uid,
                                              struct skd_caller **ret);

/* A connection that was counted is gone. */
void skd_callers_leave(struct skd_callers *callers, struct skd_caller *caller);

/* Forget those who have no connection and were not denied in the last second.
 */
void skd_callers_forget(struct skd_callers *callers, uint64_t now_ms);

/* Forget all; none has a connection. */
void skd_callers_done(struct skd_callers *callers);

#endif /* SKD_CALLERS_H */
