/* chunked.h - C2SP chunked-encryption v1 in the instance Cobblestone-256:
 * HKDF-Expand-SHA512 and AEAD_AES_256_GCM over chunks of 16 KiB
 * (https://c2sp.org/chunked-encryption).
 *
 *     salt (24) || commitment (32) || chunks of 16384 + 16 bytes
 *
 * Only the last chunk is shorter than 16384 + 16, and there always is one.
 * Chunks can be sealed and opened alone, in any order.
 *
 * Consecutive calls for one message use one key schedule: sealing or opening
 * many chunks in a row costs nothing per chunk but AES-GCM itself.
 *
 * Thread:   one at a time.
 * Secrets:  the derived key lives in this struct; skp_chunked_done wipes it.
 */
#ifndef SKP_CHUNKED_H
#define SKP_CHUNKED_H

#include "protocol/crypto.h"

#define SKP_CHUNK_LEN        16384u
#define SKP_CHUNK_SEALED_LEN (SKP_CHUNK_LEN + SKP_GCM_TAG_LEN)
#define SKP_SALT_LEN         24u
#define SKP_COMMITMENT_LEN   32u
#define SKP_CHUNKED_HEAD_LEN (SKP_SALT_LEN + SKP_COMMITMENT_LEN)
/* Chunks of one message: the specification's 2^38, 4 PiB. */
#define SKP_CHUNKS_MAX (UINT64_C(1) << 38)

/* One message.  Zeroed it is valid for skp_chunked_done. */
struct skp_chunked {
    struct skp_crypto *crypto; /* borrowed until skp_chunked_done */
    uint64_t ticket;           /* of the key in @crypto */
    uint8_t key[SKP_KEY_LEN];
    uint8_t base_nonce[SKP_GCM_NONCE_LEN];
};

/* Derive the payload's key for writing, and the commitment to it.
 * @context  the application's context string; sidekey's is built by
 *           envelope.h. */
SKP_MUST_CHECK enum skp_err
skp_chunked_init_seal(struct skp_chunked *chunked,
                      struct skp_crypto *crypto,
                      const uint8_t data_key[SKP_KEY_LEN],
                      struct skp_view context,
                      const uint8_t salt[SKP_SALT_LEN],
                      uint8_t ret_commitment[SKP_COMMITMENT_LEN]);

/* Derive the payload's key for reading and check the commitment.
 * @head     salt and commitment, SKP_CHUNKED_HEAD_LEN bytes.
 *   SKP_ERR_DATA_LOSS  wrong commitment: another data key or context. */
SKP_MUST_CHECK enum skp_err
skp_chunked_init_open(struct skp_chunked *chunked,
                      struct skp_crypto *crypto,
                      const uint8_t data_key[SKP_KEY_LEN],
                      struct skp_view context,
                      const uint8_t head[SKP_CHUNKED_HEAD_LEN]);

/* Seal chunk @index (from 0).  @plaintext is SKP_CHUNK_LEN bytes, and fewer
 * (0 at the least) when @is_last; @ret takes plaintext.len + SKP_GCM_TAG_LEN
 * bytes and may be the plaintext's own place.  Never seal two plaintexts with
 * one index.
 *   SKP_ERR_INVALID_ARGUMENT    another length than @is_last asks for.
 *   SKP_ERR_RESOURCE_EXHAUSTED  @index is SKP_CHUNKS_MAX or more. */
SKP_MUST_CHECK enum skp_err skp_chunked_seal(struct skp_chunked *chunked,
                                             uint64_t index,
                                             bool is_last,
                                             struct skp_view plaintext,
                                             uint8_t *ret);

/* Open chunk @index; @ret takes chunk.len - SKP_GCM_TAG_LEN bytes and may be
 * the chunk's own place. SKP_ERR_DATA_LOSS  changed, moved, cut, or not last as
 * claimed; @ret is wiped. */
SKP_MUST_CHECK enum skp_err skp_chunked_open(struct skp_chunked *chunked,
                                             uint64_t index,
                                             bool is_last,
                                             struct skp_view chunk,
                                             uint8_t *ret);

/* Wipe, also the key schedule in the crypto.  Accepts a zeroed struct and
 * leaves one. */
void skp_chunked_done(struct skp_chunked *chunked);

#endif /* SKP_CHUNKED_H */
