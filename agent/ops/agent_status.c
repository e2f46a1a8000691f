/* agent_status.c - puts together what `sidekey status` shows; see
 * agent_status.h. */
#include "agent/ops/agent_status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/store/tenant_state.h"

/* What a walk over all tenants finds. */
struct census {
    uint64_t by_state[SKP_TENANT_STATE_COUNT];
    const struct skd_tenant *with_reason; /* the first; NULL: none */
    uint64_t n_with_reason;
    struct skp_unrefreshed_row unrefreshed;
};

bool skd_agent_status_is_unconfirmed(const struct skd_tenant *tenant,
                                     const struct skp_source_row *sources,
                                     size_t n_sources)
{
    return tenant->reason != NULL || (n_sources > 0 && sources[0].failures > 0);
}

static void count_unrefreshed(const struct skd_tenant *tenant,
                              struct census *census)
{
    struct skp_unrefreshed_row *row = &census->unrefreshed;

    if (row->tenants == 0 || tenant->confirmed_at_s < row->since_s) {
        row->oldest =
            (struct skp_view){ (const uint8_t *)tenant->id, tenant->id_len };
        row->since_s = tenant->confirmed_at_s;
    }
    row->tenants++;
}

static void take_census(const struct skd_agent_status_parts *parts,
                        struct census *census)
{
    size_t n =
        parts->snapshot == NULL ? 0 : skd_snapshot_count(parts->snapshot);

    for (size_t i = 0; i < n; i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(parts->snapshot, i);
        struct skd_tenant row = skd_snapshot_row(parts->snapshot, tenant);

        census->by_state[skd_tenant_state(&row, parts->now_ms,
                                          parts->config->max_stale_ms)]++;
        if (tenant->reason != NULL && census->n_with_reason++ == 0) {
            census->with_reason = tenant;
        }
        if (skd_agent_status_is_unconfirmed(tenant, parts->sources,
                                            parts->n_sources)) {
            count_unrefreshed(&row, census);
        }
    }
}

SKP_PRINTF(3, 4)
static void warn(struct skd_agent_status_text *text,
                 struct skp_status *status,
                 const char *format,
                 ...)
{
    char *line = text->lines[status->n_warnings];
    va_list args;

    skp_assert(status->n_warnings < SKD_AGENT_STATUS_WARNINGS_MAX);
    va_start(args, format);
    (void)vsnprintf(line, SKD_AGENT_STATUS_WARNING_LEN, format, args);
    va_end(args);
    text->views[status->n_warnings++] = skp_view_of(line);
}

static void warn_of_tls(const struct skd_tls_config *tls,
                        const char *whom,
                        struct skd_agent_status_text *text,
                        struct skp_status *status)
{
    if (tls->insecure_skip_verify) {
        warn(text, status,
             "the certificate of the %s is not verified "
             "(insecure_skip_verify): whoever stands between can read seeds",
             whom);
    }
}

static void warn_of_certificates(const struct skd_agent_status_parts *parts,
                                 struct skd_agent_status_text *text,
                                 struct skp_status *status)
{
    /* Two of the key server, two of the Coordinator. */
    size_t n = parts->n_certificates < 4 ? parts->n_certificates : 4;

    for (size_t i = 0; i < n && parts->now_s > 0; i++) {
        const struct skp_certificate_row *row = &parts->certificates[i];
        int64_t left_s = row->not_after_s - parts->now_s;

        if (left_s <= 0) {
            warn(text, status, "the certificate \"%.*s\" has expired",
                 (int)row->name.len, (const char *)row->name.ptr);
        } else if (left_s < SKD_AGENT_STATUS_EXPIRY_S) {
            warn(text, status,
                 "the certificate \"%.*s\" expires in %" PRId64 " days",
                 (int)row->name.len, (const char *)row->name.ptr,
                 left_s / 86400);
        }
    }
}

/* How the agent itself was set up. */
static void warn_of_setup(const struct skd_agent_status_parts *parts,
                          struct skd_agent_status_text *text,
                          struct skp_status *status)
{
    if (parts->config->mode == SKD_MODE_DEV) {
        warn(text, status, "development mode: all keys die with this agent");
    }
    if (parts->tier < SKD_TIER_MLOCK) {
        warn(text, status, "private keys are in memory that is not locked");
    }
    if (parts->config->coordinator.present) {
        warn_of_tls(&parts->config->coordinator.tls, "Coordinator", text,
                    status);
    }
    if (parts->config->kmip.present) {
        warn_of_tls(&parts->config->kmip.tls, "key server", text, status);
    }
    if (parts->sandbox_missing != NULL && parts->sandbox_missing[0] != '\0') {
        warn(text, status, "the sandbox is not whole: %s",
             parts->sandbox_missing);
    }
    if (parts->metrics_failure != NULL) {
        warn(text, status, "no metrics: %s", parts->metrics_failure);
    }
}

/* How it is doing. */
static void warn_of_troubles(const struct skd_agent_status_parts *parts,
                             const struct census *census,
                             struct skd_agent_status_text *text,
                             struct skp_status *status)
{
    const struct skd_tenant *first = census->with_reason;

    if (parts->brake_missing > 0) {
        warn(text, status,
             "the Coordinator's list lacks %" PRIu64
             " tenants; they are kept until `sidekey refresh "
             "--accept-removals`, or the third such list",
             parts->brake_missing);
    }
    if (first != NULL) {
        warn(text, status,
             "%" PRIu64 " tenants could not be refreshed; the first is %.*s: "
             "%s",
             census->n_with_reason, (int)first->id_len, first->id,
             first->reason);
    }
    if (parts->is_restored) {
        warn(text, status,
             "%" PRIu64 " tenants have keys of before a restart that no "
             "source has confirmed since",
             parts->restored_tenants);
    }
    if (parts->audit != NULL && parts->audit->failing) {
        warn(text, status, "the audit log cannot be written");
    }
    warn_of_certificates(parts, text, status);
}

void skd_agent_status_compose(const struct skd_agent_status_parts *parts,
                              struct skd_agent_status_text *text,
                              struct skp_status *ret)
{
    struct skp_status status = {
        .agent = skp_view_of("sidekeyd/" SKD_VERSION),
        .mode = skp_view_of(skd_mode_name(parts->config->mode)),
        .pid = parts->pid,
        .started_at_s = parts->started_at_s,
        .memory_tier = skp_view_of(skd_tier_name(parts->tier)),
        .locked_bytes = skd_arena_held() + skp_secret_held(),
        .snapshot = parts->n_published,
        .ready = parts->ready,
        .refreshing = parts->refreshing,
        .next_refresh_s = parts->next_refresh_s,
        .brake_missing = parts->brake_missing,
        .sources = parts->sources,
        .n_sources = parts->n_sources,
        .warnings = text->views,
        .is_restored = parts->is_restored,
        .restored_tenants = parts->restored_tenants,
        .restored_at_s = parts->restored_at_s,
        .certificates = parts->certificates,
        .n_certificates = parts->n_certificates,
        .has_audit = parts->audit != NULL,
        .connections_refused = parts->connections_refused,
        .requests_refused = parts->requests_refused,
    };
    struct census census = { .with_reason = NULL };

    if (parts->sandbox != NULL) {
        status.sandbox = skp_view_of(parts->sandbox);
    }
    if (parts->audit != NULL) {
        status.audit = *parts->audit;
    }
    memcpy(status.gone, parts->gone, sizeof status.gone);
    take_census(parts, &census);
    memcpy(status.tenants, census.by_state, sizeof status.tenants);
    status.unrefreshed = census.unrefreshed;
    warn_of_setup(parts, text, &status);
    warn_of_troubles(parts, &census, text, &status);
    *ret = status;
}
