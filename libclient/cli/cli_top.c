/* cli_top.c - one frame of `sidekey top`; see cli_top.h. */
#include "libclient/cli/cli_top.h"

#include <inttypes.h>
#include <string.h>

#include "libclient/cli/cli_status.h"
#include "libclient/cli/cli_text.h"

#define RATE_MAX 24u

/* ---- words -------------------------------------------------------------- */

static bool is_measured(const struct skc_top *top)
{
    return top->rates->kind == SKC_RATES_MEASURED && top->silence == NULL;
}

/* "12.3", or "-" where there is no rate. */
static void
write_rate(const struct skc_top *top, double per_s, char ret[RATE_MAX])
{
    if (is_measured(top)) {
        (void)snprintf(ret, RATE_MAX, "%.1f", per_s);
    } else {
        (void)snprintf(ret, RATE_MAX, "-");
    }
}

/* "250us", "2.5ms", "10s"; "-" for 0. */
static void
write_bound(const struct skc_top *top, uint64_t ns, char ret[RATE_MAX])
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };
    const struct sidekey_agent_totals *totals = &top->reading->totals;
    bool is_over = ns == UINT64_MAX;

    if (ns == 0 || !is_measured(top)) {
        (void)snprintf(ret, RATE_MAX, "-");
        return;
    }
    if (is_over) {
        ns =
            totals->n_bounds == 0 ? 0 : totals->bounds_ns[totals->n_bounds - 1];
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(units); i++) {
        if (ns >= units[i].ns) {
            (void)snprintf(ret, RATE_MAX, "%s%.4g%s", is_over ? ">" : "",
                           (double)ns / (double)units[i].ns, units[i].name);
            return;
        }
    }
    (void)snprintf(ret, RATE_MAX, "%s%" PRIu64 "ns", is_over ? ">" : "", ns);
}

static void put_ago(const struct skc_pen *pen, int64_t now_s, int64_t then_s)
{
    char ago[SKC_TEXT_SPAN_MAX];

    skc_cli_text_ago(now_s, then_s, ago);
    (void)fputs(ago, pen->out);
}

/* ---- the agent ---------------------------------------------------------- */

static void print_state(const struct skc_pen *pen, const struct skc_top *top)
{
    enum skc_colour colour = SKC_COLOUR_NONE;
    char span[SKC_TEXT_SPAN_MAX];
    const char *words =
        skc_cli_status_state(&top->reading->status, top->now_s, &colour);

    (void)fputs("state        ", pen->out);
    if (top->silence == NULL) {
        skc_cli_colour_print(pen, colour, "%s", words);
        (void)fputc('\n', pen->out);
        return;
    }
    skc_cli_text_span(top->now_s - top->silent_since_s, span);
    skc_cli_colour_print(pen, SKC_COLOUR_BAD, "no answer for %s", span);
    (void)fputs(": ", pen->out);
    skc_cli_text_plain(pen->out, top->silence);
    (void)fputs("; below is what it said last\n", pen->out);
}

static void print_agent(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_status *status = &top->reading->status;
    char span[SKC_TEXT_SPAN_MAX];

    skc_cli_text_span(top->now_s - status->started_at_s, span);
    (void)fputs("agent        ", pen->out);
    skc_cli_text_plain(pen->out, status->agent);
    (void)fprintf(pen->out, ", pid %" PRIu64 ", ", status->pid);
    skc_cli_text_plain(pen->out, status->mode);
    (void)fprintf(pen->out, ", up %s\n", span);
    if (top->n_restarts > 0) {
        (void)fputs("restarts     ", pen->out);
        skc_cli_colour_print(pen, SKC_COLOUR_CAUTION, "%u seen",
                             top->n_restarts);
        (void)fputs(", the last ", pen->out);
        put_ago(pen, top->now_s, top->restarted_at_s);
        (void)fputs("; all counts began anew\n", pen->out);
    }
    skc_cli_text_size(status->locked_bytes, span);
    (void)fputs("memory       ", pen->out);
    skc_cli_text_plain(pen->out, status->memory_tier);
    (void)fprintf(pen->out, ", %s locked\n", span);
}

/* ---- requests ----------------------------------------------------------- */

static uint64_t count_answers(const struct sidekey_method_totals *method)
{
    uint64_t n = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(method->answered); i++) {
        n += method->answered[i];
    }
    return n;
}

static void print_row(const struct skc_pen *pen,
                      const struct skc_top *top,
                      const char *name,
                      const struct skc_method_rate *rate,
                      uint64_t n)
{
    char per_s[RATE_MAX];
    char errors[RATE_MAX];
    char p50[RATE_MAX];
    char p99[RATE_MAX];

    write_rate(top, rate->per_s, per_s);
    write_rate(top, rate->errors_per_s, errors);
    write_bound(top, rate->p50_ns, p50);
    write_bound(top, rate->p99_ns, p99);
    (void)fputs("  ", pen->out);
    skc_cli_text_plain(pen->out, name);
    (void)fprintf(pen->out, "%*s %10s ", (int)(10 - strnlen(name, 10)), "",
                  per_s);
    skc_cli_colour_print(
        pen, rate->errors_per_s > 0 ? SKC_COLOUR_CAUTION : SKC_COLOUR_NONE,
        "%10s", errors);
    (void)fprintf(pen->out, " %8s %8s %12" PRIu64 "\n", p50, p99, n);
}

static void print_requests(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_totals *totals = &top->reading->totals;
    uint64_t n_all = 0;

    if (top->rates->kind == SKC_RATES_UNTOLD) {
        (void)fputs("requests     not told: this agent is older than this "
                    "program\n",
                    pen->out);
        return;
    }
    (void)fprintf(pen->out, "requests     %10s %10s %8s %8s %12s\n", "a second",
                  "errors", "p50", "p99", "since start");
    for (size_t i = 0; i < totals->n_methods; i++) {
        uint64_t n = count_answers(&totals->methods[i]);

        print_row(pen, top, totals->methods[i].method, &top->rates->methods[i],
                  n);
        n_all += n;
    }
    print_row(pen, top, "all", &top->rates->all, n_all);
}

static void print_errors(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_totals *totals = &top->reading->totals;
    const char *between = "errors       ";

    for (unsigned code = SIDEKEY_OK + 1; code < SKC_RATES_CODES; code++) {
        char per_s[RATE_MAX];
        uint64_t n = 0;

        for (size_t i = 0; i < totals->n_methods; i++) {
            n += totals->methods[i].answered[code];
        }
        if (n > 0) {
            write_rate(top, top->rates->codes_per_s[code], per_s);
            (void)fprintf(pen->out, "%s%s %s a second (%" PRIu64 ")", between,
                          sidekey_status_name((enum sidekey_status)code), per_s,
                          n);
            between = "\n             ";
        }
    }
    if (between[0] == '\n') {
        (void)fputc('\n', pen->out);
    }
}

static void print_work(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_status *status = &top->reading->status;
    size_t n_workers = top->reading->totals.n_workers;
    char rate[RATE_MAX];

    if (n_workers > 0 && is_measured(top)) {
        (void)fprintf(pen->out,
                      "workers      %zu, busy %.0f%%, the busiest %.0f%%\n",
                      n_workers, top->rates->busy_mean * 100,
                      top->rates->busy_most * 100);
    } else if (n_workers > 0) {
        (void)fprintf(pen->out, "workers      %zu\n", n_workers);
    }
    (void)fprintf(pen->out, "connections  %" PRIu64 "\n", status->connections);
    write_rate(top, top->rates->connections_refused_per_s, rate);
    (void)fprintf(pen->out,
                  "refused      %s connections a second (%" PRIu64 "), ", rate,
                  status->connections_refused);
    write_rate(top, top->rates->requests_refused_per_s, rate);
    (void)fprintf(pen->out, "%s requests by quota (%" PRIu64 ")\n", rate,
                  status->requests_refused);
}

/* ---- keys --------------------------------------------------------------- */

static void print_tenants(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_status *status = &top->reading->status;

    (void)fprintf(pen->out,
                  "tenants      %" PRIu64 " active, %" PRIu64 " decrypt-only, ",
                  status->tenants_active, status->tenants_decrypt_only);
    skc_cli_colour_print(
        pen, status->tenants_stale > 0 ? SKC_COLOUR_BAD : SKC_COLOUR_NONE,
        "%" PRIu64 " stale", status->tenants_stale);
    (void)fputs(", ", pen->out);
    skc_cli_colour_print(
        pen,
        status->tenants_unavailable > 0 ? SKC_COLOUR_CAUTION : SKC_COLOUR_NONE,
        "%" PRIu64 " unavailable", status->tenants_unavailable);
    (void)fputc('\n', pen->out);
    if (status->tenants_unrefreshed > 0) {
        (void)fputs("unconfirmed  ", pen->out);
        skc_cli_colour_print(pen, SKC_COLOUR_CAUTION, "%" PRIu64 " tenants",
                             status->tenants_unrefreshed);
        (void)fputs("; the oldest was last confirmed ", pen->out);
        put_ago(pen, top->now_s, status->unrefreshed_since_s);
        (void)fputs(": ", pen->out);
        skc_cli_text_plain(pen->out, status->unrefreshed_oldest);
        (void)fputc('\n', pen->out);
    }
    if (status->brake_missing > 0) {
        (void)fputs("held back    ", pen->out);
        skc_cli_colour_print(pen, SKC_COLOUR_CAUTION,
                             "the removal of %" PRIu64 " tenants",
                             status->brake_missing);
        (void)fputc('\n', pen->out);
    }
}

static void print_source(const struct skc_pen *pen,
                         const struct skc_top *top,
                         const struct sidekey_source *source)
{
    (void)fputs("source       ", pen->out);
    skc_cli_text_plain(pen->out, source->name);
    (void)fputs(": last success ", pen->out);
    put_ago(pen, top->now_s, source->last_success_s);
    (void)fputs(", last asked ", pen->out);
    put_ago(pen, top->now_s, source->last_attempt_s);
    if (source->failures > 0) {
        (void)fputs(", ", pen->out);
        skc_cli_colour_print(pen, SKC_COLOUR_BAD,
                             "failed %" PRIu64 " times in a row",
                             source->failures);
    }
    if (source->last_error[0] != '\0') {
        (void)fputs(": ", pen->out);
        skc_cli_text_plain(pen->out, source->last_error);
    }
    (void)fputc('\n', pen->out);
}

static void print_refresh(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_status *status = &top->reading->status;
    char span[SKC_TEXT_SPAN_MAX];

    if (status->refreshing) {
        (void)fputs("refresh      running now", pen->out);
    } else if (status->next_refresh_s == 0) {
        (void)fputs("refresh      none is planned", pen->out);
    } else {
        skc_cli_text_span(status->next_refresh_s - top->now_s, span);
        (void)fprintf(pen->out, "refresh      next in %s", span);
    }
    (void)fprintf(pen->out, ", %" PRIu64 " snapshots since the start\n",
                  status->snapshot);
    for (size_t i = 0; i < status->n_sources; i++) {
        print_source(pen, top, &status->sources[i]);
    }
}

static void print_warnings(const struct skc_pen *pen, const struct skc_top *top)
{
    const struct sidekey_agent_status *status = &top->reading->status;

    for (size_t i = 0; i < status->n_warnings; i++) {
        skc_cli_colour_print(pen, SKC_COLOUR_CAUTION, "warning");
        (void)fputs("      ", pen->out);
        skc_cli_text_plain(pen->out, status->warnings[i]);
        (void)fputc('\n', pen->out);
    }
}

void skc_top_print(const struct skc_pen *pen, const struct skc_top *top)
{
    print_state(pen, top);
    print_agent(pen, top);
    print_requests(pen, top);
    print_errors(pen, top);
    print_work(pen, top);
    print_tenants(pen, top);
    print_refresh(pen, top);
    print_warnings(pen, top);
}
