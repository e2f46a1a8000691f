/* restart.c - the agent dies between two steps, and the next one takes over
 * what the real keeper had kept; see sim.h.
 *
 * The service manager is played here: --wrap hands it the descriptors that
 * notify.c would send.  Nothing else goes over from one agent to the next: not
 * a pointer, not what sources remember, not the demand list, not a count.  What
 * is served afterwards is compared with the same model as before, so that
 * generations, tombstones, the brake and the times of max_stale have to be what
 * they were.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/sys/notify.h"
#include "agent/sys/swap.h"
#include "tests/sim/sim.h"

enum skd_fd_store __wrap_skd_notify_fd_store(void);
struct skd_kept_fd *__wrap_skd_notify_kept(size_t *ret_n);
bool __wrap_skd_notify_store(const char *name, const int *fds, size_t n);
void __wrap_skd_notify_unstore(const char *name);
bool __wrap_skd_swap_is_off(const char *root);

/* What the manager keeps, and what it hands to an agent that starts. */
static struct skd_kept_fd stored[SKD_NOTIFY_KEPT_MAX];
static struct skd_kept_fd handed[SKD_NOTIFY_KEPT_MAX];
static size_t n_stored;
static size_t n_handed;

enum skd_fd_store __wrap_skd_notify_fd_store(void)
{
    return SKD_FD_STORE_RESTART;
}

struct skd_kept_fd *__wrap_skd_notify_kept(size_t *ret_n)
{
    *ret_n = n_handed;
    return handed;
}

bool __wrap_skd_notify_store(const char *name, const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct skd_kept_fd *row = &stored[n_stored++];

        SIM_CHECK(sim_now, n_stored <= SKD_NOTIFY_KEPT_MAX,
                  "more is kept than one pair beside the next");
        (void)snprintf(row->name, sizeof row->name, "%s", name);
        row->fd = dup(fds[i]);
        SIM_CHECK(sim_now, row->fd >= 0, "no descriptor");
    }
    return true;
}

void __wrap_skd_notify_unstore(const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < n_stored; i++) {
        if (strcmp(stored[i].name, name) == 0) {
            (void)close(stored[i].fd);
        } else {
            stored[n++] = stored[i];
        }
    }
    n_stored = n;
}

/* Whatever this machine has: locked memory is kept. */
bool __wrap_skd_swap_is_off(const char *root)
{
    (void)root;
    return true;
}

static void hand_over(struct sim *sim)
{
    n_handed = n_stored;
    for (size_t i = 0; i < n_stored; i++) {
        handed[i] = stored[i];
        handed[i].fd = dup(stored[i].fd);
        SIM_CHECK(sim, handed[i].fd >= 0, "no descriptor");
    }
}

static void make_keeper(struct sim *sim)
{
    SIM_CHECK(sim,
              skd_keeper_new(&sim->clock.env, SKD_MODE_REMOTE_MULTI_KEYS,
                             SKD_TIER_MLOCK, &sim->keeper) == SKP_ERR_OK,
              "no keeper");
}

void sim_restart_init(struct sim *sim)
{
    n_stored = 0;
    n_handed = 0;
    make_keeper(sim);
}

void sim_restart_done(struct sim *sim)
{
    skd_keeper_free(&sim->keeper);
    while (n_stored > 0) {
        (void)close(stored[--n_stored].fd);
    }
    skd_arena_keep(SKD_KEEPING_NONE);
}

/* All that the agent alone knew is gone. */
static void forget_all(struct sim *sim)
{
    uint64_t nth = sim->run.nth;

    sim->run = (struct sim_run){ .nth = nth };
    sim->is_config_new = false;
    sim->is_want_pending = false;
    memset(&sim->pace, 0, sizeof sim->pace);
    memset(sim->demanded, 0, sizeof sim->demanded);
    memset(&sim->stage, 0, sizeof sim->stage);
    for (size_t i = 0; i < SIM_WORKERS; i++) {
        sim->workers[i].model = (struct sim_model){ .has_snapshot = false };
        sim->workers[i].next_config = NULL;
    }
}

void sim_restart_now(struct sim *sim)
{
    sim_trace_say(sim, "the agent dies");
    sim_schedule_stop(sim);
    /* Not stopped: it has no last words to its manager. */
    skd_keeper_free(&sim->keeper);
    SIM_CHECK(sim, skd_arena_held() == 0, "%zu bytes are still locked",
              skd_arena_held());
    SIM_CHECK(sim, n_stored == (sim->model.has_snapshot ? 2 : 0),
              "%zu descriptors are kept", n_stored);
    forget_all(sim);
    sim->is_stopping = false;
    hand_over(sim);
    make_keeper(sim);
    sim_schedule_start(sim);
    sim_trace_say(sim, "another agent serves");
}
