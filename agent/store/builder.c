/* builder.c - making a snapshot; see snapshot.h. */
#include <stdlib.h>
#include <string.h>

#include "agent/store/snapshot.h"
#include "agent/store/snapshot_parts.h"

/* Tenants are numbered in 32 bits in the index, keys in skd_tenant. */
#define COUNT_MAX ((size_t)UINT32_MAX / 4)

/* Texts of one block: what all ids of a small snapshot need, else this. */
#define TEXT_BLOCK_MAX 65536u
#define TEXT_PER_ID    48u

struct skd_builder {
    struct skd_snapshot *snapshot;
    size_t max_tenants;
};

static void destroy_snapshot(struct skd_snapshot **snapshot)
{
    if (*snapshot != NULL) {
        skd_snapshot_destroy(*snapshot);
    }
}

static enum skp_err new_snapshot(size_t n_tenants,
                                 size_t n_keys,
                                 bool single,
                                 struct skd_snapshot **ret)
{
    SKP_CLEANUP(destroy_snapshot)
    struct skd_snapshot *snapshot = calloc(1, sizeof *snapshot);
    size_t n_buckets = 4;

    if (snapshot == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    while (n_buckets < 2 * n_tenants) {
        n_buckets *= 2;
    }
    atomic_init(&snapshot->pins, 1);
    snapshot->is_single = single;
    snapshot->bucket_mask = n_buckets - 1;
    snapshot->texts.block_len = n_tenants > TEXT_BLOCK_MAX / TEXT_PER_ID
                                    ? TEXT_BLOCK_MAX
                                    : n_tenants * TEXT_PER_ID;
    /* One more than announced, so that none asks for nothing. */
    snapshot->tenants = calloc(n_tenants + 1, sizeof *snapshot->tenants);
    snapshot->keys = calloc(n_keys + 1, sizeof *snapshot->keys);
    snapshot->buckets = calloc(n_buckets, sizeof *snapshot->buckets);
    if (snapshot->tenants == NULL || snapshot->keys == NULL ||
        snapshot->buckets == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_siphash_key_new(&snapshot->hash_key));
    *ret = SKP_TAKE(snapshot);
    return SKP_ERR_OK;
}

enum skp_err skd_builder_new(size_t n_tenants,
                             size_t n_keys,
                             bool single,
                             struct skd_builder **ret,
                             struct skp_diag *diag)
{
    SKP_CLEANUP(skd_builder_free) struct skd_builder *builder = NULL;
    enum skp_err err = SKP_ERR_RESOURCE_EXHAUSTED;

    if (n_tenants <= COUNT_MAX && n_keys <= COUNT_MAX) {
        builder = calloc(1, sizeof *builder);
    }
    if (builder != NULL) {
        builder->max_tenants = n_tenants;
        err = new_snapshot(n_tenants, n_keys, single, &builder->snapshot);
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no memory for a snapshot");
    }
    SKP_TRY(skd_arena_new(n_keys, &builder->snapshot->arena, diag));
    *ret = SKP_TAKE(builder);
    return SKP_ERR_OK;
}

void skd_builder_free(struct skd_builder **builder)
{
    struct skd_builder *b = *builder;

    *builder = NULL;
    if (b == NULL) {
        return;
    }
    if (b->snapshot != NULL) {
        skd_snapshot_destroy(b->snapshot);
    }
    free(b);
}

enum skp_err skd_builder_add_tenant(struct skd_builder *builder,
                                    const struct skd_tenant *tenant)
{
    struct skd_snapshot *snapshot = builder->snapshot;
    struct skd_tenant added = *tenant;

    if (snapshot->n_tenants == builder->max_tenants) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skd_texts_keep(&snapshot->texts, tenant->id, tenant->id_len,
                           &added.id));
    if (tenant->reason != NULL) {
        SKP_TRY(skd_texts_keep(&snapshot->texts, tenant->reason,
                               strlen(tenant->reason), &added.reason));
    }
    added.n_keys = 0;
    added.first_key = (uint32_t)snapshot->n_keys;
    snapshot->tenants[snapshot->n_tenants++] = added;
    return SKP_ERR_OK;
}

enum skp_err skd_builder_add_key(struct skd_builder *builder,
                                 const struct skd_key *key)
{
    struct skd_snapshot *snapshot = builder->snapshot;
    struct skd_public_key *added;

    skp_assert(snapshot->n_tenants > 0);
    if (snapshot->n_keys == skd_arena_n_slots(snapshot->arena)) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    skd_arena_set(snapshot->arena, snapshot->n_keys, key->private_key);
    added = &snapshot->keys[snapshot->n_keys++];
    memcpy(added->public_key, key->public_key, SKP_KEY_LEN);
    memcpy(added->key_id, key->key_id, SKP_KEY_ID_LEN);
    added->generation = key->generation;
    snapshot->tenants[snapshot->n_tenants - 1].n_keys++;
    return SKP_ERR_OK;
}

static int compare_tenants(const void *a, const void *b)
{
    return skd_snapshot_compare(skd_snapshot_id(a), skd_snapshot_id(b));
}

/* Sources give most lists in order: then there is nothing to sort. */
static void sort_tenants(struct skd_snapshot *snapshot)
{
    for (size_t i = 1; i < snapshot->n_tenants; i++) {
        if (compare_tenants(&snapshot->tenants[i - 1], &snapshot->tenants[i]) >
            0) {
            qsort(snapshot->tenants, snapshot->n_tenants,
                  sizeof *snapshot->tenants, compare_tenants);
            return;
        }
    }
}

static void index_tenant(struct skd_snapshot *snapshot, size_t number)
{
    struct skp_view id = skd_snapshot_id(&snapshot->tenants[number]);
    size_t at = (size_t)skp_siphash(&snapshot->hash_key, id);

    while (snapshot->buckets[at & snapshot->bucket_mask] != 0) {
        at++;
    }
    snapshot->buckets[at & snapshot->bucket_mask] = (uint32_t)number + 1;
}

enum skp_err skd_builder_finish(struct skd_builder **builder,
                                struct skd_snapshot **ret)
{
    SKP_CLEANUP(skd_builder_free)
    struct skd_builder *b = SKP_TAKE(*builder);
    struct skd_snapshot *snapshot = b->snapshot;

    sort_tenants(snapshot);
    for (size_t i = 0; i < snapshot->n_tenants; i++) {
        if (i > 0 && compare_tenants(&snapshot->tenants[i - 1],
                                     &snapshot->tenants[i]) == 0) {
            return SKP_ERR_INTERNAL;
        }
        index_tenant(snapshot, i);
    }
    skd_arena_seal(snapshot->arena);
    *ret = SKP_TAKE(b->snapshot);
    return SKP_ERR_OK;
}
