/* crypto.h - the primitives under the envelopes: X25519, HKDF, AES-256-GCM and
 * AES-256-CTR, with the library objects they need made once.
 *
 * A crypto belongs to one thread.  It is made when a worker or a client starts
 * and reused for every operation, so that none allocates.  hpke.h, chunked.h
 * and envelope.h are built on it, audit_line.h on its HKDF; nobody else calls
 * it.
 *
 * Private keys and all that HKDF sees stay in memory of ours: X25519 is
 * libsodium's or x25519_batch.h's, and HKDF runs over those of OpenSSL's hash
 * functions that work on plain pointers too.  Only AES keys enter OpenSSL's
 * heap.
 *
 * Thread:   one at a time.
 * Secrets:  key schedules are wiped after each operation and on free, but for
 *           the one of a ticket, which skp_gcm_drop wipes.
 */
#ifndef SKP_CRYPTO_H
#define SKP_CRYPTO_H

#include "protocol/ahead.h"
#include "protocol/diag.h"
#include "protocol/limits.h"
#include "protocol/random.h"
#include "protocol/secret.h"

#define SKP_GCM_TAG_LEN   16u
#define SKP_GCM_NONCE_LEN 12u

struct skp_crypto; /* opaque */

/* Make the library objects.  @random is borrowed for the crypto's life.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   SKP_ERR_INTERNAL            the library lacks an algorithm. */
SKP_MUST_CHECK enum skp_err skp_crypto_new(const struct skp_random *random,
                                           struct skp_crypto **ret);

/* Wipe and release; accepts a NULL pointer and leaves NULL behind. */
void skp_crypto_free(struct skp_crypto **crypto);

/* Unpredictable bytes from the table given to skp_crypto_new.
 *   SKP_ERR_INTERNAL  the table gave none. */
SKP_MUST_CHECK enum skp_err
skp_crypto_random(struct skp_crypto *crypto, uint8_t *buf, size_t len);

/* X25519, RFC 7748 section 5.
 *   SKP_ERR_INVALID_ARGUMENT  the result is all zero (a point of low order);
 *                             @ret is zeroed. */
SKP_MUST_CHECK enum skp_err skp_x25519(const uint8_t private_key[SKP_KEY_LEN],
                                       const uint8_t point[SKP_KEY_LEN],
                                       uint8_t ret[SKP_KEY_LEN]);

/* What a writer needs of an ephemeral key: its skp_x25519 with @point, and its
 * public key; both at once where x25519_batch.h has lanes.
 *   SKP_ERR_INVALID_ARGUMENT  as from skp_x25519; @ret_public is untouched. */
SKP_MUST_CHECK enum skp_err
skp_x25519_ephemeral(const uint8_t private_key[SKP_KEY_LEN],
                     const uint8_t point[SKP_KEY_LEN],
                     uint8_t ret[SKP_KEY_LEN],
                     uint8_t ret_public[SKP_KEY_LEN]);

/* Have multiplications done ahead of the skp_crypto_exchange that needs them:
 * add to what this gives, run it, clear it when the requests are worked off.
 * NULL when there is no locked memory for it: then nothing is done ahead.
 * Borrowed for the crypto's life. */
struct skp_ahead *skp_crypto_ahead(struct skp_crypto *crypto);

/* skp_x25519, or its result where it was done ahead. */
SKP_MUST_CHECK enum skp_err
skp_crypto_exchange(struct skp_crypto *crypto,
                    const uint8_t private_key[SKP_KEY_LEN],
                    const uint8_t point[SKP_KEY_LEN],
                    uint8_t ret[SKP_KEY_LEN]);

enum skp_hash {
    SKP_SHA256,
    SKP_SHA512,
};

/* HKDF-Extract, RFC 5869 section 2.2, over the concatenation of @n_parts
 * views.  @ret takes 32 or 64 bytes. */
void skp_hkdf_extract(enum skp_hash hash,
                      struct skp_view salt,
                      const struct skp_view *parts,
                      size_t n_parts,
                      uint8_t *ret);

/* HKDF-Expand, RFC 5869 section 2.3, to the @ret_len bytes at @ret, with info
 * the concatenation of the parts.
 *   SKP_ERR_INVALID_ARGUMENT  @ret_len is over 255 hash lengths. */
SKP_MUST_CHECK enum skp_err skp_hkdf_expand(enum skp_hash hash,
                                            struct skp_view prk,
                                            const struct skp_view *parts,
                                            size_t n_parts,
                                            uint8_t *ret,
                                            size_t ret_len);

/* AES-256-GCM, NIST SP 800-38D.  @ret takes plaintext.len + SKP_GCM_TAG_LEN
 * bytes and may be the plaintext's own place.
 *   SKP_ERR_INTERNAL  the library failed; @ret is wiped. */
SKP_MUST_CHECK enum skp_err skp_gcm_seal(struct skp_crypto *crypto,
                                         const uint8_t key[SKP_KEY_LEN],
                                         const uint8_t nonce[SKP_GCM_NONCE_LEN],
                                         struct skp_view aad,
                                         struct skp_view plaintext,
                                         uint8_t *ret);

/* The reverse; @ret takes ciphertext.len - SKP_GCM_TAG_LEN bytes and may be the
 * ciphertext's own place.
 *   SKP_ERR_DATA_LOSS  wrong tag or shorter than a tag; what was written to
 *                      @ret is wiped. */
SKP_MUST_CHECK enum skp_err skp_gcm_open(struct skp_crypto *crypto,
                                         const uint8_t key[SKP_KEY_LEN],
                                         const uint8_t nonce[SKP_GCM_NONCE_LEN],
                                         struct skp_view aad,
                                         struct skp_view ciphertext,
                                         uint8_t *ret);

/* A number that stands for one key of many messages: from one call with the
 * ticket to the next the key stays scheduled, unless another key came between.
 * Never 0, never given twice by one crypto. */
uint64_t skp_gcm_ticket(struct skp_crypto *crypto);

/* As skp_gcm_seal without aad, for the key that @ticket stands for. */
SKP_MUST_CHECK enum skp_err
skp_gcm_seal_next(struct skp_crypto *crypto,
                  uint64_t ticket,
                  const uint8_t key[SKP_KEY_LEN],
                  const uint8_t nonce[SKP_GCM_NONCE_LEN],
                  struct skp_view plaintext,
                  uint8_t *ret);

/* As skp_gcm_open without aad, for the key that @ticket stands for. */
SKP_MUST_CHECK enum skp_err
skp_gcm_open_next(struct skp_crypto *crypto,
                  uint64_t ticket,
                  const uint8_t key[SKP_KEY_LEN],
                  const uint8_t nonce[SKP_GCM_NONCE_LEN],
                  struct skp_view ciphertext,
                  uint8_t *ret);

/* Wipe the key schedule if it is still the one of @ticket. */
void skp_gcm_drop(struct skp_crypto *crypto, uint64_t ticket);

/* AES-256-CTR with a 16-byte big-endian counter that starts at @offset / 16,
 * for the bytes at @offset of a stream with an all-zero IV.  @ret takes in.len
 * bytes and may be the input's own place.
 *   SKP_ERR_INTERNAL  the library failed; @ret is wiped. */
SKP_MUST_CHECK enum skp_err skp_ctr_apply(struct skp_crypto *crypto,
                                          const uint8_t key[SKP_KEY_LEN],
                                          uint64_t offset,
                                          struct skp_view in,
                                          uint8_t *ret);

#endif /* SKP_CRYPTO_H */
