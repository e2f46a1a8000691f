/* data_key_cache.c - recent data keys in locked memory; see
 * data_key_cache.h. */
#include "libclient/data_key_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "libclient/key_cache_slots.h"
#include "protocol/envelope.h"
#include "protocol/siphash.h"

/* All of an entry but its key. */
struct entry {
    uint8_t tenant[SKP_TENANT_MAX];
    size_t tenant_len;
    uint8_t header[SKP_HEADER_MAX];
    size_t header_len;
    bool raw;
    enum sidekey_suite suite;
    uint8_t key_id[SKP_KEY_ID_LEN];
    uint64_t expires_ms;
};

struct skc_data_key_cache {
    pid_t pid;
    struct skp_siphash_key hash_key;
    uint32_t term_ms;
    uint64_t n_evictions;
    struct skc_slots *slots; /* in the order of their expiry */
    struct entry *entries;
    struct skp_secret keys; /* SKP_KEY_LEN bytes a slot */
};

enum skp_err skc_data_key_cache_new(uint32_t max_keys,
                                    uint32_t term_ms,
                                    struct skc_data_key_cache **ret)
{
    SKP_CLEANUP(skc_data_key_cache_free)
    struct skc_data_key_cache *cache = calloc(1, sizeof *cache);
    size_t len = (size_t)max_keys * SKP_KEY_LEN;

    if (cache == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    cache->pid = getpid();
    cache->term_ms = term_ms;
    cache->entries = calloc(max_keys, sizeof *cache->entries);
    SKP_TRY(skc_slots_new(max_keys, &cache->slots));
    if (cache->entries == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_siphash_key_new(&cache->hash_key));
    SKP_TRY(skp_secret_reserve(&cache->keys, len));
    cache->keys.len = len;
    *ret = SKP_TAKE(cache);
    return SKP_ERR_OK;
}

void skc_data_key_cache_free(struct skc_data_key_cache **cache)
{
    if (*cache == NULL) {
        return;
    }
    /* Children do not inherit the pages: there is nothing to touch. */
    if ((*cache)->pid == getpid()) {
        skp_secret_done(&(*cache)->keys);
    }
    skc_slots_free(&(*cache)->slots);
    free((*cache)->entries);
    free(*cache);
    *cache = NULL;
}

static uint8_t *key_of(const struct skc_data_key_cache *cache, uint32_t slot)
{
    return cache->keys.bytes + (size_t)slot * SKP_KEY_LEN;
}

static uint64_t hash_name(const struct skc_data_key_cache *cache,
                          const struct skc_data_key_name *name)
{
    /* The length of the header keeps it apart from the tenant. */
    uint8_t bytes[2 + SKP_HEADER_MAX + SKP_TENANT_MAX];
    struct skp_view all = { bytes, 2 + name->header.len + name->tenant.len };

    skp_assert(name->header.len <= SKP_HEADER_MAX &&
               name->tenant.len <= SKP_TENANT_MAX);
    bytes[0] = name->raw ? 1 : 0;
    bytes[1] = (uint8_t)name->header.len;
    memcpy(bytes + 2, name->header.ptr, name->header.len);
    memcpy(bytes + 2 + name->header.len, name->tenant.ptr, name->tenant.len);
    return skp_siphash(&cache->hash_key, all);
}

static bool has_tenant(const struct entry *entry, struct skp_view tenant)
{
    return skp_view_equal((struct skp_view){ entry->tenant, entry->tenant_len },
                          tenant);
}

/* The header is public, but what is in it is asked for by whoever could have
 * made it: nothing of the comparison shall show in its time. */
static bool has_name(const struct entry *entry,
                     const struct skc_data_key_name *name)
{
    return entry->raw == name->raw && entry->header_len == name->header.len &&
           skp_equal_ct(entry->header, name->header.ptr, entry->header_len) &&
           has_tenant(entry, name->tenant);
}

static uint32_t find(const struct skc_data_key_cache *cache,
                     const struct skc_data_key_name *name,
                     uint64_t hash)
{
    uint32_t slot = skc_slots_first(cache->slots, hash);

    while (slot != SKC_NO_SLOT && !has_name(&cache->entries[slot], name)) {
        slot = skc_slots_next(cache->slots, slot);
    }
    return slot;
}

bool skc_data_key_cache_find(const struct skc_data_key_cache *cache,
                             const struct skc_data_key_name *name,
                             uint64_t now_ms,
                             struct sidekey_data_key *ret)
{
    uint32_t slot = find(cache, name, hash_name(cache, name));
    const struct entry *entry;

    if (slot == SKC_NO_SLOT || cache->entries[slot].expires_ms <= now_ms) {
        return false;
    }
    entry = &cache->entries[slot];
    memcpy(ret->key, key_of(cache, slot), SKP_KEY_LEN);
    ret->suite = entry->suite;
    memcpy(ret->key_id, entry->key_id, SKP_KEY_ID_LEN);
    return true;
}

static void end_slot(struct skc_data_key_cache *cache, uint32_t slot)
{
    skp_wipe(key_of(cache, slot), SKP_KEY_LEN);
    skc_slots_remove(cache->slots, slot);
}

void skc_data_key_cache_put(struct skc_data_key_cache *cache,
                            const struct skc_data_key_name *name,
                            const struct sidekey_data_key *key,
                            uint64_t now_ms)
{
    uint64_t hash = hash_name(cache, name);
    uint32_t slot = find(cache, name, hash);
    struct entry *entry;

    if (slot != SKC_NO_SLOT) {
        /* Two threads asked for the same one. */
        end_slot(cache, slot);
    } else if (skc_slots_is_full(cache->slots)) {
        end_slot(cache, skc_slots_oldest(cache->slots));
        cache->n_evictions++;
    }
    slot = skc_slots_add(cache->slots, hash);
    entry = &cache->entries[slot];
    *entry = (struct entry){
        .tenant_len = name->tenant.len,
        .header_len = name->header.len,
        .raw = name->raw,
        .suite = key->suite,
        .expires_ms = now_ms + cache->term_ms,
    };
    memcpy(entry->tenant, name->tenant.ptr, name->tenant.len);
    memcpy(entry->header, name->header.ptr, name->header.len);
    memcpy(entry->key_id, key->key_id, SKP_KEY_ID_LEN);
    memcpy(key_of(cache, slot), key->key, SKP_KEY_LEN);
}

void skc_data_key_cache_sweep(struct skc_data_key_cache *cache, uint64_t now_ms)
{
    uint32_t slot = skc_slots_oldest(cache->slots);

    while (slot != SKC_NO_SLOT && cache->entries[slot].expires_ms <= now_ms) {
        end_slot(cache, slot);
        slot = skc_slots_oldest(cache->slots);
    }
}

void skc_data_key_cache_drop(struct skc_data_key_cache *cache,
                             struct skp_view tenant)
{
    bool all = skp_view_equal(tenant, skp_view_of("*"));
    uint32_t slot = skc_slots_oldest(cache->slots);

    while (slot != SKC_NO_SLOT) {
        uint32_t newer = skc_slots_newer(cache->slots, slot);

        if (all || has_tenant(&cache->entries[slot], tenant)) {
            end_slot(cache, slot);
        }
        slot = newer;
    }
}

uint32_t skc_data_key_cache_count(const struct skc_data_key_cache *cache)
{
    return skc_slots_count(cache->slots);
}

uint64_t skc_data_key_cache_evictions(const struct skc_data_key_cache *cache)
{
    return cache->n_evictions;
}

struct skp_view
skc_data_key_cache_memory(const struct skc_data_key_cache *cache)
{
    return skp_secret_view(&cache->keys);
}
