/* metrics_feed.c - what the agent as a whole gives to its metrics; see agent.h.
 */
#include <string.h>

#include "agent/agent.h"
#include "agent/ops/metrics_text.h"

static void write_metrics(void *state, FILE *out)
{
    struct skd_agent *agent = state;
    struct skd_agent_status_text text = { 0 };
    struct skd_agent_view view;
    struct skp_status status;
    struct skd_metrics_parts parts = { .status = &status,
                                       .requests = &view.requests };

    skd_answer_view(agent, &view);
    skd_agent_status_compose(&view.parts, &text, &status);
    status.connections = skd_server_connections(agent->server);
    skd_server_over_quota(agent->server, &parts.over_max_connections,
                          &parts.over_max_connections_per_uid);
    parts.snapshot = view.parts.snapshot;
    for (size_t i = 0; i < view.report.n_sources; i++) {
        parts.source_asked[i] = view.report.counts[i].n_asked;
        parts.source_failed[i] = view.report.counts[i].n_failed;
    }
    skd_metrics_text(out, &parts);
}

static const char *why_not_ready(void *state)
{
    struct skd_agent *agent = state;

    if (agent->is_stopping) {
        return "stopping";
    }
    return skd_refresher_snapshot(agent->refresher) == NULL
               ? "no keys are loaded yet"
               : NULL;
}

void skd_metrics_feed_start(struct skd_agent *agent)
{
    const struct skd_metrics_ops ops = { agent, write_metrics, why_not_ready };
    const char *address = agent->config->metrics;

    /* Agents of developers stand beside one another. */
    if (agent->options.dev || address[0] == '\0') {
        return;
    }
    if (skd_metrics_start(&agent->loop, address, &ops, &agent->metrics,
                          &agent->metrics_failure) == SKP_ERR_OK) {
        skd_log(SKD_LOG_INFO, "metrics are at %s", address);
    } else {
        skd_log(SKD_LOG_WARN, "no metrics: %s", agent->metrics_failure.text);
    }
}

void skd_metrics_feed_note_change(const struct skd_agent *agent,
                                  const struct skd_config *config)
{
    if (strcmp(agent->config->metrics, config->metrics) != 0) {
        skd_log(SKD_LOG_WARN, "configuration: sidekey.metrics takes effect at "
                              "the next start");
    }
}
