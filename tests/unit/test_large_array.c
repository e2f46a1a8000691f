/* test_large_array.c - proves large_array.c. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/large_array.h"
#include "tests/lib/suite.h"

/* Large ones are aligned to a page of 2 MiB. */
static void check(size_t n, size_t size, bool is_large)
{
    /* What was freed before is not zero. */
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *array = skd_large_array(n, size);

        ck_assert_ptr_nonnull(array);
        ck_assert_uint_eq(array[0], 0);
        ck_assert(memcmp(array, array + 1, n * size - 1) == 0);
        ck_assert(!is_large || (uintptr_t)array % ((size_t)2 << 20) == 0);
        memset(array, 0x55, n * size);
        free(array);
    }
}

START_TEST(it_is_zero_and_as_long_as_was_asked_for)
{
    check(1, 1, false);
    check(1000, 56, false);
    check(((size_t)4 << 20) - 1, 1, false);
    check((size_t)4 << 20, 1, true);
    check(100001, 56, true);
    check(3, (size_t)5 << 20, true);
}
END_TEST

START_TEST(what_is_no_size_is_refused)
{
    ck_assert_ptr_null(skd_large_array(SIZE_MAX, 2));
    ck_assert_ptr_null(skd_large_array(SIZE_MAX / 2, 3));
}
END_TEST

SKT_SUITE("large_array",
          it_is_zero_and_as_long_as_was_asked_for,
          what_is_no_size_is_refused)
