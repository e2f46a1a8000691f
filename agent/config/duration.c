/* duration.c - durations as Go writes them; see duration.h. */
#include "agent/config/duration.h"

#include <string.h>

/* One more than the largest duration: what a negative one may reach. */
#define LIMIT ((uint64_t)1 << 63)

static const struct unit {
    const char *name;
    uint64_t ns;
} units[] = {
    { "ns", 1 },           { "us", 1000 },
    { "\xc2\xb5s", 1000 }, /* U+00B5, micro sign */
    { "\xce\xbcs", 1000 }, /* U+03BC, Greek letter mu */
    { "ms", 1000000 },     { "s", 1000000000 },
    { "m", 60000000000 },  { "h", 3600000000000 },
};

static bool is_digit(struct skp_view text)
{
    return text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9';
}

static void skip(struct skp_view *text, size_t len)
{
    text->ptr += len;
    text->len -= len;
}

/* Whole digits; false when there are more than fit. */
static bool take_whole(struct skp_view *text, uint64_t *ret)
{
    uint64_t value = 0;

    for (; is_digit(*text); skip(text, 1)) {
        uint64_t digit = (uint64_t)(text->ptr[0] - '0');

        if (value > (LIMIT - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

/* Digits after the point; those that do not fit any more are dropped, they are
 * far below a nanosecond.  The fraction is *ret / *ret_scale. */
static void
take_fraction(struct skp_view *text, uint64_t *ret, double *ret_scale)
{
    uint64_t value = 0;
    double scale = 1;
    bool full = false;

    for (; is_digit(*text); skip(text, 1)) {
        uint64_t digit = (uint64_t)(text->ptr[0] - '0');

        full = full || value > (LIMIT - 1 - digit) / 10;
        if (!full) {
            value = value * 10 + digit;
            scale *= 10;
        }
    }
    *ret = value;
    *ret_scale = scale;
}

/* Nanoseconds of the unit at the front: all that is neither digit nor point. */
static uint64_t take_unit(struct skp_view *text)
{
    const char *name = (const char *)text->ptr;
    size_t len = 0;

    while (len < text->len && name[len] != '.' &&
           (name[len] < '0' || name[len] > '9')) {
        len++;
    }
    skip(text, len);
    for (size_t i = 0; i < SKP_ARRAY_LEN(units); i++) {
        if (strlen(units[i].name) == len &&
            strncmp(units[i].name, name, len) == 0) {
            return units[i].ns;
        }
    }
    return 0;
}

/* One number with its unit, as nanoseconds.  NULL, or what is wrong. */
static const char *take_term(struct skp_view *text, uint64_t *ret)
{
    static const char too_large[] = "duration is too large";
    size_t before = text->len;
    uint64_t whole = 0;
    uint64_t fraction = 0;
    uint64_t unit;
    double scale = 1;
    size_t n_digits;

    if (!take_whole(text, &whole)) {
        return too_large;
    }
    n_digits = before - text->len;
    if (text->len > 0 && text->ptr[0] == '.') {
        skip(text, 1);
        before = text->len;
        take_fraction(text, &fraction, &scale);
        n_digits += before - text->len;
    }
    if (n_digits == 0) {
        return "duration is no number with a unit, as in 1h30m or 500ms";
    }
    if (text->len == 0) {
        return "duration lacks a unit (ns, us, ms, s, m, h)";
    }
    unit = take_unit(text);
    if (unit == 0) {
        return "duration has an unknown unit (known: ns, us, ms, s, m, h)";
    }
    if (whole > LIMIT / unit) {
        return too_large;
    }
    whole *= unit;
    whole += (uint64_t)((double)fraction * ((double)unit / scale));
    if (whole > LIMIT) {
        return too_large;
    }
    *ret = whole;
    return NULL;
}

/* The sum of all terms.  NULL, or what is wrong. */
static const char *take_terms(struct skp_view text, uint64_t *ret)
{
    uint64_t sum = 0;

    if (text.len == 1 && text.ptr[0] == '0') {
        *ret = 0;
        return NULL;
    }
    if (text.len == 0) {
        return "duration is empty";
    }
    while (text.len > 0) {
        uint64_t term = 0;
        const char *why = take_term(&text, &term);

        if (why != NULL) {
            return why;
        }
        if (term > LIMIT - sum) {
            return "duration is too large";
        }
        sum += term;
    }
    *ret = sum;
    return NULL;
}

enum skp_err
skd_duration_parse(struct skp_view text, int64_t *ret_ns, const char **ret_why)
{
    bool is_negative = false;
    uint64_t sum = 0;
    const char *why;

    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        is_negative = text.ptr[0] == '-';
        skip(&text, 1);
    }
    why = take_terms(text, &sum);
    if (why == NULL && !is_negative && sum == LIMIT) {
        why = "duration is too large";
    }
    if (why != NULL) {
        *ret_why = why;
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (sum == LIMIT) {
        *ret_ns = INT64_MIN;
    } else {
        *ret_ns = is_negative ? -(int64_t)sum : (int64_t)sum;
    }
    return SKP_ERR_OK;
}

uint64_t skd_duration_to_ms(int64_t ns)
{
    skp_assert(ns >= 0);
    return ((uint64_t)ns + 999999) / 1000000;
}
