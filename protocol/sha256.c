/* sha256.c - SHA-256 of many bytes; see sha256.h.
 *
 * The low-level interface keeps its state on our stack and cannot fail; EVP
 * would put it on OpenSSL's heap.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "protocol/sha256.h"

#include <openssl/sha.h>

#include "protocol/secret.h"

void skp_sha256(struct skp_view bytes, uint8_t ret[SKP_SHA256_LEN])
{
    SHA256_CTX state;

    (void)SHA256_Init(&state);
    (void)SHA256_Update(&state, bytes.ptr, bytes.len);
    (void)SHA256_Final(ret, &state);
    skp_wipe(&state, sizeof state);
}
