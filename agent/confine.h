/* confine.h - puts the agent into its sandbox, and keeps new configurations
 * within it.
 *
 * Thread:   main loop.
 */
#ifndef SKD_CONFINE_H
#define SKD_CONFINE_H

#include "agent/agent.h"

/* Enter the sandbox that the configuration asks for.  Its files and servers are
 * known by now, and no thread has been started.
 *   SKP_ERR_FAILED_PRECONDITION  "require", and @diag names what is missing.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory. */
SKP_MUST_CHECK enum skp_err skd_confine_start(struct skd_agent *agent,
                                              struct skp_diag *diag);

/* A sandbox cannot be widened: may @config be taken over without a restart?
 *   SKP_ERR_FAILED_PRECONDITION  @diag names what is out of reach.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory. */
SKP_MUST_CHECK enum skp_err skd_confine_check(const struct skd_agent *agent,
                                              const struct skd_config *config,
                                              struct skp_diag *diag);

#endif /* SKD_CONFINE_H */
