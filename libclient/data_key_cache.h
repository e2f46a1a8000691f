/* data_key_cache.h - the data keys of headers that were opened a moment ago.
 *
 * The table behind sidekey_keys_unwrap.  It is a queue: the oldest makes way,
 * and is the first to expire.  Being used does not make a key younger, so that
 * none outlives its term.
 *
 * Pure: no clock, no I/O.  Thread: one at a time.
 * Secrets:  key bytes lie in one locked block of fixed size, wiped slot by
 *           slot whenever an entry ends.  Headers and tenants are no secrets
 *           and lie beside it.
 */
#ifndef SKC_DATA_KEY_CACHE_H
#define SKC_DATA_KEY_CACHE_H

#include "libclient/sidekey.h"
#include "protocol/bytes.h"

struct skc_data_key_cache; /* opaque */

/* Make a cache for @max_keys (1 or more), all memory included.
 * @term_ms  how long a key is kept.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   SKP_ERR_INTERNAL            no random bytes for the hash. */
SKP_MUST_CHECK enum skp_err skc_data_key_cache_new(
    uint32_t max_keys, uint32_t term_ms, struct skc_data_key_cache **ret);

/* Wipe and release; accepts a NULL pointer and leaves NULL behind.  In a child
 * of the process that made it there are no keys, and nothing is wiped. */
void skc_data_key_cache_free(struct skc_data_key_cache **cache);

/* Which data key: whose, and in which header. */
struct skc_data_key_name {
    struct skp_view tenant; /* at most SKP_TENANT_MAX bytes */
    struct skp_view header; /* the header alone, at most SKP_HEADER_MAX bytes */
    bool raw;
};

/* Copy the key of @name to @ret; false when it is not there. */
bool skc_data_key_cache_find(const struct skc_data_key_cache *cache,
                             const struct skc_data_key_name *name,
                             uint64_t now_ms,
                             struct sidekey_data_key *ret);

/* Keep a copy of @key. */
void skc_data_key_cache_put(struct skc_data_key_cache *cache,
                            const struct skc_data_key_name *name,
                            const struct sidekey_data_key *key,
                            uint64_t now_ms);

/* Wipe what has expired. */
void skc_data_key_cache_sweep(struct skc_data_key_cache *cache,
                              uint64_t now_ms);

/* Wipe the keys of @tenant; "*" is every tenant. */
void skc_data_key_cache_drop(struct skc_data_key_cache *cache,
                             struct skp_view tenant);

/* Keys that are kept, and those that made way so far. */
uint32_t skc_data_key_cache_count(const struct skc_data_key_cache *cache);
uint64_t skc_data_key_cache_evictions(const struct skc_data_key_cache *cache);

/* The locked block, for tests of its wiping. */
struct skp_view
skc_data_key_cache_memory(const struct skc_data_key_cache *cache);

#endif /* SKC_DATA_KEY_CACHE_H */
