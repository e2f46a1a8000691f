/* test_tenant_state.c - suite of agent/store/tenant_state.c. */
#include "agent/store/tenant_state.h"
#include "tests/lib/suite.h"

static const struct skd_tenant good = {
    .use = SKD_USE_ALL,
    .n_keys = 1,
    .confirmed_ms = 1000,
};

START_TEST(a_key_is_never_stale_without_a_limit)
{
    ck_assert(!skd_tenant_is_stale(&good, UINT64_MAX, 0));
}
END_TEST

START_TEST(a_key_is_stale_only_past_its_limit)
{
    ck_assert(!skd_tenant_is_stale(&good, 1500, 500));
    ck_assert(skd_tenant_is_stale(&good, 1501, 500));
}
END_TEST

START_TEST(a_confirmation_later_than_now_is_fresh)
{
    ck_assert(!skd_tenant_is_stale(&good, 0, 1));
}
END_TEST

START_TEST(each_state_has_its_word)
{
    struct skd_tenant tenant = good;

    ck_assert_int_eq(skd_tenant_state(&tenant, 1000, 0),
                     SKP_TENANT_STATE_ACTIVE);
    ck_assert_int_eq(skd_tenant_state(&tenant, 2000, 10),
                     SKP_TENANT_STATE_STALE);
    tenant.use = SKD_USE_DECRYPT_ONLY;
    ck_assert_int_eq(skd_tenant_state(&tenant, 1000, 10),
                     SKP_TENANT_STATE_DECRYPT_ONLY);
    tenant.use = SKD_USE_NONE;
    ck_assert_int_eq(skd_tenant_state(&tenant, 2000, 10),
                     SKP_TENANT_STATE_UNAVAILABLE);
}
END_TEST

START_TEST(a_tenant_without_keys_is_unavailable)
{
    struct skd_tenant tenant = good;

    tenant.n_keys = 0;
    ck_assert_int_eq(skd_tenant_state(&tenant, 1000, 0),
                     SKP_TENANT_STATE_UNAVAILABLE);
}
END_TEST

SKT_SUITE("tenant_state",
          a_key_is_never_stale_without_a_limit,
          a_key_is_stale_only_past_its_limit,
          a_confirmation_later_than_now_is_fresh,
          each_state_has_its_word,
          a_tenant_without_keys_is_unavailable)
