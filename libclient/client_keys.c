/* client_keys.c - the public calls about one tenant's key; see sidekey.h. */
#include "libclient/answers.h"
#include "libclient/client.h"
#include "libclient/client_status.h"
#include "libclient/deadline.h"

/* ---- pubkey -------------------------------------------------------------- */

static enum skp_err take_public_key(const struct skp_response *response,
                                    void *ret,
                                    struct skp_diag *diag)
{
    return skc_answers_public_key(response, ret, diag);
}

enum sidekey_status sidekey_pubkey(struct sidekey *handle,
                                   const char *tenant,
                                   uint32_t deadline_ms,
                                   struct sidekey_public_key *ret)
{
    struct skc_call call = {
        .request = { .method = SKP_METHOD_PUBKEY,
                     .tenant = skc_client_tenant(tenant) },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_public_key,
        .ret = ret,
    };

    return skc_client_call(handle, &call);
}

/* ---- encrypt and decrypt --------------------------------------------------
 */

struct bytes_ret {
    struct sidekey_bytes *bytes;
    bool *authenticated; /* may be NULL */
};

static enum skp_err take_bytes(const struct skp_response *response,
                               void *ret,
                               struct skp_diag *diag)
{
    struct bytes_ret *wanted = ret;
    struct skp_secret secret = { NULL, 0, 0 };

    if (skp_secret_append(&secret, response->data.ptr, response->data.len) !=
        SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no memory for the answer");
    }
    *wanted->bytes =
        (struct sidekey_bytes){ secret.bytes, secret.len, secret.cap };
    if (wanted->authenticated != NULL) {
        *wanted->authenticated = response->authenticated;
    }
    return SKP_ERR_OK;
}

enum sidekey_status sidekey_encrypt(struct sidekey *handle,
                                    const char *tenant,
                                    const uint8_t *plaintext,
                                    size_t len,
                                    const struct sidekey_options *options,
                                    uint32_t deadline_ms,
                                    struct sidekey_bytes *ret)
{
    struct bytes_ret wanted = { ret, NULL };
    struct skc_call call = {
        .request = { .method = SKP_METHOD_ENCRYPT,
                     .tenant = skc_client_tenant(tenant),
                     .data = { plaintext, len } },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_bytes,
        .ret = &wanted,
    };

    skc_answers_options(&call.request, options);
    return skc_client_call(handle, &call);
}

enum sidekey_status sidekey_decrypt(
    struct sidekey *handle,
    const char *tenant,
    const uint8_t *envelope,
    size_t len,
    const struct sidekey_options *options,
    uint32_t deadline_ms,
    struct sidekey_bytes *ret,
    /* NOLINTNEXTLINE(readability-non-const-parameter): by take_bytes */
    bool *ret_authenticated)
{
    struct bytes_ret wanted = { ret, ret_authenticated };
    struct skc_call call = {
        .request = { .method = SKP_METHOD_DECRYPT,
                     .tenant = skc_client_tenant(tenant),
                     .data = { envelope, len } },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_bytes,
        .ret = &wanted,
    };

    skc_answers_options(&call.request, options);
    return skc_client_call(handle, &call);
}

/* ---- unwrap and rewrap ----------------------------------------------------
 */

static enum skp_err take_data_key(const struct skp_response *response,
                                  void *ret,
                                  struct skp_diag *diag)
{
    return skc_answers_data_key(response, ret, diag);
}

enum sidekey_status sidekey_unwrap(struct sidekey *handle,
                                   const char *tenant,
                                   const uint8_t *header,
                                   size_t len,
                                   const struct sidekey_options *options,
                                   uint32_t deadline_ms,
                                   struct sidekey_data_key *ret)
{
    bool raw = options != NULL && options->raw;
    struct skc_call call = {
        .request = { .method = SKP_METHOD_UNWRAP,
                     .tenant = skc_client_tenant(tenant),
                     .data = skc_answers_cut_header(header, len, raw) },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_data_key,
        .ret = ret,
    };

    skc_answers_options(&call.request, options);
    /* aad belongs to the payload; the header is opened without it. */
    call.request.aad = (struct skp_view){ NULL, 0 };
    return skc_client_call(handle, &call);
}

static enum skp_err take_header(const struct skp_response *response,
                                void *ret,
                                struct skp_diag *diag)
{
    return skc_answers_header(response, ret, diag);
}

enum sidekey_status sidekey_rewrap(
    struct sidekey *handle,
    const char *tenant,
    const uint8_t *header,
    size_t len,
    uint32_t deadline_ms,
    /* NOLINTNEXTLINE(readability-non-const-parameter): by take_header */
    uint8_t ret[SIDEKEY_HEADER_MAX])
{
    struct skc_call call = {
        .request = { .method = SKP_METHOD_REWRAP,
                     .tenant = skc_client_tenant(tenant),
                     .data = skc_answers_cut_header(header, len, false) },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_header,
        .ret = ret,
    };

    return skc_client_call(handle, &call);
}
