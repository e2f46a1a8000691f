/* rpc_report.h - what the agent tells about itself and its tenants: the results
 * of hello and tenants, and the rows of "changed".  The half of rpc_response.c
 * that is lists and tables; status is in rpc_status.c.
 *
 * The readers return SKP_ERR_INTERNAL for a result that is none of PROTOCOL.md,
 * and SKP_ERR_RESOURCE_EXHAUSTED without memory for rows.
 */
#ifndef SKP_RPC_REPORT_H
#define SKP_RPC_REPORT_H

#include "protocol/member.h"
#include "protocol/rpc.h"

/* The result of hello. */
void skp_report_pack_hello(struct skp_packer *packer,
                           const struct skp_hello *hello);
SKP_MUST_CHECK enum skp_err
skp_report_read_hello(const struct skp_members *members, struct skp_hello *ret);

/* The result of tenants: rows, n_rows and next. */
void skp_report_pack_rows(struct skp_packer *packer,
                          const struct skp_response *response);
SKP_MUST_CHECK enum skp_err
skp_report_read_rows(const struct skp_members *members,
                     struct skp_response *ret);

/* The params of "changed", an array of maps: rows and n_rows. */
void skp_report_pack_changed(struct skp_packer *packer,
                             const struct skp_tenant_row *rows,
                             size_t n_rows);
SKP_MUST_CHECK enum skp_err
skp_report_read_changed(const struct skp_members *members,
                        const struct skp_value *array,
                        struct skp_response *ret);

#endif /* SKP_RPC_REPORT_H */
