/* json_walk.h - elements of arrays and members of objects, one after the other,
 * in text that a scan (json_scan.h) has let pass.
 *
 * What is found is as it is written, quotation marks, brackets and escapes
 * included, and lies in the text.
 *
 * Pure: allocates nothing.
 */
#ifndef SKD_JSON_WALK_H
#define SKD_JSON_WALK_H

#include "protocol/bytes.h"

/* The next element of an array.  *rest is the array as a scan gave it, then
 * whatever the last call left there.  False at the end of the array. */
bool skd_json_walk_array(struct skp_view *rest, struct skp_view *ret);

/* The next member of an object in the same way. */
bool skd_json_walk_object(struct skp_view *rest,
                          struct skp_view *ret_name,
                          struct skp_view *ret_value);

#endif /* SKD_JSON_WALK_H */
