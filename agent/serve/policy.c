/* policy.c - who may do what; see policy.h. */
#include "agent/serve/policy.h"

#include "agent/config/glob.h"

static bool peer_matches(const struct skd_access_rule *rule,
                         const struct skd_peer *peer)
{
    if (rule->has_uid && rule->uid != peer->uid) {
        return false;
    }
    if (rule->has_gid && !skd_peer_in_group(peer, rule->gid)) {
        return false;
    }
    return rule->cgroup == NULL ||
           (peer->process != NULL && peer->process->cgroup.len > 0 &&
            skd_glob_matches(rule->cgroup, peer->process->cgroup));
}

/* @tenant NULL: all of them, which only "*" lists. */
static bool tenant_matches(const struct skd_access_rule *rule,
                           const struct skp_view *tenant)
{
    if (rule->any_tenant) {
        return true;
    }
    if (tenant == NULL) {
        return false;
    }
    for (size_t i = 0; i < rule->n_tenants; i++) {
        if (skp_view_equal(skp_view_of(rule->tenants[i]), *tenant)) {
            return true;
        }
    }
    return false;
}

static bool is_allowed(const struct skd_policy *policy,
                       const struct skd_peer *peer,
                       enum skd_right right,
                       const struct skp_view *tenant)
{
    const struct skd_config *config = policy->config;

    if (!config->has_access) {
        return peer->uid == policy->own_uid || peer->uid == 0;
    }
    for (size_t i = 0; i < config->n_access; i++) {
        const struct skd_access_rule *rule = &config->access[i];

        if (peer_matches(rule, peer) && tenant_matches(rule, tenant)) {
            return (rule->rights & (unsigned)right) != 0;
        }
    }
    return false;
}

bool skd_policy_allows(const struct skd_policy *policy,
                       const struct skd_peer *peer,
                       enum skd_right right,
                       struct skp_view tenant)
{
    return is_allowed(policy, peer, right, &tenant);
}

bool skd_policy_allows_all(const struct skd_policy *policy,
                           const struct skd_peer *peer,
                           enum skd_right right)
{
    return is_allowed(policy, peer, right, NULL);
}
