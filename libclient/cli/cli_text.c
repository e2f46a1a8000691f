/* cli_text.c - times, sizes and JSON strings; see cli_text.h. */
#include "libclient/cli/cli_text.h"

#include <inttypes.h>

void skc_cli_text_span(int64_t span_s, char ret[SKC_TEXT_SPAN_MAX])
{
    static const struct {
        int64_t seconds;
        int64_t smaller;
        const char *name;
        const char *smaller_name;
    } units[] = {
        { 86400, 3600, "d", "h" },
        { 3600, 60, "h", "m" },
        { 60, 1, "m", "s" },
    };

    if (span_s < 0) {
        span_s = 0;
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(units); i++) {
        if (span_s >= units[i].seconds) {
            (void)snprintf(ret, SKC_TEXT_SPAN_MAX,
                           "%" PRId64 "%s %" PRId64 "%s",
                           span_s / units[i].seconds, units[i].name,
                           span_s % units[i].seconds / units[i].smaller,
                           units[i].smaller_name);
            return;
        }
    }
    (void)snprintf(ret, SKC_TEXT_SPAN_MAX, "%" PRId64 "s", span_s);
}

void skc_cli_text_ago(int64_t now_s,
                      int64_t then_s,
                      char ret[SKC_TEXT_SPAN_MAX])
{
    char span[SKC_TEXT_SPAN_MAX];

    if (then_s == 0) {
        (void)snprintf(ret, SKC_TEXT_SPAN_MAX, "never");
        return;
    }
    skc_cli_text_span(now_s - then_s, span);
    (void)snprintf(ret, SKC_TEXT_SPAN_MAX, "%.*s ago",
                   (int)SKC_TEXT_SPAN_MAX - 5, span);
}

void skc_cli_text_size(uint64_t n_bytes, char ret[SKC_TEXT_SPAN_MAX])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
    double n = (double)n_bytes / 1024;
    size_t i = 0;

    if (n_bytes < 1024) {
        (void)snprintf(ret, SKC_TEXT_SPAN_MAX, "%" PRIu64 " B", n_bytes);
        return;
    }
    while (n >= 1024 && i + 1 < SKP_ARRAY_LEN(units)) {
        n /= 1024;
        i++;
    }
    (void)snprintf(ret, SKC_TEXT_SPAN_MAX, "%.1f %s", n, units[i]);
}

void skc_cli_text_plain(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        (void)fputc(c < 0x20 || c == 0x7f ? '?' : c, file);
    }
}

void skc_cli_text_json(FILE *file, const char *text)
{
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            (void)fprintf(file, "\\%c", c);
        } else if (c < 0x20 || c > 0x7e) {
            (void)fprintf(file, "\\u%04x", c);
        } else {
            (void)fputc(c, file);
        }
    }
    (void)fputc('"', file);
}
