/* async_calls.c - a public call becomes a message; see sidekey_async.h. */
#include <stdlib.h>

#include "libclient/answers.h"
#include "libclient/async.h"
#include "libclient/client.h"
#include "libclient/client_status.h"
#include "protocol/key.h"

enum sidekey_status sidekey_async_pubkey(struct sidekey_async *handle,
                                         const char *tenant,
                                         const struct sidekey_async_call *call,
                                         uint64_t *ret_ticket)
{
    struct skp_request message = { .method = SKP_METHOD_PUBKEY,
                                   .tenant = skc_client_tenant(tenant) };

    return skc_async_submit(handle, &message, call, ret_ticket);
}

enum sidekey_status sidekey_async_encrypt(struct sidekey_async *handle,
                                          const char *tenant,
                                          const uint8_t *plaintext,
                                          size_t len,
                                          const struct sidekey_options *options,
                                          const struct sidekey_async_call *call,
                                          uint64_t *ret_ticket)
{
    struct skp_request message = { .method = SKP_METHOD_ENCRYPT,
                                   .tenant = skc_client_tenant(tenant),
                                   .data = { plaintext, len } };

    skc_answers_options(&message, options);
    return skc_async_submit(handle, &message, call, ret_ticket);
}

enum sidekey_status sidekey_async_decrypt(struct sidekey_async *handle,
                                          const char *tenant,
                                          const uint8_t *envelope,
                                          size_t len,
                                          const struct sidekey_options *options,
                                          const struct sidekey_async_call *call,
                                          uint64_t *ret_ticket)
{
    struct skp_request message = { .method = SKP_METHOD_DECRYPT,
                                   .tenant = skc_client_tenant(tenant),
                                   .data = { envelope, len } };

    skc_answers_options(&message, options);
    return skc_async_submit(handle, &message, call, ret_ticket);
}

enum sidekey_status sidekey_async_unwrap(struct sidekey_async *handle,
                                         const char *tenant,
                                         const uint8_t *header,
                                         size_t len,
                                         const struct sidekey_options *options,
                                         const struct sidekey_async_call *call,
                                         uint64_t *ret_ticket)
{
    bool raw = options != NULL && options->raw;
    struct skp_request message = { .method = SKP_METHOD_UNWRAP,
                                   .tenant = skc_client_tenant(tenant),
                                   .data = skc_answers_cut_header(header, len,
                                                                  raw) };

    skc_answers_options(&message, options);
    /* aad belongs to the payload; the header is opened without it. */
    message.aad = (struct skp_view){ NULL, 0 };
    return skc_async_submit(handle, &message, call, ret_ticket);
}

enum sidekey_status sidekey_async_rewrap(struct sidekey_async *handle,
                                         const char *tenant,
                                         const uint8_t *header,
                                         size_t len,
                                         const struct sidekey_async_call *call,
                                         uint64_t *ret_ticket)
{
    struct skp_request message = { .method = SKP_METHOD_REWRAP,
                                   .tenant = skc_client_tenant(tenant),
                                   .data = skc_answers_cut_header(header, len,
                                                                  false) };

    return skc_async_submit(handle, &message, call, ret_ticket);
}

static enum skp_err check_tenants(const char *const *tenants,
                                  size_t n_tenants,
                                  struct skp_diag *diag)
{
    if (n_tenants > SKP_WATCH_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a watch names at most %u tenants", SKP_WATCH_MAX);
    }
    for (size_t i = 0; i < n_tenants; i++) {
        if (!skp_tenant_is_valid(skc_client_tenant(tenants[i]))) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                            "a tenant id is 1 to %u printable ASCII characters "
                            "without spaces",
                            SKP_TENANT_MAX);
        }
    }
    return SKP_ERR_OK;
}

enum sidekey_status sidekey_async_watch(struct sidekey_async *handle,
                                        const char *const *tenants,
                                        size_t n_tenants,
                                        const struct sidekey_async_call *call,
                                        uint64_t *ret_ticket)
{
    struct skp_request message = { .method = SKP_METHOD_WATCH,
                                   .n_tenants = n_tenants };
    enum skp_err err = check_tenants(tenants, n_tenants, &handle->refusal);
    enum sidekey_status status;
    struct skp_view *views;

    if (err != SKP_ERR_OK) {
        return skc_status_of(err);
    }
    views = calloc(n_tenants + 1, sizeof *views);
    if (views == NULL) {
        return skc_status_of(skp_fail(&handle->refusal,
                                      SKP_ERR_RESOURCE_EXHAUSTED,
                                      "no memory for the request"));
    }
    for (size_t i = 0; i < n_tenants; i++) {
        views[i] = skc_client_tenant(tenants[i]);
    }
    message.tenants = views;
    status = skc_async_submit(handle, &message, call, ret_ticket);
    free(views);
    return status;
}
