/* client_admin.c - the public calls about the agent itself; see sidekey.h and
 * client_admin.h. */
#include "libclient/client_admin.h"

#include <string.h>

#include "libclient/client.h"
#include "libclient/client_status.h"
#include "libclient/deadline.h"

void skc_admin_text(struct skp_view text, char *ret, size_t cap)
{
    size_t len = text.len < cap ? text.len : cap - 1;

    if (len > 0) {
        memcpy(ret, text.ptr, len);
    }
    ret[len] = '\0';
}

static enum skp_err take_nothing(const struct skp_response *response,
                                 void *ret,
                                 struct skp_diag *diag)
{
    (void)response;
    (void)ret;
    (void)diag;
    return SKP_ERR_OK;
}

/* ---- hello ----------------------------------------------------------------
 */

static enum skp_err take_hello(const struct skp_response *response,
                               void *ret,
                               struct skp_diag *diag)
{
    struct sidekey_hello *hello = ret;

    (void)diag;
    skc_admin_text(response->hello->agent, hello->agent, sizeof hello->agent);
    hello->protocol = response->hello->protocol;
    hello->message_max = response->hello->message_max;
    hello->payload_max = response->hello->payload_max;
    return SKP_ERR_OK;
}

enum sidekey_status sidekey_hello(struct sidekey *handle,
                                  uint32_t deadline_ms,
                                  struct sidekey_hello *ret)
{
    struct skc_call call = {
        .request = { .method = SKP_METHOD_HELLO },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_hello,
        .ret = ret,
    };

    return skc_client_call(handle, &call);
}

/* ---- tenants --------------------------------------------------------------
 */

/* A walk over all pages. */
struct walk {
    bool (*visit)(void *state, const struct sidekey_tenant *tenant);
    void *state;
    char cursor[SKP_STR_MAX + 1]; /* of the next page */
    size_t cursor_len;
    bool is_done;
};

static void copy_tenant(const struct skp_tenant_row *row,
                        struct sidekey_tenant *ret)
{
    *ret = (struct sidekey_tenant){ .has_key = row->key_id != NULL,
                                    .generation = row->generation,
                                    .confirmed_at_s = row->confirmed_at_s };
    skc_admin_text(row->id, ret->id, sizeof ret->id);
    if (row->key_id != NULL) {
        memcpy(ret->key_id, row->key_id, SKP_KEY_ID_LEN);
    }
    skc_admin_text(skp_view_of(skp_tenant_state_name(row->state)), ret->state,
                   sizeof ret->state);
    skc_admin_text(skp_view_of(skp_origin_name(row->origin)), ret->source,
                   sizeof ret->source);
}

static enum skp_err
take_page(const struct skp_response *response, void *ret, struct skp_diag *diag)
{
    struct walk *walk = ret;
    struct skp_view cursor = { (const uint8_t *)walk->cursor,
                               walk->cursor_len };

    if (response->next.len > SKP_STR_MAX ||
        (response->next.len > 0 && skp_view_equal(response->next, cursor))) {
        return skp_fail(diag, SKP_ERR_INTERNAL,
                        "the agent's list of tenants does not end");
    }
    for (size_t i = 0; i < response->n_rows && !walk->is_done; i++) {
        struct sidekey_tenant tenant;

        copy_tenant(&response->rows[i], &tenant);
        walk->is_done = !walk->visit(walk->state, &tenant);
    }
    skc_admin_text(response->next, walk->cursor, sizeof walk->cursor);
    walk->cursor_len = response->next.len;
    walk->is_done = walk->is_done || walk->cursor_len == 0;
    return SKP_ERR_OK;
}

enum sidekey_status
sidekey_tenants(struct sidekey *handle,
                uint32_t deadline_ms,
                bool (*visit)(void *state, const struct sidekey_tenant *tenant),
                void *state)
{
    struct walk walk = { .visit = visit, .state = state };
    uint64_t until_ms = skc_deadline_after(deadline_ms); /* of all pages */

    while (!walk.is_done) {
        char cursor[SKP_STR_MAX + 1];
        struct skc_call call = {
            .request = { .method = SKP_METHOD_TENANTS,
                         .cursor = { (const uint8_t *)cursor,
                                     walk.cursor_len } },
            .deadline_ms = until_ms,
            .take = take_page,
            .ret = &walk,
        };
        enum sidekey_status status;

        memcpy(cursor, walk.cursor, sizeof cursor);
        status = skc_client_call(handle, &call);
        if (status != SIDEKEY_OK) {
            return status;
        }
    }
    return SIDEKEY_OK;
}

/* ---- status ---------------------------------------------------------------
 */

static void copy_sources(const struct skp_status *status,
                         struct sidekey_agent_status *ret)
{
    for (size_t i = 0; i < status->n_sources; i++) {
        const struct skp_source_row *row = &status->sources[i];
        struct sidekey_source *source = &ret->sources[ret->n_sources];

        if (ret->n_sources == SKP_ARRAY_LEN(ret->sources)) {
            return;
        }
        skc_admin_text(row->name, source->name, sizeof source->name);
        skc_admin_text(row->last_error, source->last_error,
                       sizeof source->last_error);
        source->last_attempt_s = row->last_attempt_s;
        source->last_success_s = row->last_success_s;
        source->failures = row->failures;
        ret->n_sources++;
    }
}

static void copy_warnings(const struct skp_status *status,
                          struct sidekey_agent_status *ret)
{
    for (size_t i = 0; i < status->n_warnings; i++) {
        if (ret->n_warnings == SKP_ARRAY_LEN(ret->warnings)) {
            return;
        }
        skc_admin_text(status->warnings[i], ret->warnings[ret->n_warnings],
                       sizeof ret->warnings[0]);
        ret->n_warnings++;
    }
}

static void copy_certificates(const struct skp_status *status,
                              struct sidekey_agent_status *ret)
{
    for (size_t i = 0; i < status->n_certificates; i++) {
        const struct skp_certificate_row *row = &status->certificates[i];
        struct sidekey_certificate *to =
            &ret->certificates[ret->n_certificates];

        if (ret->n_certificates == SKP_ARRAY_LEN(ret->certificates)) {
            return;
        }
        skc_admin_text(row->name, to->name, sizeof to->name);
        to->not_after_s = row->not_after_s;
        ret->n_certificates++;
    }
}

/* What older agents do not tell. */
static void copy_newer(const struct skp_status *from,
                       struct sidekey_agent_status *to)
{
    to->tenants_unrefreshed = from->unrefreshed.tenants;
    to->unrefreshed_since_s = from->unrefreshed.since_s;
    to->is_restored = from->is_restored;
    to->restored_tenants = from->restored_tenants;
    to->restored_at_s = from->restored_at_s;
    to->has_audit = from->has_audit;
    to->audit_written = from->audit.written;
    to->audit_dropped = from->audit.dropped;
    to->audit_sequence = from->audit.sequence;
    to->audit_failing = from->audit.failing;
    to->connections_refused = from->connections_refused;
    to->requests_refused = from->requests_refused;
    to->gone_destroyed = from->gone[SKP_GONE_DESTROYED];
    to->gone_removed = from->gone[SKP_GONE_REMOVED];
    to->gone_forgotten = from->gone[SKP_GONE_FORGOTTEN];
    skc_admin_text(from->sandbox, to->sandbox, sizeof to->sandbox);
    skc_admin_text(from->unrefreshed.oldest, to->unrefreshed_oldest,
                   sizeof to->unrefreshed_oldest);
    skc_admin_text(from->audit.target, to->audit_target,
                   sizeof to->audit_target);
    copy_certificates(from, to);
}

void skc_admin_status(const struct skp_status *status,
                      struct sidekey_agent_status *ret)
{
    *ret = (struct sidekey_agent_status){
        .pid = status->pid,
        .started_at_s = status->started_at_s,
        .locked_bytes = status->locked_bytes,
        .snapshot = status->snapshot,
        .ready = status->ready,
        .refreshing = status->refreshing,
        .next_refresh_s = status->next_refresh_s,
        .tenants_active = status->tenants[SKP_TENANT_STATE_ACTIVE],
        .tenants_decrypt_only = status->tenants[SKP_TENANT_STATE_DECRYPT_ONLY],
        .tenants_stale = status->tenants[SKP_TENANT_STATE_STALE],
        .tenants_unavailable = status->tenants[SKP_TENANT_STATE_UNAVAILABLE],
        .brake_missing = status->brake_missing,
        .connections = status->connections,
    };
    skc_admin_text(status->agent, ret->agent, sizeof ret->agent);
    skc_admin_text(status->mode, ret->mode, sizeof ret->mode);
    skc_admin_text(status->memory_tier, ret->memory_tier,
                   sizeof ret->memory_tier);
    copy_sources(status, ret);
    copy_warnings(status, ret);
    copy_newer(status, ret);
}

static enum skp_err take_status(const struct skp_response *response,
                                void *ret,
                                struct skp_diag *diag)
{
    (void)diag;
    skc_admin_status(response->status, ret);
    return SKP_ERR_OK;
}

enum sidekey_status sidekey_agent_status(struct sidekey *handle,
                                         uint32_t deadline_ms,
                                         struct sidekey_agent_status *ret)
{
    struct skc_call call = {
        .request = { .method = SKP_METHOD_STATUS },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_status,
        .ret = ret,
    };

    return skc_client_call(handle, &call);
}

/* ---- refresh and forget ---------------------------------------------------
 */

enum sidekey_status sidekey_refresh(struct sidekey *handle,
                                    bool accept_removals,
                                    uint32_t deadline_ms)
{
    struct skc_call call = {
        .request = { .method = SKP_METHOD_REFRESH,
                     .accept_removals = accept_removals },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_nothing,
    };

    return skc_client_call(handle, &call);
}

enum sidekey_status
sidekey_forget(struct sidekey *handle, const char *tenant, uint32_t deadline_ms)
{
    struct skc_call call = {
        .request = { .method = SKP_METHOD_FORGET,
                     .tenant = skc_client_tenant(tenant) },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_nothing,
    };

    return skc_client_call(handle, &call);
}
