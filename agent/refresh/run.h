/* run.h - one refresh: the chain left to right, then build.
 *
 * A run is filled in by the refresher, goes once in a pool thread and is read
 * again by the refresher afterwards.
 *
 * Thread:   one at a time.
 * Secrets:  in the material, until it ends, and the snapshots, which it owns.
 */
#ifndef SKD_RUN_H
#define SKD_RUN_H

#include "agent/refresh/build.h"
#include "agent/refresh/derive.h"
#include "agent/store/demand.h"

#define SKD_RUN_SOURCES 3u

/* How one source did. */
struct skd_run_source {
    bool was_asked;
    int64_t at_s;          /* Unix seconds */
    struct skp_diag error; /* empty: it did well */
    struct skd_source_report report;
};

/* Open: the first half is the refresher's to fill in. */
struct skd_run {
    const struct skd_env *env;      /* borrowed */
    struct skd_chain *chain;        /* borrowed; nobody else touches it */
    struct skd_refresh_rules rules; /* a copy */
    struct skd_snapshot *old;       /* pinned by the run; NULL: none */
    bool is_demand;
    bool counts;
    bool accept_removals;
    bool whole; /* the sources are to answer in full */
    size_t n_wanted;
    char wanted[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1];

    enum skp_err err; /* with which it ended; OK: build is set */
    struct skp_diag diag;
    uint64_t retry_ms;             /* asked for by a Retry-After, or 0 */
    bool is_confirmed;             /* all is as before: nothing was built */
    struct skd_material *material; /* while the run goes */
    struct skd_derive *derive;     /* of its keys, likewise; or NULL */
    struct skd_build build;
    uint64_t started_ms;
    uint64_t ended_ms;
    struct skd_run_source sources[SKD_RUN_SOURCES]; /* list, seeds */
};

/* A run with nothing filled in.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_run_new(struct skd_run **ret);

/* Ask the sources, build, and wipe what they said.  Blocks as long as the
 * sources do. */
void skd_run_go(struct skd_run *run);

/* Free a run and what it owns; accepts NULL and leaves NULL behind. */
void skd_run_free(struct skd_run **run);

#endif /* SKD_RUN_H */
