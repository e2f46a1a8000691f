/* rpc_status.c - the result of status; see rpc_status.h. */
#include "protocol/rpc_status.h"

#include "protocol/rpc_totals.h"

/* ---- encoding ----------------------------------------------------------- */

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

        skp_pack_map(packer, 5);
        skp_member_pack_text(packer, "name", row->name);
        skp_member_pack_time(packer, "last_attempt", row->last_attempt_s);
        skp_member_pack_time(packer, "last_success", row->last_success_s);
        skp_member_pack_optional(packer, "last_error", row->last_error);
        skp_member_pack_number(packer, "failures", row->failures);
    }
}

static void pack_warnings(struct skp_packer *packer,
                          const struct skp_status *status)
{
    skp_pack_text(packer, "warnings");
    skp_pack_array(packer, status->n_warnings);
    for (size_t i = 0; i < status->n_warnings; i++) {
        skp_pack_str(packer, status->warnings[i]);
    }
}

static void pack_unrefreshed(struct skp_packer *packer,
                             const struct skp_unrefreshed_row *row)
{
    skp_pack_text(packer, "unrefreshed");
    if (row->tenants == 0) {
        skp_pack_nil(packer);
        return;
    }
    skp_pack_map(packer, 3);
    skp_member_pack_number(packer, "tenants", row->tenants);
    skp_member_pack_text(packer, "oldest", row->oldest);
    skp_member_pack_time(packer, "since", row->since_s);
}

static void pack_restored(struct skp_packer *packer,
                          const struct skp_status *status)
{
    skp_pack_text(packer, "restored");
    if (!status->is_restored) {
        skp_pack_nil(packer);
        return;
    }
    skp_pack_map(packer, 2);
    skp_member_pack_number(packer, "tenants", status->restored_tenants);
    skp_member_pack_time(packer, "at", status->restored_at_s);
}

static void pack_certificates(struct skp_packer *packer,
                              const struct skp_status *status)
{
    skp_pack_text(packer, "certificates");
    skp_pack_array(packer, status->n_certificates);
    for (size_t i = 0; i < status->n_certificates; i++) {
        skp_pack_map(packer, 2);
        skp_member_pack_text(packer, "name", status->certificates[i].name);
        skp_member_pack_time(packer, "not_after",
                             status->certificates[i].not_after_s);
    }
}

static void pack_audit(struct skp_packer *packer,
                       const struct skp_status *status)
{
    const struct skp_audit_row *row = &status->audit;

    skp_pack_text(packer, "audit");
    if (!status->has_audit) {
        skp_pack_nil(packer);
        return;
    }
    skp_pack_map(packer, 5);
    skp_member_pack_text(packer, "target", row->target);
    skp_member_pack_number(packer, "written", row->written);
    skp_member_pack_number(packer, "dropped", row->dropped);
    skp_member_pack_number(packer, "sequence", row->sequence);
    skp_member_pack_flag(packer, "failing", row->failing);
}

static void pack_gone(struct skp_packer *packer,
                      const uint64_t gone[SKP_GONE_COUNT])
{
    skp_pack_text(packer, "gone");
    skp_pack_map(packer, SKP_GONE_COUNT);
    for (unsigned i = 0; i < SKP_GONE_COUNT; i++) {
        skp_member_pack_number(packer, skp_gone_name((enum skp_gone)i),
                               gone[i]);
    }
}

static void pack_quota(struct skp_packer *packer,
                       const struct skp_status *status)
{
    skp_pack_text(packer, "quota");
    skp_pack_map(packer, 2);
    skp_member_pack_number(packer, "connections_refused",
                           status->connections_refused);
    skp_member_pack_number(packer, "requests_refused",
                           status->requests_refused);
}

void skp_status_pack(struct skp_packer *packer, const struct skp_status *status)
{
    skp_pack_map(packer, 23);
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
    pack_warnings(packer, status);
    skp_member_pack_optional(packer, "sandbox", status->sandbox);
    pack_unrefreshed(packer, &status->unrefreshed);
    pack_restored(packer, status);
    pack_certificates(packer, status);
    pack_audit(packer, status);
    pack_quota(packer, status);
    pack_gone(packer, status->gone);
    skp_totals_pack(packer, status->has_totals ? &status->totals : NULL);
}

/* ---- decoding ----------------------------------------------------------- */

/* A number that older agents do not send. */
static enum skp_err read_newer_count(const struct skp_members *members,
                                     const char *name,
                                     uint64_t *ret)
{
    *ret = 0;
    return skp_member_is_there(members, name)
               ? skp_member_read_count(members, name, ret)
               : SKP_ERR_OK;
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
        SKP_TRY(read_newer_count(&row, "failures", &rows[i].failures));
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

/* ---- what older agents do not send -------------------------------------- */

static enum skp_err read_unrefreshed(const struct skp_members *members,
                                     struct skp_unrefreshed_row *ret)
{
    struct skp_members row;
    bool is_there = false;

    SKP_TRY(
        skp_members_enter_optional(members, "unrefreshed", &row, &is_there));
    if (!is_there) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_member_read_count(&row, "tenants", &ret->tenants));
    SKP_TRY(skp_member_read_text(&row, "oldest", &ret->oldest));
    SKP_TRY(skp_member_read_time(&row, "since", &ret->since_s));
    if (ret->tenants == 0) {
        *ret = (struct skp_unrefreshed_row){ 0, { NULL, 0 }, 0 };
    }
    return SKP_ERR_OK;
}

static enum skp_err read_restored(const struct skp_members *members,
                                  struct skp_status *ret)
{
    struct skp_members row;

    SKP_TRY(skp_members_enter_optional(members, "restored", &row,
                                       &ret->is_restored));
    if (!ret->is_restored) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_member_read_count(&row, "tenants", &ret->restored_tenants));
    return skp_member_read_time(&row, "at", &ret->restored_at_s);
}

static enum skp_err read_certificates(const struct skp_members *members,
                                      struct skp_status *ret)
{
    struct skp_certificate_row *rows;
    struct skp_value array;
    struct skp_members row;
    void *room = NULL;

    if (!skp_member_is_there(members, "certificates")) {
        return SKP_ERR_OK;
    }
    SKP_TRY(
        skp_member_find_kind(members, "certificates", SKP_KIND_ARRAY, &array));
    SKP_TRY(skp_members_take(members, array.count, sizeof *rows, &room));
    rows = room;
    for (size_t i = 0; i < array.count; i++) {
        SKP_TRY(skp_members_at(members, &array, i, &row));
        SKP_TRY(skp_member_read_text(&row, "name", &rows[i].name));
        SKP_TRY(skp_member_read_time(&row, "not_after", &rows[i].not_after_s));
    }
    ret->certificates = rows;
    ret->n_certificates = array.count;
    return SKP_ERR_OK;
}

static enum skp_err read_audit(const struct skp_members *members,
                               struct skp_status *ret)
{
    struct skp_members row;

    SKP_TRY(
        skp_members_enter_optional(members, "audit", &row, &ret->has_audit));
    if (!ret->has_audit) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_member_read_text(&row, "target", &ret->audit.target));
    SKP_TRY(skp_member_read_count(&row, "written", &ret->audit.written));
    SKP_TRY(skp_member_read_count(&row, "dropped", &ret->audit.dropped));
    SKP_TRY(skp_member_read_count(&row, "sequence", &ret->audit.sequence));
    return skp_member_read_flag(&row, "failing", &ret->audit.failing);
}

static enum skp_err read_quota(const struct skp_members *members,
                               struct skp_status *ret)
{
    struct skp_members quota;

    if (!skp_member_is_there(members, "quota")) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_members_enter(members, "quota", &quota));
    SKP_TRY(skp_member_read_count(&quota, "connections_refused",
                                  &ret->connections_refused));
    return skp_member_read_count(&quota, "requests_refused",
                                 &ret->requests_refused);
}

static enum skp_err read_gone(const struct skp_members *members,
                              uint64_t ret[SKP_GONE_COUNT])
{
    struct skp_members gone;

    if (!skp_member_is_there(members, "gone")) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_members_enter(members, "gone", &gone));
    for (unsigned i = 0; i < SKP_GONE_COUNT; i++) {
        SKP_TRY(skp_member_read_count(&gone, skp_gone_name((enum skp_gone)i),
                                      &ret[i]));
    }
    return SKP_ERR_OK;
}

static enum skp_err read_newer(const struct skp_members *members,
                               struct skp_status *ret)
{
    if (skp_member_is_there(members, "sandbox")) {
        SKP_TRY(skp_member_read_optional(members, "sandbox", &ret->sandbox));
    }
    SKP_TRY(read_unrefreshed(members, &ret->unrefreshed));
    SKP_TRY(read_restored(members, ret));
    SKP_TRY(read_certificates(members, ret));
    SKP_TRY(read_audit(members, ret));
    SKP_TRY(read_quota(members, ret));
    SKP_TRY(read_gone(members, ret->gone));
    return skp_totals_read(members, &ret->has_totals, &ret->totals);
}

static enum skp_err read_first(const struct skp_members *members,
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

enum skp_err skp_status_read(const struct skp_members *members,
                             struct skp_status *ret)
{
    *ret = (struct skp_status){ .agent = { NULL, 0 } };
    SKP_TRY(read_first(members, ret));
    return read_newer(members, ret);
}
