/* files.c - the keys that stand in the configuration, as a list of tenants and
 * as seeds for somebody else's list; see sources.h.
 *
 * Thread:   pool, one call at a time.
 * Secrets:  seeds stay in the configuration's locked memory; a private key is
 *           on this stack until the material has it.
 */
#include <stdlib.h>

#include "agent/source/sources.h"
#include "protocol/key.h"

struct files_source {
    struct skd_source base;
    const struct skd_config *config; /* pinned */
};

static const struct skd_config *config_of(struct skd_source *self)
{
    return ((struct files_source *)self)->config;
}

/* Add one key; *ret_fault is set when the seed is none. */
static enum skp_err add_key(struct skd_material *material,
                            size_t index,
                            struct skp_view seed,
                            bool *ret_fault,
                            struct skp_diag *why)
{
    SKP_WIPED(uint8_t, private_key, SKP_KEY_LEN);
    enum skp_err err = skp_key_from_seed(seed, private_key, why);

    *ret_fault = err == SKP_ERR_INVALID_ARGUMENT;
    if (*ret_fault) {
        return SKP_ERR_OK;
    }
    SKP_TRY(err);
    return skd_material_add_key(material, index, private_key);
}

/* Add the keys of all seeds to item @index, the current one first.  Without the
 * current one the tenant is unusable: a former key in its place would encrypt.
 * A former one that is none is left out, with a reason. */
static enum skp_err answer(struct skd_material *material,
                           size_t index,
                           const struct skd_local_key *local)
{
    struct skd_item *item = skd_material_item(material, index);

    item->said = SKD_SAID_KEYS;
    item->state = SKD_KEY_ACTIVE;
    item->origin = SKP_ORIGIN_FILE;
    for (size_t i = 0; i < local->n_seeds; i++) {
        struct skp_diag why = { "" };
        bool is_none = false;

        SKP_TRY(add_key(material, index, local->seeds[i], &is_none, &why));
        if (!is_none) {
            continue;
        }
        if (i == 0) {
            item->said = SKD_SAID_UNUSABLE;
            skd_material_set_reason(material, index, "%s", why.text);
            return SKP_ERR_OK;
        }
        skd_material_set_reason(material, index, "former key %zu: %s", i,
                                why.text);
    }
    return SKP_ERR_OK;
}

static enum skp_err fetch_list(struct skd_source *self,
                               const struct skd_fetch *fetch,
                               struct skd_material *material,
                               uint64_t *retry_ms,
                               struct skp_diag *diag)
{
    const struct skd_config *config = config_of(self);

    *retry_ms = 0;
    for (size_t i = 0; i < config->n_local_keys; i++) {
        const struct skd_local_key *local = &config->local_keys[i];
        const char *tenant = local->tenant == NULL ? "*" : local->tenant;
        size_t index = 0;
        enum skp_err err =
            skd_material_add(material, skp_view_of(tenant), &index);

        if (err == SKP_ERR_OK) {
            skd_material_item(material, index)->is_private = false;
            err = answer(material, index, local);
        }
        if (err == SKP_ERR_OK) {
            err = skd_fetch_more(fetch);
        }
        if (err != SKP_ERR_OK) {
            return skp_fail(diag, err, "keys of the configuration: %s",
                            skp_err_text(err));
        }
    }
    return SKP_ERR_OK;
}

static enum skp_err fetch_seeds(struct skd_source *self,
                                const struct skd_fetch *fetch,
                                struct skd_material *material,
                                uint64_t *retry_ms,
                                struct skp_diag *diag)
{
    const struct skd_config *config = config_of(self);

    (void)fetch;
    *retry_ms = 0;
    for (size_t i = 0; i < config->n_local_keys; i++) {
        const struct skd_local_key *local = &config->local_keys[i];
        size_t index = skd_material_find(material, skp_view_of(local->tenant));
        const struct skd_item *item;
        enum skp_err err;

        if (index == SIZE_MAX) {
            continue;
        }
        item = skd_material_item(material, index);
        if (item->said != SKD_SAID_ASK || !item->is_private) {
            continue;
        }
        err = answer(material, index, local);
        if (err != SKP_ERR_OK) {
            return skp_fail(diag, err, "keys of the configuration: %s",
                            skp_err_text(err));
        }
    }
    return SKP_ERR_OK;
}

static void free_files(struct skd_source **source)
{
    struct files_source *files = (struct files_source *)*source;

    *source = NULL;
    if (files != NULL) {
        skd_config_unref(&files->config);
        free(files);
    }
}

static const struct skd_source_ops list_ops = {
    .name = "file",
    .fetch = fetch_list,
    .free = free_files,
};

static const struct skd_source_ops seeds_ops = {
    .name = "file",
    .fetch = fetch_seeds,
    .free = free_files,
};

static enum skp_err new_source(const struct skd_source_ops *ops,
                               const struct skd_config *config,
                               struct skd_source **ret)
{
    struct files_source *files = calloc(1, sizeof *files);

    if (files == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    files->base.ops = ops;
    files->config = skd_config_ref(config);
    *ret = (struct skd_source *)files;
    return SKP_ERR_OK;
}

enum skp_err skd_source_files_list_new(const struct skd_config *config,
                                       struct skd_source **ret)
{
    return new_source(&list_ops, config, ret);
}

enum skp_err skd_source_files_seeds_new(const struct skd_config *config,
                                        struct skd_source **ret)
{
    return new_source(&seeds_ops, config, ret);
}
