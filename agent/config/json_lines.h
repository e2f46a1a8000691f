/* json_lines.h - on which line does each value of a JSON text stand?  cJSON
 * keeps none.
 *
 * Pure: no allocation but the list.
 */
#ifndef SKD_JSON_LINES_H
#define SKD_JSON_LINES_H

#include "protocol/bytes.h"

/* The line of each value, in the order in which the values begin; of a member
 * of an object the line of its name.  Heap memory, for skd_json_lines_done. */
struct skd_json_lines {
    uint32_t *lines; /* from 1 */
    size_t n;
    size_t cap;
};
void skd_json_lines_done(struct skd_json_lines *lines);

/* What is wrong, and where. */
struct skd_json_fault {
    unsigned line;    /* from 1 */
    const char *what; /* a constant */
};

/* Check @text as skd_json_scan does, and find the lines.
 * @lines  zeroed before; on failure what was found until then.
 * @fault  set on INVALID_ARGUMENT.
 *   SKP_ERR_INVALID_ARGUMENT    not JSON to the letter.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for the lines. */
SKP_MUST_CHECK enum skp_err skd_json_lines_read(struct skp_view text,
                                                struct skd_json_lines *lines,
                                                struct skd_json_fault *fault);

#endif /* SKD_JSON_LINES_H */
