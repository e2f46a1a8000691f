/* glob.c - patterns for paths; see glob.h. */
#include "agent/config/glob.h"

/* A star to go back to when what came behind it did not match. */
struct star {
    const char *after; /* the pattern behind it; NULL: there is none */
    size_t at;         /* where in the path what is behind it was tried */
};

static bool matches_one(char pattern, uint8_t byte)
{
    return pattern == '?' ? byte != '/' : (uint8_t)pattern == byte;
}

/* Let the star take one byte more; false when it cannot. */
static bool take_more(struct star *star, struct skp_view path, bool is_double)
{
    if (star->after == NULL || star->at == path.len ||
        (!is_double && path.ptr[star->at] == '/')) {
        return false;
    }
    star->at++;
    return true;
}

/* Only the last star of each kind has to be remembered: a single one cannot
 * pass a slash, and what a double one could take on top of that is taken by the
 * last double one. */
bool skd_glob_matches(const char *pattern, struct skp_view path)
{
    struct star single = { NULL, 0 };
    struct star twice = { NULL, 0 };
    size_t at = 0;

    for (;;) {
        if (*pattern == '*') {
            bool is_double = pattern[1] == '*';

            pattern += is_double ? 2 : 1;
            *(is_double ? &twice : &single) = (struct star){ pattern, at };
            single.after = is_double ? NULL : single.after;
        } else if (at < path.len && *pattern != '\0' &&
                   matches_one(*pattern, path.ptr[at])) {
            pattern++;
            at++;
        } else if (at == path.len && *pattern == '\0') {
            return true;
        } else if (take_more(&single, path, false)) {
            pattern = single.after;
            at = single.at;
        } else if (take_more(&twice, path, true)) {
            single.after = NULL;
            pattern = twice.after;
            at = twice.at;
        } else {
            return false;
        }
    }
}
