/* settle.c - what a run means for who was asked for; see settle.h. */
#include "agent/refresh/settle.h"

#include <string.h>

static bool was_wanted(const struct skd_run *run, const char *id)
{
    for (size_t i = 0; i < run->n_wanted; i++) {
        if (strcmp(run->wanted[i], id) == 0) {
            return true;
        }
    }
    return false;
}

bool skd_settle_demand(struct skd_demand *demand,
                       const struct skd_run *run,
                       const struct skd_snapshot *snapshot,
                       uint64_t now_ms)
{
    char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1];
    bool found[SKD_DEMAND_MAX];
    size_t n_waiting = skd_demand_waiting(demand, ids);
    size_t n = 0;

    for (size_t i = 0; i < n_waiting; i++) {
        found[n] = skd_snapshot_find(snapshot, skp_view_of(ids[i])) != NULL;
        if (found[n] || was_wanted(run, ids[i])) {
            memmove(ids[n++], ids[i], sizeof ids[i]);
        }
    }
    skd_demand_settle(demand, ids, found, n, now_ms);
    return n_waiting > n;
}
