/* landlock.h - what the process may reach of the file system and of the
 * network, given up for good (landlock(7)).
 *
 * The kernel is asked how much of Landlock it has (its ABI number), and gets
 * every rule that it understands.
 *
 *     ABI 1  files          2  moves between folders   3  truncation
 *         4  TCP ports      5  device controls         6  abstract sockets,
 *                                                         signals
 *
 * Thread:   restricts the calling thread and those it starts later, so before
 *           there are others.
 */
#ifndef SKD_LANDLOCK_H
#define SKD_LANDLOCK_H

#include "protocol/diag.h"

/* What may be done with all files under a path (bits). */
enum skd_landlock_use {
    SKD_LANDLOCK_READ = 1,  /* files, and lists of folders */
    SKD_LANDLOCK_WRITE = 2, /* make, write, cut and remove files */
    SKD_LANDLOCK_SOCKET = 4 /* make and remove sockets */
};

struct skd_landlock_path {
    const char *path; /* borrowed; one that does not exist gives no rule */
    unsigned use;     /* of enum skd_landlock_use */
};

struct skd_landlock_rules {
    const struct skd_landlock_path *paths;
    size_t n_paths;
    const uint16_t *connect_ports; /* TCP, everywhere */
    size_t n_connect_ports;
    const uint16_t *bind_ports;
    size_t n_bind_ports;
    bool keep_abstract; /* sockets in the abstract namespace are needed */
};

/* What is restricted now. */
struct skd_landlock_state {
    int abi; /* 0: nothing */
    bool files;
    bool tcp;
    bool scoped; /* abstract sockets, signals */
};

/* The kernel's ABI number; 0 when there is no Landlock. */
int skd_landlock_abi(void);

/* Give up all but what @rules allow.  On failure nothing has been given up.
 * @abi  not above skd_landlock_abi(); a lower one uses less of the kernel.
 *   SKP_ERR_FAILED_PRECONDITION  no Landlock, or privileges can still be gained
 *                                (hardening.h comes first).
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory, no descriptors. */
SKP_MUST_CHECK enum skp_err
skd_landlock_restrict(const struct skd_landlock_rules *rules,
                      int abi,
                      struct skd_landlock_state *ret,
                      struct skp_diag *diag);

#endif /* SKD_LANDLOCK_H */
