/* large_array.h - arrays that are read at places all over, on large pages.
 *
 * A lookup among a million tenants finds neither what it reads nor where that
 * lies in any cache of the CPU; on pages of 2 MiB at least the second is there.
 */
#ifndef SKD_LARGE_ARRAY_H
#define SKD_LARGE_ARRAY_H

#include <stddef.h>

/* As calloc, for free(). */
void *skd_large_array(size_t n, size_t size);

#endif /* SKD_LARGE_ARRAY_H */
