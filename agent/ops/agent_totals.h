/* agent_totals.h - what was done since the start, as `status` tells it. */
#ifndef SKD_AGENT_TOTALS_H
#define SKD_AGENT_TOTALS_H

#include "agent/sys/request_totals.h"

/* As many workers as can be configured. */
#define SKD_AGENT_TOTALS_WORKERS 1024u

/* Where the lists of the totals live while they are encoded. */
struct skd_agent_totals {
    uint64_t workers_us[SKD_AGENT_TOTALS_WORKERS]; /* filled in by the caller */
    struct skp_requests_row rows[SKD_TOTALS_METHODS];
};

/* Fill in @ret but for its uptime; its lists point into @requests and @totals.
 * Methods that were never used are left out.
 * @n_workers  how many of totals->workers_us count. */
void skd_agent_totals_compose(const struct skd_request_totals *requests,
                              size_t n_workers,
                              struct skd_agent_totals *totals,
                              struct skp_totals *ret);

#endif /* SKD_AGENT_TOTALS_H */
