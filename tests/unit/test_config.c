/* test_config.c - the suite of agent/config/config.c, over real files. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sys/json_heap.h"
#include "tests/lib/checked.h"

static const char full_config[] =
    "{\n"
    "  \"gateway\": {\"listen\": \":8080\", \"password\": \"FOREIGN-SECRET\"},\n"
    "  \"crypto\": {\n"
    "    \"mode\": \"remote-multi-keys\",\n"
    "    \"update_period\": \"1h30m\",\n"
    "    \"kms_config\": {\n"
    "      \"kmip\": {\"hosts\": [\"kms-1\", \"[::1]:5697\"], \"port\": 5696,\n"
    "        \"major_version\": 1, \"minor_version\": 4,\n"
    "        \"negotiate\": false, \"require_active\": true,\n"
    "        \"pipeline_depth\": 16, \"compound_create\": false,\n"
    "        \"tenant_attribute_name\": \"tenant\", \"timeout\": \"10s\"},\n"
    "      \"tls\": {\"cert\": \"-----BEGIN CERTIFICATE-----\\nAA\\n\",\n"
    "        \"ca_file\": \"/etc/ca.pem\", \"cipher_suites\": [4865, 49199],\n"
    "        \"server_name\": \"kms\", \"insecure_skip_verify\": false}\n"
    "    }\n"
    "  },\n"
    "  \"coordinator\": {\"url\": \"https://c.example/tenants.json\",\n"
    "    \"timeout\": \"5s\", \"max_page_bytes\": 1048576,\n"
    "    \"tls\": {\"cert_file\": \"/etc/c.pem\"}},\n"
    "  \"sidekey\": {\"socket\": \"/run/s.sock\", \"workers\": 2,\n"
    "    \"access\": [{\"user\": \"root\", \"tenants\": [\"*\"],\n"
    "      \"allow\": [\"pubkey\", \"admin\"]}],\n"
    "    \"max_stale\": \"24h\", \"removal_brake\": 0.1,\n"
    "    \"log_format\": \"json\"}\n"
    "}\n";

#define TOKEN "TOKEN-SECRET"
#define PEM_1 "-----BEGIN PRIVATE KEY-----\\nPEM-SECRET-1\\n"
#define PEM_2 "-----BEGIN PRIVATE KEY-----\\nPEM-SECRET-2\\n"
static const char full_secret[] =
    "{\"crypto\": {\n"
    "  \"key\": \"U0VDUkVU\",\n"
    "  \"tenant_keys\": {\"" SKT_UUID_1 "\": \"" SKT_SEED_A "\",\n"
    "    \"" SKT_UUID_2 "\": [\"" SKT_SEED_B "\", \"" SKT_SEED_A "\"]},\n"
    "  \"kms_config\": {\"tls\": {\"key\": \"" PEM_1 "\"}}},\n"
    " \"coordinator\": {\"token\": \"" TOKEN "\",\n"
    "   \"tls\": {\"key\": \"" PEM_2 "\"}},\n"
    " \"gateway\": {\"password\": \"FOREIGN-SECRET-2\"}}\n";

/* Two files in a folder of their own. */
struct pair {
    char folder[32];
    char config[64];
    char secret[64];
};

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

/* NULL: no such file. */
static struct pair make_pair(const char *config, const char *secret)
{
    struct pair pair = { "/tmp/skt-config-XXXXXX", "", "" };

    ck_assert_ptr_nonnull(mkdtemp(pair.folder));
    (void)snprintf(pair.config, sizeof pair.config, "%s/c.json", pair.folder);
    (void)snprintf(pair.secret, sizeof pair.secret, "%s/s.json", pair.folder);
    if (config != NULL) {
        write_file(pair.config, config, strlen(config));
    }
    if (secret != NULL) {
        write_file(pair.secret, secret, strlen(secret));
    }
    return pair;
}

static void remove_pair(const struct pair *pair)
{
    (void)unlink(pair->config);
    (void)unlink(pair->secret);
    ck_assert_int_eq(rmdir(pair->folder), 0);
}

START_TEST(two_files_become_one_configuration)
{
    struct pair pair = make_pair(full_config, full_secret);
    const struct skd_config_paths paths = { pair.config, pair.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    size_t held = skp_secret_held() + skd_arena_held();
    const struct skd_config *config = NULL;
    const struct skd_config *pin;

    skt_ok(skd_config_load(&paths, &config, &findings));
    ck_assert_ptr_null(findings.errors);
    ck_assert_ptr_null(findings.warnings);
    ck_assert_int_eq(config->mode, SKD_MODE_REMOTE_MULTI_KEYS);
    ck_assert_uint_eq(config->update_period_ms, 5400000);
    ck_assert_uint_eq(config->n_local_keys, 2);
    ck_assert_str_eq(config->local_keys[1].tenant, SKT_UUID_2);
    ck_assert(skp_view_equal(config->coordinator.token, skp_view_of(TOKEN)));
    ck_assert(config->kmip.tls.key.len > 0 && config->kmip.tls.cert.len > 0);
    ck_assert_uint_eq(config->kmip.n_hosts, 2);
    ck_assert_uint_eq(config->n_access, 1);
    /* Nothing of the text or the tree is left. */
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    pin = skd_config_ref(config);
    skd_config_unref(&config);
    ck_assert_ptr_null(config);
    ck_assert_str_eq(pin->socket, "/run/s.sock");
    skd_config_unref(&pin);
    skd_config_unref(&pin);
    ck_assert_uint_eq(skp_secret_held() + skd_arena_held(), held);
    remove_pair(&pair);
}
END_TEST

START_TEST(either_file_may_be_absent_unless_it_was_named)
{
    struct pair pair =
        make_pair("{\"crypto\":{\"key\":\"" SKT_SEED_A "\"}}", NULL);
    struct skd_config_paths paths = { pair.config, NULL };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    const struct skd_config *config = NULL;
    char expected[200];

    if (access(SKD_SECRET_DEFAULT, F_OK) == 0 ||
        access(SKD_CONFIG_DEFAULT, F_OK) == 0) {
        remove_pair(&pair);
        return; /* a machine with a sidekey of its own */
    }
    skt_ok(skd_config_load(&paths, &config, &findings));
    skd_config_unref(&config);
    paths = (struct skd_config_paths){ NULL, pair.config };
    skt_ok(skd_config_load(&paths, &config, &findings));
    skd_config_unref(&config);
    paths = (struct skd_config_paths){ pair.config, pair.secret };
    skt_err(skd_config_load(&paths, &config, &findings), SKP_ERR_NOT_FOUND);
    (void)snprintf(expected, sizeof expected, "%s: there is no such file\n",
                   pair.secret);
    ck_assert_str_eq(findings.errors, expected);
    skd_findings_done(&findings);
    paths = (struct skd_config_paths){ NULL, NULL };
    skt_err(skd_config_load(&paths, &config, &findings), SKP_ERR_NOT_FOUND);
    ck_assert_str_eq(findings.errors, SKD_CONFIG_DEFAULT
                     ": there is no such file\n" SKD_SECRET_DEFAULT
                     ": there is no such file\n");
    skd_findings_done(&findings);
    ck_assert_ptr_null(config);
    remove_pair(&pair);
}
END_TEST

START_TEST(faults_of_both_files_are_listed_at_once)
{
    struct pair pair = make_pair("{\n", "{\"a\":1,\n\"a\":2}");
    const struct skd_config_paths paths = { pair.config, pair.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    const struct skd_config *config = NULL;
    char expected[300];

    skt_err(skd_config_load(&paths, &config, &findings),
            SKP_ERR_INVALID_ARGUMENT);
    (void)snprintf(expected, sizeof expected,
                   "%s:2: not valid JSON: the text ends too early\n"
                   "%s:2: member \"a\" is given twice\n",
                   pair.config, pair.secret);
    ck_assert_str_eq(findings.errors, expected);
    ck_assert_uint_eq(findings.n_errors, 2);
    ck_assert_ptr_null(config);
    skd_findings_done(&findings);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    remove_pair(&pair);
}
END_TEST

START_TEST(the_printed_configuration_shows_all_but_secrets)
{
    static const char *const hidden[] = {
        "SECRET",      SKT_SEED_A, SKT_SEED_B, "U0VDUkVU",
        "PRIVATE KEY", "gateway",  "password",
    };
    static const char *const shown[] = {
        "\"remote-multi-keys\"",
        SKT_UUID_1,
        SKT_UUID_2,
        "\"kms-1\"",
        "[4865, 49199]",
        "-----BEGIN CERTIFICATE-----",
        "\"/run/s.sock\"",
        "0.1",
        "\"key\":\t\"<redacted>\"",
        "1048576",
    };
    struct pair pair = make_pair(full_config, full_secret);
    const struct skd_config_paths paths = { pair.config, pair.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    char *text = NULL;

    skt_ok(skd_config_print(&paths, &text, &findings));
    for (size_t i = 0; i < SKP_ARRAY_LEN(hidden); i++) {
        ck_assert_msg(strstr(text, hidden[i]) == NULL, "%s leaked:\n%s",
                      hidden[i], text);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(shown); i++) {
        ck_assert_msg(strstr(text, shown[i]) != NULL, "no %s in:\n%s", shown[i],
                      text);
    }
    free(text);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    remove_pair(&pair);
}
END_TEST

START_TEST(a_wrong_configuration_is_not_printed)
{
    struct pair pair = make_pair("{\"crypto\":{\"ky\":\"SECRET\"}}", "{}");
    const struct skd_config_paths paths = { pair.config, pair.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    char *text = NULL;

    skt_err(skd_config_print(&paths, &text, &findings),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_null(text);
    ck_assert_ptr_null(strstr(findings.errors, "SECRET"));
    ck_assert_ptr_nonnull(
        strstr(findings.errors, "the closest known one is crypto.key"));
    skd_findings_done(&findings);
    remove_pair(&pair);
}
END_TEST

START_TEST(dev_needs_no_file)
{
    const struct skd_config *config = NULL;

    skt_ok(skd_config_dev("/tmp/dev.sock", &config));
    ck_assert_int_eq(config->mode, SKD_MODE_DEV);
    ck_assert_str_eq(skd_mode_name(config->mode), "dev");
    ck_assert_str_eq(config->socket, "/tmp/dev.sock");
    ck_assert_uint_eq(config->n_local_keys, 0);
    ck_assert_uint_ge(config->workers, 1);
    ck_assert_uint_eq(config->max_payload, 65536);
    skd_config_unref(&config);
}
END_TEST

/* A finding or a configuration, never a crash, and never a secret in words. */
static void try_mutation(const char *text, size_t len)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    struct skd_check check = { .files = { "m", "m" }, .findings = &findings };
    struct skd_config config;
    struct skd_config_memory *memory = NULL;
    cJSON *root = NULL;
    enum skp_err err =
        skd_json_file_parse((struct skp_view){ (const uint8_t *)text, len },
                            "m", 0, &findings, &root);

    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert((err == SKP_ERR_OK) == (findings.n_errors == 0));
    if (err == SKP_ERR_OK) {
        memset(&config, 0, sizeof config);
        skt_ok(skd_memory_new(&memory));
        check.root = root;
        check.config = &config;
        check.memory = memory;
        skt_ok(skd_check_keys(&check));
        skt_ok(skd_check_rules(&check));
    }
    ck_assert(findings.errors == NULL ||
              strstr(findings.errors, "-SECRET") == NULL);
    ck_assert(findings.warnings == NULL ||
              strstr(findings.warnings, "-SECRET") == NULL);
    skd_json_free(&root);
    skd_memory_unref(&memory);
    skd_findings_done(&findings);
}

static void mutate(const char *text, size_t len)
{
    static char copy[4096];

    ck_assert_uint_lt(len, sizeof copy);
    for (size_t i = 0; i < len; i++) {
        memcpy(copy, text, len);
        for (unsigned bit = 0; bit < 8; bit++) {
            copy[i] = (char)((unsigned char)text[i] ^ (1u << bit));
            try_mutation(copy, len);
        }
        copy[i] = '\0';
        try_mutation(copy, len);
        memmove(copy + i, text + i + 1, len - i - 1);
        try_mutation(copy, len - 1);
        try_mutation(text, i);
    }
}

START_TEST(no_mutation_of_a_full_configuration_crashes_or_tells)
{
    mutate(full_config, sizeof full_config - 1);
    mutate(full_secret, sizeof full_secret - 1);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
}
END_TEST

SKT_SUITE("config",
          two_files_become_one_configuration,
          either_file_may_be_absent_unless_it_was_named,
          faults_of_both_files_are_listed_at_once,
          the_printed_configuration_shows_all_but_secrets,
          a_wrong_configuration_is_not_printed,
          dev_needs_no_file,
          no_mutation_of_a_full_configuration_crashes_or_tells)
