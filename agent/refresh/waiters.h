/* waiters.h - who waits for a refresh to end, first come first answered. */
#ifndef SKD_WAITERS_H
#define SKD_WAITERS_H

#include "agent/refresh/refresher.h"

/* Open, so that it can be embedded.  Zeroed is empty. */
struct skd_waiters {
    struct skd_waiter *first;
};

/* Have @on_done called with @state by skd_waiters_answer.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_waiters_add(struct skd_waiters *waiters,
                                            skd_refreshed on_done,
                                            void *state);

/* Move all of @from to the end of @waiters. */
void skd_waiters_move(struct skd_waiters *waiters, struct skd_waiters *from);

/* Call everybody, once.  Who is added by a callback waits for the next
 * answer. */
void skd_waiters_answer(struct skd_waiters *waiters,
                        enum skp_err err,
                        const struct skp_diag *diag);

#endif /* SKD_WAITERS_H */
