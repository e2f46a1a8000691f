/* hpke.h - RFC 9180, base mode, single shot, one suite:
 * DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002. */
#ifndef SKP_HPKE_H
#define SKP_HPKE_H

#include "protocol/crypto.h"

#define SKP_HPKE_ENC_LEN 32u /* Nenc, RFC 9180 section 7.1 */

/* SealBase, RFC 9180 section 6.1, with a given ephemeral private key.
 * @enc      receives the encapsulated key.
 * @ret      takes plaintext.len + SKP_GCM_TAG_LEN bytes.
 *   SKP_ERR_INVALID_ARGUMENT  @recipient_public is of low order. */
SKP_MUST_CHECK enum skp_err
skp_hpke_seal(struct skp_crypto *crypto,
              const uint8_t recipient_public[SKP_KEY_LEN],
              const uint8_t ephemeral_private[SKP_KEY_LEN],
              struct skp_view info,
              struct skp_view aad,
              struct skp_view plaintext,
              uint8_t enc[SKP_HPKE_ENC_LEN],
              uint8_t *ret);

/* The key pair that opens: the public half is part of the KEM context and
 * costs a multiplication to compute, so it is handed in. */
struct skp_key_pair {
    const uint8_t *private_key; /* SKP_KEY_LEN bytes, borrowed */
    const uint8_t *public_key;  /* SKP_KEY_LEN bytes, borrowed */
};

/* OpenBase, RFC 9180 section 6.1.
 * @ret      takes ciphertext.len - SKP_GCM_TAG_LEN bytes.
 *   SKP_ERR_INVALID_ARGUMENT  @enc is a point of low order.
 *   SKP_ERR_DATA_LOSS         does not open with this key, info and aad. */
SKP_MUST_CHECK enum skp_err skp_hpke_open(struct skp_crypto *crypto,
                                          const struct skp_key_pair *recipient,
                                          const uint8_t enc[SKP_HPKE_ENC_LEN],
                                          struct skp_view info,
                                          struct skp_view aad,
                                          struct skp_view ciphertext,
                                          uint8_t *ret);

#endif /* SKP_HPKE_H */
