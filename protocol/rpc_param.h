/* rpc_param.h - one parameter of a request, from its MessagePack value to the
 * field that it fills.
 *
 * Every reader returns SKP_ERR_INVALID_ARGUMENT for a value of another type or
 * over its limit; the diag names the parameter and never its value.
 */
#ifndef SKP_RPC_PARAM_H
#define SKP_RPC_PARAM_H

#include "protocol/reader.h"
#include "protocol/rpc.h"

struct skp_param {
    const char *name; /* on the wire */
    struct skp_value value;
    struct skp_reader *reader;   /* borrowed; stands behind the value */
    struct skp_scratch *scratch; /* borrowed */
    struct skp_diag *diag;       /* borrowed; may be NULL */
};

/* A str of at most SKP_STR_MAX bytes. */
SKP_MUST_CHECK enum skp_err skp_param_read_text(const struct skp_param *param,
                                                struct skp_view *ret);

/* A str that is a tenant id. */
SKP_MUST_CHECK enum skp_err skp_param_read_tenant(const struct skp_param *param,
                                                  struct skp_view *ret);

/* A bin, or a str: encoders from before 2013 know no bin.  Any length. */
SKP_MUST_CHECK enum skp_err skp_param_read_bytes(const struct skp_param *param,
                                                 struct skp_view *ret);

/* The same, of at most SKP_AAD_MAX bytes. */
SKP_MUST_CHECK enum skp_err skp_param_read_aad(const struct skp_param *param,
                                               struct skp_view *ret);

/* A bool. */
SKP_MUST_CHECK enum skp_err skp_param_read_bool(const struct skp_param *param,
                                                bool *ret);

/* A suite's number or name.
 *   SKP_ERR_UNIMPLEMENTED  of no suite that this version knows. */
SKP_MUST_CHECK enum skp_err skp_param_read_suite(const struct skp_param *param,
                                                 enum skp_suite *ret);

/* An array of 1 to SKP_WATCH_MAX tenant ids, which are read: tenants and
 * n_tenants.  An empty
 * one is refused, because absence means all tenants.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skp_param_read_tenants(const struct skp_param *param, struct skp_request *ret);

#endif /* SKP_RPC_PARAM_H */
