/* cli_options.c - the options of the command line; see cli_options.h. */
#include "libclient/cli/cli_options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

struct option_row {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* what the help calls it; NULL: a flag */
    const char *sentence;
    size_t place; /* in struct skc_args */
};

static const struct option_row rows[SKC_OPTION_COUNT] = {
#define OPTION_ROW(name, member, text, letter, value, sentence) \
    { text, letter, value, sentence, offsetof(struct skc_args, member) },
    SKC_OPTION_MAP(OPTION_ROW)
#undef OPTION_ROW
};

/* What getopt returns for a row without a letter. */
#define NO_LETTER 256

/* The table in the form that getopt_long takes. */
struct getopt_tables {
    struct option longs[SKC_OPTION_COUNT + 1];
    char shorts[2 * SKC_OPTION_COUNT + 3];
};

static void
fill_tables(unsigned allowed, bool only_leading, struct getopt_tables *ret)
{
    size_t n = 0;
    size_t len = 0;

    memset(ret, 0, sizeof *ret);
    if (only_leading) {
        ret->shorts[len++] = '+';
    }
    ret->shorts[len++] = ':';
    for (size_t i = 0; i < SKC_OPTION_COUNT; i++) {
        if ((allowed & 1u << i) == 0) {
            continue;
        }
        ret->longs[n++] = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].value == NULL ? no_argument : required_argument,
            .val = NO_LETTER + (int)i,
        };
        if (rows[i].letter != 0) {
            ret->shorts[len++] = rows[i].letter;
        }
        if (rows[i].letter != 0 && rows[i].value != NULL) {
            ret->shorts[len++] = ':';
        }
    }
}

static const struct option_row *find_row(int found)
{
    for (size_t i = 0; i < SKC_OPTION_COUNT; i++) {
        if (found == NO_LETTER + (int)i ||
            (rows[i].letter != 0 && found == rows[i].letter)) {
            return &rows[i];
        }
    }
    return NULL;
}

static void
keep_option(const struct option_row *row, const char *value, void *args)
{
    char *place = (char *)args + row->place;

    if (row->value == NULL) {
        *(bool *)(void *)place = true;
    } else {
        *(const char **)(void *)place = value;
    }
}

enum skp_err skc_cli_options_parse(int argc,
                                   char **argv,
                                   unsigned allowed,
                                   bool only_leading,
                                   struct skc_args *args,
                                   struct skp_diag *diag)
{
    struct getopt_tables tables;
    int found;

    fill_tables(allowed, only_leading, &tables);
    opterr = 0;
    optind = 0; /* makes the C library start anew */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet */
    while ((found = getopt_long(argc, argv, tables.shorts, tables.longs,
                                NULL)) != -1) {
        const struct option_row *row = find_row(found);

        if (row == NULL) {
            return skp_fail(
                diag, SKP_ERR_INVALID_ARGUMENT, "%s: %s", argv[optind - 1],
                found == ':' ? "the value is missing" : "no such option here");
        }
        keep_option(row, optarg, args);
    }
    args->words = argv + optind;
    args->n_words = argc - optind;
    return SKP_ERR_OK;
}

void skc_cli_options_print(FILE *file, unsigned allowed)
{
    for (size_t i = 0; i < SKC_OPTION_COUNT; i++) {
        const struct option_row *row = &rows[i];
        char name[64];

        if ((allowed & 1u << i) == 0) {
            continue;
        }
        (void)snprintf(name, sizeof name, "--%s%s%s", row->name,
                       row->value == NULL ? "" : " ",
                       row->value == NULL ? "" : row->value);
        if (row->letter != 0) {
            (void)fprintf(file, "  -%c, %-20s %s\n", row->letter, name,
                          row->sentence);
        } else {
            (void)fprintf(file, "      %-20s %s\n", name, row->sentence);
        }
    }
}

/* ---- durations ------------------------------------------------------------
 */

/* Read digits, at most nine, so that nothing overflows. */
static const char *
read_digits(const char *text, uint64_t *ret, uint64_t *ret_scale)
{
    unsigned n = 0;

    *ret = 0;
    *ret_scale = 1;
    while (*text >= '0' && *text <= '9' && n < 9) {
        *ret = *ret * 10 + (uint64_t)(*text - '0');
        *ret_scale *= 10;
        text++;
        n++;
    }
    return text;
}

static uint64_t unit_ms(const char *text)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {
        { "", 1000 },   { "ms", 1 },      { "s", 1000 },
        { "m", 60000 }, { "h", 3600000 },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(units); i++) {
        if (strcmp(units[i].name, text) == 0) {
            return units[i].ms;
        }
    }
    return 0;
}

enum skp_err skc_cli_options_duration(const char *text, uint32_t *ret_ms)
{
    uint64_t whole;
    uint64_t fraction = 0;
    uint64_t scale;
    uint64_t unit;
    uint64_t ms;
    const char *rest = read_digits(text, &whole, &scale);

    if (rest == text) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    scale = 1;
    if (*rest == '.') {
        rest = read_digits(rest + 1, &fraction, &scale);
    }
    unit = unit_ms(rest);
    ms = whole * unit + fraction * unit / scale;
    if (ms == 0 || ms > INT32_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret_ms = (uint32_t)ms;
    return SKP_ERR_OK;
}
