/* check_rules.c - checks what concerns several keys at once; see check.h. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "agent/config/check.h"
#include "agent/config/config.h"

#define KMS "crypto.kms_config"

static bool is_given(const struct skd_check *check, const char *path)
{
    return skd_check_find(check, path) != NULL;
}

/* Of two keys that say the same at most one may be given. */
static void check_pair(struct skd_check *check, const char *a, const char *b)
{
    const cJSON *second = skd_check_find(check, b);

    if (second != NULL && is_given(check, a)) {
        skd_check_error(check, second, b, "give %s or %s, not both", a, b);
    }
}

/* A text that is there but empty is as good as missing. */
static bool has_text(const struct skp_view *text, const char *file)
{
    return text->len > 0 || file != NULL;
}

static void check_tls(struct skd_check *check,
                      const char *section,
                      const struct skd_tls_config *tls,
                      bool is_required)
{
    static const char *const names[] = { "key", "cert", "ca" };
    bool has_key = has_text(&tls->key, tls->key_file);
    bool has_cert = has_text(&tls->cert, tls->cert_file);
    char path[SKD_JSON_PATH_CAP];
    char file_path[SKD_JSON_PATH_CAP];

    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof path, "%s.%s", section, names[i]);
        (void)snprintf(file_path, sizeof file_path, "%s.%s_file", section,
                       names[i]);
        check_pair(check, path, file_path);
    }
    /* One without the other is of no use to either server. */
    is_required = is_required || has_key || has_cert;
    (void)snprintf(path, sizeof path, "%s.key", section);
    (void)snprintf(file_path, sizeof file_path, "%s.cert", section);
    if (is_required && !has_key) {
        skd_check_missing(check, path);
    }
    if (is_required && !has_cert) {
        skd_check_missing(check, file_path);
    }
}

static void check_version(struct skd_check *check)
{
    const struct skd_kmip_config *kmip = &check->config->kmip;
    bool is_newest = kmip->major_version == 1 && kmip->minor_version == 4;
    bool is_older = kmip->major_version == 1 && kmip->minor_version < 4;
    const char *path = kmip->major_version == 1 ? KMS ".kmip.minor_version"
                                                : KMS ".kmip.major_version";
    const cJSON *node = skd_check_find(check, path);

    if (node != NULL && !is_newest && !(is_older && kmip->negotiate)) {
        skd_check_error(check, node, path, "unsupported KMIP version, use 1.4");
    }
}

static void check_kms(struct skd_check *check)
{
    bool is_required = check->config->mode == SKD_MODE_REMOTE_MULTI_KEYS;

    if (!check->config->kmip.present) {
        return;
    }
    check_pair(check, KMS ".kmip.address", KMS ".kmip.hosts");
    check_version(check);
    check_tls(check, KMS ".tls", &check->config->kmip.tls, is_required);
    if (is_required && !is_given(check, KMS ".kmip.address") &&
        !is_given(check, KMS ".kmip.hosts")) {
        skd_check_missing(check, KMS ".kmip.address");
    }
}

static void check_coordinator(struct skd_check *check)
{
    check_pair(check, "coordinator.token", "coordinator.token_file");
    check_tls(check, "coordinator.tls", &check->config->coordinator.tls, false);
}

/* True when a mode was given that is none: what it needs is then unknown. */
static bool is_mode_wrong(const struct skd_check *check)
{
    const cJSON *node = skd_check_find(check, "crypto.mode");

    return node != NULL &&
           (!cJSON_IsString(node) ||
            strcmp(node->valuestring, skd_mode_name(check->config->mode)) != 0);
}

static void check_mode(struct skd_check *check)
{
    enum skd_mode mode = check->config->mode;
    const cJSON *tenants = skd_check_find(check, "crypto.tenant_keys");

    if (mode == SKD_MODE_SINGLE_KEY && !is_given(check, "crypto.key")) {
        skd_check_missing(check, "crypto.key");
    }
    if (mode != SKD_MODE_SINGLE_KEY &&
        !is_given(check, "crypto.update_period")) {
        skd_check_missing(check, "crypto.update_period");
    }
    if (mode == SKD_MODE_LOCAL_MULTI_KEYS && tenants == NULL) {
        skd_check_missing(check, "crypto.tenant_keys");
    }
    if (mode == SKD_MODE_LOCAL_MULTI_KEYS && tenants != NULL &&
        cJSON_IsObject(tenants) && tenants->child == NULL) {
        skd_check_warn(check, tenants, "crypto.tenant_keys",
                       "there is no tenant");
    }
    if (mode == SKD_MODE_REMOTE_MULTI_KEYS &&
        !is_given(check, "coordinator.url")) {
        skd_check_missing(check, "coordinator.url");
    }
}

/* Processors that this process may use; a container often has fewer than its
 * machine. */
static unsigned count_cpus(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    return (unsigned)CPU_COUNT(&set);
}

enum skp_err skd_check_rules(struct skd_check *check)
{
    struct skd_config *config = check->config;

    if (!is_mode_wrong(check)) {
        check_mode(check);
    }
    check_kms(check);
    check_coordinator(check);
    if (config->kmip.pipeline_depth == 0) {
        config->kmip.pipeline_depth = 1;
    }
    if (config->workers == 0) {
        config->workers = count_cpus();
    }
    return check->err;
}
