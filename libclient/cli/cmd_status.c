/* cmd_status.c - sidekey status: plain words for people, JSON for scripts. */
#include <inttypes.h>

#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"

/* ---- words ----------------------------------------------------------------
 */

static void print_refresh(FILE *out,
                          const struct sidekey_agent_status *status,
                          int64_t now_s)
{
    char span[SKC_TEXT_SPAN_MAX];

    if (status->refreshing) {
        (void)fprintf(out, "refresh      running now\n");
    } else if (status->next_refresh_s == 0) {
        (void)fprintf(out, "refresh      none is planned\n");
    } else {
        skc_cli_text_span(status->next_refresh_s - now_s, span);
        (void)fprintf(out, "refresh      next in %s\n", span);
    }
}

static void print_sources(FILE *out,
                          const struct sidekey_agent_status *status,
                          int64_t now_s)
{
    for (size_t i = 0; i < status->n_sources; i++) {
        const struct sidekey_source *source = &status->sources[i];
        char attempt[SKC_TEXT_SPAN_MAX];
        char success[SKC_TEXT_SPAN_MAX];

        skc_cli_text_ago(now_s, source->last_attempt_s, attempt);
        skc_cli_text_ago(now_s, source->last_success_s, success);
        (void)fprintf(out, "source       %s: last success %s, last asked %s\n",
                      source->name, success, attempt);
        if (source->last_error[0] != '\0') {
            (void)fprintf(out, "             last error: %s\n",
                          source->last_error);
        }
    }
}

static void
print_words(FILE *out, const struct sidekey_agent_status *status, int64_t now_s)
{
    char span[SKC_TEXT_SPAN_MAX];

    skc_cli_text_span(now_s - status->started_at_s, span);
    (void)fprintf(out, "agent        %s, pid %" PRIu64 ", up %s\n",
                  status->agent, status->pid, span);
    (void)fprintf(out, "mode         %s\n", status->mode);
    (void)fprintf(out, "ready        %s\n",
                  status->ready ? "yes"
                                : "no, the first refresh has not ended yet");
    (void)fprintf(out,
                  "tenants      %" PRIu64 " active, %" PRIu64
                  " decrypt-only, %" PRIu64 " stale, %" PRIu64 " unavailable\n",
                  status->tenants_active, status->tenants_decrypt_only,
                  status->tenants_stale, status->tenants_unavailable);
    if (status->brake_missing > 0) {
        (void)fprintf(out,
                      "held back    the removal of %" PRIu64
                      " tenants; let it through with: sidekey refresh "
                      "--accept-removals\n",
                      status->brake_missing);
    }
    print_refresh(out, status, now_s);
    print_sources(out, status, now_s);
    (void)fprintf(out, "memory       %s, %" PRIu64 " bytes locked\n",
                  status->memory_tier, status->locked_bytes);
    (void)fprintf(out, "snapshots    %" PRIu64 " since the start\n",
                  status->snapshot);
    (void)fprintf(out, "connections  %" PRIu64 "\n", status->connections);
    for (size_t i = 0; i < status->n_warnings; i++) {
        (void)fprintf(out, "warning      %s\n", status->warnings[i]);
    }
}

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
        (void)fputc('}', out);
    }
    (void)fprintf(out, "],\n  \"warnings\": [");
    for (size_t i = 0; i < status->n_warnings; i++) {
        (void)fprintf(out, "%s\n    ", i == 0 ? "" : ",");
        skc_cli_text_json(out, status->warnings[i]);
    }
    (void)fprintf(out, "]\n");
}

static void print_json(FILE *out, const struct sidekey_agent_status *status)
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
    print_json_lists(out, status);
    (void)fprintf(out, "}\n");
}

int skc_cmd_status(struct skc_cli *cli)
{
    struct sidekey_agent_status agent;
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    status = sidekey_agent_status(cli->handle, cli->timeout_ms, &agent);
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, NULL, status);
    }
    if (cli->args.json) {
        print_json(cli->streams.out, &agent);
    } else {
        print_words(cli->streams.out, &agent, cli->streams.now_s());
    }
    return SKC_EXIT_OK;
}
