/* cmd_status.c - sidekey status: plain words for people, JSON for scripts. */
#include <inttypes.h>

#include "libclient/cli/cli_status.h"
#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"

/* ---- JSON -----------------------------------------------------------------
 */

static void print_text_member(FILE *out, const char *name, const char *value)
{
    (void)fprintf(out, "  \"%s\": ", name);
    skc_cli_text_json(out, value);
    (void)fprintf(out, ",\n");
}

static void print_json_lists(FILE *out,
                             const struct sidekey_agent_status *status)
{
    (void)fprintf(out, "  \"sources\": [");
    for (size_t i = 0; i < status->n_sources; i++) {
        const struct sidekey_source *source = &status->sources[i];

        (void)fprintf(out, "%s\n    {\"name\": ", i == 0 ? "" : ",");
        skc_cli_text_json(out, source->name);
        (void)fprintf(out,
                      ", \"last_attempt\": %" PRId64
                      ", \"last_success\": %" PRId64 ", \"last_error\": ",
                      source->last_attempt_s, source->last_success_s);
        skc_cli_text_json(out, source->last_error);
        (void)fprintf(out, ", \"failures\": %" PRIu64 "}", source->failures);
    }
    (void)fprintf(out, "],\n  \"warnings\": [");
    for (size_t i = 0; i < status->n_warnings; i++) {
        (void)fprintf(out, "%s\n    ", i == 0 ? "" : ",");
        skc_cli_text_json(out, status->warnings[i]);
    }
    (void)fprintf(out, "]\n");
}

static void print_json_newer(FILE *out,
                             const struct sidekey_agent_status *status)
{
    print_text_member(out, "sandbox", status->sandbox);
    if (status->tenants_unrefreshed > 0) {
        (void)fprintf(
            out, "  \"unrefreshed\": {\"tenants\": %" PRIu64 ", \"oldest\": ",
            status->tenants_unrefreshed);
        skc_cli_text_json(out, status->unrefreshed_oldest);
        (void)fprintf(out, ", \"since\": %" PRId64 "},\n",
                      status->unrefreshed_since_s);
    } else {
        (void)fprintf(out, "  \"unrefreshed\": null,\n");
    }
    if (status->is_restored) {
        (void)fprintf(out,
                      "  \"restored\": {\"tenants\": %" PRIu64
                      ", \"at\": %" PRId64 "},\n",
                      status->restored_tenants, status->restored_at_s);
    } else {
        (void)fprintf(out, "  \"restored\": null,\n");
    }
    (void)fprintf(out,
                  "  \"quota\": {\"connections_refused\": %" PRIu64
                  ", \"requests_refused\": %" PRIu64 "},\n",
                  status->connections_refused, status->requests_refused);
    (void)fprintf(out,
                  "  \"gone\": {\"destroyed\": %" PRIu64
                  ", \"removed\": %" PRIu64 ", \"forgotten\": %" PRIu64 "},\n",
                  status->gone_destroyed, status->gone_removed,
                  status->gone_forgotten);
}

static void print_json_audit(FILE *out,
                             const struct sidekey_agent_status *status)
{
    if (!status->has_audit) {
        (void)fprintf(out, "  \"audit\": null,\n");
        return;
    }
    (void)fprintf(out, "  \"audit\": {\"target\": ");
    skc_cli_text_json(out, status->audit_target);
    (void)fprintf(out,
                  ", \"written\": %" PRIu64 ", \"dropped\": %" PRIu64
                  ", \"sequence\": %" PRIu64 ", \"failing\": %s},\n",
                  status->audit_written, status->audit_dropped,
                  status->audit_sequence,
                  status->audit_failing ? "true" : "false");
}

static void print_json_certificates(FILE *out,
                                    const struct sidekey_agent_status *status)
{
    (void)fprintf(out, "  \"certificates\": [");
    for (size_t i = 0; i < status->n_certificates; i++) {
        (void)fprintf(out, "%s\n    {\"name\": ", i == 0 ? "" : ",");
        skc_cli_text_json(out, status->certificates[i].name);
        (void)fprintf(out, ", \"not_after\": %" PRId64 "}",
                      status->certificates[i].not_after_s);
    }
    (void)fprintf(out, "],\n");
}

static void print_numbers(FILE *out, const uint64_t *list, size_t n)
{
    (void)fputc('[', out);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(out, "%s%" PRIu64, i == 0 ? "" : ", ", list[i]);
    }
    (void)fputc(']', out);
}

static void print_json_method(FILE *out,
                              const struct sidekey_method_totals *method,
                              size_t n_bounds)
{
    const char *between = "";

    (void)fprintf(out, "{\"method\": ");
    skc_cli_text_json(out, method->method);
    (void)fprintf(out, ", \"answered\": {");
    for (unsigned i = 0; i < SKP_ARRAY_LEN(method->answered); i++) {
        if (method->answered[i] > 0) {
            (void)fprintf(out, "%s\"%s\": %" PRIu64, between,
                          sidekey_status_name((enum sidekey_status)i),
                          method->answered[i]);
            between = ", ";
        }
    }
    (void)fprintf(out, "}, \"lasted\": ");
    print_numbers(out, method->lasted, n_bounds + 1);
    (void)fputc('}', out);
}

static void print_json_totals(FILE *out,
                              const struct sidekey_agent_totals *totals)
{
    if (totals->uptime_ms == 0) {
        (void)fprintf(out, "  \"totals\": null,\n");
        return;
    }
    (void)fprintf(out,
                  "  \"totals\": {\"uptime_ms\": %" PRIu64 ", \"workers\": ",
                  totals->uptime_ms);
    print_numbers(out, totals->workers_us, totals->n_workers);
    (void)fprintf(out, ", \"bounds\": ");
    print_numbers(out, totals->bounds_ns, totals->n_bounds);
    (void)fprintf(out, ", \"requests\": [");
    for (size_t i = 0; i < totals->n_methods; i++) {
        (void)fprintf(out, "%s\n    ", i == 0 ? "" : ",");
        print_json_method(out, &totals->methods[i], totals->n_bounds);
    }
    (void)fprintf(out, "]},\n");
}

static void print_json(FILE *out,
                       const struct sidekey_agent_status *status,
                       const struct sidekey_agent_totals *totals)
{
    (void)fprintf(out, "{\n");
    print_text_member(out, "agent", status->agent);
    print_text_member(out, "mode", status->mode);
    print_text_member(out, "memory_tier", status->memory_tier);
    (void)fprintf(out,
                  "  \"pid\": %" PRIu64 ",\n  \"started_at\": %" PRId64
                  ",\n  \"locked_bytes\": %" PRIu64
                  ",\n  \"snapshot\": %" PRIu64 ",\n",
                  status->pid, status->started_at_s, status->locked_bytes,
                  status->snapshot);
    (void)fprintf(out,
                  "  \"ready\": %s,\n  \"refreshing\": %s,\n"
                  "  \"next_refresh\": %" PRId64 ",\n",
                  status->ready ? "true" : "false",
                  status->refreshing ? "true" : "false",
                  status->next_refresh_s);
    (void)fprintf(out,
                  "  \"tenants\": {\"active\": %" PRIu64
                  ", \"decrypt-only\": %" PRIu64 ", \"stale\": %" PRIu64
                  ", \"unavailable\": %" PRIu64 "},\n",
                  status->tenants_active, status->tenants_decrypt_only,
                  status->tenants_stale, status->tenants_unavailable);
    (void)fprintf(out,
                  "  \"brake_missing\": %" PRIu64
                  ",\n  \"connections\": %" PRIu64 ",\n",
                  status->brake_missing, status->connections);
    print_json_newer(out, status);
    print_json_audit(out, status);
    print_json_totals(out, totals);
    print_json_certificates(out, status);
    print_json_lists(out, status);
    (void)fprintf(out, "}\n");
}

int skc_cmd_status(struct skc_cli *cli)
{
    struct sidekey_agent_totals totals = { .size = sizeof totals };
    struct sidekey_agent_status agent = { .pid = 0 };
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    status =
        sidekey_agent_totals(cli->handle, cli->timeout_ms, &agent, &totals);
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, NULL, status);
    }
    if (cli->args.json) {
        print_json(cli->streams.out, &agent, &totals);
    } else {
        const struct skc_pen pen = { cli->streams.out,
                                     cli->streams.is_coloured };

        skc_cli_status_print(&pen, &agent, cli->streams.now_s());
    }
    return SKC_EXIT_OK;
}
