/* crypto.c - X25519 and the AES modes over objects made once; see crypto.h. */
#include "protocol/crypto.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "protocol/x25519_batch.h"

/* EVP counts in int; a multiple of the block keeps the pieces seamless. */
#define PIECE_MAX ((size_t)1 << 30)
#define BLOCK_LEN 16u

struct skp_crypto {
    const struct skp_random *random; /* borrowed */
    EVP_CIPHER_CTX *gcm;
    EVP_CIPHER_CTX *ctr;
    struct skp_ahead *ahead; /* NULL until it is asked for */
    uint64_t last_ticket;    /* given out last */
    uint64_t kept_ticket;    /* whose key @gcm has scheduled; 0: nobody's */
};

static const uint8_t zeroes[SKP_KEY_LEN];

/* Overwrite what @cipher knows with what an all-zero key gives.  Freeing would
 * wipe too, but would allocate at the next operation.  The one byte replaces
 * the block of key stream left over from the last partial block. */
static void forget_key(EVP_CIPHER_CTX *cipher)
{
    uint8_t byte;
    int len;

    (void)EVP_EncryptInit_ex(cipher, NULL, NULL, zeroes, zeroes);
    (void)EVP_EncryptUpdate(cipher, &byte, &len, zeroes, 1);
}

static enum skp_err make_cipher(const char *name, EVP_CIPHER_CTX **ret)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx;
    int is_ready;

    if (cipher == NULL) {
        return SKP_ERR_INTERNAL;
    }
    ctx = EVP_CIPHER_CTX_new();
    is_ready =
        ctx == NULL ? 0 : EVP_EncryptInit_ex(ctx, cipher, NULL, zeroes, zeroes);
    EVP_CIPHER_free(cipher);
    if (is_ready != 1) {
        EVP_CIPHER_CTX_free(ctx);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = ctx;
    return SKP_ERR_OK;
}

enum skp_err skp_crypto_new(const struct skp_random *random,
                            struct skp_crypto **ret)
{
    SKP_CLEANUP(skp_crypto_free)
    struct skp_crypto *crypto = NULL;

    if (sodium_init() < 0) {
        return SKP_ERR_INTERNAL;
    }
    crypto = calloc(1, sizeof *crypto);
    if (crypto == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    crypto->random = random;
    SKP_TRY(make_cipher("AES-256-GCM", &crypto->gcm));
    SKP_TRY(make_cipher("AES-256-CTR", &crypto->ctr));
    *ret = SKP_TAKE(crypto);
    return SKP_ERR_OK;
}

void skp_crypto_free(struct skp_crypto **crypto)
{
    if (*crypto == NULL) {
        return;
    }
    /* OpenSSL cleanses what it frees here. */
    EVP_CIPHER_CTX_free((*crypto)->gcm);
    EVP_CIPHER_CTX_free((*crypto)->ctr);
    skp_ahead_free(&(*crypto)->ahead);
    free(*crypto);
    *crypto = NULL;
}

enum skp_err
skp_crypto_random(struct skp_crypto *crypto, uint8_t *buf, size_t len)
{
    return crypto->random->fill(crypto->random->state, buf, len);
}

enum skp_err skp_x25519(const uint8_t private_key[SKP_KEY_LEN],
                        const uint8_t point[SKP_KEY_LEN],
                        uint8_t ret[SKP_KEY_LEN])
{
    if (crypto_scalarmult_curve25519(ret, private_key, point) != 0) {
        skp_wipe(ret, SKP_KEY_LEN);
        return SKP_ERR_INVALID_ARGUMENT;
    }
    return SKP_ERR_OK;
}

enum skp_err skp_x25519_ephemeral(const uint8_t private_key[SKP_KEY_LEN],
                                  const uint8_t point[SKP_KEY_LEN],
                                  uint8_t ret[SKP_KEY_LEN],
                                  uint8_t ret_public[SKP_KEY_LEN])
{
    uint8_t public_key[SKP_KEY_LEN];
    struct skp_x25519_job jobs[] = {
        { private_key, point, ret, false },
        { private_key, skp_x25519_base, public_key, false },
    };

    skp_x25519_batch(jobs, SKP_ARRAY_LEN(jobs));
    if (jobs[0].is_low_order) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    memcpy(ret_public, public_key, SKP_KEY_LEN);
    return SKP_ERR_OK;
}

struct skp_ahead *skp_crypto_ahead(struct skp_crypto *crypto)
{
    if (crypto->ahead == NULL && skp_ahead_new(&crypto->ahead) != SKP_ERR_OK) {
        return NULL;
    }
    return crypto->ahead;
}

enum skp_err skp_crypto_exchange(struct skp_crypto *crypto,
                                 const uint8_t private_key[SKP_KEY_LEN],
                                 const uint8_t point[SKP_KEY_LEN],
                                 uint8_t ret[SKP_KEY_LEN])
{
    bool is_low_order = false;

    if (crypto->ahead == NULL || !skp_ahead_fetch(crypto->ahead, private_key,
                                                  point, ret, &is_low_order)) {
        return skp_x25519(private_key, point, ret);
    }
    return is_low_order ? SKP_ERR_INVALID_ARGUMENT : SKP_ERR_OK;
}

/* Run @in through the cipher to @ret; additional data when @ret is NULL. */
static bool feed(EVP_CIPHER_CTX *cipher, struct skp_view in, uint8_t *ret)
{
    while (in.len > 0) {
        size_t piece = in.len < PIECE_MAX ? in.len : PIECE_MAX;
        int len;

        if (EVP_CipherUpdate(cipher, ret, &len, in.ptr, (int)piece) != 1) {
            return false;
        }
        in.ptr += piece;
        in.len -= piece;
        ret = ret == NULL ? NULL : ret + piece;
    }
    return true;
}

/* Begin a message, with the key scheduled already when it is @ticket's. */
static bool start_message(struct skp_crypto *crypto,
                          uint64_t ticket,
                          const uint8_t *key,
                          const uint8_t *nonce,
                          bool is_sealing)
{
    bool is_kept = ticket != 0 && crypto->kept_ticket == ticket;

    crypto->kept_ticket = 0;
    if (EVP_CipherInit_ex(crypto->gcm, NULL, NULL, is_kept ? NULL : key, nonce,
                          is_sealing ? 1 : 0) != 1) {
        return false;
    }
    crypto->kept_ticket = ticket;
    return true;
}

static bool seal_message(EVP_CIPHER_CTX *gcm,
                         struct skp_view aad,
                         struct skp_view plaintext,
                         uint8_t *ret)
{
    uint8_t nothing[BLOCK_LEN];
    int len;

    return feed(gcm, aad, NULL) && feed(gcm, plaintext, ret) &&
           EVP_EncryptFinal_ex(gcm, nothing, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, SKP_GCM_TAG_LEN,
                               ret + plaintext.len) == 1;
}

static bool open_message(EVP_CIPHER_CTX *gcm,
                         struct skp_view aad,
                         struct skp_view ciphertext,
                         uint8_t *ret)
{
    uint8_t nothing[BLOCK_LEN];
    uint8_t tag[SKP_GCM_TAG_LEN];
    struct skp_view body = { ciphertext.ptr, ciphertext.len - sizeof tag };
    int len;

    memcpy(tag, ciphertext.ptr + body.len, sizeof tag);
    return EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, SKP_GCM_TAG_LEN,
                               tag) == 1 &&
           feed(gcm, aad, NULL) && feed(gcm, body, ret) &&
           EVP_DecryptFinal_ex(gcm, nothing, &len) == 1;
}

static void drop_key(struct skp_crypto *crypto)
{
    crypto->kept_ticket = 0;
    forget_key(crypto->gcm);
}

enum skp_err skp_gcm_seal(struct skp_crypto *crypto,
                          const uint8_t key[SKP_KEY_LEN],
                          const uint8_t nonce[SKP_GCM_NONCE_LEN],
                          struct skp_view aad,
                          struct skp_view plaintext,
                          uint8_t *ret)
{
    bool is_sealed = start_message(crypto, 0, key, nonce, true) &&
                     seal_message(crypto->gcm, aad, plaintext, ret);

    drop_key(crypto);
    if (!is_sealed) {
        skp_wipe(ret, plaintext.len + SKP_GCM_TAG_LEN);
        return SKP_ERR_INTERNAL;
    }
    return SKP_ERR_OK;
}

enum skp_err skp_gcm_open(struct skp_crypto *crypto,
                          const uint8_t key[SKP_KEY_LEN],
                          const uint8_t nonce[SKP_GCM_NONCE_LEN],
                          struct skp_view aad,
                          struct skp_view ciphertext,
                          uint8_t *ret)
{
    bool is_open;

    if (ciphertext.len < SKP_GCM_TAG_LEN) {
        return SKP_ERR_DATA_LOSS;
    }
    is_open = start_message(crypto, 0, key, nonce, false) &&
              open_message(crypto->gcm, aad, ciphertext, ret);
    drop_key(crypto);
    if (!is_open) {
        skp_wipe(ret, ciphertext.len - SKP_GCM_TAG_LEN);
        return SKP_ERR_DATA_LOSS;
    }
    return SKP_ERR_OK;
}

uint64_t skp_gcm_ticket(struct skp_crypto *crypto)
{
    return ++crypto->last_ticket;
}

enum skp_err skp_gcm_seal_next(struct skp_crypto *crypto,
                               uint64_t ticket,
                               const uint8_t key[SKP_KEY_LEN],
                               const uint8_t nonce[SKP_GCM_NONCE_LEN],
                               struct skp_view plaintext,
                               uint8_t *ret)
{
    const struct skp_view no_aad = { NULL, 0 };

    if (!start_message(crypto, ticket, key, nonce, true) ||
        !seal_message(crypto->gcm, no_aad, plaintext, ret)) {
        drop_key(crypto);
        skp_wipe(ret, plaintext.len + SKP_GCM_TAG_LEN);
        return SKP_ERR_INTERNAL;
    }
    return SKP_ERR_OK;
}

enum skp_err skp_gcm_open_next(struct skp_crypto *crypto,
                               uint64_t ticket,
                               const uint8_t key[SKP_KEY_LEN],
                               const uint8_t nonce[SKP_GCM_NONCE_LEN],
                               struct skp_view ciphertext,
                               uint8_t *ret)
{
    const struct skp_view no_aad = { NULL, 0 };

    if (ciphertext.len < SKP_GCM_TAG_LEN) {
        return SKP_ERR_DATA_LOSS;
    }
    if (!start_message(crypto, ticket, key, nonce, false) ||
        !open_message(crypto->gcm, no_aad, ciphertext, ret)) {
        drop_key(crypto);
        skp_wipe(ret, ciphertext.len - SKP_GCM_TAG_LEN);
        return SKP_ERR_DATA_LOSS;
    }
    return SKP_ERR_OK;
}

void skp_gcm_drop(struct skp_crypto *crypto, uint64_t ticket)
{
    if (ticket != 0 && crypto->kept_ticket == ticket) {
        drop_key(crypto);
    }
}

static void put_counter(uint64_t block, uint8_t ret[BLOCK_LEN])
{
    memset(ret, 0, BLOCK_LEN);
    for (size_t i = 0; i < sizeof block; i++) {
        ret[BLOCK_LEN - 1 - i] = (uint8_t)(block >> (8 * i));
    }
}

enum skp_err skp_ctr_apply(struct skp_crypto *crypto,
                           const uint8_t key[SKP_KEY_LEN],
                           uint64_t offset,
                           struct skp_view in,
                           uint8_t *ret)
{
    SKP_WIPED(uint8_t, skipped, BLOCK_LEN);
    uint8_t counter[BLOCK_LEN];
    struct skp_view skip = { zeroes, (size_t)(offset % BLOCK_LEN) };
    bool is_done;

    put_counter(offset / BLOCK_LEN, counter);
    is_done = EVP_EncryptInit_ex(crypto->ctr, NULL, NULL, key, counter) == 1 &&
              feed(crypto->ctr, skip, skipped) && feed(crypto->ctr, in, ret);
    forget_key(crypto->ctr);
    if (!is_done) {
        skp_wipe(ret, in.len);
        return SKP_ERR_INTERNAL;
    }
    return SKP_ERR_OK;
}
