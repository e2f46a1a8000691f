/* metrics_text.h - the state of the agent in the text format of Prometheus,
 * version 0.0.4.
 *
 * Names and labels are part of what operators build upon: they are listed in
 * agent/config/CONFIG.md, and only grow.  Labels have few values: of tenants at
 * most SKD_METRICS_TENANTS_MAX are named, and only those that the last refresh
 * did not confirm.
 *
 * Secrets:  none; a tenant's id is no secret, but whoever may read metrics sees
 *           it.
 */
#ifndef SKD_METRICS_TEXT_H
#define SKD_METRICS_TEXT_H

#include <stdio.h>

#include "agent/store/snapshot.h"
#include "agent/sys/request_totals.h"

/* Tenants that are named at the same time: those confirmed the longest ago. */
#define SKD_METRICS_TENANTS_MAX 10u

/* What is shown; all borrowed. */
struct skd_metrics_parts {
    const struct skp_status *status; /* with connections */
    const struct skd_request_totals *requests;
    const struct skd_snapshot *snapshot; /* NULL before the first */
    /* How often each of the sources in status was asked, and failed, since the
     * start. */
    uint64_t source_asked[8];
    uint64_t source_failed[8];
    /* Connections refused since the start, by the key that says how many. */
    uint64_t over_max_connections;
    uint64_t over_max_connections_per_uid;
};

/* Write all metrics.  Errors stay with the stream. */
void skd_metrics_text(FILE *out, const struct skd_metrics_parts *parts);

#endif /* SKD_METRICS_TEXT_H */
