/* key.h - from a seed to a key, and from a key to its id.
 *
 *     private = SHA-256(base64_decode(seed))   32 bytes
 *     public  = X25519(private, 9)             32 bytes, RFC 7748 section 6.1
 *     key id  = first 8 bytes of SHA-256(public)
 *
 * The whole decoded seed is hashed, whatever its length (32 bytes or more).
 */
#ifndef SKP_KEY_H
#define SKP_KEY_H

#include "protocol/diag.h"
#include "protocol/limits.h"
#include "protocol/secret.h"

/* Turn the text of a seed into its private key.
 *   SKP_ERR_INVALID_ARGUMENT    not base64, or fewer than SKP_SEED_MIN bytes
 *                               decoded; @diag says which, never a value or a
 *                               length.  @ret is untouched.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory for the decoded seed. */
SKP_MUST_CHECK enum skp_err skp_key_from_seed(struct skp_view text,
                                              uint8_t ret[SKP_KEY_LEN],
                                              struct skp_diag *diag);

/* The public key of @private_key.  Never fails: every 32 bytes are a key. */
void skp_key_public(const uint8_t private_key[SKP_KEY_LEN],
                    uint8_t ret[SKP_KEY_LEN]);

/* The same for @n private keys, which is faster where x25519_batch.h is. */
void skp_key_public_batch(const uint8_t *const *private_keys,
                          size_t n,
                          uint8_t (*ret)[SKP_KEY_LEN]);

/* The id of @public_key. */
void skp_key_id(const uint8_t public_key[SKP_KEY_LEN],
                uint8_t ret[SKP_KEY_ID_LEN]);

/* True for 1 to 128 printable ASCII bytes without spaces. */
bool skp_tenant_is_valid(struct skp_view tenant);

/* True for a UUID in its 36 character form, hex digits of any case. */
bool skp_tenant_is_uuid(struct skp_view tenant);

#endif /* SKP_KEY_H */
