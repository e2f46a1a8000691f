/* agent.c - starts the parts left to right, runs them, drains them; see
 * agent.h. */
#include "agent/agent.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/chain.h"
#include "agent/confine.h"
#include "agent/dev.h"
#include "agent/folder.h"
#include "agent/lock_budget.h"
#include "agent/source/net/wiping_heap.h"
#include "agent/sys/hardening.h"
#include "agent/sys/notify.h"
#include "agent/sys/peek.h"

/* READY=1 is sent at the first snapshot; when no source answers, this long
 * after the start, so that a manager does not take a dead key server for a dead
 * agent. */
#define READY_PATIENCE_MS 20000u
/* SIGTERM: this long to answer and write what is in flight ... */
#define DRAIN_MS 3000u
/* ... and this long in all, also when a source still hangs. */
#define STOP_PATIENCE_MS 4500u
/* How often the log is asked whether it owes a line about repeated messages. */
#define REPEATS_MS 10000u

int skd_agent_exit_status(enum skp_err err)
{
    switch (err) {
    case SKP_ERR_OK:
        return EXIT_SUCCESS;
    case SKP_ERR_INVALID_ARGUMENT:
    case SKP_ERR_NOT_FOUND:
    case SKP_ERR_FAILED_PRECONDITION:
        return EX_CONFIG;
    case SKP_ERR_ALREADY_EXISTS:
    case SKP_ERR_UNAVAILABLE:
        return EX_UNAVAILABLE;
    case SKP_ERR_PERMISSION_DENIED:
        return EX_NOPERM;
    case SKP_ERR_INTERNAL:
        return EX_SOFTWARE;
    case SKP_ERR_DEADLINE_EXCEEDED:
    case SKP_ERR_RESOURCE_EXHAUSTED:
    case SKP_ERR_UNIMPLEMENTED:
    case SKP_ERR_DATA_LOSS:
        return EXIT_FAILURE;
    }
    return EX_SOFTWARE;
}

/* ---- stopping ----------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void close_if_active(uv_handle_t *handle, void *state)
{
    (void)state;
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_handle_closed);
    }
}

/* Both halves have stopped: nothing but our own handles is left. */
static void finish_when_stopped(struct skd_agent *agent)
{
    if (!agent->server_has_stopped || !agent->refresher_has_stopped) {
        return;
    }
    skd_file_watch_free(&agent->watch);
    skd_metrics_free(&agent->metrics);
    skd_server_free(&agent->server);
    skd_refresher_free(&agent->refresher);
    skd_keeper_free(&agent->keeper);
    skd_sweep_close(&agent->sweep);
    close_if_active((uv_handle_t *)&agent->on_term, NULL);
    close_if_active((uv_handle_t *)&agent->on_int, NULL);
    close_if_active((uv_handle_t *)&agent->on_hup, NULL);
    close_if_active((uv_handle_t *)&agent->wanted, NULL);
    close_if_active((uv_handle_t *)&agent->watchdog, NULL);
    close_if_active((uv_handle_t *)&agent->repeats, NULL);
    close_if_active((uv_handle_t *)&agent->patience, NULL);
}

static void on_server_stopped(void *state)
{
    struct skd_agent *agent = state;

    agent->server_has_stopped = true;
    finish_when_stopped(agent);
}

static void on_refresher_stopped(void *state)
{
    struct skd_agent *agent = state;

    agent->refresher_has_stopped = true;
    finish_when_stopped(agent);
}

/* A source still hangs in its pool thread.  Everybody has been answered; the
 * socket goes, and with the process all its memory. */
static void on_stop_patience_over(uv_timer_t *timer)
{
    struct skd_agent *agent = timer->data;

    skd_log(SKD_LOG_WARN, "stopping without the answer of a source");
    if (agent->server_has_stopped) {
        skd_server_free(&agent->server);
        skd_auditing_stop(agent);
    }
    _exit(EXIT_SUCCESS);
}

static void stop(struct skd_agent *agent)
{
    if (agent->is_stopping) {
        return;
    }
    agent->is_stopping = true;
    skd_notify_send("STOPPING=1");
    (void)uv_timer_start(&agent->patience, on_stop_patience_over,
                         STOP_PATIENCE_MS, 0);
    skd_refresher_stop(agent->refresher, on_refresher_stopped, agent);
    skd_keeper_stop(agent->keeper);
    skd_server_stop(agent->server, DRAIN_MS, on_server_stopped, agent);
}

/* ---- events ------------------------------------------------------------- */

static void on_stop_signal(uv_signal_t *handle, int number)
{
    skd_log(SKD_LOG_INFO,
            "signal %d: answering what is in flight, then stopping", number);
    stop(handle->data);
}

static void reload(struct skd_agent *agent)
{
    char state[64];

    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                   uv_hrtime() / 1000u);
    skd_notify_send(state);
    skd_reload(agent);
    skd_notify_send("READY=1");
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
    (void)number;
    skd_auditing_reopen(handle->data);
    reload(handle->data);
}

static void on_files_changed(void *state)
{
    skd_log(SKD_LOG_INFO, "configuration: a file has changed");
    reload(state);
}

static void on_wanted(uv_async_t *handle)
{
    struct skd_agent *agent = handle->data;

    if (!agent->is_stopping) {
        skd_refresher_want(agent->refresher);
    }
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    skd_notify_send("WATCHDOG=1");
}

static void on_repeats(uv_timer_t *timer)
{
    (void)timer;
    skd_log_flush(false);
}

static void say_ready(struct skd_agent *agent)
{
    if (agent->has_said_ready) {
        return;
    }
    agent->has_said_ready = true;
    if (!agent->is_stopping) {
        (void)uv_timer_stop(&agent->patience);
    }
    skd_notify_send("READY=1");
}

static void on_ready_patience_over(uv_timer_t *timer)
{
    skd_log(SKD_LOG_WARN, "no keys are loaded yet; serving UNAVAILABLE");
    say_ready(timer->data);
}

static void on_prepare(void *state, struct skd_snapshot *snapshot)
{
    struct skd_agent *agent = state;

    skd_keeper_prepare(agent->keeper, snapshot);
}

/* Kept before it is served: what clients have seen must not be gone after a
 * crash. */
static void on_publish(void *state, struct skd_snapshot *snapshot)
{
    struct skd_agent *agent = state;

    skd_keeper_publish(agent->keeper, snapshot);
    skd_server_publish(agent->server, snapshot);
    skd_sweep_note(&agent->sweep, skd_server_released(agent->server));
    say_ready(agent);
}

static void on_refreshed(void *state, enum skp_err err)
{
    skd_auditing_note(state, SKP_AUDIT_REFRESH, err);
}

/* ---- starting ----------------------------------------------------------- */

static void init_signal(struct skd_agent *agent,
                        uv_signal_t *handle,
                        int number,
                        uv_signal_cb on_signal)
{
    skp_assert(uv_signal_init(&agent->loop, handle) == 0);
    handle->data = agent;
    skp_assert(uv_signal_start(handle, on_signal, number) == 0);
}

static void init_handles(struct skd_agent *agent)
{
    uint64_t watchdog_ms = skd_notify_watchdog_ms();

    init_signal(agent, &agent->on_term, SIGTERM, on_stop_signal);
    init_signal(agent, &agent->on_int, SIGINT, on_stop_signal);
    init_signal(agent, &agent->on_hup, SIGHUP, on_reload_signal);
    skp_assert(uv_async_init(&agent->loop, &agent->wanted, on_wanted) == 0);
    skp_assert(skd_sweep_open(&agent->sweep, &agent->loop));
    skp_assert(uv_timer_init(&agent->loop, &agent->watchdog) == 0);
    skp_assert(uv_timer_init(&agent->loop, &agent->repeats) == 0);
    (void)uv_timer_start(&agent->repeats, on_repeats, REPEATS_MS, REPEATS_MS);
    skp_assert(uv_timer_init(&agent->loop, &agent->patience) == 0);
    agent->wanted.data = agent;
    agent->watchdog.data = agent;
    agent->patience.data = agent;
    if (watchdog_ms > 0) {
        (void)uv_timer_start(&agent->watchdog, on_watchdog, watchdog_ms,
                             watchdog_ms);
    }
    (void)uv_timer_start(&agent->patience, on_ready_patience_over,
                         READY_PATIENCE_MS, 0);
}

/* Read the files, or make the configuration of --dev. */
static enum skp_err load_config(struct skd_agent *agent, struct skp_diag *diag)
{
    const struct skd_config_paths paths = { agent->options.config,
                                            agent->options.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    enum skp_err err;

    if (agent->options.dev) {
        char socket[SKD_DEV_SOCKET_MAX];

        SKP_TRY(skd_dev_socket(agent->options.socket, socket, diag));
        return skd_config_dev(socket, &agent->config);
    }
    err = skd_config_load(&paths, &agent->config, &findings);
    skd_reload_log_lines(SKD_LOG_ERROR, findings.errors);
    skd_reload_log_lines(SKD_LOG_WARN, findings.warnings);
    skd_findings_done(&findings);
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "the configuration has errors");
    }
    return SKP_ERR_OK;
}

static enum skp_err check_memory(struct skd_agent *agent, struct skp_diag *diag)
{
    skd_arena_require(agent->config->require_memory);
    skp_secret_require_lock(agent->config->require_memory != SKD_TIER_NONE);
    SKP_TRY(skd_arena_probe(&agent->tier, diag));
    skd_log(SKD_LOG_INFO, "private keys are kept in %s memory",
            skd_tier_name(agent->tier));
    return agent->config->require_memory == SKD_TIER_NONE
               ? SKP_ERR_OK
               : skd_lock_budget_check(skd_lock_budget(agent->config->workers),
                                       diag);
}

/* A developer's own folder is nobody else's; the system's must let clients
 * through to the socket, which has its own mode. */
static enum skp_err make_folder(const struct skd_agent *agent,
                                struct skp_diag *diag)
{
    const char *socket = agent->options.socket == NULL ? agent->config->socket
                                                       : agent->options.socket;

    if (skd_notify_listen_fd() >= 0) {
        return SKP_ERR_OK;
    }
    return skd_folder_make(socket, agent->options.dev ? 0700 : 0755, diag);
}

static enum skp_err start_server(struct skd_agent *agent, struct skp_diag *diag)
{
    const struct skd_server_config server_config = {
        .loop = &agent->loop,
        .env = agent->env,
        .config = agent->config,
        .socket = agent->options.socket,
        .demand = skd_chain_has_demand(agent->config) ? agent->demand : NULL,
        .audit = agent->pen.audit,
        .ops = skd_answer_ops(agent),
    };

    return skd_server_start(&server_config, skd_notify_listen_fd(),
                            &agent->server, diag);
}

static enum skp_err start_refresher(struct skd_agent *agent)
{
    const struct skd_refresher_ops ops = { agent, on_publish, on_prepare,
                                           on_refreshed };
    struct skd_refresh_rules rules = skd_chain_rules(agent->config);
    struct skd_chain chain = { NULL, { NULL, NULL } };
    struct skd_snapshot *kept = skd_keeper_restore(agent->keeper);

    SKP_TRY(skd_refresher_new(&agent->loop, agent->env, agent->demand, &ops,
                              &agent->refresher));
    if (kept != NULL) {
        skd_refresher_adopt(agent->refresher, &kept);
    }
    SKP_TRY(skd_chain_new(agent->config, &chain));
    skd_refresher_configure(agent->refresher, &chain, &rules);
    return SKP_ERR_OK;
}

static enum skp_err start_watch(struct skd_agent *agent, struct skp_diag *diag)
{
    const struct skd_config_paths paths = { agent->options.config,
                                            agent->options.secret };

    if (agent->options.dev) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skd_file_watch_new(&agent->loop, &paths, on_files_changed, agent,
                               &agent->watch, diag));
    if (skd_file_watch_is_blind(agent->watch)) {
        skd_log(SKD_LOG_WARN, "configuration: its folder may not be listed, so "
                              "that changes are taken over at SIGHUP only");
    }
    return SKP_ERR_OK;
}

static enum skp_err start(struct skd_agent *agent, struct skp_diag *diag)
{
    SKP_TRY(skd_wiping_heap_install());
    SKP_TRY(skd_hardening_apply(diag));
    SKP_TRY(skd_peek_start(diag));
    skd_notify_init();
    if (uv_loop_init(&agent->loop) != 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no event loop");
    }
    /* Before the files are read: a change right after that is not missed. */
    SKP_TRY(start_watch(agent, diag));
    SKP_TRY(load_config(agent, diag));
    skd_log_configure(agent->config->log_level, agent->config->log_json);
    SKP_TRY(check_memory(agent, diag));
    SKP_TRY(skd_keeper_new(agent->env, agent->config->mode, agent->tier,
                           &agent->keeper));
    init_handles(agent);
    skd_metrics_feed_start(agent);
    SKP_TRY(skd_demand_new(&agent->demand));
    SKP_TRY(make_folder(agent, diag));
    /* The first threads, of the audit log and the workers, inherit it. */
    SKP_TRY(skd_confine_start(agent, diag));
    SKP_TRY(skd_auditing_start(agent, diag));
    SKP_TRY(start_server(agent, diag));
    return start_refresher(agent);
}

int skd_agent_run(const struct skd_options *options)
{
    static struct skd_agent agent; /* one per process; libuv keeps pointers */
    struct skp_diag diag = { "" };
    enum skp_err err;

    agent.env = &skd_env_system;
    agent.options = *options;
    agent.started_at_s = skd_env_wall_s(agent.env);
    agent.started_ms = skd_env_now_ms(agent.env);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_IGN); /* the child that ends leaves nothing */
    err = start(&agent, &diag);
    if (err != SKP_ERR_OK) {
        skd_log(SKD_LOG_ERROR, "cannot start: %s",
                diag.text[0] == '\0' ? skp_err_text(err) : diag.text);
        return skd_agent_exit_status(err);
    }
    if (options->dev) {
        skd_dev_print_banner(stdout, agent.config->socket);
    }
    (void)uv_run(&agent.loop, UV_RUN_DEFAULT);
    skp_assert(uv_loop_close(&agent.loop) == 0);
    skd_auditing_stop(&agent);
    skd_peek_stop();
    skd_demand_free(&agent.demand);
    skd_config_unref(&agent.config);
    skd_reach_done(&agent.reach);
    skd_log(SKD_LOG_INFO, "stopped");
    skd_log_flush(true);
    return EXIT_SUCCESS;
}
