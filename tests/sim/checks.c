/* checks.c - what must hold between two steps; see sim.h. */
#include <string.h>
#include <unistd.h>

#include "agent/serve/changes.h"
#include "tests/sim/sim.h"

#define ROWS 3u /* of one notification: several are needed at times */

static void check_keys(struct sim *sim,
                       const struct skd_snapshot *snapshot,
                       const struct skd_tenant *tenant,
                       const struct sim_known *known)
{
    for (unsigned i = 0; i < known->n_keys; i++) {
        const struct skt_key *key = sim_keys_get(known->keys[i].number);
        struct skd_key its = { 0 };

        SIM_CHECK(sim,
                  skd_snapshot_key_by_id(snapshot, tenant, key->key_id, &its),
                  "key %u is not there", known->keys[i].number);
        SIM_CHECK(sim,
                  memcmp(its.private_key, key->private_key, SKP_KEY_LEN) == 0 &&
                      memcmp(its.public_key, key->public_key, SKP_KEY_LEN) == 0,
                  "key %u is another one", known->keys[i].number);
        SIM_CHECK(sim, its.generation == known->keys[i].generation,
                  "key %u has another generation", known->keys[i].number);
    }
    SIM_CHECK(sim,
              known->n_keys == 0 ||
                  memcmp(skd_snapshot_key(snapshot, tenant, 0).private_key,
                         sim_keys_get(known->keys[0].number)->private_key,
                         SKP_KEY_LEN) == 0,
              "key %u is not current", known->keys[0].number);
}

static void check_tenant(struct sim *sim,
                         const struct skd_snapshot *snapshot,
                         size_t number,
                         const struct sim_known *known)
{
    const struct skd_tenant *tenant =
        skd_snapshot_find(snapshot, sim_world_id(number));
    struct skd_tenant row;

    SIM_CHECK(sim, (tenant != NULL) == known->is_known, "tenant %zu is %s",
              number, tenant != NULL ? "there" : "not there");
    if (tenant == NULL) {
        return;
    }
    row = skd_snapshot_row(snapshot, tenant);
    SIM_CHECK(sim, tenant->n_keys == known->n_keys,
              "tenant %zu has %u keys and not %u", number,
              (unsigned)tenant->n_keys, known->n_keys);
    SIM_CHECK(sim, tenant->use == known->use, "tenant %zu: use %u and not %u",
              number, tenant->use, known->use);
    SIM_CHECK(sim,
              known->n_keys == 0 || row.confirmed_ms == known->confirmed_ms,
              "tenant %zu was confirmed at another time", number);
    SIM_CHECK(sim, tenant->missing == known->missing,
              "tenant %zu: missing in %u lists and not %u", number,
              tenant->missing, known->missing);
    check_keys(sim, snapshot, tenant, known);
}

void sim_checks_snapshot(struct sim *sim,
                         const struct skd_snapshot *snapshot,
                         const struct sim_model *model)
{
    SIM_CHECK(sim, (snapshot != NULL) == model->has_snapshot,
              "a snapshot is %s", snapshot != NULL ? "there" : "not there");
    for (size_t i = 0; snapshot != NULL && i < SIM_TENANTS; i++) {
        check_tenant(sim, snapshot, i, &model->tenants[i]);
    }
}

/* ---- changes ------------------------------------------------------------- */

static bool is_changed(const struct sim_known *before,
                       const struct sim_known *after)
{
    if (before->n_keys == 0 || after->n_keys == 0) {
        return before->n_keys != after->n_keys;
    }
    return before->use != after->use ||
           before->keys[0].number != after->keys[0].number ||
           before->keys[0].generation != after->keys[0].generation;
}

static void check_row(struct sim *sim,
                      const struct sim_worker *worker,
                      const struct skp_tenant_row *row,
                      bool told[SIM_TENANTS])
{
    size_t tenant = sim_world_number((const char *)row->id.ptr, row->id.len);
    const struct sim_known *after = &worker->next_model.tenants[tenant];
    bool has_key = after->n_keys > 0;

    SIM_CHECK(sim, !told[tenant], "tenant %zu is told twice", tenant);
    SIM_CHECK(
        sim,
        (row->key_id != NULL) == has_key &&
            row->generation == (has_key ? after->keys[0].generation : 0) &&
            (!has_key ||
             memcmp(row->key_id, sim_keys_get(after->keys[0].number)->key_id,
                    SKP_KEY_ID_LEN) == 0),
        "another key of tenant %zu is told", tenant);
    told[tenant] = true;
}

void sim_checks_changes(struct sim *sim, const struct sim_worker *worker)
{
    struct skd_changes changes =
        skd_changes_between(worker->snapshot, worker->next_snapshot);
    struct skp_tenant_row rows[ROWS];
    bool told[SIM_TENANTS] = { false };
    size_t n;

    while ((n = skd_changes_next(&changes, rows, ROWS)) > 0) {
        for (size_t i = 0; i < n; i++) {
            check_row(sim, worker, &rows[i], told);
        }
    }
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        SIM_CHECK(sim,
                  told[i] == is_changed(&worker->model.tenants[i],
                                        &worker->next_model.tenants[i]),
                  "the change of tenant %zu is %s", i,
                  told[i] ? "told without need" : "not told");
    }
}

/* ---- locked memory --------------------------------------------------------
 */

static size_t locked_len(const struct skd_snapshot *snapshot)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t len = skd_snapshot_n_keys(snapshot) * SKP_KEY_LEN;
    size_t header = sim_now->is_kept ? page : 0;

    return header + (len == 0 ? page : (len + page - 1) / page * page);
}

/* The snapshots that somebody pins, each once. */
static size_t count_locked(struct sim *sim)
{
    const struct skd_snapshot *pinned[1 + 2 * SIM_WORKERS];
    size_t n = 0;
    size_t len = 0;

    pinned[n++] = skd_refresher_snapshot(sim->refresher);
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        pinned[n++] = sim->workers[i].snapshot;
        pinned[n++] = sim->workers[i].next_snapshot;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_counted = pinned[i] == NULL;

        for (size_t before = 0; before < i; before++) {
            is_counted =
                is_counted || (pinned[before] != NULL &&
                               skd_snapshot_is_same(pinned[before], pinned[i]));
        }
        len += is_counted ? 0 : locked_len(pinned[i]);
    }
    return len;
}

static void check_locked(struct sim *sim)
{
    size_t len = count_locked(sim);
    size_t run = 0;

    /* A run pins the one it began with, and fills the next. */
    if (sim->stage.job != SIM_JOB_NONE) {
        run = 2 * (SIM_TENANTS * SIM_KEYS_EACH * SKP_KEY_LEN + 2 * 4096u);
    }
    SIM_CHECK(sim, skd_arena_held() >= len && skd_arena_held() <= len + run,
              "%zu bytes are locked for keys of %zu", skd_arena_held(), len);
}

/* ---- all --------------------------------------------------------------------
 */

/* What `status` is told. */
static void check_report(struct sim *sim)
{
    struct skd_refresh_report report;
    size_t n_missing = 0;

    skd_refresher_report(sim->refresher, &report);
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        n_missing += sim->model.tenants[i].missing > 0;
    }
    SIM_CHECK(sim, report.ready == sim->model.has_snapshot, "ready is %d",
              report.ready);
    SIM_CHECK(sim, report.refreshing == (sim->stage.job != SIM_JOB_NONE),
              "refreshing is %d", report.refreshing);
    SIM_CHECK(sim, report.brake_missing == n_missing,
              "the brake is told to hold %zu tenants and not %zu",
              (size_t)report.brake_missing, n_missing);
}

static void check_waiters(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_waiters; i++) {
        SIM_CHECK(sim,
                  sim->waiters[i].n_answers == 1 ||
                      sim->stage.job != SIM_JOB_NONE,
                  "waiter %zu had %u answers, and nothing runs", i,
                  sim->waiters[i].n_answers);
    }
}

void sim_checks_all(struct sim *sim)
{
    size_t tenant = sim_trace_pick(sim, SIM_TENANTS);

    sim_checks_snapshot(sim, skd_refresher_snapshot(sim->refresher),
                        &sim->model);
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        struct sim_worker *worker = &sim->workers[i];

        sim_checks_snapshot(sim, worker->snapshot, &worker->model);
        if (worker->model.tenants[tenant].is_known) {
            sim_clients_ask_pubkey(sim, worker, tenant);
        }
    }
    check_waiters(sim);
    check_report(sim);
    check_locked(sim);
    sim_pace_check(sim);
}

/* ---- after a fault ----------------------------------------------------------
 */

static void finish_jobs(struct sim *sim)
{
    while (sim->stage.job != SIM_JOB_NONE) {
        sim_stage_progress(sim);
    }
}

/* What the world says of @tenant now. */
static const struct sim_answer *truth_of(const struct sim *sim, size_t tenant)
{
    if (sim->is_final || !sim->world.list.is_private[tenant]) {
        return &sim->world.list.open[tenant];
    }
    return sim->config->has_local[tenant] ? &sim->config->local[tenant]
                                          : &sim->world.objects[tenant];
}

static void check_truth(struct sim *sim, size_t number)
{
    const struct sim_answer *truth = truth_of(sim, number);
    const struct sim_known *known = &sim->model.tenants[number];

    if (!sim->world.list.is_listed[number] || truth->said != SKD_SAID_KEYS) {
        return;
    }
    SIM_CHECK(sim, known->n_keys > 0 && known->keys[0].number == truth->keys[0],
              "tenant %zu is not served with key %u", number, truth->keys[0]);
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        sim_clients_ask_pubkey(sim, &sim->workers[i], number);
    }
}

/* A whole refresh that began later than number @nth; by their times they could
 * be the same. */
static bool is_after(const struct sim *sim, uint64_t nth)
{
    return sim->run.nth > nth && !sim->run.is_demand;
}

/* Faults end: within one wait of the plan everything is as the world says. */
void sim_checks_back_to_normal(struct sim *sim)
{
    uint64_t nth;

    sim_world_heal(sim);
    sim->is_calm = true;
    finish_jobs(sim);
    nth = sim->run.nth;
    for (int i = 0; i < 4; i++) {
        uint64_t until_ms = sim->pace.next_hi;

        if (is_after(sim, nth)) {
            break;
        }
        sim_stage_pass(
            sim,
            until_ms > sim->clock.now_ms ? until_ms - sim->clock.now_ms : 0,
            false);
        finish_jobs(sim);
    }
    SIM_CHECK(sim, is_after(sim, nth), "no whole refresh came");
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        sim_steps_deliver(&sim->workers[i]);
    }
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        check_truth(sim, i);
    }
    sim->is_calm = false;
}

void sim_checks_end(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_waiters; i++) {
        SIM_CHECK(sim, sim->waiters[i].n_answers == 1,
                  "waiter %zu had %u answers", i, sim->waiters[i].n_answers);
    }
    SIM_CHECK(sim, skd_arena_held() == 0, "%zu bytes are still locked",
              skd_arena_held());
}
