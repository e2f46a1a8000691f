/* test_stream_open.c - opening into the caller's buffers. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/envelopes.h"
#include "tests/lib/streams.h"
#include "tests/lib/suite.h"

#define THREE_CHUNKS 40000u
#define CHUNKS_AT    152u
#define SEALED_LEN   16400u

static uint8_t plain[SKT_ENVELOPE_MAX];
static uint8_t sealed[SKT_ENVELOPE_MAX];
static uint8_t opened[SKT_ENVELOPE_MAX];
static size_t sealed_len;
static size_t opened_len;

static const struct sidekey_options suite_1 = {
    .suite = SIDEKEY_SUITE_X25519_AES256CTR
};
static const struct sidekey_options raw = { .raw = true };

static void seal(const struct sidekey_options *options, size_t len)
{
    struct skp_buf buf = skp_buf_over(sealed, sizeof sealed);

    skt_plaintext(plain, len);
    skt_stream_seal(options, (struct skp_view){ plain, len }, &buf);
    sealed_len = buf.len;
}

static enum sidekey_status
pull(struct sidekey_open_stream *stream, size_t len, struct skt_dice *dice)
{
    struct skp_buf buf = skp_buf_over(opened, sizeof opened);
    enum sidekey_status status =
        skt_stream_pull(stream, (struct skp_view){ sealed, len }, dice, &buf);

    opened_len = buf.len;
    return status;
}

static struct sidekey_open_stream *begin(const struct sidekey_options *options,
                                         const struct sidekey_data_key *key)
{
    struct sidekey_open_stream *stream = NULL;

    skt_status_ok(sidekey_open_stream_new_key(key, options, &stream));
    return stream;
}

/* Open the first @len bytes of what is sealed. */
static enum sidekey_status
open_with(const struct sidekey_data_key *key, size_t len, uint64_t seed)
{
    struct sidekey_open_stream *stream = begin(NULL, key);
    struct skt_dice dice = skt_dice(seed);
    enum sidekey_status status = pull(stream, len, &dice);

    sidekey_open_stream_free(&stream);
    return status;
}

static void opens_alike(const struct sidekey_options *options, size_t len)
{
    struct sidekey_data_key key;

    seal(options, len);
    key = skt_stream_unwrap(sealed, options->raw);
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct sidekey_open_stream *stream = begin(options, &key);
        struct skt_dice dice = skt_dice(seed);
        uint64_t proven = 0;
        bool is_suite_2 = key.suite == SIDEKEY_SUITE_X25519_HPKE_AES256GCM;

        ck_assert(!sidekey_open_stream_length(stream, &proven));
        skt_status_ok(pull(stream, sealed_len, &dice));
        ck_assert_uint_eq(opened_len, len);
        ck_assert_int_eq(memcmp(opened, plain, len), 0);
        ck_assert_int_eq((int)sidekey_open_stream_suite(stream),
                         (int)key.suite);
        ck_assert(sidekey_open_stream_length(stream, &proven) == is_suite_2);
        ck_assert_uint_eq(proven, is_suite_2 ? len : 0);
        sidekey_open_stream_free(&stream);
    }
}

START_TEST(any_split_opens_to_the_same_plaintext)
{
    static const struct sidekey_options suite_2 = {
        .aad = (const uint8_t *)"row 7", .aad_len = 5
    };

    for (size_t i = 0; i < skt_n_edge_lens; i++) {
        opens_alike(&suite_2, skt_edge_lens[i]);
        opens_alike(&suite_1, skt_edge_lens[i]);
        opens_alike(&raw, skt_edge_lens[i]);
    }
}
END_TEST

/* Chunks are opened where the caller wants them, so the one that is not
 * authentic was there for a moment. */
START_TEST(a_call_that_fails_leaves_nothing_in_the_callers_buffer)
{
    static const uint8_t zeroes[THREE_CHUNKS];
    struct sidekey_data_key key;
    struct sidekey_open_stream *stream;
    size_t len = 0;

    seal(NULL, THREE_CHUNKS);
    key = skt_stream_unwrap(sealed, false);
    stream = begin(NULL, &key);
    sealed[CHUNKS_AT + 2 * SEALED_LEN - 1] ^= 1; /* in the second tag */
    memset(opened, 0, sizeof opened);
    ck_assert_int_eq((int)sidekey_open_stream_update(stream, sealed, sealed_len,
                                                     opened, sizeof opened,
                                                     &len),
                     (int)SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(len, 0);
    ck_assert_int_eq(memcmp(opened, zeroes, sizeof zeroes), 0);
    sidekey_open_stream_free(&stream);
}
END_TEST

/* Seal with the key that the agent names. */
static void seal_by_agent(struct sidekey *handle,
                          const struct sidekey_options *options,
                          size_t len)
{
    struct skp_buf buf = skp_buf_over(sealed, sizeof sealed);
    struct sidekey_public_key key;
    struct sidekey_seal *stream = NULL;

    skt_plaintext(plain, len);
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 5000, &key));
    skt_status_ok(sidekey_seal_new(&key, SKT_TENANT, options, &stream));
    skt_stream_push(stream, (struct skp_view){ plain, len }, NULL, &buf);
    sidekey_seal_free(&stream);
    sealed_len = buf.len;
}

START_TEST(the_agent_is_asked_once_for_a_whole_envelope)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    static const struct sidekey_options *const all[] = { NULL, &suite_1, &raw };

    for (size_t i = 0; i < SKP_ARRAY_LEN(all); i++) {
        struct sidekey_open_stream *stream = NULL;
        struct skt_dice dice = skt_dice(i);
        unsigned before;

        seal_by_agent(handle, all[i], THREE_CHUNKS);
        before = skt_agent_requests(agent);
        skt_status_ok(
            sidekey_open_stream_new(handle, SKT_TENANT, all[i], 5000, &stream));
        ck_assert_int_eq((int)sidekey_open_stream_suite(stream),
                         (int)SIDEKEY_SUITE_ANY);
        skt_status_ok(pull(stream, sealed_len, &dice));
        ck_assert_uint_eq(opened_len, THREE_CHUNKS);
        ck_assert_int_eq(memcmp(opened, plain, THREE_CHUNKS), 0);
        ck_assert_uint_eq(skt_agent_requests(agent), before + 1);
        sidekey_open_stream_free(&stream);
    }
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(what_the_agent_says_of_the_header_is_the_error)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_open_stream *stream = NULL;

    seal_by_agent(handle, NULL, 100);
    sealed[60] ^= 1; /* in the sealed data key */
    skt_status_ok(
        sidekey_open_stream_new(handle, SKT_TENANT, NULL, 5000, &stream));
    skt_status(pull(stream, sealed_len, NULL), SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(sidekey_stream_error_at(), 0);
    ck_assert_str_ne(sidekey_stream_error_text(), "");
    ck_assert_uint_eq(opened_len, 0);
    sidekey_open_stream_free(&stream);
    sealed[60] ^= 1;
    sealed[9] ^= 1; /* in the key id */
    skt_status_ok(
        sidekey_open_stream_new(handle, SKT_TENANT, NULL, 5000, &stream));
    skt_status(pull(stream, sealed_len, NULL), SIDEKEY_NOT_FOUND);
    ck_assert_str_eq(sidekey_stream_error_text(), sidekey_error_text(handle));
    ck_assert(sidekey_stream_error_at() == UINT64_MAX);
    sidekey_open_stream_free(&stream);
    skt_close(&handle, &agent);
}
END_TEST

/* Where the piece with byte @at begins. */
static uint64_t piece_at(size_t at)
{
    return at < CHUNKS_AT
               ? 96
               : CHUNKS_AT + (at - CHUNKS_AT) / SEALED_LEN * SEALED_LEN;
}

/* Only whole chunks in front of @at may have come out. */
static void nothing_from(size_t at)
{
    size_t most = at < CHUNKS_AT ? 0 : (at - CHUNKS_AT) / SEALED_LEN * 16384;

    ck_assert_uint_le(opened_len, most);
    ck_assert_int_eq(memcmp(opened, plain, opened_len), 0);
}

START_TEST(every_changed_byte_is_found_and_nothing_behind_it_comes_out)
{
    struct sidekey_data_key key;
    char place[40];

    seal(NULL, THREE_CHUNKS);
    key = skt_stream_unwrap(sealed, false);
    for (size_t at = 96; at < sealed_len; at += at < 200 ? 1 : 211) {
        sealed[at] ^= (uint8_t)(1u << at % 8);
        skt_status(open_with(&key, sealed_len, at), SIDEKEY_DATA_LOSS);
        nothing_from(at);
        ck_assert_uint_eq(sidekey_stream_error_at(), piece_at(at));
        (void)snprintf(place, sizeof place,
                       "at byte %u:", (unsigned)piece_at(at));
        ck_assert_ptr_nonnull(strstr(sidekey_stream_error_text(), place));
        sealed[at] ^= (uint8_t)(1u << at % 8);
    }
    skt_status_ok(open_with(&key, sealed_len, 0));
}
END_TEST

START_TEST(every_cut_is_found_and_what_came_out_was_there)
{
    struct sidekey_data_key key;

    seal(NULL, THREE_CHUNKS);
    key = skt_stream_unwrap(sealed, false);
    for (size_t cut = 0; cut < sealed_len; cut += cut < 200 ? 1 : 223) {
        skt_status(open_with(&key, cut, cut),
                   cut < 96 ? SIDEKEY_INVALID_ARGUMENT : SIDEKEY_DATA_LOSS);
        nothing_from(cut);
        if (cut >= 96) {
            ck_assert_uint_eq(sidekey_stream_error_at(), piece_at(cut));
        }
    }
    for (size_t n = 1; n < 3; n++) { /* at the borders of chunks */
        size_t cut = CHUNKS_AT + n * SEALED_LEN;

        skt_status(open_with(&key, cut, n), SIDEKEY_DATA_LOSS);
        ck_assert_uint_eq(opened_len, n * 16384);
        ck_assert_uint_eq(sidekey_stream_error_at(), cut);
    }
}
END_TEST

START_TEST(every_extension_is_found)
{
    static const size_t lens[] = { 0, 1, 16383, 16384, THREE_CHUNKS };
    static const size_t more[] = { 1, 15, 16, 17, 16399, 16400, 16401, 40000 };
    struct sidekey_data_key key;

    for (size_t i = 0; i < SKP_ARRAY_LEN(lens); i++) {
        seal(NULL, lens[i]);
        key = skt_stream_unwrap(sealed, false);
        for (size_t k = 0; k < SKP_ARRAY_LEN(more); k++) {
            /* Not just zeroes: the first chunks once more. */
            memmove(sealed + sealed_len, sealed + CHUNKS_AT, more[k]);
            skt_status(open_with(&key, sealed_len + more[k], k),
                       SIDEKEY_DATA_LOSS);
            ck_assert_uint_le(opened_len, lens[i]);
            ck_assert_int_eq(memcmp(opened, plain, opened_len), 0);
        }
    }
}
END_TEST

static void swap_chunks(size_t a, size_t b)
{
    for (size_t i = 0; i < SEALED_LEN; i++) {
        uint8_t *x = sealed + CHUNKS_AT + a * SEALED_LEN + i;
        uint8_t *y = sealed + CHUNKS_AT + b * SEALED_LEN + i;
        uint8_t kept = *x;

        *x = *y;
        *y = kept;
    }
}

START_TEST(chunks_are_found_in_no_place_but_their_own)
{
    struct sidekey_data_key key;

    seal(NULL, 100000);
    key = skt_stream_unwrap(sealed, false);
    for (size_t a = 0; a < 6; a++) {
        for (size_t b = a + 1; b < 6; b++) {
            swap_chunks(a, b);
            skt_status(open_with(&key, sealed_len, a * 6 + b),
                       SIDEKEY_DATA_LOSS);
            nothing_from(CHUNKS_AT + a * SEALED_LEN);
            ck_assert_uint_eq(sidekey_stream_error_at(),
                              CHUNKS_AT + a * SEALED_LEN);
            swap_chunks(a, b);
        }
        /* One left out, what follows moves up. */
        seal(NULL, 100000);
        key = skt_stream_unwrap(sealed, false);
        memmove(sealed + CHUNKS_AT + a * SEALED_LEN,
                sealed + CHUNKS_AT + (a + 1) * SEALED_LEN,
                sealed_len - CHUNKS_AT - (a + 1) * SEALED_LEN);
        skt_status(open_with(&key, sealed_len - SEALED_LEN, a),
                   SIDEKEY_DATA_LOSS);
        nothing_from(CHUNKS_AT + a * SEALED_LEN);
        seal(NULL, 100000);
        key = skt_stream_unwrap(sealed, false);
    }
}
END_TEST

START_TEST(another_aad_or_key_does_not_fit_the_commitment)
{
    struct sidekey_options with_aad = { .aad = (const uint8_t *)"v1",
                                        .aad_len = 2 };
    struct sidekey_data_key key;

    seal(&with_aad, 100);
    key = skt_stream_unwrap(sealed, false);
    skt_status(open_with(&key, sealed_len, 1), SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(sidekey_stream_error_at(), 96);
    ck_assert_ptr_nonnull(strstr(sidekey_stream_error_text(), "aad"));
    seal(NULL, 100);
    key.key[31] ^= 1;
    skt_status(open_with(&key, sealed_len, 1), SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(sidekey_stream_error_at(), 96);
    ck_assert_uint_eq(opened_len, 0);
}
END_TEST

START_TEST(aad_is_copied)
{
    char aad[] = "v1";
    struct sidekey_options options = { .aad = (const uint8_t *)aad,
                                       .aad_len = 2 };
    struct sidekey_data_key key;
    struct sidekey_open_stream *stream;

    seal(&options, 100);
    key = skt_stream_unwrap(sealed, false);
    stream = begin(&options, &key);
    aad[1] = '2';
    skt_status_ok(pull(stream, sealed_len, NULL));
    ck_assert_uint_eq(opened_len, 100);
    sidekey_open_stream_free(&stream);
}
END_TEST

START_TEST(a_stream_that_failed_goes_on_failing)
{
    struct sidekey_data_key key;
    struct sidekey_open_stream *stream;
    size_t len = 77;

    seal(NULL, THREE_CHUNKS);
    key = skt_stream_unwrap(sealed, false);
    stream = begin(NULL, &key);
    sealed[CHUNKS_AT + SEALED_LEN + 5] ^= 1;
    /* The first chunk is right, the second is not: this call gives nothing. */
    skt_status(sidekey_open_stream_update(stream, sealed, sealed_len, opened,
                                          sizeof opened, &len),
               SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(len, 77);
    ck_assert(skt_is_blank(opened, 16384));
    skt_status(sidekey_open_stream_update(stream, sealed, 0, opened, 0, &len),
               SIDEKEY_DATA_LOSS);
    skt_status(sidekey_open_stream_final(stream, opened, 0, &len),
               SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(sidekey_stream_error_at(), CHUNKS_AT + SEALED_LEN);
    ck_assert_uint_eq(len, 77);
    sidekey_open_stream_free(&stream);
}
END_TEST

START_TEST(too_little_room_is_told_before_anything_is_taken)
{
    struct sidekey_data_key key;
    struct sidekey_open_stream *stream;
    size_t len = 77;

    seal(NULL, 16384 + 100);
    key = skt_stream_unwrap(sealed, false);
    stream = begin(NULL, &key);
    skt_status_ok(sidekey_open_stream_update(stream, sealed, CHUNKS_AT, opened,
                                             sizeof opened, &len));
    ck_assert_uint_eq(len, 0);
    skt_status(sidekey_open_stream_update(stream, sealed + CHUNKS_AT,
                                          SEALED_LEN + 116, opened, 16383,
                                          &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status_ok(sidekey_open_stream_update(
        stream, sealed + CHUNKS_AT, SEALED_LEN + 116, opened, 16384, &len));
    ck_assert_uint_eq(len, 16384);
    skt_status(sidekey_open_stream_final(stream, opened + len, 99, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status_ok(sidekey_open_stream_final(stream, opened + len, 100, &len));
    ck_assert_uint_eq(len, 100);
    ck_assert_int_eq(memcmp(opened, plain, 16384 + 100), 0);
    skt_status(sidekey_open_stream_final(stream, opened, sizeof opened, &len),
               SIDEKEY_INVALID_ARGUMENT);
    sidekey_open_stream_free(&stream);
}
END_TEST

START_TEST(another_suite_than_demanded_is_refused)
{
    struct sidekey_options any = { .any_suite = true };
    struct sidekey_open_stream *stream = NULL;
    struct sidekey_data_key key;

    seal(&suite_1, 100);
    key = skt_stream_unwrap(sealed, false);
    skt_status(sidekey_open_stream_new_key(&key, NULL, &stream),
               SIDEKEY_INVALID_ARGUMENT);
    ck_assert_ptr_null(stream);
    stream = begin(&any, &key);
    skt_status_ok(pull(stream, sealed_len, NULL));
    ck_assert_int_eq((int)sidekey_open_stream_suite(stream), 1);
    sidekey_open_stream_free(&stream);
    /* Relabelled: the key knows what the envelope was. */
    seal(NULL, 100);
    key = skt_stream_unwrap(sealed, false);
    sealed[4] = 1;
    stream = begin(&any, &key);
    skt_status(pull(stream, sealed_len, NULL), SIDEKEY_INVALID_ARGUMENT);
    ck_assert_uint_eq(opened_len, 0);
    sidekey_open_stream_free(&stream);
    sealed[4] = 3;
    stream = begin(&any, &key);
    skt_status(pull(stream, sealed_len, NULL), SIDEKEY_UNIMPLEMENTED);
    sidekey_open_stream_free(&stream);
}
END_TEST

START_TEST(what_cannot_be_opened_is_refused_at_once)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_options long_aad = { .aad = plain, .aad_len = 4097 };
    struct sidekey_open_stream *stream = NULL;

    skt_status(
        sidekey_open_stream_new(handle, SKT_TENANT, &long_aad, 5000, &stream),
        SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_open_stream_new(handle, "a b", NULL, 5000, &stream),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_open_stream_new(handle, NULL, NULL, 5000, &stream),
               SIDEKEY_INVALID_ARGUMENT);
    ck_assert_ptr_null(stream);
    sidekey_open_stream_free(&stream);
    sidekey_open_stream_free(NULL);
    ck_assert_uint_eq(skt_agent_requests(agent), 0);
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("stream_open",
          any_split_opens_to_the_same_plaintext,
          a_call_that_fails_leaves_nothing_in_the_callers_buffer,
          the_agent_is_asked_once_for_a_whole_envelope,
          what_the_agent_says_of_the_header_is_the_error,
          every_changed_byte_is_found_and_nothing_behind_it_comes_out,
          every_cut_is_found_and_what_came_out_was_there,
          every_extension_is_found,
          chunks_are_found_in_no_place_but_their_own,
          another_aad_or_key_does_not_fit_the_commitment,
          aad_is_copied,
          a_stream_that_failed_goes_on_failing,
          too_little_room_is_told_before_anything_is_taken,
          another_suite_than_demanded_is_refused,
          what_cannot_be_opened_is_refused_at_once)
