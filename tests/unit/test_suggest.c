/* test_suggest.c - the suite of agent/config/suggest.c. */
#include "agent/config/suggest.h"
#include "tests/lib/suite.h"

START_TEST(counts_edits_twice_and_small_things_once)
{
    ck_assert_uint_eq(skd_suggest_distance("mode", "mode"), 0);
    ck_assert_uint_eq(skd_suggest_distance("", ""), 0);
    ck_assert_uint_eq(skd_suggest_distance("", "mode"), 8);
    ck_assert_uint_eq(skd_suggest_distance("mod", "mode"), 2);
    ck_assert_uint_eq(skd_suggest_distance("modes", "mode"), 2);
    ck_assert_uint_eq(skd_suggest_distance("made", "mode"), 2);
    ck_assert_uint_eq(skd_suggest_distance("mdoe", "mode"), 2);
    ck_assert_uint_eq(skd_suggest_distance("Mode", "mode"), 1);
    ck_assert_uint_eq(skd_suggest_distance("update-period", "update_period"),
                      1);
    ck_assert_uint_eq(skd_suggest_distance("updatePeriod", "update_period"), 2);
}
END_TEST

START_TEST(is_the_same_both_ways)
{
    static const char *const names[] = { "",        "key",  "key_file",
                                         "keyFile", "yek",  "token",
                                         "timeout", "time", "ca" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        for (size_t j = 0; j < SKP_ARRAY_LEN(names); j++) {
            ck_assert_uint_eq(skd_suggest_distance(names[i], names[j]),
                              skd_suggest_distance(names[j], names[i]));
        }
    }
}
END_TEST

START_TEST(very_long_names_are_cut_not_overrun)
{
    char name[300];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_uint_eq(skd_suggest_distance(name, ""), 128);
    ck_assert_uint_eq(skd_suggest_distance(name, name), 0);
}
END_TEST

SKT_SUITE("suggest",
          counts_edits_twice_and_small_things_once,
          is_the_same_both_ways,
          very_long_names_are_cut_not_overrun)
