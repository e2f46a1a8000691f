/* test_cli_text.c - times and JSON strings. */
#include <string.h>

#include "libclient/cli/cli_text.h"
#include "tests/lib/suite.h"

START_TEST(spans_are_said_as_people_do)
{
    static const struct {
        int64_t span_s;
        const char *text;
    } cases[] = {
        { -5, "0s" },       { 0, "0s" },         { 59, "59s" },
        { 60, "1m 0s" },    { 200, "3m 20s" },   { 3599, "59m 59s" },
        { 3600, "1h 0m" },  { 7500, "2h 5m" },   { 86399, "23h 59m" },
        { 86400, "1d 0h" }, { 356400, "4d 3h" },
    };
    char text[SKC_TEXT_SPAN_MAX];

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        skc_cli_text_span(cases[i].span_s, text);
        ck_assert_str_eq(text, cases[i].text);
    }
    skc_cli_text_ago(100, 40, text);
    ck_assert_str_eq(text, "1m 0s ago");
    skc_cli_text_ago(100, 0, text);
    ck_assert_str_eq(text, "never");
    skc_cli_text_span(INT64_MAX, text);
    ck_assert_ptr_nonnull(strstr(text, "d "));
}
END_TEST

START_TEST(json_strings_are_escaped)
{
    char text[128] = "";
    FILE *file = fmemopen(text, sizeof text, "w");

    ck_assert_ptr_nonnull(file);
    skc_cli_text_json(file, "a \"b\" \\ \n\x7f\xc3/");
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_str_eq(text, "\"a \\\"b\\\" \\\\ \\u000a\\u007f\\u00c3/\"");
}
END_TEST

START_TEST(sizes_are_short)
{
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {
        { 0, "0 B" },
        { 1023, "1023 B" },
        { 1024, "1.0 KiB" },
        { 1536, "1.5 KiB" },
        { 314572800, "300.0 MiB" },
        { UINT64_C(5) << 40, "5.0 TiB" },
        { UINT64_MAX, "16384.0 PiB" },
    };
    char text[SKC_TEXT_SPAN_MAX];

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        skc_cli_text_size(cases[i].n, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

SKT_SUITE("cli_text",
          sizes_are_short,
          spans_are_said_as_people_do,
          json_strings_are_escaped)
