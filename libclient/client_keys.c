/* client_keys.c - the public calls about one tenant's key; see sidekey.h. */
#include <string.h>

#include "libclient/client.h"
#include "libclient/client_status.h"
#include "libclient/deadline.h"
#include "protocol/key.h"

static enum skp_err refuse_answer(const char *what, struct skp_diag *diag)
{
    return skp_fail(diag, SKP_ERR_INTERNAL, "the agent's %s", what);
}

/* ---- pubkey -------------------------------------------------------------- */

static enum skp_err take_public_key(const struct skp_response *response,
                                    void *ret,
                                    struct skp_diag *diag)
{
    struct sidekey_public_key *key = ret;
    uint8_t key_id[SKP_KEY_ID_LEN];

    if (response->data.len != SKP_KEY_LEN || response->key_id == NULL) {
        return refuse_answer("public key has a wrong length", diag);
    }
    skp_key_id(response->data.ptr, key_id);
    if (!skp_equal_ct(key_id, response->key_id, SKP_KEY_ID_LEN)) {
        return refuse_answer("key id is not that of its public key", diag);
    }
    memcpy(key->public_key, response->data.ptr, SKP_KEY_LEN);
    memcpy(key->key_id, key_id, SKP_KEY_ID_LEN);
    key->generation = response->generation;
    return SKP_ERR_OK;
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

/* The suite to name in a request: the raw form is one of suite 1, and without
 * a word it is suite 2. */
static enum skp_suite pick_suite(const struct sidekey_options *options)
{
    if (options->suite != SIDEKEY_SUITE_ANY) {
        return (enum skp_suite)options->suite;
    }
    return options->raw ? SKP_SUITE_X25519_AES256CTR
                        : SKP_SUITE_X25519_HPKE_AES256GCM;
}

static void apply_options(struct skp_request *request,
                          const struct sidekey_options *options)
{
    static const struct sidekey_options defaults;

    if (options == NULL) {
        options = &defaults;
    }
    request->aad = (struct skp_view){ options->aad, options->aad_len };
    request->raw = options->raw;
    request->suite = pick_suite(options);
    if (request->method != SKP_METHOD_ENCRYPT &&
        options->suite == SIDEKEY_SUITE_ANY && options->any_suite) {
        request->suite = SKP_SUITE_ANY;
    }
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

    apply_options(&call.request, options);
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

    apply_options(&call.request, options);
    return skc_client_call(handle, &call);
}

/* ---- unwrap and rewrap ----------------------------------------------------
 */

static enum skp_err take_data_key(const struct skp_response *response,
                                  void *ret,
                                  struct skp_diag *diag)
{
    struct sidekey_data_key *key = ret;

    if (response->data.len != SKP_KEY_LEN) {
        return refuse_answer("data key has a wrong length", diag);
    }
    if (skp_suite_name(response->suite) == NULL) {
        return refuse_answer("suite is unknown", diag);
    }
    memcpy(key->key, response->data.ptr, SKP_KEY_LEN);
    key->suite = (enum sidekey_suite)response->suite;
    memset(key->key_id, 0, sizeof key->key_id);
    if (response->key_id != NULL) {
        memcpy(key->key_id, response->key_id, SKP_KEY_ID_LEN);
    }
    return SKP_ERR_OK;
}

/* The header at the start of @bytes, as far as its length goes: what follows
 * it is the payload and stays here. */
static struct skp_view cut_header(const uint8_t *bytes, size_t len, bool raw)
{
    struct skp_header header;
    struct skp_view view = { bytes, len };

    if (len > SKP_HEADER_MAX) {
        view.len = SKP_HEADER_MAX;
    }
    if (skp_header_parse(view, raw, SKP_SUITE_ANY, &header, NULL) ==
        SKP_ERR_OK) {
        view.len = header.len;
    }
    return view;
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
                     .data = cut_header(header, len, raw) },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_data_key,
        .ret = ret,
    };

    apply_options(&call.request, options);
    /* aad belongs to the payload; the header is opened without it. */
    call.request.aad = (struct skp_view){ NULL, 0 };
    return skc_client_call(handle, &call);
}

static enum skp_err take_header(const struct skp_response *response,
                                void *ret,
                                struct skp_diag *diag)
{
    if (response->data.len != SKP_HEADER_2_LEN) {
        return refuse_answer("header has a wrong length", diag);
    }
    memcpy(ret, response->data.ptr, SKP_HEADER_2_LEN);
    return SKP_ERR_OK;
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
                     .data = cut_header(header, len, false) },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_header,
        .ret = ret,
    };

    return skc_client_call(handle, &call);
}
