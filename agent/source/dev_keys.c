/* dev_keys.c - a random key for each tenant that somebody asked for; see
 * sources.h.
 *
 * It remembers nothing: the snapshot holds what was made before, and a refresh
 * for wanted tenants only adds to it.
 *
 * Thread:   pool, one call at a time.
 * Secrets:  a key is on this stack until the material has it.
 */
#include <stdlib.h>

#include "agent/source/sources.h"

static enum skp_err make_key(const struct skd_fetch *fetch,
                             struct skd_material *material,
                             struct skp_view tenant)
{
    SKP_WIPED(uint8_t, private_key, SKP_KEY_LEN);
    const struct skp_random *random = &fetch->env->random;
    struct skd_item *item;
    size_t index = 0;
    enum skp_err err = skd_material_add(material, tenant, &index);

    if (err == SKP_ERR_ALREADY_EXISTS) {
        return SKP_ERR_OK; /* wanted twice */
    }
    SKP_TRY(err);
    SKP_TRY(random->fill(random->state, private_key, sizeof private_key));
    SKP_TRY(skd_material_add_key(material, index, private_key));
    item = skd_material_item(material, index);
    item->said = SKD_SAID_KEYS;
    item->state = SKD_KEY_ACTIVE;
    item->origin = SKP_ORIGIN_DEV;
    item->is_private = false;
    return SKP_ERR_OK;
}

static enum skp_err fetch_dev(struct skd_source *self,
                              const struct skd_fetch *fetch,
                              struct skd_material *material,
                              uint64_t *retry_ms,
                              struct skp_diag *diag)
{
    (void)self;
    *retry_ms = 0;
    if (fetch->n_wanted == 0) {
        skd_material_set_unchanged(material);
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < fetch->n_wanted; i++) {
        enum skp_err err = make_key(fetch, material, fetch->wanted[i]);

        if (err != SKP_ERR_OK) {
            return skp_fail(diag, err, "cannot make a key: %s",
                            skp_err_text(err));
        }
    }
    return SKP_ERR_OK;
}

static void free_dev(struct skd_source **source)
{
    free(*source);
    *source = NULL;
}

static const struct skd_source_ops dev_ops = {
    .name = "dev",
    .fetch = fetch_dev,
    .free = free_dev,
};

enum skp_err skd_source_dev_new(struct skd_source **ret)
{
    struct skd_source *source = calloc(1, sizeof *source);

    if (source == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    source->ops = &dev_ops;
    *ret = source;
    return SKP_ERR_OK;
}
