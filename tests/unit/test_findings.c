/* test_findings.c - the suite of agent/config/findings.c. */
#include <string.h>

#include "agent/config/findings.h"
#include "tests/lib/suite.h"

START_TEST(lists_errors_and_warnings_apart)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    const struct skd_place whole = { "f.json", 0, NULL };
    const struct skd_place line = { "f.json", 7, NULL };
    const struct skd_place path = { "f.json", 8, "crypto.mode" };

    skt_ok(skd_findings_add_error(&findings, &whole, "one %d", 1));
    skt_ok(skd_findings_add_warning(&findings, &line, "two"));
    skt_ok(skd_findings_add_error(&findings, &path, "three"));
    ck_assert_str_eq(findings.errors,
                     "f.json: one 1\nf.json:8: crypto.mode: three\n");
    ck_assert_str_eq(findings.warnings, "f.json:7: two\n");
    ck_assert_uint_eq(findings.n_errors, 2);
    ck_assert_uint_eq(findings.n_warnings, 1);
    skd_findings_done(&findings);
    ck_assert_ptr_null(findings.errors);
    ck_assert_uint_eq(findings.n_errors, 0);
}
END_TEST

START_TEST(a_finding_stays_one_line_of_bounded_length)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    char name[3000];
    const struct skd_place place = { "a\nb\x1b[1m\x7f", 1, name };

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    skt_ok(skd_findings_add_error(&findings, &place, "x"));
    ck_assert_uint_eq(strlen(findings.errors), 1001);
    ck_assert_int_eq(strncmp(findings.errors, "a?b?[1m?:1: nnn", 15), 0);
    ck_assert_ptr_eq(strchr(findings.errors, '\n'), findings.errors + 1000);
    skd_findings_done(&findings);
}
END_TEST

START_TEST(after_a_thousand_the_rest_is_counted)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    const struct skd_place place = { "f", 1, "p" };
    size_t n_lines = 0;

    for (int i = 0; i < 1500; i++) {
        skt_ok(skd_findings_add_warning(&findings, &place, "x"));
    }
    for (const char *at = findings.warnings; *at != '\0'; at++) {
        n_lines += *at == '\n';
    }
    ck_assert_uint_eq(n_lines, 1001);
    ck_assert_ptr_nonnull(
        strstr(findings.warnings, "\nand more, which are only counted\n"));
    ck_assert_uint_eq(findings.n_warnings, 1500);
    skd_findings_done(&findings);
}
END_TEST

SKT_SUITE("findings",
          lists_errors_and_warnings_apart,
          a_finding_stays_one_line_of_bounded_length,
          after_a_thousand_the_rest_is_counted)
