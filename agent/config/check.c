/* check.c - walks the table of keys over the tree; see check.h. */
#include "agent/config/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/config/findings.h"

/* Keep the first failure only: it is the cause of the others. */
static void note(struct skd_check *check, enum skp_err err)
{
    if (check->err == SKP_ERR_OK) {
        check->err = err;
    }
}

__attribute__((format(printf, 5, 0))) static void
report(struct skd_check *check,
       bool is_error,
       const cJSON *node,
       const char *path,
       const char *format,
       va_list args)
{
    const struct skd_place place = { check->files[skd_json_file_index(node)],
                                     skd_json_line(node), path };

    note(check,
         skd_findings_add(check->findings, is_error, &place, format, args));
}

void skd_check_error(struct skd_check *check,
                     const cJSON *node,
                     const char *path,
                     const char *format,
                     ...)
{
    va_list args;

    va_start(args, format);
    report(check, true, node, path, format, args);
    va_end(args);
}

void skd_check_warn(struct skd_check *check,
                    const cJSON *node,
                    const char *path,
                    const char *format,
                    ...)
{
    va_list args;

    va_start(args, format);
    report(check, false, node, path, format, args);
    va_end(args);
}

cJSON *skd_check_find(const struct skd_check *check, const char *path)
{
    return skd_json_find(check->root, path, NULL);
}

void skd_check_missing(struct skd_check *check, const char *path)
{
    cJSON *deepest = NULL;

    (void)skd_json_find(check->root, path, &deepest);
    skd_check_error(check, deepest, path, "missing required configuration");
}

void *skd_check_block(struct skd_check *check, size_t len)
{
    void *block = skd_memory_block(check->memory, len);

    if (block == NULL) {
        note(check, SKP_ERR_RESOURCE_EXHAUSTED);
    }
    return block;
}

const char *skd_check_text(struct skd_check *check, struct skp_view text)
{
    const char *copy = skd_memory_text(check->memory, text);

    if (copy == NULL) {
        note(check, SKP_ERR_RESOURCE_EXHAUSTED);
    }
    return copy;
}

struct skp_view skd_check_secret(struct skd_check *check, struct skp_view bytes)
{
    struct skp_view copy = { NULL, 0 };

    note(check, skd_memory_secret(check->memory, bytes, &copy));
    return copy;
}

void *skd_check_field(const struct skd_check *check, const struct skd_key *key)
{
    skp_assert(key->field < sizeof *check->config);
    return (char *)check->config + key->field;
}

bool skd_check_string(struct skd_check *check,
                      const cJSON *node,
                      const char *path,
                      struct skp_view *ret)
{
    if (!cJSON_IsString(node)) {
        skd_check_error(check, node, path, "must be a string");
        return false;
    }
    *ret = skp_view_of(node->valuestring);
    return true;
}

bool skd_check_is_integer(const cJSON *node,
                          uint32_t min,
                          uint32_t max,
                          uint32_t *ret)
{
    if (!cJSON_IsNumber(node) || !(node->valuedouble >= min) ||
        !(node->valuedouble <= max) ||
        (double)(uint32_t)node->valuedouble < node->valuedouble) {
        return false;
    }
    *ret = (uint32_t)node->valuedouble;
    return true;
}

static void
check_member(struct skd_check *check, const char *section, const cJSON *member)
{
    char path[SKD_JSON_PATH_CAP];

    (void)snprintf(path, sizeof path, "%s.%s", section, member->string);
    if (skd_schema_find(path) == NULL) {
        skd_check_error(check, member, path,
                        "unknown key; the closest known one is %s",
                        skd_schema_closest(path)->path);
    }
}

static void read_section(struct skd_check *check,
                         const struct skd_key *key,
                         const cJSON *node)
{
    if (!cJSON_IsObject(node)) {
        skd_check_error(check, node, key->path, "must be an object");
        return;
    }
    for (const cJSON *at = node->child; at != NULL; at = at->next) {
        check_member(check, key->path, at);
    }
    if (key->field != SKD_NO_FIELD) {
        bool *is_present = skd_check_field(check, key);

        *is_present = true;
    }
}

static void
read_node(struct skd_check *check, const struct skd_key *key, const cJSON *node)
{
    switch (key->type) {
    case SKD_TYPE_SECTION:
        read_section(check, key, node);
        break;
    case SKD_TYPE_PORT:
    case SKD_TYPE_ADDRESS:
    case SKD_TYPE_HOSTS:
        skd_check_hosts_read(check, key, node);
        break;
    case SKD_TYPE_SEED:
    case SKD_TYPE_TENANT_KEYS:
        skd_check_seeds_read(check, key, node);
        break;
    case SKD_TYPE_ACCESS:
        skd_check_access_read(check, key, node);
        break;
    case SKD_TYPE_TEXT:
    case SKD_TYPE_NONEMPTY:
    case SKD_TYPE_TOKEN:
    case SKD_TYPE_PEM:
    case SKD_TYPE_URL:
    case SKD_TYPE_SOCKET:
    case SKD_TYPE_METRICS:
    case SKD_TYPE_CHOICE:
    case SKD_TYPE_CHOICE_TEXT:
    case SKD_TYPE_CHOICE_FLAG:
    case SKD_TYPE_FLAG:
    case SKD_TYPE_NUMBER:
    case SKD_TYPE_SIZE:
    case SKD_TYPE_SHARE:
    case SKD_TYPE_DURATION:
    case SKD_TYPE_SUITES:
    case SKD_TYPE_COUNT:
        skd_check_values_read(check, key, node);
        break;
    }
}

/* The default takes the same way as a value from a file. */
static void read_fallback(struct skd_check *check, const struct skd_key *key)
{
    SKP_CLEANUP(skd_json_free)
    cJSON *node = cJSON_Parse(key->fallback);

    if (node == NULL) {
        note(check, SKP_ERR_RESOURCE_EXHAUSTED);
        return;
    }
    read_node(check, key, node);
}

enum skp_err skd_check_keys(struct skd_check *check)
{
    check->err = SKP_ERR_OK;
    for (size_t i = 0; i < skd_schema_len; i++) {
        const struct skd_key *key = &skd_schema[i];
        const cJSON *node = skd_check_find(check, key->path);

        if (node != NULL) {
            read_node(check, key, node);
        } else if (key->fallback != NULL) {
            read_fallback(check, key);
        }
    }
    return check->err;
}
