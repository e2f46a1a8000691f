/* test_wiping_heap.c - a heap that wipes what it gives back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "agent/source/net/wiping_heap.h"
#include "tests/lib/suite.h"

START_TEST(blocks_hold_what_was_written)
{
    char *a = skd_wiping_heap_malloc(100);
    char *b = skd_wiping_heap_strdup("text");
    char *c = skd_wiping_heap_calloc(10, 10);

    ck_assert(a != NULL && b != NULL && c != NULL);
    memset(a, 'a', 100);
    a = skd_wiping_heap_realloc(a, 100000);
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(a[0], 'a');
    ck_assert_int_eq(a[99], 'a');
    a = skd_wiping_heap_realloc(a, 5);
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(a[4], 'a');
    ck_assert_str_eq(b, "text");
    ck_assert_int_eq(c[99], 0);
    skd_wiping_heap_free(a);
    skd_wiping_heap_free(b);
    skd_wiping_heap_free(c);
    skd_wiping_heap_free(NULL);
}
END_TEST

START_TEST(empty_blocks_are_blocks)
{
    char *a = skd_wiping_heap_malloc(0);
    char *b = skd_wiping_heap_calloc(0, 8);
    char *c = skd_wiping_heap_realloc(NULL, 0);

    ck_assert(a != NULL && b != NULL && c != NULL);
    skd_wiping_heap_free(a);
    skd_wiping_heap_free(b);
    skd_wiping_heap_free(c);
}
END_TEST

START_TEST(a_length_that_overflows_is_refused)
{
    volatile size_t huge = SIZE_MAX / 2;

    ck_assert_ptr_null(skd_wiping_heap_calloc(huge, 4));
    ck_assert_ptr_null(skd_wiping_heap_calloc(4, huge));
}
END_TEST

/* What OpenSSL allocates is wiped where a block of the C library's heap is: a
 * copy that realloc has left is looked at through the block that took its
 * place, past what the library has written to its beginning. */
START_TEST(openssl_gives_its_blocks_back_wiped)
{
    char *block;
    char *next;

    if (getenv("SKT_VALGRIND") != NULL) {
        (void)printf("SKIPPED: valgrind hides what a block held before\n");
        return;
    }
    skt_ok(skd_wiping_heap_install());
    block = OPENSSL_malloc(600);
    ck_assert_ptr_nonnull(block);
    memset(block, 'k', 600);
    OPENSSL_free(block);
    next = malloc(600);
    ck_assert_ptr_nonnull(next);
    ck_assert_ptr_null(memchr(next + 64, 'k', 600 - 64));
    free(next);
}
END_TEST

START_TEST(once_openssl_has_allocated_it_is_too_late)
{
    OPENSSL_free(OPENSSL_malloc(1));
    skt_err(skd_wiping_heap_install(), SKP_ERR_INTERNAL);
}
END_TEST

SKT_SUITE("wiping_heap",
          blocks_hold_what_was_written,
          empty_blocks_are_blocks,
          a_length_that_overflows_is_refused,
          openssl_gives_its_blocks_back_wiped,
          once_openssl_has_allocated_it_is_too_late)
