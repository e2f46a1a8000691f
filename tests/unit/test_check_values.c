/* test_check_values.c - the suite of agent/config/check_values.c. */
#include <stdio.h>

#include "tests/lib/checked.h"

#define CRYPTO "\"crypto\":{\"key\":\"" SKT_SEED_A "\"}"

/* One value at one path, and what is said of it; NULL: nothing. */
struct trial {
    const char *path;
    const char *value;
    const char *fault;
};

/* The text with @value at @path, a path of two names or more. */
static void nest(const char *path, const char *value, char ret[4096])
{
    const char *dot = strchr(path, '.');
    char inner[2048];

    if (dot == NULL) {
        (void)snprintf(ret, 4096, "\"%s\":%s", path, value);
        return;
    }
    (void)snprintf(inner, sizeof inner, "%s", dot + 1);
    for (size_t n = 1; dot != NULL; n++) {
        dot = strchr(dot + 1, '.');
        if (dot == NULL) {
            char text[4096] = "";
            const char *at = path;

            for (size_t i = 0; i < n; i++) {
                size_t len = strcspn(at, ".");

                (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                               "\"%.*s\":{", (int)len, at);
                at += len + 1;
            }
            (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                           "\"%s\":%s", at, value);
            for (size_t i = 0; i < n; i++) {
                (void)strncat(text, "}", 2);
            }
            (void)snprintf(ret, 4096, "%s", text);
        }
    }
}

static void try_all(const struct trial *trials, size_t n_trials)
{
    for (size_t i = 0; i < n_trials; i++) {
        const struct trial *trial = &trials[i];
        char nested[4096];
        char text[5000];
        char expected[1000] = "";
        struct skt_checked checked;

        nest(trial->path, trial->value, nested);
        (void)snprintf(text, sizeof text, "{%s}", nested);
        checked = skt_check("{" CRYPTO "}", text);
        if (trial->fault != NULL) {
            (void)snprintf(expected, sizeof expected, "s.json:1: %s: %s\n",
                           trial->path, trial->fault);
        }
        ck_assert_msg(strcmp(checked.findings.errors == NULL
                                 ? ""
                                 : checked.findings.errors,
                             expected) == 0,
                      "%s = %s\ngot      %s\nexpected %s", trial->path,
                      trial->value, checked.findings.errors, expected);
        skt_checked_done(&checked);
    }
}

#define TRY_ALL(trials) try_all((trials), SKP_ARRAY_LEN(trials))

START_TEST(numbers_are_whole_and_in_their_range)
{
    static const struct trial trials[] = {
        { "sidekey.workers", "1", NULL },
        { "sidekey.workers", "1024", NULL },
        { "sidekey.workers", "1e2", NULL },
        { "sidekey.workers", "2.0", NULL },
        { "sidekey.workers", "0", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "1025", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "1.5", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "-1", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "1e999", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "-1e999", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "\"4\"", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "null", "must be an integer from 1 to 1024" },
        { "sidekey.workers", "true", "must be an integer from 1 to 1024" },
        { "sidekey.max_connections", "1000000", NULL },
        { "sidekey.max_connections", "0",
          "must be an integer from 1 to 1000000" },
        { "sidekey.max_connections_per_uid", "1", NULL },
        { "sidekey.max_connections_per_uid", "0",
          "must be an integer from 1 to 1000000" },
        { "sidekey.max_payload", "131072", NULL },
        { "sidekey.max_payload", "131073",
          "must be an integer from 1 to 131072" },
        { "sidekey.max_payload", "0", "must be an integer from 1 to 131072" },
        { "sidekey.keep_generations", "0", NULL },
        { "sidekey.keep_generations", "1001",
          "must be an integer from 0 to 1000" },
        { "coordinator.max_page_bytes", "1073741824", NULL },
        { "coordinator.max_page_bytes", "4294967296",
          "must be an integer from 1024 to 1073741824" },
        { "crypto.kms_config.kmip.pipeline_depth", "0", NULL },
        { "crypto.kms_config.kmip.locate_every", "1", NULL },
        { "crypto.kms_config.kmip.locate_every", "0",
          "must be an integer from 1 to 1000000" },
        { "crypto.kms_config.kmip.pipeline_depth", "1025",
          "must be an integer from 0 to 1024" },
        { "crypto.kms_config.kmip.port", "65535", NULL },
        { "crypto.kms_config.kmip.port", "0",
          "must be an integer from 1 to 65535" },
    };

    TRY_ALL(trials);
}
END_TEST

START_TEST(shares_are_from_nothing_to_all)
{
    static const struct trial trials[] = {
        { "sidekey.removal_brake", "0", NULL },
        { "sidekey.removal_brake", "1", NULL },
        { "sidekey.removal_brake", "0.05", NULL },
        { "sidekey.removal_brake", "1.01", "must be a number from 0 to 1" },
        { "sidekey.removal_brake", "-0.1", "must be a number from 0 to 1" },
        { "sidekey.removal_brake", "\"0\"", "must be a number from 0 to 1" },
    };

    TRY_ALL(trials);
}
END_TEST

START_TEST(durations_are_go_durations)
{
    static const struct trial trials[] = {
        { "crypto.update_period", "\"1h30m\"", NULL },
        { "crypto.update_period", "\"2us\"", NULL },
        { "crypto.update_period", "\"0s\"", "must be more than 0" },
        { "crypto.update_period", "\"0\"", "must be more than 0" },
        { "crypto.update_period", "\"-1m\"", "must not be negative" },
        { "crypto.update_period", "\"60\"",
          "duration lacks a unit (ns, us, ms, s, m, h)" },
        { "crypto.update_period", "\"\"", "duration is empty" },
        { "crypto.update_period", "60", "must be a string" },
        { "crypto.kms_config.kmip.timeout", "\"500ms\"", NULL },
        { "crypto.kms_config.kmip.timeout", "\"0s\"", "must be more than 0" },
        { "coordinator.timeout", "\"0s\"", "must be more than 0" },
        { "coordinator.timeout", "\"1d\"",
          "duration has an unknown unit (known: ns, us, ms, s, m, h)" },
        { "sidekey.max_stale", "\"0s\"", NULL },
        { "sidekey.max_stale", "\"24h\"", NULL },
        { "sidekey.max_stale", "\"-24h\"", "must not be negative" },
    };

    TRY_ALL(trials);
}
END_TEST

START_TEST(flags_are_true_or_false)
{
    static const char fault[] = "must be true or false";
    static const struct trial trials[] = {
        { "crypto.kms_config.kmip.negotiate", "true", NULL },
        { "crypto.kms_config.kmip.negotiate", "1", fault },
        { "crypto.kms_config.kmip.require_active", "false", NULL },
        { "crypto.kms_config.kmip.require_active", "\"true\"", fault },
        { "crypto.kms_config.kmip.compound_create", "null", fault },
        { "crypto.kms_config.tls.insecure_skip_verify", "0", fault },
        { "coordinator.tls.insecure_skip_verify", "true", NULL },
        { "coordinator.tls.insecure_skip_verify", "[]", fault },
    };

    TRY_ALL(trials);
}
END_TEST

START_TEST(choices_name_what_may_be_chosen)
{
    static const struct trial trials[] = {
        { "sidekey.require_memory", "\"none\"", NULL },
        { "sidekey.require_memory", "\"memfd_secret\"", NULL },
        { "sidekey.require_memory", "\"memfd\"",
          "invalid sidekey.require_memory value, use one of: none, mlock, "
          "memfd_secret" },
        { "sidekey.sandbox", "\"require\"", NULL },
        { "sidekey.sandbox", "\"off\"", NULL },
        { "sidekey.sandbox", "false",
          "invalid sidekey.sandbox value, use one of: require, best-effort, "
          "off" },
        { "sidekey.log_level", "\"error\"", NULL },
        { "sidekey.log_level", "\"INFO\"",
          "invalid sidekey.log_level value, use one of: debug, info, warn, "
          "error" },
        { "sidekey.log_format", "\"json\"", NULL },
        { "sidekey.log_format", "\"\"",
          "invalid sidekey.log_format value, use one of: text, json" },
    };

    TRY_ALL(trials);
}
END_TEST

START_TEST(texts_have_their_forms)
{
    static const char url[] = "must be an https://, http:// or file:// URL";
    static const char form[] =
        "must be host:port, unix:/path, or empty for off";
    static const struct trial trials[] = {
        { "coordinator.url", "\"https://c.example/tenants.json\"", NULL },
        { "coordinator.url", "\"http://[::1]:8080\"", NULL },
        { "coordinator.url", "\"file:///srv/t.json\"", NULL },
        { "coordinator.url", "\"https://c/t?at=a@b\"", NULL },
        { "coordinator.url", "\"\"", url },
        { "coordinator.url", "\"https://\"", url },
        { "coordinator.url", "\"https:///x\"", url },
        { "coordinator.url", "\"file://srv/t.json\"", url },
        { "coordinator.url", "\"ftp://c/t\"", url },
        { "coordinator.url", "\"c.example\"", url },
        { "coordinator.url", "\"https://c/a b\"",
          "must not hold spaces or control characters" },
        { "coordinator.url", "\"https://c/a\\nb\"",
          "must not hold spaces or control characters" },
        { "coordinator.url", "\"https://me:pw@c/t\"",
          "must not hold a user name or password; use coordinator.token" },
        { "sidekey.metrics", "\"\"", NULL },
        { "sidekey.metrics", "\"[::]:9464\"", NULL },
        { "sidekey.metrics", "\"unix:/run/m.sock\"", NULL },
        { "sidekey.metrics", "\"unix:\"", "must not be empty" },
        { "sidekey.metrics", "\"9464\"", form },
        { "sidekey.metrics", "\"localhost\"", form },
        { "sidekey.metrics", "\":9464\"", form },
        { "sidekey.socket", "\"/tmp/s\"", NULL },
        { "sidekey.socket", "\"\"", "must not be empty" },
        { "sidekey.socket", "[]", "must be a string" },
        { "sidekey.audit", "\"stderr\"", NULL },
        { "sidekey.audit", "\"/var/log/audit\"", NULL },
        { "sidekey.audit", "\"\"", "must not be empty" },
        { "sidekey.audit_key_file", "\"/etc/key\"", NULL },
        { "sidekey.audit_key_file", "1", "must be a string" },
        { "sidekey.audit_on_full", "\"fail\"", NULL },
        { "crypto.kms_config.kmip.tenant_attribute_name", "\"tenant\"", NULL },
        { "crypto.kms_config.kmip.tenant_attribute_name", "{}",
          "must be a string" },
        { "coordinator.token", "\"abc\"", NULL },
        { "coordinator.token", "7", "must be a string" },
        { "coordinator.token_file", "\"/run/token\"", NULL },
        { "coordinator.token_file", "false", "must be a string" },
        { "coordinator.tls.server_name", "\"c\"", NULL },
        { "coordinator.tls.ca", "\"-----BEGIN CERTIFICATE-----\\n\"", NULL },
        { "coordinator.tls.ca", "\"/etc/ca.pem\"",
          "must be PEM text (for a path use ca_file)" },
        { "coordinator.tls.ca", "1", "must be a string" },
        { "coordinator.tls.ca_file", "\"/etc/ca.pem\"", NULL },
        { "coordinator.tls.ca_file", "[\"/etc/ca.pem\"]", "must be a string" },
    };

    TRY_ALL(trials);
}
END_TEST

START_TEST(the_longest_socket_path_is_107_bytes)
{
    char value[120];
    struct trial trial = { "sidekey.socket", value, NULL };

    memset(value, 'p', sizeof value);
    value[0] = '"';
    value[1] = '/';
    memcpy(value + 108, "\"", 2);
    try_all(&trial, 1);
    value[108] = 'p';
    memcpy(value + 109, "\"", 2);
    trial.fault = "is too long for the path of a socket";
    try_all(&trial, 1);
}
END_TEST

START_TEST(cipher_suites_are_known_numbers)
{
    struct skt_checked checked = skt_check(
        "{" CRYPTO ",\"coordinator\":{\"tls\":{\"cipher_suites\":[4865,\n"
        "49199,\n65535,\n0,\n4866.5,\n\"4866\",\n65536,22016]}}}",
        NULL);

    ck_assert_str_eq(checked.findings.errors,
                     "c.json:3: coordinator.tls.cipher_suites[2]: is the "
                     "number of no known cipher suite\n"
                     "c.json:4: coordinator.tls.cipher_suites[3]: is the "
                     "number of no known cipher suite\n"
                     "c.json:5: coordinator.tls.cipher_suites[4]: is the "
                     "number of no known cipher suite\n"
                     "c.json:6: coordinator.tls.cipher_suites[5]: is the "
                     "number of no known cipher suite\n"
                     "c.json:7: coordinator.tls.cipher_suites[6]: is the "
                     "number of no known cipher suite\n"
                     "c.json:7: coordinator.tls.cipher_suites[7]: is the "
                     "number of no known cipher suite\n");
    skt_checked_done(&checked);
    checked = skt_check("{" CRYPTO ",\"coordinator\":{\"tls\":"
                        "{\"cipher_suites\":[4865,52393,5]}}}",
                        NULL);
    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(checked.config.coordinator.tls.n_cipher_suites, 3);
    ck_assert_uint_eq(checked.config.coordinator.tls.cipher_suites[0], 0x1301);
    ck_assert_uint_eq(checked.config.coordinator.tls.cipher_suites[1], 0xcca9);
    ck_assert_uint_eq(checked.config.coordinator.tls.cipher_suites[2], 5);
    skt_checked_done(&checked);
    skt_expect_findings(
        "{" CRYPTO ",\"coordinator\":{\"tls\":{\"cipher_suites\":1}}}",
        "c.json:1: coordinator.tls.cipher_suites: must be an array of "
        "numbers\n",
        "");
}
END_TEST

START_TEST(values_arrive_in_their_fields)
{
    struct skt_checked checked = skt_check(
        "{\"crypto\":{\"key\":\"" SKT_SEED_A
        "\",\"update_period\":\"1m30s\",\"kms_config\":{\"kmip\":{"
        "\"negotiate\":true,\"minor_version\":2,\"require_active\":true,"
        "\"pipeline_depth\":0,\"compound_create\":true,"
        "\"tenant_attribute_name\":\"t\",\"timeout\":\"1500us\"},"
        "\"tls\":{\"key\":\"-----BEGIN K\",\"cert\":\"-----BEGIN C\","
        "\"ca\":\"-----BEGIN A\",\"server_name\":\"n\","
        "\"insecure_skip_verify\":true}}},"
        "\"coordinator\":{\"url\":\"http://c\",\"token\":\"tok\","
        "\"timeout\":\"2s\",\"max_page_bytes\":2048,\"tls\":{"
        "\"key_file\":\"k\",\"cert_file\":\"c\",\"ca_file\":\"a\"}},"
        "\"sidekey\":{\"socket\":\"/s\",\"workers\":3,\"max_connections\":5,"
        "\"max_connections_per_uid\":6,\"max_requests_per_uid\":9,"
        "\"audit_key_file\":\"/k\",\"audit_on_full\":\"fail\",\"max_payload\":7,"
        "\"keep_generations\":8,\"max_stale\":\"1h\",\"removal_brake\":0.5,"
        "\"require_memory\":\"none\",\"audit\":\"stderr\",\"metrics\":\"\","
        "\"sandbox\":\"off\",\"log_level\":\"debug\","
        "\"log_format\":\"json\"}}",
        NULL);
    const struct skd_config *config = &checked.config;

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(config->update_period_ms, 90000);
    ck_assert(config->kmip.present && config->kmip.negotiate);
    ck_assert_uint_eq(config->kmip.minor_version, 2);
    ck_assert(config->kmip.require_active && config->kmip.compound_create);
    ck_assert_uint_eq(config->kmip.pipeline_depth, 1);
    ck_assert_str_eq(config->kmip.tenant_attribute_name, "t");
    ck_assert_uint_eq(config->kmip.timeout_ms, 2);
    ck_assert(
        skp_view_equal(config->kmip.tls.key, skp_view_of("-----BEGIN K")));
    ck_assert(
        skp_view_equal(config->kmip.tls.cert, skp_view_of("-----BEGIN C")));
    ck_assert(skp_view_equal(config->kmip.tls.ca, skp_view_of("-----BEGIN A")));
    ck_assert_str_eq(config->kmip.tls.server_name, "n");
    ck_assert(config->kmip.tls.insecure_skip_verify);
    ck_assert(config->coordinator.present);
    ck_assert_str_eq(config->coordinator.url, "http://c");
    ck_assert(skp_view_equal(config->coordinator.token, skp_view_of("tok")));
    ck_assert_uint_eq(config->coordinator.timeout_ms, 2000);
    ck_assert_uint_eq(config->coordinator.max_page_bytes, 2048);
    ck_assert_str_eq(config->coordinator.tls.key_file, "k");
    ck_assert_str_eq(config->coordinator.tls.cert_file, "c");
    ck_assert_str_eq(config->coordinator.tls.ca_file, "a");
    ck_assert(!config->coordinator.tls.insecure_skip_verify);
    ck_assert_str_eq(config->socket, "/s");
    ck_assert_uint_eq(config->workers, 3);
    ck_assert_uint_eq(config->max_connections, 5);
    ck_assert_uint_eq(config->max_connections_per_uid, 6);
    ck_assert_uint_eq(config->max_payload, 7);
    ck_assert_uint_eq(config->keep_generations, 8);
    ck_assert_uint_eq(config->max_stale_ms, 3600000);
    ck_assert(config->removal_brake > 0.49 && config->removal_brake < 0.51);
    ck_assert_int_eq(config->require_memory, SKD_TIER_NONE);
    ck_assert_str_eq(config->audit, "stderr");
    ck_assert_str_eq(config->audit_key_file, "/k");
    ck_assert(config->audit_fails_when_full);
    ck_assert_uint_eq(config->max_requests_per_uid, 9);
    ck_assert_str_eq(config->metrics, "");
    ck_assert_str_eq(config->sandbox, "off");
    ck_assert_int_eq(config->log_level, SKD_LOG_DEBUG);
    ck_assert(config->log_json);
    skt_checked_done(&checked);
}
END_TEST

SKT_SUITE("check_values",
          numbers_are_whole_and_in_their_range,
          shares_are_from_nothing_to_all,
          durations_are_go_durations,
          flags_are_true_or_false,
          choices_name_what_may_be_chosen,
          texts_have_their_forms,
          the_longest_socket_path_is_107_bytes,
          cipher_suites_are_known_numbers,
          values_arrive_in_their_fields)
