/* test_redact.c - the suite of agent/config/redact.c. */
#include "agent/config/json_file.h"
#include "agent/config/redact.h"
#include "tests/lib/suite.h"

static void expect(const char *text, const char *redacted)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *root = NULL;
    char *printed;

    skt_ok(skd_json_file_parse(skp_view_of(text), "c", 0, &findings, &root));
    skt_ok(skd_redact(root));
    skd_json_tree_unmark(root);
    printed = cJSON_PrintUnformatted(root);
    ck_assert_str_eq(printed, redacted);
    cJSON_free(printed);
    skd_json_free(&root);
}

START_TEST(secret_values_are_replaced_and_others_stay)
{
    expect("{\"crypto\":{\"mode\":\"m\",\"key\":\"SECRET\",\"kms_config\":{"
           "\"tls\":{\"key\":\"SECRET\",\"key_file\":\"k\",\"cert\":\"c\"}}},"
           "\"coordinator\":{\"token\":\"SECRET\",\"tls\":{\"ca\":\"a\","
           "\"key\":\"SECRET\"}},\"sidekey\":{\"workers\":2}}",
           "{\"crypto\":{\"mode\":\"m\",\"key\":\"<redacted>\","
           "\"kms_config\":{\"tls\":{\"key\":\"<redacted>\","
           "\"key_file\":\"k\",\"cert\":\"c\"}}},\"coordinator\":{\"token\":"
           "\"<redacted>\",\"tls\":{\"ca\":\"a\",\"key\":\"<redacted>\"}},"
           "\"sidekey\":{\"workers\":2}}");
}
END_TEST

START_TEST(of_tenant_keys_the_ids_stay)
{
    expect("{\"crypto\":{\"tenant_keys\":{\"a\":\"SECRET\",\"b\":[\"SECRET\","
           "\"SECRET\"],\"c\":{\"d\":\"SECRET\"},\"e\":null}}}",
           "{\"crypto\":{\"tenant_keys\":{\"a\":\"<redacted>\",\"b\":"
           "\"<redacted>\",\"c\":\"<redacted>\",\"e\":\"<redacted>\"}}}");
}
END_TEST

START_TEST(the_type_of_a_secret_does_not_matter)
{
    expect("{\"crypto\":{\"key\":{\"a\":[\"SECRET\"]},\"tenant_keys\":"
           "[\"SECRET\"]},\"coordinator\":{\"token\":7}}",
           "{\"crypto\":{\"key\":\"<redacted>\",\"tenant_keys\":"
           "\"<redacted>\"},\"coordinator\":{\"token\":\"<redacted>\"}}");
}
END_TEST

START_TEST(foreign_sections_are_left_out)
{
    expect("{\"gateway\":{\"password\":\"SECRET\"},\"sidekey\":{},\"x\":1,"
           "\"y\":\"SECRET\"}",
           "{\"sidekey\":{}}");
    expect("{\"a\":1}", "{}");
    expect("{}", "{}");
}
END_TEST

SKT_SUITE("redact",
          secret_values_are_replaced_and_others_stay,
          of_tenant_keys_the_ids_stay,
          the_type_of_a_secret_does_not_matter,
          foreign_sections_are_left_out)
