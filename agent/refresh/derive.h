/* derive.h - the public parts of the keys that a refresh brings, while it goes
 * on.
 *
 * The first load of a large installation is almost nothing but X25519.  Private
 * keys are added as soon as they are known; threads, one less than there are
 * cores, derive them many at a time (x25519_batch.h) while the one that added
 * them reads on or builds.  When it asks for a public part that is not there
 * yet, it takes part until it is: no core is idle.
 *
 * Few keys start no thread.  Threads are as urgent as the one that adds, and
 * end with the derive.
 *
 * Thread:   one adds, asks and frees.
 * Secrets:  pointers to private keys only.
 */
#ifndef SKD_DERIVE_H
#define SKD_DERIVE_H

#include "agent/store/snapshot.h"

struct skd_derive; /* opaque */

/* An empty one.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_derive_new(struct skd_derive **ret);

/* Give up what is not derived and free; accepts NULL.  Waits for threads for as
 * long as some keys take, a millisecond or two. */
void skd_derive_free(struct skd_derive **derive);

/* Have one more key derived; its number is how many were added before.
 * @private_key  borrowed, stays where it is, until the derive is freed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; nothing was added. */
SKP_MUST_CHECK enum skp_err skd_derive_add(struct skd_derive *derive,
                                           const uint8_t *private_key);

/* How many were added. */
size_t skd_derive_count(const struct skd_derive *derive);

/* Key number @nth with its public part and id, which are borrowed until the
 * derive is freed; its generation is 0.  From the first call on none is added.
 */
struct skd_key skd_derive_get(struct skd_derive *derive, size_t nth);

#endif /* SKD_DERIVE_H */
