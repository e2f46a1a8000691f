/* picks.h - which keys a tenant has after a refresh, newest first.
 *
 * Private keys are compared in constant time: a key that is known costs no
 * derivation.
 *
 * Secrets:  pointers only.
 */
#ifndef SKD_PICKS_H
#define SKD_PICKS_H

#include "agent/source/material.h"
#include "agent/store/snapshot.h"

struct skd_pick {
    const uint8_t *private_key; /* in the material or the old arena */
    bool is_old;
    size_t old_nth; /* is_old: the key's place in the old tenant */
    size_t number;  /* else: its number in the material */
};

/* Open, reused from tenant to tenant.  Zeroed is empty. */
struct skd_picks {
    struct skd_pick *list;
    size_t n;
    size_t cap;
};

/* Where a tenant was before; tenant NULL: nowhere. */
struct skd_was {
    const struct skd_snapshot *snapshot;
    const struct skd_tenant *tenant;
};

/* Where the tenant of @item was in @old, which may be NULL. */
struct skd_was skd_picks_was(const struct skd_snapshot *old,
                             const struct skd_item *item);

/* True when @item has keys to give. */
bool skd_picks_has_keys(const struct skd_item *item);

/* Choose the keys for @item: its own where it has some, else those @was has;
 * none when they are destroyed.
 * @keep  former keys that are kept although the source does not list them.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_picks_choose(struct skd_picks *picks,
                 const struct skd_material *material,
                 const struct skd_item *item,
                 struct skd_was was,
                 unsigned keep);

/* Wipe and release; the picks may be used again. */
void skd_picks_done(struct skd_picks *picks);

#endif /* SKD_PICKS_H */
