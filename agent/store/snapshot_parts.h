/* snapshot_parts.h - what a snapshot is made of; for snapshot.c, which reads
 * one, builder.c, which makes one, tombstones.c, which is in one, and
 * keep_index.c, keep_gone.c and keep_image.c, which keep one over a restart.
 * Nobody else includes it.
 */
#ifndef SKD_SNAPSHOT_PARTS_H
#define SKD_SNAPSHOT_PARTS_H

#include <stdatomic.h>

#include "agent/store/retired.h"
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

/* What snapshots share that differ in nothing but when they were confirmed;
 * immutable once finished. */
struct skd_body {
    atomic_uint pins; /* of snapshots */
    struct skd_retired retired;
    bool is_single;
    bool is_clean;    /* nothing in it waits for anything */
    bool has_private; /* zero_knowledge tenants */
    struct skd_arena *arena;
    int index_fd;               /* of what is kept beside the arena; -1: none */
    bool is_imaged;             /* the arena's header knows the index */
    struct skd_tenant *tenants; /* in the order of their ids */
    size_t n_tenants;
    struct skd_public_key *keys;
    size_t n_keys;
    struct skd_texts texts; /* ids and reasons */
    struct skd_tombstones tombstones;

    /* Open addressing, at most half full: 0 is free, else a tenant's number
     * plus 1 and, above it, a tag out of the hash.  A tenant whose tag differs
     * need not be looked at, which would cost two misses of every cache. */
    struct skp_siphash_key hash_key;
    uint32_t *buckets;
    unsigned tag_shift;
    size_t bucket_mask;
};

struct skd_snapshot {
    atomic_uint pins;
    struct skd_body *body;
    /* When all tenants without a reason were last confirmed, unless their row
     * says later. */
    uint64_t confirmed_ms;
    int64_t confirmed_at_s;
};

/* The id of @tenant as a view. */
struct skp_view skd_snapshot_id(const struct skd_tenant *tenant);

/* The tag that @hash, of an id, has in the buckets of @body. */
static inline uint32_t skd_body_tag(const struct skd_body *body, uint64_t hash)
{
    return (uint32_t)(hash >> 32) << body->tag_shift;
}

/* Order of ids: by bytes, the shorter first. */
int skd_snapshot_compare(struct skp_view a, struct skp_view b);

/* A snapshot over *body, whose one pin is moved in, with the one pin on it.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; *body is untouched. */
SKP_MUST_CHECK enum skp_err skd_snapshot_over(struct skd_body **body,
                                              struct skd_snapshot **ret);

/* Wipe and free, whatever part of it is there. */
void skd_body_destroy(struct skd_body *body);

#endif /* SKD_SNAPSHOT_PARTS_H */
