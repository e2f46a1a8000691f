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

/* As malloc, calloc, realloc, strdup and free. */
void *skd_wiping_heap_malloc(size_t len);
void *skd_wiping_heap_calloc(size_t n, size_t len);
void *skd_wiping_heap_realloc(void *block, size_t len);
char *skd_wiping_heap_strdup(const char *text);
void skd_wiping_heap_free(void *block);

#endif /* SKD_WIPING_HEAP_H */
