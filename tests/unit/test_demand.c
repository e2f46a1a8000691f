/* test_demand.c - tenants that clients asked for. */
#include <stdio.h>
#include <string.h>

#include "agent/store/demand.h"
#include "tests/lib/suite.h"

static char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1];

static enum skd_demanded ask(struct skd_demand *demand,
                             const char *tenant,
                             uint64_t now_ms,
                             bool *ret_is_new)
{
    return skd_demand_ask(demand, skp_view_of(tenant), now_ms, 5000,
                          ret_is_new);
}

static struct skd_demand *new_demand(void)
{
    struct skd_demand *demand = NULL;

    skt_ok(skd_demand_new(&demand));
    return demand;
}

static void settle_all(struct skd_demand *demand, bool found, uint64_t now_ms)
{
    bool all[SKD_DEMAND_MAX];
    size_t n = skd_demand_waiting(demand, ids);

    memset(all, found, sizeof all);
    skd_demand_settle(demand, ids, all, n, now_ms);
}

START_TEST(a_tenant_is_put_on_the_list_once)
{
    struct skd_demand *demand = new_demand();
    bool is_new = false;

    ck_assert_int_eq(ask(demand, "a", 0, &is_new), SKD_DEMANDED_WAITING);
    ck_assert(is_new);
    ck_assert_int_eq(ask(demand, "a", 99999, &is_new), SKD_DEMANDED_WAITING);
    ck_assert(!is_new);
    ck_assert_uint_eq(skd_demand_waiting(demand, ids), 1);
    ck_assert_str_eq(ids[0], "a");
    skd_demand_free(&demand);
    ck_assert_ptr_null(demand);
    skd_demand_free(&demand);
}
END_TEST

START_TEST(an_absent_tenant_stays_absent_and_is_asked_for_again_later)
{
    struct skd_demand *demand = new_demand();
    bool is_new = false;

    (void)ask(demand, "a", 0, &is_new);
    settle_all(demand, false, 1000);
    ck_assert_int_eq(ask(demand, "a", 5999, &is_new), SKD_DEMANDED_ABSENT);
    ck_assert(!is_new);
    ck_assert_uint_eq(skd_demand_waiting(demand, ids), 0);
    ck_assert_int_eq(ask(demand, "a", 6000, &is_new), SKD_DEMANDED_ABSENT);
    ck_assert(is_new);
    ck_assert_uint_eq(skd_demand_waiting(demand, ids), 1);
    ck_assert_int_eq(ask(demand, "a", 6001, &is_new), SKD_DEMANDED_ABSENT);
    ck_assert(!is_new);
    skd_demand_free(&demand);
}
END_TEST

START_TEST(a_found_tenant_leaves_the_list)
{
    struct skd_demand *demand = new_demand();
    bool is_new = false;

    (void)ask(demand, "a", 0, &is_new);
    settle_all(demand, true, 1000);
    ck_assert_uint_eq(skd_demand_waiting(demand, ids), 0);
    ck_assert_int_eq(ask(demand, "a", 1001, &is_new), SKD_DEMANDED_WAITING);
    ck_assert(is_new);
    skd_demand_free(&demand);
}
END_TEST

START_TEST(a_full_list_takes_nobody_until_it_is_settled)
{
    struct skd_demand *demand = new_demand();
    char id[16];
    bool is_new = false;

    for (unsigned i = 0; i < SKD_DEMAND_MAX; i++) {
        (void)snprintf(id, sizeof id, "t%u", i);
        ck_assert_int_eq(ask(demand, id, 0, &is_new), SKD_DEMANDED_WAITING);
        ck_assert(is_new);
    }
    ck_assert_int_eq(ask(demand, "late", 0, &is_new), SKD_DEMANDED_FULL);
    ck_assert(!is_new);
    ck_assert_uint_eq(skd_demand_waiting(demand, ids), SKD_DEMAND_MAX);
    settle_all(demand, false, 0);
    ck_assert_int_eq(ask(demand, "late", 0, &is_new), SKD_DEMANDED_WAITING);
    ck_assert(is_new);
    skd_demand_free(&demand);
}
END_TEST

START_TEST(a_flood_of_absent_ids_forgets_the_oldest_only)
{
    struct skd_demand *demand = new_demand();
    char id[16];
    bool is_new = false;

    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(id, sizeof id, "t%u", i);
        (void)ask(demand, id, i, &is_new);
        settle_all(demand, false, i);
    }
    ck_assert_int_eq(ask(demand, "t999", 1000, &is_new), SKD_DEMANDED_ABSENT);
    ck_assert_int_eq(ask(demand, "t700", 1000, &is_new), SKD_DEMANDED_ABSENT);
    ck_assert_int_eq(ask(demand, "t0", 1000, &is_new), SKD_DEMANDED_WAITING);
    skd_demand_free(&demand);
}
END_TEST

START_TEST(the_longest_id_fits_and_ids_that_nobody_asked_for_settle_nothing)
{
    struct skd_demand *demand = new_demand();
    char longest[SKP_TENANT_MAX + 1];
    bool found = false;
    bool is_new = false;

    memset(longest, 'x', SKP_TENANT_MAX);
    longest[SKP_TENANT_MAX] = '\0';
    (void)ask(demand, longest, 0, &is_new);
    memcpy(ids[0], "other", 6);
    skd_demand_settle(demand, ids, &found, 1, 0);
    ck_assert_uint_eq(skd_demand_waiting(demand, ids), 1);
    ck_assert_str_eq(ids[0], longest);
    skd_demand_free(&demand);
}
END_TEST

SKT_SUITE("demand",
          a_tenant_is_put_on_the_list_once,
          an_absent_tenant_stays_absent_and_is_asked_for_again_later,
          a_found_tenant_leaves_the_list,
          a_full_list_takes_nobody_until_it_is_settled,
          a_flood_of_absent_ids_forgets_the_oldest_only,
          the_longest_id_fits_and_ids_that_nobody_asked_for_settle_nothing)
