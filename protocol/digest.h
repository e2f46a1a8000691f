/* digest.h - SHA-256 of what comes in pieces; for what is no secret.
 *
 * Keys are hashed in crypto.h, which wipes behind itself.
 */
#ifndef SKP_DIGEST_H
#define SKP_DIGEST_H

#include <sodium.h>

#include "protocol/bytes.h"

#define SKP_DIGEST_LEN 32u

/* A running hash; open, so that it can lie on the stack. */
struct skp_digest {
    crypto_hash_sha256_state state;
};

/* Begin, add, end. */
void skp_digest_start(struct skp_digest *digest);
void skp_digest_add(struct skp_digest *digest, struct skp_view bytes);
void skp_digest_end(struct skp_digest *digest, uint8_t ret[SKP_DIGEST_LEN]);

#endif /* SKP_DIGEST_H */
