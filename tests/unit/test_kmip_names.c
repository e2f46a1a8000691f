/* test_kmip_names.c - words of KMIP. */
#include "agent/source/kmip/kmip_names.h"
#include "tests/lib/suite.h"

START_TEST(numbers_have_the_words_of_the_standard)
{
    ck_assert_str_eq(skd_kmip_operation_name(SKD_OP_GET_ATTRIBUTES),
                     "Get Attributes");
    ck_assert_str_eq(skd_kmip_operation_name(0x01), "Create");
    ck_assert_str_eq(skd_kmip_operation_name(SKD_OP_REGISTER), "Register");
    ck_assert_str_eq(skd_kmip_operation_name(SKD_OP_DESTROY), "Destroy");
    ck_assert_str_eq(skd_kmip_operation_name(SKD_OP_QUERY), "Query");
    ck_assert_str_eq(skd_kmip_operation_name(SKD_OP_DISCOVER_VERSIONS),
                     "Discover Versions");
    ck_assert_str_eq(skd_kmip_operation_name(0x2b), "Export");
    ck_assert_str_eq(skd_kmip_object_name(SKD_KMIP_OBJECT_SECRET_DATA),
                     "Secret Data");
    ck_assert_str_eq(skd_kmip_reason_name(0x01), "Item Not Found");
    ck_assert_str_eq(skd_kmip_reason_name(0x100), "General Failure");
    ck_assert_str_eq(skd_kmip_state_name(SKD_STATE_DESTROYED_COMPROMISED),
                     "Destroyed Compromised");
}
END_TEST

START_TEST(unknown_numbers_have_a_word_too)
{
    ck_assert_str_eq(skd_kmip_operation_name(0x80000001), "unknown");
    ck_assert_str_eq(skd_kmip_reason_name(0), "unknown");
    ck_assert_str_eq(skd_kmip_state_name(7), "unknown");
    ck_assert_str_eq(skd_kmip_operation_name(0x2c), "unknown");
    ck_assert_str_eq(skd_kmip_object_name(0), "unknown");
}
END_TEST

SKT_SUITE("kmip_names",
          numbers_have_the_words_of_the_standard,
          unknown_numbers_have_a_word_too)
