/* client_admin.h - from the answers about the agent itself to the structs of
 * the public header.
 */
#ifndef SKC_CLIENT_ADMIN_H
#define SKC_CLIENT_ADMIN_H

#include "libclient/sidekey.h"
#include "protocol/rpc.h"

/* Copy text into an array of @cap bytes, cut where it is full. */
void skc_admin_text(struct skp_view text, char *ret, size_t cap);

/* Copy a status; what does not fit its arrays is left out. */
void skc_admin_status(const struct skp_status *status,
                      struct sidekey_agent_status *ret);

#endif /* SKC_CLIENT_ADMIN_H */
