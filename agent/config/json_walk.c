/* json_walk.c - over JSON that is known to be some; see json_walk.h. */
#include "agent/config/json_walk.h"

#include <string.h>

#include "agent/config/json_scan.h"

struct walk {
    struct skp_view text;
    size_t at;
};

/* The next byte; 0 at the end. */
static uint8_t peek(const struct walk *walk)
{
    return walk->at < walk->text.len ? walk->text.ptr[walk->at] : 0;
}

static void step(struct walk *walk)
{
    walk->at += walk->at < walk->text.len;
}

static void skip_space(struct walk *walk)
{
    while (skd_json_is_space(peek(walk))) {
        walk->at++;
    }
}

/* True when the character at @at, in a string that begins at @start, is
 * escaped: behind an odd number of backslashes. */
static bool is_escaped(const struct walk *walk, size_t start, size_t at)
{
    size_t n = 0;

    while (at - n > start + 1 && walk->text.ptr[at - n - 1] == '\\') {
        n++;
    }
    return n % 2 == 1;
}

/* From its opening quotation mark to behind the other. */
static void skip_string(struct walk *walk)
{
    size_t start = walk->at;
    const uint8_t *end = NULL;

    do {
        walk->at++;
        end = walk->at < walk->text.len ? memchr(walk->text.ptr + walk->at, '"',
                                                 walk->text.len - walk->at)
                                        : NULL;
        walk->at =
            end == NULL ? walk->text.len : (size_t)(end - walk->text.ptr);
    } while (end != NULL && is_escaped(walk, start, walk->at));
    step(walk);
}

/* True when a value that is neither string, array nor object ends before @c. */
static bool is_end(uint8_t c)
{
    return c == ',' || c == ']' || c == '}' || skd_json_is_space(c);
}

static void skip_value(struct walk *walk)
{
    unsigned depth = 0;

    do {
        uint8_t c = peek(walk);

        if (c == '"') {
            skip_string(walk);
            continue;
        }
        if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            depth--;
        }
        step(walk);
    } while (walk->at < walk->text.len && (depth > 0 || !is_end(peek(walk))));
}

/* ---- from one to the next ------------------------------------------------ */

/* Stand before what follows the bracket, or the comma, with which the text
 * begins; false when nothing does. */
static bool enter(struct walk *walk)
{
    walk->at = walk->text.len > 0 ? 1 : 0;
    skip_space(walk);
    return walk->at < walk->text.len && peek(walk) != ']' && peek(walk) != '}';
}

/* What lies between @start and here. */
static struct skp_view cut(const struct walk *walk, size_t start)
{
    return (struct skp_view){ walk->text.ptr + start, walk->at - start };
}

static struct skp_view take_value(struct walk *walk)
{
    size_t start = walk->at;

    skip_value(walk);
    return cut(walk, start);
}

static struct skp_view take_name(struct walk *walk)
{
    size_t start = walk->at;
    struct skp_view name;

    skip_string(walk);
    name = cut(walk, start);
    skip_space(walk);
    step(walk); /* the colon */
    skip_space(walk);
    return name;
}

/* What is left begins with a comma or the closing bracket. */
static struct skp_view leave(struct walk *walk)
{
    skip_space(walk);
    return (struct skp_view){ walk->text.ptr + walk->at,
                              walk->text.len - walk->at };
}

bool skd_json_walk_array(struct skp_view *rest, struct skp_view *ret)
{
    struct walk walk = { .text = *rest };

    if (!enter(&walk)) {
        return false;
    }
    *ret = take_value(&walk);
    *rest = leave(&walk);
    return true;
}

bool skd_json_walk_object(struct skp_view *rest,
                          struct skp_view *ret_name,
                          struct skp_view *ret_value)
{
    struct walk walk = { .text = *rest };

    if (!enter(&walk)) {
        return false;
    }
    *ret_name = take_name(&walk);
    *ret_value = take_value(&walk);
    *rest = leave(&walk);
    return true;
}
