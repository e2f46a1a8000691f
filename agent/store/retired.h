/* retired.h - what is large and nobody holds any more.
 *
 * The last pin on a snapshot that was replaced is mostly a worker's, which
 * gives it back between two batches of requests.  To wipe and free a hundred
 * thousand tenants takes milliseconds, and the second batch would wait for it.
 * So once somebody has said that he sweeps, what is large is only noted here,
 * without lock or memory, until he does.
 *
 * Thread:   any, but for defer.
 * Secrets:  what is noted holds its keys until it is swept.
 */
#ifndef SKD_RETIRED_H
#define SKD_RETIRED_H

#include <stddef.h>

/* Embedded in what can be noted; it needs no beginning. */
struct skd_retired {
    struct skd_retired *next;
    void (*destroy)(void *what);
    void *what;
};

/* From now on note what is large and call @wake, on whatever thread; NULL: no
 * longer.  Only while no other thread has anything to add. */
void skd_retired_defer(void (*wake)(void *state), void *state);

/* Call @destroy with @what, in which @retired is: when swept if it is of
 * SKD_SNAPSHOT_MANY tenants and more, else now. */
void skd_retired_add(struct skd_retired *retired,
                     size_t n_tenants,
                     void (*destroy)(void *what),
                     void *what);

/* Destroy all that is noted. */
void skd_retired_sweep(void);

#endif /* SKD_RETIRED_H */
