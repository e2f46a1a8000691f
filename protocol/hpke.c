/* hpke.c - RFC 9180 in one mode and one suite; see hpke.h. */
#include "protocol/hpke.h"

#include <string.h>

#define HASH_LEN 32u

/* "KEM" || I2OSP(kem_id, 2), RFC 9180 section 4.1. */
static const uint8_t kem_id[] = { 'K', 'E', 'M', 0x00, 0x20 };
/* "HPKE" || kem_id || kdf_id || aead_id, RFC 9180 section 5.1. */
static const uint8_t hpke_id[] = { 'H',  'P',  'K',  'E',  0x00,
                                   0x20, 0x00, 0x01, 0x00, 0x02 };

static const struct skp_view kem_suite = { kem_id, sizeof kem_id };
static const struct skp_view hpke_suite = { hpke_id, sizeof hpke_id };
static const struct skp_view nothing = { NULL, 0 };

/* What the key schedule gives for the first and only message. */
struct message_key {
    uint8_t key[SKP_KEY_LEN];
    uint8_t nonce[SKP_GCM_NONCE_LEN];
};

/* LabeledExtract, RFC 9180 section 4. */
static void extract_labeled(struct skp_view suite,
                            struct skp_view salt,
                            const char *label,
                            struct skp_view ikm,
                            uint8_t ret[HASH_LEN])
{
    const struct skp_view parts[] = { skp_view_of("HPKE-v1"), suite,
                                      skp_view_of(label), ikm };

    skp_hkdf_extract(SKP_SHA256, salt, parts, SKP_ARRAY_LEN(parts), ret);
}

/* LabeledExpand, RFC 9180 section 4. */
static enum skp_err expand_labeled(struct skp_view suite,
                                   const uint8_t prk[HASH_LEN],
                                   const char *label,
                                   struct skp_view info,
                                   struct skp_buf ret)
{
    const uint8_t len[2] = { (uint8_t)(ret.cap >> 8), (uint8_t)ret.cap };
    const struct skp_view parts[] = { { len, sizeof len },
                                      skp_view_of("HPKE-v1"),
                                      suite,
                                      skp_view_of(label),
                                      info };

    return skp_hkdf_expand(SKP_SHA256, (struct skp_view){ prk, HASH_LEN },
                           parts, SKP_ARRAY_LEN(parts), ret.ptr, ret.cap);
}

/* ExtractAndExpand, RFC 9180 section 4.1. */
static enum skp_err derive_shared(const uint8_t dh[SKP_KEY_LEN],
                                  const uint8_t enc[SKP_HPKE_ENC_LEN],
                                  const uint8_t recipient[SKP_KEY_LEN],
                                  uint8_t ret[HASH_LEN])
{
    SKP_WIPED(uint8_t, prk, HASH_LEN);
    uint8_t context[SKP_HPKE_ENC_LEN + SKP_KEY_LEN];

    memcpy(context, enc, SKP_HPKE_ENC_LEN);
    memcpy(context + SKP_HPKE_ENC_LEN, recipient, SKP_KEY_LEN);
    extract_labeled(kem_suite, nothing, "eae_prk",
                    (struct skp_view){ dh, SKP_KEY_LEN }, prk);
    return expand_labeled(kem_suite, prk, "shared_secret",
                          (struct skp_view){ context, sizeof context },
                          skp_buf_over(ret, HASH_LEN));
}

/* KeySchedule with mode_base, RFC 9180 section 5.1.  The nonce of message 0 is
 * the base nonce itself. */
static enum skp_err schedule_key(const uint8_t shared[HASH_LEN],
                                 struct skp_view info,
                                 struct message_key *ret)
{
    SKP_WIPED(uint8_t, secret, HASH_LEN);
    uint8_t context[1 + 2 * HASH_LEN] = { 0 }; /* byte 0: mode_base */
    const struct skp_view context_view = { context, sizeof context };

    extract_labeled(hpke_suite, nothing, "psk_id_hash", nothing, context + 1);
    extract_labeled(hpke_suite, nothing, "info_hash", info,
                    context + 1 + HASH_LEN);
    extract_labeled(hpke_suite, (struct skp_view){ shared, HASH_LEN }, "secret",
                    nothing, secret);
    SKP_TRY(expand_labeled(hpke_suite, secret, "key", context_view,
                           skp_buf_over(ret->key, sizeof ret->key)));
    return expand_labeled(hpke_suite, secret, "base_nonce", context_view,
                          skp_buf_over(ret->nonce, sizeof ret->nonce));
}

/* Everything after the Diffie-Hellman step, the same on both sides. */
static enum skp_err derive_key(const uint8_t dh[SKP_KEY_LEN],
                               const uint8_t enc[SKP_HPKE_ENC_LEN],
                               const uint8_t recipient[SKP_KEY_LEN],
                               struct skp_view info,
                               struct message_key *ret)
{
    SKP_WIPED(uint8_t, shared, HASH_LEN);

    SKP_TRY(derive_shared(dh, enc, recipient, shared));
    return schedule_key(shared, info, ret);
}

enum skp_err skp_hpke_seal(struct skp_crypto *crypto,
                           const uint8_t recipient_public[SKP_KEY_LEN],
                           const uint8_t ephemeral_private[SKP_KEY_LEN],
                           struct skp_view info,
                           struct skp_view aad,
                           struct skp_view plaintext,
                           uint8_t enc[SKP_HPKE_ENC_LEN],
                           uint8_t *ret)
{
    SKP_WIPED(uint8_t, dh, SKP_KEY_LEN);
    SKP_WIPED(struct message_key, message, 1);
    uint8_t ephemeral_public[SKP_HPKE_ENC_LEN];

    SKP_TRY(skp_x25519_ephemeral(ephemeral_private, recipient_public, dh,
                                 ephemeral_public));
    SKP_TRY(derive_key(dh, ephemeral_public, recipient_public, info, message));
    SKP_TRY(skp_gcm_seal(crypto, message->key, message->nonce, aad, plaintext,
                         ret));
    memcpy(enc, ephemeral_public, SKP_HPKE_ENC_LEN);
    return SKP_ERR_OK;
}

enum skp_err skp_hpke_open(struct skp_crypto *crypto,
                           const struct skp_key_pair *recipient,
                           const uint8_t enc[SKP_HPKE_ENC_LEN],
                           struct skp_view info,
                           struct skp_view aad,
                           struct skp_view ciphertext,
                           uint8_t *ret)
{
    SKP_WIPED(uint8_t, dh, SKP_KEY_LEN);
    SKP_WIPED(struct message_key, message, 1);

    SKP_TRY(skp_crypto_exchange(crypto, recipient->private_key, enc, dh));
    SKP_TRY(derive_key(dh, enc, recipient->public_key, info, message));
    return skp_gcm_open(crypto, message->key, message->nonce, aad, ciphertext,
                        ret);
}
