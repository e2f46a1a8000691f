/* kmip_remember.h - the object under which each tenant's key was found.
 *
 * Two things come of it.  Between full rounds a tenant is asked for by its
 * identifier alone, and its key is not fetched again.  And since Locate does
 * not find destroyed objects, a tenant whose object is not found any more is
 * asked for by the identifier it had; only the server's word "Destroyed" drops
 * a key.
 *
 * What a fetch finds is noted, and remembered once the snapshot that holds the
 * keys was published: a key that is served and the identifier that is
 * remembered for its tenant never belong to two objects.
 *
 * Thread:   one at a time.
 * Secrets:  none; identifiers are names.
 */
#ifndef SKD_KMIP_REMEMBER_H
#define SKD_KMIP_REMEMBER_H

#include "protocol/bytes.h"

/* Tenants remembered.  When there are more, all are forgotten: what is lost is
 * the difference between "destroyed" and "not found", and one short round. */
#define SKD_KMIP_REMEMBER_MAX 262144u

struct skd_kmip_remember; /* opaque */

/* An object.  Open; an identifier of no bytes: none. */
struct skd_kmip_known {
    struct skp_view identifier;
    int64_t initial_s; /* Initial Date, Unix seconds; 0: the server does not
                        * tell, so that another object could pass for it */
};

/* An empty table.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   SKP_ERR_INTERNAL            no random bytes. */
SKP_MUST_CHECK enum skp_err
skd_kmip_remember_new(struct skd_kmip_remember **ret);
void skd_kmip_remember_free(struct skd_kmip_remember **remember);

/* Note that the key of @tenant was fetched from @known, which is copied.
 * Without memory the tenant is forgotten at once. */
void skd_kmip_remember_note(struct skd_kmip_remember *remember,
                            struct skp_view tenant,
                            const struct skd_kmip_known *known);

/* Note that the object of @tenant is gone. */
void skd_kmip_remember_note_gone(struct skd_kmip_remember *remember,
                                 struct skp_view tenant);

/* Remember what was noted since the last call, or (with false) forget the
 * notes. */
void skd_kmip_remember_settle(struct skd_kmip_remember *remember,
                              bool accepted);

/* What is remembered of @tenant, borrowed until the next note or settle. */
struct skd_kmip_known
skd_kmip_remember_get(const struct skd_kmip_remember *remember,
                      struct skp_view tenant);

/* How many are remembered. */
size_t skd_kmip_remember_count(const struct skd_kmip_remember *remember);

#endif /* SKD_KMIP_REMEMBER_H */
