/* reach.h - which paths and ports a configuration needs.
 *
 * Pure, but for looking at what the paths lead to.
 *
 * Files are replaced by rename, and in Kubernetes by turning a symbolic link to
 * another folder: so the folder of a file is needed, not the file, and the
 * folder of what it leads to.
 *
 * Thread:   main loop.
 */
#ifndef SKD_REACH_H
#define SKD_REACH_H

#include "agent/config/config.h"
#include "agent/sys/landlock.h"

#define SKD_REACH_PORTS_MAX 80u
#define SKD_REACH_PATHS_MAX 128u /* fewer than 30 of a configuration */

struct skd_reach_path {
    char *path; /* owned */
    unsigned use;
    const char *key; /* of the configuration; static */
    /* What it led to when it was added; an inode of 0: nothing. */
    dev_t device;
    ino_t inode;
};

/* Open, so that it can be embedded; zeroed is empty and valid. */
struct skd_reach {
    struct skd_reach_path paths[SKD_REACH_PATHS_MAX];
    size_t n_paths;
    uint16_t connect_ports[SKD_REACH_PORTS_MAX];
    size_t n_connect_ports;
    uint16_t bind_ports[1];
    size_t n_bind_ports;
};

/* What @config needs by name, with both files of @files; see reach_system.h for
 * the rest.
 * @socket  where to listen; NULL when the socket was inherited.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or more ports than there is room
 *                               for. */
SKP_MUST_CHECK enum skp_err skd_reach_of(const struct skd_config *config,
                                         const struct skd_config_paths *files,
                                         const char *socket,
                                         struct skd_reach *ret);

/* Add the path @path of which @use is made, for @key of the
 * configuration (static).
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no room. */
SKP_MUST_CHECK enum skp_err skd_reach_add(struct skd_reach *reach,
                                          const char *path,
                                          unsigned use,
                                          const char *key);

/* The paths as Landlock takes them, in heap memory for free(), borrowing from
 * @reach.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_reach_paths(const struct skd_reach *reach,
                                            struct skd_landlock_path **ret);

/* Is all that @wanted needs within @granted?  What does not exist is not asked
 * for.
 *   SKP_ERR_FAILED_PRECONDITION  @diag names the key of the configuration and
 *                                what it needs. */
SKP_MUST_CHECK enum skp_err
skd_reach_covers_paths(const struct skd_reach *granted,
                       const struct skd_reach *wanted,
                       struct skp_diag *diag);
SKP_MUST_CHECK enum skp_err
skd_reach_covers_ports(const struct skd_reach *granted,
                       const struct skd_reach *wanted,
                       struct skp_diag *diag);

/* Free and empty. */
void skd_reach_done(struct skd_reach *reach);

#endif /* SKD_REACH_H */
