/* lookahead.h - the multiplications of requests that wait in the same bytes,
 * done together.
 *
 * A client that does not wait for answers has many requests in one read.
 * Before they are handled one by one, this looks through them for those that
 * will use a private key, and has their X25519 done as one batch (ahead.h);
 * each finds its result when its turn comes.  Looking decides nothing: a
 * request is answered the same whether it was looked at or not.
 *
 * It starts with a connection's first use of a key, so that those who use none
 * pay nothing.
 *
 * Thread:   the worker's.
 * Secrets:  results lie in locked memory until they are fetched, or ended.
 */
#ifndef SKD_LOOKAHEAD_H
#define SKD_LOOKAHEAD_H

#include "agent/serve/connection.h"

/* Of one go through the bytes of a connection.  Zeroed: nothing looked at. */
struct skd_lookahead {
    size_t n_left; /* messages that need not be looked at any more */
};

/* Before the next message is handled: when none that was looked at is left,
 * look at those at the start of @bytes, as many as ahead.h holds and may cost
 * @budget.
 * @connection  reading; its progress is the first message's.  uses_keys is
 *              cleared where no use of a key is in sight. */
void skd_lookahead_step(struct skd_lookahead *lookahead,
                        struct skd_connection *connection,
                        struct skp_view bytes,
                        unsigned budget,
                        uint64_t now_ms);

/* Wipe what nobody fetched; before the loop goes on. */
void skd_lookahead_end(struct skd_desk *desk);

#endif /* SKD_LOOKAHEAD_H */
