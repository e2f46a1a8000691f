/* payload.c - the part of an envelope under the data key; see envelope.h. */
#include <inttypes.h>
#include <string.h>

#include "protocol/envelope.h"

/* The longest plaintext of suite 2: its last chunk is not full. */
#define PLAINTEXT_2_MAX (SKP_CHUNKS_MAX * SKP_CHUNK_LEN - 1)

static const char context_name[] = "sidekey/v1";

#define CONTEXT_MAX (sizeof context_name + SKP_AAD_MAX)

/* The context of the chunks: "sidekey/v1" 0x00 aad. */
static enum skp_err put_context(struct skp_view aad, struct skp_buf *ret)
{
    if (aad.len > SKP_AAD_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    SKP_TRY(skp_buf_put(ret, context_name, sizeof context_name));
    return skp_buf_put(ret, aad.ptr, aad.len);
}

enum skp_err skp_payload_init_seal(struct skp_chunked *chunked,
                                   struct skp_crypto *crypto,
                                   const uint8_t data_key[SKP_KEY_LEN],
                                   struct skp_view aad,
                                   uint8_t ret_head[SKP_CHUNKED_HEAD_LEN])
{
    uint8_t context_bytes[CONTEXT_MAX];
    struct skp_buf context = skp_buf_over(context_bytes, sizeof context_bytes);
    uint8_t salt[SKP_SALT_LEN];

    SKP_TRY(put_context(aad, &context));
    SKP_TRY(skp_crypto_random(crypto, salt, sizeof salt));
    SKP_TRY(skp_chunked_init_seal(chunked, crypto, data_key,
                                  (struct skp_view){ context.ptr, context.len },
                                  salt, ret_head + SKP_SALT_LEN));
    memcpy(ret_head, salt, sizeof salt);
    return SKP_ERR_OK;
}

enum skp_err skp_payload_init_open(struct skp_chunked *chunked,
                                   struct skp_crypto *crypto,
                                   const uint8_t data_key[SKP_KEY_LEN],
                                   struct skp_view aad,
                                   const uint8_t head[SKP_CHUNKED_HEAD_LEN])
{
    uint8_t context_bytes[CONTEXT_MAX];
    struct skp_buf context = skp_buf_over(context_bytes, sizeof context_bytes);

    SKP_TRY(put_context(aad, &context));
    return skp_chunked_init_open(chunked, crypto, data_key,
                                 (struct skp_view){ context.ptr, context.len },
                                 head);
}

static bool is_suite_known(enum skp_suite suite)
{
    return skp_suite_name(suite) != NULL;
}

static enum skp_err seal_chunks(struct skp_chunked *chunked,
                                struct skp_view plaintext,
                                uint8_t *ret)
{
    for (uint64_t index = 0;; index++) {
        bool is_last = plaintext.len < SKP_CHUNK_LEN;
        size_t len = is_last ? plaintext.len : SKP_CHUNK_LEN;

        SKP_TRY(skp_chunked_seal(chunked, index, is_last,
                                 (struct skp_view){ plaintext.ptr, len }, ret));
        if (is_last) {
            return SKP_ERR_OK;
        }
        plaintext.ptr += len;
        plaintext.len -= len;
        ret += SKP_CHUNK_SEALED_LEN;
    }
}

static enum skp_err seal_suite_2(struct skp_crypto *crypto,
                                 const uint8_t data_key[SKP_KEY_LEN],
                                 struct skp_view aad,
                                 struct skp_view plaintext,
                                 uint8_t *ret)
{
    SKP_CLEANUP(skp_chunked_done)
    struct skp_chunked chunked = { 0 };

    SKP_TRY(skp_payload_init_seal(&chunked, crypto, data_key, aad, ret));
    return seal_chunks(&chunked, plaintext, ret + SKP_CHUNKED_HEAD_LEN);
}

enum skp_err skp_payload_seal(struct skp_crypto *crypto,
                              enum skp_suite suite,
                              const uint8_t data_key[SKP_KEY_LEN],
                              struct skp_view aad,
                              struct skp_view plaintext,
                              struct skp_buf *ret)
{
    uint64_t len = skp_payload_len(suite, plaintext.len);
    size_t old_len = ret->len;
    uint8_t *out;
    enum skp_err err;

    if (!is_suite_known(suite)) {
        return SKP_ERR_UNIMPLEMENTED;
    }
    if (len > SIZE_MAX) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_buf_claim(ret, (size_t)len, &out));
    if (suite == SKP_SUITE_X25519_AES256CTR) {
        err = skp_ctr_apply(crypto, data_key, 0, plaintext, out);
    } else {
        err = seal_suite_2(crypto, data_key, aad, plaintext, out);
    }
    if (err != SKP_ERR_OK) {
        ret->len = old_len;
    }
    return err;
}

/* Open every chunk of @payload.  *ret_at receives where the chunk that fails
 * begins. */
static enum skp_err open_chunks(struct skp_chunked *chunked,
                                struct skp_view payload,
                                uint8_t *ret,
                                size_t *ret_at)
{
    size_t at = SKP_CHUNKED_HEAD_LEN;

    for (uint64_t index = 0;; index++) {
        size_t left = payload.len - at;
        bool is_last = left < SKP_CHUNK_SEALED_LEN;
        size_t len = is_last ? left : SKP_CHUNK_SEALED_LEN;

        *ret_at = at;
        SKP_TRY(skp_chunked_open(chunked, index, is_last,
                                 (struct skp_view){ payload.ptr + at, len },
                                 ret));
        if (is_last) {
            return SKP_ERR_OK;
        }
        at += len;
        ret += SKP_CHUNK_LEN;
    }
}

static enum skp_err open_suite_2(struct skp_crypto *crypto,
                                 const uint8_t data_key[SKP_KEY_LEN],
                                 struct skp_view aad,
                                 struct skp_view payload,
                                 uint8_t *ret,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(skp_chunked_done)
    struct skp_chunked chunked = { 0 };
    size_t at = 0;
    enum skp_err err;

    err = skp_payload_init_open(&chunked, crypto, data_key, aad, payload.ptr);
    if (err == SKP_ERR_DATA_LOSS) {
        return skp_fail(diag, err,
                        "payload at byte 0 is not under this data key and aad");
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "aad is longer than %u bytes", SKP_AAD_MAX);
    }
    err = open_chunks(&chunked, payload, ret, &at);
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "payload fails authentication at byte %zu",
                        at);
    }
    return SKP_ERR_OK;
}

/* Where the first chunk that cannot be whole begins. */
static uint64_t find_cut(uint64_t payload_len)
{
    uint64_t chunks_len;

    if (payload_len < SKP_CHUNKED_HEAD_LEN) {
        return 0;
    }
    chunks_len = payload_len - SKP_CHUNKED_HEAD_LEN;
    return payload_len - chunks_len % SKP_CHUNK_SEALED_LEN;
}

enum skp_err skp_payload_open(struct skp_crypto *crypto,
                              enum skp_suite suite,
                              const uint8_t data_key[SKP_KEY_LEN],
                              struct skp_view aad,
                              struct skp_view payload,
                              struct skp_buf *ret,
                              struct skp_diag *diag)
{
    size_t old_len = ret->len;
    uint64_t len;
    uint8_t *out;
    enum skp_err err = skp_plaintext_len(suite, payload.len, &len);

    if (err == SKP_ERR_DATA_LOSS) {
        return skp_fail(diag, err,
                        "payload is cut or extended at byte %" PRIu64,
                        find_cut(payload.len));
    }
    SKP_TRY(err);
    SKP_TRY(skp_buf_claim(ret, (size_t)len, &out));
    if (suite == SKP_SUITE_X25519_AES256CTR) {
        err = skp_ctr_apply(crypto, data_key, 0, payload, out);
    } else {
        err = open_suite_2(crypto, data_key, aad, payload, out, diag);
    }
    if (err != SKP_ERR_OK) {
        skp_wipe(out, (size_t)len);
        ret->len = old_len;
    }
    return err;
}

uint64_t skp_payload_len(enum skp_suite suite, uint64_t plaintext_len)
{
    uint64_t n_full = plaintext_len / SKP_CHUNK_LEN;

    if (suite == SKP_SUITE_X25519_AES256CTR) {
        return plaintext_len;
    }
    if (!is_suite_known(suite) || plaintext_len > PLAINTEXT_2_MAX) {
        return UINT64_MAX;
    }
    return SKP_CHUNKED_HEAD_LEN + plaintext_len +
           (n_full + 1) * SKP_GCM_TAG_LEN;
}

enum skp_err
skp_plaintext_len(enum skp_suite suite, uint64_t payload_len, uint64_t *ret)
{
    uint64_t chunks_len;
    uint64_t n_full;
    uint64_t last_len;

    if (!is_suite_known(suite)) {
        return SKP_ERR_UNIMPLEMENTED;
    }
    if (suite == SKP_SUITE_X25519_AES256CTR) {
        *ret = payload_len;
        return SKP_ERR_OK;
    }
    if (payload_len < SKP_CHUNKED_HEAD_LEN) {
        return SKP_ERR_DATA_LOSS;
    }
    chunks_len = payload_len - SKP_CHUNKED_HEAD_LEN;
    n_full = chunks_len / SKP_CHUNK_SEALED_LEN;
    last_len = chunks_len % SKP_CHUNK_SEALED_LEN;
    if (last_len < SKP_GCM_TAG_LEN || n_full >= SKP_CHUNKS_MAX) {
        return SKP_ERR_DATA_LOSS;
    }
    *ret = n_full * SKP_CHUNK_LEN + last_len - SKP_GCM_TAG_LEN;
    return SKP_ERR_OK;
}
