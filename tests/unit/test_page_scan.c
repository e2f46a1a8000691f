/* test_page_scan.c - JSON to the letter. */
#include <string.h>

#include <cjson/cJSON.h>

#include "agent/source/page_scan.h"
#include "tests/lib/mutate.h"
#include "tests/lib/suite.h"

static enum skp_err scan(const char *text, struct skp_diag *diag)
{
    struct skd_page_place place;

    return skd_page_scan(skp_view_of(text), 4, NULL, 0, &place, diag);
}

static void refused(const char *text, const char *why)
{
    struct skp_diag diag = { "" };

    skt_err(scan(text, &diag), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, why);
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
        struct skp_diag diag = { "" };

        ck_assert_msg(scan(texts[i], &diag) == SKP_ERR_OK, "%s: %s", texts[i],
                      diag.text);
    }
}
END_TEST

START_TEST(refuses_what_is_no_json_and_says_why_and_where)
{
    refused("", "the text ends too early at byte 0");
    refused("[", "the text ends too early at byte 1");
    refused("[1", "the text ends too early at byte 2");
    refused("[1,]", "a value is expected at byte 3");
    refused("[1 2]", "a comma is expected at byte 3");
    refused("{\"a\"}", "a colon is expected at byte 4");
    refused("{\"a\":1,}", "a string is expected at byte 7");
    refused("{a:1}", "a string is expected at byte 1");
    refused("{\"a\":1]", "a comma is expected at byte 6");
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
    refused("\"\n\"", "a string holds a control character at byte 1");
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

START_TEST(a_nul_byte_ends_nothing)
{
    static const uint8_t text[] = { '"', 'a', 0, '"' };
    struct skd_page_place place;
    struct skp_diag diag = { "" };

    skt_err(skd_page_scan((struct skp_view){ text, sizeof text }, 4, NULL, 0,
                          &place, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "a string holds a control character at byte 2");
}
END_TEST

START_TEST(bounds_nesting_and_the_length_of_numbers)
{
    char digits[65];

    memset(digits, '7', sizeof digits);
    digits[63] = '\0';
    skt_ok(scan(digits, NULL));
    digits[63] = '7';
    digits[64] = '\0';
    refused(digits, "a number is too long at byte 64");
    skt_ok(scan("[[[[1]]]]", NULL));
    refused("[[[[[1]]]]]", "nested too deeply at byte 4");
    refused("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}",
            "nested too deeply at byte 20");
}
END_TEST

START_TEST(finds_the_members_of_the_outermost_object)
{
    const char *text = "{\"x\":{\"a\":0},\"a\": [1, {\"b\":2}] ,\"b\":-7 }";
    struct skd_page_member members[] = { { .name = "a" },
                                         { .name = "b" },
                                         { .name = "c" } };
    struct skd_page_place place;

    skt_ok(skd_page_scan(skp_view_of(text), 8, members, 3, &place, NULL));
    ck_assert(skp_view_equal(members[0].value, skp_view_of("[1, {\"b\":2}]")));
    ck_assert(skp_view_equal(members[1].value, skp_view_of("-7")));
    ck_assert_uint_eq(members[2].value.len, 0);
    ck_assert(!members[0].is_twice);
}
END_TEST

START_TEST(notices_a_member_that_is_there_twice)
{
    struct skd_page_member members[] = { { .name = "a" } };
    struct skd_page_place place;

    skt_ok(skd_page_scan(skp_view_of("{\"a\":{},\"a\":2}"), 8, members, 1,
                         &place, NULL));
    ck_assert(members[0].is_twice);
    ck_assert(skp_view_equal(members[0].value, skp_view_of("{}")));
}
END_TEST

START_TEST(an_array_has_no_members_to_find)
{
    struct skd_page_member members[] = { { .name = "" } };
    struct skd_page_place place;

    skt_ok(skd_page_scan(skp_view_of("[1,2]"), 8, members, 1, &place, NULL));
    ck_assert_uint_eq(members[0].value.len, 0);
}
END_TEST

START_TEST(names_the_element_it_stopped_in)
{
    struct skd_page_place place;

    skt_err(skd_page_scan(skp_view_of("{\"r\":[],\"t\":[{},[1,2],{\"a\":}]}"),
                          8, NULL, 0, &place, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert(place.in_array);
    ck_assert_uint_eq(place.index, 2);
    ck_assert(skp_view_equal(place.member, skp_view_of("t")));
    skt_err(skd_page_scan(skp_view_of("{\"t\":[1],\"n\":{\"a\":]}}"), 8, NULL,
                          0, &place, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert(!place.in_array);
}
END_TEST

START_TEST(walks_the_elements_of_an_array)
{
    static const char *const expected[] = { "1",       "\"a,]\\\"\"",
                                            "[2,[3]]", "{\"b\": [4, 5]}",
                                            "null",    "-1.5e3" };
    struct skp_view rest = skp_view_of(
        "[ 1,\"a,]\\\"\" , [2,[3]],{\"b\": [4, 5]}, null ,-1.5e3 ]");
    struct skp_view element;
    size_t n = 0;

    while (skd_page_scan_next(&rest, &element)) {
        ck_assert_uint_lt(n, SKP_ARRAY_LEN(expected));
        ck_assert(skp_view_equal(element, skp_view_of(expected[n])));
        n++;
    }
    ck_assert_uint_eq(n, SKP_ARRAY_LEN(expected));
    rest = skp_view_of("[  ]");
    ck_assert(!skd_page_scan_next(&rest, &element));
}
END_TEST

/* Whatever passes here must be a tree for cJSON as well. */
static void check_mutant(void *state, const struct skt_mutant *mutant)
{
    struct skd_page_member members[] = { { .name = "t" } };
    struct skd_page_place place;
    unsigned *n_good = state;
    cJSON *tree;

    if (skd_page_scan(mutant->bytes, 8, members, 1, &place, NULL) !=
        SKP_ERR_OK) {
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

SKT_SUITE("page_scan",
          takes_every_kind_of_value,
          refuses_what_is_no_json_and_says_why_and_where,
          refuses_strings_that_are_no_text,
          a_nul_byte_ends_nothing,
          bounds_nesting_and_the_length_of_numbers,
          finds_the_members_of_the_outermost_object,
          notices_a_member_that_is_there_twice,
          an_array_has_no_members_to_find,
          names_the_element_it_stopped_in,
          walks_the_elements_of_an_array,
          what_passes_is_json_for_cjson_too)
