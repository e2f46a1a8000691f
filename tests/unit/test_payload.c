/* test_payload.c - the payload of an envelope. */
#include <stdio.h>
#include <string.h>

#include "protocol/envelope.h"
#include "tests/lib/golden.h"
#include "tests/lib/mutate.h"
#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"

#define ONE SKP_SUITE_X25519_AES256CTR
#define TWO SKP_SUITE_X25519_HPKE_AES256GCM

static const struct skp_view no_aad = { NULL, 0 };

struct fixture {
    struct skt_random_script random;
    struct skp_crypto *crypto;
};

static void set_up(struct fixture *fx)
{
    skt_random_script_init(&fx->random);
    fx->crypto = NULL;
    skt_ok(skp_crypto_new(&fx->random.table, &fx->crypto));
}

static void tear_down(struct fixture *fx)
{
    skp_crypto_free(&fx->crypto);
}

static void golden_round(const struct skt_golden *golden, enum skp_suite suite)
{
    struct fixture fx;
    const uint8_t *key = skt_hex(golden->data_key).ptr;
    struct skp_view payload = skt_hex(golden->payload);
    uint8_t plaintext[100];
    uint8_t bytes[300];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    set_up(&fx);
    skt_plaintext(plaintext, golden->plaintext_len);
    skt_random_script_add(&fx.random, golden->salt);
    skt_ok(skp_payload_seal(
        fx.crypto, suite, key, skt_hex(golden->aad),
        (struct skp_view){ plaintext, golden->plaintext_len }, &out));
    skt_random_script_used(&fx.random);
    skt_bytes_eq((struct skp_view){ out.ptr, out.len }, payload);
    ck_assert_uint_eq(skp_payload_len(suite, golden->plaintext_len),
                      payload.len);
    out.len = 0;
    skt_ok(skp_payload_open(fx.crypto, suite, key, skt_hex(golden->aad),
                            payload, &out, NULL));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len },
                 (struct skp_view){ plaintext, golden->plaintext_len });
    tear_down(&fx);
}

START_TEST(seals_and_opens_the_golden_payloads)
{
    golden_round(&skt_golden_1, ONE);
    golden_round(&skt_golden_2, TWO);
    golden_round(&skt_golden_former, TWO);
}
END_TEST

START_TEST(returns_what_it_sealed_around_the_chunk_borders)
{
    static const size_t lens[] = { 0,     1,     16383, 16384,
                                   16385, 32767, 32768, 40000 };
    static uint8_t plaintext[40000];
    static uint8_t payload[41000];
    static uint8_t opened[40000];
    struct fixture fx;
    uint8_t key[SKP_KEY_LEN] = { 5 };

    set_up(&fx);
    skt_plaintext(plaintext, sizeof plaintext);
    for (size_t i = 0; i < SKP_ARRAY_LEN(lens); i++) {
        struct skp_view in = { plaintext, lens[i] };
        struct skp_buf out = skp_buf_over(payload, sizeof payload);
        struct skp_buf back = skp_buf_over(opened, sizeof opened);

        skt_random_script_set(&fx.random, skt_golden_2.salt);
        skt_ok(skp_payload_seal(fx.crypto, TWO, key, no_aad, in, &out));
        ck_assert_uint_eq(out.len, skp_payload_len(TWO, lens[i]));
        skt_ok(skp_payload_open(fx.crypto, TWO, key, no_aad,
                                (struct skp_view){ out.ptr, out.len }, &back,
                                NULL));
        ck_assert_uint_eq(back.len, lens[i]);
        ck_assert(memcmp(opened, plaintext, lens[i]) == 0);
    }
    tear_down(&fx);
}
END_TEST

static void refuses_mutant(void *state, const struct skt_mutant *mutant)
{
    struct fixture *fx = state;
    struct skp_diag diag = { "" };
    uint8_t bytes[64];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    memset(bytes, 0xee, sizeof bytes);
    skt_ok(skp_buf_put(&out, "old", 3));
    skt_err(
        skp_payload_open(fx->crypto, TWO, skt_hex(skt_golden_2.data_key).ptr,
                         skt_hex(skt_golden_2.aad), mutant->bytes, &out, &diag),
        SKP_ERR_DATA_LOSS);
    ck_assert_uint_eq(out.len, 3);
    ck_assert(memcmp(bytes, "old", 3) == 0);
    for (size_t i = 3; i < sizeof bytes; i++) {
        ck_assert(bytes[i] == 0 || bytes[i] == 0xee);
    }
    ck_assert_ptr_nonnull(strstr(diag.text, "payload"));
}

START_TEST(opens_no_damaged_payload_and_leaves_nothing_of_it)
{
    struct fixture fx;

    set_up(&fx);
    skt_mutate(skt_hex(skt_golden_2.payload), refuses_mutant, &fx);
    tear_down(&fx);
}
END_TEST

/* Open a payload of 40000 bytes cut to @len, with byte @flip inverted. */
static void fails_at(size_t len, size_t flip, const char *text)
{
    static uint8_t plaintext[40000];
    static uint8_t payload[41000];
    struct fixture fx;
    uint8_t key[SKP_KEY_LEN] = { 5 };
    struct skp_buf out = skp_buf_over(payload, sizeof payload);
    struct skp_buf back = skp_buf_over(plaintext, sizeof plaintext);
    struct skp_diag diag = { "" };

    set_up(&fx);
    skt_plaintext(plaintext, sizeof plaintext);
    skt_random_script_add(&fx.random, skt_golden_2.salt);
    skt_ok(skp_payload_seal(fx.crypto, TWO, key, no_aad,
                            (struct skp_view){ plaintext, sizeof plaintext },
                            &out));
    payload[flip] ^= 0xff;
    skt_err(skp_payload_open(fx.crypto, TWO, key, no_aad,
                             (struct skp_view){ payload, len }, &back, &diag),
            SKP_ERR_DATA_LOSS);
    ck_assert_str_eq(diag.text, text);
    for (size_t i = 0; i < (size_t)2 * SKP_CHUNK_LEN && flip > 0; i++) {
        ck_assert_msg(plaintext[i] == 0 || len < 40000,
                      "plaintext is left at %zu", i);
    }
    tear_down(&fx);
}

START_TEST(names_the_place_of_the_chunk_that_fails)
{
    const size_t whole = 56 + 40000 + 3 * 16;
    const size_t untouched = 40999;

    fails_at(whole, 0, "payload at byte 0 is not under this data key and aad");
    fails_at(whole, 56, "payload fails authentication at byte 56");
    fails_at(whole, 56 + 16400, "payload fails authentication at byte 16456");
    fails_at(whole, whole - 1, "payload fails authentication at byte 32856");
    fails_at(whole - 1, untouched,
             "payload fails authentication at byte 32856");
    fails_at(55, untouched, "payload is cut or extended at byte 0");
    fails_at(56, untouched, "payload is cut or extended at byte 56");
    fails_at(16456, untouched, "payload is cut or extended at byte 16456");
    fails_at(16456 + 15, untouched, "payload is cut or extended at byte 16456");
    fails_at(16456 + 16, untouched,
             "payload fails authentication at byte 16456");
}
END_TEST

START_TEST(writes_nothing_where_it_does_not_fit)
{
    struct fixture fx;
    const uint8_t *key = skt_hex(skt_golden_2.data_key).ptr;
    struct skp_view payload = skt_hex(skt_golden_2.payload);
    uint8_t bytes[200] = { 0 };
    static const uint8_t zeroes[200];
    struct skp_buf out = skp_buf_over(bytes, payload.len - 1);
    struct skp_buf back = skp_buf_over(bytes, 16);

    set_up(&fx);
    skt_err(skp_payload_seal(fx.crypto, TWO, key, no_aad,
                             (struct skp_view){ zeroes, 17 }, &out),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skp_payload_open(fx.crypto, TWO, key, skt_hex(skt_golden_2.aad),
                             payload, &back, NULL),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(out.len + back.len, 0);
    ck_assert(memcmp(bytes, zeroes, sizeof bytes) == 0);
    tear_down(&fx);
}
END_TEST

START_TEST(seals_nothing_without_random_bytes)
{
    struct fixture fx;
    uint8_t key[SKP_KEY_LEN] = { 5 };
    uint8_t bytes[200];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    set_up(&fx);
    skt_err(skp_payload_seal(fx.crypto, TWO, key, no_aad, no_aad, &out),
            SKP_ERR_INTERNAL);
    ck_assert_uint_eq(out.len, 0);
    tear_down(&fx);
}
END_TEST

START_TEST(takes_aad_up_to_its_limit_only)
{
    static uint8_t aad[SKP_AAD_MAX + 1];
    struct fixture fx;
    uint8_t key[SKP_KEY_LEN] = { 5 };
    uint8_t bytes[200];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_buf back = skp_buf_over(NULL, 0);
    struct skp_diag diag = { "" };

    set_up(&fx);
    skt_random_script_add(&fx.random, skt_golden_2.salt);
    skt_ok(skp_payload_seal(fx.crypto, TWO, key,
                            (struct skp_view){ aad, SKP_AAD_MAX }, no_aad,
                            &out));
    skt_ok(skp_payload_open(
        fx.crypto, TWO, key, (struct skp_view){ aad, SKP_AAD_MAX },
        (struct skp_view){ out.ptr, out.len }, &back, NULL));
    skt_err(skp_payload_open(
                fx.crypto, TWO, key, (struct skp_view){ aad, sizeof aad },
                (struct skp_view){ out.ptr, out.len }, &back, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "aad is longer than 4096 bytes");
    out.len = 0;
    skt_err(skp_payload_seal(fx.crypto, TWO, key,
                             (struct skp_view){ aad, sizeof aad }, no_aad,
                             &out),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(out.len, 0);
    tear_down(&fx);
}
END_TEST

START_TEST(knows_no_other_suite)
{
    struct fixture fx;
    uint8_t key[SKP_KEY_LEN] = { 5 };
    uint8_t bytes[200];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    uint64_t len;

    set_up(&fx);
    skt_err(
        skp_payload_seal(fx.crypto, SKP_SUITE_ANY, key, no_aad, no_aad, &out),
        SKP_ERR_UNIMPLEMENTED);
    skt_err(skp_payload_open(fx.crypto, SKP_SUITE_ANY, key, no_aad, no_aad,
                             &out, NULL),
            SKP_ERR_UNIMPLEMENTED);
    skt_err(skp_plaintext_len(SKP_SUITE_ANY, 100, &len), SKP_ERR_UNIMPLEMENTED);
    ck_assert(skp_payload_len(SKP_SUITE_ANY, 1) == UINT64_MAX);
    tear_down(&fx);
}
END_TEST

START_TEST(computes_lengths_both_ways)
{
    for (uint64_t len = 0; len < 50000; len += len % 16384 < 40 ? 1 : 331) {
        uint64_t payload = skp_payload_len(TWO, len);
        uint64_t back;

        ck_assert_uint_eq(payload, 56 + len + 16 * (len / 16384 + 1));
        skt_ok(skp_plaintext_len(TWO, payload, &back));
        ck_assert_uint_eq(back, len);
        ck_assert_uint_eq(skp_payload_len(ONE, len), len);
        skt_ok(skp_plaintext_len(ONE, len, &back));
        ck_assert_uint_eq(back, len);
    }
}
END_TEST

START_TEST(knows_the_lengths_that_no_plaintext_gives)
{
    for (uint64_t len = 0; len < 34000; len++) {
        bool is_possible = len >= 56 && (len - 56) % 16400 >= 16;
        uint64_t plaintext = 77;

        skt_err(skp_plaintext_len(TWO, len, &plaintext),
                is_possible ? SKP_ERR_OK : SKP_ERR_DATA_LOSS);
        ck_assert(is_possible || plaintext == 77);
    }
}
END_TEST

START_TEST(ends_below_4_pebibytes)
{
    const uint64_t longest = (UINT64_C(1) << 52) - 1;
    uint64_t payload = skp_payload_len(TWO, longest);
    uint64_t len;

    skt_ok(skp_plaintext_len(TWO, payload, &len));
    ck_assert_uint_eq(len, longest);
    ck_assert(skp_payload_len(TWO, longest + 1) == UINT64_MAX);
    ck_assert(skp_payload_len(TWO, UINT64_MAX) == UINT64_MAX);
    skt_err(skp_plaintext_len(TWO, payload + 17, &len), SKP_ERR_DATA_LOSS);
    skt_err(skp_plaintext_len(TWO, UINT64_MAX, &len), SKP_ERR_DATA_LOSS);
    ck_assert(skp_payload_len(ONE, UINT64_MAX) == UINT64_MAX);
}
END_TEST

SKT_SUITE("payload",
          seals_and_opens_the_golden_payloads,
          returns_what_it_sealed_around_the_chunk_borders,
          opens_no_damaged_payload_and_leaves_nothing_of_it,
          names_the_place_of_the_chunk_that_fails,
          writes_nothing_where_it_does_not_fit,
          seals_nothing_without_random_bytes,
          takes_aad_up_to_its_limit_only,
          knows_no_other_suite,
          computes_lengths_both_ways,
          knows_the_lengths_that_no_plaintext_gives,
          ends_below_4_pebibytes)
