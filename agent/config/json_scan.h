/* json_scan.h - checks that bytes are JSON, strictly, before a tree is built.
 *
 * cJSON is generous: it takes numbers that are none, strings that are no UTF-8,
 * a NUL in the middle of a string, text after the end, and it turns large
 * integers into doubles.  So configurations, and what comes from other
 * machines, pass this scan first: the grammar of RFC 8259 to the letter, UTF-8
 * as in RFC 3629, bounded nesting, no \u0000, and no number of more than 63
 * characters (cJSON would cut it).  It also finds the place to name in a
 * message, and the digits of a number as they were written.
 *
 * Pure: allocates nothing, looks at each byte once.
 */
#ifndef SKD_JSON_SCAN_H
#define SKD_JSON_SCAN_H

#include "protocol/bytes.h"

/* Nesting that a scan can be told to allow; the outermost value is level 1. */
#define SKD_JSON_DEPTH_MAX 32u

/* True for what may stand between tokens (RFC 8259 section 2). */
static inline bool skd_json_is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A member of the outermost object that is looked for. */
struct skd_json_member {
    const char *name;      /* in; compared with the name as it is written, so
                            * that one written with escapes is another */
    struct skp_view value; /* out: its value as it is written, quotes and
                            * brackets included; empty: not there */
    bool is_twice;         /* out; value is the first one */
};

/* What a scan allows, and what it tells. */
struct skd_json_watch {
    unsigned depth_max;              /* at most SKD_JSON_DEPTH_MAX */
    struct skd_json_member *members; /* whose outputs are zeroed before */
    size_t n_members;
    /* Called at the first byte of each value, of a member of an object at that
     * of its name, in the order of the text; NULL: nobody asks. */
    void (*on_value)(void *state, size_t byte);
    void *state;
};

/* What is wrong, and where.  Borrowed from the text. */
struct skd_json_place {
    const char *what;       /* a constant that quotes nothing */
    size_t byte;            /* its offset */
    struct skp_view member; /* the top-level member it is in; empty: none */
    bool in_array;          /* that member is an array */
    size_t index;           /* and this is the element, from 0 */
};

/* Check all of @text: one value, with nothing but white space around it.
 * @place  set on failure.
 *   SKP_ERR_INVALID_ARGUMENT  not JSON as above. */
SKP_MUST_CHECK enum skp_err skd_json_scan(struct skp_view text,
                                          const struct skd_json_watch *watch,
                                          struct skd_json_place *place);

#endif /* SKD_JSON_SCAN_H */
