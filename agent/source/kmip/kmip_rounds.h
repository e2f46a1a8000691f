/* kmip_rounds.h - the round trips of a fetch, each for all tenants of a slice.
 *
 * In a short round, Get Attributes of the identifier that is remembered: when
 * it is still the object whose key is held, that is all.  For all others:
 * Locate by the tenant's name; Get Attributes and Get of the one identifier
 * that was found; where nothing is found, Get Attributes of the identifier that
 * the tenant had before, so that a destroyed object is told from an absent one.
 *
 * Thread:   pool thread, never two at a time; blocks.
 * Secrets:  a private key is derived straight into the slice's locked memory.
 */
#ifndef SKD_KMIP_ROUNDS_H
#define SKD_KMIP_ROUNDS_H

#include "agent/source/kmip/kmip_slice.h"

/* All of them, in this order; afterwards each lookup holds what is known.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */

/* Before the others, unless the slice is full: which objects are still what
 * they were.  Same identifier, Name and Initial Date, and a state in which a
 * key is served: SKD_SAID_SAME.  Whatever else comes back, or does not, leaves
 * the tenant to the others. */
SKP_MUST_CHECK enum skp_err
skd_kmip_rounds_confirm(struct skd_kmip_slice *slice);

/* First: identifiers. */
SKP_MUST_CHECK enum skp_err
skd_kmip_rounds_locate(struct skd_kmip_slice *slice);

/* Second: keys and states of what was located. */
SKP_MUST_CHECK enum skp_err skd_kmip_rounds_get(struct skd_kmip_slice *slice);

/* Third: objects that were there before and are not found now. */
SKP_MUST_CHECK enum skp_err
skd_kmip_rounds_ask_remembered(struct skd_kmip_slice *slice);

#endif /* SKD_KMIP_ROUNDS_H */
