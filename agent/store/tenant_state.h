/* tenant_state.h - what people are told about a tenant: one word. */
#ifndef SKD_TENANT_STATE_H
#define SKD_TENANT_STATE_H

#include "agent/store/snapshot.h"

/* For both: @tenant is what skd_snapshot_row gave, with the latest times. */

/* True when the tenant's keys were last confirmed longer ago than @max_stale_ms
 * (0: never), and may not be served any more. */
bool skd_tenant_is_stale(const struct skd_tenant *tenant,
                         uint64_t now_ms,
                         uint64_t max_stale_ms);

/* The state of @tenant as `tenants` and `status` show it. */
enum skp_tenant_state skd_tenant_state(const struct skd_tenant *tenant,
                                       uint64_t now_ms,
                                       uint64_t max_stale_ms);

#endif /* SKD_TENANT_STATE_H */
