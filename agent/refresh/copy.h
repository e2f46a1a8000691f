/* copy.h - tenants go over from one snapshot to the next as they are.
 *
 * Pure.
 */
#ifndef SKD_COPY_H
#define SKD_COPY_H

#include "agent/store/snapshot.h"

/* Append @tenant of @old with all its keys to @builder, its row as @changed
 * says (skd_snapshot_row, or that with other scalars or reason).
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or more than was announced. */
SKP_MUST_CHECK enum skp_err skd_copy_tenant(struct skd_builder *builder,
                                            const struct skd_snapshot *old,
                                            const struct skd_tenant *tenant,
                                            const struct skd_tenant *changed);

/* A copy of @old without @tenant, which an operator has forgotten at @at_s
 * (Unix seconds); or with all, when it is not there.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, or lockable memory.
 *   SKP_ERR_INTERNAL            the kernel gave no randomness. */
SKP_MUST_CHECK enum skp_err skd_copy_without(const struct skd_snapshot *old,
                                             struct skp_view tenant,
                                             int64_t at_s,
                                             struct skd_snapshot **ret,
                                             struct skp_diag *diag);

#endif /* SKD_COPY_H */
