/* agent.h - the parts of the agent, built left to right on one loop.
 *
 * agent.c starts, runs and drains them; reload.c takes a new configuration
 * over; answer.c answers the requests that only the agent as a whole can.
 *
 * Thread:   main loop.
 */
#ifndef SKD_AGENT_H
#define SKD_AGENT_H

#include <uv.h>

#include "agent/config/config.h"
#include "agent/config/file_watch.h"
#include "agent/options.h"
#include "agent/refresh/refresher.h"
#include "agent/serve/server.h"

struct skd_agent {
    uv_loop_t loop;
    const struct skd_env *env;
    struct skd_options options; /* strings are argv's */
    const struct skd_config *config;
    enum skd_tier tier;
    int64_t started_at_s;

    struct skd_demand *demand;
    struct skd_server *server;
    struct skd_refresher *refresher;
    struct skd_file_watch *watch; /* NULL in dev mode */

    uv_signal_t on_term;
    uv_signal_t on_int;
    uv_signal_t on_hup;
    uv_async_t wanted; /* a worker put a tenant on the demand list */
    uv_timer_t watchdog;
    uv_timer_t patience; /* READY=1 at the latest; later: the drain's end */
    bool has_said_ready;
    bool is_stopping;
    bool server_has_stopped;
    bool refresher_has_stopped;
};

/* Load the configuration, start everything, serve until SIGTERM or SIGINT and
 * drain.  Returns the exit status of sidekeyd (sysexits.h); what went wrong is
 * logged. */
int skd_agent_run(const struct skd_options *options);

/* reload.c: read the configuration again and take it over, or log why it is
 * refused whole. */
void skd_reload(struct skd_agent *agent);

/* reload.c: options that this version accepts but cannot honour yet must not
 * look as if they did.
 *   SKP_ERR_FAILED_PRECONDITION  @diag names the option. */
SKP_MUST_CHECK enum skp_err
skd_reload_check_honoured(const struct skd_config *config,
                          struct skp_diag *diag);

/* reload.c: log each line of @lines, which may be NULL. */
void skd_reload_log_lines(enum skd_log_level level, const char *lines);

/* answer.c: the table that the server calls; state is the agent. */
struct skd_server_ops skd_answer_ops(struct skd_agent *agent);

/* The exit status (sysexits.h) that tells of @err. */
int skd_agent_exit_status(enum skp_err err);

#endif /* SKD_AGENT_H */
