/* run_log.h - the lines of log of one refresh; part of the refresher.
 *
 * Thread:   main loop.
 */
#ifndef SKD_RUN_LOG_H
#define SKD_RUN_LOG_H

#include "agent/refresh/run.h"

/* Log the events of a run that succeeded, what its sources complained of, the
 * brake, and a summary. */
void skd_run_log(const struct skd_run *run);

#endif /* SKD_RUN_LOG_H */
