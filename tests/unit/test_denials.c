/* test_denials.c - proves denials.c. */
#include "agent/serve/denials.h"
#include "tests/lib/suite.h"

START_TEST(the_first_of_a_second_are_told_and_the_rest_counted)
{
    struct skd_denials denials = { 0 };

    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(skd_denials_add(&denials, 5000 + i),
                         i < SKD_DENIALS_TOLD_MAX);
    }
    ck_assert_uint_eq(skd_denials_take(&denials, 5999, false), 0);
    ck_assert_uint_eq(skd_denials_take(&denials, 6000, false),
                      100 - SKD_DENIALS_TOLD_MAX);
    ck_assert_uint_eq(skd_denials_take(&denials, 6000, false), 0);
}
END_TEST

START_TEST(after_a_second_they_are_told_again)
{
    struct skd_denials denials = { 0 };

    for (unsigned i = 0; i < 20; i++) {
        (void)skd_denials_add(&denials, 5000);
    }
    ck_assert(!skd_denials_is_over(&denials, 5999));
    ck_assert(!skd_denials_add(&denials, 5999));
    ck_assert(skd_denials_is_over(&denials, 6000));
    ck_assert(skd_denials_add(&denials, 6000));
}
END_TEST

START_TEST(the_last_ones_are_told_at_the_end)
{
    struct skd_denials denials = { 0 };

    for (unsigned i = 0; i < 20; i++) {
        (void)skd_denials_add(&denials, 5000);
    }
    ck_assert_uint_eq(skd_denials_take(&denials, 5001, true), 4);
    ck_assert_uint_eq(skd_denials_take(&denials, 5001, true), 0);
}
END_TEST

SKT_SUITE("denials",
          the_first_of_a_second_are_told_and_the_rest_counted,
          after_a_second_they_are_told_again,
          the_last_ones_are_told_at_the_end)
