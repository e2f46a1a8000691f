/* json_scan.h - is this text JSON to the letter (RFC 8259), and on which line
 * does each of its values stand?
 *
 * cJSON forgives much (text after the end, control characters, odd numbers) and
 * keeps no lines.  So the text is scanned first, and cJSON only sees what it
 * cannot misread.
 *
 * Pure: no allocation but the list of lines.
 */
#ifndef SKD_JSON_SCAN_H
#define SKD_JSON_SCAN_H

#include "protocol/bytes.h"

/* Arrays and objects inside one another; ours need six. */
#define SKD_JSON_DEPTH_MAX 32

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

/* Check @text: one JSON value in valid UTF-8 with nothing but white space
 * around it, nested at most SKD_JSON_DEPTH_MAX deep, without U+0000 and
 * unpaired surrogates in strings, and with numbers of at most 40 characters.
 * @lines  zeroed before; on failure what was found until then.
 * @fault  set on INVALID_ARGUMENT.
 *   SKP_ERR_INVALID_ARGUMENT    it is not that.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for the lines. */
SKP_MUST_CHECK enum skp_err skd_json_scan(struct skp_view text,
                                          struct skd_json_lines *lines,
                                          struct skd_json_fault *fault);

#endif /* SKD_JSON_SCAN_H */
