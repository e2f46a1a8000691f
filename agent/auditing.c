/* auditing.c - the agent's side of the audit log: when it is opened, and what
 * the agent itself has to tell; see agent.h. */
#include <string.h>

#include "agent/agent.h"

enum skp_err skd_auditing_start(struct skd_agent *agent, struct skp_diag *diag)
{
    const struct skd_config *config = agent->config;
    const struct skd_audit_config audit_config = {
        .env = agent->env,
        .target = config->audit,
        .key_file = config->audit_key_file,
        .fails_when_full = config->audit_fails_when_full,
        .n_producers = (size_t)config->workers + 1, /* and the main loop */
    };

    if (strcmp(config->audit, "off") == 0) {
        return SKP_ERR_OK;
    }
    agent->pen.producer = config->workers;
    return skp_prefix(diag,
                      skd_audit_start(&audit_config, &agent->pen.audit, diag),
                      "sidekey.audit");
}

void skd_auditing_note(struct skd_agent *agent,
                       enum skp_audit_event event,
                       enum skp_err err)
{
    skd_audit_request_own(&agent->pen, agent->env, event, err);
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void skd_auditing_configure(struct skd_agent *agent,
                            const struct skd_config *old)
{
    const struct skd_config *new = agent->config;

    if (!is_same(old->audit, new->audit) ||
        !is_same(old->audit_key_file, new->audit_key_file)) {
        skd_log(SKD_LOG_WARN,
                "configuration: sidekey.audit and sidekey.audit_key_file take "
                "effect at the next start");
    }
    if (agent->pen.audit != NULL) {
        skd_audit_set_fails_when_full(agent->pen.audit,
                                      new->audit_fails_when_full);
    }
}

void skd_auditing_reopen(struct skd_agent *agent)
{
    if (agent->pen.audit != NULL) {
        skd_audit_reopen(agent->pen.audit);
    }
}

void skd_auditing_stop(struct skd_agent *agent)
{
    skd_audit_stop(&agent->pen.audit);
}
