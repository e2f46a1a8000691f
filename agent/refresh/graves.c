/* graves.c - tombstones from one snapshot to the next; see graves.h. */
#include "agent/refresh/graves.h"

static bool is_named(const struct skd_material *material,
                     const struct skd_tombstone *tombstone)
{
    struct skp_view id = { (const uint8_t *)tombstone->id, tombstone->id_len };

    return material != NULL && skd_material_find(material, id) != SIZE_MAX;
}

static size_t count_left(const struct skd_tombstones *old,
                         const struct skd_material *material)
{
    size_t n = 0;

    for (size_t i = 0; i < old->n; i++) {
        n += !is_named(material, &old->list[i]);
    }
    return n;
}

enum skp_err skd_graves_take_over(struct skd_builder *builder,
                                  const struct skd_snapshot *old,
                                  const struct skd_material *material,
                                  size_t n_new)
{
    static const struct skd_tombstones none;
    const struct skd_tombstones *from =
        old == NULL ? &none : skd_snapshot_tombstones(old);
    struct skd_tombstones *to = skd_builder_tombstones(builder);
    size_t n_left = count_left(from, material);
    size_t room = SKD_TOMBSTONES_MAX -
                  (n_new < SKD_TOMBSTONES_MAX ? n_new : SKD_TOMBSTONES_MAX);
    size_t n_dropped = n_left > room ? n_left - room : 0;

    SKP_TRY(skd_tombstones_reserve(to, n_left - n_dropped + SKD_TOMBSTONES_MAX -
                                           room));
    for (size_t i = 0; i < from->n; i++) {
        enum skp_err err = SKP_ERR_OK;

        if (is_named(material, &from->list[i])) {
            continue;
        }
        if (n_dropped > 0) {
            n_dropped--;
        } else {
            err = skd_tombstones_add(to, &from->list[i]);
        }
        SKP_TRY(err);
    }
    return SKP_ERR_OK;
}

enum skp_err skd_graves_dig(struct skd_builder *builder,
                            const struct skd_tenant *tenant,
                            enum skd_gone why,
                            int64_t at_s)
{
    struct skd_tombstones *to = skd_builder_tombstones(builder);
    const struct skd_tombstone tombstone = {
        .id = tenant->id,
        .id_len = tenant->id_len,
        .why = (uint8_t)(tenant->is_destroyed ? SKD_GONE_DESTROYED : why),
        .at_s = at_s,
        .last_generation = tenant->last_generation,
    };

    return to->n == SKD_TOMBSTONES_MAX ? SKP_ERR_OK
                                       : skd_tombstones_add(to, &tombstone);
}

uint64_t skd_graves_generation(const struct skd_snapshot *old,
                               struct skp_view tenant)
{
    const struct skd_tombstone *tombstone =
        old == NULL ? NULL
                    : skd_tombstones_find(skd_snapshot_tombstones(old), tenant);

    return tombstone == NULL ? 0 : tombstone->last_generation;
}
