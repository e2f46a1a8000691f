/* reload.c - takes a new configuration over, whole or not at all; see agent.h.
 */
#include <string.h>

#include "agent/agent.h"
#include "agent/chain.h"
#include "agent/confine.h"
#include "agent/sys/notify.h"

void skd_reload_log_lines(enum skd_log_level level, const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        size_t len = strcspn(lines, "\n");

        skd_log(level, "%.*s", (int)len, lines);
        lines += len + (lines[len] == '\n');
    }
}

/* What is fixed for the life of the process. */
static enum skp_err check_fixed(const struct skd_config *old,
                                const struct skd_config *new,
                                struct skp_diag *diag)
{
    if (old->mode != new->mode) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "crypto.mode cannot change from %s to %s without a "
                        "restart",
                        skd_mode_name(old->mode), skd_mode_name(new->mode));
    }
    if (old->require_memory != new->require_memory) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "sidekey.require_memory cannot change without a "
                        "restart");
    }
    return SKP_ERR_OK;
}

static void take_over(struct skd_agent *agent, const struct skd_config *config)
{
    struct skd_chain chain = { NULL, { NULL, NULL } };
    struct skd_refresh_rules rules = skd_chain_rules(config);
    const struct skd_config *old;

    if (skd_chain_new(config, &chain) != SKP_ERR_OK) {
        skd_log(SKD_LOG_ERROR, "configuration: no memory; the old one stays");
        return;
    }
    if ((agent->options.socket == NULL &&
         strcmp(agent->config->socket, config->socket) != 0) ||
        agent->config->workers != config->workers) {
        skd_log(SKD_LOG_WARN,
                "configuration: sidekey.socket and sidekey.workers take "
                "effect at the next start");
    }
    skd_metrics_feed_note_change(agent, config);
    old = agent->config;
    agent->config = skd_config_ref(config);
    skd_auditing_configure(agent, old);
    skd_config_unref(&old);
    skd_log_configure(config->log_level, config->log_json);
    skd_server_reconfigure(agent->server, config);
    skd_refresher_configure(agent->refresher, &chain, &rules);
    skd_log(SKD_LOG_INFO, "configuration: the new one is in use");
    skd_auditing_note(agent, SKP_AUDIT_CONFIG, SKP_ERR_OK);
}

static enum skp_err load(struct skd_agent *agent,
                         const struct skd_config **ret,
                         struct skp_diag *diag)
{
    const struct skd_config_paths paths = { agent->options.config,
                                            agent->options.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    enum skp_err err = skd_config_load(&paths, ret, &findings);

    skd_reload_log_lines(SKD_LOG_ERROR, findings.errors);
    skd_reload_log_lines(SKD_LOG_WARN, findings.warnings);
    skd_findings_done(&findings);
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "it has errors");
    }
    SKP_TRY(check_fixed(agent->config, *ret, diag));
    return skd_confine_check(agent, *ret, diag);
}

void skd_reload(struct skd_agent *agent)
{
    const struct skd_config *config = NULL;
    struct skp_diag diag = { "" };
    enum skp_err err;

    if (agent->options.dev || agent->is_stopping) {
        return;
    }
    err = load(agent, &config, &diag);
    if (err == SKP_ERR_OK) {
        take_over(agent, config);
    } else {
        skd_log(SKD_LOG_ERROR,
                "configuration: the new one is refused, the old one stays: %s",
                diag.text);
        skd_auditing_note(agent, SKP_AUDIT_CONFIG, err);
    }
    skd_config_unref(&config);
}
