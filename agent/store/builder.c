/* builder.c - making a snapshot; see snapshot.h. */
#include <stdlib.h>
#include <string.h>

#include "agent/store/large_array.h"
#include "agent/store/snapshot.h"
#include "agent/store/snapshot_parts.h"

/* Tenants are numbered in 32 bits in the index, keys in skd_tenant. */
#define COUNT_MAX ((size_t)UINT32_MAX / 4)

/* Texts of one block: what all ids of a small snapshot need, else this. */
#define TEXT_BLOCK_MAX 65536u
#define TEXT_PER_ID    48u

struct skd_builder {
    struct skd_body *body;
    size_t max_tenants;
};

static void destroy_body(struct skd_body **body)
{
    if (*body != NULL) {
        skd_body_destroy(*body);
    }
}

static enum skp_err
new_body(size_t n_tenants, size_t n_keys, bool single, struct skd_body **ret)
{
    SKP_CLEANUP(destroy_body)
    struct skd_body *body = calloc(1, sizeof *body);
    size_t n_buckets = 4;

    if (body == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    while (n_buckets < 2 * n_tenants) {
        n_buckets *= 2;
    }
    while ((size_t)1 << body->tag_shift <= n_tenants) {
        body->tag_shift++;
    }
    atomic_init(&body->pins, 1);
    body->index_fd = -1;
    body->is_single = single;
    body->bucket_mask = n_buckets - 1;
    body->texts.block_len = n_tenants > TEXT_BLOCK_MAX / TEXT_PER_ID
                                ? TEXT_BLOCK_MAX
                                : n_tenants * TEXT_PER_ID;
    /* One more than announced, so that none asks for nothing. */
    body->tenants = skd_large_array(n_tenants + 1, sizeof *body->tenants);
    body->keys = skd_large_array(n_keys + 1, sizeof *body->keys);
    body->buckets = skd_large_array(n_buckets, sizeof *body->buckets);
    if (body->tenants == NULL || body->keys == NULL || body->buckets == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_siphash_key_new(&body->hash_key));
    *ret = SKP_TAKE(body);
    return SKP_ERR_OK;
}

enum skp_err skd_builder_over(struct skd_arena **arena,
                              size_t n_tenants,
                              bool single,
                              struct skd_builder **ret)
{
    SKP_CLEANUP(skd_builder_free)
    struct skd_builder *builder = calloc(1, sizeof *builder);
    size_t n_keys = skd_arena_n_slots(*arena);

    if (builder == NULL || n_tenants > COUNT_MAX || n_keys > COUNT_MAX) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    builder->max_tenants = n_tenants;
    SKP_TRY(new_body(n_tenants, n_keys, single, &builder->body));
    builder->body->arena = SKP_TAKE(*arena);
    *ret = SKP_TAKE(builder);
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
        err = new_body(n_tenants, n_keys, single, &builder->body);
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no memory for a snapshot");
    }
    SKP_TRY(skd_arena_new(n_keys, &builder->body->arena, diag));
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
    destroy_body(&b->body);
    free(b);
}

enum skp_err skd_builder_add_tenant(struct skd_builder *builder,
                                    const struct skd_tenant *tenant)
{
    struct skd_body *body = builder->body;
    struct skd_tenant added = *tenant;

    if (body->n_tenants == builder->max_tenants) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(
        skd_texts_keep(&body->texts, tenant->id, tenant->id_len, &added.id));
    if (tenant->reason != NULL) {
        SKP_TRY(skd_texts_keep(&body->texts, tenant->reason,
                               strlen(tenant->reason), &added.reason));
    }
    added.n_keys = 0;
    added.first_key = (uint32_t)body->n_keys;
    body->tenants[body->n_tenants++] = added;
    return SKP_ERR_OK;
}

enum skp_err skd_builder_add_key(struct skd_builder *builder,
                                 const struct skd_key *key)
{
    struct skd_body *body = builder->body;
    struct skd_public_key *added;

    skp_assert(body->n_tenants > 0);
    if (body->n_keys == skd_arena_n_slots(body->arena)) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    /* A kept arena is full already. */
    if (key->private_key != NULL) {
        skd_arena_set(body->arena, body->n_keys, key->private_key);
    }
    added = &body->keys[body->n_keys++];
    memcpy(added->public_key, key->public_key, SKP_KEY_LEN);
    memcpy(added->key_id, key->key_id, SKP_KEY_ID_LEN);
    added->generation = key->generation;
    body->tenants[body->n_tenants - 1].n_keys++;
    return SKP_ERR_OK;
}

struct skd_tombstones *skd_builder_tombstones(struct skd_builder *builder)
{
    return &builder->body->tombstones;
}

/* ---- order --------------------------------------------------------------- */

static int compare_tenants(const struct skd_tenant *a,
                           const struct skd_tenant *b)
{
    return skd_snapshot_compare(skd_snapshot_id(a), skd_snapshot_id(b));
}

/* A row and how its id begins, so that few ids have to be looked at: they lie
 * all over the memory. */
struct place {
    uint64_t prefix;
    uint32_t number;
};

/* The first eight bytes, in the order of which is that of the ids. */
static uint64_t prefix_of(const struct skd_tenant *tenant)
{
    uint64_t prefix = 0;

    for (size_t i = 0; i < sizeof prefix; i++) {
        prefix =
            prefix << 8 | (i < tenant->id_len ? (uint8_t)tenant->id[i] : 0u);
    }
    return prefix;
}

static int compare_places(const void *a, const void *b, void *arg)
{
    const struct skd_body *body = arg;
    const struct place *left = a;
    const struct place *right = b;

    if (left->prefix != right->prefix) {
        return left->prefix < right->prefix ? -1 : 1;
    }
    return compare_tenants(&body->tenants[left->number],
                           &body->tenants[right->number]);
}

/* Move each row to its place, round after round of those that take each
 * other's.
 */
static void reorder(struct skd_tenant *tenants, struct place *places, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct skd_tenant first = tenants[i];
        size_t at = i;

        while (places[at].number != i) {
            size_t from = places[at].number;

            places[at].number = (uint32_t)at;
            tenants[at] = tenants[from];
            at = from;
        }
        places[at].number = (uint32_t)at;
        tenants[at] = first;
    }
}

static bool is_sorted(const struct skd_body *body)
{
    for (size_t i = 1; i < body->n_tenants; i++) {
        if (compare_tenants(&body->tenants[i - 1], &body->tenants[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* Sources give most lists in order: then there is nothing to sort. */
static enum skp_err sort_tenants(struct skd_body *body)
{
    struct place *places;

    if (is_sorted(body)) {
        return SKP_ERR_OK;
    }
    places = calloc(body->n_tenants, sizeof *places);
    if (places == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < body->n_tenants; i++) {
        places[i] = (struct place){ prefix_of(&body->tenants[i]), (uint32_t)i };
    }
    qsort_r(places, body->n_tenants, sizeof *places, compare_places, body);
    reorder(body->tenants, places, body->n_tenants);
    free(places);
    return SKP_ERR_OK;
}

static void index_tenant(struct skd_body *body, size_t number)
{
    struct skp_view id = skd_snapshot_id(&body->tenants[number]);
    uint64_t hash = skp_siphash(&body->hash_key, id);
    size_t at = (size_t)hash;

    while (body->buckets[at & body->bucket_mask] != 0) {
        at++;
    }
    body->buckets[at & body->bucket_mask] =
        skd_body_tag(body, hash) | ((uint32_t)number + 1);
}

enum skp_err skd_builder_finish(struct skd_builder **builder,
                                struct skd_snapshot **ret)
{
    SKP_CLEANUP(skd_builder_free)
    struct skd_builder *b = SKP_TAKE(*builder);
    struct skd_body *body = b->body;

    SKP_TRY(sort_tenants(body));
    for (size_t i = 0; i < body->n_tenants; i++) {
        if (i > 0 &&
            compare_tenants(&body->tenants[i - 1], &body->tenants[i]) == 0) {
            return SKP_ERR_ALREADY_EXISTS;
        }
        index_tenant(body, i);
    }
    skd_tombstones_seal(&body->tombstones);
    skd_arena_seal(body->arena);
    return skd_snapshot_over(&b->body, ret);
}
