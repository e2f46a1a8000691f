/* json_heap.h - the memory behind cJSON: locked, and wiped when it is given
 * back.
 *
 * JSON that the agent reads holds seeds and tokens, and cJSON copies each
 * string into a block of its own.  Its allocation hooks are one setting for the
 * whole process, so both parsers share this: blocks are cut from locked chunks,
 * and a chunk but the last goes when its last block does.
 *
 * Thread:   any.
 * Secrets:  every block is wiped when cJSON frees it.
 */
#ifndef SKD_JSON_HEAP_H
#define SKD_JSON_HEAP_H

#include "protocol/base.h"

/* Make cJSON use this heap from now on.  May be called by anyone at any time,
 * but before the caller's first use of cJSON; the first call counts.  When no
 * memory can be had, or locked where that is required (secret.h), cJSON sees
 * an allocation that failed. */
void skd_json_heap_install(void);

/* Give the chunk that is kept for the next text back, if no block is in it;
 * for after the last of many texts. */
void skd_json_heap_trim(void);

/* Blocks that cJSON has not given back yet; for tests and status. */
size_t skd_json_heap_blocks(void);

#endif /* SKD_JSON_HEAP_H */
