/* test_coordinator_visits.c - the pages of a list. */
#include "agent/source/coordinator_visits.h"
#include "tests/lib/suite.h"

START_TEST(pages_are_kept_in_order_and_found_by_their_url)
{
    struct skd_visits visits = { NULL, NULL, 0 };

    ck_assert_uint_eq(skd_visits_find(&visits, "a"), 0);
    skt_ok(skd_visits_add(&visits, "a", "\"1\""));
    skt_ok(skd_visits_add(&visits, "ab", ""));
    skt_ok(skd_visits_add(&visits, "b", "\"3\""));
    ck_assert_uint_eq(visits.n, 3);
    ck_assert_uint_eq(skd_visits_find(&visits, "a"), 1);
    ck_assert_uint_eq(skd_visits_find(&visits, "ab"), 2);
    ck_assert_uint_eq(skd_visits_find(&visits, "b"), 3);
    ck_assert_uint_eq(skd_visits_find(&visits, ""), 0);
    ck_assert_str_eq(visits.first->etag, "\"1\"");
    ck_assert_str_eq(visits.last->url, "b");
    skd_visits_drop(&visits);
    ck_assert_uint_eq(visits.n, 0);
    ck_assert_uint_eq(skd_visits_find(&visits, "a"), 0);
    skd_visits_drop(&visits);
}
END_TEST

START_TEST(one_missing_etag_is_enough)
{
    struct skd_visits visits = { NULL, NULL, 0 };

    ck_assert(!skd_visits_have_etags(&visits));
    skt_ok(skd_visits_add(&visits, "a", "\"1\""));
    ck_assert(skd_visits_have_etags(&visits));
    skt_ok(skd_visits_add(&visits, "b", ""));
    skt_ok(skd_visits_add(&visits, "c", "\"3\""));
    ck_assert(!skd_visits_have_etags(&visits));
    skd_visits_drop(&visits);
}
END_TEST

SKT_SUITE("coordinator_visits",
          pages_are_kept_in_order_and_found_by_their_url,
          one_missing_etag_is_enough)
