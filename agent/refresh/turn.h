/* turn.h - one refresh as the refresher sees it: what it is to do, and what
 * comes of it; for refresher.c, which says when.  Nobody else includes it.
 *
 * Thread:   main loop.
 */
#ifndef SKD_TURN_H
#define SKD_TURN_H

#include "agent/refresh/cert_watch.h"
#include "agent/refresh/plan.h"
#include "agent/refresh/refresher.h"
#include "agent/refresh/run.h"
#include "agent/refresh/waiters.h"

/* Open to turn.c and refresher.c. */
struct skd_refresher {
    uv_timer_t timer;
    uv_work_t work;
    uv_loop_t *loop;
    const struct skd_env *env;
    struct skd_demand *demand;
    struct skd_refresher_ops ops;

    struct skd_chain chain; /* list NULL: never configured */
    struct skd_refresh_rules rules;
    struct skd_chain next_chain; /* for when the running refresh has ended */
    struct skd_refresh_rules next_rules;
    struct skd_plan plan;
    struct skd_snapshot *snapshot; /* NULL before the first */
    uint64_t n_published;
    size_t brake_missing;
    struct skd_source_history sources[SKD_RUN_SOURCES];
    struct skd_cert_watch certs;

    struct skd_run *run; /* NULL: idle */
    bool is_ending;   /* its end is being worked off: callees may call back */
    bool is_obsolete; /* what the run finds is thrown away */
    struct skd_waiters waiters;      /* of the run */
    struct skd_waiters next_waiters; /* of the one after it */
    bool is_asked_again;             /* start another right after it */
    bool accepts_removals;           /* the one after it */
    bool is_adopted;    /* no list was read since a former agent's snapshot */
    bool has_refreshed; /* a run of everything has ended well */
    bool needs_whole;   /* the next refresh: an operator asks for it, or the
                         * snapshot is not what the last whole list said: a
                         * tenant was forgotten, or came on demand */
    bool has_demand;

    bool has_begun; /* "Starting ..." was logged */
    bool is_stopping;
    bool is_stopped;
    void (*on_stopped)(void *state);
    void *stopped_state;
};

/* Make refresher->run of all that was asked for meanwhile; it waits to be put
 * into the pool.  False when there is no memory: who waited was told, the next
 * is planned, and none runs. */
bool skd_turn_begin(struct skd_refresher *refresher, bool is_demand);

/* Publish what @run found, or say why it found nothing, and plan the next.
 * When it is obsolete or @is_whole is false nobody sees what it found, and
 * whoever waited for it waits for the next one.  Callees may call back.
 * @run       no longer refresher->run.
 * @is_whole  it was not cancelled. */
void skd_turn_end(struct skd_refresher *refresher,
                  struct skd_run *run,
                  bool is_whole);

/* Serve *snapshot, which is moved in, from now on. */
void skd_turn_publish(struct skd_refresher *refresher,
                      struct skd_snapshot **snapshot);

#endif /* SKD_TURN_H */
