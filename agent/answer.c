/* answer.c - requests that only the agent as a whole can answer: refresh,
 * forget and status; see agent.h. */
#include <unistd.h>

#include "agent/agent.h"
#include "agent/sys/sandbox.h"

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

static enum skp_gone gone_of(enum skd_gone why)
{
    switch (why) {
    case SKD_GONE_FORGOTTEN:
        return SKP_GONE_FORGOTTEN;
    case SKD_GONE_DESTROYED:
        return SKP_GONE_DESTROYED;
    case SKD_GONE_REMOVED:
    default:
        return SKP_GONE_REMOVED;
    }
}

/* Tenants that left their name behind, and those that are listed still but
 * whose key the key server has destroyed. */
static void count_gone(const struct skd_snapshot *snapshot,
                       uint64_t ret[SKP_GONE_COUNT])
{
    const struct skd_tombstones *tombstones;

    if (snapshot == NULL) {
        return;
    }
    tombstones = skd_snapshot_tombstones(snapshot);
    for (size_t i = 0; i < tombstones->n; i++) {
        ret[gone_of((enum skd_gone)tombstones->list[i].why)]++;
    }
    for (size_t i = 0; i < skd_snapshot_count(snapshot); i++) {
        if (skd_snapshot_at(snapshot, i)->is_destroyed) {
            ret[SKP_GONE_DESTROYED]++;
        }
    }
}

/* NULL when there is no audit log. */
static const struct skp_audit_row *fill_audit(const struct skd_agent *agent,
                                              struct skp_audit_row *ret)
{
    struct skd_audit_report report;

    if (agent->pen.audit == NULL) {
        return NULL;
    }
    skd_audit_report(agent->pen.audit, &report);
    *ret = (struct skp_audit_row){
        .target = skp_view_of(report.target),
        .written = report.n_written,
        .dropped = report.n_lost,
        .sequence = report.last_seq,
        .failing = report.is_failing,
    };
    return ret;
}

/* Until the sources have been asked, what is served is of before the start. */
static void fill_restored(const struct skd_agent *agent,
                          const struct skd_refresh_report *report,
                          struct skd_agent_status_parts *parts)
{
    struct skd_keeper_report kept = skd_keeper_report(agent->keeper);

    parts->is_restored = kept.n_restored > 0 && !report->has_refreshed;
    if (parts->is_restored) {
        parts->restored_tenants = kept.n_restored;
        parts->restored_at_s = kept.restored_at_s;
    }
}

static size_t
list_certificates(const struct skd_agent *agent,
                  struct skp_certificate_row ret[SKD_REFRESHER_CERTS])
{
    struct skd_cert_row rows[SKD_REFRESHER_CERTS];
    size_t n = skd_refresher_certs(agent->refresher, rows);

    for (size_t i = 0; i < n; i++) {
        ret[i].name = skp_view_of(rows[i].name);
        ret[i].not_after_s = rows[i].cert.not_after_s;
    }
    return n;
}

void skd_answer_view(struct skd_agent *agent, struct skd_agent_view *ret)
{
    const struct skd_refresh_report *report = &ret->report;

    skd_refresher_report(agent->refresher, &ret->report);
    skd_server_tally(agent->server, &ret->requests);
    ret->parts = (struct skd_agent_status_parts){
        .config = agent->config,
        .snapshot = skd_refresher_snapshot(agent->refresher),
        .tier = agent->tier,
        .now_ms = skd_env_now_ms(agent->env),
        .now_s = skd_env_wall_s(agent->env),
        .started_at_s = agent->started_at_s,
        .pid = (uint64_t)getpid(),
        .ready = report->ready,
        .refreshing = report->refreshing,
        .next_refresh_s = report->next_s,
        .n_published = report->n_published,
        .brake_missing = report->brake_missing,
        .sources = report->sources,
        .n_sources = report->n_sources,
        .connections_refused = skd_server_refused(agent->server),
        .requests_refused = ret->requests.n_over_rate,
        .sandbox = skd_sandbox_describe(),
        .sandbox_missing = skd_sandbox_missing(),
        .audit = fill_audit(agent, &ret->audit),
        .certificates = ret->certificates,
        .n_certificates = list_certificates(agent, ret->certificates),
        .metrics_failure = agent->metrics_failure.text[0] == '\0'
                               ? NULL
                               : agent->metrics_failure.text,
    };
    fill_restored(agent, report, &ret->parts);
    count_gone(ret->parts.snapshot, ret->parts.gone);
}

static void fill_totals(const struct skd_agent *agent,
                        const struct skd_request_totals *requests,
                        struct skd_agent_totals *totals,
                        struct skp_status *status)
{
    size_t n_workers = skd_server_workers_us(agent->server, totals->workers_us,
                                             SKD_AGENT_TOTALS_WORKERS);

    status->has_totals = true;
    status->totals.uptime_ms = skd_env_now_ms(agent->env) - agent->started_ms;
    skd_agent_totals_compose(requests, n_workers, totals, &status->totals);
}

static void answer_status(void *state, struct skd_ask *ask)
{
    struct skd_agent *agent = state;
    struct skd_agent_status_text text = { 0 };
    struct skd_agent_totals totals;
    struct skd_agent_view view;
    struct skp_status status;

    skd_answer_view(agent, &view);
    skd_agent_status_compose(&view.parts, &text, &status);
    fill_totals(agent, &view.requests, &totals, &status);
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
