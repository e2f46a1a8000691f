/* test_json_scan.c - the suite of agent/config/json_scan.c. */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "agent/config/json_scan.h"
#include "tests/lib/suite.h"

static enum skp_err scan(struct skp_view text, struct skd_json_fault *fault)
{
    struct skd_json_lines lines = { NULL, 0, 0 };
    enum skp_err err = skd_json_scan(text, &lines, fault);

    skd_json_lines_done(&lines);
    return err;
}

static void expect_right(const char *text)
{
    struct skd_json_fault fault = { 0, NULL };

    ck_assert_msg(scan(skp_view_of(text), &fault) == SKP_ERR_OK, "%s: %s", text,
                  fault.what);
}

static void expect_fault(const char *text, unsigned line, const char *what)
{
    struct skd_json_fault fault = { 0, NULL };

    ck_assert_msg(scan(skp_view_of(text), &fault) == SKP_ERR_INVALID_ARGUMENT,
                  "%s", text);
    ck_assert_str_eq(fault.what, what);
    ck_assert_uint_eq(fault.line, line);
}

START_TEST(accepts_every_form_of_the_grammar)
{
    expect_right("{}");
    expect_right(" [ ] ");
    expect_right("\t\r\n null \n");
    expect_right("true");
    expect_right("\"\"");
    expect_right("-0");
    expect_right("[0,-1,1.5,1e9,1E+9,1.0e-9,123456789012345678901234567890]");
    expect_right("{\"a\":{\"b\":[{},[],[[]]]},\"c\":false}");
    expect_right("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83d\\uDe00\"");
    expect_right("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}
END_TEST

START_TEST(names_the_fault_and_its_line)
{
    expect_fault("", 1, "the file is empty");
    expect_fault("  \n ", 2, "a value was expected");
    expect_fault("{\n\"a\": 1,\n}", 3, "the name of a member was expected");
    expect_fault("{\n\"a\" 1}", 2, "a colon was expected");
    expect_fault("{\n\"a\": 1\n\"b\": 2}", 3, "a comma or '}' was expected");
    expect_fault("[1 2]", 1, "a comma or ']' was expected");
    expect_fault("[1,]", 1, "a value was expected");
    expect_fault("[", 1, "a value was expected");
    expect_fault("{a:1}", 1, "the name of a member was expected");
    expect_fault("{} {}", 1, "text after the end");
    expect_fault("{}\n\n# end", 3, "text after the end");
    expect_fault("\"abc", 1, "string without an end");
    expect_fault("\"a\nb\"", 1, "line break in a string");
    expect_fault("\"a\tb\"", 1, "control character in a string");
    expect_fault("\"\\x\"", 1, "bad escape in a string");
    expect_fault("\"\\", 1, "bad escape in a string");
    expect_fault("\"\\u12g4\"", 1, "bad \\u escape in a string");
    expect_fault("\"\\u0000\"", 1, "bad \\u escape in a string");
    expect_fault("\"\\ud800\"", 1, "unpaired surrogate in a string");
    expect_fault("\"\\ud800\\u0041\"", 1, "unpaired surrogate in a string");
    expect_fault("\"\\udc00\\ud800\"", 1, "unpaired surrogate in a string");
    expect_fault("True", 1, "a value was expected");
    expect_fault("nul", 1, "a value was expected");
    expect_fault("truex", 1, "text after the end");
    expect_fault("+1", 1, "a value was expected");
    expect_fault(".5", 1, "a value was expected");
    expect_fault("01", 1, "number with leading zeros");
    expect_fault("-", 1, "bad number");
    expect_fault("1.", 1, "bad number");
    expect_fault("1e", 1, "bad number");
    expect_fault("0x10", 1, "text after the end");
    expect_fault("12345678901234567890123456789012345678901", 1,
                 "number with too many digits");
    expect_fault("\xef\xbb\xbf{}", 1, "a value was expected");
    expect_fault("'a'", 1, "a value was expected");
}
END_TEST

START_TEST(refuses_a_nul_anywhere)
{
    static const char text[] = "{\"a\": [1, \"b\"]}";
    char copy[sizeof text];
    struct skd_json_fault fault = { 0, NULL };

    for (size_t i = 0; i < sizeof text; i++) {
        memcpy(copy, text, sizeof text);
        copy[i] = '\0';
        skt_err(scan((struct skp_view){ (uint8_t *)copy, sizeof text }, &fault),
                SKP_ERR_INVALID_ARGUMENT);
    }
}
END_TEST

START_TEST(refuses_ill_formed_utf8)
{
    static const char *const bad[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3\x28",
        "\xe0\x9f\x80",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf0\x8f\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xe2\x28\xa1",
        "\xff",
    };
    char text[16];

    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        (void)snprintf(text, sizeof text, "\"%s\"", bad[i]);
        expect_fault(text, 1, "invalid UTF-8 in a string");
    }
}
END_TEST

START_TEST(nests_as_deep_as_it_says)
{
    char text[2 * SKD_JSON_DEPTH_MAX + 3];

    memset(text, '[', SKD_JSON_DEPTH_MAX);
    memset(text + SKD_JSON_DEPTH_MAX, ']', SKD_JSON_DEPTH_MAX);
    text[(size_t)2 * SKD_JSON_DEPTH_MAX] = '\0';
    expect_right(text);
    memset(text, '[', SKD_JSON_DEPTH_MAX + 1);
    text[SKD_JSON_DEPTH_MAX + 1] = '\0';
    expect_fault(text, 1, "nested too deep");
}
END_TEST

START_TEST(gives_the_line_of_each_value)
{
    static const char text[] = "{\n"
                               " \"a\": 1, \"b\":\n"
                               "  [2,\n"
                               "   3, {\"c\": 4}],\n"
                               " \"d\": null}\n";
    static const uint32_t expected[] = { 1, 2, 2, 3, 4, 4, 4, 5 };
    struct skd_json_lines lines = { NULL, 0, 0 };
    struct skd_json_fault fault;

    skt_ok(skd_json_scan(skp_view_of(text), &lines, &fault));
    ck_assert_uint_eq(lines.n, SKP_ARRAY_LEN(expected));
    for (size_t i = 0; i < lines.n; i++) {
        ck_assert_uint_eq(lines.lines[i], expected[i]);
    }
    skd_json_lines_done(&lines);
    ck_assert_ptr_null(lines.lines);
}
END_TEST

/* What the scanner lets pass cJSON must read, in full. */
START_TEST(passes_nothing_that_cjson_refuses)
{
    static const char text[] =
        "{\"k\\u00e9\":[1.5e3,-0,{\"\":null}],\"s\":\"\\ud83d\\ude00\xc3\xa9\","
        "\"t\":true,\"f\":[false,[]]}";
    uint8_t bytes[sizeof text];
    size_t passed = 0;

    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (unsigned value = 0; value < 256; value++) {
            struct skp_view view = { bytes, sizeof text - 1 };
            struct skd_json_fault fault;
            const char *end = NULL;
            cJSON *root;

            memcpy(bytes, text, sizeof text);
            bytes[i] = (uint8_t)value;
            if (scan(view, &fault) != SKP_ERR_OK) {
                continue;
            }
            passed++;
            root =
                cJSON_ParseWithLengthOpts((char *)bytes, sizeof text, &end, 1);
            ck_assert_msg(root != NULL, "%s", (char *)bytes);
            cJSON_Delete(root);
        }
    }
    ck_assert_uint_gt(passed, sizeof text);
}
END_TEST

SKT_SUITE("json_scan",
          accepts_every_form_of_the_grammar,
          names_the_fault_and_its_line,
          refuses_a_nul_anywhere,
          refuses_ill_formed_utf8,
          nests_as_deep_as_it_says,
          gives_the_line_of_each_value,
          passes_nothing_that_cjson_refuses)
