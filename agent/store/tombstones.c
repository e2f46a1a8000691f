/* tombstones.c - tenants that are gone; see tombstones.h. */
#include "agent/store/tombstones.h"

#include <stdlib.h>

#include "agent/store/snapshot_parts.h"

#define TEXT_PER_ID 48u

static struct skp_view id_of(const struct skd_tombstone *tombstone)
{
    return (struct skp_view){ (const uint8_t *)tombstone->id,
                              tombstone->id_len };
}

enum skp_err skd_tombstones_reserve(struct skd_tombstones *tombstones,
                                    size_t cap)
{
    skp_assert(tombstones->cap == 0);
    if (cap == 0) {
        return SKP_ERR_OK;
    }
    tombstones->list = calloc(cap, sizeof *tombstones->list);
    tombstones->by_id = calloc(cap, sizeof *tombstones->by_id);
    if (tombstones->list == NULL || tombstones->by_id == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    tombstones->cap = cap;
    tombstones->texts.block_len = cap * TEXT_PER_ID;
    return SKP_ERR_OK;
}

enum skp_err skd_tombstones_add(struct skd_tombstones *tombstones,
                                const struct skd_tombstone *tombstone)
{
    struct skd_tombstone added = *tombstone;

    if (tombstones->n == tombstones->cap) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skd_texts_keep(&tombstones->texts, tombstone->id, tombstone->id_len,
                           &added.id));
    tombstones->by_id[tombstones->n].at = &tombstones->list[tombstones->n];
    tombstones->list[tombstones->n++] = added;
    return SKP_ERR_OK;
}

static int compare(const void *a, const void *b)
{
    const struct skd_tombstone_place *left = a;
    const struct skd_tombstone_place *right = b;

    return skd_snapshot_compare(id_of(left->at), id_of(right->at));
}

void skd_tombstones_seal(struct skd_tombstones *tombstones)
{
    if (tombstones->n > 1) {
        qsort(tombstones->by_id, tombstones->n, sizeof *tombstones->by_id,
              compare);
    }
}

const struct skd_tombstone *
skd_tombstones_find(const struct skd_tombstones *tombstones, struct skp_view id)
{
    size_t low = 0;
    size_t high = tombstones->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct skd_tombstone *at = tombstones->by_id[middle].at;
        int order = skd_snapshot_compare(id_of(at), id);

        if (order == 0) {
            return at;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

void skd_tombstones_done(struct skd_tombstones *tombstones)
{
    skd_texts_done(&tombstones->texts);
    free(tombstones->list);
    free(tombstones->by_id);
    *tombstones = (struct skd_tombstones){ .n = 0 };
}

const char *skd_gone_text(enum skd_gone why)
{
    switch (why) {
    case SKD_GONE_FORGOTTEN:
        return "an operator had the tenant forgotten, and no refresh has "
               "brought it back";
    case SKD_GONE_DESTROYED:
        return "the key of this tenant was destroyed in the key server";
    case SKD_GONE_REMOVED:
    default:
        return "the tenant was removed from the tenant list";
    }
}
