/* cli_status.h - the state of an agent, for people: what is well, what is not,
 * since when, and what to do about it.
 */
#ifndef SKC_CLI_STATUS_H
#define SKC_CLI_STATUS_H

#include "libclient/cli/cli_colour.h"
#include "libclient/sidekey.h"

/* How the agent is, in a few words, and in which colour. */
const char *skc_cli_status_state(const struct sidekey_agent_status *status,
                                 int64_t now_s,
                                 enum skc_colour *ret);

/* Print @status; @now_s is the Unix time that ages are counted from. */
void skc_cli_status_print(const struct skc_pen *pen,
                          const struct sidekey_agent_status *status,
                          int64_t now_s);

#endif /* SKC_CLI_STATUS_H */
