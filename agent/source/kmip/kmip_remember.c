/* kmip_remember.c - a table of objects, and notes for it; see
 * kmip_remember.h. */
#include "agent/source/kmip/kmip_remember.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/siphash.h"

#define BUCKETS 16384u

struct entry {
    struct entry *next; /* in its bucket, or among the notes */
    int64_t initial_s;
    size_t tenant_len;
    size_t identifier_len;
    uint8_t bytes[]; /* the tenant, then the identifier */
};

struct skd_kmip_remember {
    struct skp_siphash_key hash_key;
    struct entry *buckets[BUCKETS];
    size_t count;
    struct entry *notes; /* without an identifier: gone */
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

static void free_entries(struct entry **first)
{
    while (*first != NULL) {
        struct entry *next = (*first)->next;

        free(*first);
        *first = next;
    }
}

static void forget_all(struct skd_kmip_remember *remember)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        free_entries(&remember->buckets[i]);
    }
    remember->count = 0;
}

void skd_kmip_remember_free(struct skd_kmip_remember **remember)
{
    if (*remember == NULL) {
        return;
    }
    forget_all(*remember);
    free_entries(&(*remember)->notes);
    free(*remember);
    *remember = NULL;
}

static size_t bucket_of(const struct skd_kmip_remember *remember,
                        struct skp_view tenant)
{
    return (size_t)(skp_siphash(&remember->hash_key, tenant) % BUCKETS);
}

static struct skp_view tenant_of(const struct entry *entry)
{
    return (struct skp_view){ entry->bytes, entry->tenant_len };
}

static struct skp_view identifier_of(const struct entry *entry)
{
    return (struct skp_view){ entry->bytes + entry->tenant_len,
                              entry->identifier_len };
}

static const struct entry *find(const struct skd_kmip_remember *remember,
                                struct skp_view tenant)
{
    const struct entry *entry = remember->buckets[bucket_of(remember, tenant)];

    while (entry != NULL && !skp_view_equal(tenant_of(entry), tenant)) {
        entry = entry->next;
    }
    return entry;
}

struct skd_kmip_known
skd_kmip_remember_get(const struct skd_kmip_remember *remember,
                      struct skp_view tenant)
{
    const struct entry *entry = find(remember, tenant);

    if (entry == NULL) {
        return (struct skd_kmip_known){ { NULL, 0 }, 0 };
    }
    return (struct skd_kmip_known){ identifier_of(entry), entry->initial_s };
}

static void forget(struct skd_kmip_remember *remember, struct skp_view tenant)
{
    struct entry **place = &remember->buckets[bucket_of(remember, tenant)];

    while (*place != NULL && !skp_view_equal(tenant_of(*place), tenant)) {
        place = &(*place)->next;
    }
    if (*place != NULL) {
        struct entry *entry = *place;

        *place = entry->next;
        free(entry);
        remember->count--;
    }
}

void skd_kmip_remember_note(struct skd_kmip_remember *remember,
                            struct skp_view tenant,
                            const struct skd_kmip_known *known)
{
    struct skd_kmip_known before = skd_kmip_remember_get(remember, tenant);
    struct skp_view identifier = known->identifier;
    struct entry *entry;

    if (identifier.len > 0 && before.initial_s == known->initial_s &&
        skp_view_equal(before.identifier, identifier)) {
        return;
    }
    entry = malloc(sizeof *entry + tenant.len + identifier.len);
    if (entry == NULL) {
        /* What is served may come to be of another object than this. */
        forget(remember, tenant);
        return;
    }
    entry->initial_s = known->initial_s;
    entry->tenant_len = tenant.len;
    entry->identifier_len = identifier.len;
    memcpy(entry->bytes, tenant.ptr, tenant.len);
    if (identifier.len > 0) {
        memcpy(entry->bytes + tenant.len, identifier.ptr, identifier.len);
    }
    entry->next = remember->notes;
    remember->notes = entry;
}

void skd_kmip_remember_note_gone(struct skd_kmip_remember *remember,
                                 struct skp_view tenant)
{
    const struct skd_kmip_known none = { { NULL, 0 }, 0 };

    if (find(remember, tenant) != NULL) {
        skd_kmip_remember_note(remember, tenant, &none);
    }
}

/* Move @entry, a note, to the table, in place of what stands there. */
static void take_note(struct skd_kmip_remember *remember, struct entry *entry)
{
    struct entry **bucket =
        &remember->buckets[bucket_of(remember, tenant_of(entry))];

    forget(remember, tenant_of(entry));
    if (entry->identifier_len == 0) {
        free(entry);
        return;
    }
    if (remember->count == SKD_KMIP_REMEMBER_MAX) {
        forget_all(remember);
    }
    entry->next = *bucket;
    *bucket = entry;
    remember->count++;
}

void skd_kmip_remember_settle(struct skd_kmip_remember *remember, bool accepted)
{
    while (accepted && remember->notes != NULL) {
        struct entry *entry = remember->notes;

        remember->notes = entry->next;
        take_note(remember, entry);
    }
    free_entries(&remember->notes);
}

size_t skd_kmip_remember_count(const struct skd_kmip_remember *remember)
{
    return remember->count;
}
