/* rpc_param.c - one parameter of a request; see rpc_param.h. */
#include "protocol/rpc_param.h"

#include "protocol/key.h"

static enum skp_err refuse_kind(const struct skp_param *param,
                                const char *wanted)
{
    return skp_fail(param->diag, SKP_ERR_INVALID_ARGUMENT,
                    "parameter %s must be %s", param->name, wanted);
}

enum skp_err skp_param_read_text(const struct skp_param *param,
                                 struct skp_view *ret)
{
    if (param->value.kind != SKP_KIND_STR) {
        return refuse_kind(param, "a str");
    }
    if (param->value.bytes.len > SKP_STR_MAX) {
        return skp_fail(param->diag, SKP_ERR_INVALID_ARGUMENT,
                        "parameter %s is longer than %u bytes", param->name,
                        SKP_STR_MAX);
    }
    *ret = param->value.bytes;
    return SKP_ERR_OK;
}

enum skp_err skp_param_read_tenant(const struct skp_param *param,
                                   struct skp_view *ret)
{
    struct skp_view tenant = { NULL, 0 };

    SKP_TRY(skp_param_read_text(param, &tenant));
    if (!skp_tenant_is_valid(tenant)) {
        return skp_fail(param->diag, SKP_ERR_INVALID_ARGUMENT,
                        "parameter %s holds no tenant id: 1 to %u printable "
                        "ASCII characters without spaces",
                        param->name, SKP_TENANT_MAX);
    }
    *ret = tenant;
    return SKP_ERR_OK;
}

enum skp_err skp_param_read_bytes(const struct skp_param *param,
                                  struct skp_view *ret)
{
    if (param->value.kind != SKP_KIND_BIN &&
        param->value.kind != SKP_KIND_STR) {
        return refuse_kind(param, "bin");
    }
    *ret = param->value.bytes;
    return SKP_ERR_OK;
}

enum skp_err skp_param_read_aad(const struct skp_param *param,
                                struct skp_view *ret)
{
    struct skp_view aad = { NULL, 0 };

    SKP_TRY(skp_param_read_bytes(param, &aad));
    if (aad.len > SKP_AAD_MAX) {
        return skp_fail(param->diag, SKP_ERR_INVALID_ARGUMENT,
                        "parameter %s is longer than %u bytes", param->name,
                        SKP_AAD_MAX);
    }
    *ret = aad;
    return SKP_ERR_OK;
}

enum skp_err skp_param_read_bool(const struct skp_param *param, bool *ret)
{
    if (param->value.kind != SKP_KIND_BOOL) {
        return refuse_kind(param, "a bool");
    }
    *ret = param->value.truth;
    return SKP_ERR_OK;
}

enum skp_err skp_param_read_suite(const struct skp_param *param,
                                  enum skp_suite *ret)
{
    enum skp_suite suite = SKP_SUITE_ANY;
    struct skp_view name = { NULL, 0 };

    if (param->value.kind == SKP_KIND_UINT) {
        if (param->value.number <= SKP_SUITE_X25519_HPKE_AES256GCM) {
            suite = (enum skp_suite)param->value.number;
        }
    } else if (param->value.kind == SKP_KIND_STR) {
        SKP_TRY(skp_param_read_text(param, &name));
        suite = skp_suite_from_name(name);
    } else if (param->value.kind != SKP_KIND_NEGATIVE) {
        return refuse_kind(param, "a suite's number or name");
    }
    if (suite == SKP_SUITE_ANY) {
        return skp_fail(param->diag, SKP_ERR_UNIMPLEMENTED, "unknown suite");
    }
    *ret = suite;
    return SKP_ERR_OK;
}

enum skp_err skp_param_read_tenants(const struct skp_param *param,
                                    struct skp_request *ret)
{
    struct skp_param item = *param;
    struct skp_view *tenants;

    if (param->value.kind != SKP_KIND_ARRAY) {
        return refuse_kind(param, "an array of str");
    }
    if (param->value.count == 0 || param->value.count > SKP_WATCH_MAX) {
        return skp_fail(param->diag, SKP_ERR_INVALID_ARGUMENT,
                        "parameter %s must name 1 to %u tenants", param->name,
                        SKP_WATCH_MAX);
    }
    skp_scratch_clear(param->scratch);
    tenants =
        skp_scratch_take(param->scratch, param->value.count, sizeof *tenants);
    if (tenants == NULL) {
        return skp_fail(param->diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "out of memory");
    }
    for (size_t i = 0; i < param->value.count; i++) {
        skp_reader_next(param->reader, &item.value);
        SKP_TRY(skp_param_read_tenant(&item, &tenants[i]));
    }
    ret->tenants = tenants;
    ret->n_tenants = param->value.count;
    return SKP_ERR_OK;
}
