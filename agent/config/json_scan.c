/* json_scan.c - is this text JSON to the letter; see json_scan.h.
 *
 * Nesting is a stack of one byte per level instead of recursion, so that no
 * text decides how much of our stack is used.
 */
#include "agent/config/json_scan.h"

#include <stdlib.h>
#include <string.h>

/* More digits than a double holds, and short enough for cJSON's own buffer. */
#define NUMBER_MAX 40u

struct scan {
    const uint8_t *at;
    const uint8_t *end;
    unsigned line;
    const char *what; /* the fault; NULL: none yet */
    struct skd_json_lines *lines;
    size_t depth;
    char closers[SKD_JSON_DEPTH_MAX]; /* of the open arrays and objects */
};

void skd_json_lines_done(struct skd_json_lines *lines)
{
    free(lines->lines);
    *lines = (struct skd_json_lines){ NULL, 0, 0 };
}

static enum skp_err refuse(struct scan *scan, const char *what)
{
    scan->what = what;
    return SKP_ERR_INVALID_ARGUMENT;
}

static enum skp_err note_line(struct scan *scan)
{
    struct skd_json_lines *lines = scan->lines;

    if (lines->n == lines->cap) {
        size_t cap = lines->cap == 0 ? 64 : 2 * lines->cap;
        uint32_t *grown = realloc(lines->lines, cap * sizeof *grown);

        if (grown == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        lines->lines = grown;
        lines->cap = cap;
    }
    lines->lines[lines->n++] = scan->line;
    return SKP_ERR_OK;
}

/* The next byte, or 0 at the end: no rule of the grammar asks for a NUL. */
static uint8_t peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : 0;
}

static bool take(struct scan *scan, char expected)
{
    if (peek(scan) != (uint8_t)expected) {
        return false;
    }
    scan->at++;
    return true;
}

static void skip_space(struct scan *scan)
{
    for (;; scan->at++) {
        uint8_t c = peek(scan);

        if (c == '\n') {
            scan->line++;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

/* Length of the well-formed UTF-8 sequence at @at (Unicode, table 3-7), or 0.
 */
static size_t utf8_len(const uint8_t *at, size_t left)
{
    uint8_t least = 0x80;
    uint8_t most = 0xbf;
    size_t len;

    if (at[0] < 0x80) {
        return 1;
    }
    if (at[0] < 0xc2 || at[0] > 0xf4) {
        return 0;
    }
    len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] == 0xe0) {
        least = 0xa0;
    } else if (at[0] == 0xed) {
        most = 0x9f;
    } else if (at[0] == 0xf0) {
        least = 0x90;
    } else if (at[0] == 0xf4) {
        most = 0x8f;
    }
    if (len > left || at[1] < least || at[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf) {
            return 0;
        }
    }
    return len;
}

/* Four hex digits; 0 when they are not there, which is refused as U+0000 is. */
static unsigned take_hex4(struct scan *scan)
{
    unsigned value = 0;

    if (scan->end - scan->at < 4) {
        return 0;
    }
    for (int i = 0; i < 4; i++) {
        uint8_t c = *scan->at++;

        if (c >= '0' && c <= '9') {
            value = value << 4 | (unsigned)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            value = value << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        } else {
            return 0;
        }
    }
    return value;
}

/* What follows "\u". */
static enum skp_err take_unicode_escape(struct scan *scan)
{
    unsigned unit = take_hex4(scan);

    if (unit == 0) {
        return refuse(scan, "bad \\u escape in a string");
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return SKP_ERR_OK;
    }
    if (unit < 0xdc00 && take(scan, '\\') && take(scan, 'u')) {
        unit = take_hex4(scan);
        if (unit >= 0xdc00 && unit <= 0xdfff) {
            return SKP_ERR_OK;
        }
    }
    return refuse(scan, "unpaired surrogate in a string");
}

/* What follows a backslash. */
static enum skp_err take_escape(struct scan *scan)
{
    uint8_t c = peek(scan);

    if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL) {
        return refuse(scan, "bad escape in a string");
    }
    scan->at++;
    return c == 'u' ? take_unicode_escape(scan) : SKP_ERR_OK;
}

/* What follows the opening quotation mark. */
static enum skp_err take_string(struct scan *scan)
{
    while (scan->at < scan->end) {
        size_t len = utf8_len(scan->at, (size_t)(scan->end - scan->at));
        uint8_t c = *scan->at;

        if (len == 0) {
            return refuse(scan, "invalid UTF-8 in a string");
        }
        if (c < 0x20) {
            return refuse(scan, c == '\n' || c == '\r'
                                    ? "line break in a string"
                                    : "control character in a string");
        }
        scan->at += len;
        if (c == '"') {
            return SKP_ERR_OK;
        }
        SKP_TRY(c == '\\' ? take_escape(scan) : SKP_ERR_OK);
    }
    return refuse(scan, "string without an end");
}

static size_t take_digits(struct scan *scan)
{
    const uint8_t *start = scan->at;

    while (peek(scan) >= '0' && peek(scan) <= '9') {
        scan->at++;
    }
    return (size_t)(scan->at - start);
}

static enum skp_err take_number(struct scan *scan)
{
    static const char bad[] = "bad number";
    const uint8_t *start = scan->at;
    bool has_zero;

    (void)take(scan, '-');
    has_zero = peek(scan) == '0';
    switch (take_digits(scan)) {
    case 0:
        return refuse(scan, bad);
    case 1:
        break;
    default:
        if (has_zero) {
            return refuse(scan, "number with leading zeros");
        }
        break;
    }
    if (take(scan, '.') && take_digits(scan) == 0) {
        return refuse(scan, bad);
    }
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+')) {
            (void)take(scan, '-');
        }
        if (take_digits(scan) == 0) {
            return refuse(scan, bad);
        }
    }
    if (scan->at - start > (ptrdiff_t)NUMBER_MAX) {
        return refuse(scan, "number with too many digits");
    }
    return SKP_ERR_OK;
}

static enum skp_err take_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(scan->end - scan->at) >= len &&
            strncmp((const char *)scan->at, words[i], len) == 0) {
            scan->at += len;
            return SKP_ERR_OK;
        }
    }
    return refuse(scan, "a value was expected");
}

static enum skp_err open_level(struct scan *scan, char closer)
{
    if (scan->depth == SKD_JSON_DEPTH_MAX) {
        return refuse(scan, "nested too deep");
    }
    scan->at++;
    scan->closers[scan->depth++] = closer;
    return SKP_ERR_OK;
}

/* The name of a member with its colon; its line is the value's. */
static enum skp_err take_name(struct scan *scan)
{
    skip_space(scan);
    if (!take(scan, '"')) {
        return refuse(scan, "the name of a member was expected");
    }
    SKP_TRY(note_line(scan));
    SKP_TRY(take_string(scan));
    skip_space(scan);
    return take(scan, ':') ? SKP_ERR_OK : refuse(scan, "a colon was expected");
}

/* What stands in front of a value in the innermost level. */
static enum skp_err take_lead(struct scan *scan)
{
    if (scan->depth > 0 && scan->closers[scan->depth - 1] == '}') {
        SKP_TRY(take_name(scan));
        skip_space(scan);
        return SKP_ERR_OK;
    }
    skip_space(scan);
    return note_line(scan);
}

/* A value, or only the opening of one that has an inside; *ret_opened tells. */
static enum skp_err take_value(struct scan *scan, bool *ret_opened)
{
    *ret_opened = false;
    switch (peek(scan)) {
    case '{':
        *ret_opened = true;
        return open_level(scan, '}');
    case '[':
        *ret_opened = true;
        return open_level(scan, ']');
    case '"':
        scan->at++;
        return take_string(scan);
    case 't':
    case 'f':
    case 'n':
        return take_word(scan);
    case '-':
        return take_number(scan);
    default:
        if (peek(scan) >= '0' && peek(scan) <= '9') {
            return take_number(scan);
        }
        return refuse(scan, "a value was expected");
    }
}

/* Close every level that ends here; after this either a comma was taken and a
 * value must follow, or the text is over (depth 0). */
static enum skp_err take_ends(struct scan *scan)
{
    while (scan->depth > 0) {
        char closer = scan->closers[scan->depth - 1];

        skip_space(scan);
        if (take(scan, ',')) {
            return SKP_ERR_OK;
        }
        if (!take(scan, closer)) {
            return refuse(scan, closer == '}' ? "a comma or '}' was expected"
                                              : "a comma or ']' was expected");
        }
        scan->depth--;
    }
    return SKP_ERR_OK;
}

static enum skp_err scan_text(struct scan *scan)
{
    do {
        bool opened = false;

        SKP_TRY(take_lead(scan));
        SKP_TRY(take_value(scan, &opened));
        if (opened) {
            skip_space(scan);
            if (!take(scan, scan->closers[scan->depth - 1])) {
                continue;
            }
            scan->depth--;
        }
        SKP_TRY(take_ends(scan));
    } while (scan->depth > 0);
    skip_space(scan);
    return scan->at == scan->end ? SKP_ERR_OK
                                 : refuse(scan, "text after the end");
}

enum skp_err skd_json_scan(struct skp_view text,
                           struct skd_json_lines *lines,
                           struct skd_json_fault *fault)
{
    struct scan scan = { .line = 1, .lines = lines };
    enum skp_err err;

    if (text.len == 0) {
        *fault = (struct skd_json_fault){ 1, "the file is empty" };
        return SKP_ERR_INVALID_ARGUMENT;
    }
    scan.at = text.ptr;
    scan.end = text.ptr + text.len;
    err = scan_text(&scan);
    if (scan.what != NULL) {
        *fault = (struct skd_json_fault){ scan.line, scan.what };
    }
    return err;
}
