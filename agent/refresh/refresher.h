/* refresher.h - keeps the snapshot fresh: when to ask the sources, and what to
 * do with their answers.
 *
 * It owns the timers, runs one refresh at a time in the thread pool, and hands
 * every new snapshot to whoever serves.
 *
 * Thread:   main loop.
 */
#ifndef SKD_REFRESHER_H
#define SKD_REFRESHER_H

#include <uv.h>

#include "agent/refresh/rules.h"
#include "agent/refresh/source_history.h"
#include "agent/source/cert.h"
#include "agent/store/demand.h"
#include "agent/store/snapshot.h"
#include "agent/sys/env.h"

struct skd_refresher_ops {
    void *state;
    /* A new snapshot; the callee pins it if it keeps it. */
    void (*publish)(void *state, struct skd_snapshot *snapshot);
    /* What takes long and must be done before publish; NULL: nothing.  Pool
     * thread, or main loop when a tenant is forgotten.  Not every snapshot that
     * was prepared is published. */
    void (*prepare)(void *state, struct skd_snapshot *snapshot);
    /* A refresh has ended with @err; NULL: nobody wants to know. */
    void (*ended)(void *state, enum skp_err err);
};

/* For `status`; texts are borrowed until the next call on the refresher. */
struct skd_refresh_report {
    bool ready; /* a first snapshot was published */
    bool refreshing;
    bool has_refreshed; /* a refresh of everything has ended well */
    int64_t next_s;     /* Unix seconds; 0: none planned */
    uint64_t n_published;
    uint64_t brake_missing;
    struct skp_source_row sources[SKD_RUN_SOURCES];
    struct skd_source_counts counts[SKD_RUN_SOURCES]; /* of the same sources */
    size_t n_sources;
};

struct skd_refresher; /* opaque */

/* Make a refresher that is idle until it is configured.  From success on,
 * skd_refresher_stop must be called and the loop run before the free, and until
 * it has nothing left to do before it is closed.
 * @ops  copied.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_refresher_new(uv_loop_t *loop,
                  const struct skd_env *env,
                  struct skd_demand *demand, /* borrowed; NULL: none */
                  const struct skd_refresher_ops *ops,
                  struct skd_refresher **ret);

/* Begin with what a former agent served: publish *snapshot, which is moved in,
 * and go on from it.  Before the first skd_refresher_configure only. */
void skd_refresher_adopt(struct skd_refresher *refresher,
                         struct skd_snapshot **snapshot);

/* Use these sources and rules from the next refresh on, and start one now.
 * The chain is moved in; the old one is freed when its refresh has ended, and
 * what that refresh found is thrown away. */
void skd_refresher_configure(struct skd_refresher *refresher,
                             struct skd_chain *chain,
                             const struct skd_refresh_rules *rules);

/* Start a refresh, or wait for the running one and start another, so that what
 * is answered was asked after this call.  @on_done is called on the main loop
 * with the result of that refresh: before this function returns when none can
 * be started (SKP_ERR_UNAVAILABLE: stopping, or never configured;
 * SKP_ERR_RESOURCE_EXHAUSTED: memory). */
typedef void (*skd_refreshed)(void *state,
                              enum skp_err err,
                              const struct skp_diag *diag);
void skd_refresher_now(struct skd_refresher *refresher,
                       bool accept_removals,
                       skd_refreshed on_done, /* NULL: nobody waits */
                       void *state);

/* A tenant was put on the demand list. */
void skd_refresher_want(struct skd_refresher *refresher);

/* Publish a snapshot without @tenant.  A running refresh, which still knows it,
 * is thrown away and run again; a later one that finds the tenant in the list
 * brings it back.
 *   SKP_ERR_NOT_FOUND  no such tenant.
 *   SKP_ERR_FAILED_PRECONDITION  single-key mode.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory. */
SKP_MUST_CHECK enum skp_err
skd_refresher_forget(struct skd_refresher *refresher,
                     struct skp_view tenant,
                     struct skp_diag *diag);

/* How things stand, for `status`. */
void skd_refresher_report(struct skd_refresher *refresher,
                          struct skd_refresh_report *ret);

/* The certificates of the sources, for status and metrics: ours in use and the
 * servers' as last seen, by the last refresh that asked them; copied to @ret.
 * Returns how many. */
#define SKD_REFRESHER_CERTS 6u
size_t skd_refresher_certs(const struct skd_refresher *refresher,
                           struct skd_cert_row ret[SKD_REFRESHER_CERTS]);

/* The current snapshot, borrowed until the loop runs again; NULL before the
 * first. */
struct skd_snapshot *skd_refresher_snapshot(struct skd_refresher *refresher);

/* Look at the clock of @env and start what is due.  The timer does this; tests
 * and simulations do, after they moved their own clock. */
void skd_refresher_tick(struct skd_refresher *refresher);

/* Stop the timers and, when a running refresh has ended, call @on_stopped. */
void skd_refresher_stop(struct skd_refresher *refresher,
                        void (*on_stopped)(void *state),
                        void *state);

/* Free a stopped refresher; accepts NULL. */
void skd_refresher_free(struct skd_refresher **refresher);

#endif /* SKD_REFRESHER_H */
