/* err.c - names and texts of the errors; see err.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base.h"

struct err_row {
    enum skp_err err;
    enum skp_next next;
    const char *name;
    const char *text;
};

static const struct err_row err_rows[] = {
#define ERR_ROW(name, number, next, text) \
    { SKP_ERR_##name, SKP_NEXT_##next, #name, text },
    SKP_ERR_MAP(ERR_ROW)
#undef ERR_ROW
};

static const struct err_row *find_row(enum skp_err err)
{
    static const struct err_row unknown = { SKP_ERR_INTERNAL, SKP_NEXT_FATAL,
                                            "INTERNAL", "internal error" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(err_rows); i++) {
        if (err_rows[i].err == err) {
            return &err_rows[i];
        }
    }
    return &unknown;
}

const char *skp_err_name(enum skp_err err)
{
    return find_row(err)->name;
}

const char *skp_err_text(enum skp_err err)
{
    return find_row(err)->text;
}

enum skp_next skp_err_next(enum skp_err err)
{
    return find_row(err)->next;
}

enum skp_err skp_err_from_name(const char *name, size_t len)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(err_rows); i++) {
        if (strlen(err_rows[i].name) == len &&
            strncmp(err_rows[i].name, name, len) == 0) {
            return err_rows[i].err;
        }
    }
    return SKP_ERR_INTERNAL;
}

void skp_assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "sidekey: bug: %s:%d: %s\n", file, line, condition);
    abort();
}
