/* check_seeds.c - checks and reads the keys that stand in the files; see
 * check.h.
 *
 * A seed that no key can be made of is a warning: its tenant goes without, the
 * others load.  A value that is no text at all is an error.
 */
#include <stdio.h>

#include "agent/config/check.h"
#include "agent/config/config.h"
#include "protocol/key.h"

/* Try the seed, and warn when it is none. */
static void try_seed(struct skd_check *check,
                     const cJSON *node,
                     const char *path,
                     struct skp_view seed)
{
    SKP_WIPED(uint8_t, private_key, SKP_KEY_LEN);
    struct skp_diag diag = { "" };
    enum skp_err err = skp_key_from_seed(seed, private_key, &diag);

    if (err == SKP_ERR_INVALID_ARGUMENT) {
        skd_check_warn(check, node, path, "no key can be made of it: %s",
                       diag.text);
    } else if (err != SKP_ERR_OK && check->err == SKP_ERR_OK) {
        check->err = err;
    }
}

/* One seed to @ret; true when it is a text. */
static bool read_seed(struct skd_check *check,
                      const cJSON *node,
                      const char *path,
                      struct skp_view *ret)
{
    struct skp_view text;

    if (!skd_check_string(check, node, path, &text)) {
        return false;
    }
    try_seed(check, node, path, text);
    *ret = skd_check_secret(check, text);
    return true;
}

/* A seed or an array of them. */
static void read_seeds(struct skd_check *check,
                       const cJSON *node,
                       const char *path,
                       struct skd_local_key *ret)
{
    bool is_array = cJSON_IsArray(node);
    size_t n = is_array ? (size_t)cJSON_GetArraySize(node) : 1;
    struct skp_view *seeds;

    if (n == 0) {
        skd_check_error(check, node, path, "must hold at least one seed");
        return;
    }
    seeds = skd_check_block(check, n * sizeof *seeds);
    if (seeds == NULL) {
        return;
    }
    if (!is_array) {
        (void)read_seed(check, node, path, seeds);
    }
    for (size_t i = 0; is_array && i < n; i++) {
        char element[SKD_JSON_PATH_CAP + 24];

        node = i == 0 ? node->child : node->next;
        (void)snprintf(element, sizeof element, "%s[%zu]", path, i);
        (void)read_seed(check, node, element, &seeds[i]);
    }
    ret->seeds = seeds;
    ret->n_seeds = n;
}

static void
check_tenant(struct skd_check *check, const cJSON *node, const char *path)
{
    struct skp_view tenant = skp_view_of(node->string);

    if (!skp_tenant_is_valid(tenant)) {
        skd_check_error(check, node, path,
                        "a tenant id is 1 to %u printable ASCII characters "
                        "without spaces",
                        SKP_TENANT_MAX);
    } else if (check->config->mode == SKD_MODE_REMOTE_MULTI_KEYS &&
               !skp_tenant_is_uuid(tenant)) {
        skd_check_error(check, node, path,
                        "a tenant id must be a UUID in remote-multi-keys mode");
    }
}

static void read_tenant_keys(struct skd_check *check,
                             const struct skd_key *key,
                             const cJSON *node)
{
    struct skd_local_key *keys;
    size_t n = 0;

    if (!cJSON_IsObject(node)) {
        skd_check_error(check, node, key->path,
                        "must be an object of tenant ids and seeds");
        return;
    }
    if (check->config->mode == SKD_MODE_SINGLE_KEY) {
        return; /* not used; it may be the other setting of a switch */
    }
    keys =
        skd_check_block(check, (size_t)cJSON_GetArraySize(node) * sizeof *keys);
    if (keys == NULL) {
        return;
    }
    for (const cJSON *at = node->child; at != NULL; at = at->next, n++) {
        char path[SKD_JSON_PATH_CAP];

        (void)snprintf(path, sizeof path, "%s.%s", key->path, at->string);
        check_tenant(check, at, path);
        keys[n].tenant = skd_check_text(check, skp_view_of(at->string));
        read_seeds(check, at, path, &keys[n]);
    }
    check->config->local_keys = keys;
    check->config->n_local_keys = n;
}

static void read_single_key(struct skd_check *check,
                            const struct skd_key *key,
                            const cJSON *node)
{
    struct skd_local_key *keys;
    struct skp_view *seed;

    if (check->config->mode != SKD_MODE_SINGLE_KEY) {
        return; /* not used; it may be the other setting of a switch */
    }
    keys = skd_check_block(check, sizeof *keys);
    seed = skd_check_block(check, sizeof *seed);
    if (keys == NULL || seed == NULL ||
        !read_seed(check, node, key->path, seed)) {
        return;
    }
    keys->seeds = seed;
    keys->n_seeds = 1;
    check->config->local_keys = keys;
    check->config->n_local_keys = 1;
}

void skd_check_seeds_read(struct skd_check *check,
                          const struct skd_key *key,
                          const cJSON *node)
{
    if (key->type == SKD_TYPE_SEED) {
        read_single_key(check, key, node);
    } else {
        read_tenant_keys(check, key, node);
    }
}
