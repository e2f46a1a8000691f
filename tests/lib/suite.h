/* suite.h - the main function of a unit suite, and the data that suites read.
 *
 * A suite is one program.  It ends with
 *     SKT_SUITE("base64", decodes_padded_text, refuses_inner_space)
 */
#ifndef SKT_SUITE_H
#define SKT_SUITE_H

#include <check.h>

#include "protocol/bytes.h"

#define SKT_SUITE(name, ...)                                           \
    int main(void)                                                     \
    {                                                                  \
        const TTest *const tests[] = { __VA_ARGS__ };                  \
        return skt_run((name), tests, sizeof tests / sizeof tests[0]); \
    }

/* Run the tests, each in its own process unless CK_FORK=no, with a time limit
 * of 120 s; print check's summary.  0 when all passed. */
int skt_run(const char *suite, const TTest *const *tests, size_t n_tests);

/* Assert that @call returns SKP_ERR_OK, naming the error when not. */
#define skt_ok(call) skt_err((call), SKP_ERR_OK)
#define skt_err(call, expected) \
    ck_assert_str_eq(skp_err_name(call), skp_err_name(expected))

/* Bytes of a hex string, in memory of the test's own (never freed: suites are
 * short-lived, and leak checkers see it as reachable). */
struct skp_view skt_hex(const char *hex);

/* Assert equal bytes, showing both as hex. */
void skt_bytes_eq(struct skp_view got, struct skp_view expected);

#endif /* SKT_SUITE_H */
