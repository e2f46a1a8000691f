/* answers.c - public structs and protocol messages; see answers.h. */
#include "libclient/answers.h"

#include <string.h>

#include "protocol/key.h"

static const unsigned message_max = SKP_MESSAGE_MAX;

static enum skp_err refuse_answer(const char *what, struct skp_diag *diag)
{
    return skp_fail(diag, SKP_ERR_INTERNAL, "the agent's %s", what);
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

void skc_answers_options(struct skp_request *request,
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

struct skp_view
skc_answers_cut_header(const uint8_t *bytes, size_t len, bool raw)
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

enum skp_err skc_answers_public_key(const struct skp_response *response,
                                    struct sidekey_public_key *ret,
                                    struct skp_diag *diag)
{
    uint8_t key_id[SKP_KEY_ID_LEN];

    if (response->data.len != SKP_KEY_LEN || response->key_id == NULL) {
        return refuse_answer("public key has a wrong length", diag);
    }
    skp_key_id(response->data.ptr, key_id);
    if (!skp_equal_ct(key_id, response->key_id, SKP_KEY_ID_LEN)) {
        return refuse_answer("key id is not that of its public key", diag);
    }
    memcpy(ret->public_key, response->data.ptr, SKP_KEY_LEN);
    memcpy(ret->key_id, key_id, SKP_KEY_ID_LEN);
    ret->generation = response->generation;
    return SKP_ERR_OK;
}

enum skp_err skc_answers_data_key(const struct skp_response *response,
                                  struct sidekey_data_key *ret,
                                  struct skp_diag *diag)
{
    if (response->data.len != SKP_KEY_LEN) {
        return refuse_answer("data key has a wrong length", diag);
    }
    if (skp_suite_name(response->suite) == NULL) {
        return refuse_answer("suite is unknown", diag);
    }
    memcpy(ret->key, response->data.ptr, SKP_KEY_LEN);
    ret->suite = (enum sidekey_suite)response->suite;
    memset(ret->key_id, 0, sizeof ret->key_id);
    if (response->key_id != NULL) {
        memcpy(ret->key_id, response->key_id, SKP_KEY_ID_LEN);
    }
    return SKP_ERR_OK;
}

enum skp_err skc_answers_header(const struct skp_response *response,
                                uint8_t ret[SIDEKEY_HEADER_MAX],
                                struct skp_diag *diag)
{
    if (response->data.len != SKP_HEADER_2_LEN) {
        return refuse_answer("header has a wrong length", diag);
    }
    memcpy(ret, response->data.ptr, SKP_HEADER_2_LEN);
    return SKP_ERR_OK;
}

enum skp_err skc_answers_check_request(const struct skp_request *request,
                                       struct skp_diag *diag)
{
    if (request->tenant.ptr != NULL && !skp_tenant_is_valid(request->tenant)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a tenant id is 1 to %u printable ASCII characters "
                        "without spaces",
                        SKP_TENANT_MAX);
    }
    if (request->aad.len > SKP_AAD_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "aad is at most %u bytes", SKP_AAD_MAX);
    }
    if (request->data.len > message_max) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "too long for one request of at most %u bytes",
                        message_max);
    }
    return SKP_ERR_OK;
}

enum skp_err skc_answers_keep_words(const struct skp_response *response,
                                    struct skp_diag *diag)
{
    struct skp_view text = response->text;

    if (text.len == 0) {
        text = skp_view_of(skp_err_text(response->err));
    }
    if (text.len >= SKP_DIAG_MAX) {
        /* The view is not NUL-terminated; skp_fail would cut it there. */
        text.len = SKP_DIAG_MAX - 1;
    }
    return skp_fail(diag, response->err, "%.*s", (int)text.len,
                    (const char *)text.ptr);
}
