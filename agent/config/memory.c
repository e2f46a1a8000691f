/* memory.c - what the pointers of a configuration point into; see memory.h. */
#include "agent/config/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sys/arena.h"

#define CHUNK_LEN 16384u
#define ALIGN     16u
/* Of an arena. */
#define SLOT_LEN SKP_KEY_LEN

struct plain_chunk {
    struct plain_chunk *next;
    size_t len;
    size_t cap;
    _Alignas(ALIGN) uint8_t bytes[];
};

/* Secrets of a configuration live as long as private keys do, so they lie in an
 * arena too, which not even root can read where the kernel has such memory.
 * Without an arena (a limit on locked memory, for a command that only reads the
 * configuration) they lie in pages. */
struct locked_chunk {
    struct locked_chunk *next;
    struct skd_arena *arena; /* NULL: pages */
    size_t n_used;           /* slots of the arena */
    struct skp_secret pages;
};

struct skd_config_memory {
    atomic_uint pins;
    struct plain_chunk *plain;   /* newest first */
    struct locked_chunk *locked; /* newest first */
};

enum skp_err skd_memory_new(struct skd_config_memory **ret)
{
    struct skd_config_memory *memory = calloc(1, sizeof *memory);

    if (memory == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    atomic_init(&memory->pins, 1);
    *ret = memory;
    return SKP_ERR_OK;
}

void *skd_memory_block(struct skd_config_memory *memory, size_t len)
{
    struct plain_chunk *chunk = memory->plain;
    void *block;

    if (len > SIZE_MAX / 4) {
        return NULL;
    }
    len = (len + ALIGN - 1) / ALIGN * ALIGN;
    if (chunk == NULL || len > chunk->cap - chunk->len) {
        size_t cap = len > CHUNK_LEN ? len : CHUNK_LEN;

        chunk = calloc(1, sizeof *chunk + cap);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->cap = cap;
        chunk->next = memory->plain;
        memory->plain = chunk;
    }
    block = chunk->bytes + chunk->len;
    chunk->len += len;
    return block;
}

const char *skd_memory_text(struct skd_config_memory *memory,
                            struct skp_view text)
{
    char *copy = skd_memory_block(memory, text.len + 1);

    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return copy;
}

static size_t slots_for(size_t len)
{
    return len / SLOT_LEN + 1; /* the NUL always fits */
}

static bool has_room(const struct locked_chunk *chunk, size_t len)
{
    if (chunk == NULL) {
        return false;
    }
    if (chunk->arena != NULL) {
        return slots_for(len) <=
               skd_arena_n_slots(chunk->arena) - chunk->n_used;
    }
    return len < chunk->pages.cap - chunk->pages.len;
}

static enum skp_err fill_chunk(struct locked_chunk *chunk, size_t len)
{
    struct skp_diag unused = { "" };
    size_t cap = len < CHUNK_LEN ? CHUNK_LEN : len + 1;

    if (skd_arena_new(slots_for(cap - 1), &chunk->arena, &unused) ==
        SKP_ERR_OK) {
        return SKP_ERR_OK;
    }
    return skp_secret_reserve(&chunk->pages, cap);
}

/* The newest chunk, if it has room for @len bytes, or another one. */
static enum skp_err locked_chunk_for(struct skd_config_memory *memory,
                                     size_t len,
                                     struct locked_chunk **ret)
{
    struct locked_chunk *chunk = memory->locked;

    if (has_room(chunk, len)) {
        *ret = chunk;
        return SKP_ERR_OK;
    }
    if (len > SIZE_MAX / 4) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (fill_chunk(chunk, len) != SKP_ERR_OK) {
        free(chunk);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    chunk->next = memory->locked;
    memory->locked = chunk;
    *ret = chunk;
    return SKP_ERR_OK;
}

/* Slots lie side by side; the last one is filled up with zeroes. */
static const uint8_t *put_in_arena(struct locked_chunk *chunk,
                                   struct skp_view bytes)
{
    SKP_WIPED(uint8_t, slot, SLOT_LEN);
    size_t first = chunk->n_used;

    for (size_t at = 0; at <= bytes.len; at += SLOT_LEN) {
        size_t left = bytes.len - at;
        size_t len = left < SLOT_LEN ? left : SLOT_LEN;

        memset(slot, 0, SLOT_LEN);
        if (len > 0) {
            memcpy(slot, bytes.ptr + at, len);
        }
        skd_arena_set(chunk->arena, chunk->n_used++, slot);
    }
    return skd_arena_slot(chunk->arena, first);
}

enum skp_err skd_memory_secret(struct skd_config_memory *memory,
                               struct skp_view bytes,
                               struct skp_view *ret)
{
    struct locked_chunk *chunk = NULL;
    const uint8_t *place;

    SKP_TRY(locked_chunk_for(memory, bytes.len, &chunk));
    if (chunk->arena != NULL) {
        place = put_in_arena(chunk, bytes);
    } else {
        place = chunk->pages.bytes + chunk->pages.len;
        SKP_TRY(skp_secret_append(&chunk->pages, bytes.ptr, bytes.len));
        SKP_TRY(skp_secret_append(&chunk->pages, "", 1));
    }
    *ret = (struct skp_view){ place, bytes.len };
    return SKP_ERR_OK;
}

void skd_memory_seal(struct skd_config_memory *memory)
{
    for (struct locked_chunk *at = memory->locked; at != NULL; at = at->next) {
        if (at->arena != NULL) {
            skd_arena_seal(at->arena);
            at->n_used = skd_arena_n_slots(at->arena);
        }
    }
}

void skd_memory_ref(struct skd_config_memory *memory)
{
    (void)atomic_fetch_add(&memory->pins, 1);
}

void skd_memory_unref(struct skd_config_memory **memory)
{
    struct skd_config_memory *old = *memory;

    *memory = NULL;
    if (old == NULL || atomic_fetch_sub(&old->pins, 1) != 1) {
        return;
    }
    while (old->locked != NULL) {
        struct locked_chunk *next = old->locked->next;

        skd_arena_free(&old->locked->arena);
        skp_secret_done(&old->locked->pages);
        free(old->locked);
        old->locked = next;
    }
    while (old->plain != NULL) {
        struct plain_chunk *next = old->plain->next;

        free(old->plain);
        old->plain = next;
    }
    free(old);
}
