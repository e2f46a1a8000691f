/* schedule.c - one schedule from its beginning to its end; see sim.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

/* The ids that the rules of access name. */
static const char *ids[SIM_TENANTS];

static void make_access(struct skd_config *config, unsigned policy)
{
    static const struct skd_access_rule rules[2][3] = {
        { { .has_uid = true,
            .uid = 1,
            .any_tenant = true,
            .rights = SKD_RIGHT_ALL },
          { .has_uid = true,
            .uid = 2,
            .tenants = ids,
            .n_tenants = SIM_TENANTS / 2,
            .rights = SKD_RIGHT_PUBKEY | SKD_RIGHT_ENCRYPT },
          { .has_uid = true,
            .uid = 3,
            .tenants = ids + SIM_TENANTS / 2,
            .n_tenants = SIM_TENANTS / 2,
            .rights =
                SKD_RIGHT_DECRYPT | SKD_RIGHT_UNWRAP | SKD_RIGHT_REWRAP } },
        { { .has_uid = true,
            .uid = 1,
            .any_tenant = true,
            .rights = SKD_RIGHT_ALL },
          { .has_uid = true,
            .uid = 3,
            .any_tenant = true,
            .rights = SKD_RIGHT_PUBKEY | SKD_RIGHT_DECRYPT },
          { .has_uid = true, .uid = 2, .any_tenant = true } },
    };

    for (size_t i = 0; i < SIM_TENANTS; i++) {
        ids[i] = (const char *)sim_world_id(i).ptr;
    }
    config->has_access = true;
    config->access = rules[policy];
    config->n_access = SKP_ARRAY_LEN(rules[policy]);
}

static void make_local(struct sim *sim, struct sim_config *config)
{
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        config->has_local[i] = sim_trace_once_in(sim, 8);
        config->local[i] = (struct sim_answer){
            .said = SKD_SAID_KEYS,
            .n = 1,
            .keys = { (uint8_t)(i * SIM_KEYS_EACH + 1 +
                                sim_trace_pick(sim, SIM_KEYS_EACH)) },
        };
    }
}

static struct sim_config *make_config(struct sim *sim)
{
    static const uint64_t periods_ms[] = { 10000, 60000, 600000 };
    static const uint64_t stale_ms[] = { 0, 0, 30000, 300000 };
    static const double brakes[] = { 0.0, 0.2, 0.5, 1.0 };
    struct sim_config *config = &sim->configs[sim->n_configs++];

    config->policy = (unsigned)sim_trace_pick(sim, 2);
    config->config = (struct skd_config){
        .mode = SKD_MODE_REMOTE_MULTI_KEYS,
        .max_payload = SKP_PAYLOAD_DEFAULT,
        .max_stale_ms = stale_ms[sim_trace_pick(sim, SKP_ARRAY_LEN(stale_ms))],
    };
    config->rules = (struct skd_refresh_rules){
        .update_period_ms =
            periods_ms[sim_trace_pick(sim, SKP_ARRAY_LEN(periods_ms))],
        .keep_generations = (unsigned)sim_trace_pick(sim, 5),
        .removal_brake = brakes[sim_trace_pick(sim, SKP_ARRAY_LEN(brakes))],
        .demand_gap_ms = SIM_GAP_MS,
    };
    config->locate_every = 1 + (unsigned)((sim->seed + 3 * sim->n_configs) % 5);
    make_access(&config->config, config->policy);
    make_local(sim, config);
    return config;
}

/* The agent reads its configuration. */
static void apply_config(struct sim *sim, const struct sim_config *config)
{
    struct skd_chain chain = sim_world_chain(sim, config);

    sim->config = config;
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        sim->workers[i].next_config = config;
    }
    if (sim->stage.job != SIM_JOB_NONE) {
        sim->is_config_new = true;
        sim->run.is_obsolete = true;
    } else {
        sim_pace_init(sim);
    }
    skd_refresher_configure(sim->refresher, &chain, &config->rules);
}

void sim_schedule_configure(struct sim *sim)
{
    const struct sim_config *config = make_config(sim);

    sim_trace_say(sim,
                  "configuration %zu: period %llu ms, max_stale %llu ms, keep "
                  "%u, brake %g, policy %u",
                  sim->n_configs,
                  (unsigned long long)config->rules.update_period_ms,
                  (unsigned long long)config->config.max_stale_ms,
                  config->rules.keep_generations, config->rules.removal_brake,
                  config->policy);
    apply_config(sim, config);
}

static void on_prepare(void *state, struct skd_snapshot *snapshot)
{
    struct sim *sim = state;

    if (sim->keeper != NULL) {
        skd_keeper_prepare(sim->keeper, snapshot);
    }
}

static void on_publish(void *state, struct skd_snapshot *snapshot)
{
    struct sim *sim = state;

    SIM_CHECK(sim, !sim->is_stopping, "published after the end");
    if (sim->keeper != NULL) {
        skd_keeper_publish(sim->keeper, snapshot);
    }
    if (!sim->is_forgetting && !sim->is_adopting) {
        SIM_CHECK(sim, !sim->run.is_obsolete,
                  "published what was to be thrown away");
        sim_model_take(sim);
    }
    sim_checks_snapshot(sim, snapshot, &sim->model);
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        struct sim_worker *worker = &sim->workers[i];

        skd_snapshot_unref(&worker->next_snapshot);
        worker->next_snapshot = skd_snapshot_ref(snapshot);
        worker->next_model = sim->model;
    }
}

static void on_stopped(void *state)
{
    struct sim *sim = state;

    sim->is_stopped = true;
}

/* What a former agent has left, if anything. */
static void adopt(struct sim *sim)
{
    struct skd_snapshot *kept =
        sim->keeper == NULL ? NULL : skd_keeper_restore(sim->keeper);

    SIM_CHECK(sim, (kept != NULL) == sim->model.has_snapshot,
              "what was served is %s", kept == NULL ? "lost" : "invented");
    sim->is_adopted = kept != NULL;
    if (kept != NULL) {
        sim->is_adopting = true;
        skd_refresher_adopt(sim->refresher, &kept);
        sim->is_adopting = false;
    }
}

void sim_schedule_start(struct sim *sim)
{
    const struct skd_refresher_ops ops = { .state = sim,
                                           .publish = on_publish,
                                           .prepare = on_prepare };

    SIM_CHECK(sim, uv_loop_init(&sim->loop) == 0, "no loop");
    SIM_CHECK(sim, skd_demand_new(&sim->demand) == SKP_ERR_OK, "no memory");
    SIM_CHECK(sim,
              skd_refresher_new(&sim->loop, &sim->clock.env, sim->demand, &ops,
                                &sim->refresher) == SKP_ERR_OK,
              "no memory");
    adopt(sim);
    if (sim->config == NULL) {
        sim_schedule_configure(sim);
    } else {
        apply_config(sim, sim->config);
    }
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        sim_steps_deliver(&sim->workers[i]);
    }
}

static void begin(struct sim *sim)
{
    skt_clock_init(&sim->clock, 1000000, sim->seed);
    sim_world_init(sim);
    if (sim->is_kept) {
        sim_restart_init(sim);
    }
    sim_schedule_start(sim);
}

void sim_schedule_stop(struct sim *sim)
{
    sim->is_stopping = true;
    sim->is_stopped = false;
    skd_refresher_stop(sim->refresher, on_stopped, sim);
    while (sim->stage.job != SIM_JOB_NONE) {
        sim_stage_progress(sim);
    }
    (void)uv_run(&sim->loop, UV_RUN_DEFAULT);
    SIM_CHECK(sim, sim->is_stopped, "the refresher did not stop");
    skd_refresher_free(&sim->refresher);
    skd_demand_free(&sim->demand);
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        skd_snapshot_unref(&sim->workers[i].snapshot);
        skd_snapshot_unref(&sim->workers[i].next_snapshot);
    }
    SIM_CHECK(sim, uv_loop_close(&sim->loop) == 0, "a handle is left");
}

static void end(struct sim *sim)
{
    sim_trace_say(sim, "the agent stops");
    sim_schedule_stop(sim);
    if (sim->is_kept) {
        sim_restart_done(sim);
    }
    sim_checks_end(sim);
}

/* One handler for all schedules: it holds nothing between two requests. */
static struct skd_handler *share_handler(struct sim *sim)
{
    static struct skd_handler *handler;

    if (handler == NULL) {
        SIM_CHECK(sim,
                  skd_handler_new(&skp_random_system, &handler) == SKP_ERR_OK,
                  "no handler");
    }
    return handler;
}

void sim_schedule_run(uint64_t seed, bool is_traced)
{
    struct sim *sim = calloc(1, sizeof *sim);
    size_t held;
    uint64_t n_steps;

    skp_assert(sim != NULL);
    sim_now = sim;
    sim->seed = seed;
    sim->random = seed;
    sim->is_traced = is_traced;
    sim->is_final = seed % 8 == 7;
    sim->is_kept = seed / 8 % 4 == 1;
    sim->is_remembering = seed % 3 == 2;
    sim->handler = share_handler(sim);
    held = skp_secret_held();
    n_steps = 20 + sim_trace_pick(sim, 60);
    begin(sim);
    while (sim->n_steps < n_steps) {
        sim_steps_one(sim);
    }
    if (sim_trace_once_in(sim, 2)) {
        sim_checks_back_to_normal(sim);
    }
    end(sim);
    SIM_CHECK(sim, skp_secret_held() == held, "%zu bytes are still locked",
              skp_secret_held() - held);
    sim_now = NULL;
    free(sim);
}
