/* plain.c - the limits in a plain loop; see plain.h. */
#include "tests/bench/plain.h"

#include <string.h>

#include <openssl/evp.h>

#include "tests/bench/cpu.h"

/* Operations before the clock runs. */
#define WARM_UP 16u

/* One operation; false when its result is wrong. */
typedef bool (*step)(void *state, size_t nth);

static struct skb_result run_loop(step run, void *state, double seconds)
{
    struct skb_result result = { 0 };
    struct skb_latencies latencies = { 0 };
    uint64_t start_ns;
    uint64_t cpu_ns;
    uint64_t end_ns;
    uint64_t now_ns;

    skb_pin(SKB_CORE_SERVER);
    for (size_t i = 0; i < WARM_UP; i++) {
        (void)run(state, i);
    }
    start_ns = now_ns = skb_now_ns();
    end_ns = start_ns + (uint64_t)(seconds * 1e9);
    cpu_ns = skb_thread_cpu_ns();
    while (now_ns < end_ns) {
        uint64_t before_ns = now_ns;

        if (run(state, result.n_ops)) {
            result.n_ops++;
        } else {
            result.n_errors++;
        }
        now_ns = skb_now_ns();
        skb_latencies_count(&latencies, now_ns - before_ns);
    }
    cpu_ns = skb_thread_cpu_ns() - cpu_ns;
    result.cpu_us =
        (double)cpu_ns / 1000.0 / (double)(result.n_ops > 0 ? result.n_ops : 1);
    result.per_s = (double)result.n_ops * 1e9 / (double)(now_ns - start_ns);
    skb_result_set_latencies(&result, &latencies);
    skb_pin(SKB_CORE_GENERATOR);
    return result;
}

/* ---- envelopes ---------------------------------------------------------- */

static enum skp_err open_header(struct skb_envelopes *envelopes,
                                const struct skb_envelope *item,
                                uint8_t data_key[SKP_KEY_LEN])
{
    const struct skp_key_pair keys = { item->tenant.private_key,
                                       item->tenant.public_key };
    struct skp_header header;

    SKP_TRY(skp_header_parse((struct skp_view){ item->bytes, item->len }, false,
                             SKP_SUITE_ANY, &header, NULL));
    return skp_header_open(envelopes->crypto, &header, &keys,
                           (struct skp_view){ (const uint8_t *)item->tenant.id,
                                              SKB_TENANT_ID_LEN },
                           data_key);
}

static const struct skb_envelope *item_at(const struct skb_envelopes *envelopes,
                                          size_t nth)
{
    return &envelopes->items[nth % envelopes->n_items];
}

bool skb_plain_unwrap_one(void *envelopes, size_t nth)
{
    const struct skb_envelope *item = item_at(envelopes, nth);
    uint8_t data_key[SKP_KEY_LEN];

    return open_header(envelopes, item, data_key) == SKP_ERR_OK &&
           memcmp(data_key, item->data_key, sizeof data_key) == 0;
}

struct skb_result skb_plain_unwrap(struct skb_envelopes *envelopes,
                                   double seconds)
{
    return run_loop(skb_plain_unwrap_one, envelopes, seconds);
}

static bool decrypt_one(void *state, size_t nth)
{
    const struct skb_envelopes *envelopes = state;
    const struct skb_envelope *item = item_at(envelopes, nth);
    struct skp_view payload = { item->bytes + item->header_len,
                                item->len - item->header_len };
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t plaintext[SKB_PLAINTEXT_LEN];
    struct skp_buf out = skp_buf_over(plaintext, sizeof plaintext);

    return open_header(state, item, data_key) == SKP_ERR_OK &&
           skp_payload_open(envelopes->crypto, envelopes->suite, data_key,
                            (struct skp_view){ NULL, 0 }, payload, &out,
                            NULL) == SKP_ERR_OK &&
           memcmp(plaintext, item->plaintext, sizeof plaintext) == 0;
}

struct skb_result skb_plain_decrypt(struct skb_envelopes *envelopes,
                                    double seconds)
{
    return run_loop(decrypt_one, envelopes, seconds);
}

static bool encrypt_one(void *state, size_t nth)
{
    const struct skb_envelopes *envelopes = state;
    const struct skb_envelope *item = item_at(envelopes, nth);
    const struct skp_recipient recipient = {
        { (const uint8_t *)item->tenant.id, SKB_TENANT_ID_LEN },
        item->tenant.public_key,
        item->tenant.key_id,
    };
    struct skp_view plaintext = { item->plaintext, sizeof item->plaintext };
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t bytes[sizeof item->bytes];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    return skp_header_seal(envelopes->crypto, envelopes->suite, false,
                           &recipient, data_key, bytes,
                           &out.len) == SKP_ERR_OK &&
           skp_payload_seal(envelopes->crypto, envelopes->suite, data_key,
                            (struct skp_view){ NULL, 0 }, plaintext,
                            &out) == SKP_ERR_OK;
}

struct skb_result skb_plain_encrypt(struct skb_envelopes *envelopes,
                                    double seconds)
{
    return run_loop(encrypt_one, envelopes, seconds);
}

/* ---- X25519 ------------------------------------------------------------- */

static bool derive_one(void *state, size_t nth)
{
    uint8_t shared[SKP_KEY_LEN];
    size_t len = sizeof shared;

    (void)nth;
    return EVP_PKEY_derive(state, shared, &len) == 1;
}

struct skb_result skb_plain_x25519(struct skb_envelopes *envelopes,
                                   double seconds)
{
    const struct skb_envelope *item = item_at(envelopes, 0);
    struct skb_result result = { .n_errors = 1 };
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_X25519, NULL, item->tenant.private_key, SKP_KEY_LEN);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(
        EVP_PKEY_X25519, NULL, item->bytes + SKP_PREFIX_LEN, SKP_KEY_LEN);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);

    if (context != NULL && EVP_PKEY_derive_init(context) == 1 &&
        EVP_PKEY_derive_set_peer(context, peer) == 1) {
        result = run_loop(derive_one, context, seconds);
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return result;
}

/* ---- streams ------------------------------------------------------------ */

static const uint8_t some_key[SKP_KEY_LEN] = { 1, 2, 3 };
static uint8_t piece[SKP_CHUNK_LEN];
static uint8_t sealed[SKP_CHUNK_SEALED_LEN];
static uint8_t opened[SKP_CHUNK_LEN];

static bool seal_piece(void *state, size_t nth)
{
    uint8_t nonce[SKP_GCM_NONCE_LEN] = { 0 };
    int len;

    memcpy(nonce, &nth, sizeof nth);
    return EVP_EncryptInit_ex(state, NULL, NULL, NULL, nonce) == 1 &&
           EVP_EncryptUpdate(state, sealed, &len, piece, sizeof piece) == 1 &&
           EVP_EncryptFinal_ex(state, sealed + len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, SKP_GCM_TAG_LEN,
                               sealed + sizeof piece) == 1;
}

/* The piece that was sealed last, again and again. */
static bool open_piece(void *state, size_t nth)
{
    uint8_t nonce[SKP_GCM_NONCE_LEN] = { 0 };
    int len;

    (void)nth;
    return EVP_DecryptInit_ex(state, NULL, NULL, NULL, nonce) == 1 &&
           EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, SKP_GCM_TAG_LEN,
                               sealed + sizeof piece) == 1 &&
           EVP_DecryptUpdate(state, opened, &len, sealed, sizeof piece) == 1 &&
           EVP_DecryptFinal_ex(state, opened + len, &len) == 1;
}

struct skb_result skb_plain_gcm(bool is_sealing, double seconds)
{
    static const uint8_t nonce[SKP_GCM_NONCE_LEN];
    struct skb_result result = { .n_errors = 1 };
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    if (EVP_EncryptInit_ex(context, cipher, NULL, some_key, nonce) == 1 &&
        seal_piece(context, 0)) {
        if (!is_sealing) {
            (void)EVP_DecryptInit_ex(context, cipher, NULL, some_key, nonce);
        }
        result =
            run_loop(is_sealing ? seal_piece : open_piece, context, seconds);
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return result;
}

static bool seal_chunk(void *state, size_t nth)
{
    return skp_chunked_seal(state, nth, false,
                            (struct skp_view){ piece, sizeof piece },
                            sealed) == SKP_ERR_OK;
}

static bool open_chunk(void *state, size_t nth)
{
    (void)nth;
    return skp_chunked_open(state, 0, false,
                            (struct skp_view){ sealed, sizeof sealed },
                            opened) == SKP_ERR_OK;
}

struct skb_result skb_plain_chunked(bool is_sealing, double seconds)
{
    struct skb_result result = { .n_errors = 1 };
    struct skb_envelopes envelopes;
    struct skp_chunked chunked = { 0 };
    uint8_t head[SKP_CHUNKED_HEAD_LEN];

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, 1, 1);
    if (skp_payload_init_seal(&chunked, envelopes.crypto, some_key,
                              (struct skp_view){ NULL, 0 },
                              head) == SKP_ERR_OK &&
        seal_chunk(&chunked, 0)) {
        result =
            run_loop(is_sealing ? seal_chunk : open_chunk, &chunked, seconds);
    }
    skp_chunked_done(&chunked);
    skb_envelopes_done(&envelopes);
    return result;
}
