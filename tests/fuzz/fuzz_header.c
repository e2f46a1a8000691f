/* fuzz_header.c - headers of envelopes, and X25519 and HPKE behind them.
 *
 * Reaches: protocol/header.c protocol/hpke.c
 *
 * The input is a header, or edits of a golden one.  No header of suite 2 opens
 * but the golden one, with its own tenant; what opens can be rewrapped, and
 * then has the same data key inside.  What is sealed opens.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/golden.h"
#include "tests/lib/suite.h"

#define INPUT_MAX 1024u

struct stage {
    struct skp_crypto *crypto;
    struct skt_key key;
    struct skp_view golden; /* the one header of suite 2 that may open */
    const char *tenant;
};

/* skt_hex keeps what it gives, so each golden header is made once. */
static struct skp_view golden_header(const struct skt_golden *golden)
{
    static struct {
        const struct skt_golden *golden;
        struct skp_view bytes;
    } rows[4];
    size_t i = 0;

    while (rows[i].golden != NULL && rows[i].golden != golden) {
        i++;
    }
    if (rows[i].golden == NULL) {
        rows[i].golden = golden;
        rows[i].bytes = skt_hex(golden->header);
    }
    return rows[i].bytes;
}

static void check_parse(struct skp_view bytes,
                        const struct skp_header *header,
                        bool raw,
                        enum skp_suite demand)
{
    struct skp_header again;

    ck_assert(demand == SKP_SUITE_ANY || header->suite == demand);
    ck_assert_uint_eq(header->len, skp_header_len(header->suite, raw));
    ck_assert_uint_le(header->len, bytes.len);
    ck_assert(skt_fuzz_is_within((struct skp_view){ header->enc, SKP_KEY_LEN },
                                 bytes));
    ck_assert(header->raw == (header->key_id == NULL));
    ck_assert((header->sealed != NULL) ==
              (header->suite == SKP_SUITE_X25519_HPKE_AES256GCM));
    for (size_t len = 0; len <= header->len; len++) {
        enum skp_err err = skp_header_parse((struct skp_view){ bytes.ptr, len },
                                            raw, demand, &again, NULL);

        ck_assert_int_eq(err, len < header->len ? SKP_ERR_INVALID_ARGUMENT
                                                : SKP_ERR_OK);
    }
}

static void check_rewrap(struct stage *stage,
                         const struct skp_header *header,
                         const uint8_t data_key[SKP_KEY_LEN])
{
    struct skp_key_pair keys = skt_key_pair(&stage->key);
    struct skp_recipient recipient = skt_recipient(&stage->key, stage->tenant);
    uint8_t rewrapped[SKP_HEADER_2_LEN];
    uint8_t key[SKP_KEY_LEN];
    struct skp_header parsed;

    ck_assert_int_eq(
        skp_header_rewrap(stage->crypto, header, &keys, &recipient, rewrapped),
        SKP_ERR_OK);
    ck_assert_int_eq(
        skp_header_parse((struct skp_view){ rewrapped, sizeof rewrapped },
                         false, SKP_SUITE_ANY, &parsed, NULL),
        SKP_ERR_OK);
    ck_assert_int_eq(
        skp_header_open(stage->crypto, &parsed, &keys, recipient.tenant, key),
        SKP_ERR_OK);
    ck_assert(memcmp(key, data_key, sizeof key) == 0);
    ck_assert(memcmp(rewrapped, header->prefix, sizeof rewrapped) != 0);
}

static void check_open(struct stage *stage, const struct skp_header *header)
{
    struct skp_key_pair keys = skt_key_pair(&stage->key);
    struct skp_recipient recipient = skt_recipient(&stage->key, stage->tenant);
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t rewrapped[SKP_HEADER_2_LEN];
    enum skp_err err = skp_header_open(stage->crypto, header, &keys,
                                       recipient.tenant, data_key);

    if (header->suite == SKP_SUITE_X25519_AES256CTR) {
        ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
        ck_assert_int_eq(skp_header_rewrap(stage->crypto, header, &keys,
                                           &recipient, rewrapped),
                         SKP_ERR_FAILED_PRECONDITION);
        return;
    }
    if (err != SKP_ERR_OK) {
        ck_assert(err == SKP_ERR_DATA_LOSS || err == SKP_ERR_INVALID_ARGUMENT);
        ck_assert_int_eq(skp_header_rewrap(stage->crypto, header, &keys,
                                           &recipient, rewrapped),
                         err);
        return;
    }
    ck_assert(stage->golden.len == header->len &&
              memcmp(stage->golden.ptr, header->prefix, header->len) == 0);
    check_rewrap(stage, header, data_key);
}

static void check_header(const struct skt_golden *golden,
                         struct skp_view bytes,
                         bool raw,
                         enum skp_suite demand)
{
    struct stage stage = { .tenant = golden->tenant };
    struct skp_header header;
    struct skp_diag diag = { "" };
    enum skp_err err = skp_header_parse(bytes, raw, demand, &header, &diag);

    if (err != SKP_ERR_OK) {
        ck_assert(err == SKP_ERR_INVALID_ARGUMENT ||
                  err == SKP_ERR_UNIMPLEMENTED);
        ck_assert(diag.text[0] != '\0');
        return;
    }
    check_parse(bytes, &header, raw, demand);
    stage.golden = golden_header(golden);
    skt_key_init(&stage.key, golden->seed);
    skt_fuzz_random_restart();
    ck_assert_int_eq(skp_crypto_new(&skt_fuzz_random, &stage.crypto),
                     SKP_ERR_OK);
    check_open(&stage, &header);
    skp_crypto_free(&stage.crypto);
}

static void check_names(enum skp_suite suite)
{
    const char *name = skp_suite_name(suite);

    ck_assert((name == NULL) == (skp_header_len(suite, false) == 0));
    if (name != NULL) {
        ck_assert_int_eq(skp_suite_from_name(skp_view_of(name)), suite);
    }
}

/* A header made of suite @suite, if there is such a suite, has inside what its
 * maker got; and only a tenant id of no more than the limit has one. */
static void
check_seal(const struct skt_golden *golden, bool raw, enum skp_suite suite)
{
    static const uint8_t long_id[SKP_TENANT_MAX + 1] = { 'x' };
    struct stage stage = { .tenant = golden->tenant };
    struct skp_recipient recipient;
    struct skp_key_pair keys;
    uint8_t bytes[SKP_HEADER_MAX];
    uint8_t made[SKP_KEY_LEN];
    uint8_t opened[SKP_KEY_LEN];
    struct skp_header header;
    size_t len = 0;
    bool exists = skp_header_len(suite, raw) != 0;

    skt_key_init(&stage.key, golden->seed);
    recipient = skt_recipient(&stage.key, stage.tenant);
    keys = skt_key_pair(&stage.key);
    skt_fuzz_random_restart();
    ck_assert_int_eq(skp_crypto_new(&skt_fuzz_random, &stage.crypto),
                     SKP_ERR_OK);
    ck_assert_int_eq(skp_header_seal(stage.crypto, suite, raw, &recipient, made,
                                     bytes, &len),
                     exists ? SKP_ERR_OK : SKP_ERR_UNIMPLEMENTED);
    if (exists) {
        raw = raw && suite == SKP_SUITE_X25519_AES256CTR;
        ck_assert_int_eq(skp_header_parse((struct skp_view){ bytes, len }, raw,
                                          suite, &header, NULL),
                         SKP_ERR_OK);
        ck_assert_int_eq(skp_header_open(stage.crypto, &header, &keys,
                                         recipient.tenant, opened),
                         SKP_ERR_OK);
        ck_assert(memcmp(made, opened, sizeof made) == 0);
    }
    recipient.tenant = (struct skp_view){ long_id, sizeof long_id };
    ck_assert(suite != SKP_SUITE_X25519_HPKE_AES256GCM ||
              skp_header_seal(stage.crypto, suite, raw, &recipient, made, bytes,
                              &len) == SKP_ERR_INVALID_ARGUMENT);
    skp_crypto_free(&stage.crypto);
}

void skt_fuzz_header(struct skp_view input)
{
    static const struct skt_golden *const goldens[] = {
        &skt_golden_2,
        &skt_golden_1,
        &skt_golden_2,
        &skt_golden_former,
    };
    uint8_t flags = skt_fuzz_byte(&input);
    unsigned which = flags >> 3 & 3u;
    uint8_t place[INPUT_MAX];
    struct skp_buf message = skp_buf_over(place, sizeof place);
    uint8_t *copy;

    if (input.len > INPUT_MAX / 2) {
        return;
    }
    if (which == 0) {
        ck_assert_int_eq(skp_buf_put(&message, input.ptr, input.len),
                         SKP_ERR_OK);
    } else {
        struct skp_view golden = golden_header(goldens[which]);

        ck_assert_int_eq(skp_buf_put(&message, golden.ptr, golden.len),
                         SKP_ERR_OK);
        skt_fuzz_edit(input, &message);
    }
    if (input.len == 0) {
        check_seal(goldens[which], (flags & 1u) != 0,
                   (enum skp_suite)(flags >> 1 & 3u));
        check_names((enum skp_suite)(flags >> 1 & 3u));
    }
    copy = skt_fuzz_copy((struct skp_view){ message.ptr, message.len });
    check_header(goldens[which], (struct skp_view){ copy, message.len },
                 (flags & 1u) != 0, (enum skp_suite)(flags >> 1 & 3u));
    free(copy);
}

SKT_FUZZ_DOOR(header)
