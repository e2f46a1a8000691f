/* kms_print.c - lines of sidekey kms; see kms_print.h. */
#include "libclient/cli/kms_print.h"

#include <inttypes.h>
#include <time.h>

#include "libclient/cli/cli_text.h"

#define DATE_MAX 32u
#define BITS     64u

/* Write @unix_s as ISO 8601 in UTC; the number itself when it is past the end
 * of the calendar. */
static void write_date(int64_t unix_s, char ret[DATE_MAX])
{
    const time_t when = (time_t)unix_s;
    struct tm utc;

    if (gmtime_r(&when, &utc) == NULL ||
        strftime(ret, DATE_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        (void)snprintf(ret, DATE_MAX, "%" PRId64, unix_s);
    }
}

void skc_kms_print_date(FILE *out, const char *name, int64_t unix_s)
{
    char date[DATE_MAX];

    if (unix_s != 0) {
        write_date(unix_s, date);
        (void)fprintf(out, "%-10s %s\n", name, date);
    }
}

void skc_kms_print_json_date(FILE *out, const char *name, int64_t unix_s)
{
    if (unix_s == 0) {
        (void)fprintf(out, ", \"%s\": null", name);
    } else {
        (void)fprintf(out, ", \"%s\": %" PRId64, name, unix_s);
    }
}

void skc_kms_print_words(FILE *out,
                         const char *title,
                         struct skc_kms_words words)
{
    bool is_first = true;

    (void)fprintf(out, "%-11s", title);
    for (uint32_t i = 0; i < BITS; i++) {
        if ((words.bits >> i & 1u) != 0) {
            (void)fprintf(out, "%s%s", is_first ? "" : ", ", words.name(i));
            is_first = false;
        }
    }
    (void)fprintf(out, is_first ? "none told\n" : "\n");
}

void skc_kms_print_json_words(FILE *out,
                              const char *title,
                              struct skc_kms_words words)
{
    bool is_first = true;

    (void)fprintf(out, ", \"%s\": [", title);
    for (uint32_t i = 0; i < BITS; i++) {
        if ((words.bits >> i & 1u) != 0) {
            (void)fprintf(out, is_first ? "" : ", ");
            skc_cli_text_json(out, words.name(i));
            is_first = false;
        }
    }
    (void)fputc(']', out);
}

void skc_kms_print_put(const struct skc_cli *cli, const char *identifier)
{
    FILE *out = cli->streams.out;
    const char *name = skc_cli_word(cli, 1);
    const char *state = cli->args.pre_active ? "Pre-Active" : "Active";

    if (cli->args.json) {
        (void)fprintf(out, "{\"tenant\": ");
        skc_cli_text_json(out, name);
        (void)fprintf(out, ", \"identifier\": ");
        skc_cli_text_json(out, identifier);
        (void)fprintf(out, ", \"state\": \"%s\"}\n", state);
    } else if (!cli->args.quiet) {
        (void)fprintf(out, "registered %s as object %s (%s)\n", name,
                      identifier, state);
    }
}

void skc_kms_print_done(const struct skc_cli *cli, const char *done)
{
    FILE *out = cli->streams.out;
    const char *tenant = skc_cli_word(cli, 1);

    if (cli->args.json) {
        (void)fprintf(out, "{\"tenant\": ");
        skc_cli_text_json(out, tenant);
        (void)fprintf(out, ", \"done\": \"%s\"}\n", done);
    } else if (!cli->args.quiet) {
        (void)fprintf(out, "%s %s\n", done, tenant);
    }
}
