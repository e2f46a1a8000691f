/* key_cache_table.c - public keys and their trust; see key_cache_table.h. */
#include "libclient/key_cache_table.h"

#include <stdlib.h>
#include <string.h>

#include "libclient/key_cache_slots.h"
#include "protocol/limits.h"

struct entry {
    uint8_t tenant[SKP_TENANT_MAX];
    size_t tenant_len;
    struct sidekey_public_key key;
    uint64_t confirmed_ms; /* not looked at while watched */
    uint64_t fresh_until_ms;
    uint64_t rest_until_ms;
    bool is_watched;
};

struct skc_key_table {
    struct skp_siphash_key hash_key;
    uint32_t offline_ms;
    uint64_t n_evictions;
    struct skc_slots *slots; /* touched at each use */
    struct entry *entries;
};

enum skp_err skc_key_table_new(uint32_t max_tenants,
                               uint32_t offline_ms,
                               struct skc_key_table **ret)
{
    SKP_CLEANUP(skc_key_table_free)
    struct skc_key_table *table = calloc(1, sizeof *table);

    if (table == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    table->offline_ms = offline_ms;
    table->entries = calloc(max_tenants, sizeof *table->entries);
    SKP_TRY(skc_slots_new(max_tenants, &table->slots));
    if (table->entries == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_siphash_key_new(&table->hash_key));
    *ret = SKP_TAKE(table);
    return SKP_ERR_OK;
}

void skc_key_table_free(struct skc_key_table **table)
{
    if (*table == NULL) {
        return;
    }
    skc_slots_free(&(*table)->slots);
    free((*table)->entries);
    free(*table);
    *table = NULL;
}

static struct skp_view tenant_of(const struct entry *entry)
{
    return (struct skp_view){ entry->tenant, entry->tenant_len };
}

static uint32_t find(const struct skc_key_table *table, struct skp_view tenant)
{
    uint32_t slot =
        skc_slots_first(table->slots, skp_siphash(&table->hash_key, tenant));

    while (slot != SKC_NO_SLOT &&
           !skp_view_equal(tenant_of(&table->entries[slot]), tenant)) {
        slot = skc_slots_next(table->slots, slot);
    }
    return slot;
}

enum skc_key_state skc_key_table_look(struct skc_key_table *table,
                                      struct skp_view tenant,
                                      uint64_t now_ms,
                                      struct sidekey_public_key *ret)
{
    uint32_t slot = find(table, tenant);
    const struct entry *entry;
    enum skc_key_state state = SKC_KEY_OLD;

    if (slot == SKC_NO_SLOT) {
        return SKC_KEY_UNKNOWN;
    }
    entry = &table->entries[slot];
    if (now_ms < entry->fresh_until_ms) {
        state = SKC_KEY_FRESH;
    } else if ((entry->is_watched ? now_ms : entry->confirmed_ms) +
                   table->offline_ms <=
               now_ms) {
        return SKC_KEY_UNKNOWN;
    } else if (now_ms < entry->rest_until_ms) {
        state = SKC_KEY_RESTING;
    }
    skc_slots_touch(table->slots, slot);
    *ret = entry->key;
    return state;
}

static uint32_t take_slot(struct skc_key_table *table, struct skp_view tenant)
{
    uint32_t slot = find(table, tenant);

    if (slot != SKC_NO_SLOT) {
        skc_slots_touch(table->slots, slot);
        return slot;
    }
    if (skc_slots_is_full(table->slots)) {
        skc_slots_remove(table->slots, skc_slots_oldest(table->slots));
        table->n_evictions++;
    }
    return skc_slots_add(table->slots, skp_siphash(&table->hash_key, tenant));
}

void skc_key_table_put(struct skc_key_table *table,
                       struct skp_view tenant,
                       const struct sidekey_public_key *key,
                       const struct skc_key_term *term)
{
    struct entry *entry;

    skp_assert(tenant.len <= SKP_TENANT_MAX);
    entry = &table->entries[take_slot(table, tenant)];
    *entry = (struct entry){
        .tenant_len = tenant.len,
        .key = *key,
        .confirmed_ms = term->asked_ms,
        .fresh_until_ms = term->fresh_until_ms,
        .is_watched = term->is_watched,
    };
    memcpy(entry->tenant, tenant.ptr, tenant.len);
}

void skc_key_table_rest(struct skc_key_table *table,
                        struct skp_view tenant,
                        uint64_t now_ms,
                        uint64_t rest_until_ms)
{
    uint32_t slot = find(table, tenant);
    struct entry *entry;

    if (slot == SKC_NO_SLOT) {
        return;
    }
    entry = &table->entries[slot];
    if (entry->is_watched) {
        entry->is_watched = false;
        entry->confirmed_ms = now_ms;
    }
    entry->rest_until_ms = rest_until_ms;
}

void skc_key_table_doubt(struct skc_key_table *table, struct skp_view tenant)
{
    uint32_t slot = find(table, tenant);

    if (slot != SKC_NO_SLOT) {
        table->entries[slot].fresh_until_ms = 0;
    }
}

void skc_key_table_drop(struct skc_key_table *table, struct skp_view tenant)
{
    uint32_t slot = find(table, tenant);

    if (slot != SKC_NO_SLOT) {
        skc_slots_remove(table->slots, slot);
    }
}

static void
change_slot(struct skc_key_table *table, uint32_t slot, const uint8_t *key_id)
{
    const struct skp_view had = { table->entries[slot].key.key_id,
                                  SKP_KEY_ID_LEN };

    if (key_id == NULL ||
        !skp_view_equal(had, (struct skp_view){ key_id, SKP_KEY_ID_LEN })) {
        skc_slots_remove(table->slots, slot);
    }
}

void skc_key_table_change(struct skc_key_table *table,
                          struct skp_view tenant,
                          const uint8_t *key_id)
{
    uint32_t slot;

    if (!skp_view_equal(tenant, skp_view_of("*"))) {
        slot = find(table, tenant);
        if (slot != SKC_NO_SLOT) {
            change_slot(table, slot, key_id);
        }
        return;
    }
    slot = skc_slots_oldest(table->slots);
    while (slot != SKC_NO_SLOT) {
        uint32_t newer = skc_slots_newer(table->slots, slot);

        change_slot(table, slot, key_id);
        slot = newer;
    }
}

void skc_key_table_unwatch(struct skc_key_table *table, uint64_t alive_ms)
{
    for (uint32_t slot = skc_slots_oldest(table->slots); slot != SKC_NO_SLOT;
         slot = skc_slots_newer(table->slots, slot)) {
        struct entry *entry = &table->entries[slot];

        if (entry->is_watched) {
            entry->is_watched = false;
            entry->confirmed_ms = alive_ms;
        }
        entry->fresh_until_ms = 0;
    }
}

uint32_t skc_key_table_count(const struct skc_key_table *table)
{
    return skc_slots_count(table->slots);
}

uint64_t skc_key_table_evictions(const struct skc_key_table *table)
{
    return table->n_evictions;
}
