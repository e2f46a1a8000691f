/* agent_status.c - puts together what `sidekey status` shows; see
 * agent_status.h. */
#include "agent/ops/agent_status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/store/tenant_state.h"

/* Count the tenants by state and return the first that has a reason. */
static const struct skd_tenant *
count_tenants(const struct skd_agent_status_parts *parts,
              uint64_t counts[],
              size_t *ret_with_reason)
{
    const struct skd_tenant *first = NULL;
    size_t n =
        parts->snapshot == NULL ? 0 : skd_snapshot_count(parts->snapshot);

    for (size_t i = 0; i < n; i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(parts->snapshot, i);

        counts[skd_tenant_state(tenant, parts->now_ms,
                                parts->config->max_stale_ms)]++;
        if (tenant->reason != NULL) {
            first = first == NULL ? tenant : first;
            (*ret_with_reason)++;
        }
    }
    return first;
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

static void add_warnings(const struct skd_agent_status_parts *parts,
                         const struct skd_tenant *with_reason,
                         size_t n_with_reason,
                         struct skd_agent_status_text *text,
                         struct skp_status *status)
{
    if (parts->config->mode == SKD_MODE_DEV) {
        warn(text, status, "development mode: all keys die with this agent");
    }
    if (parts->tier < SKD_TIER_MLOCK) {
        warn(text, status, "private keys are in memory that is not locked");
    }
    if (parts->brake_missing > 0) {
        warn(text, status,
             "the Coordinator's list lacks %" PRIu64
             " tenants; they are kept until `sidekey refresh "
             "--accept-removals`, or the third such list",
             parts->brake_missing);
    }
    if (with_reason != NULL) {
        warn(text, status,
             "%zu tenants could not be refreshed; the first is %.*s: %s",
             n_with_reason, (int)with_reason->id_len, with_reason->id,
             with_reason->reason);
    }
    if (parts->config->coordinator.present) {
        warn_of_tls(&parts->config->coordinator.tls, "Coordinator", text,
                    status);
    }
    if (parts->config->kmip.present) {
        warn_of_tls(&parts->config->kmip.tls, "key server", text, status);
    }
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
    };
    size_t n_with_reason = 0;
    const struct skd_tenant *with_reason =
        count_tenants(parts, status.tenants, &n_with_reason);

    add_warnings(parts, with_reason, n_with_reason, text, &status);
    *ret = status;
}
