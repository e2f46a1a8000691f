/* header.c - the part of an envelope that only a private key opens; see
 * envelope.h. */
#include <string.h>

#include <sodium.h>

#include "protocol/envelope.h"

/* "sidekey/v1 dek" 0x00 tenant: longer ids are refused everywhere. */
#define INFO_MAX 160u

/* Offsets in a header. */
#define AT_SUITE    4u
#define AT_RESERVED 5u
#define AT_KEY_ID   8u
#define AT_ENC      SKP_PREFIX_LEN
#define AT_SEALED   48u

static const uint8_t magic[4] = { 'S', 'K', 'E', '1' };

struct suite_row {
    enum skp_suite suite;
    size_t header_len;
    const char *name;
};

static const struct suite_row suite_rows[] = {
    { SKP_SUITE_X25519_AES256CTR, SKP_HEADER_1_LEN, "x25519-aes256ctr" },
    { SKP_SUITE_X25519_HPKE_AES256GCM, SKP_HEADER_2_LEN,
      "x25519-hpke-aes256gcm" },
};

static const struct suite_row *find_suite(unsigned number)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(suite_rows); i++) {
        if ((unsigned)suite_rows[i].suite == number) {
            return &suite_rows[i];
        }
    }
    return NULL;
}

const char *skp_suite_name(enum skp_suite suite)
{
    const struct suite_row *row = find_suite(suite);

    return row == NULL ? NULL : row->name;
}

enum skp_suite skp_suite_from_name(struct skp_view name)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(suite_rows); i++) {
        if (skp_view_equal(name, skp_view_of(suite_rows[i].name))) {
            return suite_rows[i].suite;
        }
    }
    return SKP_SUITE_ANY;
}

size_t skp_header_len(enum skp_suite suite, bool raw)
{
    const struct suite_row *row = find_suite(suite);

    if (row == NULL) {
        return 0;
    }
    return raw && suite == SKP_SUITE_X25519_AES256CTR ? SKP_HEADER_RAW_LEN
                                                      : row->header_len;
}

static enum skp_err parse_raw(struct skp_view bytes,
                              enum skp_suite demand,
                              struct skp_header *ret,
                              struct skp_diag *diag)
{
    if (demand != SKP_SUITE_ANY && demand != SKP_SUITE_X25519_AES256CTR) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a raw envelope is of suite 1, suite %u is demanded",
                        (unsigned)demand);
    }
    if (bytes.len < SKP_HEADER_RAW_LEN) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "envelope is shorter than its header");
    }
    *ret = (struct skp_header){
        .suite = SKP_SUITE_X25519_AES256CTR,
        .raw = true,
        .len = SKP_HEADER_RAW_LEN,
        .enc = bytes.ptr,
    };
    return SKP_ERR_OK;
}

static enum skp_err check_magic(struct skp_view bytes, struct skp_diag *diag)
{
    const struct skp_view expected = { magic, sizeof magic };

    if (bytes.len < SKP_PREFIX_LEN) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "envelope is shorter than its header");
    }
    if (!skp_view_equal((struct skp_view){ bytes.ptr, sizeof magic },
                        expected)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "not an envelope: it does not begin with SKE1");
    }
    return SKP_ERR_OK;
}

static enum skp_err check_suite(struct skp_view bytes,
                                const struct suite_row *row,
                                enum skp_suite demand,
                                struct skp_diag *diag)
{
    const uint8_t *reserved = bytes.ptr + AT_RESERVED;

    if ((reserved[0] | reserved[1] | reserved[2]) != 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "reserved bytes of the envelope are not zero");
    }
    if (demand != SKP_SUITE_ANY && demand != row->suite) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "envelope is of suite %u, suite %u is demanded",
                        (unsigned)row->suite, (unsigned)demand);
    }
    if (bytes.len < row->header_len) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "envelope is shorter than its header");
    }
    return SKP_ERR_OK;
}

enum skp_err skp_header_parse(struct skp_view bytes,
                              bool raw,
                              enum skp_suite demand,
                              struct skp_header *ret,
                              struct skp_diag *diag)
{
    const struct suite_row *row = NULL;

    if (raw) {
        return parse_raw(bytes, demand, ret, diag);
    }
    SKP_TRY(check_magic(bytes, diag));
    /* Before the reserved bytes: a later suite may give them a meaning. */
    row = find_suite(bytes.ptr[AT_SUITE]);
    if (row == NULL) {
        return skp_fail(diag, SKP_ERR_UNIMPLEMENTED, "suite %u is unknown",
                        (unsigned)bytes.ptr[AT_SUITE]);
    }
    SKP_TRY(check_suite(bytes, row, demand, diag));
    *ret = (struct skp_header){
        .suite = row->suite,
        .raw = false,
        .len = row->header_len,
        .prefix = bytes.ptr,
        .key_id = bytes.ptr + AT_KEY_ID,
        .enc = bytes.ptr + AT_ENC,
        .sealed = row->suite == SKP_SUITE_X25519_HPKE_AES256GCM
                      ? bytes.ptr + AT_SEALED
                      : NULL,
    };
    return SKP_ERR_OK;
}

static void put_prefix(enum skp_suite suite,
                       const uint8_t key_id[SKP_KEY_ID_LEN],
                       uint8_t ret[SKP_PREFIX_LEN])
{
    memset(ret, 0, SKP_PREFIX_LEN);
    memcpy(ret, magic, sizeof magic);
    ret[AT_SUITE] = (uint8_t)suite;
    memcpy(ret + AT_KEY_ID, key_id, SKP_KEY_ID_LEN);
}

/* HPKE's info: "sidekey/v1 dek" 0x00 tenant. */
static enum skp_err put_info(struct skp_view tenant, struct skp_buf *ret)
{
    static const char name[] = "sidekey/v1 dek";

    if (tenant.len > SKP_TENANT_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    SKP_TRY(skp_buf_put(ret, name, sizeof name));
    return skp_buf_put(ret, tenant.ptr, tenant.len);
}

/* The stream key of suite 1: SHA-256 of the X25519 result. */
static enum skp_err derive_stream_key(struct skp_crypto *crypto,
                                      const uint8_t private_key[SKP_KEY_LEN],
                                      const uint8_t point[SKP_KEY_LEN],
                                      uint8_t ret[SKP_KEY_LEN])
{
    SKP_WIPED(uint8_t, shared, SKP_KEY_LEN);

    SKP_TRY(skp_crypto_exchange(crypto, private_key, point, shared));
    (void)crypto_hash_sha256(ret, shared, SKP_KEY_LEN);
    return SKP_ERR_OK;
}

/* Seal @data_key for @recipient under a fresh ephemeral key. */
static enum skp_err seal_data_key(struct skp_crypto *crypto,
                                  const struct skp_recipient *recipient,
                                  const uint8_t ephemeral[SKP_KEY_LEN],
                                  const uint8_t data_key[SKP_KEY_LEN],
                                  uint8_t ret[SKP_HEADER_2_LEN])
{
    uint8_t info_bytes[INFO_MAX];
    struct skp_buf info = skp_buf_over(info_bytes, sizeof info_bytes);
    uint8_t header[SKP_HEADER_2_LEN];

    SKP_TRY(put_info(recipient->tenant, &info));
    put_prefix(SKP_SUITE_X25519_HPKE_AES256GCM, recipient->key_id, header);
    SKP_TRY(skp_hpke_seal(crypto, recipient->public_key, ephemeral,
                          (struct skp_view){ info.ptr, info.len },
                          (struct skp_view){ header, SKP_PREFIX_LEN },
                          (struct skp_view){ data_key, SKP_KEY_LEN },
                          header + AT_ENC, header + AT_SEALED));
    memcpy(ret, header, sizeof header);
    return SKP_ERR_OK;
}

static enum skp_err seal_suite_1(const struct skp_recipient *recipient,
                                 bool raw,
                                 const uint8_t ephemeral[SKP_KEY_LEN],
                                 uint8_t ret_data_key[SKP_KEY_LEN],
                                 uint8_t *header)
{
    SKP_WIPED(uint8_t, shared, SKP_KEY_LEN);
    uint8_t public_key[SKP_KEY_LEN];

    SKP_TRY(skp_x25519_ephemeral(ephemeral, recipient->public_key, shared,
                                 public_key));
    (void)crypto_hash_sha256(ret_data_key, shared, SKP_KEY_LEN);
    if (!raw) {
        put_prefix(SKP_SUITE_X25519_AES256CTR, recipient->key_id, header);
        header += SKP_PREFIX_LEN;
    }
    memcpy(header, public_key, SKP_KEY_LEN);
    return SKP_ERR_OK;
}

enum skp_err skp_header_seal(struct skp_crypto *crypto,
                             enum skp_suite suite,
                             bool raw,
                             const struct skp_recipient *recipient,
                             uint8_t ret_data_key[SKP_KEY_LEN],
                             uint8_t header[SKP_HEADER_MAX],
                             size_t *ret_len)
{
    SKP_WIPED(uint8_t, ephemeral, SKP_KEY_LEN);
    SKP_WIPED(uint8_t, data_key, SKP_KEY_LEN);

    if (find_suite(suite) == NULL) {
        return SKP_ERR_UNIMPLEMENTED;
    }
    SKP_TRY(skp_crypto_random(crypto, ephemeral, sizeof ephemeral));
    if (suite == SKP_SUITE_X25519_AES256CTR) {
        SKP_TRY(seal_suite_1(recipient, raw, ephemeral, data_key, header));
    } else {
        SKP_TRY(skp_crypto_random(crypto, data_key, sizeof data_key));
        SKP_TRY(seal_data_key(crypto, recipient, ephemeral, data_key, header));
    }
    memcpy(ret_data_key, data_key, SKP_KEY_LEN);
    *ret_len = skp_header_len(suite, raw);
    return SKP_ERR_OK;
}

enum skp_err skp_header_open(struct skp_crypto *crypto,
                             const struct skp_header *header,
                             const struct skp_key_pair *keys,
                             struct skp_view tenant,
                             uint8_t ret_data_key[SKP_KEY_LEN])
{
    SKP_WIPED(uint8_t, data_key, SKP_KEY_LEN);
    uint8_t info_bytes[INFO_MAX];
    struct skp_buf info = skp_buf_over(info_bytes, sizeof info_bytes);

    if (header->suite == SKP_SUITE_X25519_AES256CTR) {
        SKP_TRY(derive_stream_key(crypto, keys->private_key, header->enc,
                                  data_key));
    } else {
        SKP_TRY(put_info(tenant, &info));
        SKP_TRY(skp_hpke_open(
            crypto, keys, header->enc, (struct skp_view){ info.ptr, info.len },
            (struct skp_view){ header->prefix, SKP_PREFIX_LEN },
            (struct skp_view){ header->sealed, SKP_SEALED_KEY_LEN }, data_key));
    }
    memcpy(ret_data_key, data_key, SKP_KEY_LEN);
    return SKP_ERR_OK;
}

enum skp_err skp_header_rewrap(struct skp_crypto *crypto,
                               const struct skp_header *header,
                               const struct skp_key_pair *old_keys,
                               const struct skp_recipient *recipient,
                               uint8_t ret[SKP_HEADER_2_LEN])
{
    SKP_WIPED(uint8_t, ephemeral, SKP_KEY_LEN);
    SKP_WIPED(uint8_t, data_key, SKP_KEY_LEN);

    if (header->suite != SKP_SUITE_X25519_HPKE_AES256GCM) {
        return SKP_ERR_FAILED_PRECONDITION;
    }
    SKP_TRY(
        skp_header_open(crypto, header, old_keys, recipient->tenant, data_key));
    SKP_TRY(skp_crypto_random(crypto, ephemeral, sizeof ephemeral));
    return seal_data_key(crypto, recipient, ephemeral, data_key, ret);
}
