/* policy.h - who may do what: the rules of sidekey.access, applied.
 *
 * Rules are read top to bottom and the first that matches decides.  A rule
 * matches when all fields that it gives match: uid, gid (primary or
 * supplementary), cgroup and tenant.  A cgroup that is not known matches no
 * rule that gives one.  No match is a refusal.
 *
 * Without `access` the agent's own uid and root may do everything, all others
 * nothing.
 *
 * Pure: no clock, no I/O, no allocation.
 */
#ifndef SKD_POLICY_H
#define SKD_POLICY_H

#include "agent/config/config.h"
#include "agent/serve/peer.h"

struct skd_policy {
    const struct skd_config *config; /* borrowed */
    uid_t own_uid;
};

/* True when @peer may use @right on @tenant. */
bool skd_policy_allows(const struct skd_policy *policy,
                       const struct skd_peer *peer,
                       enum skd_right right,
                       struct skp_view tenant);

/* True when @peer may use @right on all tenants there are: the first rule that
 * matches and lists "*" decides.  For requests that name no tenant. */
bool skd_policy_allows_all(const struct skd_policy *policy,
                           const struct skd_peer *peer,
                           enum skd_right right);

#endif /* SKD_POLICY_H */
