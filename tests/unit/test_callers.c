/* test_callers.c - proves callers.c. */
#include "agent/serve/callers.h"
#include "tests/lib/suite.h"

START_TEST(connections_of_a_user_share_one_caller)
{
    struct skd_callers callers = { 0 };
    struct skd_caller *one;
    struct skd_caller *again;
    struct skd_caller *other;

    skt_ok(skd_callers_enter(&callers, 7, &one));
    skt_ok(skd_callers_enter(&callers, 7, &again));
    skt_ok(skd_callers_enter(&callers, 8, &other));
    ck_assert_ptr_eq(one, again);
    ck_assert_ptr_ne(one, other);
    ck_assert_uint_eq(callers.n_active, 2);
    skd_callers_leave(&callers, one);
    ck_assert_uint_eq(callers.n_active, 2);
    skd_callers_leave(&callers, again);
    skd_callers_leave(&callers, other);
    ck_assert_uint_eq(callers.n_active, 0);
    skd_callers_done(&callers);
    ck_assert_ptr_null(callers.first);
}
END_TEST

START_TEST(connecting_anew_does_not_make_denials_forgotten)
{
    struct skd_callers callers = { 0 };
    struct skd_caller *caller;

    skt_ok(skd_callers_enter(&callers, 7, &caller));
    ck_assert(skd_denials_add(&caller->denials, 5000));
    skd_callers_leave(&callers, caller);
    skd_callers_forget(&callers, 5500);
    skt_ok(skd_callers_enter(&callers, 7, &caller));
    ck_assert_uint_eq(caller->denials.n_told, 1);
    skd_callers_leave(&callers, caller);
    skd_callers_forget(&callers, 6000);
    ck_assert_ptr_null(callers.first);
}
END_TEST

START_TEST(whoever_has_a_connection_is_not_forgotten)
{
    struct skd_callers callers = { 0 };
    struct skd_caller *callers_of[3];

    for (uid_t uid = 0; uid < 3; uid++) {
        skt_ok(skd_callers_enter(&callers, uid, &callers_of[uid]));
    }
    skd_callers_leave(&callers, callers_of[1]);
    skd_callers_forget(&callers, 100000);
    ck_assert_ptr_eq(callers.first, callers_of[2]);
    ck_assert_ptr_eq(callers.first->next, callers_of[0]);
    ck_assert_ptr_null(callers.first->next->next);
    skd_callers_leave(&callers, callers_of[0]);
    skd_callers_leave(&callers, callers_of[2]);
    skd_callers_done(&callers);
}
END_TEST

SKT_SUITE("callers",
          connections_of_a_user_share_one_caller,
          connecting_anew_does_not_make_denials_forgotten,
          whoever_has_a_connection_is_not_forgotten)
