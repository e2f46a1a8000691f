/* page_scan.h - checks that bytes are JSON, strictly, before a tree is built.
 *
 * cJSON is generous: it takes numbers that are none, strings that are no UTF-8,
 * a NUL in the middle of a string, and it turns large integers into doubles.
 * What comes from another machine passes this scan first: the grammar of RFC
 * 8259 to the letter, UTF-8 as in RFC 3629, bounded nesting, no \u0000, and no
 * number of more than 63 characters (cJSON would cut it).  It also finds the
 * place to name in a message, and the digits of a number as they were written.
 *
 * Pure: allocates nothing, looks at each byte once.
 */
#ifndef SKD_PAGE_SCAN_H
#define SKD_PAGE_SCAN_H

#include "protocol/bytes.h"
#include "protocol/diag.h"

/* Nesting that a scan can be told to allow; the outermost value is level 1. */
#define SKD_PAGE_SCAN_DEPTH_MAX 32u

/* Where a scan stopped.  Borrowed from the text. */
struct skd_page_place {
    size_t byte;            /* offset of what is wrong */
    struct skp_view member; /* the top-level member it is in; empty: none */
    bool in_array;          /* that member is an array */
    size_t index;           /* and this is the element, from 0 */
};

/* A member of the outermost object that is looked for. */
struct skd_page_member {
    const char *name;      /* in; compared with the name as it is written, so
                            * that one written with escapes is another */
    struct skp_view value; /* out: its value as it is written, quotes and
                            * brackets included; empty: not there */
    bool is_twice;         /* out; value is the first one */
};

/* Check all of @text and find @members, whose outputs are zeroed before.
 * @depth_max    at most SKD_PAGE_SCAN_DEPTH_MAX.
 * @place        set on failure.
 *   SKP_ERR_INVALID_ARGUMENT  not JSON as above; @diag says why, without
 *                             quoting the text. */
SKP_MUST_CHECK enum skp_err skd_page_scan(struct skp_view text,
                                          unsigned depth_max,
                                          struct skd_page_member *members,
                                          size_t n_members,
                                          struct skd_page_place *place,
                                          struct skp_diag *diag);

/* The next element of an array.  *rest is the array as a scan gave it, then
 * whatever the last call left there.  False at the end of the array. */
bool skd_page_scan_next(struct skp_view *rest, struct skp_view *ret);

#endif /* SKD_PAGE_SCAN_H */
