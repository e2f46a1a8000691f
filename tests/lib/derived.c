/* derived.c - see derived.h. */
#include "tests/lib/derived.h"

#include "protocol/key.h"

atomic_size_t skt_derived;

void __wrap_skp_key_public_batch(const uint8_t *const *keys,
                                 size_t n,
                                 uint8_t (*ret)[SKP_KEY_LEN]);
void __real_skp_key_public_batch(const uint8_t *const *keys,
                                 size_t n,
                                 uint8_t (*ret)[SKP_KEY_LEN]);

void __wrap_skp_key_public_batch(const uint8_t *const *keys,
                                 size_t n,
                                 uint8_t (*ret)[SKP_KEY_LEN])
{
    atomic_fetch_add(&skt_derived, n);
    __real_skp_key_public_batch(keys, n, ret);
}
