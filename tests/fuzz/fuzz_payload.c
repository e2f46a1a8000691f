/* fuzz_payload.c - payloads of envelopes.
 *
 * Reaches: protocol/payload.c protocol/chunked.c
 *
 * The input is a list of edits to a valid payload.  Whatever they change, a
 * payload of suite 2 does not open any more and nothing of it comes out; one of
 * suite 1 has no authentication and changes where it was changed.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/golden.h"

#define PLAINTEXT_MAX 40000u
#define PAYLOAD_MAX   65536u
#define FILLER        0xa5
#define OLD_LEN       3u

static const uint8_t data_key[SKP_KEY_LEN] = { 1, 2, 3 };
static uint8_t plaintext[PLAINTEXT_MAX];
/* OLD_LEN bytes, and room for no more than the payload. */
static uint8_t *opened;
static size_t opened_len;

static struct skp_view seal(struct skp_crypto *crypto,
                            enum skp_suite suite,
                            size_t len,
                            uint8_t place[PAYLOAD_MAX])
{
    struct skp_buf payload = skp_buf_over(place, PAYLOAD_MAX);

    skt_plaintext(plaintext, len);
    ck_assert_int_eq(
        skp_payload_seal(crypto, suite, data_key, skp_view_of("aad"),
                         (struct skp_view){ plaintext, len }, &payload),
        SKP_ERR_OK);
    ck_assert_uint_eq(payload.len, skp_payload_len(suite, len));
    return (struct skp_view){ payload.ptr, payload.len };
}

/* Bytes of what was opened that are not the filler any more. */
static bool is_untouched(size_t from)
{
    for (size_t i = from; i < opened_len; i++) {
        if (opened[i] != FILLER) {
            return false;
        }
    }
    return true;
}

/* What skp_payload_open wipes is zero, and else is as it was. */
static bool holds_nothing(void)
{
    for (size_t i = OLD_LEN; i < opened_len; i++) {
        if (opened[i] != FILLER && opened[i] != 0) {
            return false;
        }
    }
    return true;
}

static void check_open(struct skp_crypto *crypto,
                       enum skp_suite suite,
                       struct skp_view aad,
                       struct skp_view payload,
                       size_t plaintext_len,
                       bool is_whole)
{
    struct skp_buf out = skp_buf_over(opened, opened_len);
    struct skp_diag diag = { "" };
    enum skp_err err;

    memset(opened, FILLER, opened_len);
    out.len = OLD_LEN;
    err = skp_payload_open(crypto, suite, data_key, aad, payload, &out, &diag);
    if (is_whole || suite == SKP_SUITE_X25519_AES256CTR) {
        ck_assert_int_eq(err, SKP_ERR_OK);
        ck_assert_uint_eq(out.len - OLD_LEN,
                          is_whole ? plaintext_len : payload.len);
        ck_assert(is_untouched(out.len));
        ck_assert(!is_whole ||
                  memcmp(opened + OLD_LEN, plaintext, plaintext_len) == 0);
    } else {
        ck_assert_int_eq(err, SKP_ERR_DATA_LOSS);
        ck_assert(diag.text[0] != '\0');
        ck_assert_uint_eq(out.len, OLD_LEN);
        ck_assert(holds_nothing());
    }
    ck_assert(opened[0] == FILLER && opened[OLD_LEN - 1] == FILLER);
}

/* Lengths there and back, for any length. */
static void check_lengths(enum skp_suite suite, uint64_t len)
{
    uint64_t back = 0;
    uint64_t payload_len = skp_payload_len(suite, len);

    if (payload_len != UINT64_MAX) {
        ck_assert_int_eq(skp_plaintext_len(suite, payload_len, &back),
                         SKP_ERR_OK);
        ck_assert_uint_eq(back, len);
    }
    if (skp_plaintext_len(suite, len, &back) == SKP_ERR_OK) {
        ck_assert_uint_eq(skp_payload_len(suite, back), len);
    }
}

/* A chunk opens at its own place only. */
static void
check_chunk(struct skp_crypto *crypto, struct skp_view payload, uint64_t index)
{
    struct skp_chunked chunked = { 0 };
    struct skp_view chunks = { payload.ptr + SKP_CHUNKED_HEAD_LEN,
                               payload.len - SKP_CHUNKED_HEAD_LEN };
    bool is_last = chunks.len < SKP_CHUNK_SEALED_LEN;

    ck_assert_int_eq(skp_payload_init_open(&chunked, crypto, data_key,
                                           skp_view_of("aad"), payload.ptr),
                     SKP_ERR_OK);
    chunks.len = is_last ? chunks.len : SKP_CHUNK_SEALED_LEN;
    ck_assert_int_eq(skp_chunked_open(&chunked, 0, is_last, chunks, opened),
                     SKP_ERR_OK);
    ck_assert_int_ne(skp_chunked_open(&chunked, 0, !is_last, chunks, opened),
                     SKP_ERR_OK);
    if (index > 0) {
        ck_assert_int_ne(
            skp_chunked_open(&chunked, index, is_last, chunks, opened),
            SKP_ERR_OK);
    }
    skp_chunked_done(&chunked);
}

void skt_fuzz_payload(struct skp_view input)
{
    static const size_t lens[] = {
        17, 0, 1, 16383, 16384, 16385, 32768, 40000
    };
    static uint8_t place[PAYLOAD_MAX];
    static uint8_t original[PAYLOAD_MAX];
    uint8_t flags = skt_fuzz_byte(&input);
    uint64_t number = skt_fuzz_number(&input, 8);
    enum skp_suite suite = (flags & 1u) != 0 ? SKP_SUITE_X25519_AES256CTR
                                             : SKP_SUITE_X25519_HPKE_AES256GCM;
    size_t len = lens[flags >> 1 & 7u];
    bool is_other_aad =
        (flags & 16u) != 0 && suite == SKP_SUITE_X25519_HPKE_AES256GCM;
    struct skp_buf edited = skp_buf_over(place, sizeof place);
    struct skp_crypto *crypto = NULL;
    struct skp_view sealed;
    uint8_t *copy;

    check_lengths(suite, number);
    skt_fuzz_random_restart();
    ck_assert_int_eq(skp_crypto_new(&skt_fuzz_random, &crypto), SKP_ERR_OK);
    sealed = seal(crypto, suite, len, original);
    memcpy(place, original, sealed.len);
    edited.len = sealed.len;
    skt_fuzz_edit(input, &edited);
    opened_len = OLD_LEN + (edited.len > sealed.len ? edited.len : sealed.len);
    opened = malloc(opened_len);
    ck_assert_ptr_nonnull(opened);
    copy = skt_fuzz_copy((struct skp_view){ edited.ptr, edited.len });
    check_open(crypto, suite, skp_view_of(is_other_aad ? "aaD" : "aad"),
               (struct skp_view){ copy, edited.len }, len,
               !is_other_aad && edited.len == sealed.len &&
                   memcmp(copy, original, sealed.len) == 0);
    if (suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        check_chunk(crypto, sealed, number);
    }
    free(copy);
    free(opened);
    skp_crypto_free(&crypto);
}

SKT_FUZZ_DOOR(payload)
