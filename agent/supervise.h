/* supervise.h - `sidekeyd --supervise`: a parent that outlives the agent.
 *
 * It is a service manager of one service, for containers and machines without
 * systemd, and speaks the same protocol (notify.h): the worker, which is the
 * agent, hands it descriptors of what is served; when the worker dies, it is
 * started again and gets them back.  The supervisor never maps or reads them,
 * reads no configuration and no secret, and knows no key.
 *
 * Thread:   main; it has no other.
 */
#ifndef SKD_SUPERVISE_H
#define SKD_SUPERVISE_H

#include "agent/options.h"

/* Run the agent with @options until it ends for good.  Returns its exit status,
 * 128 and the number of the signal that killed it while it was to stop, or a
 * status of our own (sysexits.h) when it could not be started at all; what
 * happens is logged. */
int skd_supervise_run(const struct skd_options *options);

#endif /* SKD_SUPERVISE_H */
