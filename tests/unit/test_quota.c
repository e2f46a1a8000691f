/* test_quota.c - proves quota.c. */
#include "agent/serve/quota.h"
#include "tests/lib/suite.h"

START_TEST(no_more_connections_than_allowed_in_all)
{
    struct skd_quota quota = { 0 };

    for (uid_t uid = 0; uid < 20; uid++) {
        skt_ok(skd_quota_enter(&quota, uid, 20, 5));
    }
    skt_err(skd_quota_enter(&quota, 3, 20, 5), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(quota.n_open, 20);
    skd_quota_leave(&quota, 11);
    skt_ok(skd_quota_enter(&quota, 3, 20, 5));
    skd_quota_done(&quota);
}
END_TEST

START_TEST(one_user_cannot_take_what_is_for_others)
{
    struct skd_quota quota = { 0 };

    skt_ok(skd_quota_enter(&quota, 1, 100, 2));
    skt_ok(skd_quota_enter(&quota, 1, 100, 2));
    skt_err(skd_quota_enter(&quota, 1, 100, 2), SKP_ERR_RESOURCE_EXHAUSTED);
    skt_ok(skd_quota_enter(&quota, 2, 100, 2));
    ck_assert_uint_eq(quota.n_open, 3);
    skd_quota_leave(&quota, 1);
    skt_ok(skd_quota_enter(&quota, 1, 100, 2));
    skd_quota_done(&quota);
}
END_TEST

START_TEST(a_user_who_left_leaves_no_trace)
{
    struct skd_quota quota = { 0 };

    for (uid_t uid = 0; uid < 1000; uid++) {
        skt_ok(skd_quota_enter(&quota, uid, 100, 2));
        skd_quota_leave(&quota, uid);
    }
    ck_assert_uint_eq(quota.n_open, 0);
    ck_assert_uint_eq(quota.n_rows, 0);
    ck_assert_uint_eq(quota.rows_max, 8);
    skd_quota_done(&quota);
}
END_TEST

START_TEST(a_limit_of_nothing_admits_nobody)
{
    struct skd_quota quota = { 0 };

    skt_err(skd_quota_enter(&quota, 1, 0, 5), SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skd_quota_enter(&quota, 1, 5, 0), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(quota.n_open, 0);
    skd_quota_done(&quota);
}
END_TEST

SKT_SUITE("quota",
          no_more_connections_than_allowed_in_all,
          one_user_cannot_take_what_is_for_others,
          a_user_who_left_leaves_no_trace,
          a_limit_of_nothing_admits_nobody)
