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

static void pack_counts(struct skp_packer *packer,
                        const uint64_t counts[SKP_TENANT_STATE_COUNT])
{
    skp_pack_text(packer, "tenants");
    skp_pack_map(packer, SKP_TENANT_STATE_COUNT);
    for (unsigned i = 0; i < SKP_TENANT_STATE_COUNT; i++) {
        skp_member_pack_number(
            packer, skp_tenant_state_name((enum skp_tenant_state)i), counts[i]);
    }
}

static void pack_sources(struct skp_packer *packer,
                         const struct skp_status *status)
{
    skp_pack_text(packer, "sources");
    skp_pack_array(packer, status->n_sources);
    for (size_t i = 0; i < status->n_sources; i++) {
        const struct skp_source_row *row = &status->sources[i];

        skp_pack_map(packer, 4);
        skp_member_pack_text(packer, "name", row->name);
        skp_member_pack_time(packer, "last_attempt", row->last_attempt_s);
        skp_member_pack_time(packer, "last_success", row->last_success_s);
        skp_member_pack_optional(packer, "last_error", row->last_error);
    }
}

void skp_report_pack_status(struct skp_packer *packer,
                            const struct skp_status *status)
{
    skp_pack_map(packer, 15);
    skp_member_pack_text(packer, "agent", status->agent);
    skp_member_pack_text(packer, "mode", status->mode);
    skp_member_pack_number(packer, "pid", status->pid);
    skp_member_pack_time(packer, "started_at", status->started_at_s);
    skp_member_pack_text(packer, "memory_tier", status->memory_tier);
    skp_member_pack_number(packer, "locked_bytes", status->locked_bytes);
    skp_member_pack_number(packer, "snapshot", status->snapshot);
    skp_member_pack_flag(packer, "ready", status->ready);
    skp_member_pack_flag(packer, "refreshing", status->refreshing);
    skp_member_pack_time(packer, "next_refresh", status->next_refresh_s);
    pack_counts(packer, status->tenants);
    skp_member_pack_number(packer, "brake_missing", status->brake_missing);
    skp_member_pack_number(packer, "connections", status->connections);
    pack_sources(packer, status);
    skp_pack_text(packer, "warnings");
    skp_pack_array(packer, status->n_warnings);
    for (size_t i = 0; i < status->n_warnings; i++) {
        skp_pack_str(packer, status->warnings[i]);
    }
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

static enum skp_err read_counts(const struct skp_members *members,
                                uint64_t ret[SKP_TENANT_STATE_COUNT])
{
    struct skp_members counts;

    SKP_TRY(skp_members_enter(members, "tenants", &counts));
    for (unsigned i = 0; i < SKP_TENANT_STATE_COUNT; i++) {
        SKP_TRY(skp_member_read_count(
            &counts, skp_tenant_state_name((enum skp_tenant_state)i), &ret[i]));
    }
    return SKP_ERR_OK;
}

static enum skp_err read_sources(const struct skp_members *members,
                                 struct skp_status *ret)
{
    struct skp_source_row *rows;
    struct skp_value array;
    struct skp_members row;
    void *room = NULL;

    SKP_TRY(skp_member_find_kind(members, "sources", SKP_KIND_ARRAY, &array));
    SKP_TRY(skp_members_take(members, array.count, sizeof *rows, &room));
    rows = room;
    for (size_t i = 0; i < array.count; i++) {
        SKP_TRY(skp_members_at(members, &array, i, &row));
        SKP_TRY(skp_member_read_text(&row, "name", &rows[i].name));
        SKP_TRY(skp_member_read_time(&row, "last_attempt",
                                     &rows[i].last_attempt_s));
        SKP_TRY(skp_member_read_time(&row, "last_success",
                                     &rows[i].last_success_s));
        SKP_TRY(
            skp_member_read_optional(&row, "last_error", &rows[i].last_error));
    }
    ret->sources = rows;
    ret->n_sources = array.count;
    return SKP_ERR_OK;
}

static enum skp_err read_warnings(const struct skp_members *members,
                                  struct skp_status *ret)
{
    struct skp_view *rows;
    struct skp_value array;
    void *room = NULL;

    SKP_TRY(skp_member_find_kind(members, "warnings", SKP_KIND_ARRAY, &array));
    SKP_TRY(skp_members_take(members, array.count, sizeof *rows, &room));
    rows = room;
    for (size_t i = 0; i < array.count; i++) {
        struct skp_value warning = skp_value_at(&array, i);

        if (warning.kind != SKP_KIND_STR) {
            return skp_member_refuse(members, "warnings");
        }
        rows[i] = warning.bytes;
    }
    ret->warnings = rows;
    ret->n_warnings = array.count;
    return SKP_ERR_OK;
}

enum skp_err skp_report_read_status(const struct skp_members *members,
                                    struct skp_status *ret)
{
    SKP_TRY(skp_member_read_text(members, "agent", &ret->agent));
    SKP_TRY(skp_member_read_text(members, "mode", &ret->mode));
    SKP_TRY(skp_member_read_count(members, "pid", &ret->pid));
    SKP_TRY(skp_member_read_time(members, "started_at", &ret->started_at_s));
    SKP_TRY(skp_member_read_text(members, "memory_tier", &ret->memory_tier));
    SKP_TRY(skp_member_read_count(members, "locked_bytes", &ret->locked_bytes));
    SKP_TRY(skp_member_read_count(members, "snapshot", &ret->snapshot));
    SKP_TRY(skp_member_read_flag(members, "ready", &ret->ready));
    SKP_TRY(skp_member_read_flag(members, "refreshing", &ret->refreshing));
    SKP_TRY(
        skp_member_read_time(members, "next_refresh", &ret->next_refresh_s));
    SKP_TRY(read_counts(members, ret->tenants));
    SKP_TRY(
        skp_member_read_count(members, "brake_missing", &ret->brake_missing));
    SKP_TRY(skp_member_read_count(members, "connections", &ret->connections));
    SKP_TRY(read_sources(members, ret));
    return read_warnings(members, ret);
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
