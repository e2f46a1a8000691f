/* copy.c - tenants go over from one snapshot to the next; see copy.h. */
#include "agent/refresh/copy.h"

#include "agent/refresh/graves.h"

enum skp_err skd_copy_tenant(struct skd_builder *builder,
                             const struct skd_snapshot *old,
                             const struct skd_tenant *tenant,
                             const struct skd_tenant *changed)
{
    SKP_TRY(skd_builder_add_tenant(builder, changed));
    for (size_t nth = 0; nth < tenant->n_keys; nth++) {
        struct skd_key key = skd_snapshot_key(old, tenant, nth);

        SKP_TRY(skd_builder_add_key(builder, &key));
    }
    return SKP_ERR_OK;
}

static enum skp_err copy_others(struct skd_builder *builder,
                                const struct skd_snapshot *old,
                                const struct skd_tenant *without,
                                int64_t at_s)
{
    SKP_TRY(skd_graves_take_over(builder, old, NULL, without != NULL));
    for (size_t i = 0; i < skd_snapshot_count(old); i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(old, i);
        struct skd_tenant row = skd_snapshot_row(old, tenant);
        enum skp_err err =
            tenant == without
                ? skd_graves_dig(builder, tenant, SKD_GONE_FORGOTTEN, at_s)
                : skd_copy_tenant(builder, old, tenant, &row);

        SKP_TRY(err);
    }
    return SKP_ERR_OK;
}

enum skp_err skd_copy_without(const struct skd_snapshot *old,
                              struct skp_view tenant,
                              int64_t at_s,
                              struct skd_snapshot **ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skd_builder_free) struct skd_builder *builder = NULL;
    enum skp_err err;

    SKP_TRY(skd_builder_new(skd_snapshot_count(old), skd_snapshot_n_keys(old),
                            skd_snapshot_is_single(old), &builder, diag));
    err = copy_others(builder, old, skd_snapshot_find(old, tenant), at_s);
    if (err == SKP_ERR_OK) {
        err = skd_builder_finish(&builder, ret);
    }
    return err == SKP_ERR_OK
               ? SKP_ERR_OK
               : skp_fail(diag, err, "no snapshot: %s", skp_err_text(err));
}
