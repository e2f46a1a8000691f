/* metrics_text.c - the state of the agent for Prometheus; see metrics_text.h.
 */
#include "agent/ops/metrics_text.h"

#include <inttypes.h>

#include "agent/ops/agent_status.h"

/* ---- the format --------------------------------------------------------- */

static void
put_head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP sidekey_%s %s\n# TYPE sidekey_%s %s\n", name,
                  help, name, type);
}

/* The value of a label: backslash, quote and newline are escaped. */
static void put_label(FILE *out, const char *label, struct skp_view value)
{
    (void)fprintf(out, "%s=\"", label);
    for (size_t i = 0; i < value.len; i++) {
        int c = value.ptr[i];

        if (c == '\\' || c == '"') {
            (void)fputc('\\', out);
        }
        if (c == '\n') {
            (void)fputs("\\n", out);
        } else {
            (void)fputc(c, out);
        }
    }
    (void)fputc('"', out);
}

static void put_labelled(FILE *out,
                         const char *name,
                         const char *label,
                         struct skp_view value,
                         uint64_t number)
{
    (void)fprintf(out, "sidekey_%s{", name);
    put_label(out, label, value);
    (void)fprintf(out, "} %" PRIu64 "\n", number);
}

static void put_one(FILE *out,
                    const char *name,
                    const char *type,
                    const char *help,
                    uint64_t number)
{
    put_head(out, name, type, help);
    (void)fprintf(out, "sidekey_%s %" PRIu64 "\n", name, number);
}

/* A word about the agent, as the label of a 1. */
static void put_info(FILE *out,
                     const char *name,
                     const char *help,
                     const char *label,
                     struct skp_view value)
{
    put_head(out, name, "gauge", help);
    put_labelled(out, name, label, value, 1);
}

static uint64_t time_of(int64_t time_s)
{
    return time_s < 0 ? 0 : (uint64_t)time_s;
}

/* ---- the agent ---------------------------------------------------------- */

static void put_agent(FILE *out, const struct skp_status *status)
{
    put_info(out, "build_info", "The version of the agent.", "version",
             skp_view_of(SKD_VERSION));
    put_info(out, "mode_info", "The value of crypto.mode.", "mode",
             status->mode);
    put_info(out, "memory_tier_info", "How private keys are kept.", "tier",
             status->memory_tier);
    if (status->sandbox.len > 0) {
        put_info(out, "sandbox_info", "What the agent has given up.", "sandbox",
                 status->sandbox);
    }
    put_one(out, "start_time_seconds", "gauge",
            "Unix time at which the agent was started.",
            time_of(status->started_at_s));
    put_one(out, "ready", "gauge",
            "1 when there are keys to serve, as in /readyz.", status->ready);
    put_one(out, "warnings", "gauge",
            "Sentences for the operator in `sidekey status`.",
            status->n_warnings);
    put_one(out, "locked_memory_bytes", "gauge",
            "Memory that is locked for keys.", status->locked_bytes);
}

/* ---- refreshes ---------------------------------------------------------- */

struct source_metric {
    const char *name;
    const char *type;
    const char *help;
    uint64_t (*value)(const struct skd_metrics_parts *parts, size_t i);
};

static uint64_t asked_of(const struct skd_metrics_parts *parts, size_t i)
{
    return parts->source_asked[i];
}

static uint64_t failed_of(const struct skd_metrics_parts *parts, size_t i)
{
    return parts->source_failed[i];
}

static uint64_t failures_of(const struct skd_metrics_parts *parts, size_t i)
{
    return parts->status->sources[i].failures;
}

static uint64_t attempt_of(const struct skd_metrics_parts *parts, size_t i)
{
    return time_of(parts->status->sources[i].last_attempt_s);
}

static uint64_t success_of(const struct skd_metrics_parts *parts, size_t i)
{
    return time_of(parts->status->sources[i].last_success_s);
}

static const struct source_metric source_metrics[] = {
    { "source_attempts_total", "counter", "How often the source was asked.",
      asked_of },
    { "source_failures_total", "counter", "How often that failed.", failed_of },
    { "source_consecutive_failures", "gauge",
      "Attempts in a row that failed, up to now.", failures_of },
    { "source_last_attempt_timestamp_seconds", "gauge",
      "Unix time at which the source was last asked; 0: never.", attempt_of },
    { "source_last_success_timestamp_seconds", "gauge",
      "Unix time at which it last answered well; 0: never.", success_of },
};

static void put_sources(FILE *out, const struct skd_metrics_parts *parts)
{
    size_t n = parts->status->n_sources;

    if (n > SKP_ARRAY_LEN(parts->source_asked)) {
        n = SKP_ARRAY_LEN(parts->source_asked);
    }
    for (size_t m = 0; m < SKP_ARRAY_LEN(source_metrics) && n > 0; m++) {
        const struct source_metric *metric = &source_metrics[m];

        put_head(out, metric->name, metric->type, metric->help);
        for (size_t i = 0; i < n; i++) {
            put_labelled(out, metric->name, "source",
                         parts->status->sources[i].name,
                         metric->value(parts, i));
        }
    }
}

static void put_refreshes(FILE *out, const struct skd_metrics_parts *parts)
{
    const struct skp_status *status = parts->status;

    put_one(out, "snapshots_published_total", "counter",
            "Sets of keys that were published.", status->snapshot);
    put_one(out, "refresh_running", "gauge", "1 while sources are asked.",
            status->refreshing);
    put_one(out, "refresh_next_timestamp_seconds", "gauge",
            "Unix time of the next refresh; 0: none is planned.",
            time_of(status->next_refresh_s));
    put_sources(out, parts);
}

/* ---- tenants ------------------------------------------------------------ */

/* The tenants without a confirmation that were confirmed the longest ago. */
struct oldest {
    struct skd_tenant tenants[SKD_METRICS_TENANTS_MAX];
    size_t n;
};

static void keep_oldest(struct oldest *oldest, const struct skd_tenant *tenant)
{
    size_t at = oldest->n;

    while (at > 0 &&
           oldest->tenants[at - 1].confirmed_at_s > tenant->confirmed_at_s) {
        at--;
    }
    if (at == SKD_METRICS_TENANTS_MAX) {
        return;
    }
    if (oldest->n < SKD_METRICS_TENANTS_MAX) {
        oldest->n++;
    }
    for (size_t i = oldest->n - 1; i > at; i--) {
        oldest->tenants[i] = oldest->tenants[i - 1];
    }
    oldest->tenants[at] = *tenant;
}

static void put_oldest(FILE *out,
                       const struct skp_status *status,
                       const struct skd_snapshot *snapshot)
{
    static const char name[] = "tenant_confirmed_timestamp_seconds";
    size_t n = snapshot == NULL ? 0 : skd_snapshot_count(snapshot);
    struct oldest oldest = { .n = 0 };

    for (size_t i = 0; i < n; i++) {
        struct skd_tenant row =
            skd_snapshot_row(snapshot, skd_snapshot_at(snapshot, i));

        if (skd_agent_status_is_unconfirmed(&row, status->sources,
                                            status->n_sources)) {
            keep_oldest(&oldest, &row);
        }
    }
    if (oldest.n == 0) {
        return;
    }
    put_head(out, name, "gauge",
             "Unix time at which a source last confirmed the key, of the "
             "tenants that the last refresh did not confirm, the 10 oldest.");
    for (size_t i = 0; i < oldest.n; i++) {
        const struct skd_tenant *tenant = &oldest.tenants[i];
        struct skp_view id = { (const uint8_t *)tenant->id, tenant->id_len };

        put_labelled(out, name, "tenant", id, time_of(tenant->confirmed_at_s));
    }
}

static void put_tenants(FILE *out, const struct skd_metrics_parts *parts)
{
    const struct skp_status *status = parts->status;

    put_head(out, "tenants", "gauge", "Tenants by state.");
    for (unsigned i = 0; i < SKP_TENANT_STATE_COUNT; i++) {
        put_labelled(
            out, "tenants", "state",
            skp_view_of(skp_tenant_state_name((enum skp_tenant_state)i)),
            status->tenants[i]);
    }
    put_one(out, "tenants_unconfirmed", "gauge",
            "Tenants that the last refresh did not confirm.",
            status->unrefreshed.tenants);
    put_one(out, "tenants_unconfirmed_oldest_timestamp_seconds", "gauge",
            "Unix time at which the oldest of these was confirmed; 0: none, or "
            "never.",
            time_of(status->unrefreshed.since_s));
    put_one(out, "tenants_removal_held", "gauge",
            "Tenants whose removal is held back.", status->brake_missing);
    put_one(out, "tenants_restored", "gauge",
            "Tenants with keys of before a restart, not confirmed since.",
            status->restored_tenants);
    put_head(out, "tenants_gone", "gauge",
             "Tenants whose keys are gone for good, by reason.");
    for (unsigned i = 0; i < SKP_GONE_COUNT; i++) {
        put_labelled(out, "tenants_gone", "reason",
                     skp_view_of(skp_gone_name((enum skp_gone)i)),
                     status->gone[i]);
    }
    put_oldest(out, status, parts->snapshot);
}

/* ---- requests ----------------------------------------------------------- */

static const char *name_of_method(unsigned method)
{
    return method == SKD_TOTALS_NO_METHOD
               ? "none"
               : skp_method_name((enum skp_method)method);
}

/* Codes that never were are left out, but for OK. */
static void put_answers(FILE *out, const struct skd_request_totals *requests)
{
    put_head(out, "requests_total", "counter",
             "Requests that were answered, by method and code; \"none\" are "
             "those whose method could not be told.");
    for (unsigned m = 0; m < SKD_TOTALS_METHODS; m++) {
        for (unsigned c = 0; c < SKD_TOTALS_CODES; c++) {
            uint64_t n = requests->answered[m][c];

            if (n > 0 || (c == SKP_ERR_OK && m != SKD_TOTALS_NO_METHOD)) {
                (void)fprintf(out,
                              "sidekey_requests_total{method=\"%s\","
                              "code=\"%s\"} %" PRIu64 "\n",
                              name_of_method(m), skp_err_name((enum skp_err)c),
                              n);
            }
        }
    }
}

static void put_durations_of(FILE *out,
                             const struct skd_request_totals *requests,
                             unsigned method)
{
    static const char *const bounds[] = {
#define BOUND_TEXT(ns, text) text,
        SKD_TOTALS_BOUND_MAP(BOUND_TEXT) "+Inf"
#undef BOUND_TEXT
    };
    const char *name = name_of_method(method);
    uint64_t sum_ns = requests->sum_ns[method];
    uint64_t n = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(bounds); i++) {
        n += requests->lasted[method][i];
        (void)fprintf(out,
                      "sidekey_request_duration_seconds_bucket{method=\"%s\","
                      "le=\"%s\"} %" PRIu64 "\n",
                      name, bounds[i], n);
    }
    (void)fprintf(out,
                  "sidekey_request_duration_seconds_sum{method=\"%s\"} %" PRIu64
                  ".%09" PRIu64 "\n"
                  "sidekey_request_duration_seconds_count{method=\"%s\"} "
                  "%" PRIu64 "\n",
                  name, sum_ns / 1000000000u, sum_ns % 1000000000u, name, n);
}

static void put_requests(FILE *out, const struct skd_metrics_parts *parts)
{
    const struct skp_status *status = parts->status;

    put_answers(out, parts->requests);
    put_head(out, "request_duration_seconds", "histogram",
             "From the request to its answer, without the way through the "
             "socket.");
    for (unsigned m = 0; m < SKD_TOTALS_METHODS; m++) {
        put_durations_of(out, parts->requests, m);
    }
    put_one(out, "connections", "gauge", "Connections of clients, open now.",
            status->connections);
    put_one(out, "connections_refused_total", "counter",
            "Connections refused because there were too many.",
            status->connections_refused);
}

/* ---- quotas ------------------------------------------------------------- */

static void put_quotas(FILE *out, const struct skd_metrics_parts *parts)
{
    static const char name[] = "quota_refusals_total";
    const struct {
        const char *quota; /* its key in the configuration */
        uint64_t n;
    } rows[] = {
        { "max_connections", parts->over_max_connections },
        { "max_connections_per_uid", parts->over_max_connections_per_uid },
        { "max_requests_per_uid", parts->requests->n_over_rate },
    };

    put_head(out, name, "counter",
             "Connections and requests refused for a quota of sidekey.*.");
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        put_labelled(out, name, "quota", skp_view_of(rows[i].quota), rows[i].n);
    }
}

/* ---- the rest ----------------------------------------------------------- */

static void put_audit(FILE *out, const struct skp_status *status)
{
    if (!status->has_audit) {
        return;
    }
    put_one(out, "audit_records_written_total", "counter",
            "Records of the audit log that were written.",
            status->audit.written);
    put_one(out, "audit_records_dropped_total", "counter",
            "Records of the audit log that were lost.", status->audit.dropped);
    put_one(out, "audit_failing", "gauge",
            "1 while the audit log cannot be written.", status->audit.failing);
}

static void put_certificates(FILE *out, const struct skp_status *status)
{
    static const char name[] = "certificate_expiry_timestamp_seconds";

    if (status->n_certificates == 0) {
        return;
    }
    put_head(out, name, "gauge",
             "Unix time until which the certificate is valid.");
    for (size_t i = 0; i < status->n_certificates; i++) {
        put_labelled(out, name, "certificate", status->certificates[i].name,
                     time_of(status->certificates[i].not_after_s));
    }
}

void skd_metrics_text(FILE *out, const struct skd_metrics_parts *parts)
{
    put_agent(out, parts->status);
    put_refreshes(out, parts);
    put_tenants(out, parts);
    put_requests(out, parts);
    put_quotas(out, parts);
    put_audit(out, parts->status);
    put_certificates(out, parts->status);
}
