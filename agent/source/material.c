/* material.c - the table that the sources of one refresh fill; see material.h.
 *
 * Items lie in one array, their texts in blocks that never move, their private
 * keys in one locked buffer, and an open-addressed index finds a tenant.  The
 * ids come from outside, so the index hashes them with a secret of its own:
 * nobody can choose a million ids that collide.
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

struct block {
    struct block *next;
    size_t used;
    char bytes[BLOCK_LEN];
};

struct skd_material {
    struct skd_item *items;
    size_t n_items;
    size_t cap_items;
    uint32_t *slots; /* index of an item plus 1; 0 is free */
    size_t n_slots;  /* a power of two, at least twice cap_items; or 0 */
    struct skp_siphash_key hash_key;
    struct block *blocks; /* newest first */
    struct skp_secret keys;
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
    skp_secret_done(&old->keys);
    free(old->items);
    free(old->slots);
    free(old);
}

/* The slot that holds @tenant, or the free one where it belongs. */
static size_t find_slot(const struct skd_material *material,
                        struct skp_view tenant)
{
    size_t mask = material->n_slots - 1;
    size_t slot = (size_t)skp_siphash(&material->hash_key, tenant) & mask;

    while (material->slots[slot] != 0) {
        const struct skd_item *item =
            &material->items[material->slots[slot] - 1];

        if (skp_view_equal(tenant,
                           (struct skp_view){ (const uint8_t *)item->tenant,
                                              item->tenant_len })) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void fill_slots(struct skd_material *material)
{
    for (size_t i = 0; i < material->n_items; i++) {
        const struct skd_item *item = &material->items[i];
        struct skp_view tenant = { (const uint8_t *)item->tenant,
                                   item->tenant_len };

        material->slots[find_slot(material, tenant)] = (uint32_t)(i + 1);
    }
}

/* Make room for one more item, and for its slot. */
static enum skp_err grow_items(struct skd_material *material)
{
    size_t cap = material->cap_items == 0 ? FIRST_CAP : 2 * material->cap_items;
    struct skd_item *items;
    uint32_t *slots;

    if (cap >= UINT32_MAX) {
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
    free(material->slots);
    material->slots = slots;
    material->n_slots = 2 * cap;
    material->cap_items = cap;
    fill_slots(material);
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
    size_t slot;
    char *kept;

    if (material->n_items == material->cap_items) {
        SKP_TRY(grow_items(material));
    }
    slot = find_slot(material, tenant);
    if (material->slots[slot] != 0) {
        *ret = material->slots[slot] - 1;
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
    material->slots[slot] = (uint32_t)material->n_items;
    return SKP_ERR_OK;
}

enum skp_err skd_material_add_key(struct skd_material *material,
                                  size_t index,
                                  const uint8_t private_key[SKP_KEY_LEN])
{
    struct skd_item *item = skd_material_item(material, index);
    size_t n_keys = skd_material_n_keys(material);

    skp_assert(item->n_keys == 0 || item->first_key + item->n_keys == n_keys);
    SKP_TRY(skp_secret_append(&material->keys, private_key, SKP_KEY_LEN));
    if (item->n_keys == 0) {
        item->first_key = n_keys;
    }
    item->n_keys++;
    return SKP_ERR_OK;
}

void skd_material_drop_keys(struct skd_material *material, size_t index)
{
    struct skd_item *item = skd_material_item(material, index);
    size_t len = item->n_keys * SKP_KEY_LEN;

    if (item->n_keys == 0) {
        return;
    }
    skp_assert(item->first_key + item->n_keys == skd_material_n_keys(material));
    material->keys.len -= len;
    skp_wipe(material->keys.bytes + material->keys.len, len);
    item->first_key = 0;
    item->n_keys = 0;
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
    place = material->slots[find_slot(material, tenant)];
    return place == 0 ? SIZE_MAX : (size_t)place - 1;
}

const uint8_t *skd_material_key(const struct skd_material *material,
                                size_t index)
{
    skp_assert(index < skd_material_n_keys(material));
    return material->keys.bytes + index * SKP_KEY_LEN;
}

size_t skd_material_n_keys(const struct skd_material *material)
{
    return material->keys.len / SKP_KEY_LEN;
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
