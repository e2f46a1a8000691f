/* test_stream_seal.c - sealing into the caller's buffers. */
#include <string.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/envelopes.h"
#include "tests/lib/random_script.h"
#include "tests/lib/streams.h"
#include "tests/lib/suite.h"

static uint8_t plain[SKT_ENVELOPE_MAX];
static uint8_t sealed_bytes[SKT_ENVELOPE_MAX];
static uint8_t other_bytes[SKT_ENVELOPE_MAX];

static const struct sidekey_options suite_1 = {
    .suite = SIDEKEY_SUITE_X25519_AES256CTR
};
static const struct sidekey_options raw = { .raw = true };

static struct skp_view view_of(const struct skp_buf *buf)
{
    return (struct skp_view){ buf->ptr, buf->len };
}

/* One golden envelope from its random inputs, in pieces. */
struct recipe {
    const char *tenant;
    const struct skt_key *key;
    struct sidekey_options options;
    const char *randoms[3];
    size_t len;
};

static void
follow(const struct recipe *recipe, struct skt_dice *dice, struct skp_buf *ret)
{
    struct sidekey_public_key key = skt_stream_public_key(recipe->key);
    struct skt_random_script random;
    struct sidekey_seal *seal = NULL;

    skt_random_script_init(&random);
    for (size_t i = 0; i < 3; i++) {
        skt_random_script_add(&random, recipe->randoms[i]);
    }
    skt_status_ok(skc_stream_seal_new(&key, recipe->tenant, &recipe->options,
                                      &random.table, &seal));
    skt_random_script_used(&random);
    skt_plaintext(plain, recipe->len);
    skt_stream_push(seal, (struct skp_view){ plain, recipe->len }, dice, ret);
    sidekey_seal_free(&seal);
}

static void makes_golden(const struct skt_golden *golden,
                         struct sidekey_options options)
{
    struct skp_buf buf = skp_buf_over(sealed_bytes, sizeof sealed_bytes);
    struct skp_view header = skt_hex(golden->header);
    struct skp_view payload = skt_hex(golden->payload);
    struct skp_view aad = skt_hex(golden->aad);
    struct skt_key key;
    struct recipe recipe = { .tenant = golden->tenant,
                             .key = &key,
                             .options = options,
                             .randoms = { golden->ephemeral_private, "", "" },
                             .len = golden->plaintext_len };
    struct skt_dice dice = skt_dice(1);

    skt_key_init(&key, golden->seed);
    if (options.suite != SIDEKEY_SUITE_X25519_AES256CTR) {
        recipe.randoms[1] = golden->data_key;
        recipe.randoms[2] = golden->salt;
        recipe.options.aad = aad.ptr;
        recipe.options.aad_len = aad.len;
    }
    follow(&recipe, &dice, &buf);
    ck_assert_uint_eq(buf.len, header.len + payload.len);
    skt_bytes_eq((struct skp_view){ buf.ptr, header.len }, header);
    skt_bytes_eq((struct skp_view){ buf.ptr + header.len, payload.len },
                 payload);
}

START_TEST(the_golden_envelopes_come_out_of_pieces)
{
    makes_golden(&skt_golden_2, (struct sidekey_options){ .raw = false });
    makes_golden(&skt_golden_1, suite_1);
}
END_TEST

static void follow_row(const cJSON *json,
                       const cJSON *row,
                       bool is_raw,
                       uint64_t seed,
                       struct skp_buf *ret)
{
    bool is_suite_2 = cJSON_HasObjectItem(row, "data_key");
    struct skp_view aad =
        is_suite_2 ? skt_hex_of(row, "aad") : (struct skp_view){ NULL, 0 };
    struct skt_key key;
    struct recipe recipe = {
        .tenant = skt_text(row, "tenant"),
        .key = &key,
        .options = { .aad = aad.ptr,
                     .aad_len = aad.len,
                     .suite = (enum sidekey_suite)skt_envelope_suite(row),
                     .raw = is_raw },
        .randoms = { skt_text(row, "ephemeral_private"),
                     is_suite_2 ? skt_text(row, "data_key") : "",
                     is_suite_2 ? skt_text(row, "salt") : "" },
        .len = (size_t)skt_number(row, "length"),
    };
    struct skt_dice dice = skt_dice(seed);

    ck_assert(skt_envelope_key(json, recipe.tenant,
                               skt_hex_of(row, "header").ptr + 8, &key));
    follow(&recipe, &dice, ret);
}

static int follow_rows(const char *suite)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return -1;
    }
    cJSON_ArrayForEach(row, skt_member(json, suite))
    {
        struct skp_buf buf = skp_buf_over(sealed_bytes, sizeof sealed_bytes);

        if (!cJSON_HasObjectItem(row, "ephemeral_private")) {
            continue; /* which no writer makes */
        }
        follow_row(json, row, false, (uint64_t)n, &buf);
        skt_sha256_is(view_of(&buf), skt_text(row, "envelope_sha256"));
        if (cJSON_HasObjectItem(row, "raw_sha256")) {
            buf.len = 0;
            follow_row(json, row, true, (uint64_t)n, &buf);
            skt_sha256_is(view_of(&buf), skt_text(row, "raw_sha256"));
        }
        n++;
    }
    return n;
}

START_TEST(every_shared_golden_envelope_comes_out_of_pieces)
{
    int n = follow_rows("suite1");

    if (n >= 0) {
        ck_assert_int_ge(n, 10);
        ck_assert_int_ge(follow_rows("suite2"), 20);
    }
}
END_TEST

/* The same random bytes and the same plaintext, split in another way. */
static void splits_alike(const struct sidekey_options *options, size_t len)
{
    struct skp_buf whole = skp_buf_over(sealed_bytes, sizeof sealed_bytes);
    uint64_t size = 0;
    bool is_suite_2 = options->suite == SIDEKEY_SUITE_ANY && !options->raw;
    struct recipe recipe = {
        .tenant = SKT_STREAM_TENANT,
        .key = skt_stream_key(),
        .options = *options,
        .randoms = { skt_golden_2.ephemeral_private,
                     is_suite_2 ? skt_golden_2.data_key : "",
                     is_suite_2 ? skt_golden_2.salt : "" },
        .len = len,
    };

    follow(&recipe, NULL, &whole);
    skt_status_ok(
        sidekey_envelope_size(options->suite, options->raw, len, &size));
    ck_assert_uint_eq(whole.len, size);
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct skp_buf buf = skp_buf_over(other_bytes, sizeof other_bytes);
        struct skt_dice dice = skt_dice(seed);

        follow(&recipe, &dice, &buf);
        ck_assert_uint_eq(buf.len, whole.len);
        ck_assert_int_eq(memcmp(buf.ptr, whole.ptr, whole.len), 0);
    }
}

START_TEST(any_split_makes_the_same_envelope)
{
    static const struct sidekey_options suite_2 = { .aad_len = 0 };

    for (size_t i = 0; i < skt_n_edge_lens; i++) {
        splits_alike(&suite_2, skt_edge_lens[i]);
        splits_alike(&suite_1, skt_edge_lens[i]);
        splits_alike(&raw, skt_edge_lens[i]);
    }
}
END_TEST

START_TEST(too_little_room_is_told_before_anything_is_taken)
{
    struct sidekey_public_key key = skt_stream_public_key(skt_stream_key());
    struct sidekey_seal *seal = NULL;
    uint8_t out[200];
    size_t len = 99;

    skt_status_ok(sidekey_seal_new(&key, SKT_STREAM_TENANT, NULL, &seal));
    skt_status(sidekey_seal_update(seal, plain, 10, out, 151, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(sidekey_stream_error_text(),
                     "the output buffer needs 152 bytes");
    ck_assert_uint_eq(len, 99);
    skt_status_ok(sidekey_seal_update(seal, plain, 10, out, 152, &len));
    ck_assert_uint_eq(len, 152);
    skt_status_ok(sidekey_seal_update(seal, plain, 16373, out, 0, &len));
    ck_assert_uint_eq(len, 0);
    skt_status(sidekey_seal_update(seal, plain, 1, out, sizeof out, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_seal_final(seal, sealed_bytes, 16398, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status_ok(sidekey_seal_final(seal, sealed_bytes, 16399, &len));
    ck_assert_uint_eq(len, 16399);
    sidekey_seal_free(&seal);
}
END_TEST

START_TEST(the_room_that_is_documented_always_suffices)
{
    /* The fullest stream: one byte short of a chunk, and nothing written. */
    for (size_t n = 0; n < 40000; n += n < 20 ? 1 : 1021) {
        size_t most = 152 + (16383 + n) / 16384 * 16400;

        ck_assert_uint_le(most, SIDEKEY_STREAM_ROOM(n));
    }
    ck_assert_uint_le(152 + 16383 + 16, SIDEKEY_STREAM_ROOM(0));
}
END_TEST

START_TEST(an_ended_seal_takes_nothing_more)
{
    struct sidekey_public_key key = skt_stream_public_key(skt_stream_key());
    struct sidekey_seal *seal = NULL;
    size_t len = 0;

    skt_status_ok(sidekey_seal_new(&key, SKT_STREAM_TENANT, &raw, &seal));
    skt_status_ok(sidekey_seal_final(seal, sealed_bytes, 32, &len));
    ck_assert_uint_eq(len, 32);
    skt_status(sidekey_seal_update(seal, plain, 1, sealed_bytes, 99999, &len),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_seal_final(seal, sealed_bytes, 99999, &len),
               SIDEKEY_INVALID_ARGUMENT);
    ck_assert_str_eq(sidekey_stream_error_text(), "this stream has ended");
    sidekey_seal_free(&seal);
    sidekey_seal_free(&seal);
    sidekey_seal_free(NULL);
}
END_TEST

static void refuses(const struct sidekey_public_key *key,
                    const char *tenant,
                    struct sidekey_options options,
                    enum sidekey_status expected)
{
    struct sidekey_seal *seal = NULL;

    skt_status(sidekey_seal_new(key, tenant, &options, &seal), expected);
    ck_assert_ptr_null(seal);
    ck_assert_str_ne(sidekey_stream_error_text(), "");
}

START_TEST(what_cannot_be_sealed_is_refused_at_once)
{
    struct sidekey_public_key key = skt_stream_public_key(skt_stream_key());
    struct sidekey_public_key wrong_id = key;
    struct sidekey_options none = { .aad_len = 0 };
    struct sidekey_options bad = { .suite = (enum sidekey_suite)3 };

    wrong_id.key_id[3] ^= 1;
    refuses(&wrong_id, SKT_STREAM_TENANT, none, SIDEKEY_INVALID_ARGUMENT);
    refuses(&key, NULL, none, SIDEKEY_INVALID_ARGUMENT);
    refuses(&key, "", none, SIDEKEY_INVALID_ARGUMENT);
    refuses(&key, "a b", none, SIDEKEY_INVALID_ARGUMENT);
    refuses(&key, SKT_STREAM_TENANT, bad, SIDEKEY_UNIMPLEMENTED);
    bad =
        (struct sidekey_options){ .suite = SIDEKEY_SUITE_X25519_HPKE_AES256GCM,
                                  .raw = true };
    refuses(&key, SKT_STREAM_TENANT, bad, SIDEKEY_INVALID_ARGUMENT);
    bad = suite_1;
    bad.aad = plain;
    bad.aad_len = 1;
    refuses(&key, SKT_STREAM_TENANT, bad, SIDEKEY_INVALID_ARGUMENT);
    bad = (struct sidekey_options){ .aad = plain, .aad_len = 4097 };
    refuses(&key, SKT_STREAM_TENANT, bad, SIDEKEY_INVALID_ARGUMENT);
}
END_TEST

START_TEST(no_random_bytes_is_an_internal_error)
{
    struct sidekey_public_key key = skt_stream_public_key(skt_stream_key());
    struct skt_random_script random;
    struct sidekey_seal *seal = NULL;

    skt_random_script_init(&random);
    skt_random_script_add(&random, skt_golden_2.ephemeral_private);
    skt_status(skc_stream_seal_new(&key, SKT_STREAM_TENANT, NULL, &random.table,
                                   &seal),
               SIDEKEY_INTERNAL);
    ck_assert_ptr_null(seal);
}
END_TEST

SKT_SUITE("stream_seal",
          the_golden_envelopes_come_out_of_pieces,
          every_shared_golden_envelope_comes_out_of_pieces,
          any_split_makes_the_same_envelope,
          too_little_room_is_told_before_anything_is_taken,
          the_room_that_is_documented_always_suffices,
          an_ended_seal_takes_nothing_more,
          what_cannot_be_sealed_is_refused_at_once,
          no_random_bytes_is_an_internal_error)
