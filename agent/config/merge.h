/* merge.h - lays one configuration over another. */
#ifndef SKD_MERGE_H
#define SKD_MERGE_H

#include "agent/config/json_tree.h"

/* Lay @over over @into: members that both have as objects are merged in the
 * same way, every other member of @over replaces its namesake or is added.
 * Arrays and scalars replace whole.
 * @into  an object, of a tree at most SKD_JSON_DEPTH_MAX deep; changed.
 * @over  the same; moved in: *over is NULL on return. */
void skd_merge(cJSON *into, cJSON **over);

#endif /* SKD_MERGE_H */
