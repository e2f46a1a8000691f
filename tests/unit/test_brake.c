/* test_brake.c - lists that are too small to be believed. */
#include "agent/refresh/brake.h"
#include "tests/lib/suite.h"

START_TEST(a_list_that_lacks_nobody_passes)
{
    ck_assert(!skd_brake_holds(0, 0, 0.2));
    ck_assert(!skd_brake_holds(10, 0, 0.0));
}
END_TEST

START_TEST(a_list_that_lacks_everybody_is_held_however_few_they_are)
{
    ck_assert(skd_brake_holds(1, 1, 0.2));
    ck_assert(skd_brake_holds(3, 3, 1.0));
    ck_assert(skd_brake_holds(1000, 1000, 1.0));
}
END_TEST

START_TEST(up_to_three_may_go_whatever_their_share)
{
    ck_assert(!skd_brake_holds(4, 3, 0.2));
    ck_assert(!skd_brake_holds(4, 3, 0.0));
    ck_assert(skd_brake_holds(5, 4, 0.2));
}
END_TEST

START_TEST(the_share_itself_may_go_and_one_more_may_not)
{
    ck_assert(!skd_brake_holds(100, 20, 0.2));
    ck_assert(skd_brake_holds(100, 21, 0.2));
    ck_assert(skd_brake_holds(100, 4, 0.0));
    ck_assert(!skd_brake_holds(100, 99, 1.0));
}
END_TEST

START_TEST(the_third_list_in_a_row_lets_through)
{
    ck_assert(!skd_brake_lets_through(1));
    ck_assert(!skd_brake_lets_through(2));
    ck_assert(skd_brake_lets_through(3));
    ck_assert(skd_brake_lets_through(255));
}
END_TEST

SKT_SUITE("brake",
          a_list_that_lacks_nobody_passes,
          a_list_that_lacks_everybody_is_held_however_few_they_are,
          up_to_three_may_go_whatever_their_share,
          the_share_itself_may_go_and_one_more_may_not,
          the_third_list_in_a_row_lets_through)
