/* rpc_status.h - the result of status, there and back.
 *
 * Members that older agents do not send may be missing, and are zero then; all
 * others must be there.
 */
#ifndef SKP_RPC_STATUS_H
#define SKP_RPC_STATUS_H

#include "protocol/member.h"
#include "protocol/rpc.h"

/* Write the result; errors stick to the packer. */
void skp_status_pack(struct skp_packer *packer,
                     const struct skp_status *status);

/* Read it; views point into what @members were read from.
 *   SKP_ERR_INTERNAL            a result that is none of PROTOCOL.md.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for rows. */
SKP_MUST_CHECK enum skp_err skp_status_read(const struct skp_members *members,
                                            struct skp_status *ret);

#endif /* SKP_RPC_STATUS_H */
