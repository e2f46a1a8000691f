/* kmip_remember.c - a table of identifiers; see kmip_remember.h. */
#include "agent/source/kmip/kmip_remember.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/siphash.h"

#define BUCKETS 16384u

struct entry {
    struct entry *next;
    size_t tenant_len;
    size_t identifier_len;
    uint8_t bytes[]; /* the tenant, then the identifier */
};

struct skd_kmip_remember {
    struct skp_siphash_key hash_key;
    struct entry *buckets[BUCKETS];
    size_t count;
};

enum skp_err skd_kmip_remember_new(struct skd_kmip_remember **ret)
{
    SKP_CLEANUP(skd_kmip_remember_free)
    struct skd_kmip_remember *remember = calloc(1, sizeof *remember);

    if (remember == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_siphash_key_new(&remember->hash_key));
    *ret = SKP_TAKE(remember);
    return SKP_ERR_OK;
}

static void forget_all(struct skd_kmip_remember *remember)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (remember->buckets[i] != NULL) {
            struct entry *entry = remember->buckets[i];

            remember->buckets[i] = entry->next;
            free(entry);
        }
    }
    remember->count = 0;
}

void skd_kmip_remember_free(struct skd_kmip_remember **remember)
{
    if (*remember == NULL) {
        return;
    }
    forget_all(*remember);
    free(*remember);
    *remember = NULL;
}

static size_t bucket_of(const struct skd_kmip_remember *remember,
                        struct skp_view tenant)
{
    return (size_t)(skp_siphash(&remember->hash_key, tenant) % BUCKETS);
}

static bool is_of(const struct entry *entry, struct skp_view tenant)
{
    return skp_view_equal((struct skp_view){ entry->bytes, entry->tenant_len },
                          tenant);
}

struct skp_view skd_kmip_remember_get(const struct skd_kmip_remember *remember,
                                      struct skp_view tenant)
{
    const struct entry *entry = remember->buckets[bucket_of(remember, tenant)];

    while (entry != NULL && !is_of(entry, tenant)) {
        entry = entry->next;
    }
    if (entry == NULL) {
        return (struct skp_view){ NULL, 0 };
    }
    return (struct skp_view){ entry->bytes + entry->tenant_len,
                              entry->identifier_len };
}

void skd_kmip_remember_drop(struct skd_kmip_remember *remember,
                            struct skp_view tenant)
{
    struct entry **place = &remember->buckets[bucket_of(remember, tenant)];

    while (*place != NULL && !is_of(*place, tenant)) {
        place = &(*place)->next;
    }
    if (*place != NULL) {
        struct entry *entry = *place;

        *place = entry->next;
        free(entry);
        remember->count--;
    }
}

void skd_kmip_remember_set(struct skd_kmip_remember *remember,
                           struct skp_view tenant,
                           struct skp_view identifier)
{
    struct entry **bucket = &remember->buckets[bucket_of(remember, tenant)];
    struct entry *entry;

    if (skp_view_equal(skd_kmip_remember_get(remember, tenant), identifier)) {
        return;
    }
    entry = malloc(sizeof *entry + tenant.len + identifier.len);
    if (entry == NULL) {
        return;
    }
    skd_kmip_remember_drop(remember, tenant);
    if (remember->count == SKD_KMIP_REMEMBER_MAX) {
        forget_all(remember);
    }
    entry->tenant_len = tenant.len;
    entry->identifier_len = identifier.len;
    memcpy(entry->bytes, tenant.ptr, tenant.len);
    memcpy(entry->bytes + tenant.len, identifier.ptr, identifier.len);
    entry->next = *bucket;
    *bucket = entry;
    remember->count++;
}

size_t skd_kmip_remember_count(const struct skd_kmip_remember *remember)
{
    return remember->count;
}
