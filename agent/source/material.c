/* material.c - the table that the sources of one refresh fill; see material.h.
 *
 * Items lie in one array, their texts in blocks that never move, nor do those
 * of their private keys, and an open-addressed index finds a tenant.  The ids
 * come from outside, so the index hashes them with a secret of its own: nobody
 * can choose a million ids that collide.
 */
#include "agent/source/material.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/siphash.h"

#define REASON_MAX 200u
/* Texts are short, so a block wastes little at its end. */
#define BLOCK_LEN 65536u
#define FIRST_CAP 64u
/* Keys of the first block: a page.  Each block has twice the keys of the one
 * before it, so that few find room for any number. */
#define FIRST_KEYS     ((size_t)128)
#define KEY_BLOCKS_MAX 40u

struct block {
    struct block *next;
    size_t used;
    char bytes[BLOCK_LEN];
};

/* Of the index.  With 32 bits of the hash at hand, another tenant's item need
 * not be looked at, and none when the index grows. */
struct slot {
    uint32_t hash;
    uint32_t place; /* index of an item plus 1; 0 is free */
};

struct skd_material {
    struct skd_item *items;
    size_t n_items;
    size_t cap_items;
    struct slot *slots;
    size_t n_slots; /* a power of two, at least twice cap_items; or 0 */
    struct skp_siphash_key hash_key;
    struct block *blocks; /* newest first */
    struct skp_secret keys[KEY_BLOCKS_MAX];
    size_t n_keys;
    bool is_unchanged;
};

enum skp_err skd_material_new(struct skd_material **ret)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = calloc(1, sizeof *material);

    if (material == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_siphash_key_new(&material->hash_key));
    *ret = SKP_TAKE(material);
    return SKP_ERR_OK;
}

void skd_material_free(struct skd_material **material)
{
    struct skd_material *old = *material;

    if (old == NULL) {
        return;
    }
    *material = NULL;
    while (old->blocks != NULL) {
        struct block *next = old->blocks->next;

        free(old->blocks);
        old->blocks = next;
    }
    for (size_t i = 0; i < KEY_BLOCKS_MAX; i++) {
        skp_secret_done(&old->keys[i]);
    }
    free(old->items);
    free(old->slots);
    free(old);
}

static uint32_t hash_of(const struct skd_material *material,
                        struct skp_view tenant)
{
    return (uint32_t)skp_siphash(&material->hash_key, tenant);
}

/* The slot that holds @tenant, whose hash is @hash, or the free one where it
 * belongs. */
static struct slot *find_slot(const struct skd_material *material,
                              struct skp_view tenant,
                              uint32_t hash)
{
    size_t mask = material->n_slots - 1;
    size_t at = hash & mask;

    for (; material->slots[at].place != 0; at = (at + 1) & mask) {
        const struct slot *slot = &material->slots[at];
        const struct skd_item *item = &material->items[slot->place - 1];

        if (slot->hash == hash &&
            skp_view_equal(tenant,
                           (struct skp_view){ (const uint8_t *)item->tenant,
                                              item->tenant_len })) {
            break;
        }
    }
    return &material->slots[at];
}

/* Put @slot into @slots, of which there are @mask + 1. */
static void place_slot(struct slot *slots, size_t mask, struct slot slot)
{
    size_t at = slot.hash & mask;

    while (slots[at].place != 0) {
        at = (at + 1) & mask;
    }
    slots[at] = slot;
}

/* Make room for one more item, and for its slot. */
static enum skp_err grow_items(struct skd_material *material)
{
    size_t cap = material->cap_items == 0 ? FIRST_CAP : 2 * material->cap_items;
    struct skd_item *items;
    struct slot *slots;

    if (cap >= UINT32_MAX / 2) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    items = reallocarray(material->items, cap, sizeof *items);
    if (items == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    material->items = items;
    slots = calloc(2 * cap, sizeof *slots);
    if (slots == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < material->n_slots; i++) {
        if (material->slots[i].place != 0) {
            place_slot(slots, 2 * cap - 1, material->slots[i]);
        }
    }
    free(material->slots);
    material->slots = slots;
    material->n_slots = 2 * cap;
    material->cap_items = cap;
    return SKP_ERR_OK;
}

/* Keep a copy of @len characters and a NUL for the material's life; NULL when
 * there is no memory. */
static char *
keep_text(struct skd_material *material, const void *text, size_t len)
{
    struct block *block = material->blocks;
    char *place;

    if (len >= BLOCK_LEN) {
        return NULL;
    }
    if (block == NULL || BLOCK_LEN - block->used < len + 1) {
        block = malloc(sizeof *block);
        if (block == NULL) {
            return NULL;
        }
        block->next = material->blocks;
        block->used = 0;
        material->blocks = block;
    }
    place = block->bytes + block->used;
    if (len > 0) {
        memcpy(place, text, len);
    }
    place[len] = '\0';
    block->used += len + 1;
    return place;
}

enum skp_err skd_material_add(struct skd_material *material,
                              struct skp_view tenant,
                              size_t *ret)
{
    uint32_t hash = hash_of(material, tenant);
    struct slot *slot;
    char *kept;

    if (material->n_items == material->cap_items) {
        SKP_TRY(grow_items(material));
    }
    slot = find_slot(material, tenant, hash);
    if (slot->place != 0) {
        *ret = slot->place - 1;
        return SKP_ERR_ALREADY_EXISTS;
    }
    kept = keep_text(material, tenant.ptr, tenant.len);
    if (kept == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    material->items[material->n_items] = (struct skd_item){
        .tenant = kept,
        .tenant_len = tenant.len,
        .said = SKD_SAID_ASK,
        .state = SKD_KEY_ACTIVE,
        .origin = SKP_ORIGIN_KMIP,
        .is_private = true,
    };
    *ret = material->n_items++;
    *slot = (struct slot){ hash, (uint32_t)material->n_items };
    return SKP_ERR_OK;
}

/* ---- keys ---- */

/* Keys before block number @block. */
static size_t keys_before(size_t block)
{
    return FIRST_KEYS * (((size_t)1 << block) - 1);
}

/* The block of key number @index. */
static size_t block_of(size_t index)
{
    return (size_t)(63 - __builtin_clzll(index / FIRST_KEYS + 1));
}

enum skp_err skd_material_add_key(struct skd_material *material,
                                  size_t index,
                                  const uint8_t private_key[SKP_KEY_LEN])
{
    struct skd_item *item = skd_material_item(material, index);
    size_t block = block_of(material->n_keys);
    struct skp_secret *keys = &material->keys[block];

    skp_assert(item->n_keys == 0 ||
               item->first_key + item->n_keys == material->n_keys);
    skp_assert(block < KEY_BLOCKS_MAX);
    SKP_TRY(skp_secret_reserve(keys, (FIRST_KEYS << block) * SKP_KEY_LEN));
    SKP_TRY(skp_secret_append(keys, private_key, SKP_KEY_LEN));
    if (item->n_keys == 0) {
        item->first_key = material->n_keys;
    }
    item->n_keys++;
    material->n_keys++;
    return SKP_ERR_OK;
}

void skd_material_drop_keys(struct skd_material *material, size_t index)
{
    struct skd_item *item = skd_material_item(material, index);

    skp_assert(item->n_keys == 0 ||
               item->first_key + item->n_keys == material->n_keys);
    for (; item->n_keys > 0; item->n_keys--) {
        size_t block = block_of(--material->n_keys);
        struct skp_secret *keys = &material->keys[block];

        keys->len -= SKP_KEY_LEN;
        skp_wipe(keys->bytes + keys->len, SKP_KEY_LEN);
    }
    item->first_key = 0;
}

/* Reasons reach terminals through status, and some quote a server. */
static void blank_controls(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

void skd_material_set_reason(struct skd_material *material,
                             size_t index,
                             const char *format,
                             ...)
{
    char text[REASON_MAX + 1];
    char *kept;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    blank_controls(text);
    kept = keep_text(material, text, strlen(text));
    /* Without memory for words the answer itself still counts. */
    skd_material_item(material, index)->reason =
        kept == NULL ? "no memory for the reason" : kept;
}

size_t skd_material_count(const struct skd_material *material)
{
    return material->n_items;
}

struct skd_item *skd_material_item(struct skd_material *material, size_t index)
{
    skp_assert(index < material->n_items);
    return &material->items[index];
}

size_t skd_material_find(const struct skd_material *material,
                         struct skp_view tenant)
{
    uint32_t place;

    if (material->n_items == 0) {
        return SIZE_MAX;
    }
    place = find_slot(material, tenant, hash_of(material, tenant))->place;
    return place == 0 ? SIZE_MAX : (size_t)place - 1;
}

const uint8_t *skd_material_key(const struct skd_material *material,
                                size_t index)
{
    size_t block = block_of(index);

    skp_assert(index < material->n_keys);
    return material->keys[block].bytes +
           (index - keys_before(block)) * SKP_KEY_LEN;
}

size_t skd_material_n_keys(const struct skd_material *material)
{
    return material->n_keys;
}

void skd_material_set_unchanged(struct skd_material *material)
{
    skp_assert(material->n_items == 0);
    material->is_unchanged = true;
}

bool skd_material_is_unchanged(const struct skd_material *material)
{
    return material->is_unchanged;
}
