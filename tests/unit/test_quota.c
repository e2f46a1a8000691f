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
    ck_assert_uint_eq(quota.n_over_max, 1);
    ck_assert_uint_eq(quota.n_over_max_per_uid, 0);
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
    ck_assert_uint_eq(quota.n_over_max, 0);
    ck_assert_uint_eq(quota.n_over_max_per_uid, 1);
    skt_err(skd_quota_enter(&quota, 3, 100, 0), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(quota.n_over_max_per_uid, 2);
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

START_TEST(connecting_anew_does_not_fill_the_bucket)
{
    struct skd_quota quota = { 0 };
    struct skd_rate *rate;

    skt_ok(skd_quota_enter(&quota, 7, 100, 2));
    rate = skd_quota_rate(&quota, 7);
    skt_ok(skd_quota_enter(&quota, 7, 100, 2));
    ck_assert_ptr_eq(skd_quota_rate(&quota, 7), rate);
    while (skd_rate_take(rate, 10, 5000)) {
    }
    skd_quota_leave(&quota, 7);
    skd_quota_leave(&quota, 7);
    skd_quota_forget(&quota, 5500);
    skt_ok(skd_quota_enter(&quota, 7, 100, 2));
    ck_assert(!skd_rate_take(skd_quota_rate(&quota, 7), 10, 5000));
    skd_quota_leave(&quota, 7);
    skd_quota_forget(&quota, 6000);
    ck_assert_uint_eq(quota.n_rows, 0);
    skd_quota_done(&quota);
}
END_TEST

START_TEST(the_bucket_stays_where_it_is_while_others_come_and_go)
{
    struct skd_quota quota = { 0 };
    struct skd_rate *rate;

    skt_ok(skd_quota_enter(&quota, 1, 1000, 2));
    skt_ok(skd_quota_enter(&quota, 2, 1000, 2));
    rate = skd_quota_rate(&quota, 2);
    for (uid_t uid = 10; uid < 100; uid++) {
        skt_ok(skd_quota_enter(&quota, uid, 1000, 2));
    }
    skd_quota_leave(&quota, 1);
    ck_assert_ptr_eq(skd_quota_rate(&quota, 2), rate);
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
          connecting_anew_does_not_fill_the_bucket,
          the_bucket_stays_where_it_is_while_others_come_and_go,
          a_limit_of_nothing_admits_nobody)
