/* snapshot_parts.h - what a snapshot is made of; for snapshot.c, which reads
 * one, and builder.c, which makes one.  Nobody else includes it.
 */
#ifndef SKD_SNAPSHOT_PARTS_H
#define SKD_SNAPSHOT_PARTS_H

#include <stdatomic.h>

#include "agent/store/snapshot.h"
#include "agent/store/texts.h"
#include "protocol/siphash.h"

/* What is public of one key; its private key is in the arena's slot of the
 * same number. */
struct skd_public_key {
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
    uint64_t generation;
};

struct skd_snapshot {
    atomic_uint pins;
    bool is_single;
    struct skd_arena *arena;
    struct skd_tenant *tenants; /* in the order of their ids */
    size_t n_tenants;
    struct skd_public_key *keys;
    size_t n_keys;
    struct skd_texts texts; /* ids and reasons */

    /* Open addressing, at most half full: a tenant's number plus 1, 0 is
     * free. */
    struct skp_siphash_key hash_key;
    uint32_t *buckets;
    size_t bucket_mask;
};

/* The id of @tenant as a view. */
struct skp_view skd_snapshot_id(const struct skd_tenant *tenant);

/* Order of ids: by bytes, the shorter first. */
int skd_snapshot_compare(struct skp_view a, struct skp_view b);

/* Wipe and free, whatever part of it is there. */
void skd_snapshot_destroy(struct skd_snapshot *snapshot);

#endif /* SKD_SNAPSHOT_PARTS_H */
