/* fuzz_config.c - configuration files.
 *
 * Reaches: agent/config/json_lines.c
 * Reaches: agent/config/json_file.c
 * Reaches: agent/config/json_tree.c agent/config/merge.c agent/config/check.c
 * Reaches: agent/config/check_access.c agent/config/check_hosts.c
 * Reaches: agent/config/check_rules.c agent/config/check_seeds.c
 * Reaches: agent/config/check_values.c agent/config/address.c
 * Reaches: agent/config/redact.c agent/config/suggest.c
 *
 * The input is one or two JSON texts with a NUL between them.  A configuration
 * without findings is one that the agent can run with; findings are clean lines
 * that quote no secret; nothing secret is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/config/check.h"
#include "agent/config/config.h"
#include "agent/config/json_file.h"
#include "agent/config/merge.h"
#include "agent/config/redact.h"
#include "protocol/limits.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 16384u

static void check_lines(const char *lines, size_t n)
{
    size_t column = 0;
    size_t n_lines = 0;

    ck_assert((lines == NULL) == (n == 0));
    for (const char *c = lines; c != NULL && *c != '\0'; c++) {
        if (*c == '\n') {
            column = 0;
            n_lines++;
            continue;
        }
        column++;
        ck_assert_uint_le(column, 1000);
        ck_assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    ck_assert(lines == NULL || n_lines <= n);
}

/* ---- good ones ----------------------------------------------------------- */

static void check_seeds(const struct skd_config *config)
{
    for (size_t i = 0; i < config->n_local_keys; i++) {
        const struct skd_local_key *key = &config->local_keys[i];

        ck_assert(config->mode != SKD_MODE_LOCAL_MULTI_KEYS ||
                  key->tenant != NULL);
        ck_assert_uint_ge(key->n_seeds, 1);
        for (size_t k = 0; k < key->n_seeds; k++) {
            ck_assert_ptr_nonnull(key->seeds[k].ptr);
        }
    }
}

static void check_sources(const struct skd_config *config)
{
    if (config->kmip.present && config->mode == SKD_MODE_REMOTE_MULTI_KEYS) {
        ck_assert_uint_ge(config->kmip.n_hosts, 1);
        ck_assert_uint_ge(config->kmip.pipeline_depth, 1);
        ck_assert_uint_gt(config->kmip.timeout_ms, 0);
        for (size_t i = 0; i < config->kmip.n_hosts; i++) {
            ck_assert_ptr_nonnull(config->kmip.hosts[i].host);
            ck_assert_uint_ne(config->kmip.hosts[i].port, 0);
        }
    }
    if (config->mode == SKD_MODE_REMOTE_MULTI_KEYS) {
        ck_assert(config->coordinator.present);
        ck_assert_ptr_nonnull(config->coordinator.url);
        ck_assert_uint_gt(config->coordinator.timeout_ms, 0);
        ck_assert_uint_gt(config->update_period_ms, 0);
    }
}

static void check_good(const struct skd_config *config)
{
    ck_assert_int_lt((int)config->mode, (int)SKD_MODE_DEV);
    ck_assert_ptr_nonnull(config->socket);
    ck_assert_ptr_nonnull(config->audit);
    ck_assert_ptr_nonnull(config->metrics);
    ck_assert_ptr_nonnull(config->sandbox);
    ck_assert_uint_ge(config->workers, 1);
    ck_assert_uint_ge(config->max_connections, 1);
    ck_assert_uint_le(config->max_payload, SKP_PAYLOAD_MAX);
    ck_assert(config->removal_brake >= 0.0 && config->removal_brake <= 1.0);
    for (size_t i = 0; i < config->n_access; i++) {
        ck_assert_uint_eq(config->access[i].rights & ~(unsigned)SKD_RIGHT_ALL,
                          0);
        ck_assert(config->access[i].any_tenant ||
                  config->access[i].tenants != NULL);
    }
    check_seeds(config);
    check_sources(config);
}

/* ---- secrets ------------------------------------------------------------- */

static bool occurs(const char *text, const char *word)
{
    return text != NULL && strstr(text, word) != NULL;
}

/* @secret, long enough to be no accident, in none of @places. */
static void check_unseen(const cJSON *secret,
                         const struct skd_findings *findings,
                         const char *shown)
{
    const cJSON *child = NULL;

    if (cJSON_IsString(secret) &&
        strncmp(secret->valuestring, "hush", 4) == 0) {
        ck_assert(!occurs(findings->errors, secret->valuestring));
        ck_assert(!occurs(findings->warnings, secret->valuestring));
        ck_assert(!occurs(shown, secret->valuestring));
    }
    cJSON_ArrayForEach(child, secret)
    {
        check_unseen(child, findings, shown);
    }
}

/* Only what stands nowhere but at a secret path is known not to be shown for
 * another reason: the word "hush" makes it so in the corpus. */
static void
check_secrets(cJSON *root, const struct skd_findings *findings, size_t n_hushed)
{
    cJSON *copy = cJSON_Duplicate(root, 1);
    char *shown;
    cJSON *deepest = NULL;

    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(skd_redact(copy), SKP_ERR_OK);
    skd_json_tree_unmark(copy);
    shown = cJSON_Print(copy);
    ck_assert_ptr_nonnull(shown);
    for (size_t i = 0; i < skd_schema_len && n_hushed == 1; i++) {
        if (skd_schema[i].is_secret) {
            check_unseen(skd_json_find(root, skd_schema[i].path, &deepest),
                         findings, shown);
        }
    }
    cJSON_free(shown);
    skd_json_free(&copy);
}

static size_t count_hushed(struct skp_view text)
{
    size_t n = 0;

    for (size_t i = 0; i + 4 <= text.len; i++) {
        n += memcmp(text.ptr + i, "hush", 4) == 0;
    }
    return n;
}

/* ---- one configuration --------------------------------------------------- */

/* Read as a file, @text is found as good, or has as many faults. */
static void check_file(struct skp_view text, bool is_good, size_t n_errors)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    int fd = memfd_create("config", MFD_CLOEXEC);
    char path[64];
    cJSON *root = NULL;
    enum skp_err err;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text.ptr, text.len), (ssize_t)text.len);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    err = skd_json_file_read(path, 0, &findings, &root);
    ck_assert_int_eq(err, is_good ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(findings.n_errors, n_errors);
    skd_json_free(&root);
    skd_findings_done(&findings);
    (void)close(fd);
}

/* What is no file is refused. */
static void check_no_file(const char *path, enum skp_err expected)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *root = NULL;

    ck_assert_int_eq(skd_json_file_read(path, 0, &findings, &root), expected);
    ck_assert_uint_eq(findings.n_errors,
                      expected == SKP_ERR_INVALID_ARGUMENT ? 1 : 0);
    skd_findings_done(&findings);
}

static cJSON *parse(struct skp_view text,
                    const char *name,
                    unsigned index,
                    struct skd_findings *findings)
{
    size_t old_errors = findings->n_errors;
    uint8_t *copy = skt_fuzz_copy(text);
    struct skp_view exact = { copy, text.len };
    cJSON *root = NULL;
    enum skp_err err = skd_json_file_parse(exact, name, index, findings, &root);

    ck_assert((err == SKP_ERR_OK) == (root != NULL));
    check_file(text, err == SKP_ERR_OK, findings->n_errors - old_errors);
    if (err != SKP_ERR_OK) {
        ck_assert_int_eq(err, SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_gt(findings->n_errors, old_errors);
    }
    free(copy);
    return root;
}

static void
check_tree(cJSON *root, struct skd_findings *findings, size_t n_hushed)
{
    struct skd_config config;
    struct skd_check check = { .files = { "c.json", "s.json" } };

    memset(&config, 0, sizeof config);
    ck_assert_int_eq(skd_memory_new(&check.memory), SKP_ERR_OK);
    check.root = root;
    check.config = &config;
    check.findings = findings;
    ck_assert_int_eq(skd_check_keys(&check), SKP_ERR_OK);
    ck_assert_int_eq(skd_check_rules(&check), SKP_ERR_OK);
    if (findings->n_errors == 0) {
        check_good(&config);
    }
    check_secrets(root, findings, n_hushed);
    skd_memory_unref(&check.memory);
}

void skt_fuzz_config(struct skp_view input)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    size_t n_hushed = count_hushed(input);
    struct skp_view first;
    cJSON *root;
    cJSON *over = NULL;

    if (input.len > INPUT_MAX) {
        return;
    }
    if (input.len == 0) {
        check_no_file("/", SKP_ERR_INVALID_ARGUMENT);
        check_no_file("/nothing", SKP_ERR_NOT_FOUND);
        check_no_file("/dev/null/x", SKP_ERR_INVALID_ARGUMENT);
    }
    first = skt_fuzz_until(&input, '\0');
    root = parse(first, "c.json", 0, &findings);
    if (input.len > 0) {
        over = parse(input, "s.json", 1, &findings);
    }
    if (root != NULL && over != NULL) {
        skd_merge(root, &over);
        ck_assert_ptr_null(over);
    }
    if (root != NULL) {
        check_tree(root, &findings, n_hushed);
    }
    check_lines(findings.errors, findings.n_errors);
    check_lines(findings.warnings, findings.n_warnings);
    skd_json_free(&root);
    skd_json_free(&over);
    skd_findings_done(&findings);
}

SKT_FUZZ_DOOR(config)
