/* rpc_report.c - what the agent tells about itself; see rpc_report.h. */
#include "protocol/rpc_report.h"

/* ---- encoding ----------------------------------------------------------- */

void skp_report_pack_hello(struct skp_packer *packer,
                           const struct skp_hello *hello)
{
    static const enum skp_suite suites[] = { SKP_SUITE_X25519_AES256CTR,
                                             SKP_SUITE_X25519_HPKE_AES256GCM };

    skp_pack_map(packer, 4);
    skp_member_pack_number(packer, "protocol", hello->protocol);
    skp_member_pack_text(packer, "agent", hello->agent);
    skp_pack_text(packer, "suites");
    skp_pack_array(packer, SKP_ARRAY_LEN(suites));
    for (size_t i = 0; i < SKP_ARRAY_LEN(suites); i++) {
        skp_pack_map(packer, 2);
        skp_member_pack_number(packer, "number", suites[i]);
        skp_member_pack_text(packer, "name",
                             skp_view_of(skp_suite_name(suites[i])));
    }
    skp_pack_text(packer, "limits");
    skp_pack_map(packer, 3);
    skp_member_pack_number(packer, "message", hello->message_max);
    skp_member_pack_number(packer, "payload", hello->payload_max);
    skp_member_pack_number(packer, "aad", hello->aad_max);
}

void skp_report_pack_rows(struct skp_packer *packer,
                          const struct skp_response *response)
{
    skp_pack_map(packer, 2);
    skp_pack_text(packer, "tenants");
    skp_pack_array(packer, response->n_rows);
    for (size_t i = 0; i < response->n_rows; i++) {
        const struct skp_tenant_row *row = &response->rows[i];

        skp_pack_map(packer, 6);
        skp_member_pack_text(packer, "id", row->id);
        skp_member_pack_key_id(packer, row->key_id);
        skp_member_pack_number(packer, "generation", row->generation);
        skp_member_pack_text(packer, "state",
                             skp_view_of(skp_tenant_state_name(row->state)));
        skp_member_pack_text(packer, "source",
                             skp_view_of(skp_origin_name(row->origin)));
        skp_member_pack_time(packer, "confirmed_at", row->confirmed_at_s);
    }
    skp_member_pack_optional(packer, "next", response->next);
}

void skp_report_pack_changed(struct skp_packer *packer,
                             const struct skp_tenant_row *rows,
                             size_t n_rows)
{
    skp_pack_array(packer, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        skp_pack_map(packer, 3);
        skp_member_pack_text(packer, "tenant", rows[i].id);
        skp_member_pack_key_id(packer, rows[i].key_id);
        skp_member_pack_number(packer, "generation", rows[i].generation);
    }
}

/* ---- decoding ----------------------------------------------------------- */

enum skp_err skp_report_read_hello(const struct skp_members *members,
                                   struct skp_hello *ret)
{
    struct skp_members limits;
    struct skp_value suites;
    uint64_t protocol;

    SKP_TRY(skp_member_read_number(members, "protocol", UINT32_MAX, &protocol));
    ret->protocol = (uint32_t)protocol;
    SKP_TRY(skp_member_read_text(members, "agent", &ret->agent));
    SKP_TRY(skp_member_find_kind(members, "suites", SKP_KIND_ARRAY, &suites));
    SKP_TRY(skp_members_enter(members, "limits", &limits));
    SKP_TRY(skp_member_read_count(&limits, "message", &ret->message_max));
    SKP_TRY(skp_member_read_count(&limits, "payload", &ret->payload_max));
    return skp_member_read_count(&limits, "aad", &ret->aad_max);
}

/* The members that `tenants` and "changed" share; the id has two names. */
static enum skp_err read_row_key(const struct skp_members *members,
                                 const char *id_name,
                                 struct skp_tenant_row *ret)
{
    SKP_TRY(skp_member_read_text(members, id_name, &ret->id));
    SKP_TRY(skp_member_read_key_id(members, true, &ret->key_id));
    return skp_member_read_count(members, "generation", &ret->generation);
}

static enum skp_err read_row(const struct skp_members *members,
                             struct skp_tenant_row *ret)
{
    struct skp_view name;

    SKP_TRY(read_row_key(members, "id", ret));
    SKP_TRY(skp_member_read_text(members, "state", &name));
    ret->state = skp_tenant_state_from_name(name);
    if (ret->state == SKP_TENANT_STATE_COUNT) {
        return skp_member_refuse(members, "state");
    }
    SKP_TRY(skp_member_read_text(members, "source", &name));
    ret->origin = skp_origin_from_name(name);
    if (ret->origin == SKP_ORIGIN_COUNT) {
        return skp_member_refuse(members, "source");
    }
    return skp_member_read_time(members, "confirmed_at", &ret->confirmed_at_s);
}

enum skp_err skp_report_read_rows(const struct skp_members *members,
                                  struct skp_response *ret)
{
    struct skp_tenant_row *rows;
    struct skp_value array;
    struct skp_members row;
    void *room = NULL;

    SKP_TRY(skp_member_find_kind(members, "tenants", SKP_KIND_ARRAY, &array));
    SKP_TRY(skp_members_take(members, array.count, sizeof *rows, &room));
    rows = room;
    for (size_t i = 0; i < array.count; i++) {
        SKP_TRY(skp_members_at(members, &array, i, &row));
        SKP_TRY(read_row(&row, &rows[i]));
    }
    ret->rows = rows;
    ret->n_rows = array.count;
    return skp_member_read_optional(members, "next", &ret->next);
}

enum skp_err skp_report_read_changed(const struct skp_members *members,
                                     const struct skp_value *array,
                                     struct skp_response *ret)
{
    struct skp_tenant_row *rows;
    struct skp_members row;
    void *room = NULL;

    SKP_TRY(skp_members_take(members, array->count, sizeof *rows, &room));
    rows = room;
    for (size_t i = 0; i < array->count; i++) {
        SKP_TRY(skp_members_at(members, array, i, &row));
        SKP_TRY(read_row_key(&row, "tenant", &rows[i]));
    }
    ret->rows = rows;
    ret->n_rows = array->count;
    return SKP_ERR_OK;
}
