/* siphash.h - short texts to 64 bits under a random key, for hash tables.
 *
 * Tenant ids come from outside: without the key nobody can make ids that
 * collide.  (SipHash-2-4, J.-P. Aumasson and D. J. Bernstein, 2012.)
 */
#ifndef SKP_SIPHASH_H
#define SKP_SIPHASH_H

#include "protocol/bytes.h"

struct skp_siphash_key {
    uint8_t bytes[16];
};

/* Draw a key from the kernel.
 *   SKP_ERR_INTERNAL  the kernel gave none. */
SKP_MUST_CHECK enum skp_err skp_siphash_key_new(struct skp_siphash_key *ret);

/* The hash of @bytes under @key; for this process only, it is not the same on
 * machines of another byte order. */
uint64_t skp_siphash(const struct skp_siphash_key *key, struct skp_view bytes);

#endif /* SKP_SIPHASH_H */
