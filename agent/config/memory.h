/* memory.h - what the pointers of a configuration point into.
 *
 * Blocks are handed out from chunks that never move and are given back all at
 * once.  Plain blocks come from the heap, secret ones from arenas like those of
 * private keys.
 *
 * Thread:   one while it is filled; then only ref and unref, from any.
 * Secrets:  secret blocks are in the best memory that an arena gets
 *           (agent/sys/arena.h), at least locked where that is required, and
 *           wiped with the last pin.
 */
#ifndef SKD_MEMORY_H
#define SKD_MEMORY_H

#include "protocol/secret.h"

struct skd_config_memory; /* opaque */

/* Make an empty memory with one pin.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_memory_new(struct skd_config_memory **ret);

/* A zeroed block of @len bytes, aligned for every type; NULL when there is no
 * memory. */
void *skd_memory_block(struct skd_config_memory *memory, size_t len);

/* A copy of @text; NULL when there is no memory. */
const char *skd_memory_text(struct skd_config_memory *memory,
                            struct skp_view text);

/* A locked copy of @bytes, with a NUL behind it.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or it could not be locked. */
SKP_MUST_CHECK enum skp_err skd_memory_secret(struct skd_config_memory *memory,
                                              struct skp_view bytes,
                                              struct skp_view *ret);

/* Make the secrets of a configuration that is complete read-only. */
void skd_memory_seal(struct skd_config_memory *memory);

/* Add a pin, and give one back: the last one wipes and frees. */
void skd_memory_ref(struct skd_config_memory *memory);
void skd_memory_unref(struct skd_config_memory **memory);

#endif /* SKD_MEMORY_H */
