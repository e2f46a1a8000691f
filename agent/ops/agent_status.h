/* agent_status.h - puts together what `sidekey status` shows. */
#ifndef SKD_AGENT_STATUS_H
#define SKD_AGENT_STATUS_H

#include "agent/config/config.h"
#include "agent/store/snapshot.h"
#include "agent/sys/env.h"

/* Sentences for the operator that one status can hold. */
#define SKD_AGENT_STATUS_WARNINGS_MAX 16u
#define SKD_AGENT_STATUS_WARNING_LEN  256u

/* Where the strings of a status live while it is encoded. */
struct skd_agent_status_text {
    char lines[SKD_AGENT_STATUS_WARNINGS_MAX][SKD_AGENT_STATUS_WARNING_LEN];
    struct skp_view views[SKD_AGENT_STATUS_WARNINGS_MAX];
};

/* A certificate of less life than this is warned of. */
#define SKD_AGENT_STATUS_EXPIRY_S (INT64_C(30) * 86400)

/* What the parts of the agent know; all borrowed.  Zero is "not known", "none"
 * or "off", so that a part that is missing needs no line. */
struct skd_agent_status_parts {
    const struct skd_config *config;
    const struct skd_snapshot *snapshot; /* NULL before the first */
    enum skd_tier tier;
    uint64_t now_ms;
    int64_t started_at_s;
    uint64_t pid;
    /* Of the refresher. */
    bool ready;
    bool refreshing;
    int64_t next_refresh_s;
    uint64_t n_published;
    uint64_t brake_missing;
    const struct skp_source_row *sources;
    size_t n_sources;

    int64_t now_s; /* Unix time, for certificates; 0: they are not judged */
    const char *sandbox; /* in words, "off"; NULL: not known */
    const char
        *sandbox_missing; /* what it lacks, and why; NULL or "": nothing */
    const char *metrics_failure; /* why there are no metrics; NULL: all is well,
                                  * or they are off */
    /* Keys taken over from before a restart that no refresh has confirmed. */
    bool is_restored;
    uint64_t restored_tenants;
    int64_t restored_at_s;
    const struct skp_certificate_row *certificates;
    size_t n_certificates;
    const struct skp_audit_row *audit; /* NULL: off */
    uint64_t connections_refused;      /* since the start */
    uint64_t requests_refused;         /* since the start */
    uint64_t gone[SKP_GONE_COUNT];     /* tenants, by reason */
};

/* Whether the last refresh did not confirm @tenant: it has a reason of its own,
 * or the list of tenants, which is the first of the sources, was not read. */
bool skd_agent_status_is_unconfirmed(const struct skd_tenant *tenant,
                                     const struct skp_source_row *sources,
                                     size_t n_sources);

/* Fill in @ret; its views point into @parts and @text. */
void skd_agent_status_compose(const struct skd_agent_status_parts *parts,
                              struct skd_agent_status_text *text,
                              struct skp_status *ret);

#endif /* SKD_AGENT_STATUS_H */
