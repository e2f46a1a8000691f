/* refreshing.h - a refresher on a real loop, with scripted sources and a clock
 * that a test moves.
 */
#ifndef SKT_REFRESHING_H
#define SKT_REFRESHING_H

#include "agent/refresh/refresher.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/serving.h"
#include "tests/lib/source_fake.h"

/* Open; skt_refresh_begin fills it in. */
struct skt_refresh_rig {
    uv_loop_t loop;
    struct skt_clock fake;
    struct skd_demand *demand;
    struct skd_refresher *refresher;
    struct skt_source *list; /* of the chain made last */
    struct skt_source *seeds;

    unsigned n_published;
    unsigned n_done;
    enum skp_err done_err;
    char done_text[SKP_DIAG_MAX];
    unsigned done_after_publish; /* n_published when it was done */
    bool has_stopped;

    /* What was prepared last, by whatever thread; only compared. */
    const struct skd_snapshot *prepared;
    unsigned n_prepared;
    int prepared_nice; /* of the thread */
    unsigned n_published_prepared;
};

/* What the list says that skt_refresh_make makes: "a" and "b" have keys 1 and
 * 2, "c" is private.  The other source has key 3 for it. */
#define SKT_REFRESH_TENANTS 3u
extern const struct skt_answer skt_refresh_tenants[SKT_REFRESH_TENANTS];

/* The loop and the refresher, without sources. */
void skt_refresh_begin(struct skt_refresh_rig *rig);

/* Stop it, and free what skt_refresh_begin made. */
void skt_refresh_end(struct skt_refresh_rig *rig);

/* Stop it and wait until it has. */
void skt_refresh_stop(struct skt_refresh_rig *rig);

/* Make sources, and give them to the refresher. */
void skt_refresh_make(struct skt_refresh_rig *rig);
void skt_refresh_use(struct skt_refresh_rig *rig, uint64_t period_ms);

/* Both; gated: the list waits for the test. */
void skt_refresh_configure(struct skt_refresh_rig *rig,
                           uint64_t period_ms,
                           bool is_gated);

/* Notes in the rig that is its @state, for skd_refresher_stop. */
void skt_refresh_stopped(void *state);

/* The rules that skt_refresh_use gives it. */
struct skd_refresh_rules skt_refresh_rules(uint64_t period_ms);

/* Counts in the rig that is its @state, for skd_refresher_now. */
void skt_refresh_done(void *state,
                      enum skp_err err,
                      const struct skp_diag *diag);

bool skt_refresh_is_running(struct skt_refresh_rig *rig);
void skt_refresh_wait(struct skt_refresh_rig *rig);

/* Let @ms pass, do what is due and wait for its end. */
void skt_refresh_pass(struct skt_refresh_rig *rig, uint64_t ms);

/* The tenant @id as it is served, or NULL. */
const struct skd_tenant *skt_refresh_find(struct skt_refresh_rig *rig,
                                          const char *id);

#endif /* SKT_REFRESHING_H */
