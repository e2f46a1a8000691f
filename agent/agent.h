/* agent.h - the parts of the agent, built left to right on one loop.
 *
 * agent.c starts, runs and drains them; reload.c takes a new configuration
 * over; answer.c answers the requests that only the agent as a whole can;
 * auditing.c is its side of the audit log.
 *
 * Thread:   main loop.
 */
#ifndef SKD_AGENT_H
#define SKD_AGENT_H

#include <uv.h>

#include "agent/config/config.h"
#include "agent/config/file_watch.h"
#include "agent/keeper.h"
#include "agent/ops/agent_status.h"
#include "agent/ops/agent_totals.h"
#include "agent/ops/metrics.h"
#include "agent/options.h"
#include "agent/reach.h"
#include "agent/refresh/refresher.h"
#include "agent/serve/audit_request.h"
#include "agent/serve/server.h"
#include "agent/sweep.h"

struct skd_agent {
    uv_loop_t loop;
    const struct skd_env *env;
    struct skd_options options; /* strings are argv's */
    const struct skd_config *config;
    enum skd_tier tier;
    struct skd_reach reach; /* what the sandbox was made for */
    int64_t started_at_s;
    uint64_t started_ms; /* by the monotonic clock */

    struct skd_keeper *keeper;
    struct skd_demand *demand;
    struct skd_server *server;
    struct skd_refresher *refresher;
    struct skd_file_watch *watch; /* NULL in dev mode */
    struct skd_metrics *metrics;  /* NULL: off, or it failed */
    struct skp_diag metrics_failure;
    struct skd_audit_pen pen; /* the main loop's; its audit is ours */

    uv_signal_t on_term;
    uv_signal_t on_int;
    uv_signal_t on_hup;
    uv_async_t wanted; /* a worker put a tenant on the demand list */
    struct skd_sweep sweep;
    uv_timer_t watchdog;
    uv_timer_t repeats;  /* writes what the log owes */
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

/* reload.c: log each line of @lines, which may be NULL. */
void skd_reload_log_lines(enum skd_log_level level, const char *lines);

/* How everything stands at the moment, for `status` and for metrics.  Texts are
 * borrowed until the loop runs again. */
struct skd_agent_view {
    struct skd_refresh_report report;
    struct skd_request_totals requests;
    struct skd_agent_status_parts parts; /* points into the report */
    struct skp_certificate_row certificates[SKD_REFRESHER_CERTS];
    struct skp_audit_row audit;
};

/* answer.c: fill in @ret, in its place. */
void skd_answer_view(struct skd_agent *agent, struct skd_agent_view *ret);

/* metrics_feed.c: serve sidekey.metrics, before the loop runs.  An agent
 * without metrics is better than none: when it cannot, the log and `status` say
 * so. */
void skd_metrics_feed_start(struct skd_agent *agent);

/* metrics_feed.c: say it when a reload asks for another address. */
void skd_metrics_feed_note_change(const struct skd_agent *agent,
                                  const struct skd_config *config);

/* answer.c: the table that the server calls; state is the agent. */
struct skd_server_ops skd_answer_ops(struct skd_agent *agent);

/* auditing.c: open the audit log, if there is to be one; errors as
 * skd_audit_start. */
SKP_MUST_CHECK enum skp_err skd_auditing_start(struct skd_agent *agent,
                                               struct skp_diag *diag);

/* auditing.c: tell what the agent did, and what became of it. */
void skd_auditing_note(struct skd_agent *agent,
                       enum skp_audit_event event,
                       enum skp_err err);

/* auditing.c: take over what can change while the agent runs; @old is the
 * configuration before. */
void skd_auditing_configure(struct skd_agent *agent,
                            const struct skd_config *old);

/* auditing.c: go on in a new file, as after a rotation. */
void skd_auditing_reopen(struct skd_agent *agent);

/* auditing.c: write the last lines and close the log.  The server has
 * stopped. */
void skd_auditing_stop(struct skd_agent *agent);

/* The exit status (sysexits.h) that tells of @err. */
int skd_agent_exit_status(enum skp_err err);

#endif /* SKD_AGENT_H */
