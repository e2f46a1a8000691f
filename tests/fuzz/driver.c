/* driver.c - lets check's assertions work under libFuzzer, where no test runner
 * of check runs: the linker's --wrap leads them here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void __wrap__mark_point(const char *file, int line);
void __wrap__ck_assert_failed(
    const char *file, int line, const char *expr, const char *msg, ...)
    __attribute__((noreturn, format(printf, 4, 5)));

void __wrap__mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

void __wrap__ck_assert_failed(
    const char *file, int line, const char *expr, const char *msg, ...)
{
    va_list args;

    (void)fprintf(stderr, "%s:%d: %s ", file, line, expr);
    if (msg != NULL) {
        va_start(args, msg);
        (void)vfprintf(stderr, msg, args);
        va_end(args);
    }
    (void)fprintf(stderr, "\n");
    abort();
}
