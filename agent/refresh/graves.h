/* graves.h - tombstones go over from one snapshot to the next, and new ones are
 * set.
 *
 * Pure.
 */
#ifndef SKD_GRAVES_H
#define SKD_GRAVES_H

#include "agent/source/material.h"
#include "agent/store/snapshot.h"

/* Copy the tombstones of @old to @builder, but for those whose tenants
 * @material names (NULL: it names none), and leave room for @n_new more.  When
 * there are too many the oldest go.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_graves_take_over(struct skd_builder *builder,
                     const struct skd_snapshot *old, /* NULL: none */
                     const struct skd_material *material,
                     size_t n_new);

/* Set the tombstone of @tenant, whose keys are not taken over.  Beyond
 * SKD_TOMBSTONES_MAX in one snapshot nothing is set.
 * @why   a tenant whose key was destroyed stays destroyed whatever is said.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or more than announced. */
SKP_MUST_CHECK enum skp_err skd_graves_dig(struct skd_builder *builder,
                                           const struct skd_tenant *tenant,
                                           enum skd_gone why,
                                           int64_t at_s);

/* The highest generation that a tenant had before it went; 0: nobody
 * remembers. */
uint64_t skd_graves_generation(const struct skd_snapshot *old, /* or NULL */
                               struct skp_view tenant);

#endif /* SKD_GRAVES_H */
