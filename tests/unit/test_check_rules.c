/* test_check_rules.c - the suite of agent/config/check_rules.c. */
#include "tests/lib/checked.h"

#define MISSING ": missing required configuration\n"
#define REMOTE                                                              \
    "\"crypto\":{\"mode\":\"remote-multi-keys\",\"update_period\":\"1m\"}," \
    "\"coordinator\":{\"url\":\"http://c\"}"
#define KMS(kmip, tls)                                                        \
    "{\"crypto\":{\"mode\":\"remote-multi-keys\",\"update_period\":\"1m\",\n" \
    "\"kms_config\":{\"kmip\":{" kmip "},\n\"tls\":{" tls "}}},"              \
    "\"coordinator\":{\"url\":\"http://c\"}}"
#define FILES "\"key_file\":\"k\",\"cert_file\":\"c\""
#define HOST  "\"address\":\"kms:5696\""

START_TEST(each_mode_says_what_it_lacks)
{
    skt_expect_findings("{}", "c.json:1: crypto.key" MISSING, "");
    skt_expect_findings("\n{\n\"crypto\":{}}", "c.json:3: crypto.key" MISSING,
                        "");
    skt_expect_findings("{\"crypto\":{\"mode\":\"local-multi-keys\"}}",
                        "c.json:1: crypto.update_period" MISSING
                        "c.json:1: crypto.tenant_keys" MISSING,
                        "");
    skt_expect_findings("{\"crypto\":{\"mode\":\"remote-multi-keys\"}}",
                        "c.json:1: crypto.update_period" MISSING
                        "c.json:1: coordinator.url" MISSING,
                        "");
    skt_expect_findings("{" REMOTE "}", "", "");
    skt_expect_findings("{\"crypto\":{\"mode\":\"local-multi-keys\","
                        "\"update_period\":\"1m\",\n\"tenant_keys\":{}}}",
                        "",
                        "c.json:2: crypto.tenant_keys: there is no tenant\n");
}
END_TEST

START_TEST(what_is_missing_is_placed_in_the_file_of_its_section)
{
    struct skt_checked checked =
        skt_check("{}", "{\n\"crypto\":\n{\"mode\":\"local-multi-keys\"}}");

    ck_assert_str_eq(checked.findings.errors,
                     "s.json:2: crypto.update_period" MISSING
                     "s.json:2: crypto.tenant_keys" MISSING);
    skt_checked_done(&checked);
}
END_TEST

START_TEST(a_kms_must_be_whole_in_remote_mode)
{
    skt_expect_findings(KMS(HOST, FILES), "", "");
    skt_expect_findings(KMS("", ""),
                        "c.json:3: crypto.kms_config.tls.key" MISSING
                        "c.json:3: crypto.kms_config.tls.cert" MISSING
                        "c.json:2: crypto.kms_config.kmip.address" MISSING,
                        "");
    skt_expect_findings(KMS("\"hosts\":[\"a\"]", "\"key_file\":\"k\""),
                        "c.json:3: crypto.kms_config.tls.cert" MISSING, "");
    skt_expect_findings(KMS(HOST, "\"key\":\"\",\"cert_file\":\"\""),
                        "c.json:3: crypto.kms_config.tls.key" MISSING
                        "c.json:3: crypto.kms_config.tls.cert" MISSING,
                        "");
    skt_expect_findings(
        "{\"crypto\":{\"key\":\"" SKT_SEED_A "\",\"kms_config\":{}}}", "", "");
}
END_TEST

START_TEST(only_kmip_1_4_is_spoken_without_negotiation)
{
    static const char minor[] =
        "c.json:2: crypto.kms_config.kmip.minor_version: unsupported KMIP "
        "version, use 1.4\n";
    static const char major[] =
        "c.json:2: crypto.kms_config.kmip.major_version: unsupported KMIP "
        "version, use 1.4\n";

    skt_expect_findings(
        KMS(HOST ",\"major_version\":1,\"minor_version\":4", FILES), "", "");
    skt_expect_findings(KMS(HOST ",\"minor_version\":3", FILES), minor, "");
    skt_expect_findings(KMS(HOST ",\"minor_version\":5", FILES), minor, "");
    skt_expect_findings(KMS(HOST ",\"major_version\":2", FILES), major, "");
    skt_expect_findings(
        KMS(HOST ",\"major_version\":2,\"minor_version\":0", FILES), major, "");
    skt_expect_findings(
        KMS(HOST ",\"minor_version\":0,\"negotiate\":true", FILES), "", "");
    skt_expect_findings(
        KMS(HOST ",\"minor_version\":5,\"negotiate\":true", FILES), minor, "");
    skt_expect_findings(
        KMS(HOST ",\"major_version\":2,\"negotiate\":true", FILES), major, "");
}
END_TEST

START_TEST(of_two_ways_to_say_it_one_is_enough)
{
    skt_expect_findings(
        KMS(HOST, FILES ",\"ca\":\"-----BEGIN C\",\"ca_file\":\"f\""),
        "c.json:3: crypto.kms_config.tls.ca_file: give "
        "crypto.kms_config.tls.ca or crypto.kms_config.tls.ca_file, not "
        "both\n",
        "");
    skt_expect_findings(
        "{\"crypto\":{\"key\":\"" SKT_SEED_A
        "\"},\"coordinator\":{\"token\":\"t\",\"token_file\":\"f\",\"tls\":{"
        "\"key\":\"-----BEGIN K\",\"key_file\":\"k\","
        "\"cert\":\"-----BEGIN C\",\"cert_file\":\"c\"}}}",
        "c.json:1: coordinator.token_file: give coordinator.token or "
        "coordinator.token_file, not both\n"
        "c.json:1: coordinator.tls.key_file: give coordinator.tls.key or "
        "coordinator.tls.key_file, not both\n"
        "c.json:1: coordinator.tls.cert_file: give coordinator.tls.cert or "
        "coordinator.tls.cert_file, not both\n",
        "");
}
END_TEST

START_TEST(a_client_certificate_needs_its_key)
{
    skt_expect_findings("{" REMOTE "}", "", "");
    skt_expect_findings("{\"crypto\":{\"key\":\"" SKT_SEED_A
                        "\"},\"coordinator\":{\"tls\":{\"cert_file\":\"c\"}}}",
                        "c.json:1: coordinator.tls.key" MISSING, "");
}
END_TEST

SKT_SUITE("check_rules",
          each_mode_says_what_it_lacks,
          what_is_missing_is_placed_in_the_file_of_its_section,
          a_kms_must_be_whole_in_remote_mode,
          only_kmip_1_4_is_spoken_without_negotiation,
          of_two_ways_to_say_it_one_is_enough,
          a_client_certificate_needs_its_key)
