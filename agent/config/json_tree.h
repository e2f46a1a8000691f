/* json_tree.h - a cJSON tree whose nodes know where they came from.
 *
 * cJSON keeps no places.  It fills valueint for numbers only, and we read
 * numbers from valuedouble; so in our trees valueint holds the line and the
 * file of a node instead, and travels with it through a merge.  Nobody but this
 * file reads it.
 */
#ifndef SKD_JSON_TREE_H
#define SKD_JSON_TREE_H

#include <cjson/cJSON.h>

#include "agent/config/json_lines.h"
#include "agent/config/json_scan.h"

/* Longest path that is shown whole; a tenant id and its surroundings fit. */
#define SKD_JSON_PATH_CAP 320u

/* Walks a tree in the order of its text. */
struct skd_json_walk {
    cJSON *node;                      /* NULL: before the root, or at the end */
    cJSON *above[SKD_JSON_DEPTH_MAX]; /* the nodes around it, root first */
    size_t depth;
};

/* The root, then each next node; NULL at the end.  @walk starts zeroed; the
 * tree is at most SKD_JSON_DEPTH_MAX deep. */
cJSON *skd_json_walk_next(struct skd_json_walk *walk, cJSON *root);

/* Write the path of the node that the walk is at: "sidekey.access[2].uid". */
void skd_json_walk_path(const struct skd_json_walk *walk,
                        char ret[SKD_JSON_PATH_CAP]);

/* Give every node of @root its line, in the order of skd_json_lines, and
 * @file_index (0 or 1). */
void skd_json_tree_mark(cJSON *root,
                        const struct skd_json_lines *lines,
                        unsigned file_index);

/* Undo it, so that cJSON can print the tree. */
void skd_json_tree_unmark(cJSON *root);

/* Where a marked node stands: line from 1, and the index given to mark. */
unsigned skd_json_line(const cJSON *node);
unsigned skd_json_file_index(const cJSON *node);

/* The node at @path, names joined by dots ("crypto.mode"); NULL when it is not
 * there.  @ret_deepest, unless NULL, is the last node on the way. */
cJSON *skd_json_find(cJSON *root, const char *path, cJSON **ret_deepest);

/* Free the tree; accepts NULL and leaves NULL behind. */
void skd_json_free(cJSON **root);

#endif /* SKD_JSON_TREE_H */
