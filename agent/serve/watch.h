/* watch.h - which tenants a connection wants to hear about.
 *
 * Thread:   the connection's worker.
 */
#ifndef SKD_WATCH_H
#define SKD_WATCH_H

#include "agent/serve/policy.h"
#include "protocol/rpc.h"

struct skd_watch; /* opaque */

/* Remember the @n tenants (0: all there are), copying their ids.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_watch_new(const struct skp_view *tenants, size_t n, struct skd_watch **ret);
void skd_watch_free(struct skd_watch **watch);

/* Copy to @ret (room for SKP_WATCH_MAX or @n rows, whichever is more) those of
 * the @n changed rows that @watch asks for and @peer may still watch; returns
 * how many.
 * @is_single  one key serves every id: its row stands for each tenant that
 *             is watched by name. */
size_t skd_watch_filter(const struct skd_watch *watch,
                        const struct skd_policy *policy,
                        const struct skd_peer *peer,
                        bool is_single,
                        const struct skp_tenant_row *rows,
                        size_t n,
                        struct skp_tenant_row *ret);

#endif /* SKD_WATCH_H */
