/* sim.h - the whole core under fake time: what the files of the simulation
 * share.
 *
 * A schedule is a random walk from a seed: a scripted Coordinator and key
 * server change and fail, operators and clients ask, time passes, and a refresh
 * goes on in pieces between all that.  The real refresher, build, store,
 * demand list, handler and policy run; libuv's timer and thread pool are taken
 * over by stage.c, so that a seed is the same schedule everywhere.  In one
 * schedule of four the agent dies now and then, and the next one takes over
 * what the real keeper had kept (restart.c).
 *
 * Beside the core runs a model (model.c, pace.c), written from what REFRESH.md
 * and PROTOCOL.md promise: after every step what is served is compared with it.
 *
 * Thread:   one.
 */
#ifndef SIM_H
#define SIM_H

#include <uv.h>

#include "agent/keeper.h"
#include "agent/refresh/refresher.h"
#include "agent/refresh/run.h"
#include "agent/serve/handler.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/serving.h"

#define SIM_TENANTS   8u
#define SIM_KEYS_EACH 24u /* key numbers that belong to one tenant */
#define SIM_LISTED    4u  /* seeds that a source lists for one tenant */
#define SIM_WORKERS   2u
#define SIM_CONFIGS   16u
#define SIM_WAITERS   64u
#define SIM_GAP_MS    5000u

/* ---- what sources say ---------------------------------------------------- */

/* Of one tenant.  Bytes only, so that lists compare with memcmp. */
struct sim_answer {
    uint8_t said;  /* enum skd_said */
    uint8_t state; /* enum skd_key_state */
    uint8_t n;
    uint8_t keys[SIM_LISTED]; /* key numbers, current first */
};

/* A tenant list. */
struct sim_list {
    uint8_t is_listed[SIM_TENANTS];
    uint8_t is_private[SIM_TENANTS];
    uint8_t is_refused[SIM_TENANTS]; /* private, and has a seed all the same */
    struct sim_answer open[SIM_TENANTS]; /* of the public ones */
};

/* What one run heard. */
struct sim_heard {
    enum skp_err list_err;
    bool is_unchanged;
    struct sim_list list;
    uint64_t retry_ms;
    bool is_answered[SIM_TENANTS];
    /* "As before" is noted as what it stands for: the object's key and its
     * state now. */
    struct sim_answer seeds[SIM_TENANTS];
};

struct sim_world {
    struct sim_list list;
    struct sim_list former; /* what it was a while ago, and may be again */
    struct sim_answer objects[SIM_TENANTS]; /* what the key server finds */
    /* Their identifiers; and another object of the same tenant that can still
     * be asked for by its own, 0: none. */
    uint32_t identifiers[SIM_TENANTS];
    uint32_t standing[SIM_TENANTS];
    struct sim_answer stood[SIM_TENANTS];
    uint32_t last_identifier;
    uint8_t spare[SIM_TENANTS]; /* next key number, from 0 */
    bool has_etags;
    enum skp_err list_err; /* OK: the Coordinator answers */
    uint64_t retry_ms;     /* its Retry-After */
    bool is_kms_down;
    uint32_t list_ms; /* how long answers take */
    uint32_t kms_ms;
};

/* One configuration. */
struct sim_config {
    struct skd_config config;
    struct skd_refresh_rules rules;
    unsigned policy;       /* which rules of access */
    unsigned locate_every; /* round, all objects are looked for */
    bool has_local[SIM_TENANTS];
    struct sim_answer local[SIM_TENANTS]; /* crypto.tenant_keys */
};

/* ---- the model ----------------------------------------------------------- */

struct sim_known_key {
    uint8_t number;
    uint64_t generation;
};

struct sim_known {
    bool is_known;
    bool is_gone;      /* it was, and has a tombstone */
    bool is_destroyed; /* and there was no better word since */
    enum skd_use use;
    unsigned n_keys;
    struct sim_known_key keys[SIM_KEYS_EACH];
    uint64_t confirmed_ms;
    unsigned missing; /* lists in a row that lacked it */
    uint64_t last_generation;
};

/* What is served, or may be. */
struct sim_model {
    bool has_snapshot;
    struct sim_known tenants[SIM_TENANTS];
    struct sim_list accepted; /* the last whole list */
};

/* When refreshes may and must begin: bounds, as the waits are drawn. */
struct sim_pace {
    bool is_asked; /* the next one is somebody's wish */
    bool accepts;  /* and is told that removals are right */
    bool has_demand;
    uint64_t next_lo;
    uint64_t next_hi;
    uint64_t demand_lo;
    uint64_t demand_hi;
    unsigned n_failures;
    bool has_counted;
    uint64_t counted_ms;
};

enum sim_demand {
    SIM_DEMAND_NONE,
    SIM_DEMAND_WAITING,
    SIM_DEMAND_ABSENT,
    SIM_DEMAND_ASKED_AGAIN, /* absent, and waiting for another word */
};

/* The running refresh, as the model sees it. */
struct sim_run {
    uint64_t nth;
    bool may_be_whole;
    bool may_be_demand;
    bool is_demand;
    bool counts;
    bool accepts;
    bool is_obsolete; /* its result must not be seen */
    bool is_wanted[SIM_TENANTS];
    uint64_t started_ms;
    unsigned n_unreached;
    struct sim_heard heard;
};

/* ---- the stage ----------------------------------------------------------- */

enum sim_job {
    SIM_JOB_NONE,
    SIM_JOB_QUEUED,
    SIM_JOB_RUNNING,
    SIM_JOB_DONE,
    SIM_JOB_CANCELLED,
};

struct sim_stage {
    enum sim_job job;
    uv_work_t *work;
    uv_work_cb on_work;
    uv_after_work_cb on_after;
    bool is_armed;
    uint64_t due_ms;
    uv_timer_t *timer;
    uv_timer_cb on_timer;
};

struct sim_waiter {
    uint64_t first_run; /* the earliest whose result counts for it */
    unsigned n_answers;
};

/* A worker serves what it was last given. */
struct sim_worker {
    struct skd_snapshot *snapshot;
    struct sim_model model;
    const struct sim_config *config;
    struct skd_snapshot *next_snapshot; /* on its way; NULL: none */
    struct sim_model next_model;
    const struct sim_config *next_config;
    uint64_t generations[SIM_TENANTS]; /* highest that it gave out */
};

struct sim {
    uint64_t seed;
    uint64_t random;
    bool is_traced;
    bool is_final; /* the list is local files: no key server, no brake, and
                    * nobody to ask for a tenant that it lacks */
    bool is_remembering; /* the key server's client knows identifiers */
    bool is_kept;        /* over a restart, and there are some */
    bool is_adopting;
    bool is_adopted; /* and no list was read since */
    unsigned n_steps;
    unsigned depth; /* steps inside of a fetch */
    struct skt_clock clock;
    uv_loop_t loop;
    struct sim_world world;
    struct sim_config configs[SIM_CONFIGS];
    size_t n_configs;
    const struct sim_config *config; /* in use */
    bool is_config_new; /* it takes effect when the run has ended */
    struct sim_model model;
    struct sim_pace pace;
    struct sim_run run;
    enum sim_demand demanded[SIM_TENANTS];
    uint64_t absent_ms[SIM_TENANTS];
    struct sim_stage stage;
    struct sim_waiter waiters[SIM_WAITERS];
    size_t n_waiters;
    struct sim_worker workers[SIM_WORKERS];
    bool is_want_pending;
    bool is_forgetting;
    bool is_calm; /* nothing happens meanwhile */
    bool is_stopping;
    bool is_stopped;
    struct skd_demand *demand;
    struct skd_refresher *refresher;
    struct skd_keeper *keeper; /* NULL: nothing is kept */
    struct skd_handler *handler;
    /* Which key a generation of a tenant was, once somebody saw it. */
    uint8_t seen[SIM_TENANTS][256];
};

/* The one that runs; for the functions that take over others by the linker. */
extern struct sim *sim_now;

/* ---- trace.c: chance, the trace, and failing ------------------------------
 */

/* 0 to @n - 1; and true once in @n times. */
uint64_t sim_trace_pick(struct sim *sim, uint64_t n);
bool sim_trace_once_in(struct sim *sim, uint64_t n);

/* One line of the trace, when there is one. */
SKP_PRINTF(2, 3)
void sim_trace_say(struct sim *sim, const char *format, ...);

/* Print why and end the process. */
SKP_PRINTF(2, 3)
__attribute__((noreturn)) void
sim_trace_fail(struct sim *sim, const char *format, ...);

#define SIM_CHECK(sim, condition, ...)          \
    do {                                        \
        if (!(condition)) {                     \
            sim_trace_fail((sim), __VA_ARGS__); \
        }                                       \
    } while (0)

/* ---- world.c: the scripted sources ----------------------------------------
 */

/* "00000000-...-000000000003", and back. */
struct skp_view sim_world_id(size_t tenant);
size_t sim_world_number(const char *id, size_t len);

/* A world where some tenants have keys. */
void sim_world_init(struct sim *sim);

/* Something in it changes; or all is well again. */
void sim_world_change(struct sim *sim);
void sim_world_heal(struct sim *sim);

/* The sources of @config. */
struct skd_chain sim_world_chain(struct sim *sim,
                                 const struct sim_config *config);

/* A seed source says @answer of item @index, and it is noted as heard. */
void sim_world_answer(struct skd_material *material,
                      size_t index,
                      const struct sim_answer *answer);

/* ---- kms.c: the client of the key server -----------------------------------
 */
struct skd_source *sim_kms_new(struct sim *sim,
                               const struct sim_config *config);

/* ---- model.c: what has to be served ---------------------------------------
 */

/* What was heard in the run becomes what is served. */
void sim_model_take(struct sim *sim);

/* An operator forgets @tenant. */
void sim_model_forget(struct sim *sim, size_t tenant);

/* True when the list of the run names @tenant; what was said of it. */
bool sim_model_lists(const struct sim *sim, size_t tenant);
struct sim_answer sim_model_answer(const struct sim *sim, size_t tenant);

/* The model's key of that number; NULL when it has none. */
const struct sim_known_key *sim_model_key(const struct sim_known *known,
                                          unsigned number);

/* True when @known is past @max_stale_ms at @now_ms. */
bool sim_model_is_stale(const struct sim_known *known,
                        uint64_t now_ms,
                        uint64_t max_stale_ms);

/* ---- pace.c: when refreshes may begin --------------------------------------
 */

/* A new configuration counts from now. */
void sim_pace_init(struct sim *sim);
/* A run was put into the pool, begins in there, and is about to be worked
 * off. */
void sim_pace_queued(struct sim *sim);
void sim_pace_begun(struct sim *sim, const struct skd_run *run);
void sim_pace_ended(struct sim *sim);
/* The timer is what it has to be. */
void sim_pace_check(struct sim *sim);

/* ---- stage.c: libuv, as far as the refresher uses it -----------------------
 */

/* Let time pass; timers fire on the way, unless the process sleeps. */
void sim_stage_pass(struct sim *sim, uint64_t ms, bool asleep);

/* The job in the pool goes one step on. */
void sim_stage_progress(struct sim *sim);

/* ---- keys.c: key numbers, and envelopes for them ---------------------------
 */

#define SIM_PLAIN_LEN 16u

struct sim_envelope {
    uint8_t bytes[256];
    size_t len; /* 0: not made yet */
    uint8_t data_key[SKP_KEY_LEN];
};

/* Derive all keys, once for all schedules; then a key by its number. */
void sim_keys_init(void);
const struct skt_key *sim_keys_get(unsigned number);
size_t sim_keys_tenant(unsigned number);

/* The one envelope for that key, made when it is first wanted; a client may
 * put another in its place. */
struct sim_envelope *sim_keys_envelope(unsigned number);

/* What all envelopes of @tenant hold. */
struct skp_view sim_keys_plaintext(size_t tenant);

/* ---- clients.c, checks.c, steps.c, schedule.c ------------------------------
 */

/* One request of somebody. */
void sim_clients_ask(struct sim *sim);

/* A request for the public key, by somebody who may. */
void sim_clients_ask_pubkey(struct sim *sim,
                            struct sim_worker *worker,
                            size_t tenant);

/* True when that peer may do that under these rules. */
bool sim_clients_may(unsigned policy, uid_t uid, size_t tenant, unsigned right);

/* All that must hold between two steps, and when all has ended. */
void sim_checks_all(struct sim *sim);
void sim_checks_snapshot(struct sim *sim,
                         const struct skd_snapshot *snapshot,
                         const struct sim_model *model);
/* What a watching client is told when @worker takes its next snapshot. */
void sim_checks_changes(struct sim *sim, const struct sim_worker *worker);
void sim_checks_back_to_normal(struct sim *sim);
void sim_checks_end(struct sim *sim);

/* One step, with a check behind it. */
void sim_steps_one(struct sim *sim);

/* A few steps of the main loop while a source is being asked. */
void sim_steps_meanwhile(struct sim *sim);

/* A worker takes what is on its way to it. */
void sim_steps_deliver(struct sim_worker *worker);

/* ---- restart.c: the agent dies, and another one takes over -----------------
 */

/* A keeper for this schedule, with nothing kept; and the end of it. */
void sim_restart_init(struct sim *sim);
void sim_restart_done(struct sim *sim);

/* The agent dies; the next one serves what was kept. */
void sim_restart_now(struct sim *sim);

/* An agent begins: it adopts what was kept, and is configured. */
void sim_schedule_start(struct sim *sim);

/* It ends, with all its snapshots. */
void sim_schedule_stop(struct sim *sim);

/* A new configuration, drawn by chance, as a reload would bring it. */
void sim_schedule_configure(struct sim *sim);

/* The whole schedule of @seed. */
void sim_schedule_run(uint64_t seed, bool is_traced);

#endif /* SIM_H */
