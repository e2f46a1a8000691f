/* siphash.c - libsodium's SipHash-2-4; see siphash.h. */
#include "protocol/siphash.h"

#include <sodium.h>

#include "protocol/random.h"

_Static_assert(sizeof(struct skp_siphash_key) == crypto_shorthash_KEYBYTES,
               "the key is the library's");
_Static_assert(sizeof(uint64_t) == crypto_shorthash_BYTES,
               "the hash is the library's");

enum skp_err skp_siphash_key_new(struct skp_siphash_key *ret)
{
    return skp_random_system.fill(skp_random_system.state, ret->bytes,
                                  sizeof ret->bytes);
}

uint64_t skp_siphash(const struct skp_siphash_key *key, struct skp_view bytes)
{
    uint64_t hash;

    (void)crypto_shorthash((uint8_t *)&hash, bytes.ptr, bytes.len, key->bytes);
    return hash;
}
