/* memory.c - what the pointers of a configuration point into; see memory.h. */
#include "agent/config/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_LEN 16384u
#define ALIGN     16u

struct plain_chunk {
    struct plain_chunk *next;
    size_t len;
    size_t cap;
    _Alignas(ALIGN) uint8_t bytes[];
};

struct locked_chunk {
    struct locked_chunk *next;
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

/* The newest chunk, if it has room for @len bytes, or another one. */
static enum skp_err locked_chunk_for(struct skd_config_memory *memory,
                                     size_t len,
                                     struct locked_chunk **ret)
{
    struct locked_chunk *chunk = memory->locked;

    if (chunk != NULL && len <= chunk->pages.cap - chunk->pages.len) {
        *ret = chunk;
        return SKP_ERR_OK;
    }
    chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (skp_secret_reserve(&chunk->pages, len > CHUNK_LEN ? len : CHUNK_LEN) !=
        SKP_ERR_OK) {
        free(chunk);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    chunk->next = memory->locked;
    memory->locked = chunk;
    *ret = chunk;
    return SKP_ERR_OK;
}

enum skp_err skd_memory_secret(struct skd_config_memory *memory,
                               struct skp_view bytes,
                               struct skp_view *ret)
{
    struct locked_chunk *chunk = NULL;
    uint8_t *place;

    SKP_TRY(locked_chunk_for(memory, bytes.len + 1, &chunk));
    place = chunk->pages.bytes + chunk->pages.len;
    SKP_TRY(skp_secret_append(&chunk->pages, bytes.ptr, bytes.len));
    SKP_TRY(skp_secret_append(&chunk->pages, "", 1));
    *ret = (struct skp_view){ place, bytes.len };
    return SKP_ERR_OK;
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
