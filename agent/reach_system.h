/* reach_system.h - which of the system's own files a configuration needs.
 *
 * Names of hosts and of users need the name service, and all of /etc where its
 * files can be replaced by rename; servers without a given authority need the
 * system's.  Addresses, numbers of users, and authorities that are given need
 * none.
 *
 * Thread:   main loop.
 */
#ifndef SKD_REACH_SYSTEM_H
#define SKD_REACH_SYSTEM_H

#include "agent/reach.h"

/* Add to @reach what @config needs of them.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no room. */
SKP_MUST_CHECK enum skp_err
skd_reach_system_add(struct skd_reach *reach, const struct skd_config *config);

#endif /* SKD_REACH_SYSTEM_H */
