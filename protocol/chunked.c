/* chunked.c - C2SP chunked-encryption v1; see chunked.h. */
#include "protocol/chunked.h"

#include <string.h>

/* Counting from the right, where index bytes are mixed into the nonce. */
#define INDEX_LEN sizeof(uint64_t)

/* What HKDF-Expand gives at once: key, base nonce, commitment. */
struct derived {
    uint8_t key[SKP_KEY_LEN];
    uint8_t base_nonce[SKP_GCM_NONCE_LEN];
    uint8_t commitment[SKP_COMMITMENT_LEN];
};

_Static_assert(sizeof(struct derived) ==
                   SKP_KEY_LEN + SKP_GCM_NONCE_LEN + SKP_COMMITMENT_LEN,
               "the derived values lie one behind the other");

static enum skp_err derive(const uint8_t data_key[SKP_KEY_LEN],
                           struct skp_view context,
                           const uint8_t salt[SKP_SALT_LEN],
                           struct derived *ret)
{
    /* The array ends in the NUL that the specification puts here. */
    static const uint8_t name[] =
        "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM";
    const struct skp_view parts[] = { { name, sizeof name },
                                      { salt, SKP_SALT_LEN },
                                      context };

    return skp_hkdf_expand(SKP_SHA512,
                           (struct skp_view){ data_key, SKP_KEY_LEN }, parts,
                           SKP_ARRAY_LEN(parts), (uint8_t *)ret, sizeof *ret);
}

static void start_chunks(struct skp_chunked *chunked,
                         struct skp_crypto *crypto,
                         const struct derived *derived)
{
    chunked->crypto = crypto;
    chunked->ticket = skp_gcm_ticket(crypto);
    memcpy(chunked->key, derived->key, sizeof chunked->key);
    memcpy(chunked->base_nonce, derived->base_nonce,
           sizeof chunked->base_nonce);
}

enum skp_err skp_chunked_init_seal(struct skp_chunked *chunked,
                                   struct skp_crypto *crypto,
                                   const uint8_t data_key[SKP_KEY_LEN],
                                   struct skp_view context,
                                   const uint8_t salt[SKP_SALT_LEN],
                                   uint8_t ret_commitment[SKP_COMMITMENT_LEN])
{
    SKP_WIPED(struct derived, derived, 1);

    SKP_TRY(derive(data_key, context, salt, derived));
    start_chunks(chunked, crypto, derived);
    memcpy(ret_commitment, derived->commitment, SKP_COMMITMENT_LEN);
    return SKP_ERR_OK;
}

enum skp_err skp_chunked_init_open(struct skp_chunked *chunked,
                                   struct skp_crypto *crypto,
                                   const uint8_t data_key[SKP_KEY_LEN],
                                   struct skp_view context,
                                   const uint8_t head[SKP_CHUNKED_HEAD_LEN])
{
    SKP_WIPED(struct derived, derived, 1);

    SKP_TRY(derive(data_key, context, head, derived));
    if (!skp_equal_ct(derived->commitment, head + SKP_SALT_LEN,
                      SKP_COMMITMENT_LEN)) {
        return SKP_ERR_DATA_LOSS;
    }
    start_chunks(chunked, crypto, derived);
    return SKP_ERR_OK;
}

/* base nonce XOR the index as a big-endian number of the same width. */
static void make_nonce(const struct skp_chunked *chunked,
                       uint64_t index,
                       uint8_t ret[SKP_GCM_NONCE_LEN])
{
    memcpy(ret, chunked->base_nonce, SKP_GCM_NONCE_LEN);
    for (size_t i = 0; i < INDEX_LEN; i++) {
        ret[SKP_GCM_NONCE_LEN - 1 - i] ^= (uint8_t)(index >> (8 * i));
    }
}

/* A chunk is the last one exactly if it is shorter than the others. */
static bool is_chunk_len(size_t plaintext_len, bool is_last)
{
    return is_last ? plaintext_len < SKP_CHUNK_LEN
                   : plaintext_len == SKP_CHUNK_LEN;
}

enum skp_err skp_chunked_seal(struct skp_chunked *chunked,
                              uint64_t index,
                              bool is_last,
                              struct skp_view plaintext,
                              uint8_t *ret)
{
    uint8_t nonce[SKP_GCM_NONCE_LEN];

    if (index >= SKP_CHUNKS_MAX) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (!is_chunk_len(plaintext.len, is_last)) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    make_nonce(chunked, index, nonce);
    return skp_gcm_seal_next(chunked->crypto, chunked->ticket, chunked->key,
                             nonce, plaintext, ret);
}

enum skp_err skp_chunked_open(struct skp_chunked *chunked,
                              uint64_t index,
                              bool is_last,
                              struct skp_view chunk,
                              uint8_t *ret)
{
    uint8_t nonce[SKP_GCM_NONCE_LEN];

    if (chunk.len < SKP_GCM_TAG_LEN) {
        return SKP_ERR_DATA_LOSS;
    }
    if (index >= SKP_CHUNKS_MAX ||
        !is_chunk_len(chunk.len - SKP_GCM_TAG_LEN, is_last)) {
        skp_wipe(ret, chunk.len - SKP_GCM_TAG_LEN);
        return SKP_ERR_DATA_LOSS;
    }
    make_nonce(chunked, index, nonce);
    return skp_gcm_open_next(chunked->crypto, chunked->ticket, chunked->key,
                             nonce, chunk, ret);
}

void skp_chunked_done(struct skp_chunked *chunked)
{
    if (chunked->crypto != NULL) {
        skp_gcm_drop(chunked->crypto, chunked->ticket);
    }
    skp_wipe(chunked, sizeof *chunked);
}
