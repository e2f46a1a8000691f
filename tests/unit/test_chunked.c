/* test_chunked.c - C2SP chunked-encryption v1, Cobblestone-256. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <sodium.h>

#include "protocol/chunked.h"
#include "tests/lib/mutate.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

/* Values of s2-alpha-17 of the shared envelopes. */
static const char data_key_hex[] =
    "2cf06fe5d32ccd7738a7037fb3bf56afcb5b397df368eff49ecff460588deb85";
static const char context_hex[] = "736964656b65792f76310062"
                                  "75636b65742f6f626a6563743f76657273696f6e4964"
                                  "3d37";
static const char salt_hex[] =
    "ca0d9ffa55573ace924e2e536da64d4deb7c5f813fbae9c8";
static const char commitment_hex[] =
    "ce2bf6a544ab6194a3b9742445d5df110486bffd477b922093185b19c173b7a4";
static const char chunk_hex[] =
    "25d446c2ade4c4a43ae6d9dd78b91a916141441e92dda189e6ac5f90f31b91f8b9";
static const char plaintext_hex[] = "0726456483a2c1e0ff1e3d5c7b9ab9d8f7";

/* A message being written, with golden key, context and salt. */
struct fixture {
    struct skp_crypto *crypto;
    struct skp_chunked chunked;
    uint8_t head[SKP_CHUNKED_HEAD_LEN];
};

static void set_up(struct fixture *fx)
{
    memset(fx, 0, sizeof *fx);
    skt_ok(skp_crypto_new(&skp_random_system, &fx->crypto));
    memcpy(fx->head, skt_hex(salt_hex).ptr, SKP_SALT_LEN);
    skt_ok(skp_chunked_init_seal(
        &fx->chunked, fx->crypto, skt_hex(data_key_hex).ptr,
        skt_hex(context_hex), fx->head, fx->head + SKP_SALT_LEN));
}

static void tear_down(struct fixture *fx)
{
    skp_chunked_done(&fx->chunked);
    skp_crypto_free(&fx->crypto);
}

START_TEST(derives_key_nonce_and_commitment_as_specified)
{
    /* Of s2-alpha-1000, which tells the values in between. */
    struct skp_crypto *crypto = NULL;
    struct skp_chunked chunked;
    uint8_t commitment[SKP_COMMITMENT_LEN];

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    skt_ok(skp_chunked_init_seal(
        &chunked, crypto,
        skt_hex(
            "c1db54e68cb4e32a760a91cf933a5695d86334a01c7cd4dd41def0a8145f8c5c")
            .ptr,
        skt_hex(context_hex),
        skt_hex("feeaa780bf33f1a8afbe3361e1a02e51be70356a76885e3f").ptr,
        commitment));
    skt_bytes_eq(
        (struct skp_view){ chunked.key, sizeof chunked.key },
        skt_hex(
            "1b1c7d76b292e3f774726496adab57d27131e591c51b9ee94d4c65d409456d12"));
    skt_bytes_eq(
        (struct skp_view){ chunked.base_nonce, sizeof chunked.base_nonce },
        skt_hex("2df6e0388abfd780934d702d"));
    skt_bytes_eq(
        (struct skp_view){ commitment, sizeof commitment },
        skt_hex(
            "d9cc5c2cbc46af16f592d5011a69a89b66b004c9e4a223c751d1408c37275c92"));
    skp_chunked_done(&chunked);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(seals_and_opens_the_golden_chunk)
{
    struct fixture fx;
    struct skp_view chunk = skt_hex(chunk_hex);
    uint8_t bytes[64];

    set_up(&fx);
    skt_bytes_eq(
        (struct skp_view){ fx.head + SKP_SALT_LEN, SKP_COMMITMENT_LEN },
        skt_hex(commitment_hex));
    skt_ok(
        skp_chunked_seal(&fx.chunked, 0, true, skt_hex(plaintext_hex), bytes));
    skt_bytes_eq((struct skp_view){ bytes, chunk.len }, chunk);
    skp_chunked_done(&fx.chunked);
    skt_ok(skp_chunked_init_open(&fx.chunked, fx.crypto,
                                 skt_hex(data_key_hex).ptr,
                                 skt_hex(context_hex), fx.head));
    skt_ok(skp_chunked_open(&fx.chunked, 0, true, chunk, bytes));
    skt_bytes_eq((struct skp_view){ bytes, chunk.len - SKP_GCM_TAG_LEN },
                 skt_hex(plaintext_hex));
    tear_down(&fx);
}
END_TEST

static void refuses_head(void *state, const struct skt_mutant *mutant)
{
    struct fixture *fx = state;
    struct skp_chunked chunked = { 0 };

    if (mutant->bytes.len != SKP_CHUNKED_HEAD_LEN) {
        return;
    }
    skt_err(skp_chunked_init_open(&chunked, fx->crypto,
                                  skt_hex(data_key_hex).ptr,
                                  skt_hex(context_hex), mutant->bytes.ptr),
            SKP_ERR_DATA_LOSS);
    ck_assert_ptr_null(chunked.crypto);
}

static void refuses_key(void *state, const struct skt_mutant *mutant)
{
    struct fixture *fx = state;
    struct skp_chunked chunked = { 0 };

    if (mutant->bytes.len != SKP_KEY_LEN) {
        return;
    }
    skt_err(skp_chunked_init_open(&chunked, fx->crypto, mutant->bytes.ptr,
                                  skt_hex(context_hex), fx->head),
            SKP_ERR_DATA_LOSS);
}

static void refuses_context(void *state, const struct skt_mutant *mutant)
{
    struct fixture *fx = state;
    struct skp_chunked chunked = { 0 };

    skt_err(skp_chunked_init_open(&chunked, fx->crypto,
                                  skt_hex(data_key_hex).ptr, mutant->bytes,
                                  fx->head),
            SKP_ERR_DATA_LOSS);
}

START_TEST(commits_to_salt_key_and_context)
{
    struct fixture fx;

    set_up(&fx);
    skt_mutate((struct skp_view){ fx.head, sizeof fx.head }, refuses_head, &fx);
    skt_mutate(skt_hex(data_key_hex), refuses_key, &fx);
    skt_mutate(skt_hex(context_hex), refuses_context, &fx);
    tear_down(&fx);
}
END_TEST

static void refuses_chunk(void *state, const struct skt_mutant *mutant)
{
    struct fixture *fx = state;
    uint8_t opened[64];

    memset(opened, 0xee, sizeof opened);
    skt_err(skp_chunked_open(&fx->chunked, 0, true, mutant->bytes, opened),
            SKP_ERR_DATA_LOSS);
    for (size_t i = 0; i + SKP_GCM_TAG_LEN < mutant->bytes.len; i++) {
        ck_assert_uint_eq(opened[i], 0);
    }
}

START_TEST(opens_no_damaged_or_moved_chunk)
{
    struct fixture fx;
    uint8_t opened[64];

    set_up(&fx);
    skt_mutate(skt_hex(chunk_hex), refuses_chunk, &fx);
    for (int bit = 0; bit < 64; bit++) {
        skt_err(skp_chunked_open(&fx.chunked, UINT64_C(1) << bit, true,
                                 skt_hex(chunk_hex), opened),
                SKP_ERR_DATA_LOSS);
    }
    tear_down(&fx);
}
END_TEST

START_TEST(takes_a_chunk_as_last_exactly_if_it_is_short)
{
    static uint8_t plaintext[SKP_CHUNK_LEN + 1];
    static uint8_t chunk[SKP_CHUNK_SEALED_LEN + 1];
    struct skp_view full = { plaintext, SKP_CHUNK_LEN };
    struct skp_view almost = { plaintext, SKP_CHUNK_LEN - 1 };
    struct skp_view over = { plaintext, SKP_CHUNK_LEN + 1 };
    struct fixture fx;

    set_up(&fx);
    skt_err(skp_chunked_seal(&fx.chunked, 0, true, full, chunk),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skp_chunked_seal(&fx.chunked, 0, false, almost, chunk),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skp_chunked_seal(&fx.chunked, 0, false, over, chunk),
            SKP_ERR_INVALID_ARGUMENT);
    skt_ok(skp_chunked_seal(&fx.chunked, 0, true, almost, chunk));
    skt_err(
        skp_chunked_open(&fx.chunked, 0, false,
                         (struct skp_view){ chunk, SKP_CHUNK_SEALED_LEN - 1 },
                         plaintext),
        SKP_ERR_DATA_LOSS);
    skt_ok(skp_chunked_seal(&fx.chunked, 0, false, full, chunk));
    skt_err(skp_chunked_open(&fx.chunked, 0, true,
                             (struct skp_view){ chunk, SKP_CHUNK_SEALED_LEN },
                             plaintext),
            SKP_ERR_DATA_LOSS);
    skt_ok(skp_chunked_open(&fx.chunked, 0, false,
                            (struct skp_view){ chunk, SKP_CHUNK_SEALED_LEN },
                            plaintext));
    tear_down(&fx);
}
END_TEST

START_TEST(ends_at_2_to_the_38_chunks)
{
    struct fixture fx;
    struct skp_view empty = { NULL, 0 };
    uint8_t nonce[SKP_GCM_NONCE_LEN];
    uint8_t chunk[SKP_GCM_TAG_LEN];
    uint8_t nothing[1];
    struct skp_view sealed = { chunk, sizeof chunk };

    set_up(&fx);
    skt_ok(
        skp_chunked_seal(&fx.chunked, SKP_CHUNKS_MAX - 1, true, empty, chunk));
    skt_ok(skp_chunked_open(&fx.chunked, SKP_CHUNKS_MAX - 1, true, sealed,
                            nothing));
    skt_err(skp_chunked_seal(&fx.chunked, SKP_CHUNKS_MAX, true, empty, chunk),
            SKP_ERR_RESOURCE_EXHAUSTED);
    /* One that would open, sealed with the nonce of number 2^38. */
    memcpy(nonce, fx.chunked.base_nonce, sizeof nonce);
    nonce[SKP_GCM_NONCE_LEN - 5] ^= 0x40;
    skt_ok(skp_gcm_seal(fx.crypto, fx.chunked.key, nonce, empty, empty, chunk));
    skt_err(
        skp_chunked_open(&fx.chunked, SKP_CHUNKS_MAX, true, sealed, nothing),
        SKP_ERR_DATA_LOSS);
    tear_down(&fx);
}
END_TEST

START_TEST(keeps_two_messages_of_one_crypto_apart)
{
    struct fixture fx;
    struct skp_chunked other;
    uint8_t commitment[SKP_COMMITMENT_LEN];
    uint8_t key[SKP_KEY_LEN] = { 1 };
    uint8_t bytes[64];
    uint8_t others[64];

    set_up(&fx);
    skt_ok(skp_chunked_init_seal(&other, fx.crypto, key, skt_hex(context_hex),
                                 fx.head, commitment));
    for (int i = 0; i < 3; i++) {
        skt_ok(skp_chunked_seal(&fx.chunked, 0, true, skt_hex(plaintext_hex),
                                bytes));
        skt_bytes_eq((struct skp_view){ bytes, 33 }, skt_hex(chunk_hex));
        skt_ok(
            skp_chunked_seal(&other, 0, true, skt_hex(plaintext_hex), others));
        ck_assert(memcmp(bytes, others, 33) != 0);
    }
    /* Begun anew at the same place, with another key. */
    skp_chunked_done(&fx.chunked);
    skt_ok(skp_chunked_init_seal(&fx.chunked, fx.crypto, key,
                                 skt_hex(context_hex), fx.head, commitment));
    skt_ok(
        skp_chunked_seal(&fx.chunked, 0, true, skt_hex(plaintext_hex), bytes));
    ck_assert(memcmp(bytes, others, 33) == 0);
    skp_chunked_done(&other);
    tear_down(&fx);
}
END_TEST

START_TEST(wipes_itself_when_done)
{
    const uint8_t *bytes;
    struct fixture fx;

    set_up(&fx);
    bytes = (const uint8_t *)&fx.chunked;
    skp_chunked_done(&fx.chunked);
    for (size_t i = 0; i < sizeof fx.chunked; i++) {
        ck_assert_uint_eq(bytes[i], 0);
    }
    skp_chunked_done(&fx.chunked);
    tear_down(&fx);
}
END_TEST

/* Inflate; the longest of the shared messages has 4.2 MB. */
static struct skp_view inflate_hex(const cJSON *row, const char *name)
{
    static uint8_t bytes[5u << 20];
    struct skp_view packed = skt_hex_of(row, name);
    uLongf len = sizeof bytes;

    ck_assert_int_eq(uncompress(bytes, &len, packed.ptr, packed.len), Z_OK);
    return (struct skp_view){ bytes, len };
}

/* Read @ct chunk by chunk into @ret, as far as it is authentic; false when it
 * is not whole. */
static bool read_message(const cJSON *row,
                         struct skp_crypto *crypto,
                         struct skp_view ct,
                         struct skp_buf *ret)
{
    struct skp_chunked chunked;
    bool is_last = false;
    size_t at = SKP_CHUNKED_HEAD_LEN;

    if (ct.len < at ||
        skp_chunked_init_open(&chunked, crypto, skt_hex_of(row, "key").ptr,
                              skt_hex_of(row, "ctx"), ct.ptr) != SKP_ERR_OK) {
        return false;
    }
    for (uint64_t i = 0; !is_last; i++) {
        size_t left = ct.len - at;
        size_t len = left < SKP_CHUNK_SEALED_LEN ? left : SKP_CHUNK_SEALED_LEN;
        struct skp_view chunk = { ct.ptr + at, len };

        is_last = len < SKP_CHUNK_SEALED_LEN;
        if (skp_chunked_open(&chunked, i, is_last, chunk,
                             ret->ptr + ret->len) != SKP_ERR_OK) {
            break;
        }
        ret->len += len - SKP_GCM_TAG_LEN;
        at += len;
        if (is_last) {
            skp_chunked_done(&chunked);
            return true;
        }
    }
    skp_chunked_done(&chunked);
    return false;
}

static void
check_derived(const cJSON *row, struct skp_crypto *crypto, struct skp_view ct)
{
    struct skp_chunked chunked;
    uint8_t commitment[SKP_COMMITMENT_LEN];

    if (!cJSON_HasObjectItem(row, "aeadKey")) {
        return;
    }
    skt_ok(skp_chunked_init_seal(&chunked, crypto, skt_hex_of(row, "key").ptr,
                                 skt_hex_of(row, "ctx"), ct.ptr, commitment));
    skt_bytes_eq((struct skp_view){ chunked.key, sizeof chunked.key },
                 skt_hex_of(row, "aeadKey"));
    skt_bytes_eq(
        (struct skp_view){ chunked.base_nonce, sizeof chunked.base_nonce },
        skt_hex_of(row, "baseNonce"));
    skp_chunked_done(&chunked);
}

static void check_row(const cJSON *row, struct skp_crypto *crypto)
{
    static uint8_t bytes[5u << 20];
    struct skp_buf plaintext = skp_buf_over(bytes, sizeof bytes);
    struct skp_view ct = inflate_hex(row, "ct");
    uint8_t hash[crypto_hash_sha512_BYTES];
    bool is_valid = strcmp(skt_text(row, "result"), "valid") == 0;

    check_derived(row, crypto, ct);
    ck_assert_int_eq(read_message(row, crypto, ct, &plaintext), is_valid);
    if (cJSON_HasObjectItem(row, "msgLength")) {
        ck_assert_uint_eq(plaintext.len, (size_t)skt_number(row, "msgLength"));
        (void)crypto_hash_sha512(hash, plaintext.ptr, plaintext.len);
        skt_bytes_eq((struct skp_view){ hash, sizeof hash },
                     skt_hex_of(row, "msgSha512"));
    } else {
        ck_assert_uint_eq(plaintext.len, 0);
    }
}

START_TEST(agrees_with_wycheproof_for_cobblestone_256)
{
    const cJSON *json = skt_shared_json(
        "vectors/wycheproof_c2sp_chunked_encryption_aes_256_gcm_test.json");
    struct skp_crypto *crypto = NULL;
    const cJSON *group;
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    cJSON_ArrayForEach(group, skt_member(json, "testGroups"))
    {
        cJSON_ArrayForEach(row, skt_member(group, "tests"))
        {
            /* Two cases have keys of a length that our types rule out. */
            if (skt_hex_of(row, "key").len == SKP_KEY_LEN) {
                check_row(row, crypto);
                n++;
            }
        }
    }
    ck_assert_int_eq(n, 33);
    skp_crypto_free(&crypto);
}
END_TEST

SKT_SUITE("chunked",
          derives_key_nonce_and_commitment_as_specified,
          seals_and_opens_the_golden_chunk,
          commits_to_salt_key_and_context,
          opens_no_damaged_or_moved_chunk,
          takes_a_chunk_as_last_exactly_if_it_is_short,
          ends_at_2_to_the_38_chunks,
          keeps_two_messages_of_one_crypto_apart,
          wipes_itself_when_done,
          agrees_with_wycheproof_for_cobblestone_256)
