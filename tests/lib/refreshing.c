/* refreshing.c - see refreshing.h. */
#include "tests/lib/refreshing.h"

#include <stdio.h>
#include <sys/resource.h>

#include "agent/sys/log.h"
#include "tests/lib/suite.h"

const struct skt_answer skt_refresh_tenants[SKT_REFRESH_TENANTS] = {
    { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 1 } },
    { .tenant = "b", .said = SKD_SAID_KEYS, .keys = { 2 } },
    { .tenant = "c", .said = SKD_SAID_ASK, .is_private = true },
};
static const struct skt_answer c_key = { .tenant = "c",
                                         .said = SKD_SAID_KEYS,
                                         .keys = { 3 } };

/* ---- what the refresher calls ---------------------------------------------
 */

static void on_prepare(void *state, struct skd_snapshot *snapshot)
{
    struct skt_refresh_rig *rig = state;

    rig->prepared = snapshot;
    rig->n_prepared++;
    rig->prepared_nice = getpriority(PRIO_PROCESS, 0);
}

static void on_publish(void *state, struct skd_snapshot *snapshot)
{
    struct skt_refresh_rig *rig = state;

    ck_assert_ptr_nonnull(snapshot);
    rig->n_published++;
    rig->n_published_prepared += snapshot == rig->prepared;
}

void skt_refresh_done(void *state,
                      enum skp_err err,
                      const struct skp_diag *diag)
{
    struct skt_refresh_rig *rig = state;

    rig->n_done++;
    rig->done_err = err;
    rig->done_after_publish = rig->n_published;
    (void)snprintf(rig->done_text, sizeof rig->done_text, "%s",
                   diag == NULL ? "" : diag->text);
}

void skt_refresh_stopped(void *state)
{
    struct skt_refresh_rig *rig = state;

    rig->has_stopped = true;
}

/* ---- sources ---------------------------------------------------------------
 */

struct skd_refresh_rules skt_refresh_rules(uint64_t period_ms)
{
    return (struct skd_refresh_rules){ .update_period_ms = period_ms,
                                       .keep_generations = 4,
                                       .removal_brake = 0.2,
                                       .demand_gap_ms = 5000 };
}

void skt_refresh_make(struct skt_refresh_rig *rig)
{
    rig->list = skt_source_new(false);
    rig->seeds = skt_source_new(true);
    skt_source_say(rig->list, skt_refresh_tenants, SKT_REFRESH_TENANTS);
    skt_source_say(rig->seeds, &c_key, 1);
}

void skt_refresh_use(struct skt_refresh_rig *rig, uint64_t period_ms)
{
    struct skd_refresh_rules rules = skt_refresh_rules(period_ms);
    struct skd_chain chain = { &rig->list->base, { NULL, &rig->seeds->base } };

    skd_refresher_configure(rig->refresher, &chain, &rules);
    ck_assert_ptr_null(chain.list);
}

void skt_refresh_configure(struct skt_refresh_rig *rig,
                           uint64_t period_ms,
                           bool is_gated)
{
    skt_refresh_make(rig);
    rig->list->is_gated = is_gated;
    skt_refresh_use(rig, period_ms);
}

/* ---- begin and end ---------------------------------------------------------
 */

void skt_refresh_begin(struct skt_refresh_rig *rig)
{
    const struct skd_refresher_ops ops = { .state = rig,
                                           .publish = on_publish,
                                           .prepare = on_prepare };

    skd_log_configure(SKD_LOG_ERROR, false);
    *rig = (struct skt_refresh_rig){ .n_published = 0 };
    skt_clock_init(&rig->fake, 1000000, 7);
    skt_clock_script(&rig->fake, 0);
    ck_assert_int_eq(uv_loop_init(&rig->loop), 0);
    skt_ok(skd_demand_new(&rig->demand));
    skt_ok(skd_refresher_new(&rig->loop, &rig->fake.env, rig->demand, &ops,
                             &rig->refresher));
}

void skt_refresh_stop(struct skt_refresh_rig *rig)
{
    skd_refresher_stop(rig->refresher, skt_refresh_stopped, rig);
    while (!rig->has_stopped) {
        (void)uv_run(&rig->loop, UV_RUN_ONCE);
    }
}

void skt_refresh_end(struct skt_refresh_rig *rig)
{
    skt_refresh_stop(rig);
    skd_refresher_free(&rig->refresher);
    ck_assert_ptr_null(rig->refresher);
    skd_demand_free(&rig->demand);
    (void)uv_run(&rig->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&rig->loop), 0);
}

/* ---- time ------------------------------------------------------------------
 */

bool skt_refresh_is_running(struct skt_refresh_rig *rig)
{
    struct skd_refresh_report report;

    skd_refresher_report(rig->refresher, &report);
    return report.refreshing;
}

void skt_refresh_wait(struct skt_refresh_rig *rig)
{
    while (skt_refresh_is_running(rig)) {
        (void)uv_run(&rig->loop, UV_RUN_ONCE);
    }
}

void skt_refresh_pass(struct skt_refresh_rig *rig, uint64_t ms)
{
    skt_clock_pass(&rig->fake, ms);
    skd_refresher_tick(rig->refresher);
    skt_refresh_wait(rig);
}

const struct skd_tenant *skt_refresh_find(struct skt_refresh_rig *rig,
                                          const char *id)
{
    return skd_snapshot_find(skd_refresher_snapshot(rig->refresher),
                             skp_view_of(id));
}
