/* json_heap.c - the memory behind cJSON; see json_heap.h. */
#include "agent/sys/json_heap.h"

#include <pthread.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "protocol/secret.h"

/* Large enough that a page of JSON takes few mappings, small enough that a
 * tight lock limit is not wasted on it. */
#define CHUNK_LEN 65536u

/* Blocks are cut from the front and never reused one by one: what cJSON builds
 * together it also frees together. */
struct chunk {
    struct skp_secret pages;
    size_t n_blocks; /* not given back yet */
};

/* In front of each block; a multiple of 16 bytes, so that blocks are aligned
 * for every type. */
struct head {
    struct chunk *chunk;
    size_t len; /* of the block, this head included */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct chunk *current; /* the one with room; guarded by mutex */
static size_t blocks;         /* guarded by mutex */

static void drop_chunk(struct chunk *chunk)
{
    skp_secret_done(&chunk->pages);
    free(chunk);
}

static struct chunk *new_chunk(size_t len)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);

    if (chunk == NULL) {
        return NULL;
    }
    if (skp_secret_reserve(&chunk->pages, len) != SKP_ERR_OK) {
        free(chunk);
        return NULL;
    }
    return chunk;
}

static size_t room_in(const struct chunk *chunk)
{
    return chunk == NULL ? 0 : chunk->pages.cap - chunk->pages.len;
}

/* A chunk with room for @len bytes: the current one, a new current one, or one
 * made for this block alone. */
static struct chunk *chunk_for(size_t len)
{
    struct chunk *chunk;

    if (len <= room_in(current)) {
        return current;
    }
    chunk = new_chunk(len > CHUNK_LEN ? len : CHUNK_LEN);
    if (chunk != NULL && len < CHUNK_LEN / 2) {
        if (current != NULL && current->n_blocks == 0) {
            drop_chunk(current);
        }
        current = chunk;
    }
    return chunk;
}

static void *cut_block(size_t len)
{
    struct chunk *chunk = chunk_for(len);
    struct head *head;

    if (chunk == NULL) {
        return NULL;
    }
    head = (void *)(chunk->pages.bytes + chunk->pages.len);
    *head = (struct head){ chunk, len };
    chunk->pages.len += len;
    chunk->n_blocks++;
    blocks++;
    return head + 1;
}

static void *alloc_block(size_t len)
{
    void *block;

    if (len > SIZE_MAX / 4) {
        return NULL;
    }
    len = (len + sizeof(struct head) + 15) / 16 * 16;
    (void)pthread_mutex_lock(&mutex);
    block = cut_block(len);
    (void)pthread_mutex_unlock(&mutex);
    return block;
}

/* The current chunk is kept, wiped: parsing small texts one after the other
 * must not map and lock pages for each, which costs a millisecond. */
static void retire_chunk(struct chunk *chunk)
{
    if (chunk == current) {
        chunk->pages.len = 0;
        return;
    }
    drop_chunk(chunk);
}

static void free_block(void *block)
{
    struct head *head;
    struct chunk *chunk;

    if (block == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&mutex);
    head = (struct head *)block - 1;
    chunk = head->chunk;
    skp_wipe(head, head->len);
    chunk->n_blocks--;
    blocks--;
    if (chunk->n_blocks == 0) {
        retire_chunk(chunk);
    }
    (void)pthread_mutex_unlock(&mutex);
}

static void set_hooks(void)
{
    cJSON_Hooks hooks = { alloc_block, free_block };

    cJSON_InitHooks(&hooks);
}

void skd_json_heap_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, set_hooks);
}

void skd_json_heap_trim(void)
{
    (void)pthread_mutex_lock(&mutex);
    if (current != NULL && current->n_blocks == 0) {
        drop_chunk(current);
        current = NULL;
    }
    (void)pthread_mutex_unlock(&mutex);
}

size_t skd_json_heap_blocks(void)
{
    size_t n;

    (void)pthread_mutex_lock(&mutex);
    n = blocks;
    (void)pthread_mutex_unlock(&mutex);
    return n;
}
