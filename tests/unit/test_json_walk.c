/* test_json_walk.c - elements and members, one after the other. */
#include "agent/config/json_walk.h"
#include "tests/lib/suite.h"

START_TEST(walks_the_elements_of_an_array)
{
    static const char *const expected[] = { "1",       "\"a,]\\\"\"",
                                            "[2,[3]]", "{\"b\": [4, 5]}",
                                            "null",    "-1.5e3" };
    struct skp_view rest = skp_view_of(
        "[ 1,\"a,]\\\"\" , [2,[3]],{\"b\": [4, 5]}, null ,-1.5e3 ]");
    struct skp_view element;
    size_t n = 0;

    while (skd_json_walk_array(&rest, &element)) {
        ck_assert_uint_lt(n, SKP_ARRAY_LEN(expected));
        ck_assert(skp_view_equal(element, skp_view_of(expected[n])));
        n++;
    }
    ck_assert_uint_eq(n, SKP_ARRAY_LEN(expected));
    rest = skp_view_of("[  ]");
    ck_assert(!skd_json_walk_array(&rest, &element));
}
END_TEST

START_TEST(walks_the_members_of_an_object)
{
    static const char *const expected[][2] = {
        { "\"a\"", "1" },
        { "\"}:,\\\"\"", "\"a,}:\\\"\"" },
        { "\"c\"", "[2,{\"x\":[3]}]" },
        { "\"\"", "{\"b\": [4, 5]}" },
        { "\"a\"", "true" },
        { "\"\\\\\"", "\"\\\\\\\\\"" },
    };
    struct skp_view rest = skp_view_of(
        "{ \"a\":1,\"}:,\\\"\" : \"a,}:\\\"\" ,\"c\" :[2,{\"x\":[3]}],\"\": "
        "{\"b\": [4, 5]} , \"a\":true,\"\\\\\":\"\\\\\\\\\"}");
    struct skp_view name;
    struct skp_view value;
    size_t n = 0;

    while (skd_json_walk_object(&rest, &name, &value)) {
        ck_assert_uint_lt(n, SKP_ARRAY_LEN(expected));
        ck_assert(skp_view_equal(name, skp_view_of(expected[n][0])));
        ck_assert(skp_view_equal(value, skp_view_of(expected[n][1])));
        n++;
    }
    ck_assert_uint_eq(n, SKP_ARRAY_LEN(expected));
    rest = skp_view_of("{ }");
    ck_assert(!skd_json_walk_object(&rest, &name, &value));
}
END_TEST

/* No scan lets these pass; a walk must not leave the text all the same. */
START_TEST(text_that_ends_too_early_is_not_left)
{
    static const char whole[] =
        "{ \"a\\\\\" : [\"b\\\"\", {\"c\": 1}], \"d\":\"\" }";

    for (size_t len = 0; len < sizeof whole; len++) {
        struct skp_view rest = { (const uint8_t *)whole, len };
        struct skp_view name;
        struct skp_view value;

        for (size_t n = 0; skd_json_walk_object(&rest, &name, &value); n++) {
            ck_assert_uint_lt(n, 3);
            ck_assert_uint_le(
                (size_t)(value.ptr - (const uint8_t *)whole) + value.len, len);
            ck_assert_uint_le(
                (size_t)(rest.ptr - (const uint8_t *)whole) + rest.len, len);
        }
    }
}
END_TEST

SKT_SUITE("json_walk",
          walks_the_elements_of_an_array,
          walks_the_members_of_an_object,
          text_that_ends_too_early_is_not_left)
