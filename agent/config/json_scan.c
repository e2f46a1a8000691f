/* json_scan.c - a strict scan over JSON text; see json_scan.h.
 *
 * The functions below return NULL, or the words for what is wrong at
 * scan->at.  There is no recursion: which levels are arrays is kept in bits.
 */
#include "agent/config/json_scan.h"

#include <string.h>

/* cJSON reads a number into 64 bytes. */
#define NUMBER_MAX 63u

struct scan {
    struct skp_view text;
    size_t at;
    unsigned depth;
    uint64_t arrays; /* bit d: level d is an array, else an object */
    struct skp_view member;
    size_t index;
    size_t value_start; /* of that member */
    const struct skd_json_watch *watch;
};

/* The next byte; 0, which no valid token starts with, at the end. */
static uint8_t peek(const struct scan *scan)
{
    return scan->at < scan->text.len ? scan->text.ptr[scan->at] : 0;
}

static bool in_array(const struct scan *scan, unsigned level)
{
    return (scan->arrays >> level & 1) != 0;
}

static void tell_value(const struct scan *scan)
{
    if (scan->watch->on_value != NULL && scan->at < scan->text.len) {
        scan->watch->on_value(scan->watch->state, scan->at);
    }
}

static void skip_space(struct scan *scan)
{
    while (skd_json_is_space(peek(scan))) {
        scan->at++;
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(struct scan *scan)
{
    size_t start = scan->at;

    while (is_digit(peek(scan))) {
        scan->at++;
    }
    return scan->at > start;
}

static bool skip_fraction_and_exponent(struct scan *scan)
{
    if (peek(scan) == '.') {
        scan->at++;
        if (!skip_digits(scan)) {
            return false;
        }
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') {
            scan->at++;
        }
        return skip_digits(scan);
    }
    return true;
}

static const char *take_number(struct scan *scan)
{
    size_t start = scan->at;
    bool good;

    if (peek(scan) == '-') {
        scan->at++;
    }
    if (peek(scan) == '0') {
        scan->at++;
        good = !is_digit(peek(scan));
    } else {
        good = skip_digits(scan);
    }
    if (!good || !skip_fraction_and_exponent(scan)) {
        return "a number is malformed";
    }
    return scan->at - start > NUMBER_MAX ? "a number is too long" : NULL;
}

/* Four hex digits; UINT32_MAX when there are none. */
static uint32_t take_hex4(struct scan *scan)
{
    uint32_t unit = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = peek(scan);
        uint8_t lower = c | 0x20;

        if (is_digit(c)) {
            unit = unit << 4 | (uint32_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            unit = unit << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return UINT32_MAX;
        }
        scan->at++;
    }
    return unit;
}

/* What follows "\u": one unit, or the two of a surrogate pair. */
static const char *take_unicode_escape(struct scan *scan)
{
    uint32_t unit = take_hex4(scan);

    if (unit == UINT32_MAX) {
        return "an escape is malformed";
    }
    if (unit == 0) {
        return "a string holds \\u0000";
    }
    if (unit >= 0xdc00 && unit <= 0xdfff) {
        return "half a surrogate pair";
    }
    if (unit >= 0xd800 && unit <= 0xdbff) {
        if (peek(scan) != '\\') {
            return "half a surrogate pair";
        }
        scan->at++;
        if (peek(scan) != 'u') {
            return "half a surrogate pair";
        }
        scan->at++;
        unit = take_hex4(scan);
        if (unit < 0xdc00 || unit > 0xdfff) {
            return "half a surrogate pair";
        }
    }
    return NULL;
}

static const char *take_escape(struct scan *scan)
{
    uint8_t c;

    scan->at++; /* the backslash */
    c = peek(scan);
    if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL) {
        return "an escape is malformed";
    }
    scan->at++;
    return c == 'u' ? take_unicode_escape(scan) : NULL;
}

/* One character of two to four bytes; RFC 3629 section 4. */
static const char *take_utf8(struct scan *scan)
{
    static const char bad[] = "a string is no UTF-8";
    uint8_t first = peek(scan);
    unsigned n_more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

    if (first < 0xc2 || first > 0xf4) {
        return bad;
    }
    for (unsigned i = 0; i < n_more; i++) {
        scan->at++;
        if (peek(scan) < low || peek(scan) > high) {
            return bad;
        }
        low = 0x80;
        high = 0xbf;
    }
    scan->at++;
    return NULL;
}

/* Not zero when one of the eight bytes at @at is a quotation mark, a backslash,
 * a control character, or part of a character of several bytes: the last has
 * its top bit set, each other gets it when what would be the least other is
 * taken off.  A byte after such a one may be taken for one, too. */
static uint64_t find_special(const uint8_t *at)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof bytes);
    return (bytes | (bytes - SKP_EACH_BYTE(0x20)) |
            ((bytes ^ SKP_EACH_BYTE('"')) - SKP_EACH_BYTE(1)) |
            ((bytes ^ SKP_EACH_BYTE('\\')) - SKP_EACH_BYTE(1))) &
           SKP_EACH_BYTE(0x80);
}

/* Go over characters that stand for themselves, eight at a time. */
static void skip_plain(struct scan *scan)
{
    while (scan->text.len - scan->at >= sizeof(uint64_t) &&
           find_special(scan->text.ptr + scan->at) == 0) {
        scan->at += sizeof(uint64_t);
    }
}

/* From its opening quotation mark on. */
static const char *take_string(struct scan *scan)
{
    scan->at++;
    skip_plain(scan);
    for (;;) {
        const char *wrong = NULL;
        uint8_t c = peek(scan);

        if (scan->at == scan->text.len) {
            return "the text ends inside a string";
        }
        if (c == '"') {
            scan->at++;
            return NULL;
        }
        if (c < 0x20) {
            return c == '\n' ? "a line ends inside a string"
                             : "a string holds a control character";
        }
        if (c == '\\') {
            wrong = take_escape(scan);
        } else if (c >= 0x80) {
            wrong = take_utf8(scan);
        } else {
            scan->at++;
        }
        if (wrong != NULL) {
            return wrong;
        }
    }
}

static const char *take_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(words); i++) {
        struct skp_view word = skp_view_of(words[i]);

        if (scan->text.len - scan->at >= word.len &&
            skp_view_equal(
                (struct skp_view){ scan->text.ptr + scan->at, word.len },
                word)) {
            scan->at += word.len;
            return NULL;
        }
    }
    return scan->at == scan->text.len ? "the text ends too early"
                                      : "a value is expected";
}

static const char *take_scalar(struct scan *scan)
{
    uint8_t c = peek(scan);

    if (c == '"') {
        return take_string(scan);
    }
    return c == '-' || is_digit(c) ? take_number(scan) : take_word(scan);
}

/* A member's name and its colon. */
static const char *take_name(struct scan *scan)
{
    size_t start;
    const char *wrong;

    skip_space(scan);
    if (peek(scan) != '"') {
        return scan->at == scan->text.len ? "the text ends too early"
                                          : "the name of a member is expected";
    }
    tell_value(scan);
    start = scan->at + 1;
    wrong = take_string(scan);
    if (wrong != NULL) {
        return wrong;
    }
    if (scan->depth == 1) {
        scan->member =
            (struct skp_view){ scan->text.ptr + start, scan->at - start - 1 };
    }
    skip_space(scan);
    if (peek(scan) != ':') {
        return "a colon is expected";
    }
    scan->at++;
    return NULL;
}

static bool close_container(struct scan *scan)
{
    if (peek(scan) != (in_array(scan, scan->depth) ? ']' : '}')) {
        return false;
    }
    scan->at++;
    scan->depth--;
    return true;
}

/* Enter an object or array; *ret_closed is set when it is empty, and so over
 * already. */
static const char *open_container(struct scan *scan, bool *ret_closed)
{
    uint64_t bit;

    if (scan->depth == scan->watch->depth_max) {
        return "nested too deeply";
    }
    scan->depth++;
    bit = UINT64_C(1) << scan->depth;
    scan->arrays &= ~bit;
    if (peek(scan) == '[') {
        scan->arrays |= bit;
    }
    if (scan->depth == 2) {
        scan->index = 0;
    }
    scan->at++;
    skip_space(scan);
    *ret_closed = close_container(scan);
    if (*ret_closed || in_array(scan, scan->depth)) {
        return NULL;
    }
    return take_name(scan);
}

/* The value of a top-level member ends here. */
static void note_value(struct scan *scan)
{
    for (size_t i = 0; i < scan->watch->n_members; i++) {
        struct skd_json_member *member = &scan->watch->members[i];

        if (!skp_view_equal(scan->member, skp_view_of(member->name))) {
            continue;
        }
        if (member->value.ptr != NULL) {
            member->is_twice = true;
            continue;
        }
        member->value = (struct skp_view){ scan->text.ptr + scan->value_start,
                                           scan->at - scan->value_start };
    }
}

/* After a value: close what ends here, then stand before the next value, or at
 * depth 0. */
static const char *leave_value(struct scan *scan)
{
    while (scan->depth > 0) {
        if (scan->depth == 1 && !in_array(scan, 1)) {
            note_value(scan);
        }
        skip_space(scan);
        if (close_container(scan)) {
            continue;
        }
        if (peek(scan) != ',') {
            return scan->at == scan->text.len    ? "the text ends too early"
                   : in_array(scan, scan->depth) ? "a comma or ] is expected"
                                                 : "a comma or } is expected";
        }
        scan->at++;
        if (!in_array(scan, scan->depth)) {
            return take_name(scan);
        }
        if (scan->depth == 2) {
            scan->index++;
        }
        return NULL;
    }
    return NULL;
}

static const char *take_document(struct scan *scan)
{
    do {
        bool is_whole = true;
        const char *wrong;

        skip_space(scan);
        if (scan->depth == 0 || in_array(scan, scan->depth)) {
            tell_value(scan);
        }
        if (scan->depth == 1) {
            scan->value_start = scan->at;
        }
        wrong = peek(scan) == '{' || peek(scan) == '['
                    ? open_container(scan, &is_whole)
                    : take_scalar(scan);
        if (wrong == NULL && is_whole) {
            wrong = leave_value(scan);
        }
        if (wrong != NULL) {
            return wrong;
        }
    } while (scan->depth > 0);
    skip_space(scan);
    return scan->at == scan->text.len ? NULL : "something follows the JSON";
}

enum skp_err skd_json_scan(struct skp_view text,
                           const struct skd_json_watch *watch,
                           struct skd_json_place *place)
{
    struct scan scan = { .text = text, .watch = watch };
    const char *wrong;

    skp_assert(watch->depth_max >= 1 && watch->depth_max <= SKD_JSON_DEPTH_MAX);
    wrong = take_document(&scan);
    if (wrong == NULL) {
        return SKP_ERR_OK;
    }
    *place = (struct skd_json_place){
        .what = wrong,
        .byte = scan.at,
        .member = scan.member,
        .in_array = scan.depth >= 2 && in_array(&scan, 2),
        .index = scan.index,
    };
    return SKP_ERR_INVALID_ARGUMENT;
}
