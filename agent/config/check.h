/* check.h - from the merged tree to the struct, finding everything wrong.
 *
 * The table of schema.h says which keys there are; each type has a reader in
 * one of the check_*.c files, which checks a value and fills in its field. What
 * concerns several keys is in check_rules.c.  No finding stops the rest.
 *
 * Secrets:  no finding quotes a value.
 */
#ifndef SKD_CHECK_H
#define SKD_CHECK_H

#include "agent/config/json_tree.h"
#include "agent/config/memory.h"
#include "agent/config/schema.h"

struct skd_config;
struct skd_findings;

/* One check of one tree; filled in by its owner up to the line. */
struct skd_check {
    cJSON *root;                      /* an object; borrowed */
    const char *files[2];             /* by skd_json_file_index */
    struct skd_config *config;        /* zeroed; filled in here */
    struct skd_config_memory *memory; /* for what the config points to */
    struct skd_findings *findings;
    /* ------ */
    enum skp_err err; /* the first failure that is nobody's mistake: memory */
    uint16_t port;    /* of hosts that give none */
};

/* Check every key for itself and fill in the config, defaults included.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or none that can be locked. */
SKP_MUST_CHECK enum skp_err skd_check_keys(struct skd_check *check);

/* Then check what concerns several keys, and what is missing; errors as
 * above. */
SKP_MUST_CHECK enum skp_err skd_check_rules(struct skd_check *check);

/* ---- for the check_*.c files ------------------------------------------- */

/* Report a fault of the value at @node; @path is its JSON path. */
SKP_PRINTF(4, 5)
void skd_check_error(struct skd_check *check,
                     const cJSON *node,
                     const char *path,
                     const char *format,
                     ...);
SKP_PRINTF(4, 5)
void skd_check_warn(struct skd_check *check,
                    const cJSON *node,
                    const char *path,
                    const char *format,
                    ...);

/* The node at @path, or NULL. */
cJSON *skd_check_find(const struct skd_check *check, const char *path);

/* Report "missing required configuration" for @path at the innermost section
 * that is there. */
void skd_check_missing(struct skd_check *check, const char *path);

/* A zeroed block that lives as long as the config; NULL and check->err set when
 * there is no memory. */
void *skd_check_block(struct skd_check *check, size_t len);

/* A copy of a text that lives as long as the config; NULL and check->err set
 * when there is no memory. */
const char *skd_check_text(struct skd_check *check, struct skp_view text);

/* A locked copy; empty and check->err set when there is no memory. */
struct skp_view skd_check_secret(struct skd_check *check,
                                 struct skp_view bytes);

/* The field of @key in the config. */
void *skd_check_field(const struct skd_check *check, const struct skd_key *key);

/* True, with the text, when @node is a string; else it is reported. */
bool skd_check_string(struct skd_check *check,
                      const cJSON *node,
                      const char *path,
                      struct skp_view *ret);

/* True when @node is a number without a fraction from @min to @max. */
bool skd_check_is_integer(const cJSON *node,
                          uint32_t min,
                          uint32_t max,
                          uint32_t *ret);

/* The readers, each for the types of its file. */
void skd_check_values_read(struct skd_check *check,
                           const struct skd_key *key,
                           const cJSON *node);
void skd_check_hosts_read(struct skd_check *check,
                          const struct skd_key *key,
                          const cJSON *node);
void skd_check_seeds_read(struct skd_check *check,
                          const struct skd_key *key,
                          const cJSON *node);
void skd_check_access_read(struct skd_check *check,
                           const struct skd_key *key,
                           const cJSON *node);

#endif /* SKD_CHECK_H */
