/* agent_status.h - puts together what `sidekey status` shows. */
#ifndef SKD_AGENT_STATUS_H
#define SKD_AGENT_STATUS_H

#include "agent/config/config.h"
#include "agent/store/snapshot.h"
#include "agent/sys/env.h"

/* Sentences for the operator that one status can hold. */
#define SKD_AGENT_STATUS_WARNINGS_MAX 8u
#define SKD_AGENT_STATUS_WARNING_LEN  256u

/* Where the strings of a status live while it is encoded. */
struct skd_agent_status_text {
    char lines[SKD_AGENT_STATUS_WARNINGS_MAX][SKD_AGENT_STATUS_WARNING_LEN];
    struct skp_view views[SKD_AGENT_STATUS_WARNINGS_MAX];
};

/* What the parts of the agent know; all borrowed. */
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
};

/* Fill in @ret; its views point into @parts and @text. */
void skd_agent_status_compose(const struct skd_agent_status_parts *parts,
                              struct skd_agent_status_text *text,
                              struct skp_status *ret);

#endif /* SKD_AGENT_STATUS_H */
