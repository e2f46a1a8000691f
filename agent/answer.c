/* answer.c - requests that only the agent as a whole can answer: refresh,
 * forget and status; see agent.h. */
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ops/agent_status.h"

static void
on_refreshed(void *state, enum skp_err err, const struct skp_diag *diag)
{
    struct skd_ask *ask = state;

    skd_server_answer(ask, err, NULL, diag);
}

static void
answer_refresh(void *state, struct skd_ask *ask, bool accept_removals)
{
    struct skd_agent *agent = state;

    skd_refresher_now(agent->refresher, accept_removals, on_refreshed, ask);
}

static void
answer_forget(void *state, struct skd_ask *ask, struct skp_view tenant)
{
    struct skd_agent *agent = state;
    struct skp_diag diag = { "" };
    enum skp_err err = skd_refresher_forget(agent->refresher, tenant, &diag);

    skd_server_answer(ask, err, NULL, &diag);
}

static void answer_status(void *state, struct skd_ask *ask)
{
    struct skd_agent *agent = state;
    struct skd_refresh_report report;
    struct skd_agent_status_text text = { 0 };
    struct skp_status status;

    skd_refresher_report(agent->refresher, &report);
    const struct skd_agent_status_parts parts = {
        .config = agent->config,
        .snapshot = skd_refresher_snapshot(agent->refresher),
        .tier = agent->tier,
        .now_ms = skd_env_now_ms(agent->env),
        .started_at_s = agent->started_at_s,
        .pid = (uint64_t)getpid(),
        .ready = report.ready,
        .refreshing = report.refreshing,
        .next_refresh_s = report.next_s,
        .n_published = report.n_published,
        .brake_missing = report.brake_missing,
        .sources = report.sources,
        .n_sources = report.n_sources,
    };
    skd_agent_status_compose(&parts, &text, &status);
    skd_server_answer(ask, SKP_ERR_OK, &status, NULL);
}

/* Any thread. */
static void wake_for_demand(void *state)
{
    struct skd_agent *agent = state;

    (void)uv_async_send(&agent->wanted);
}

struct skd_server_ops skd_answer_ops(struct skd_agent *agent)
{
    return (struct skd_server_ops){
        .state = agent,
        .refresh = answer_refresh,
        .forget = answer_forget,
        .status = answer_status,
        .want = wake_for_demand,
    };
}
