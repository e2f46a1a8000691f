/* wiping_heap.h - the C library's heap, with every block wiped before it is
 * given back.
 *
 * For libraries that take allocation functions and keep copies of secrets of
 * their own.  The memory is not locked: what must never reach swap lies in a
 * skp_secret.
 *
 * Thread:   any.
 */
#ifndef SKD_WIPING_HEAP_H
#define SKD_WIPING_HEAP_H

#include <stddef.h>

#include "protocol/err.h"

/* As malloc, calloc, realloc, strdup and free. */
void *skd_wiping_heap_malloc(size_t len);
void *skd_wiping_heap_calloc(size_t n, size_t len);
void *skd_wiping_heap_realloc(void *block, size_t len);
char *skd_wiping_heap_strdup(const char *text);
void skd_wiping_heap_free(void *block);

/* Make OpenSSL use this heap: it wipes the keys that it knows to be keys, but
 * not the buffers in which it decodes them.  Then have it read its own
 * configuration, while the sandbox does not forbid that yet.
 *   SKP_ERR_INTERNAL            OpenSSL has allocated already; call it first of
 *                               all.
 *   SKP_ERR_RESOURCE_EXHAUSTED  OpenSSL cannot be set up: memory, or a broken
 *                               configuration of its own. */
SKP_MUST_CHECK enum skp_err skd_wiping_heap_install(void);

#endif /* SKD_WIPING_HEAP_H */
