/* test_crypto.c - X25519, AES-256-GCM, AES-256-CTR. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <sodium.h>

#include "protocol/crypto.h"
#include "tests/lib/mutate.h"
#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

static const struct skp_view nothing = { NULL, 0 };

static struct skp_crypto *make_crypto(void)
{
    struct skp_crypto *crypto = NULL;

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    return crypto;
}

/* A GCM message of the tests' own. */
struct message {
    const uint8_t *key;
    const uint8_t *nonce;
    struct skp_view aad;
    struct skp_view plaintext;
};

static struct message make_message(void)
{
    return (struct message){
        skt_hex(
            "92ace3e348cd821092cd921aa3546374299ab46209691bc28b8752d17f123c20")
            .ptr,
        skt_hex("00112233445566778899aabb").ptr,
        skt_hex("00000000ffffffff"),
        skt_hex("00010203040506070809"),
    };
}

static const char sealed_hex[] =
    "e27abdd2d2a53d2f136b9a4a2579529301bcfb71c78d4060f52c";

START_TEST(gives_random_bytes_from_its_table)
{
    struct skt_random_script script;
    struct skp_crypto *crypto = NULL;
    uint8_t bytes[3];

    skt_random_script_init(&script);
    skt_random_script_add(&script, "010203");
    skt_ok(skp_crypto_new(&script.table, &crypto));
    skt_ok(skp_crypto_random(crypto, bytes, sizeof bytes));
    skt_bytes_eq((struct skp_view){ bytes, 3 }, skt_hex("010203"));
    skt_err(skp_crypto_random(crypto, bytes, 1), SKP_ERR_INTERNAL);
    skt_random_script_used(&script);
    skp_crypto_free(&crypto);
    ck_assert_ptr_null(crypto);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(agrees_with_wycheproof_for_x25519)
{
    const cJSON *json = skt_shared_json("vectors/wycheproof_x25519_test.json");
    static const uint8_t zeroes[SKP_KEY_LEN];
    const cJSON *group;
    const cJSON *row;
    int n_zero = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(group, skt_member(json, "testGroups"))
    {
        cJSON_ArrayForEach(row, skt_member(group, "tests"))
        {
            struct skp_view expected = skt_hex_of(row, "shared");
            bool is_zero = memcmp(expected.ptr, zeroes, sizeof zeroes) == 0;
            uint8_t shared[SKP_KEY_LEN];

            memset(shared, 0xee, sizeof shared);
            skt_err(skp_x25519(skt_hex_of(row, "private").ptr,
                               skt_hex_of(row, "public").ptr, shared),
                    is_zero ? SKP_ERR_INVALID_ARGUMENT : SKP_ERR_OK);
            skt_bytes_eq((struct skp_view){ shared, sizeof shared }, expected);
            n_zero += is_zero ? 1 : 0;
        }
    }
    ck_assert_int_eq(n_zero, 31);
}
END_TEST

START_TEST(takes_what_was_done_ahead_and_refuses_low_order)
{
    static const uint8_t key[SKP_KEY_LEN] = { 9, 8, 7 };
    static const uint8_t one[SKP_KEY_LEN] = { 1 };
    static const uint8_t point[SKP_KEY_LEN] = { 9 };
    struct skp_crypto *crypto = NULL;
    struct skp_ahead *ahead;
    uint8_t expected[SKP_KEY_LEN];
    uint8_t got[SKP_KEY_LEN];

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    skt_ok(skp_x25519(key, point, expected));
    ahead = skp_crypto_ahead(crypto);
    ck_assert_ptr_nonnull(ahead);
    ck_assert(skp_ahead_add(ahead, key, point));
    ck_assert(skp_ahead_add(ahead, key, one));
    skp_ahead_run(ahead);
    /* The first is taken from there, the second is done now. */
    for (int i = 0; i < 2; i++) {
        memset(got, 0, sizeof got);
        skt_ok(skp_crypto_exchange(crypto, key, point, got));
        skt_bytes_eq((struct skp_view){ got, sizeof got },
                     (struct skp_view){ expected, sizeof expected });
        skt_err(skp_crypto_exchange(crypto, key, one, got),
                SKP_ERR_INVALID_ARGUMENT);
    }
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(agrees_with_rfc_7748_and_refuses_low_order)
{
    struct skp_view scalar = skt_hex(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    struct skp_view point = skt_hex(
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    static const uint8_t one[SKP_KEY_LEN] = { 1 };
    uint8_t shared[SKP_KEY_LEN];

    skt_ok(skp_x25519(scalar.ptr, point.ptr, shared));
    skt_bytes_eq(
        (struct skp_view){ shared, sizeof shared },
        skt_hex(
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
    skt_err(skp_x25519(scalar.ptr, one, shared), SKP_ERR_INVALID_ARGUMENT);
    for (size_t i = 0; i < sizeof shared; i++) {
        ck_assert_uint_eq(shared[i], 0);
    }
}
END_TEST

/* Untouched but for the result, which is zero, when the point is refused. */
START_TEST(an_ephemeral_key_gives_its_secret_and_its_public_key)
{
    struct skp_view scalar = skt_hex(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    struct skp_view point = skt_hex(
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    static const uint8_t one[SKP_KEY_LEN] = { 1 };
    uint8_t shared[SKP_KEY_LEN] = { 7 };
    uint8_t public_key[SKP_KEY_LEN] = { 7 };
    uint8_t expected[SKP_KEY_LEN];

    skt_err(skp_x25519_ephemeral(scalar.ptr, one, shared, public_key),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_int_eq(sodium_is_zero(shared, sizeof shared), 1);
    ck_assert_uint_eq(public_key[0], 7);
    skt_ok(skp_x25519_ephemeral(scalar.ptr, point.ptr, shared, public_key));
    skt_bytes_eq(
        (struct skp_view){ shared, sizeof shared },
        skt_hex(
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
    ck_assert_int_eq(crypto_scalarmult_curve25519_base(expected, scalar.ptr),
                     0);
    skt_bytes_eq((struct skp_view){ public_key, sizeof public_key },
                 (struct skp_view){ expected, sizeof expected });
}
END_TEST

static void check_gcm_row(struct skp_crypto *crypto, const cJSON *row)
{
    struct skp_view key = skt_hex_of(row, "key");
    struct skp_view nonce = skt_hex_of(row, "iv");
    struct skp_view aad = skt_hex_of(row, "aad");
    struct skp_view plaintext = skt_hex_of(row, "msg");
    struct skp_view body = skt_hex_of(row, "ct");
    uint8_t sealed[1024];
    uint8_t made[1024];
    struct skp_buf all = skp_buf_over(sealed, sizeof sealed);
    bool is_valid = strcmp(skt_text(row, "result"), "valid") == 0;

    skt_ok(skp_buf_put(&all, body.ptr, body.len));
    skt_ok(skp_buf_put(&all, skt_hex_of(row, "tag").ptr, SKP_GCM_TAG_LEN));
    skt_err(skp_gcm_open(crypto, key.ptr, nonce.ptr, aad,
                         (struct skp_view){ all.ptr, all.len }, made),
            is_valid ? SKP_ERR_OK : SKP_ERR_DATA_LOSS);
    if (!is_valid) {
        return;
    }
    skt_bytes_eq((struct skp_view){ made, plaintext.len }, plaintext);
    skt_ok(skp_gcm_seal(crypto, key.ptr, nonce.ptr, aad, plaintext, made));
    skt_bytes_eq((struct skp_view){ made, all.len },
                 (struct skp_view){ all.ptr, all.len });
}

START_TEST(agrees_with_wycheproof_for_aes_256_gcm)
{
    const cJSON *json = skt_shared_json("vectors/wycheproof_aes_gcm_test.json");
    struct skp_crypto *crypto = NULL;
    const cJSON *group;
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    crypto = make_crypto();
    cJSON_ArrayForEach(group, skt_member(json, "testGroups"))
    {
        if (skt_number(group, "keySize") != 256 ||
            skt_number(group, "ivSize") != 96 ||
            skt_number(group, "tagSize") != 128) {
            continue;
        }
        cJSON_ArrayForEach(row, skt_member(group, "tests"))
        {
            check_gcm_row(crypto, row);
            n++;
        }
    }
    ck_assert_int_eq(n, 66);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(seals_and_opens_in_place)
{
    struct skp_crypto *crypto = make_crypto();
    struct message m = make_message();
    uint8_t bytes[10 + SKP_GCM_TAG_LEN];

    memcpy(bytes, m.plaintext.ptr, m.plaintext.len);
    skt_ok(skp_gcm_seal(crypto, m.key, m.nonce, m.aad,
                        (struct skp_view){ bytes, m.plaintext.len }, bytes));
    skt_bytes_eq((struct skp_view){ bytes, sizeof bytes }, skt_hex(sealed_hex));
    skt_ok(skp_gcm_open(crypto, m.key, m.nonce, m.aad,
                        (struct skp_view){ bytes, sizeof bytes }, bytes));
    skt_bytes_eq((struct skp_view){ bytes, m.plaintext.len }, m.plaintext);
    skp_crypto_free(&crypto);
}
END_TEST

static void refuses_mutant(void *state, const struct skt_mutant *mutant)
{
    struct message m = make_message();
    uint8_t made[64];

    memset(made, 0xee, sizeof made);
    skt_err(skp_gcm_open(state, m.key, m.nonce, m.aad, mutant->bytes, made),
            SKP_ERR_DATA_LOSS);
    for (size_t i = 0; i + SKP_GCM_TAG_LEN < mutant->bytes.len; i++) {
        ck_assert_uint_eq(made[i], 0);
    }
    ck_assert_uint_eq(made[63], 0xee);
}

START_TEST(opens_no_damaged_message_and_leaves_nothing_of_it)
{
    struct skp_crypto *crypto = make_crypto();

    skt_mutate(skt_hex(sealed_hex), refuses_mutant, crypto);
    /* An application's TLS code reads the same queue of errors. */
    ck_assert_uint_eq(ERR_peek_error(), 0);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(seals_the_same_with_a_kept_key_and_anew)
{
    struct skp_crypto *crypto = make_crypto();
    struct message m = make_message();
    uint64_t ticket = skp_gcm_ticket(crypto);
    uint8_t anew[64];
    uint8_t kept[64];
    uint8_t opened[64];
    struct skp_view sealed = { kept, m.plaintext.len + SKP_GCM_TAG_LEN };

    skt_ok(skp_gcm_seal(crypto, m.key, m.nonce, nothing, m.plaintext, anew));
    for (int i = 0; i < 3; i++) {
        skt_ok(skp_gcm_seal_next(crypto, ticket, m.key, m.nonce, m.plaintext,
                                 kept));
        ck_assert(memcmp(anew, kept, sealed.len) == 0);
        skt_ok(
            skp_gcm_open_next(crypto, ticket, m.key, m.nonce, sealed, opened));
        ck_assert(memcmp(opened, m.plaintext.ptr, m.plaintext.len) == 0);
    }
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(uses_no_kept_key_after_another_key_came_between)
{
    struct skp_crypto *crypto = make_crypto();
    struct message m = make_message();
    const uint8_t *other = skt_hex("ff").ptr;
    uint8_t other_key[SKP_KEY_LEN];
    uint64_t a = skp_gcm_ticket(crypto);
    uint64_t b = skp_gcm_ticket(crypto);
    uint8_t first[64];
    uint8_t again[64];
    uint8_t between[64];
    size_t len = m.plaintext.len + SKP_GCM_TAG_LEN;

    memset(other_key, *other, sizeof other_key);
    ck_assert_uint_ne(a, b);
    skt_ok(skp_gcm_seal_next(crypto, a, m.key, m.nonce, m.plaintext, first));
    skt_ok(
        skp_gcm_seal_next(crypto, b, other_key, m.nonce, m.plaintext, between));
    ck_assert(memcmp(first, between, len) != 0);
    skt_ok(skp_gcm_seal_next(crypto, a, m.key, m.nonce, m.plaintext, again));
    ck_assert(memcmp(first, again, len) == 0);
    skt_ok(skp_gcm_seal(crypto, other_key, m.nonce, nothing, m.plaintext,
                        between));
    skt_ok(skp_gcm_seal_next(crypto, a, m.key, m.nonce, m.plaintext, again));
    ck_assert(memcmp(first, again, len) == 0);
    /* A dropped key is gone: what its ticket is used with next counts. */
    skp_gcm_drop(crypto, a);
    skt_ok(
        skp_gcm_seal_next(crypto, a, other_key, m.nonce, m.plaintext, again));
    ck_assert(memcmp(between, again, len) == 0);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(opens_the_next_message_after_a_damaged_one)
{
    struct skp_crypto *crypto = make_crypto();
    struct message m = make_message();
    uint64_t ticket = skp_gcm_ticket(crypto);
    uint8_t sealed[64];
    uint8_t opened[64];
    struct skp_view good = { sealed, m.plaintext.len + SKP_GCM_TAG_LEN };

    skt_ok(
        skp_gcm_seal_next(crypto, ticket, m.key, m.nonce, m.plaintext, sealed));
    sealed[0] ^= 1;
    skt_err(skp_gcm_open_next(crypto, ticket, m.key, m.nonce, good, opened),
            SKP_ERR_DATA_LOSS);
    sealed[0] ^= 1;
    skt_ok(skp_gcm_open_next(crypto, ticket, m.key, m.nonce, good, opened));
    skt_err(skp_gcm_open_next(crypto, ticket, m.key, m.nonce,
                              (struct skp_view){ sealed, 15 }, opened),
            SKP_ERR_DATA_LOSS);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(counts_blocks_as_sp_800_38a_does)
{
    /* Its counter begins at f0f1...ff; a zero IV is checked by the envelopes.
     * Here: AES-256 of the counter block 0 and 1 under the all-zero key. */
    static const uint8_t zeroes[32];
    struct skp_crypto *crypto = make_crypto();
    uint8_t stream[32];

    skt_ok(skp_ctr_apply(crypto, zeroes, 0, (struct skp_view){ zeroes, 32 },
                         stream));
    skt_bytes_eq((struct skp_view){ stream, 16 },
                 skt_hex("dc95c078a2408989ad48a21492842087"));
    skt_bytes_eq((struct skp_view){ stream + 16, 16 },
                 skt_hex("530f8afbc74536b9a963b4f1c4cb738b"));
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(gives_every_range_of_the_stream_alone)
{
    struct skp_crypto *crypto = make_crypto();
    uint8_t key[SKP_KEY_LEN];
    uint8_t whole[70];
    static const uint8_t zeroes[sizeof whole];

    memset(key, 7, sizeof key);
    skt_ok(skp_ctr_apply(crypto, key, 0,
                         (struct skp_view){ zeroes, sizeof whole }, whole));
    for (size_t at = 0; at < sizeof whole; at++) {
        for (size_t len = 0; len <= sizeof whole - at; len++) {
            uint8_t part[sizeof whole] = { 0 };

            skt_ok(skp_ctr_apply(crypto, key, at,
                                 (struct skp_view){ part, len }, part));
            ck_assert(memcmp(part, whole + at, len) == 0);
        }
    }
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(carries_the_counter_through_all_its_bytes)
{
    static const uint8_t zeroes[48];
    struct skp_crypto *crypto = make_crypto();
    uint8_t across[48];
    uint8_t alone[16];

    /* 2^36 bytes are 2^32 blocks: a 32-bit counter would wrap here. */
    skt_ok(skp_ctr_apply(crypto, zeroes, (UINT64_C(1) << 36) - 16,
                         (struct skp_view){ zeroes, 48 }, across));
    skt_ok(skp_ctr_apply(crypto, zeroes, UINT64_C(1) << 36,
                         (struct skp_view){ zeroes, 16 }, alone));
    ck_assert(memcmp(across + 16, alone, 16) == 0);
    skt_ok(skp_ctr_apply(crypto, zeroes, 0, (struct skp_view){ zeroes, 16 },
                         alone));
    ck_assert(memcmp(across + 16, alone, 16) != 0);
    skt_ok(skp_ctr_apply(crypto, zeroes, UINT64_MAX - 15,
                         (struct skp_view){ zeroes, 16 }, alone));
    skp_crypto_free(&crypto);
}
END_TEST

/* True when the 16 bytes at @needle lie anywhere on the heap. */
static bool is_on_heap(const uint8_t needle[16])
{
    FILE *maps = fopen("/proc/self/maps", "re");
    FILE *mem = fopen("/proc/self/mem", "re");
    static uint8_t page[4096 + 15];
    char line[512];
    bool is_found = false;

    ck_assert(maps != NULL && mem != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *dash;
        long at = strtol(line, &dash, 16);
        long end = strtol(dash + 1, NULL, 16);

        if (strstr(line, "[heap]") == NULL) {
            continue;
        }
        for (; at < end; at += 4096) {
            size_t len;

            ck_assert_int_eq(fseek(mem, at, SEEK_SET), 0);
            len = fread(page, 1, sizeof page, mem);
            is_found = is_found || memmem(page, len, needle, 16) != NULL;
        }
    }
    (void)fclose(maps);
    (void)fclose(mem);
    return is_found;
}

/* The sanitizers, and valgrind, have heaps of their own, where the search does
 * not look. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_PLAIN_HEAP false
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define HAS_PLAIN_HEAP false
#endif
#endif
#ifndef HAS_PLAIN_HEAP
#define HAS_PLAIN_HEAP true
#endif

START_TEST(leaves_no_key_on_the_heap)
{
    struct skp_crypto *crypto = make_crypto();
    struct message m = make_message();
    static uint8_t key[SKP_KEY_LEN];
    static uint8_t bytes[64];
    uint64_t ticket = skp_gcm_ticket(crypto);

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 89 + 61);
    }
    /* While a key is kept it is there: the search can find it. */
    skt_ok(skp_gcm_seal_next(crypto, ticket, key, m.nonce, m.plaintext, bytes));
    ck_assert_int_eq(is_on_heap(key),
                     HAS_PLAIN_HEAP && getenv("SKT_VALGRIND") == NULL);
    skp_gcm_drop(crypto, ticket);
    ck_assert(!is_on_heap(key));
    skt_ok(skp_gcm_seal(crypto, key, m.nonce, m.aad, m.plaintext, bytes));
    ck_assert(!is_on_heap(key));
    skt_ok(skp_gcm_open(crypto, key, m.nonce, m.aad,
                        (struct skp_view){ bytes, 26 }, bytes + 32));
    ck_assert(!is_on_heap(key));
    skt_ok(skp_ctr_apply(crypto, key, 3, m.plaintext, bytes));
    ck_assert(!is_on_heap(key));
    skt_ok(skp_gcm_seal_next(crypto, ticket, key, m.nonce, m.plaintext, bytes));
    skp_crypto_free(&crypto);
    ck_assert(!is_on_heap(key));
}
END_TEST

SKT_SUITE("crypto",
          gives_random_bytes_from_its_table,
          agrees_with_wycheproof_for_x25519,
          takes_what_was_done_ahead_and_refuses_low_order,
          agrees_with_rfc_7748_and_refuses_low_order,
          an_ephemeral_key_gives_its_secret_and_its_public_key,
          agrees_with_wycheproof_for_aes_256_gcm,
          seals_and_opens_in_place,
          opens_no_damaged_message_and_leaves_nothing_of_it,
          seals_the_same_with_a_kept_key_and_anew,
          uses_no_kept_key_after_another_key_came_between,
          opens_the_next_message_after_a_damaged_one,
          counts_blocks_as_sp_800_38a_does,
          gives_every_range_of_the_stream_alone,
          carries_the_counter_through_all_its_bytes,
          leaves_no_key_on_the_heap)
