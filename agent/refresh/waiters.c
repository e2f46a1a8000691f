/* waiters.c - who waits for a refresh to end; see waiters.h. */
#include "agent/refresh/waiters.h"

#include <stdlib.h>

struct skd_waiter {
    struct skd_waiter *next;
    skd_refreshed on_done;
    void *state;
};

static struct skd_waiter **find_end(struct skd_waiters *waiters)
{
    struct skd_waiter **place = &waiters->first;

    while (*place != NULL) {
        place = &(*place)->next;
    }
    return place;
}

enum skp_err
skd_waiters_add(struct skd_waiters *waiters, skd_refreshed on_done, void *state)
{
    struct skd_waiter *waiter = calloc(1, sizeof *waiter);

    if (waiter == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    waiter->on_done = on_done;
    waiter->state = state;
    *find_end(waiters) = waiter;
    return SKP_ERR_OK;
}

void skd_waiters_move(struct skd_waiters *waiters, struct skd_waiters *from)
{
    *find_end(waiters) = SKP_TAKE(from->first);
}

void skd_waiters_answer(struct skd_waiters *waiters,
                        enum skp_err err,
                        const struct skp_diag *diag)
{
    struct skd_waiter *list = SKP_TAKE(waiters->first);

    while (list != NULL) {
        struct skd_waiter *waiter = list;

        list = waiter->next;
        waiter->on_done(waiter->state, err, diag);
        free(waiter);
    }
}
