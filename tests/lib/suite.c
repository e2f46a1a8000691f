/* suite.c - runs a unit suite; see suite.h. */
#include "tests/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything skt_hex gave out, so that it stays reachable. */
static struct kept {
    struct kept *next;
    uint8_t bytes[];
} * kept_list;

int skt_run(const char *suite, const TTest *const *tests, size_t n_tests)
{
    Suite *s = suite_create(suite);
    TCase *tcase = tcase_create(suite);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 300); /* of a busy machine, too */
    for (size_t i = 0; i < n_tests; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    suite_add_tcase(s, tcase);
    runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static uint8_t hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *place = c == '\0' ? NULL : strchr(digits, c | 0x20);

    ck_assert_msg(place != NULL, "'%c' is no hex digit", c);
    return (uint8_t)(place - digits);
}

struct skp_view skt_hex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    struct kept *kept = malloc(sizeof *kept + len + 1);

    ck_assert_ptr_nonnull(kept);
    kept->next = kept_list;
    kept_list = kept;
    for (size_t i = 0; i < len; i++) {
        kept->bytes[i] =
            (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return (struct skp_view){ kept->bytes, len };
}

void skt_bytes_eq(struct skp_view got, struct skp_view expected)
{
    char *got_hex = malloc(2 * got.len + 1);
    char *expected_hex = malloc(2 * expected.len + 1);

    ck_assert(got_hex != NULL && expected_hex != NULL);
    skp_hex(got.ptr, got.len, got_hex);
    skp_hex(expected.ptr, expected.len, expected_hex);
    ck_assert_str_eq(got_hex, expected_hex);
    free(got_hex);
    free(expected_hex);
}
