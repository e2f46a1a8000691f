/* model.c - what has to be served, told from what the sources said: the table
 * of REFRESH.md once more, over key numbers; see sim.h.
 */
#include <string.h>

#include "tests/sim/sim.h"

static const struct sim_list *list_of(const struct sim *sim)
{
    return sim->run.heard.is_unchanged ? &sim->model.accepted
                                       : &sim->run.heard.list;
}

bool sim_model_lists(const struct sim *sim, size_t tenant)
{
    /* On demand nothing is new in an unchanged list. */
    if (sim->run.is_demand && sim->run.heard.is_unchanged) {
        return false;
    }
    return list_of(sim)->is_listed[tenant];
}

struct sim_answer sim_model_answer(const struct sim *sim, size_t tenant)
{
    const struct sim_list *list = list_of(sim);

    if (!list->is_private[tenant]) {
        return list->open[tenant];
    }
    if (!sim->run.heard.is_answered[tenant]) {
        return (struct sim_answer){ .said = SKD_SAID_UNREACHED };
    }
    return sim->run.heard.seeds[tenant];
}

const struct sim_known_key *sim_model_key(const struct sim_known *known,
                                          unsigned number)
{
    for (unsigned i = 0; i < known->n_keys; i++) {
        if (known->keys[i].number == number) {
            return &known->keys[i];
        }
    }
    return NULL;
}

bool sim_model_is_stale(const struct sim_known *known,
                        uint64_t now_ms,
                        uint64_t max_stale_ms)
{
    return max_stale_ms > 0 && now_ms > known->confirmed_ms + max_stale_ms;
}

/* ---- keys ------------------------------------------------------------------
 */

static bool names(const struct sim_answer *answer, unsigned number)
{
    return memchr(answer->keys, (int)number, answer->n) != NULL;
}

static void push(struct sim_known *known, struct sim_known_key key)
{
    if (sim_model_key(known, key.number) == NULL) {
        known->keys[known->n_keys++] = key;
    }
}

/* The keys of @answer, and of those before them what is to be kept. */
static void take_keys(struct sim_known *known,
                      const struct sim_answer *answer,
                      unsigned keep)
{
    const struct sim_known before = *known;
    struct sim_known_key current = { answer->keys[0], 0 };

    if (before.n_keys > 0 && before.keys[0].number == current.number) {
        current.generation = before.keys[0].generation;
    } else {
        current.generation = ++known->last_generation;
    }
    known->n_keys = 0;
    push(known, current);
    for (unsigned i = 0; i < before.n_keys; i++) {
        bool is_listed = names(answer, before.keys[i].number);

        if (before.keys[i].number == current.number) {
            continue;
        }
        if (is_listed || keep > 0) {
            push(known, before.keys[i]);
            keep -= !is_listed;
        }
    }
    for (unsigned i = 1; i < answer->n; i++) {
        push(known, (struct sim_known_key){ answer->keys[i], 0 });
    }
}

static void take_answer(struct sim *sim, size_t tenant)
{
    struct sim_known *known = &sim->model.tenants[tenant];
    struct sim_answer answer = sim_model_answer(sim, tenant);

    known->is_known = true;
    known->is_gone = false;
    known->missing = 0;
    if (answer.said == SKD_SAID_DESTROYED) {
        known->n_keys = 0;
        known->is_destroyed = true;
    }
    if (answer.said == SKD_SAID_KEYS || answer.said == SKD_SAID_DUPLICATE ||
        answer.said == SKD_SAID_UNUSABLE) {
        known->is_destroyed = false;
    }
    if (answer.said == SKD_SAID_KEYS) {
        take_keys(known, &answer, sim->config->rules.keep_generations);
        known->confirmed_ms = sim->run.started_ms;
        known->use =
            answer.state == SKD_KEY_ACTIVE || answer.state == SKD_KEY_PRE_ACTIVE
                ? SKD_USE_ALL
                : SKD_USE_DECRYPT_ONLY;
    }
    if (known->n_keys == 0) {
        known->use = SKD_USE_NONE;
    }
}

static void drop(struct sim_known *known)
{
    *known = (struct sim_known){ .is_gone = true,
                                 .last_generation = known->last_generation };
}

/* ---- who goes ---------------------------------------------------------------
 */

static bool is_absent(const struct sim *sim, size_t tenant)
{
    return sim->model.tenants[tenant].is_known && !sim_model_lists(sim, tenant);
}

static bool brake_holds(const struct sim *sim)
{
    unsigned n_known = 0;
    unsigned n_absent = 0;

    for (size_t i = 0; i < SIM_TENANTS; i++) {
        n_known += sim->model.tenants[i].is_known;
        n_absent += is_absent(sim, i);
    }
    return n_absent > 0 &&
           (n_absent == n_known ||
            (n_absent > 3 &&
             n_absent > sim->config->rules.removal_brake * (double)n_known));
}

static void take_absence(struct sim *sim, size_t tenant, bool is_held)
{
    struct sim_known *known = &sim->model.tenants[tenant];
    bool was_missing = known->missing > 0;

    if (!was_missing || sim->run.counts) {
        known->missing++;
    }
    if (sim->run.accepts || sim->is_final || (!is_held && !was_missing) ||
        known->missing >= 3) {
        drop(known);
    }
}

/* ---- demand
 * ------------------------------------------------------------------ */

static void settle_demand(struct sim *sim)
{
    bool is_waiting = false;

    for (size_t i = 0; i < SIM_TENANTS; i++) {
        enum sim_demand *demand = &sim->demanded[i];

        if (*demand != SIM_DEMAND_WAITING &&
            *demand != SIM_DEMAND_ASKED_AGAIN) {
            continue;
        }
        if (sim->model.tenants[i].is_known) {
            *demand = SIM_DEMAND_NONE;
        } else if (sim->run.is_wanted[i]) {
            *demand = SIM_DEMAND_ABSENT;
            sim->absent_ms[i] = sim->clock.now_ms;
        } else {
            is_waiting = true;
        }
    }
    sim->pace.has_demand = is_waiting;
}

/* ---- all --------------------------------------------------------------------
 */

static void take_whole(struct sim *sim)
{
    bool is_held = brake_holds(sim);

    for (size_t i = 0; i < SIM_TENANTS; i++) {
        if (sim_model_lists(sim, i)) {
            take_answer(sim, i);
        } else if (is_absent(sim, i)) {
            take_absence(sim, i, is_held);
        }
    }
    sim->model.accepted = *list_of(sim);
}

static void take_new(struct sim *sim)
{
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        if (!sim->model.tenants[i].is_known && sim_model_lists(sim, i)) {
            take_answer(sim, i);
        }
    }
}

void sim_model_take(struct sim *sim)
{
    if (sim->run.is_demand) {
        take_new(sim);
    } else {
        take_whole(sim);
    }
    sim->model.has_snapshot = true;
    settle_demand(sim);
}

void sim_model_forget(struct sim *sim, size_t tenant)
{
    drop(&sim->model.tenants[tenant]);
}
