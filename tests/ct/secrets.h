/* secrets.h - what is secret and what is public, told to valgrind.
 *
 * memcheck complains about a branch on, and an index made of, memory that holds
 * nothing yet.  Bytes that are called secret are such memory for it, and so is
 * all that is computed from them: what it then complains about is code whose
 * time, or whose traces in the cache, depend on a secret.  (The method is Adam
 * Langley's ctgrind, 2010.)  What it does not see: instructions that take their
 * operands' time, as a division.
 */
#ifndef SKT_SECRETS_H
#define SKT_SECRETS_H

#include <valgrind/memcheck.h>

#include "protocol/bytes.h"
#include "protocol/random.h"

static inline void skt_secret(void *bytes, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, len);
}

/* From here on the bytes are sent out, or may be known. */
static inline void skt_public(const void *bytes, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, len);
}

/* True when a byte of them depends on a secret. */
bool skt_is_secret(const void *bytes, size_t len);

/* Counts up, and calls what it gave secret. */
extern const struct skp_random skt_secret_random;

/* Run this program again under valgrind, if it is not: does not return then.
 *   77  valgrind is not there. */
void skt_under_valgrind(char **argv);

/* Complaints since the last call. */
unsigned skt_complaints(void);

#endif /* SKT_SECRETS_H */
