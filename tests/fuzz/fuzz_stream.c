/* fuzz_stream.c - whole envelopes that are opened piece by piece.
 *
 * Reaches: libclient/file_open.c
 *
 * The input chooses how an envelope is made and opened, the length of its
 * plaintext and of the pieces, and edits to it.  What was not changed opens to
 * its plaintext; in suite 2 what was changed never ends well, and what came out
 * before is the beginning of the plaintext.
 */
#include <stdlib.h>
#include <string.h>

#include "libclient/file_open.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/serving.h"

#define PLAIN_MAX    (3u * SKP_CHUNK_LEN + 5u)
#define ENVELOPE_MAX (PLAIN_MAX + 8192u)
#define TENANT       "a"

/* Bits of the first byte of an input. */
#define IS_SUITE_1(how)  (((how)&1u) != 0)
#define IS_RAW(how)      (((how)&2u) != 0)
#define IS_DEMANDED(how) (((how)&4u) != 0) /* suite 2 */
#define HAS_AAD(how)     (((how)&8u) != 0)
#define IS_CUT_OFF(how)  (((how)&16u) != 0)  /* the agent fails */
#define IS_PART(how)     (((how)&64u) != 0)  /* open some of the payload only */
#define IS_OTHER(how)    (((how)&128u) != 0) /* with another aad */
#define IS_FULL(how)     (((how)&32u) != 0)  /* so does the sink */

static uint8_t plain[PLAIN_MAX];

/* ---- the ends of a stream ------------------------------------------------ */

struct place {
    struct skp_buf bytes;
    uint64_t allowed; /* bytes that it may still be given */
};

static enum skp_err
write_all(void *state, struct skp_view bytes, struct skp_diag *diag)
{
    struct place *place = state;

    (void)diag;
    ck_assert_uint_le(bytes.len, place->allowed);
    place->allowed -= bytes.len;
    return skp_buf_put(&place->bytes, bytes.ptr, bytes.len);
}

static enum skp_err unwrap(void *state,
                           struct skp_view header,
                           uint8_t ret_data_key[SKP_KEY_LEN],
                           struct skp_diag *diag)
{
    const unsigned *how = state;
    struct skt_key key = skt_key_number(2);
    struct skp_key_pair keys = { key.private_key, key.public_key };
    struct skp_crypto *crypto = NULL;
    struct skp_header parsed;
    enum skp_err err;

    if (IS_CUT_OFF(*how)) {
        return SKP_ERR_UNAVAILABLE;
    }
    ck_assert_int_eq(skp_crypto_new(&skt_fuzz_random, &crypto), SKP_ERR_OK);
    err = skp_header_parse(header, IS_RAW(*how), SKP_SUITE_ANY, &parsed, diag);
    ck_assert(err == SKP_ERR_OK || IS_PART(*how));
    if (err == SKP_ERR_OK) {
        ck_assert_uint_eq(parsed.len, header.len);
        err = skp_header_open(crypto, &parsed, &keys, skp_view_of(TENANT),
                              ret_data_key);
    }
    skp_crypto_free(&crypto);
    return err;
}

static enum skp_suite suite_of(unsigned how)
{
    return IS_SUITE_1(how) ? SKP_SUITE_X25519_AES256CTR
                           : SKP_SUITE_X25519_HPKE_AES256GCM;
}

static struct skp_view aad_of(unsigned how)
{
    if (IS_OTHER(how)) {
        return skp_view_of("other");
    }
    return skp_view_of(HAS_AAD(how) ? "aad" : "");
}

/* ---- an envelope --------------------------------------------------------- */

static void seal(unsigned how, size_t plain_len, struct skp_buf *ret)
{
    struct skt_key key = skt_key_number(2);
    struct place place = { *ret, UINT64_MAX };
    struct skc_seal_options options = {
        .recipient = { skp_view_of(TENANT), key.public_key, key.key_id },
        .suite = suite_of(how),
        .raw = IS_RAW(how),
        .aad = skp_view_of(HAS_AAD(how) ? "aad" : ""),
    };
    struct skc_file_seal *seal = NULL;

    skt_fuzz_random_restart();
    ck_assert_int_eq(
        skc_file_seal_new(&options, &skt_fuzz_random,
                          (struct skc_sink){ &place, write_all, NULL }, &seal,
                          NULL),
        SKP_ERR_OK);
    ck_assert_int_eq(
        skc_file_seal_update(seal, (struct skp_view){ plain, plain_len }, NULL),
        SKP_ERR_OK);
    ck_assert_int_eq(skc_file_seal_final(seal, NULL), SKP_ERR_OK);
    skc_file_seal_free(&seal);
    *ret = place.bytes;
}

/* ---- and its opening ----------------------------------------------------- */

/* Push @bytes in pieces of @step and end. */
static enum skp_err pull(struct skc_file_open *open,
                         struct skp_view bytes,
                         size_t step,
                         struct place *place)
{
    struct skp_diag diag = { "" };
    enum skp_err err = SKP_ERR_OK;

    while (err == SKP_ERR_OK && bytes.len > 0) {
        struct skp_view piece = skt_fuzz_take(&bytes, step);
        uint8_t *copy = skt_fuzz_copy(piece);

        place->allowed = skc_file_open_update_len(open, piece.len);
        err = skc_file_open_update(open, (struct skp_view){ copy, piece.len },
                                   &diag);
        free(copy);
    }
    if (err == SKP_ERR_OK) {
        place->allowed = skc_file_open_final_len(open);
        err = skc_file_open_final(open, &diag);
    }
    ck_assert((err == SKP_ERR_DATA_LOSS) ==
              (skc_file_open_failed_at(open) != UINT64_MAX));
    return err;
}

static void check_end(const struct skc_file_open *open,
                      unsigned how,
                      enum skp_err err,
                      struct skp_view out,
                      struct skp_view expected)
{
    uint64_t len = UINT64_MAX;
    bool is_suite_2 =
        skc_file_open_suite(open) == SKP_SUITE_X25519_HPKE_AES256GCM;

    ck_assert(skc_file_open_length(open, &len) ==
              (err == SKP_ERR_OK && is_suite_2));
    ck_assert(len == UINT64_MAX || len == out.len);
    ck_assert(!is_suite_2 || IS_RAW(how) || out.len <= expected.len);
    ck_assert(!is_suite_2 || out.len == 0 ||
              memcmp(out.ptr, expected.ptr, out.len) == 0);
    if (err == SKP_ERR_OK && is_suite_2) {
        ck_assert_uint_eq(out.len, expected.len);
    }
}

static enum skp_err open_envelope(unsigned how,
                                  size_t step,
                                  struct skp_view envelope,
                                  struct skp_view expected)
{
    static uint8_t out[ENVELOPE_MAX];
    struct place place = {
        skp_buf_over(out, IS_FULL(how) ? SKP_CHUNK_LEN : sizeof out), 0
    };
    struct skc_open_options options = {
        .demand =
            IS_DEMANDED(how) ? SKP_SUITE_X25519_HPKE_AES256GCM : SKP_SUITE_ANY,
        .raw = IS_RAW(how),
        .aad = aad_of(how),
        .unwrapper = { &how, unwrap },
    };
    struct skc_file_open *open = NULL;
    size_t held = skp_secret_held();
    enum skp_err err;

    ck_assert_int_eq(skc_file_open_new(
                         &options, (struct skc_sink){ &place, write_all, NULL },
                         &open, NULL),
                     SKP_ERR_OK);
    err = pull(open, envelope, step, &place);
    check_end(open, how, err,
              (struct skp_view){ place.bytes.ptr, place.bytes.len }, expected);
    ck_assert(err != SKP_ERR_OK || IS_SUITE_1(how) ||
              place.bytes.len == expected.len);
    skc_file_open_free(&open);
    ck_assert_uint_eq(skp_secret_held(), held);
    return err;
}

/* Open bytes 3 to 12 of the plaintext from all of the payload, or one byte less
 * or more than that; nothing else comes out of an authentic one. */
static void open_part(unsigned how,
                      size_t step,
                      struct skp_view envelope,
                      struct skp_view expected)
{
    uint8_t out[16];
    struct place place = { skp_buf_over(out, sizeof out), 10 };
    uint8_t data_key[SKP_KEY_LEN];
    enum skp_suite suite = suite_of(how);
    size_t header_len = skp_header_len(suite, IS_RAW(how));
    size_t head_len = header_len + (IS_SUITE_1(how) ? 0 : SKP_CHUNKED_HEAD_LEN);
    struct skp_view header = { envelope.ptr, header_len };
    struct skc_file_open *open = NULL;
    uint64_t failed_at = UINT64_MAX;
    struct skc_open_part part;
    enum skp_err err;

    if (envelope.len < head_len || IS_CUT_OFF(how) ||
        unwrap(&how, header, data_key, NULL) != SKP_ERR_OK) {
        return;
    }
    part = (struct skc_open_part){ suite,
                                   data_key,
                                   envelope.ptr + header_len,
                                   aad_of(how),
                                   head_len,
                                   0,
                                   envelope.len - head_len + step % 3 - 1,
                                   step % 5 != 0,
                                   true,
                                   3,
                                   10 };
    err =
        skc_file_open_part(&part, (struct skc_sink){ &place, write_all, NULL },
                           &open, &failed_at, NULL);
    ck_assert((err == SKP_ERR_OK) == (open != NULL));
    if (err != SKP_ERR_OK) {
        return;
    }
    (void)skt_fuzz_take(&envelope, head_len);
    while (err == SKP_ERR_OK && envelope.len > 0) {
        err = skc_file_open_update(open, skt_fuzz_take(&envelope, step), NULL);
    }
    if (err == SKP_ERR_OK) {
        err = skc_file_open_final(open, NULL);
    }
    ck_assert(IS_SUITE_1(how) || place.bytes.len == 0 ||
              (place.bytes.len + 3 <= expected.len &&
               memcmp(out, expected.ptr + 3, place.bytes.len) == 0));
    skc_file_open_free(&open);
}

/* Aad over the limit is refused before anything else. */
static void check_long_aad(void)
{
    static const uint8_t aad[SKP_AAD_MAX + 1];
    struct place place = { skp_buf_over(NULL, 0), 0 };
    struct skc_open_options options = { .aad = { aad, sizeof aad } };
    struct skc_file_open *open = NULL;

    ck_assert_int_eq(skc_file_open_new(
                         &options, (struct skc_sink){ &place, write_all, NULL },
                         &open, NULL),
                     SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_null(open);
}

/* ---- the door ------------------------------------------------------------ */

static bool can_be_made(unsigned how)
{
    return IS_SUITE_1(how) ? !HAS_AAD(how) : !IS_RAW(how);
}

static bool should_open(unsigned how, size_t plain_len)
{
    return !IS_CUT_OFF(how) && !(IS_OTHER(how) && !IS_SUITE_1(how)) &&
           !(IS_DEMANDED(how) && IS_SUITE_1(how)) &&
           !(IS_FULL(how) && plain_len > SKP_CHUNK_LEN);
}

void skt_fuzz_stream(struct skp_view input)
{
    static uint8_t place[ENVELOPE_MAX];
    static uint8_t original[ENVELOPE_MAX];
    struct skp_buf envelope = skp_buf_over(place, sizeof place);
    unsigned how = skt_fuzz_byte(&input);
    size_t plain_len = skt_fuzz_number(&input, 2) % (PLAIN_MAX + 1);
    size_t step = skt_fuzz_number(&input, 2) % 20000 + 1;
    size_t len;
    enum skp_err err;

    if (!can_be_made(how) || input.len > 1024) {
        check_long_aad();
        return;
    }
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 7 + i / 251);
    }
    seal(how, plain_len, &envelope);
    len = envelope.len;
    memcpy(original, place, len);
    skt_fuzz_edit(input, &envelope);
    /* Few pieces are enough, and quicker. */
    step += envelope.len / 64;
    if (IS_PART(how)) {
        open_part(how, step, (struct skp_view){ place, envelope.len },
                  (struct skp_view){ plain, plain_len });
        return;
    }
    err = open_envelope(how, step, (struct skp_view){ place, envelope.len },
                        (struct skp_view){ plain, plain_len });
    if (envelope.len == len && memcmp(original, place, len) == 0) {
        ck_assert((err == SKP_ERR_OK) == should_open(how, plain_len));
    } else {
        ck_assert(IS_SUITE_1(how) || err != SKP_ERR_OK);
    }
}

SKT_FUZZ_DOOR(stream)
