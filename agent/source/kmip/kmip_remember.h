/* kmip_remember.h - the identifier under which each tenant's object was found.
 *
 * Locate does not find destroyed objects.  A tenant whose object is not found
 * any more is asked for by the identifier it had; only the server's word
 * "Destroyed" drops a key.
 *
 * Thread:   one at a time.
 * Secrets:  none; identifiers are names.
 */
#ifndef SKD_KMIP_REMEMBER_H
#define SKD_KMIP_REMEMBER_H

#include "protocol/bytes.h"

/* Tenants remembered.  When there are more, all are forgotten: what is lost is
 * the difference between "destroyed" and "not found" until the next fetch. */
#define SKD_KMIP_REMEMBER_MAX 262144u

struct skd_kmip_remember; /* opaque */

/* An empty table.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   SKP_ERR_INTERNAL            no random bytes. */
SKP_MUST_CHECK enum skp_err
skd_kmip_remember_new(struct skd_kmip_remember **ret);
void skd_kmip_remember_free(struct skd_kmip_remember **remember);

/* Remember @identifier for @tenant, in place of another.  Without memory the
 * tenant is just not remembered. */
void skd_kmip_remember_set(struct skd_kmip_remember *remember,
                           struct skp_view tenant,
                           struct skp_view identifier);

/* The identifier of @tenant, borrowed until the next set; len 0: none. */
struct skp_view skd_kmip_remember_get(const struct skd_kmip_remember *remember,
                                      struct skp_view tenant);

/* Forget @tenant, if it is remembered. */
void skd_kmip_remember_drop(struct skd_kmip_remember *remember,
                            struct skp_view tenant);

/* How many are remembered. */
size_t skd_kmip_remember_count(const struct skd_kmip_remember *remember);

#endif /* SKD_KMIP_REMEMBER_H */
