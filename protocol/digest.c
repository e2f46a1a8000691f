/* digest.c - SHA-256 of what comes in pieces; see digest.h. */
#include "protocol/digest.h"

/* libsodium's three always return 0. */
void skp_digest_start(struct skp_digest *digest)
{
    (void)crypto_hash_sha256_init(&digest->state);
}

void skp_digest_add(struct skp_digest *digest, struct skp_view bytes)
{
    if (bytes.len > 0) {
        (void)crypto_hash_sha256_update(&digest->state, bytes.ptr, bytes.len);
    }
}

void skp_digest_end(struct skp_digest *digest, uint8_t ret[SKP_DIGEST_LEN])
{
    (void)crypto_hash_sha256_final(&digest->state, ret);
}
