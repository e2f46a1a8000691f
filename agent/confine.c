/* confine.c - from the configuration to a sandbox; see confine.h. */
#include "agent/confine.h"

#include <stdlib.h>
#include <string.h>

#include "agent/reach_system.h"
#include "agent/sys/notify.h"
#include "agent/sys/sandbox.h"

static enum skd_sandbox_mode mode_of(const struct skd_config *config)
{
    if (strcmp(config->sandbox, "off") == 0) {
        return SKD_SANDBOX_OFF;
    }
    return strcmp(config->sandbox, "require") == 0 ? SKD_SANDBOX_REQUIRE
                                                   : SKD_SANDBOX_BEST_EFFORT;
}

static enum skp_err find_reach(const struct skd_agent *agent,
                               const struct skd_config *config,
                               struct skd_reach *ret)
{
    const struct skd_config_paths files = { agent->options.config,
                                            agent->options.secret };
    const char *socket = agent->options.socket == NULL ? agent->config->socket
                                                       : agent->options.socket;

    SKP_TRY(skd_reach_of(config, &files,
                         skd_notify_listen_fd() < 0 ? socket : NULL, ret));
    return skd_reach_system_add(ret, config);
}

static void free_paths(struct skd_landlock_path **paths)
{
    free(*paths);
}

static enum skp_err enter(struct skd_agent *agent, struct skp_diag *diag)
{
    SKP_CLEANUP(free_paths) struct skd_landlock_path *paths = NULL;
    const struct skd_reach *reach = &agent->reach;
    struct skd_sandbox_rules rules = { .mode = mode_of(agent->config),
                                       .json = agent->config->log_json };

    SKP_TRY(skd_reach_paths(reach, &paths));
    rules.reach = (struct skd_landlock_rules){
        .paths = paths,
        .n_paths = reach->n_paths,
        .connect_ports = reach->connect_ports,
        .n_connect_ports = reach->n_connect_ports,
        .bind_ports = reach->bind_ports,
        .n_bind_ports = reach->n_bind_ports,
        .keep_abstract = skd_notify_is_abstract(),
    };
    return skd_sandbox_enter(&rules, diag);
}

enum skp_err skd_confine_start(struct skd_agent *agent, struct skp_diag *diag)
{
    SKP_TRY(find_reach(agent, agent->config, &agent->reach));
    SKP_TRY(enter(agent, diag));
    if (skd_sandbox_missing()[0] != '\0') {
        skd_log(SKD_LOG_WARN, "sandbox: done without: %s",
                skd_sandbox_missing());
    }
    skd_log(SKD_LOG_INFO, "sandbox: %s", skd_sandbox_describe());
    return SKP_ERR_OK;
}

enum skp_err skd_confine_check(const struct skd_agent *agent,
                               const struct skd_config *config,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(skd_reach_done) struct skd_reach wanted = { .n_paths = 0 };

    if (strcmp(agent->config->sandbox, config->sandbox) != 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "sidekey.sandbox cannot change without a restart");
    }
    SKP_TRY(find_reach(agent, config, &wanted));
    if (skd_sandbox_has_files()) {
        SKP_TRY(skd_reach_covers_paths(&agent->reach, &wanted, diag));
    }
    if (skd_sandbox_has_tcp()) {
        SKP_TRY(skd_reach_covers_ports(&agent->reach, &wanted, diag));
    }
    return SKP_ERR_OK;
}
