/* keeper.h - the keys survive the death of the agent: who runs it (systemd, or
 * `sidekeyd --supervise`) keeps two descriptors of what is served, and the next
 * agent serves from them before it has asked anybody.
 *
 * agent/store/KEEP.md says what is kept and in which order it changes hands.
 *
 * Thread:   main loop, but for skd_keeper_prepare.
 * Secrets:  in the arena that is kept, nowhere else.
 */
#ifndef SKD_KEEPER_H
#define SKD_KEEPER_H

#include "agent/config/config.h"
#include "agent/store/snapshot.h"
#include "agent/sys/env.h"

struct skd_keeper; /* opaque */

/* How things stand, for `status`. */
struct skd_keeper_report {
    bool is_keeping;       /* what is served would survive a crash now */
    size_t n_restored;     /* tenants taken over at the start; 0: it was cold */
    int64_t restored_at_s; /* Unix seconds; 0: never */
};

/* Find out whether anything can be kept, and say so in the log; from here on
 * arenas are made accordingly.  Call once, after skd_notify_init and
 * skd_arena_require and before threads start.
 * @tier  that arenas get.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_keeper_new(const struct skd_env *env,
                                           enum skd_mode mode,
                                           enum skd_tier tier,
                                           struct skd_keeper **ret);

/* What the former agent served, with one pin for the caller; NULL when there is
 * nothing, or nothing that can be trusted as a whole: the log says why, and
 * what was kept is wiped. */
struct skd_snapshot *skd_keeper_restore(struct skd_keeper *keeper);

/* Do what takes long before skd_keeper_publish.  Any thread; nobody else may
 * have @snapshot yet. */
void skd_keeper_prepare(struct skd_keeper *keeper,
                        struct skd_snapshot *snapshot);

/* Have @snapshot kept from now on instead of the one before, which is made
 * useless.  To be called before @snapshot is served. */
void skd_keeper_publish(struct skd_keeper *keeper,
                        struct skd_snapshot *snapshot);

/* How things stand. */
struct skd_keeper_report skd_keeper_report(const struct skd_keeper *keeper);

/* The agent stops and publishes nothing more.  What a manager keeps over a
 * restart stays as it is; what it would drop is made useless, and wiped with
 * the last pin. */
void skd_keeper_stop(struct skd_keeper *keeper);

/* Free the keeper, when nothing is prepared any more; accepts NULL. */
void skd_keeper_free(struct skd_keeper **keeper);

#endif /* SKD_KEEPER_H */
