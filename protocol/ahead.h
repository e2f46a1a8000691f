/* ahead.h - X25519 results that are computed together before they are asked
 * for, one by one.
 *
 * Who has many requests in hand adds the multiplications that they will need,
 * runs them as one batch (x25519_batch.h) and then works the requests off as
 * ever; crypto.h looks here first.  A result that nobody fetches, or a
 * multiplication that nobody added, changes nothing but time.
 *
 * Thread:   one at a time.
 * Secrets:  results lie in locked memory, and are wiped when fetched or
 * cleared.
 */
#ifndef SKP_AHEAD_H
#define SKP_AHEAD_H

#include "protocol/limits.h"
#include "protocol/secret.h"

/* Multiplications of one batch. */
#define SKP_AHEAD_MAX 32u

struct skp_ahead; /* opaque */

/* An empty one.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or it could not be locked. */
SKP_MUST_CHECK enum skp_err skp_ahead_new(struct skp_ahead **ret);

/* Wipe and free; accepts NULL. */
void skp_ahead_free(struct skp_ahead **ahead);

/* Add a multiplication; false when there is no more room.
 * @private_key  borrowed, at its place and unchanged until skp_ahead_clear: the
 *               place is what tells keys apart.
 * @point        copied. */
bool skp_ahead_add(struct skp_ahead *ahead,
                   const uint8_t private_key[SKP_KEY_LEN],
                   const uint8_t point[SKP_KEY_LEN]);

/* How many have been added. */
size_t skp_ahead_count(const struct skp_ahead *ahead);

/* Do all that have been added. */
void skp_ahead_run(struct skp_ahead *ahead);

/* Fetch a result, which is wiped here: true, @ret set, all zero for a point of
 * low order, and *ret_is_low_order set; false when it was not done ahead. */
bool skp_ahead_fetch(struct skp_ahead *ahead,
                     const uint8_t private_key[SKP_KEY_LEN],
                     const uint8_t point[SKP_KEY_LEN],
                     uint8_t ret[SKP_KEY_LEN],
                     bool *ret_is_low_order);

/* Forget and wipe all. */
void skp_ahead_clear(struct skp_ahead *ahead);

#endif /* SKP_AHEAD_H */
