/* cli_status.c - the state of an agent, for people; see cli_status.h. */
#include "libclient/cli/cli_status.h"

#include <inttypes.h>
#include <stdarg.h>

#include "libclient/cli/cli_text.h"

/* A certificate of less life than this is shown as a warning. */
#define EXPIRY_S (INT64_C(30) * 86400)

/* What is printed, and where. */
struct page {
    const struct skc_pen *pen;
    const struct sidekey_agent_status *status;
    int64_t now_s;
};

SKP_PRINTF(2, 3)
static void advise(const struct page *page, const char *format, ...)
{
    va_list args;

    (void)fputs("             do: ", page->pen->out);
    va_start(args, format);
    (void)vfprintf(page->pen->out, format, args);
    va_end(args);
    (void)fputc('\n', page->pen->out);
}

/* ---- the first line: how it is ------------------------------------------ */

static bool has_failing_source(const struct sidekey_agent_status *status)
{
    for (size_t i = 0; i < status->n_sources; i++) {
        if (status->sources[i].failures > 0 ||
            status->sources[i].last_error[0] != '\0') {
            return true;
        }
    }
    return false;
}

static bool has_expired_certificate(const struct sidekey_agent_status *status,
                                    int64_t now_s)
{
    for (size_t i = 0; i < status->n_certificates; i++) {
        if (status->certificates[i].not_after_s <= now_s) {
            return true;
        }
    }
    return false;
}

const char *skc_cli_status_state(const struct sidekey_agent_status *status,
                                 int64_t now_s,
                                 enum skc_colour *ret)
{
    if (!status->ready) {
        *ret = SKC_COLOUR_BAD;
        return "not ready: no keys are served yet";
    }
    if (status->tenants_stale > 0 || has_expired_certificate(status, now_s) ||
        status->audit_failing) {
        *ret = SKC_COLOUR_BAD;
        return "serving, but not as it should";
    }
    if (status->n_warnings > 0 || has_failing_source(status) ||
        status->tenants_unrefreshed > 0 || status->is_restored ||
        status->brake_missing > 0 || status->audit_dropped > 0) {
        *ret = SKC_COLOUR_CAUTION;
        return "serving, with warnings";
    }
    *ret = SKC_COLOUR_GOOD;
    return "serving";
}

static void print_state(const struct page *page)
{
    enum skc_colour colour = SKC_COLOUR_NONE;
    const char *words =
        skc_cli_status_state(page->status, page->now_s, &colour);

    (void)fputs("state        ", page->pen->out);
    skc_cli_colour_print(page->pen, colour, "%s", words);
    (void)fputc('\n', page->pen->out);
}

/* ---- tenants ------------------------------------------------------------ */

static void print_counts(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;

    (void)fprintf(page->pen->out,
                  "tenants      %" PRIu64 " active, %" PRIu64 " decrypt-only, ",
                  status->tenants_active, status->tenants_decrypt_only);
    skc_cli_colour_print(
        page->pen, status->tenants_stale > 0 ? SKC_COLOUR_BAD : SKC_COLOUR_NONE,
        "%" PRIu64 " stale", status->tenants_stale);
    (void)fputs(", ", page->pen->out);
    skc_cli_colour_print(
        page->pen,
        status->tenants_unavailable > 0 ? SKC_COLOUR_CAUTION : SKC_COLOUR_NONE,
        "%" PRIu64 " unavailable", status->tenants_unavailable);
    (void)fputc('\n', page->pen->out);
    if (status->tenants_stale > 0) {
        advise(page, "stale ones are refused (sidekey.max_stale) until a "
                     "source confirms them: mend the source, then: sidekey "
                     "refresh");
    }
}

static void print_unrefreshed(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;
    char ago[SKC_TEXT_SPAN_MAX];

    if (status->tenants_unrefreshed == 0) {
        return;
    }
    skc_cli_text_ago(page->now_s, status->unrefreshed_since_s, ago);
    (void)fputs("unconfirmed  ", page->pen->out);
    skc_cli_colour_print(page->pen, SKC_COLOUR_CAUTION,
                         "%" PRIu64 " tenants by the last refresh",
                         status->tenants_unrefreshed);
    (void)fputs("; the oldest, ", page->pen->out);
    skc_cli_text_plain(page->pen->out, status->unrefreshed_oldest);
    (void)fprintf(page->pen->out, ", was last confirmed %s\n", ago);
    advise(page, "%s",
           has_failing_source(status)
               ? "mend the source that fails, see below, then: sidekey refresh"
               : "the warnings and the log say why");
}

static void print_restored(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;
    char ago[SKC_TEXT_SPAN_MAX];

    if (!status->is_restored) {
        return;
    }
    skc_cli_text_ago(page->now_s, status->restored_at_s, ago);
    (void)fputs("restored     ", page->pen->out);
    skc_cli_colour_print(page->pen, SKC_COLOUR_CAUTION,
                         "%" PRIu64 " tenants have keys of before a restart",
                         status->restored_tenants);
    (void)fprintf(page->pen->out, ", %s; no source has confirmed them\n", ago);
    advise(page, "mend the sources, then: sidekey refresh");
}

static void print_missing(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;

    if (status->brake_missing > 0) {
        (void)fputs("held back    ", page->pen->out);
        skc_cli_colour_print(page->pen, SKC_COLOUR_CAUTION,
                             "the removal of %" PRIu64 " tenants",
                             status->brake_missing);
        (void)fputc('\n', page->pen->out);
        advise(page, "see whether the Coordinator's list is whole; to let it "
                     "through: sidekey refresh --accept-removals");
    }
    if (status->gone_destroyed + status->gone_removed + status->gone_forgotten >
        0) {
        (void)fprintf(page->pen->out,
                      "gone         %" PRIu64 " destroyed, %" PRIu64
                      " removed, %" PRIu64 " forgotten\n",
                      status->gone_destroyed, status->gone_removed,
                      status->gone_forgotten);
    }
}

/* ---- where keys come from ----------------------------------------------- */

static void print_refresh(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;
    char span[SKC_TEXT_SPAN_MAX];

    if (status->refreshing) {
        (void)fprintf(page->pen->out, "refresh      running now\n");
    } else if (status->next_refresh_s == 0) {
        (void)fprintf(page->pen->out, "refresh      none is planned\n");
    } else {
        skc_cli_text_span(status->next_refresh_s - page->now_s, span);
        (void)fprintf(page->pen->out, "refresh      next in %s\n", span);
    }
}

static void print_source(const struct page *page,
                         const struct sidekey_source *source)
{
    char attempt[SKC_TEXT_SPAN_MAX];
    char success[SKC_TEXT_SPAN_MAX];

    skc_cli_text_ago(page->now_s, source->last_attempt_s, attempt);
    skc_cli_text_ago(page->now_s, source->last_success_s, success);
    (void)fprintf(page->pen->out,
                  "source       %s: last success %s, last asked %s",
                  source->name, success, attempt);
    if (source->failures > 0) {
        (void)fputs(", ", page->pen->out);
        skc_cli_colour_print(page->pen, SKC_COLOUR_BAD,
                             "failed %" PRIu64 " times in a row",
                             source->failures);
    }
    (void)fputc('\n', page->pen->out);
    if (source->last_error[0] != '\0') {
        (void)fputs("             last error: ", page->pen->out);
        skc_cli_text_plain(page->pen->out, source->last_error);
        (void)fputc('\n', page->pen->out);
    }
}

static void print_certificate(const struct page *page,
                              const struct sidekey_certificate *certificate)
{
    int64_t left_s = certificate->not_after_s - page->now_s;
    char span[SKC_TEXT_SPAN_MAX];

    (void)fprintf(page->pen->out, "certificate  %s: ", certificate->name);
    if (left_s <= 0) {
        skc_cli_text_span(-left_s, span);
        skc_cli_colour_print(page->pen, SKC_COLOUR_BAD, "expired %s ago", span);
    } else {
        skc_cli_text_span(left_s, span);
        skc_cli_colour_print(
            page->pen, left_s < EXPIRY_S ? SKC_COLOUR_CAUTION : SKC_COLOUR_NONE,
            "%s left", span);
    }
    (void)fputc('\n', page->pen->out);
    if (left_s < EXPIRY_S) {
        advise(page, "renew it; certificate files are read again at every "
                     "refresh");
    }
}

/* ---- the agent itself --------------------------------------------------- */

static void print_audit(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;

    if (!status->has_audit) {
        return;
    }
    (void)fputs("audit        ", page->pen->out);
    skc_cli_text_plain(page->pen->out, status->audit_target);
    (void)fprintf(page->pen->out, ": %" PRIu64 " written, ",
                  status->audit_written);
    skc_cli_colour_print(page->pen,
                         status->audit_dropped > 0 ? SKC_COLOUR_CAUTION
                                                   : SKC_COLOUR_NONE,
                         "%" PRIu64 " dropped", status->audit_dropped);
    (void)fprintf(page->pen->out, ", the last is number %" PRIu64 "\n",
                  status->audit_sequence);
    if (status->audit_failing) {
        (void)fputs("             ", page->pen->out);
        skc_cli_colour_print(page->pen, SKC_COLOUR_BAD, "cannot be written");
        (void)fputc('\n', page->pen->out);
        advise(page, "see the log, and whether the disk is full");
    }
}

static void print_host(const struct page *page)
{
    const struct sidekey_agent_status *status = page->status;
    FILE *out = page->pen->out;

    (void)fprintf(out, "memory       %s, %" PRIu64 " bytes locked\n",
                  status->memory_tier, status->locked_bytes);
    if (status->sandbox[0] != '\0') {
        (void)fputs("sandbox      ", out);
        skc_cli_text_plain(out, status->sandbox);
        (void)fputc('\n', out);
    }
    (void)fprintf(out, "snapshots    %" PRIu64 " since the start\n",
                  status->snapshot);
    (void)fprintf(out, "connections  %" PRIu64, status->connections);
    if (status->connections_refused > 0) {
        (void)fprintf(out, ", %" PRIu64 " refused since the start",
                      status->connections_refused);
    }
    (void)fputc('\n', out);
    if (status->requests_refused > 0) {
        (void)fprintf(out,
                      "requests     %" PRIu64
                      " refused since the start (RESOURCE_EXHAUSTED)\n",
                      status->requests_refused);
    }
}

static void print_warnings(const struct page *page)
{
    for (size_t i = 0; i < page->status->n_warnings; i++) {
        skc_cli_colour_print(page->pen, SKC_COLOUR_CAUTION, "warning");
        (void)fputs("      ", page->pen->out);
        skc_cli_text_plain(page->pen->out, page->status->warnings[i]);
        (void)fputc('\n', page->pen->out);
    }
}

void skc_cli_status_print(const struct skc_pen *pen,
                          const struct sidekey_agent_status *status,
                          int64_t now_s)
{
    const struct page page = { pen, status, now_s };
    char span[SKC_TEXT_SPAN_MAX];

    print_state(&page);
    skc_cli_text_span(now_s - status->started_at_s, span);
    (void)fprintf(pen->out, "agent        %s, pid %" PRIu64 ", up %s\n",
                  status->agent, status->pid, span);
    (void)fprintf(pen->out, "mode         %s\n", status->mode);
    print_counts(&page);
    print_unrefreshed(&page);
    print_restored(&page);
    print_missing(&page);
    print_refresh(&page);
    for (size_t i = 0; i < status->n_sources; i++) {
        print_source(&page, &status->sources[i]);
    }
    for (size_t i = 0; i < status->n_certificates; i++) {
        print_certificate(&page, &status->certificates[i]);
    }
    print_audit(&page);
    print_host(&page);
    print_warnings(&page);
}
