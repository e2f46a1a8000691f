/* test_check.c - the suite of agent/config/check.c. */
#include "tests/lib/checked.h"

#define SINGLE "\"crypto\":{\"key\":\"" SKT_SEED_A "\"}"

START_TEST(defaults_are_those_of_the_documentation)
{
    struct skt_checked checked = skt_check("{" SINGLE "}", NULL);
    const struct skd_config *config = &checked.config;

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(checked.findings.n_warnings, 0);
    ck_assert_int_eq(config->mode, SKD_MODE_SINGLE_KEY);
    ck_assert_uint_eq(config->update_period_ms, 0);
    ck_assert(!config->kmip.present);
    ck_assert_uint_eq(config->kmip.major_version, 1);
    ck_assert_uint_eq(config->kmip.minor_version, 4);
    ck_assert(!config->kmip.negotiate && !config->kmip.require_active);
    ck_assert_uint_eq(config->kmip.pipeline_depth, 8);
    ck_assert_uint_eq(config->kmip.locate_every, 10);
    ck_assert(!config->kmip.compound_create);
    ck_assert_ptr_null(config->kmip.tenant_attribute_name);
    ck_assert_uint_eq(config->kmip.timeout_ms, 10000);
    ck_assert_ptr_null(config->kmip.tls.server_name);
    ck_assert(!config->kmip.tls.insecure_skip_verify);
    ck_assert(!config->coordinator.present);
    ck_assert_uint_eq(config->coordinator.timeout_ms, 10000);
    ck_assert_uint_eq(config->coordinator.max_page_bytes, 16777216);
    ck_assert_str_eq(config->socket, "/run/sidekey/sidekey.sock");
    ck_assert_uint_ge(config->workers, 1);
    ck_assert_uint_eq(config->max_connections, 4096);
    ck_assert_uint_eq(config->max_connections_per_uid, 1024);
    ck_assert_uint_eq(config->max_payload, 65536);
    ck_assert_uint_eq(config->keep_generations, 4);
    ck_assert_uint_eq(config->max_stale_ms, 0);
    ck_assert(config->removal_brake > 0.199 && config->removal_brake < 0.201);
    ck_assert_int_eq(config->require_memory, SKD_TIER_MLOCK);
    ck_assert(!config->has_access);
    ck_assert_str_eq(config->audit, "off");
    ck_assert_ptr_null(config->audit_key_file);
    ck_assert(!config->audit_fails_when_full);
    ck_assert_uint_eq(config->max_requests_per_uid, 0);
    ck_assert_str_eq(config->metrics, "127.0.0.1:9464");
    ck_assert_str_eq(config->sandbox, "best-effort");
    ck_assert_int_eq(config->log_level, SKD_LOG_INFO);
    ck_assert(!config->log_json);
    skt_checked_done(&checked);
}
END_TEST

START_TEST(unknown_keys_are_errors_in_our_sections_only)
{
    skt_expect_findings(
        "{" SINGLE ",\n\"gateway\":{\"anything\":1},\n"
        "\"sidekey\":{\n\"max_paylod\":1,\n\"x\":2},\n"
        "\"coordinator\":{\"tls\":{\"certfile\":\"\"}}}",
        "c.json:6: coordinator.tls.certfile: unknown key; the closest known "
        "one is coordinator.tls.cert_file\n"
        "c.json:4: sidekey.max_paylod: unknown key; the closest known one is "
        "sidekey.max_payload\n"
        "c.json:5: sidekey.x: unknown key; the closest known one is "
        "sidekey.audit\n",
        "");
}
END_TEST

START_TEST(a_section_must_be_an_object)
{
    skt_expect_findings("{" SINGLE ",\"sidekey\":[],\"coordinator\":null}",
                        "c.json:1: coordinator: must be an object\n"
                        "c.json:1: sidekey: must be an object\n",
                        "");
}
END_TEST

START_TEST(a_finding_names_the_file_and_line_that_won)
{
    struct skt_checked checked =
        skt_check("{" SINGLE ",\n\"sidekey\":{\"workers\":0,\n\"metrics\":1}}",
                  "\n\n{\"sidekey\":\n{\"workers\":-1}}");

    ck_assert_str_eq(
        checked.findings.errors,
        "s.json:4: sidekey.workers: must be an integer from 1 to 1024\n"
        "c.json:3: sidekey.metrics: must be a string\n");
    skt_checked_done(&checked);
}
END_TEST

START_TEST(nothing_is_required_twice_over_by_a_wrong_mode)
{
    skt_expect_findings("{\"crypto\":{\"mode\":\"remote\"}}",
                        "c.json:1: crypto.mode: invalid crypto.mode value, "
                        "use one of: single-key, local-multi-keys, "
                        "remote-multi-keys\n",
                        "");
    skt_expect_findings("{\"crypto\":{\"mode\":7}}",
                        "c.json:1: crypto.mode: invalid crypto.mode value, "
                        "use one of: single-key, local-multi-keys, "
                        "remote-multi-keys\n",
                        "");
}
END_TEST

SKT_SUITE("check",
          defaults_are_those_of_the_documentation,
          unknown_keys_are_errors_in_our_sections_only,
          a_section_must_be_an_object,
          a_finding_names_the_file_and_line_that_won,
          nothing_is_required_twice_over_by_a_wrong_mode)
