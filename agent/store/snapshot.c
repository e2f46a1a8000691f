/* snapshot.c - reading a snapshot, and its pins; see snapshot.h. */
#include "agent/store/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "agent/store/snapshot_parts.h"

struct skp_view skd_snapshot_id(const struct skd_tenant *tenant)
{
    return (struct skp_view){ (const uint8_t *)tenant->id, tenant->id_len };
}

int skd_snapshot_compare(struct skp_view a, struct skp_view b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

const struct skd_tenant *skd_snapshot_find(const struct skd_snapshot *snapshot,
                                           struct skp_view id)
{
    size_t at;

    if (snapshot->n_tenants == 0) {
        return NULL;
    }
    if (snapshot->is_single) {
        return &snapshot->tenants[0];
    }
    at = (size_t)skp_siphash(&snapshot->hash_key, id);
    for (;; at++) {
        uint32_t number = snapshot->buckets[at & snapshot->bucket_mask];

        if (number == 0) {
            return NULL;
        }
        if (skp_view_equal(skd_snapshot_id(&snapshot->tenants[number - 1]),
                           id)) {
            return &snapshot->tenants[number - 1];
        }
    }
}

struct skd_key skd_snapshot_key(const struct skd_snapshot *snapshot,
                                const struct skd_tenant *tenant,
                                size_t nth)
{
    size_t at = tenant->first_key + nth;

    skp_assert(nth < tenant->n_keys && at < snapshot->n_keys);
    return (struct skd_key){
        .private_key = skd_arena_slot(snapshot->arena, at),
        .public_key = snapshot->keys[at].public_key,
        .key_id = snapshot->keys[at].key_id,
        .generation = snapshot->keys[at].generation,
    };
}

bool skd_snapshot_key_by_id(const struct skd_snapshot *snapshot,
                            const struct skd_tenant *tenant,
                            const uint8_t key_id[SKP_KEY_ID_LEN],
                            struct skd_key *ret)
{
    struct skp_view wanted = { key_id, SKP_KEY_ID_LEN };

    for (size_t nth = 0; nth < tenant->n_keys; nth++) {
        struct skd_key key = skd_snapshot_key(snapshot, tenant, nth);
        struct skp_view its = { key.key_id, SKP_KEY_ID_LEN };

        if (skp_view_equal(its, wanted)) {
            *ret = key;
            return true;
        }
    }
    return false;
}

size_t skd_snapshot_count(const struct skd_snapshot *snapshot)
{
    return snapshot->n_tenants;
}

const struct skd_tenant *skd_snapshot_at(const struct skd_snapshot *snapshot,
                                         size_t index)
{
    skp_assert(index < snapshot->n_tenants);
    return &snapshot->tenants[index];
}

size_t skd_snapshot_after(const struct skd_snapshot *snapshot,
                          struct skp_view id)
{
    size_t low = 0;
    size_t high = snapshot->n_tenants;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct skp_view its = skd_snapshot_id(&snapshot->tenants[middle]);

        if (skd_snapshot_compare(its, id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool skd_snapshot_is_single(const struct skd_snapshot *snapshot)
{
    return snapshot->is_single;
}

size_t skd_snapshot_n_keys(const struct skd_snapshot *snapshot)
{
    return snapshot->n_keys;
}

enum skd_tier skd_snapshot_tier(const struct skd_snapshot *snapshot)
{
    return skd_arena_tier(snapshot->arena);
}

struct skd_snapshot *skd_snapshot_ref(struct skd_snapshot *snapshot)
{
    unsigned before = atomic_fetch_add(&snapshot->pins, 1);

    skp_assert(before > 0);
    return snapshot;
}

void skd_snapshot_unref(struct skd_snapshot **snapshot)
{
    struct skd_snapshot *s = *snapshot;

    *snapshot = NULL;
    if (s != NULL && atomic_fetch_sub(&s->pins, 1) == 1) {
        skd_snapshot_destroy(s);
    }
}

void skd_snapshot_destroy(struct skd_snapshot *snapshot)
{
    skd_arena_free(&snapshot->arena);
    skd_texts_done(&snapshot->texts);
    free(snapshot->tenants);
    free(snapshot->keys);
    free(snapshot->buckets);
    free(snapshot);
}
