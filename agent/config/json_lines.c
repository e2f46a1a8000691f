/* json_lines.c - the lines of JSON values; see json_lines.h. */
#include "agent/config/json_lines.h"

#include <stdlib.h>

#include "agent/config/json_scan.h"

/* On the way through a text. */
struct counting {
    struct skp_view text;
    size_t at; /* counted up to here */
    unsigned line;
    struct skd_json_lines *lines;
};

void skd_json_lines_done(struct skd_json_lines *lines)
{
    free(lines->lines);
    *lines = (struct skd_json_lines){ NULL, 0, 0 };
}

static void count_to(struct counting *counting, size_t byte)
{
    for (; counting->at < byte; counting->at++) {
        counting->line += counting->text.ptr[counting->at] == '\n';
    }
}

static void on_value(void *state, size_t byte)
{
    struct counting *counting = state;
    struct skd_json_lines *lines = counting->lines;

    count_to(counting, byte);
    skp_assert(lines->n < lines->cap);
    lines->lines[lines->n++] = counting->line;
}

enum skp_err skd_json_lines_read(struct skp_view text,
                                 struct skd_json_lines *lines,
                                 struct skd_json_fault *fault)
{
    struct counting counting = { .text = text, .line = 1, .lines = lines };
    const struct skd_json_watch watch = { .depth_max = SKD_JSON_DEPTH_MAX,
                                          .on_value = on_value,
                                          .state = &counting };
    struct skd_json_place place = { .what = NULL };

    if (text.len == 0) {
        *fault = (struct skd_json_fault){ 1, "the file is empty" };
        return SKP_ERR_INVALID_ARGUMENT;
    }
    /* Each value begins at a byte of its own. */
    lines->cap = text.len;
    lines->lines = malloc(lines->cap * sizeof *lines->lines);
    if (lines->lines == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (skd_json_scan(text, &watch, &place) != SKP_ERR_OK) {
        count_to(&counting, place.byte);
        *fault = (struct skd_json_fault){ counting.line, place.what };
        return SKP_ERR_INVALID_ARGUMENT;
    }
    return SKP_ERR_OK;
}
