/* sha256.h - SHA-256 (FIPS 180-4) of many bytes at once, by OpenSSL, which uses
 * what the processor has for it.
 */
#ifndef SKP_SHA256_H
#define SKP_SHA256_H

#include "protocol/bytes.h"

#define SKP_SHA256_LEN 32u

/* The hash of @bytes, which may be secret: nothing of them is left behind. */
void skp_sha256(struct skp_view bytes, uint8_t ret[SKP_SHA256_LEN]);

#endif /* SKP_SHA256_H */
