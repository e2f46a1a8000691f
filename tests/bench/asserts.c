/* asserts.c - what the assertions of tests/lib call, where no suite runs: one
 * that fails ends the program. */
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

void _mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

void _ck_assert_failed(
    const char *file, int line, const char *expr, const char *msg, ...)
{
    (void)fprintf(stderr, "bench: %s:%d: %s %s\n", file, line, expr,
                  msg == NULL ? "" : msg);
    abort();
}
