/* snapshot.c - reading a snapshot, and its pins; see snapshot.h. */
#include "agent/store/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The key that whoever finds @tenant wants next.  Neither rows nor keys begin
 * where a cache's lines do. */
static void fetch_key(const struct skd_body *body,
                      const struct skd_tenant *tenant)
{
    const struct skd_public_key *key = &body->keys[tenant->first_key];

    __builtin_prefetch(key);
    __builtin_prefetch((const uint8_t *)(key + 1) - 1);
}

/* Its id lies elsewhere, and so do its keys: in a large snapshot both come from
 * memory, so they come together. */
static bool is_tenant(const struct skd_body *body,
                      const struct skd_tenant *tenant,
                      struct skp_view id)
{
    fetch_key(body, tenant);
    return skp_view_equal(skd_snapshot_id(tenant), id);
}

/* The first row from bucket *@at on that may be that of @hash, and its bucket;
 * NULL when there is none. */
static const struct skd_tenant *
next_row(const struct skd_body *body, uint64_t hash, size_t *at)
{
    uint32_t tag = skd_body_tag(body, hash);

    for (;; ++*at) {
        uint32_t bucket = body->buckets[*at & body->bucket_mask];
        uint32_t number = bucket ^ tag;

        if (bucket == 0) {
            return NULL;
        }
        if (number >> body->tag_shift == 0) {
            return &body->tenants[number - 1];
        }
    }
}

const struct skd_tenant *skd_snapshot_find(const struct skd_snapshot *snapshot,
                                           struct skp_view id)
{
    const struct skd_body *body = snapshot->body;
    const struct skd_tenant *row;
    uint64_t hash;
    size_t at;

    if (body->n_tenants == 0) {
        return NULL;
    }
    if (body->is_single) {
        return &body->tenants[0];
    }
    hash = skp_siphash(&body->hash_key, id);
    at = (size_t)hash;
    row = next_row(body, hash, &at);
    while (row != NULL && !is_tenant(body, row, id)) {
        at++;
        row = next_row(body, hash, &at);
    }
    return row;
}

/* ---- several at once ----------------------------------------------------- */

static void fetch_id(const struct skd_tenant *tenant)
{
    __builtin_prefetch(tenant->id);
    __builtin_prefetch(tenant->id + tenant->id_len - 1);
}

static void fetch_row(const struct skd_tenant *tenant)
{
    __builtin_prefetch(tenant);
    __builtin_prefetch((const uint8_t *)(tenant + 1) - 1);
}

/* Step by step, all of them: while what one needs is on its way from memory,
 * the others' steps are taken. */
static void search_together(const struct skd_snapshot *snapshot,
                            struct skd_search *searches,
                            size_t n)
{
    const struct skd_body *body = snapshot->body;

    for (size_t i = 0; i < n; i++) {
        uint64_t hash = skp_siphash(&body->hash_key, searches[i].id);

        searches[i].hash = hash;
        __builtin_prefetch(&body->buckets[(size_t)hash & body->bucket_mask]);
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)searches[i].hash;

        searches[i].found = next_row(body, searches[i].hash, &at);
        if (searches[i].found != NULL) {
            fetch_row(searches[i].found);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (searches[i].found != NULL) {
            fetch_id(searches[i].found);
            fetch_key(body, searches[i].found);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct skd_tenant *found = searches[i].found;

        /* Of another tenant, whose tag is the same. */
        if (found != NULL &&
            !skp_view_equal(skd_snapshot_id(found), searches[i].id)) {
            searches[i].found = skd_snapshot_find(snapshot, searches[i].id);
        }
    }
}

void skd_snapshot_search(const struct skd_snapshot *snapshot,
                         struct skd_search *searches,
                         size_t n)
{
    if (snapshot->body->n_tenants > 0 && !snapshot->body->is_single) {
        search_together(snapshot, searches, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        searches[i].found = skd_snapshot_find(snapshot, searches[i].id);
    }
}

/* True when "all confirmed" is said of @tenant, too. */
static bool is_confirmable(const struct skd_tenant *tenant)
{
    return tenant->n_keys > 0 && tenant->reason == NULL && tenant->missing == 0;
}

struct skd_tenant skd_snapshot_row(const struct skd_snapshot *snapshot,
                                   const struct skd_tenant *tenant)
{
    struct skd_tenant row = *tenant;

    if (is_confirmable(tenant) &&
        snapshot->confirmed_ms > tenant->confirmed_ms) {
        row.confirmed_ms = snapshot->confirmed_ms;
        row.confirmed_at_s = snapshot->confirmed_at_s;
    }
    return row;
}

struct skd_key skd_snapshot_key(const struct skd_snapshot *snapshot,
                                const struct skd_tenant *tenant,
                                size_t nth)
{
    const struct skd_body *body = snapshot->body;
    size_t at = tenant->first_key + nth;

    skp_assert(nth < tenant->n_keys && at < body->n_keys);
    return (struct skd_key){
        .private_key = skd_arena_slot(body->arena, at),
        .public_key = body->keys[at].public_key,
        .key_id = body->keys[at].key_id,
        .generation = body->keys[at].generation,
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
    return snapshot->body->n_tenants;
}

const struct skd_tenant *skd_snapshot_at(const struct skd_snapshot *snapshot,
                                         size_t index)
{
    skp_assert(index < snapshot->body->n_tenants);
    return &snapshot->body->tenants[index];
}

size_t skd_snapshot_after(const struct skd_snapshot *snapshot,
                          struct skp_view id)
{
    size_t low = 0;
    size_t high = snapshot->body->n_tenants;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct skp_view its = skd_snapshot_id(&snapshot->body->tenants[middle]);

        if (skd_snapshot_compare(its, id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct skd_tombstones *
skd_snapshot_tombstones(const struct skd_snapshot *snapshot)
{
    return &snapshot->body->tombstones;
}

bool skd_snapshot_is_single(const struct skd_snapshot *snapshot)
{
    return snapshot->body->is_single;
}

size_t skd_snapshot_n_keys(const struct skd_snapshot *snapshot)
{
    return snapshot->body->n_keys;
}

enum skd_tier skd_snapshot_tier(const struct skd_snapshot *snapshot)
{
    return skd_arena_tier(snapshot->body->arena);
}

bool skd_snapshot_is_same(const struct skd_snapshot *a,
                          const struct skd_snapshot *b)
{
    return a->body == b->body;
}

bool skd_snapshot_is_clean(const struct skd_snapshot *snapshot)
{
    return snapshot->body->is_clean;
}

bool skd_snapshot_has_private(const struct skd_snapshot *snapshot)
{
    return snapshot->body->has_private;
}

/* ---- pins ---------------------------------------------------------------- */

enum skp_err skd_snapshot_over(struct skd_body **body,
                               struct skd_snapshot **ret)
{
    struct skd_snapshot *snapshot = calloc(1, sizeof *snapshot);
    struct skd_body *b = *body;

    if (snapshot == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    /* What every later snapshot of this body can rely on. */
    b->is_clean = true;
    b->has_private = false;
    for (size_t i = 0; i < b->n_tenants; i++) {
        b->is_clean &= is_confirmable(&b->tenants[i]);
        b->has_private |= b->tenants[i].is_private;
    }
    atomic_init(&snapshot->pins, 1);
    snapshot->body = SKP_TAKE(*body);
    *ret = snapshot;
    return SKP_ERR_OK;
}

enum skp_err skd_snapshot_confirm(const struct skd_snapshot *old,
                                  uint64_t confirmed_ms,
                                  int64_t confirmed_at_s,
                                  struct skd_snapshot **ret)
{
    struct skd_snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (snapshot == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    atomic_init(&snapshot->pins, 1);
    snapshot->body = old->body;
    (void)atomic_fetch_add(&old->body->pins, 1);
    snapshot->confirmed_ms = old->confirmed_ms;
    snapshot->confirmed_at_s = old->confirmed_at_s;
    if (confirmed_ms >= old->confirmed_ms) {
        snapshot->confirmed_ms = confirmed_ms;
        snapshot->confirmed_at_s = confirmed_at_s;
    }
    *ret = snapshot;
    return SKP_ERR_OK;
}

struct skd_snapshot *skd_snapshot_ref(struct skd_snapshot *snapshot)
{
    unsigned before = atomic_fetch_add(&snapshot->pins, 1);

    skp_assert(before > 0);
    return snapshot;
}

static void destroy_body(void *body)
{
    skd_body_destroy(body);
}

void skd_snapshot_unref(struct skd_snapshot **snapshot)
{
    struct skd_snapshot *s = *snapshot;

    *snapshot = NULL;
    if (s == NULL || atomic_fetch_sub(&s->pins, 1) != 1) {
        return;
    }
    if (atomic_fetch_sub(&s->body->pins, 1) == 1) {
        skd_retired_add(&s->body->retired, s->body->n_tenants, destroy_body,
                        s->body);
    }
    free(s);
}

void skd_body_destroy(struct skd_body *body)
{
    skd_arena_free(&body->arena);
    if (body->index_fd >= 0) {
        (void)close(body->index_fd);
    }
    skd_texts_done(&body->texts);
    skd_tombstones_done(&body->tombstones);
    free(body->tenants);
    free(body->keys);
    free(body->buckets);
    free(body);
}
