/* large_array.c - see large_array.h. */
#include "agent/store/large_array.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)
/* Of smaller arrays too little would lie on them. */
#define LEAST (2 * LARGE_PAGE)

void *skd_large_array(size_t n, size_t size)
{
    size_t len = 0;
    void *array = NULL;

    if (__builtin_mul_overflow(n, size, &len)) {
        return NULL;
    }
    if (len < LEAST) {
        return calloc(n, size);
    }
    if (posix_memalign(&array, LARGE_PAGE, len) != 0) {
        return NULL;
    }
    /* What is left at the end would waste most of one.  Where the kernel has
     * none, they are small pages as before. */
    (void)madvise(array, len / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
    memset(array, 0, len);
    return array;
}
