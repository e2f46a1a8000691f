/* cmd_admin.c - sidekey refresh, forget and health. */
#include "libclient/cli/commands.h"

static void say(const struct skc_cli *cli, const char *text)
{
    if (!cli->args.quiet) {
        (void)fprintf(cli->streams.out, "%s\n", text);
    }
}

int skc_cmd_refresh(struct skc_cli *cli)
{
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    status = sidekey_refresh(cli->handle, cli->args.accept_removals,
                             cli->timeout_ms);
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, NULL, status);
    }
    say(cli, "refreshed");
    return SKC_EXIT_OK;
}

int skc_cmd_forget(struct skc_cli *cli)
{
    const char *tenant = skc_cli_word(cli, 0);
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    status = sidekey_forget(cli->handle, tenant, cli->timeout_ms);
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, tenant, status);
    }
    say(cli, "forgotten");
    return SKC_EXIT_OK;
}

/* Whatever is wrong, a probe only wants to know that something is. */
static int be_unhealthy(const struct skc_cli *cli, enum sidekey_status status)
{
    (void)skc_cli_fail_call(cli, NULL, status);
    return SKC_EXIT_UNAVAILABLE;
}

int skc_cmd_health(struct skc_cli *cli)
{
    struct sidekey_hello hello;
    struct sidekey_agent_status agent;
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    status = sidekey_hello(cli->handle, cli->timeout_ms, &hello);
    if (status != SIDEKEY_OK) {
        return be_unhealthy(cli, status);
    }
    if (cli->args.live) {
        say(cli, "live");
        return SKC_EXIT_OK;
    }
    status = sidekey_agent_status(cli->handle, cli->timeout_ms, &agent);
    if (status == SIDEKEY_PERMISSION_DENIED) {
        say(cli, "live; whether keys are loaded is not shown to this user");
        return SKC_EXIT_OK;
    }
    if (status != SIDEKEY_OK) {
        return be_unhealthy(cli, status);
    }
    if (!agent.ready) {
        return skc_cli_fail(cli, NULL, SKP_ERR_UNAVAILABLE,
                            "the agent has not loaded keys yet");
    }
    say(cli, "ready");
    return SKC_EXIT_OK;
}
