/* test_file_open.c - envelopes piece by piece, reading. */
#include <string.h>

#include "libclient/file_open.h"
#include "protocol/key.h"
#include "tests/lib/suite.h"

#define PLAIN_LEN 40000u

static uint8_t plain[PLAIN_LEN];
static uint8_t sealed[PLAIN_LEN + 1000];
static uint8_t opened[PLAIN_LEN + 1000];
static size_t opened_len;
static uint8_t private_key[SKP_KEY_LEN];
static uint8_t public_key[SKP_KEY_LEN];
static uint8_t key_id[SKP_KEY_ID_LEN];
static struct skp_crypto *crypto;

/* Seal the first @len bytes with the whole-buffer functions of protocol/. */
static size_t seal(enum skp_suite suite, bool raw, size_t len)
{
    struct skp_recipient recipient = { skp_view_of("t"), public_key, key_id };
    struct skp_buf buf = skp_buf_over(sealed, sizeof sealed);
    uint8_t data_key[SKP_KEY_LEN];

    if (crypto == NULL) {
        skt_ok(skp_crypto_new(&skp_random_system, &crypto));
        memset(private_key, 9, sizeof private_key);
        skp_key_public(private_key, public_key);
        skp_key_id(public_key, key_id);
        for (size_t i = 0; i < PLAIN_LEN; i++) {
            plain[i] = (uint8_t)(i * 11 + i / 249);
        }
    }
    skt_ok(skp_header_seal(crypto, suite, raw, &recipient, data_key, sealed,
                           &buf.len));
    skt_ok(skp_payload_seal(crypto, suite, data_key,
                            (struct skp_view){ NULL, 0 },
                            (struct skp_view){ plain, len }, &buf));
    return buf.len;
}

static enum skp_err unwrap(void *state,
                           struct skp_view bytes,
                           uint8_t ret_data_key[SKP_KEY_LEN],
                           struct skp_diag *diag)
{
    const bool *raw = state;
    struct skp_key_pair pair = { private_key, public_key };
    struct skp_header header;

    SKP_TRY(skp_header_parse(bytes, *raw, SKP_SUITE_ANY, &header, diag));
    ck_assert_uint_eq(header.len, bytes.len);
    return skp_header_open(crypto, &header, &pair, skp_view_of("t"),
                           ret_data_key);
}

static enum skp_err
collect(void *state, struct skp_view bytes, struct skp_diag *diag)
{
    (void)state;
    (void)diag;
    ck_assert_uint_le(bytes.len, sizeof opened - opened_len);
    memcpy(opened + opened_len, bytes.ptr, bytes.len);
    opened_len += bytes.len;
    return SKP_ERR_OK;
}

static enum skp_err open_in_steps(bool raw,
                                  enum skp_suite demand,
                                  size_t len,
                                  size_t step,
                                  struct skp_diag *diag)
{
    SKP_CLEANUP(skc_file_open_free) struct skc_file_open *open = NULL;
    struct skc_open_options options = { .demand = demand,
                                        .raw = raw,
                                        .unwrapper = { &raw, unwrap } };

    opened_len = 0;
    SKP_TRY(skc_file_open_new(
        &options, (struct skc_sink){ NULL, collect, NULL }, &open, diag));
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;

        SKP_TRY(skc_file_open_update(open, (struct skp_view){ sealed + at, n },
                                     diag));
    }
    return skc_file_open_final(open, diag);
}

START_TEST(pieces_of_any_length_are_read)
{
    static const size_t lens[] = { 0, 1, 16383, 16384, 16385, 32768, 39999 };
    static const size_t steps[] = { 1, 15, 97, 16384, 16400, 50000 };
    struct skp_diag diag = { "" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(lens); i++) {
        for (size_t k = 0; k < SKP_ARRAY_LEN(steps); k++) {
            size_t len = seal(SKP_SUITE_X25519_HPKE_AES256GCM, false, lens[i]);

            skt_ok(open_in_steps(false, SKP_SUITE_X25519_HPKE_AES256GCM, len,
                                 steps[k], &diag));
            ck_assert_uint_eq(opened_len, lens[i]);
            ck_assert_int_eq(memcmp(opened, plain, lens[i]), 0);
        }
    }
}
END_TEST

START_TEST(both_forms_of_suite_1_are_read)
{
    struct skp_diag diag = { "" };
    size_t len = seal(SKP_SUITE_X25519_AES256CTR, false, PLAIN_LEN);

    skt_ok(open_in_steps(false, SKP_SUITE_ANY, len, 1000, &diag));
    ck_assert_int_eq(memcmp(opened, plain, PLAIN_LEN), 0);
    len = seal(SKP_SUITE_X25519_AES256CTR, true, PLAIN_LEN);
    skt_ok(open_in_steps(true, SKP_SUITE_X25519_AES256CTR, len, 7, &diag));
    ck_assert_int_eq(memcmp(opened, plain, PLAIN_LEN), 0);
    ck_assert_uint_eq(opened_len, PLAIN_LEN);
    len = seal(SKP_SUITE_X25519_AES256CTR, true, 0);
    skt_ok(open_in_steps(true, SKP_SUITE_X25519_AES256CTR, len, 7, &diag));
    ck_assert_uint_eq(opened_len, 0);
}
END_TEST

START_TEST(every_cut_is_found)
{
    size_t len = seal(SKP_SUITE_X25519_HPKE_AES256GCM, false, 20000);

    for (size_t cut = 0; cut < len; cut += cut < 200 ? 1 : 401) {
        struct skp_diag diag = { "" };

        skt_err(open_in_steps(false, SKP_SUITE_ANY, cut, 5000, &diag),
                cut < SKP_HEADER_2_LEN ? SKP_ERR_INVALID_ARGUMENT
                                       : SKP_ERR_DATA_LOSS);
        ck_assert_str_ne(diag.text, "");
    }
    /* At the border of two chunks a cut leaves a whole chunk at the end. */
    skt_err(open_in_steps(false, SKP_SUITE_ANY,
                          SKP_HEADER_2_LEN + SKP_CHUNKED_HEAD_LEN +
                              SKP_CHUNK_SEALED_LEN,
                          5000, NULL),
            SKP_ERR_DATA_LOSS);
}
END_TEST

START_TEST(every_changed_byte_is_found)
{
    size_t len = seal(SKP_SUITE_X25519_HPKE_AES256GCM, false, 20000);

    for (size_t at = 0; at < len; at += at < 200 ? 1 : 397) {
        struct skp_diag diag = { "" };

        sealed[at] ^= 0x10;
        ck_assert_int_ne(
            (int)open_in_steps(false, SKP_SUITE_ANY, len, 5000, &diag),
            (int)SKP_ERR_OK);
        sealed[at] ^= 0x10;
    }
    skt_ok(open_in_steps(false, SKP_SUITE_ANY, len, 5000, NULL));
}
END_TEST

START_TEST(the_place_of_a_change_is_told)
{
    size_t len = seal(SKP_SUITE_X25519_HPKE_AES256GCM, false, 20000);
    struct skp_diag diag = { "" };

    sealed[17000] ^= 1;
    skt_err(open_in_steps(false, SKP_SUITE_ANY, len, 999, &diag),
            SKP_ERR_DATA_LOSS);
    /* 96 + 56 + 16400 */
    ck_assert_str_eq(diag.text, "authentication failed at byte 16552: changed "
                                "or cut there");
    ck_assert_uint_eq(opened_len, 16384);
}
END_TEST

START_TEST(another_suite_than_demanded_is_refused)
{
    size_t len = seal(SKP_SUITE_X25519_AES256CTR, false, 10);
    struct skp_diag diag = { "" };

    skt_err(
        open_in_steps(false, SKP_SUITE_X25519_HPKE_AES256GCM, len, 99, &diag),
        SKP_ERR_INVALID_ARGUMENT);
    sealed[4] = 9;
    skt_err(open_in_steps(false, SKP_SUITE_ANY, len, 99, &diag),
            SKP_ERR_UNIMPLEMENTED);
    ck_assert_uint_eq(opened_len, 0);
}
END_TEST

START_TEST(the_output_of_each_call_is_known_before)
{
    size_t len = seal(SKP_SUITE_X25519_HPKE_AES256GCM, false, PLAIN_LEN);
    bool raw = false;
    struct skc_open_options options = { .demand = SKP_SUITE_ANY,
                                        .unwrapper = { &raw, unwrap } };
    struct skc_file_open *open = NULL;
    uint64_t length = 0;

    opened_len = 0;
    skt_ok(skc_file_open_new(&options, (struct skc_sink){ NULL, collect, NULL },
                             &open, NULL));
    for (size_t at = 0; at < len; at += 1111) {
        struct skp_view piece = { sealed + at,
                                  len - at < 1111 ? len - at : 1111 };
        uint64_t most = skc_file_open_update_len(open, piece.len);
        size_t before = opened_len;

        skt_ok(skc_file_open_update(open, piece, NULL));
        if (at >= SKP_HEADER_2_LEN + SKP_CHUNKED_HEAD_LEN) {
            ck_assert_uint_eq(opened_len - before, most);
        }
    }
    ck_assert_uint_eq(skc_file_open_final_len(open), PLAIN_LEN - opened_len);
    ck_assert(!skc_file_open_length(open, &length));
    skt_ok(skc_file_open_final(open, NULL));
    ck_assert(skc_file_open_length(open, &length));
    ck_assert_uint_eq(length, PLAIN_LEN);
    ck_assert_uint_eq(skc_file_open_failed_at(open), UINT64_MAX);
    ck_assert_int_eq((int)skc_file_open_suite(open), 2);
    skc_file_open_free(&open);
}
END_TEST

SKT_SUITE("file_open",
          pieces_of_any_length_are_read,
          both_forms_of_suite_1_are_read,
          every_cut_is_found,
          every_changed_byte_is_found,
          the_place_of_a_change_is_told,
          the_output_of_each_call_is_known_before,
          another_suite_than_demanded_is_refused)
