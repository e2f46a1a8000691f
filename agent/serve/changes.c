/* changes.c - what differs between two snapshots; see changes.h. */
#include "agent/serve/changes.h"

struct skd_changes skd_changes_between(const struct skd_snapshot *before,
                                       const struct skd_snapshot *after)
{
    if (before != NULL && after != NULL &&
        skd_snapshot_is_same(before, after)) {
        return (struct skd_changes){ NULL, NULL, 0, 0 };
    }
    return (struct skd_changes){ before, after, 0, 0 };
}

static const struct skd_tenant *tenant_at(const struct skd_snapshot *snapshot,
                                          size_t index)
{
    if (snapshot == NULL || index >= skd_snapshot_count(snapshot)) {
        return NULL;
    }
    return skd_snapshot_at(snapshot, index);
}

int skd_changes_order(struct skp_view a, struct skp_view b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (a.ptr[i] != b.ptr[i]) {
            return a.ptr[i] < b.ptr[i] ? -1 : 1;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

static struct skp_view id_of(const struct skd_tenant *tenant)
{
    return (struct skp_view){ (const uint8_t *)tenant->id, tenant->id_len };
}

/* The end of a table comes after every id. */
static int compare_tenants(const struct skd_tenant *a,
                           const struct skd_tenant *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }
    return skd_changes_order(id_of(a), id_of(b));
}

static bool is_usable(const struct skd_tenant *tenant)
{
    return tenant != NULL && tenant->use != SKD_USE_NONE && tenant->n_keys > 0;
}

static bool is_changed(const struct skd_changes *changes,
                       const struct skd_tenant *before,
                       const struct skd_tenant *after)
{
    struct skd_key old_key;
    struct skd_key new_key;

    if (!is_usable(before) || !is_usable(after)) {
        return is_usable(before) != is_usable(after);
    }
    old_key = skd_snapshot_key(changes->before, before, 0);
    new_key = skd_snapshot_key(changes->after, after, 0);
    return before->use != after->use ||
           old_key.generation != new_key.generation ||
           !skp_view_equal((struct skp_view){ old_key.key_id, SKP_KEY_ID_LEN },
                           (struct skp_view){ new_key.key_id, SKP_KEY_ID_LEN });
}

static void fill_row(const struct skd_changes *changes,
                     const struct skd_tenant *before,
                     const struct skd_tenant *after,
                     struct skp_tenant_row *ret)
{
    const struct skd_tenant *named = after != NULL ? after : before;

    skp_assert(named != NULL);
    *ret = (struct skp_tenant_row){
        .id = id_of(named),
    };
    if (is_usable(after)) {
        struct skd_key key = skd_snapshot_key(changes->after, after, 0);

        ret->key_id = key.key_id;
        ret->generation = key.generation;
    }
}

size_t skd_changes_next(struct skd_changes *changes,
                        struct skp_tenant_row *rows,
                        size_t rows_max)
{
    size_t n_rows = 0;

    while (n_rows < rows_max) {
        const struct skd_tenant *before =
            tenant_at(changes->before, changes->at_before);
        const struct skd_tenant *after =
            tenant_at(changes->after, changes->at_after);
        int order = compare_tenants(before, after);

        if (before == NULL && after == NULL) {
            break;
        }
        if (order > 0) {
            before = NULL;
        } else if (order < 0) {
            after = NULL;
        }
        changes->at_before += before != NULL;
        changes->at_after += after != NULL;
        if (is_changed(changes, before, after)) {
            fill_row(changes, before, after, &rows[n_rows++]);
        }
    }
    return n_rows;
}
