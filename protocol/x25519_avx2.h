/* x25519_avx2.h - four X25519 multiplications side by side, in the lanes of
 * AVX2 registers.  For x25519_batch.c, which knows whether the CPU has them;
 * nobody else includes it.
 */
#ifndef SKP_X25519_AVX2_H
#define SKP_X25519_AVX2_H

#include "protocol/base.h"
#include "protocol/limits.h"

#define SKP_X25519_LANES 4u
/* Multiplications that fill the lanes once are a group. */
#define SKP_X25519_GROUPS_MAX 8u

/* True where this was built for x86-64 and the CPU has AVX2. */
bool skp_x25519_avx2_works(void);

/* X25519 (RFC 7748 section 5) of as many scalars and points as @n_groups
 * groups have lanes, in time that depends on @n_groups only.  Groups that are
 * done together share one division.  Results of low-order points are all zero.
 * What the stack and the registers held is wiped. */
void skp_x25519_avx2(const uint8_t *const *private_keys,
                     const uint8_t *const *points,
                     size_t n_groups,
                     uint8_t (*ret)[SKP_KEY_LEN]);

#endif /* SKP_X25519_AVX2_H */
