/* test_file_seal.c - envelopes piece by piece, writing. */
#include <string.h>

#include "libclient/file_seal.h"
#include "protocol/key.h"
#include "tests/lib/suite.h"

#define BYTES_MAX 100000u

static uint8_t plain[BYTES_MAX];

/* Where the pieces go; fails when @room is used up. */
struct collector {
    size_t len;
    size_t room;
    uint8_t bytes[BYTES_MAX + 1000];
};

static enum skp_err
collect(void *state, struct skp_view bytes, struct skp_diag *diag)
{
    struct collector *collector = state;

    if (bytes.len > collector->room - collector->len) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "disk is full");
    }
    memcpy(collector->bytes + collector->len, bytes.ptr, bytes.len);
    collector->len += bytes.len;
    return SKP_ERR_OK;
}

static struct collector collector;
static uint8_t private_key[SKP_KEY_LEN];
static uint8_t public_key[SKP_KEY_LEN];
static uint8_t key_id[SKP_KEY_ID_LEN];

static struct skc_seal_options set_up(enum skp_suite suite)
{
    memset(private_key, 7, sizeof private_key);
    skp_key_public(private_key, public_key);
    skp_key_id(public_key, key_id);
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 7 + i / 253);
    }
    collector.len = 0;
    collector.room = sizeof collector.bytes;
    return (struct skc_seal_options){
        .recipient = { skp_view_of("t"), public_key, key_id },
        .suite = suite,
    };
}

static enum skp_err seal_in_steps(const struct skc_seal_options *options,
                                  size_t len,
                                  size_t step,
                                  struct skp_diag *diag)
{
    SKP_CLEANUP(skc_file_seal_free) struct skc_file_seal *seal = NULL;

    SKP_TRY(skc_file_seal_new(options, &skp_random_system,
                              (struct skc_sink){ &collector, collect, NULL },
                              &seal, diag));
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;

        SKP_TRY(skc_file_seal_update(seal, (struct skp_view){ plain + at, n },
                                     diag));
    }
    return skc_file_seal_final(seal, diag);
}

/* Open what was collected with the whole-buffer functions of protocol/. */
static void opens_to(const struct skc_seal_options *options, size_t len)
{
    static uint8_t opened[BYTES_MAX + 1000];
    struct skp_buf buf = skp_buf_over(opened, sizeof opened);
    struct skp_view bytes = { collector.bytes, collector.len };
    struct skp_key_pair pair = { private_key, public_key };
    struct skp_diag diag = { "" };
    struct skp_crypto *crypto = NULL;
    struct skp_header header;
    uint8_t data_key[SKP_KEY_LEN];

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    skt_ok(
        skp_header_parse(bytes, options->raw, options->suite, &header, &diag));
    skt_ok(skp_header_open(crypto, &header, &pair, options->recipient.tenant,
                           data_key));
    bytes.ptr += header.len;
    bytes.len -= header.len;
    skt_ok(skp_payload_open(crypto, options->suite, data_key, options->aad,
                            bytes, &buf, &diag));
    ck_assert_uint_eq(buf.len, len);
    ck_assert_int_eq(memcmp(opened, plain, len), 0);
    skp_crypto_free(&crypto);
}

START_TEST(pieces_of_any_length_make_one_envelope)
{
    static const size_t lens[] = { 0, 1, 16383, 16384, 16385, 65536, 99999 };
    static const size_t steps[] = { 1000, 16384, 16385, BYTES_MAX };
    struct skc_seal_options options = set_up(SKP_SUITE_X25519_HPKE_AES256GCM);
    struct skp_diag diag = { "" };

    options.aad = skp_view_of("row 7");
    for (size_t i = 0; i < SKP_ARRAY_LEN(lens); i++) {
        for (size_t k = 0; k < SKP_ARRAY_LEN(steps); k++) {
            collector.len = 0;
            skt_ok(seal_in_steps(&options, lens[i], steps[k], &diag));
            ck_assert_uint_eq(collector.len,
                              SKP_HEADER_2_LEN +
                                  skp_payload_len(options.suite, lens[i]));
            opens_to(&options, lens[i]);
        }
    }
}
END_TEST

START_TEST(suite_1_has_no_overhead_but_its_header)
{
    struct skc_seal_options options = set_up(SKP_SUITE_X25519_AES256CTR);
    struct skp_diag diag = { "" };

    skt_ok(seal_in_steps(&options, 50001, 7777, &diag));
    ck_assert_uint_eq(collector.len, SKP_HEADER_1_LEN + 50001);
    opens_to(&options, 50001);
    options.raw = true;
    collector.len = 0;
    skt_ok(seal_in_steps(&options, 33, 10, &diag));
    ck_assert_uint_eq(collector.len, SKP_HEADER_RAW_LEN + 33);
    opens_to(&options, 33);
}
END_TEST

START_TEST(a_full_disk_is_an_error_wherever_it_comes)
{
    struct skc_seal_options options = set_up(SKP_SUITE_X25519_HPKE_AES256GCM);
    static const size_t rooms[] = { 0, 95, 96, 151, 152, 20000, 40199 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rooms); i++) {
        struct skp_diag diag = { "" };

        collector.len = 0;
        collector.room = rooms[i];
        skt_err(seal_in_steps(&options, 40000, 1000, &diag),
                SKP_ERR_RESOURCE_EXHAUSTED);
        ck_assert_str_eq(diag.text, "disk is full");
    }
}
END_TEST

START_TEST(what_cannot_be_is_refused_before_anything_is_written)
{
    static const uint8_t long_aad[SKP_AAD_MAX + 1];
    struct skc_seal_options options = set_up((enum skp_suite)3);
    struct skp_diag diag = { "" };

    skt_err(seal_in_steps(&options, 1, 1, &diag), SKP_ERR_UNIMPLEMENTED);
    options = set_up(SKP_SUITE_X25519_HPKE_AES256GCM);
    options.raw = true;
    skt_err(seal_in_steps(&options, 1, 1, &diag), SKP_ERR_INVALID_ARGUMENT);
    options = set_up(SKP_SUITE_X25519_AES256CTR);
    options.aad = skp_view_of("x");
    skt_err(seal_in_steps(&options, 1, 1, &diag), SKP_ERR_INVALID_ARGUMENT);
    options = set_up(SKP_SUITE_X25519_HPKE_AES256GCM);
    options.aad = (struct skp_view){ long_aad, sizeof long_aad };
    skt_err(seal_in_steps(&options, 1, 1, &diag), SKP_ERR_INVALID_ARGUMENT);
    options = set_up(SKP_SUITE_X25519_HPKE_AES256GCM);
    memset(public_key, 0, sizeof public_key);
    skt_err(seal_in_steps(&options, 1, 1, &diag), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(collector.len, 0);
}
END_TEST

SKT_SUITE("file_seal",
          pieces_of_any_length_make_one_envelope,
          suite_1_has_no_overhead_but_its_header,
          a_full_disk_is_an_error_wherever_it_comes,
          what_cannot_be_is_refused_before_anything_is_written)
