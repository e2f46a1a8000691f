/* picks.c - which keys a tenant has after a refresh; see picks.h. */
#include "agent/refresh/picks.h"

#include <stdlib.h>

static enum skp_err push(struct skd_picks *picks, const struct skd_pick *pick)
{
    if (picks->n == picks->cap) {
        size_t cap = picks->cap == 0 ? 8 : 2 * picks->cap;
        struct skd_pick *list = reallocarray(picks->list, cap, sizeof *list);

        if (list == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        picks->list = list;
        picks->cap = cap;
    }
    picks->list[picks->n++] = *pick;
    return SKP_ERR_OK;
}

static enum skp_err
push_old(struct skd_picks *picks, struct skd_was was, size_t nth)
{
    const struct skd_pick pick = {
        .private_key =
            skd_snapshot_key(was.snapshot, was.tenant, nth).private_key,
        .is_old = true,
        .old_nth = nth,
    };

    return push(picks, &pick);
}

static bool is_picked(const struct skd_picks *picks, const uint8_t *private_key)
{
    for (size_t i = 0; i < picks->n; i++) {
        if (skp_equal_ct(picks->list[i].private_key, private_key,
                         SKP_KEY_LEN)) {
            return true;
        }
    }
    return false;
}

static bool is_listed(const struct skd_material *material,
                      const struct skd_item *item,
                      const uint8_t *private_key)
{
    for (size_t i = 0; i < item->n_keys; i++) {
        if (skp_equal_ct(skd_material_key(material, item->first_key + i),
                         private_key, SKP_KEY_LEN)) {
            return true;
        }
    }
    return false;
}

/* Key @number of the material, unless it is picked already: by its place in
 * @was when it is known there. */
static enum skp_err push_given(struct skd_picks *picks,
                               struct skd_was was,
                               const struct skd_material *material,
                               size_t number)
{
    const uint8_t *private_key = skd_material_key(material, number);
    const struct skd_pick pick = { .private_key = private_key,
                                   .number = number };
    size_t n_was = was.tenant == NULL ? 0 : was.tenant->n_keys;

    if (is_picked(picks, private_key)) {
        return SKP_ERR_OK;
    }
    for (size_t nth = 0; nth < n_was; nth++) {
        struct skd_key key = skd_snapshot_key(was.snapshot, was.tenant, nth);

        if (skp_equal_ct(key.private_key, private_key, SKP_KEY_LEN)) {
            return push_old(picks, was, nth);
        }
    }
    return push(picks, &pick);
}

/* The keys that @was has beside the current: all that the source lists, and
 * @keep of those it does not. */
static enum skp_err push_former(struct skd_picks *picks,
                                const struct skd_material *material,
                                const struct skd_item *item,
                                struct skd_was was,
                                unsigned keep)
{
    unsigned n_kept = 0;
    size_t n_was = was.tenant == NULL ? 0 : was.tenant->n_keys;

    for (size_t nth = 0; nth < n_was; nth++) {
        struct skd_key key = skd_snapshot_key(was.snapshot, was.tenant, nth);

        if (is_picked(picks, key.private_key)) {
            continue;
        }
        if (!is_listed(material, item, key.private_key)) {
            if (n_kept == keep) {
                continue;
            }
            n_kept++;
        }
        SKP_TRY(push_old(picks, was, nth));
    }
    return SKP_ERR_OK;
}

static enum skp_err push_all_old(struct skd_picks *picks, struct skd_was was)
{
    size_t n_was = was.tenant == NULL ? 0 : was.tenant->n_keys;

    for (size_t nth = 0; nth < n_was; nth++) {
        SKP_TRY(push_old(picks, was, nth));
    }
    return SKP_ERR_OK;
}

struct skd_was skd_picks_was(const struct skd_snapshot *old,
                             const struct skd_item *item)
{
    struct skp_view id = { (const uint8_t *)item->tenant, item->tenant_len };

    return (struct skd_was){
        old,
        old == NULL ? NULL : skd_snapshot_find(old, id),
    };
}

bool skd_picks_has_keys(const struct skd_item *item)
{
    return item->said == SKD_SAID_KEYS && item->n_keys > 0;
}

enum skp_err skd_picks_choose(struct skd_picks *picks,
                              const struct skd_material *material,
                              const struct skd_item *item,
                              struct skd_was was,
                              unsigned keep)
{
    picks->n = 0;
    if (item->said == SKD_SAID_DESTROYED) {
        return SKP_ERR_OK;
    }
    if (!skd_picks_has_keys(item)) {
        return push_all_old(picks, was);
    }
    SKP_TRY(push_given(picks, was, material, item->first_key));
    SKP_TRY(push_former(picks, material, item, was, keep));
    for (size_t i = 1; i < item->n_keys; i++) {
        SKP_TRY(push_given(picks, was, material, item->first_key + i));
    }
    return SKP_ERR_OK;
}

void skd_picks_done(struct skd_picks *picks)
{
    free(picks->list);
    *picks = (struct skd_picks){ NULL, 0, 0 };
}
