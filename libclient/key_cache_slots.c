/* key_cache_slots.c - slots by hash and age; see key_cache_slots.h. */
#include "libclient/key_cache_slots.h"

#include <stdlib.h>

struct node {
    uint64_t hash;
    uint32_t chain; /* next of the bucket, or of the free ones */
    uint32_t older;
    uint32_t newer;
};

struct skc_slots {
    uint32_t n;
    uint32_t n_taken;
    uint32_t free;
    uint32_t oldest;
    uint32_t newest;
    uint32_t bucket_mask;
    uint32_t *buckets; /* heads of chains */
    struct node *nodes;
};

enum skp_err skc_slots_new(uint32_t n, struct skc_slots **ret)
{
    SKP_CLEANUP(skc_slots_free)
    struct skc_slots *slots = calloc(1, sizeof *slots);
    uint32_t n_buckets = 1;

    if (slots == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    while (n_buckets < n) {
        n_buckets *= 2;
    }
    slots->buckets = calloc(n_buckets, sizeof *slots->buckets);
    slots->nodes = calloc(n, sizeof *slots->nodes);
    if (slots->buckets == NULL || slots->nodes == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    slots->n = n;
    slots->bucket_mask = n_buckets - 1;
    slots->oldest = SKC_NO_SLOT;
    slots->newest = SKC_NO_SLOT;
    for (uint32_t i = 0; i < n_buckets; i++) {
        slots->buckets[i] = SKC_NO_SLOT;
    }
    for (uint32_t i = 0; i < n; i++) {
        slots->nodes[i].chain = i + 1 < n ? i + 1 : SKC_NO_SLOT;
    }
    *ret = SKP_TAKE(slots);
    return SKP_ERR_OK;
}

void skc_slots_free(struct skc_slots **slots)
{
    if (*slots == NULL) {
        return;
    }
    free((*slots)->buckets);
    free((*slots)->nodes);
    free(*slots);
    *slots = NULL;
}

uint32_t skc_slots_count(const struct skc_slots *slots)
{
    return slots->n_taken;
}

bool skc_slots_is_full(const struct skc_slots *slots)
{
    return slots->n_taken == slots->n;
}

static uint32_t *find_bucket(const struct skc_slots *slots, uint64_t hash)
{
    return &slots->buckets[hash & slots->bucket_mask];
}

/* @slot or the first one behind it in its chain that has @hash. */
static uint32_t
find_in_chain(const struct skc_slots *slots, uint32_t slot, uint64_t hash)
{
    while (slot != SKC_NO_SLOT && slots->nodes[slot].hash != hash) {
        slot = slots->nodes[slot].chain;
    }
    return slot;
}

uint32_t skc_slots_first(const struct skc_slots *slots, uint64_t hash)
{
    return find_in_chain(slots, *find_bucket(slots, hash), hash);
}

uint32_t skc_slots_next(const struct skc_slots *slots, uint32_t slot)
{
    const struct node *node = &slots->nodes[slot];

    return find_in_chain(slots, node->chain, node->hash);
}

uint32_t skc_slots_oldest(const struct skc_slots *slots)
{
    return slots->oldest;
}

uint32_t skc_slots_newer(const struct skc_slots *slots, uint32_t slot)
{
    return slots->nodes[slot].newer;
}

static void enqueue(struct skc_slots *slots, uint32_t slot)
{
    struct node *node = &slots->nodes[slot];

    node->older = slots->newest;
    node->newer = SKC_NO_SLOT;
    if (slots->newest == SKC_NO_SLOT) {
        slots->oldest = slot;
    } else {
        slots->nodes[slots->newest].newer = slot;
    }
    slots->newest = slot;
}

static void dequeue(struct skc_slots *slots, uint32_t slot)
{
    const struct node *node = &slots->nodes[slot];

    if (node->older == SKC_NO_SLOT) {
        slots->oldest = node->newer;
    } else {
        slots->nodes[node->older].newer = node->newer;
    }
    if (node->newer == SKC_NO_SLOT) {
        slots->newest = node->older;
    } else {
        slots->nodes[node->newer].older = node->older;
    }
}

uint32_t skc_slots_add(struct skc_slots *slots, uint64_t hash)
{
    uint32_t *bucket = find_bucket(slots, hash);
    uint32_t slot = slots->free;

    skp_assert(!skc_slots_is_full(slots));
    slots->free = slots->nodes[slot].chain;
    slots->nodes[slot].hash = hash;
    slots->nodes[slot].chain = *bucket;
    *bucket = slot;
    enqueue(slots, slot);
    slots->n_taken++;
    return slot;
}

void skc_slots_touch(struct skc_slots *slots, uint32_t slot)
{
    dequeue(slots, slot);
    enqueue(slots, slot);
}

void skc_slots_remove(struct skc_slots *slots, uint32_t slot)
{
    uint32_t *link = find_bucket(slots, slots->nodes[slot].hash);

    while (*link != slot) {
        link = &slots->nodes[*link].chain;
    }
    *link = slots->nodes[slot].chain;
    dequeue(slots, slot);
    slots->nodes[slot].chain = slots->free;
    slots->free = slot;
    slots->n_taken--;
}
