/* test_json_scan.c - JSON to the letter. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "agent/config/json_scan.h"
#include "tests/lib/mutate.h"
#include "tests/lib/suite.h"

/* Where the last scan stopped. */
static struct skd_json_place place;

static enum skp_err scan(struct skp_view text,
                         unsigned depth_max,
                         struct skd_json_member *members,
                         size_t n_members)
{
    const struct skd_json_watch watch = { .depth_max = depth_max,
                                          .members = members,
                                          .n_members = n_members };

    return skd_json_scan(text, &watch, &place);
}

static void taken(const char *text)
{
    ck_assert_msg(scan(skp_view_of(text), 4, NULL, 0) == SKP_ERR_OK, "%s: %s",
                  text, place.what);
}

static void refused(const char *text, const char *why)
{
    char said[128];

    skt_err(scan(skp_view_of(text), 4, NULL, 0), SKP_ERR_INVALID_ARGUMENT);
    (void)snprintf(said, sizeof said, "%s at byte %zu", place.what, place.byte);
    ck_assert_str_eq(said, why);
}

START_TEST(takes_every_kind_of_value)
{
    static const char *const texts[] = {
        "null",
        " true ",
        "false\n",
        "0",
        "-0",
        "-12.50e+3",
        "1E9",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,2 , 3]",
        "{\"a\":1,\"b\":[{},[],\"x\"]}",
        "[[[1]]]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
        "\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \xc3\xa9 \xe2\x82\xac\"",
        "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\x7f\"",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(texts); i++) {
        taken(texts[i]);
    }
}
END_TEST

START_TEST(refuses_what_is_no_json_and_says_why_and_where)
{
    refused("", "the text ends too early at byte 0");
    refused("[", "the text ends too early at byte 1");
    refused("[1", "the text ends too early at byte 2");
    refused("[1,]", "a value is expected at byte 3");
    refused("[1 2]", "a comma or ] is expected at byte 3");
    refused("{\"a\"}", "a colon is expected at byte 4");
    refused("{\"a\":1,}", "the name of a member is expected at byte 7");
    refused("{a:1}", "the name of a member is expected at byte 1");
    refused("{\"a\":1]", "a comma or } is expected at byte 6");
    refused("\"abc", "the text ends inside a string at byte 4");
    refused("1 2", "something follows the JSON at byte 2");
    refused("nul", "a value is expected at byte 0");
    refused("True", "a value is expected at byte 0");
    refused("NaN", "a value is expected at byte 0");
    refused("-Infinity", "a number is malformed at byte 1");
    refused("01", "a number is malformed at byte 1");
    refused("+1", "a value is expected at byte 0");
    refused(".5", "a value is expected at byte 0");
    refused("1.", "a number is malformed at byte 2");
    refused("1e", "a number is malformed at byte 2");
    refused("0x10", "something follows the JSON at byte 1");
    refused("\xef\xbb\xbf{}", "a value is expected at byte 0");
    refused("// x\n1", "a value is expected at byte 0");
}
END_TEST

START_TEST(refuses_strings_that_are_no_text)
{
    refused("\"\n\"", "a line ends inside a string at byte 1");
    refused("\"\t\"", "a string holds a control character at byte 1");
    refused("\"\\x\"", "an escape is malformed at byte 2");
    refused("\"\\u12g4\"", "an escape is malformed at byte 5");
    refused("\"\\u0000\"", "a string holds \\u0000 at byte 7");
    refused("\"\\udc00\"", "half a surrogate pair at byte 7");
    refused("\"\\ud800\"", "half a surrogate pair at byte 7");
    refused("\"\\ud800\\u0041\"", "half a surrogate pair at byte 13");
    refused("\"\x80\"", "a string is no UTF-8 at byte 1");
    refused("\"\xc0\xaf\"", "a string is no UTF-8 at byte 1");
    refused("\"\xc3\"", "a string is no UTF-8 at byte 2");
    refused("\"\xe0\x80\x80\"", "a string is no UTF-8 at byte 2");
    refused("\"\xed\xa0\x80\"", "a string is no UTF-8 at byte 2");
    refused("\"\xf0\x80\x80\x80\"", "a string is no UTF-8 at byte 2");
    refused("\"\xf4\x90\x80\x80\"", "a string is no UTF-8 at byte 2");
    refused("\"\xf5\x80\x80\x80\"", "a string is no UTF-8 at byte 1");
}
END_TEST

START_TEST(a_nul_is_refused_anywhere)
{
    static const char text[] = "{\"a\": [1, \"b\"]}";
    char copy[sizeof text];

    for (size_t i = 0; i < sizeof text; i++) {
        memcpy(copy, text, sizeof text);
        copy[i] = '\0';
        skt_err(
            scan((struct skp_view){ (uint8_t *)copy, sizeof text }, 4, NULL, 0),
            SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_le(place.byte, i);
    }
}
END_TEST

START_TEST(bounds_nesting_and_the_length_of_numbers)
{
    char digits[65];

    memset(digits, '7', sizeof digits);
    digits[63] = '\0';
    taken(digits);
    digits[63] = '7';
    digits[64] = '\0';
    refused(digits, "a number is too long at byte 64");
    taken("[[[[1]]]]");
    refused("[[[[[1]]]]]", "nested too deeply at byte 4");
    refused("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}",
            "nested too deeply at byte 20");
}
END_TEST

START_TEST(finds_the_members_of_the_outermost_object)
{
    const char *text = "{\"x\":{\"a\":0},\"a\": [1, {\"b\":2}] ,\"b\":-7 }";
    struct skd_json_member members[] = { { .name = "a" },
                                         { .name = "b" },
                                         { .name = "c" } };

    skt_ok(scan(skp_view_of(text), 8, members, 3));
    ck_assert(skp_view_equal(members[0].value, skp_view_of("[1, {\"b\":2}]")));
    ck_assert(skp_view_equal(members[1].value, skp_view_of("-7")));
    ck_assert_uint_eq(members[2].value.len, 0);
    ck_assert(!members[0].is_twice);
}
END_TEST

START_TEST(notices_a_member_that_is_there_twice)
{
    struct skd_json_member members[] = { { .name = "a" } };

    skt_ok(scan(skp_view_of("{\"a\":{},\"a\":2}"), 8, members, 1));
    ck_assert(members[0].is_twice);
    ck_assert(skp_view_equal(members[0].value, skp_view_of("{}")));
}
END_TEST

START_TEST(an_array_has_no_members_to_find)
{
    struct skd_json_member members[] = { { .name = "" } };

    skt_ok(scan(skp_view_of("[1,2]"), 8, members, 1));
    ck_assert_uint_eq(members[0].value.len, 0);
}
END_TEST

START_TEST(names_the_element_it_stopped_in)
{

    skt_err(
        scan(skp_view_of("{\"r\":[],\"t\":[{},[1,2],{\"a\":}]}"), 8, NULL, 0),
        SKP_ERR_INVALID_ARGUMENT);
    ck_assert(place.in_array);
    ck_assert_uint_eq(place.index, 2);
    ck_assert(skp_view_equal(place.member, skp_view_of("t")));
    skt_err(scan(skp_view_of("{\"t\":[1],\"n\":{\"a\":]}}"), 8, NULL, 0),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert(!place.in_array);
}
END_TEST

/* A character that matters at each place of a string: those that are looked at
 * eight at a time must not hide it. */
START_TEST(no_place_of_a_string_hides_a_character)
{
    static const char wrong[] = { '"', '\\', '\n', 0x1f, 0, '\x80', '\xff' };

    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[64];
            struct skp_view view = { (const uint8_t *)text, len + 2 };

            memset(text, 'a', sizeof text);
            text[0] = '"';
            text[len + 1] = '"';
            skt_ok(scan(view, 8, NULL, 0));
            for (size_t i = 0; i < sizeof wrong; i++) {
                text[1 + at] = wrong[i];
                skt_err(scan(view, 8, NULL, 0), SKP_ERR_INVALID_ARGUMENT);
                ck_assert_uint_ge(place.byte, 1 + at);
                ck_assert_uint_le(place.byte, 3 + at);
            }
            text[1 + at] = 0x20; /* the least that stands for itself */
            skt_ok(scan(view, 8, NULL, 0));
            text[1 + at] = 0x7f; /* and the greatest */
            skt_ok(scan(view, 8, NULL, 0));
        }
    }
}
END_TEST

/* ---- what is told of values -----------------------------------------------
 */

struct told {
    size_t bytes[16];
    size_t n;
};

static void on_value(void *state, size_t byte)
{
    struct told *told = state;

    ck_assert_uint_lt(told->n, SKP_ARRAY_LEN(told->bytes));
    told->bytes[told->n++] = byte;
}

START_TEST(tells_where_each_value_begins)
{
    static const size_t expected[] = {
        1, 3, 9, 12, 18, 19, 22, 23, 33, 34, 40
    };
    struct told told = { .n = 0 };
    const struct skd_json_watch watch = { .depth_max = 8,
                                          .on_value = on_value,
                                          .state = &told };

    skt_ok(skd_json_scan(
        skp_view_of(" { \"a\" :[1, \"],\", [2, {\"b\":{}}], [[]]],"
                    " \"c\":-0}"),
        &watch, &place));
    ck_assert_uint_eq(told.n, SKP_ARRAY_LEN(expected));
    for (size_t i = 0; i < told.n; i++) {
        ck_assert_uint_eq(told.bytes[i], expected[i]);
    }
}
END_TEST

/* ---- what cJSON makes of it -----------------------------------------------
 */

/* Whatever passes here must be a tree for cJSON as well. */
static void check_mutant(void *state, const struct skt_mutant *mutant)
{
    struct skd_json_member members[] = { { .name = "t" } };
    unsigned *n_good = state;
    cJSON *tree;

    if (scan(mutant->bytes, 8, members, 1) != SKP_ERR_OK) {
        ck_assert_uint_le(place.byte, mutant->bytes.len);
        return;
    }
    tree = cJSON_ParseWithLength((const char *)mutant->bytes.ptr,
                                 mutant->bytes.len);
    ck_assert_msg(tree != NULL, "%s %zu passed", mutant->kind, mutant->at);
    cJSON_Delete(tree);
    (*n_good)++;
}

START_TEST(what_passes_is_json_for_cjson_too)
{
    unsigned n_good = 0;

    skt_mutate(skp_view_of("{\"t\":[{\"a\":\"\\u00e9\xc3\xa9\",\"b\":-1.5e3},"
                           "true,null,[]],\"r\":12}"),
               check_mutant, &n_good);
    ck_assert_uint_gt(n_good, 0);
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
            const char *end = NULL;
            cJSON *root;

            memcpy(bytes, text, sizeof text);
            bytes[i] = (uint8_t)value;
            if (scan(view, 8, NULL, 0) != SKP_ERR_OK) {
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
          takes_every_kind_of_value,
          refuses_what_is_no_json_and_says_why_and_where,
          refuses_strings_that_are_no_text,
          a_nul_is_refused_anywhere,
          bounds_nesting_and_the_length_of_numbers,
          finds_the_members_of_the_outermost_object,
          notices_a_member_that_is_there_twice,
          an_array_has_no_members_to_find,
          names_the_element_it_stopped_in,
          no_place_of_a_string_hides_a_character,
          tells_where_each_value_begins,
          what_passes_is_json_for_cjson_too,
          passes_nothing_that_cjson_refuses)
