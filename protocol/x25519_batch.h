/* x25519_batch.h - many independent X25519 multiplications at once.
 *
 * A pipelined read, and a refresh, hold many multiplications that do not wait
 * for one another.  Where the CPU has AVX2, four go side by side in the lanes
 * of its registers, in less than twice the time of one; elsewhere, and where
 * one is left over, each goes to libsodium.  The results are the same.
 *
 * Eight lanes of AVX-512 would double that at least once more.  They are left
 * out until the constant-time check can watch them: valgrind 3.19 knows none.
 *
 * Thread:   any.
 * Secrets:  private keys are read where they lie; all that the stack and the
 *           registers held is wiped.
 */
#ifndef SKP_X25519_BATCH_H
#define SKP_X25519_BATCH_H

#include "protocol/base.h"
#include "protocol/limits.h"

/* One multiplication.  Pointers are borrowed. */
struct skp_x25519_job {
    const uint8_t *private_key; /* SKP_KEY_LEN bytes, not clamped yet */
    const uint8_t *point;       /* SKP_KEY_LEN bytes */
    uint8_t *ret;               /* SKP_KEY_LEN bytes */
    bool is_low_order;          /* out: the result is all zero: refuse it */
};

/* The base point, 9.  A job that is left alone takes a shorter way when its
 * point lies here. */
extern const uint8_t skp_x25519_base[SKP_KEY_LEN];

/* Do all @n jobs: X25519, RFC 7748 section 5.  Time depends on @n only. */
void skp_x25519_batch(struct skp_x25519_job *jobs, size_t n);

/* The fewest multiplications that a batch does faster than they would go one at
 * a time; SIZE_MAX where no number is. */
size_t skp_x25519_batch_least(void);

/* "avx2" or "libsodium": what a full batch is done with here. */
const char *skp_x25519_batch_kind(void);

#endif /* SKP_X25519_BATCH_H */
