/* json_file.h - reads one configuration file into a tree with places.
 *
 * Secrets:  the text is read into locked memory and wiped; the tree is in
 *           cJSON's locked memory (agent/sys/json_heap.h).
 */
#ifndef SKD_JSON_FILE_H
#define SKD_JSON_FILE_H

#include "agent/config/config.h"
#include "agent/config/json_tree.h"

/* A ConfigMap or Secret holds 1 MiB; a hundred thousand tenants fit in this. */
#define SKD_JSON_FILE_MAX 16777216

/* Read the file at @path, which must hold one JSON object in which no object
 * has two members of one name.
 * @index     of the file, kept in each node: 0 or 1.
 * @findings  receives every fault.
 * @ret       the tree, moved to the caller; for skd_json_free.
 *   SKP_ERR_NOT_FOUND           there is no such file; findings is as it was.
 *   SKP_ERR_INVALID_ARGUMENT    it cannot be read or is not that; findings says
 *                               why.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or none that can be locked. */
SKP_MUST_CHECK enum skp_err skd_json_file_read(const char *path,
                                               unsigned index,
                                               struct skd_findings *findings,
                                               cJSON **ret);

/* The same for a text in memory; @name stands for the path in findings. */
SKP_MUST_CHECK enum skp_err skd_json_file_parse(struct skp_view text,
                                                const char *name,
                                                unsigned index,
                                                struct skd_findings *findings,
                                                cJSON **ret);

#endif /* SKD_JSON_FILE_H */
