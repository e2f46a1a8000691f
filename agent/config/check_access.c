/* check_access.c - checks and reads sidekey.access; see check.h. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/check.h"
#include "agent/config/config.h"
#include "agent/config/suggest.h"
#include "protocol/key.h"

/* A group's entry lists its members; this is room for some ten thousand. */
#define ENTRY_MAX 1048576

#define ID_MAX (UINT32_MAX - 1) /* the last one means "none" to the kernel */

/* In the order of the bits of enum skd_right. */
static const char *const right_names[] = {
    "pubkey", "encrypt", "decrypt", "unwrap", "rewrap", "watch", "admin",
};

static const char *const field_names[] = {
    "uid", "user", "gid", "group", "cgroup", "tenants", "allow",
};

/* One rule on its way. */
struct reading {
    struct skd_check *check;
    const cJSON *node; /* the rule */
    char path[SKD_JSON_PATH_CAP];
    struct skd_access_rule *rule;
};

/* The path of @field of the rule. */
struct field_path {
    char text[SKD_JSON_PATH_CAP + 48];
};

static struct field_path path_of(const struct reading *reading,
                                 const char *field)
{
    struct field_path path;

    (void)snprintf(path.text, sizeof path.text, "%s.%s", reading->path, field);
    return path;
}

static struct field_path
path_of_element(const struct reading *reading, const char *field, size_t index)
{
    struct field_path path;

    (void)snprintf(path.text, sizeof path.text, "%s.%s[%zu]", reading->path,
                   field, index);
    return path;
}

static const cJSON *field_of(const struct reading *reading, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(reading->node, name);
}

/* ---- users and groups -------------------------------------------------- */

/* Look @name up with room for @len bytes of entry; *ret_found tells whether
 * there is one.  0, or an errno: ERANGE asks for more room. */
static int find_user(
    const char *name, char *room, size_t len, bool *ret_found, uint32_t *ret)
{
    struct passwd entry;
    struct passwd *found = NULL;
    int status = getpwnam_r(name, &entry, room, len, &found);

    *ret_found = found != NULL;
    if (found != NULL) {
        *ret = entry.pw_uid;
    }
    return status;
}

static int find_group(
    const char *name, char *room, size_t len, bool *ret_found, uint32_t *ret)
{
    struct group entry;
    struct group *found = NULL;
    int status = getgrnam_r(name, &entry, room, len, &found);

    *ret_found = found != NULL;
    if (found != NULL) {
        *ret = entry.gr_gid;
    }
    return status;
}

/* NULL, with the number; else why there is none. */
static const char *look_up(bool is_user, const char *name, uint32_t *ret)
{
    bool found = false;
    int status = ERANGE;

    for (size_t len = 1024; status == ERANGE && len <= ENTRY_MAX; len *= 4) {
        char *room = malloc(len);

        if (room == NULL) {
            return "out of memory";
        }
        status = is_user ? find_user(name, room, len, &found, ret)
                         : find_group(name, room, len, &found, ret);
        free(room);
    }
    if (found) {
        return NULL;
    }
    return status == EACCES
               ? "the names of users are outside of the sandbox that was made "
                 "at the start: this needs a restart"
           : is_user ? "this system knows no such user"
                     : "this system knows no such group";
}

/* Read the number in @id_field or the name in @name_field; true when one of
 * them was given and is right. */
static bool read_who(struct reading *reading,
                     const char *id_field,
                     const char *name_field,
                     bool is_user,
                     uint32_t *ret)
{
    const cJSON *id = field_of(reading, id_field);
    const cJSON *name = field_of(reading, name_field);
    struct field_path id_path = path_of(reading, id_field);
    struct field_path name_path = path_of(reading, name_field);
    struct skp_view text;
    const char *why;

    if (id != NULL && name != NULL) {
        skd_check_error(reading->check, name, name_path.text,
                        "give %s or %s, not both", id_field, name_field);
        return false;
    }
    if (id != NULL) {
        if (skd_check_is_integer(id, 0, ID_MAX, ret)) {
            return true;
        }
        skd_check_error(reading->check, id, id_path.text,
                        "must be an integer from 0 to %u", ID_MAX);
        return false;
    }
    if (name == NULL ||
        !skd_check_string(reading->check, name, name_path.text, &text)) {
        return false;
    }
    reading->check->config->names_users = true;
    why = look_up(is_user, name->valuestring, ret);
    if (why != NULL) {
        skd_check_error(reading->check, name, name_path.text, "%s", why);
    }
    return why == NULL;
}

/* ---- tenants and rights ------------------------------------------------ */

/* The array @field of the rule, which must be there; NULL: reported. */
static const cJSON *array_of(struct reading *reading, const char *field)
{
    const cJSON *array = field_of(reading, field);
    struct field_path path = path_of(reading, field);

    if (array == NULL) {
        skd_check_error(reading->check, reading->node, path.text,
                        "missing required configuration");
        return NULL;
    }
    if (!cJSON_IsArray(array)) {
        skd_check_error(reading->check, array, path.text,
                        "must be an array of strings");
        return NULL;
    }
    return array;
}

static void read_tenants(struct reading *reading)
{
    const cJSON *array = array_of(reading, "tenants");
    struct skd_access_rule *rule = reading->rule;
    const char **tenants;
    size_t n = 0;

    if (array == NULL) {
        return;
    }
    tenants = skd_check_block(
        reading->check, (size_t)cJSON_GetArraySize(array) * sizeof *tenants);
    if (tenants == NULL) {
        return;
    }
    for (const cJSON *at = array->child; at != NULL; at = at->next, n++) {
        struct field_path path = path_of_element(reading, "tenants", n);
        struct skp_view tenant;

        if (!skd_check_string(reading->check, at, path.text, &tenant)) {
            continue;
        }
        if (!skp_tenant_is_valid(tenant)) {
            skd_check_error(reading->check, at, path.text,
                            "must be a tenant id or \"*\"");
        }
        rule->any_tenant =
            rule->any_tenant || strcmp(at->valuestring, "*") == 0;
        tenants[n] = skd_check_text(reading->check, tenant);
    }
    rule->tenants = tenants;
    rule->n_tenants = n;
}

/* A pattern for a path of cgroup v2. */
static void read_cgroup(struct reading *reading)
{
    const cJSON *node = field_of(reading, "cgroup");
    struct field_path path = path_of(reading, "cgroup");
    struct skp_view text;

    if (node == NULL ||
        !skd_check_string(reading->check, node, path.text, &text)) {
        return;
    }
    if (text.len == 0 || text.ptr[0] != '/') {
        skd_check_error(reading->check, node, path.text,
                        "must be a pattern that begins with /");
        return;
    }
    reading->rule->cgroup = skd_check_text(reading->check, text);
    reading->check->config->names_cgroup = true;
}

static unsigned right_of(const char *name)
{
    for (unsigned i = 0; i < SKP_ARRAY_LEN(right_names); i++) {
        if (strcmp(right_names[i], name) == 0) {
            return (unsigned)1 << i;
        }
    }
    return 0;
}

static void read_rights(struct reading *reading)
{
    const cJSON *array = array_of(reading, "allow");
    size_t n = 0;

    if (array == NULL) {
        return;
    }
    for (const cJSON *at = array->child; at != NULL; at = at->next, n++) {
        unsigned right = cJSON_IsString(at) ? right_of(at->valuestring) : 0;
        struct field_path path = path_of_element(reading, "allow", n);

        if (right == 0) {
            skd_check_error(reading->check, at, path.text,
                            "must be one of pubkey, encrypt, decrypt, unwrap, "
                            "rewrap, watch, admin");
        }
        reading->rule->rights |= right;
    }
}

/* ---- rules -------------------------------------------------------------- */

static void check_fields(struct reading *reading)
{
    for (const cJSON *at = reading->node->child; at != NULL; at = at->next) {
        const char *closest = field_names[0];
        size_t least = SIZE_MAX;

        for (size_t i = 0; i < SKP_ARRAY_LEN(field_names); i++) {
            size_t distance = skd_suggest_distance(at->string, field_names[i]);

            if (distance < least) {
                least = distance;
                closest = field_names[i];
            }
        }
        if (strcmp(closest, at->string) != 0) {
            skd_check_error(
                reading->check, at, path_of(reading, at->string).text,
                "unknown key; the closest known one is %s", closest);
        }
    }
}

static void read_rule(struct reading *reading)
{
    struct skd_access_rule *rule = reading->rule;

    if (!cJSON_IsObject(reading->node)) {
        skd_check_error(reading->check, reading->node, reading->path,
                        "must be an object");
        return;
    }
    check_fields(reading);
    rule->has_uid = read_who(reading, "uid", "user", true, &rule->uid);
    rule->has_gid = read_who(reading, "gid", "group", false, &rule->gid);
    read_cgroup(reading);
    read_tenants(reading);
    read_rights(reading);
}

void skd_check_access_read(struct skd_check *check,
                           const struct skd_key *key,
                           const cJSON *node)
{
    struct skd_access_rule *rules;
    size_t n = 0;

    if (!cJSON_IsArray(node)) {
        skd_check_error(check, node, key->path, "must be an array of rules");
        return;
    }
    rules = skd_check_block(check,
                            (size_t)cJSON_GetArraySize(node) * sizeof *rules);
    if (rules == NULL) {
        return;
    }
    for (const cJSON *at = node->child; at != NULL; at = at->next, n++) {
        struct reading reading = { check, at, "", &rules[n] };

        (void)snprintf(reading.path, sizeof reading.path, "%s[%zu]", key->path,
                       n);
        read_rule(&reading);
    }
    check->config->has_access = true;
    check->config->access = rules;
    check->config->n_access = n;
}
