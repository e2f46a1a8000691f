/* wiping_heap.c - a heap that wipes; see wiping_heap.h.
 *
 * The length of a block is asked of the C library: what a realloc in place
 * would save is not worth a header of our own.
 */
#include "agent/source/net/wiping_heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "protocol/secret.h"

void *skd_wiping_heap_malloc(size_t len)
{
    return malloc(len == 0 ? 1 : len);
}

void *skd_wiping_heap_calloc(size_t n, size_t len)
{
    if (n == 0 || len == 0) {
        return calloc(1, 1);
    }
    return n > SIZE_MAX / len ? NULL : calloc(n, len);
}

void *skd_wiping_heap_realloc(void *block, size_t len)
{
    size_t old_len = block == NULL ? 0 : malloc_usable_size(block);
    void *moved = skd_wiping_heap_malloc(len);

    if (moved == NULL) {
        return NULL;
    }
    if (block != NULL) {
        memcpy(moved, block, old_len < len ? old_len : len);
        skd_wiping_heap_free(block);
    }
    return moved;
}

char *skd_wiping_heap_strdup(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = skd_wiping_heap_malloc(len);

    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
}

void skd_wiping_heap_free(void *block)
{
    if (block != NULL) {
        skp_wipe(block, malloc_usable_size(block));
        free(block);
    }
}

/* ---- as OpenSSL calls them ----------------------------------------------- */

static void *on_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return skd_wiping_heap_malloc(len);
}

static void *on_realloc(void *block, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return skd_wiping_heap_realloc(block, len);
}

static void on_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    skd_wiping_heap_free(block);
}

enum skp_err skd_wiping_heap_install(void)
{
    if (CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free) != 1) {
        return SKP_ERR_INTERNAL;
    }
    return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1
               ? SKP_ERR_OK
               : SKP_ERR_RESOURCE_EXHAUSTED;
}
