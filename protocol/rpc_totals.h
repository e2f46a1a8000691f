/* rpc_totals.h - what the agent has done since its start, a part of the result
 * of status, there and back.
 */
#ifndef SKP_RPC_TOTALS_H
#define SKP_RPC_TOTALS_H

#include "protocol/member.h"
#include "protocol/rpc.h"

/* Write the member `totals`; errors stick to the packer.
 * @totals  NULL: it is not known, and written as nil. */
void skp_totals_pack(struct skp_packer *packer,
                     const struct skp_totals *totals);

/* Read the member `totals` of @members; the lists point into the scratch, the
 * names into what @members were read from.
 * @ret  zero when it is nil or, as from older agents, not there.
 *   SKP_ERR_INTERNAL            it is none of PROTOCOL.md.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for lists. */
SKP_MUST_CHECK enum skp_err skp_totals_read(const struct skp_members *members,
                                            bool *ret_is_there,
                                            struct skp_totals *ret);

#endif /* SKP_RPC_TOTALS_H */
