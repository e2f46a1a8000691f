/* turns.h - whose requests a worker handles next.
 *
 * As long as there is little to do, a connection is served when its bytes
 * arrive.  What one user asks beyond its share of a turn of the loop waits in
 * line: connections of a user behind each other, users side by side, so that
 * each user's share is the same however many connections it has and however
 * many requests it sends without waiting for answers.
 *
 * Work is counted in units of about a microsecond.
 *
 * Thread:   the worker's.
 */
#ifndef SKD_TURNS_H
#define SKD_TURNS_H

#include <uv.h>

#include "agent/serve/callers.h"
#include "protocol/rpc.h"

/* What one connection may ask in one go, when its user is the only one ... */
#define SKD_TURN_ALONE 1000u
/* ... and when there are others; then also the share of a user in one turn of
 * the loop.  One use of a key: whoever comes waits for no more than that. */
#define SKD_TURN_SHARED 50u

/* Open, so that it can be embedded. */
struct skd_turns {
    uv_idle_t idle;       /* active while somebody waits: the loop does not
                           * sleep */
    uv_prepare_t prepare; /* counts the turns of the loop */
    struct skd_callers *callers; /* borrowed */
    struct skd_caller *first;    /* users with connections that wait */
    struct skd_caller *last;
    uint64_t round;
};

/* Start on @loop; @callers is borrowed. */
void skd_turns_open(struct skd_turns *turns,
                    uv_loop_t *loop,
                    struct skd_callers *callers);

/* Close the handles; nobody waits any more. */
void skd_turns_close(struct skd_turns *turns);

/* About how much work @request is. */
unsigned skd_turns_cost(const struct skp_request *request);

/* What a connection may spend in one go now. */
unsigned skd_turns_budget(const struct skd_turns *turns);

/* Note what was spent for @caller. */
void skd_turns_spend(const struct skd_turns *turns,
                     struct skd_caller *caller,
                     unsigned cost);

/* True while @caller has not used up its share of this turn of the loop, and
 * none of its connections is in line. */
bool skd_turns_may_go(const struct skd_turns *turns,
                      const struct skd_caller *caller);

/* Put @connection in line, at the end of its user's; it is not in it.  When its
 * turn comes it is taken out and skd_connection_turn is called. */
void skd_turns_add(struct skd_turns *turns, struct skd_connection *connection);

/* Take it out of the line, if it is in it. */
void skd_turns_remove(struct skd_turns *turns,
                      struct skd_connection *connection);

#endif /* SKD_TURNS_H */
