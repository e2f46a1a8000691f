/* swap.h - whether memory that nobody has mapped, and so nobody can lock, may
 * be written to a disk.
 */
#ifndef SKD_SWAP_H
#define SKD_SWAP_H

#include "protocol/base.h"

/* True when surely nothing of this process is swapped out: the machine has no
 * swap, or the process's cgroup may use none.  What cannot be read counts
 * against it.
 * @root  "" outside of tests; put before each path. */
bool skd_swap_is_off(const char *root);

#endif /* SKD_SWAP_H */
