/* tenant_state.c - one word about a tenant; see tenant_state.h. */
#include "agent/store/tenant_state.h"

bool skd_tenant_is_stale(const struct skd_tenant *tenant,
                         uint64_t now_ms,
                         uint64_t max_stale_ms)
{
    return max_stale_ms > 0 && now_ms > tenant->confirmed_ms &&
           now_ms - tenant->confirmed_ms > max_stale_ms;
}

enum skp_tenant_state skd_tenant_state(const struct skd_tenant *tenant,
                                       uint64_t now_ms,
                                       uint64_t max_stale_ms)
{
    if (tenant->use == SKD_USE_NONE || tenant->n_keys == 0) {
        return SKP_TENANT_STATE_UNAVAILABLE;
    }
    if (skd_tenant_is_stale(tenant, now_ms, max_stale_ms)) {
        return SKP_TENANT_STATE_STALE;
    }
    return tenant->use == SKD_USE_DECRYPT_ONLY ? SKP_TENANT_STATE_DECRYPT_ONLY
                                               : SKP_TENANT_STATE_ACTIVE;
}
