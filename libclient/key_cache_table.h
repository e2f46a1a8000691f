/* key_cache_table.h - public keys of tenants, and how far each may be trusted.
 *
 * The table behind sidekey_keys_public.  What is known of time, of the agent
 * and of its watch is told from outside; key_cache_client.c does that.
 *
 * Pure: no clock, no I/O.  Thread: one at a time.
 */
#ifndef SKC_KEY_CACHE_TABLE_H
#define SKC_KEY_CACHE_TABLE_H

#include "libclient/sidekey.h"
#include "protocol/siphash.h"

struct skc_key_table; /* opaque */

/* Make a table for @max_tenants, all memory included.
 * @offline_ms  how long a key may be used after it was last confirmed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   SKP_ERR_INTERNAL            no random bytes for the hash. */
SKP_MUST_CHECK enum skp_err skc_key_table_new(uint32_t max_tenants,
                                              uint32_t offline_ms,
                                              struct skc_key_table **ret);

/* Release; accepts a NULL pointer and leaves NULL behind. */
void skc_key_table_free(struct skc_key_table **table);

enum skc_key_state {
    SKC_KEY_UNKNOWN, /* there is none that may be used */
    SKC_KEY_OLD,     /* to be confirmed; may be used when the agent is away */
    SKC_KEY_RESTING, /* the same, but the agent was asked in vain just now */
    SKC_KEY_FRESH,   /* may be used */
};

/* What is known of @tenant at @now_ms; @ret is set unless UNKNOWN. */
enum skc_key_state skc_key_table_look(struct skc_key_table *table,
                                      struct skp_view tenant,
                                      uint64_t now_ms,
                                      struct sidekey_public_key *ret);

/* What an answer of the agent is good for. */
struct skc_key_term {
    uint64_t asked_ms; /* when the question was asked */
    uint64_t fresh_until_ms;
    bool is_watched; /* the agent would have told of a change: the key counts
                      * as confirmed until skc_key_table_unwatch */
};

/* Keep what the agent answered; the tenant that was used longest ago makes way
 * when there is no room. */
void skc_key_table_put(struct skc_key_table *table,
                       struct skp_view tenant,
                       const struct sidekey_public_key *key,
                       const struct skc_key_term *term);

/* The agent was asked for @tenant in vain: use what there is until
 * @rest_until_ms before it is asked again, within offline_ms of @now_ms. */
void skc_key_table_rest(struct skc_key_table *table,
                        struct skp_view tenant,
                        uint64_t now_ms,
                        uint64_t rest_until_ms);

/* Have the key of @tenant confirmed before it is used. */
void skc_key_table_doubt(struct skc_key_table *table, struct skp_view tenant);

/* The agent says no to @tenant. */
void skc_key_table_drop(struct skc_key_table *table, struct skp_view tenant);

/* The agent says that the key of @tenant is now the one with @key_id, or none
 * (NULL): any other is dropped.  "*" is every tenant (single-key mode). */
void skc_key_table_change(struct skc_key_table *table,
                          struct skp_view tenant,
                          const uint8_t *key_id);

/* The watch broke; it was last seen whole at @alive_ms.  All keys are to be
 * confirmed. */
void skc_key_table_unwatch(struct skc_key_table *table, uint64_t alive_ms);

/* Keys that are kept, and those that made way so far. */
uint32_t skc_key_table_count(const struct skc_key_table *table);
uint64_t skc_key_table_evictions(const struct skc_key_table *table);

#endif /* SKC_KEY_CACHE_TABLE_H */
