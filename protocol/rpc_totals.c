/* rpc_totals.c - what the agent has done since its start; see rpc_totals.h. */
#include "protocol/rpc_totals.h"

/* ---- encoding ----------------------------------------------------------- */

static void pack_counts(struct skp_packer *packer,
                        const char *name,
                        const struct skp_counts *counts)
{
    skp_pack_text(packer, name);
    skp_pack_array(packer, counts->n);
    for (size_t i = 0; i < counts->n; i++) {
        skp_pack_uint(packer, counts->list[i]);
    }
}

void skp_totals_pack(struct skp_packer *packer, const struct skp_totals *totals)
{
    skp_pack_text(packer, "totals");
    if (totals == NULL) {
        skp_pack_nil(packer);
        return;
    }
    skp_pack_map(packer, 4);
    skp_member_pack_number(packer, "uptime_ms", totals->uptime_ms);
    pack_counts(packer, "workers", &totals->workers_us);
    pack_counts(packer, "bounds", &totals->bounds_ns);
    skp_pack_text(packer, "requests");
    skp_pack_array(packer, totals->n_requests);
    for (size_t i = 0; i < totals->n_requests; i++) {
        const struct skp_requests_row *row = &totals->requests[i];

        skp_pack_map(packer, 3);
        skp_member_pack_text(packer, "method", row->method);
        pack_counts(packer, "answered", &row->answered);
        pack_counts(packer, "lasted", &row->lasted);
    }
}

/* ---- decoding ----------------------------------------------------------- */

static enum skp_err read_counts(const struct skp_members *members,
                                const char *name,
                                struct skp_counts *ret)
{
    struct skp_value array;
    uint64_t *list;
    void *room = NULL;

    SKP_TRY(skp_member_find_kind(members, name, SKP_KIND_ARRAY, &array));
    SKP_TRY(skp_members_take(members, array.count, sizeof *list, &room));
    list = room;
    for (size_t i = 0; i < array.count; i++) {
        struct skp_value count = skp_value_at(&array, i);

        if (count.kind != SKP_KIND_UINT) {
            return skp_member_refuse(members, name);
        }
        list[i] = count.number;
    }
    *ret = (struct skp_counts){ list, array.count };
    return SKP_ERR_OK;
}

static enum skp_err read_requests(const struct skp_members *members,
                                  struct skp_totals *ret)
{
    struct skp_requests_row *rows;
    struct skp_value array;
    struct skp_members row;
    void *room = NULL;

    SKP_TRY(skp_member_find_kind(members, "requests", SKP_KIND_ARRAY, &array));
    SKP_TRY(skp_members_take(members, array.count, sizeof *rows, &room));
    rows = room;
    for (size_t i = 0; i < array.count; i++) {
        SKP_TRY(skp_members_at(members, &array, i, &row));
        SKP_TRY(skp_member_read_text(&row, "method", &rows[i].method));
        SKP_TRY(read_counts(&row, "answered", &rows[i].answered));
        SKP_TRY(read_counts(&row, "lasted", &rows[i].lasted));
    }
    ret->requests = rows;
    ret->n_requests = array.count;
    return SKP_ERR_OK;
}

enum skp_err skp_totals_read(const struct skp_members *members,
                             bool *ret_is_there,
                             struct skp_totals *ret)
{
    struct skp_members totals;

    *ret = (struct skp_totals){ .uptime_ms = 0 };
    SKP_TRY(
        skp_members_enter_optional(members, "totals", &totals, ret_is_there));
    if (!*ret_is_there) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_member_read_count(&totals, "uptime_ms", &ret->uptime_ms));
    SKP_TRY(read_counts(&totals, "workers", &ret->workers_us));
    SKP_TRY(read_counts(&totals, "bounds", &ret->bounds_ns));
    return read_requests(&totals, ret);
}
