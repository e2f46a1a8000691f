/* key_cache_slots.h - a fixed number of numbered slots, found by hash, in the
 * order of their age.
 *
 * Both caches of keys keep their entries in arrays of their own; this is the
 * hash table and the queue over the places in those arrays.  All memory is
 * taken at the start.
 *
 * Pure: no clock, no I/O.  Thread: one at a time.
 */
#ifndef SKC_KEY_CACHE_SLOTS_H
#define SKC_KEY_CACHE_SLOTS_H

#include "protocol/base.h"

#define SKC_NO_SLOT UINT32_MAX

struct skc_slots; /* opaque */

/* Make @n (1 to 2^20) slots, all free.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skc_slots_new(uint32_t n, struct skc_slots **ret);

/* Release; accepts a NULL pointer and leaves NULL behind. */
void skc_slots_free(struct skc_slots **slots);

/* How many are taken. */
uint32_t skc_slots_count(const struct skc_slots *slots);

/* True when none is free. */
bool skc_slots_is_full(const struct skc_slots *slots);

/* The first taken slot with @hash, SKC_NO_SLOT for none.  Equal hashes need
 * not mean equal entries: compare, and go on with skc_slots_next. */
uint32_t skc_slots_first(const struct skc_slots *slots, uint64_t hash);

/* The next taken slot with the same hash as @slot; SKC_NO_SLOT at the end. */
uint32_t skc_slots_next(const struct skc_slots *slots, uint32_t slot);

/* The slot that was added or touched longest ago; SKC_NO_SLOT for none. */
uint32_t skc_slots_oldest(const struct skc_slots *slots);

/* The one after @slot in age; SKC_NO_SLOT at the end. */
uint32_t skc_slots_newer(const struct skc_slots *slots, uint32_t slot);

/* Take a free slot, of which there must be one, for an entry with @hash. */
uint32_t skc_slots_add(struct skc_slots *slots, uint64_t hash);

/* Make @slot the newest. */
void skc_slots_touch(struct skc_slots *slots, uint32_t slot);

/* Free @slot. */
void skc_slots_remove(struct skc_slots *slots, uint32_t slot);

#endif /* SKC_KEY_CACHE_SLOTS_H */
