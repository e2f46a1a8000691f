/* test_rpc.c - names on the wire. */
#include "protocol/rpc.h"
#include "tests/lib/suite.h"

START_TEST(method_names_are_those_of_the_protocol)
{
    static const char *const names[] = {
        "hello", "pubkey",  "encrypt", "decrypt", "unwrap", "rewrap",
        "watch", "tenants", "status",  "refresh", "forget",
    };

    ck_assert_uint_eq(SKP_ARRAY_LEN(names), SKP_METHOD_COUNT);
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        ck_assert_str_eq(skp_method_name((enum skp_method)i), names[i]);
        ck_assert_uint_eq(skp_method_from_name(skp_view_of(names[i])), i);
    }
}
END_TEST

START_TEST(state_names_are_those_of_the_protocol)
{
    static const char *const names[] = { "active", "decrypt-only", "stale",
                                         "unavailable" };

    ck_assert_uint_eq(SKP_ARRAY_LEN(names), SKP_TENANT_STATE_COUNT);
    for (unsigned i = 0; i < SKP_TENANT_STATE_COUNT; i++) {
        ck_assert_str_eq(skp_tenant_state_name((enum skp_tenant_state)i),
                         names[i]);
        ck_assert_uint_eq(skp_tenant_state_from_name(skp_view_of(names[i])), i);
    }
}
END_TEST

START_TEST(source_names_are_those_of_the_protocol)
{
    static const char *const names[] = { "file", "coordinator", "kmip", "dev" };

    ck_assert_uint_eq(SKP_ARRAY_LEN(names), SKP_ORIGIN_COUNT);
    for (unsigned i = 0; i < SKP_ORIGIN_COUNT; i++) {
        ck_assert_str_eq(skp_origin_name((enum skp_origin)i), names[i]);
        ck_assert_uint_eq(skp_origin_from_name(skp_view_of(names[i])), i);
    }
}
END_TEST

START_TEST(names_match_whole_and_in_their_case_only)
{
    static const char *const others[] = { "",        "hell",   "hello ",
                                          "Hello",   "ACTIVE", "stale\n",
                                          "unknown", "kmip-1" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(others); i++) {
        struct skp_view name = skp_view_of(others[i]);

        ck_assert_uint_eq(skp_method_from_name(name), SKP_METHOD_COUNT);
        ck_assert_uint_eq(skp_tenant_state_from_name(name),
                          SKP_TENANT_STATE_COUNT);
        ck_assert_uint_eq(skp_origin_from_name(name), SKP_ORIGIN_COUNT);
    }
}
END_TEST

SKT_SUITE("rpc",
          method_names_are_those_of_the_protocol,
          state_names_are_those_of_the_protocol,
          source_names_are_those_of_the_protocol,
          names_match_whole_and_in_their_case_only)
