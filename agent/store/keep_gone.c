/* keep_gone.c - tombstones as bytes and back; see keep_gone.h. */
#include "agent/store/keep_gone.h"

#include "agent/store/snapshot_parts.h"
#include "protocol/key.h"

size_t skd_keep_gone_len(const struct skd_tombstones *tombstones)
{
    size_t len = tombstones->n * SKD_KEEP_GONE_LEN;

    for (size_t i = 0; i < tombstones->n; i++) {
        len += tombstones->list[i].id_len;
    }
    return len;
}

static enum skp_err put_tombstone(const struct skd_tombstone *tombstone,
                                  struct skp_buf *out)
{
    SKP_TRY(skd_keep_put(out, tombstone->id_len, 1));
    SKP_TRY(skd_keep_put(out, tombstone->why, 1));
    SKP_TRY(skd_keep_put(out, 0, 6));
    SKP_TRY(skd_keep_put(out, (uint64_t)tombstone->at_s, 8));
    SKP_TRY(skd_keep_put(out, tombstone->last_generation, 8));
    return skp_buf_put(out, tombstone->id, tombstone->id_len);
}

enum skp_err skd_keep_gone_write(const struct skd_tombstones *tombstones,
                                 struct skp_buf *out)
{
    for (size_t i = 0; i < tombstones->n; i++) {
        SKP_TRY(put_tombstone(&tombstones->list[i], out));
    }
    return SKP_ERR_OK;
}

/* ---- reading ------------------------------------------------------------- */

static enum skp_err refuse(const char *why, const char **ret_why)
{
    *ret_why = why;
    return SKP_ERR_FAILED_PRECONDITION;
}

static enum skp_err read_tombstone(struct skp_view *rest,
                                   struct skd_tombstones *to,
                                   const char **ret_why)
{
    const uint8_t *bytes = skd_keep_take(rest, SKD_KEEP_GONE_LEN);
    const uint8_t *id = bytes == NULL ? NULL : skd_keep_take(rest, bytes[0]);
    struct skd_tombstone tombstone;

    if (id == NULL) {
        return refuse("ends within a tombstone", ret_why);
    }
    if (bytes[1] > SKD_GONE_DESTROYED ||
        skd_keep_number_read(bytes + 2, 6) != 0) {
        return refuse("has a value out of its range", ret_why);
    }
    if (!skp_tenant_is_valid((struct skp_view){ id, bytes[0] })) {
        return refuse("has a text that is none", ret_why);
    }
    tombstone = (struct skd_tombstone){
        .id = (const char *)id,
        .id_len = bytes[0],
        .why = bytes[1],
        .at_s = (int64_t)skd_keep_number_read(bytes + 8, 8),
        .last_generation = skd_keep_number_read(bytes + 16, 8),
    };
    return skd_tombstones_add(to, &tombstone);
}

static struct skp_view id_of(const struct skd_tombstone *tombstone)
{
    return (struct skp_view){ (const uint8_t *)tombstone->id,
                              tombstone->id_len };
}

static bool has_twins(const struct skd_tombstones *sealed)
{
    for (size_t i = 1; i < sealed->n; i++) {
        if (skp_view_equal(id_of(sealed->by_id[i - 1].at),
                           id_of(sealed->by_id[i].at))) {
            return true;
        }
    }
    return false;
}

enum skp_err skd_keep_gone_read(struct skp_view *rest,
                                size_t n,
                                struct skd_tombstones *to,
                                const char **ret_why)
{
    if (n > SKD_TOMBSTONES_MAX) {
        return refuse("has a value out of its range", ret_why);
    }
    /* What the bytes pay for. */
    if (n > rest->len / SKD_KEEP_GONE_LEN) {
        return refuse("announces more than it has", ret_why);
    }
    SKP_TRY(skd_tombstones_reserve(to, n));
    for (size_t i = 0; i < n; i++) {
        SKP_TRY(read_tombstone(rest, to, ret_why));
    }
    skd_tombstones_seal(to);
    return has_twins(to) ? refuse("has a tombstone twice", ret_why)
                         : SKP_ERR_OK;
}

bool skd_keep_gone_is_alive(const struct skd_snapshot *snapshot)
{
    const struct skd_tombstones *tombstones = skd_snapshot_tombstones(snapshot);

    /* From the tenants' side: the one of a single-key snapshot is found under
     * every id. */
    for (size_t i = 0; i < skd_snapshot_count(snapshot); i++) {
        if (skd_tombstones_find(tombstones, skd_snapshot_id(skd_snapshot_at(
                                                snapshot, i))) != NULL) {
            return true;
        }
    }
    return false;
}
