/* suggest.c - how far a wrong name is from a known one; see suggest.h. */
#include "agent/config/suggest.h"

#include <string.h>

#define LEN_MAX 64u

static char to_lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c | 0x20);
    }
    return c;
}

static bool is_joint(char c)
{
    return c == '_' || c == '-';
}

static size_t cost_of_change(char a, char b)
{
    if (a == b) {
        return 0;
    }
    return to_lower(a) == to_lower(b) || (is_joint(a) && is_joint(b)) ? 1 : 2;
}

static size_t cost_of_extra(char c)
{
    return is_joint(c) ? 1 : 2;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The table of distances between all beginnings of both names, of which only
 * three lines are needed at a time (three for the swap). */
size_t skd_suggest_distance(const char *a, const char *b)
{
    size_t rows[3][LEN_MAX + 1] = { { 0 } };
    size_t a_len = strnlen(a, LEN_MAX);
    size_t b_len = strnlen(b, LEN_MAX);

    for (size_t j = 1; j <= b_len; j++) {
        rows[0][j] = rows[0][j - 1] + cost_of_extra(b[j - 1]);
    }
    for (size_t i = 1; i <= a_len; i++) {
        const size_t *above = rows[(i - 1) % 3];
        size_t *row = rows[i % 3];

        row[0] = above[0] + cost_of_extra(a[i - 1]);
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = above[j - 1] + cost_of_change(a[i - 1], b[j - 1]);
            row[j] = least(row[j], above[j] + cost_of_extra(a[i - 1]));
            row[j] = least(row[j], row[j - 1] + cost_of_extra(b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 2);
            }
        }
    }
    return rows[a_len % 3][b_len];
}
