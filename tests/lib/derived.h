/* derived.h - how many public keys were derived, counted by the linker: for
 * suites that it is told to wrap skp_key_public_batch in (Makefile).
 */
#ifndef SKT_DERIVED_H
#define SKT_DERIVED_H

#include <stdatomic.h>
#include <stddef.h>

/* Keys that went through skp_key_public_batch; a suite may set it. */
extern atomic_size_t skt_derived;

#endif /* SKT_DERIVED_H */
