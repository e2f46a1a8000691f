/* settle.h - what a run means for the tenants that clients asked for; part of
 * the refresher.
 *
 * Thread:   main loop.
 */
#ifndef SKD_SETTLE_H
#define SKD_SETTLE_H

#include "agent/refresh/run.h"

/* Strike off the demand list what @snapshot now serves, and what was waited for
 * when @run began and no source knows.  True when others still wait. */
bool skd_settle_demand(struct skd_demand *demand,
                       const struct skd_run *run,
                       const struct skd_snapshot *snapshot,
                       uint64_t now_ms);

#endif /* SKD_SETTLE_H */
