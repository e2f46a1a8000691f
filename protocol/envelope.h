/* envelope.h - the two envelope formats of ENVELOPE.md.
 *
 * An envelope is a header that only the tenant's private key opens, and a
 * payload under the data key found in that header.  The agent opens headers;
 * whoever has the data key reads and writes payloads.
 *
 *   suite 1  x25519-aes256ctr       header 48 bytes, no authentication
 *   suite 2  x25519-hpke-aes256gcm  header 96 bytes, authenticated, committing
 *
 * In the raw form of suite 1 the first 16 header bytes are left out.
 *
 * Secrets:  data keys are written to places the caller wipes.
 */
#ifndef SKP_ENVELOPE_H
#define SKP_ENVELOPE_H

#include "protocol/chunked.h"
#include "protocol/hpke.h"

enum skp_suite {
    SKP_SUITE_ANY = 0, /* in a demand: whatever the header says */
    SKP_SUITE_X25519_AES256CTR = 1,
    SKP_SUITE_X25519_HPKE_AES256GCM = 2,
};

#define SKP_PREFIX_LEN     16u /* magic, suite, zeroes, key id */
#define SKP_HEADER_RAW_LEN 32u
#define SKP_HEADER_1_LEN   48u
#define SKP_HEADER_2_LEN   96u
#define SKP_HEADER_MAX     SKP_HEADER_2_LEN
#define SKP_SEALED_KEY_LEN (SKP_KEY_LEN + SKP_GCM_TAG_LEN)

/* The standard name of a suite, "x25519-hpke-aes256gcm" say; NULL for none. */
const char *skp_suite_name(enum skp_suite suite);

/* The suite of that name; SKP_SUITE_ANY for none. */
enum skp_suite skp_suite_from_name(struct skp_view name);

/* Bytes of a header; 0 for no suite.  @raw only matters for suite 1. */
size_t skp_header_len(enum skp_suite suite, bool raw);

/* A parsed header; views into the bytes it was parsed from. */
struct skp_header {
    enum skp_suite suite;
    bool raw;
    size_t len;
    const uint8_t *prefix; /* SKP_PREFIX_LEN bytes; NULL when raw */
    const uint8_t *key_id; /* SKP_KEY_ID_LEN bytes; NULL when raw */
    const uint8_t *enc;    /* ephemeral public key, SKP_KEY_LEN bytes */
    const uint8_t *sealed; /* SKP_SEALED_KEY_LEN bytes; NULL in suite 1 */
};

/* Parse the header at the start of @bytes; what follows it is not looked at.
 * @raw      the bytes are a raw envelope of suite 1.
 * @demand   the only suite to accept, or SKP_SUITE_ANY.
 *   SKP_ERR_INVALID_ARGUMENT  too short, bad magic, reserved bytes not zero,
 *                             or another suite than demanded.
 *   SKP_ERR_UNIMPLEMENTED     a suite that this version does not know. */
SKP_MUST_CHECK enum skp_err skp_header_parse(struct skp_view bytes,
                                             bool raw,
                                             enum skp_suite demand,
                                             struct skp_header *ret,
                                             struct skp_diag *diag);

/* Whom a header is sealed for. */
struct skp_recipient {
    struct skp_view tenant;    /* as given; part of the HPKE info of suite 2 */
    const uint8_t *public_key; /* SKP_KEY_LEN bytes */
    const uint8_t *key_id;     /* SKP_KEY_ID_LEN bytes */
};

/* Make a header and the data key in it.  The ephemeral private key, and in
 * suite 2 the data key, are drawn from @crypto's random table, in that order.
 * @header   takes SKP_HEADER_MAX bytes; *ret_len receives how many were used.
 *   SKP_ERR_INVALID_ARGUMENT  the public key is of low order, or suite 2: the
 *                             tenant is longer than SKP_TENANT_MAX.
 *   SKP_ERR_INTERNAL          no random bytes.
 *   SKP_ERR_UNIMPLEMENTED     no such suite. */
SKP_MUST_CHECK enum skp_err
skp_header_seal(struct skp_crypto *crypto,
                enum skp_suite suite,
                bool raw,
                const struct skp_recipient *recipient,
                uint8_t ret_data_key[SKP_KEY_LEN],
                uint8_t header[SKP_HEADER_MAX],
                size_t *ret_len);

/* Open a header: the data key of suite 2, the stream key of suite 1.
 *   SKP_ERR_INVALID_ARGUMENT  the ephemeral key is a point of low order.
 *   SKP_ERR_DATA_LOSS         suite 2: does not open with this key and
 *                             tenant. */
SKP_MUST_CHECK enum skp_err skp_header_open(struct skp_crypto *crypto,
                                            const struct skp_header *header,
                                            const struct skp_key_pair *keys,
                                            struct skp_view tenant,
                                            uint8_t ret_data_key[SKP_KEY_LEN]);

/* Seal the data key of @header anew for @recipient, with a fresh ephemeral key.
 *   SKP_ERR_FAILED_PRECONDITION  suite 1 cannot be rewrapped.
 *   otherwise as skp_header_open and skp_header_seal. */
SKP_MUST_CHECK enum skp_err
skp_header_rewrap(struct skp_crypto *crypto,
                  const struct skp_header *header,
                  const struct skp_key_pair *old_keys,
                  const struct skp_recipient *recipient,
                  uint8_t ret[SKP_HEADER_2_LEN]);

/* Start the payload of a suite-2 envelope for writing: draws the salt and
 * writes salt and commitment to @ret_head.  Chunks go on with chunked.h.
 *   SKP_ERR_INVALID_ARGUMENT  @aad is longer than SKP_AAD_MAX.
 *   SKP_ERR_INTERNAL          no random bytes. */
SKP_MUST_CHECK enum skp_err
skp_payload_init_seal(struct skp_chunked *chunked,
                      struct skp_crypto *crypto,
                      const uint8_t data_key[SKP_KEY_LEN],
                      struct skp_view aad,
                      uint8_t ret_head[SKP_CHUNKED_HEAD_LEN]);

/* The same for reading.
 *   SKP_ERR_DATA_LOSS         wrong commitment: another data key or aad.
 *   SKP_ERR_INVALID_ARGUMENT  @aad is longer than SKP_AAD_MAX. */
SKP_MUST_CHECK enum skp_err
skp_payload_init_open(struct skp_chunked *chunked,
                      struct skp_crypto *crypto,
                      const uint8_t data_key[SKP_KEY_LEN],
                      struct skp_view aad,
                      const uint8_t head[SKP_CHUNKED_HEAD_LEN]);

/* Write a whole payload (everything after the header) to @ret.  Suite 1 has no
 * place for @aad and does not look at it.
 *   SKP_ERR_RESOURCE_EXHAUSTED  it does not fit.
 *   SKP_ERR_INVALID_ARGUMENT    suite 2: @aad is longer than SKP_AAD_MAX.
 *   SKP_ERR_INTERNAL            no random bytes.
 *   SKP_ERR_UNIMPLEMENTED       no such suite. */
SKP_MUST_CHECK enum skp_err
skp_payload_seal(struct skp_crypto *crypto,
                 enum skp_suite suite,
                 const uint8_t data_key[SKP_KEY_LEN],
                 struct skp_view aad,
                 struct skp_view plaintext,
                 struct skp_buf *ret);

/* Read a whole payload.  Nothing is written to @ret beyond its old length
 * unless all of it is authentic (suite 2).
 *   SKP_ERR_DATA_LOSS           changed, cut or extended; @diag names the byte
 *                               position, in the payload, of the chunk.
 *   SKP_ERR_RESOURCE_EXHAUSTED  it does not fit.
 *   SKP_ERR_INVALID_ARGUMENT    suite 2: @aad is longer than SKP_AAD_MAX.
 *   SKP_ERR_UNIMPLEMENTED       no such suite. */
SKP_MUST_CHECK enum skp_err
skp_payload_open(struct skp_crypto *crypto,
                 enum skp_suite suite,
                 const uint8_t data_key[SKP_KEY_LEN],
                 struct skp_view aad,
                 struct skp_view payload,
                 struct skp_buf *ret,
                 struct skp_diag *diag);

/* Bytes of a payload with @plaintext_len bytes inside; UINT64_MAX when suite 2
 * cannot hold that many (4 PiB or more), or there is no such suite. */
uint64_t skp_payload_len(enum skp_suite suite, uint64_t plaintext_len);

/* The inverse.
 *   SKP_ERR_DATA_LOSS      no plaintext gives that length.
 *   SKP_ERR_UNIMPLEMENTED  no such suite. */
SKP_MUST_CHECK enum skp_err
skp_plaintext_len(enum skp_suite suite, uint64_t payload_len, uint64_t *ret);

#endif /* SKP_ENVELOPE_H */
