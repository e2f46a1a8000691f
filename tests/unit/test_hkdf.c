/* test_hkdf.c - HKDF with both hashes. */
#include <string.h>

#include "protocol/crypto.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

#define OKM_MAX (255u * 64u)

static size_t hash_len(enum skp_hash hash)
{
    return hash == SKP_SHA256 ? 32 : 64;
}

struct hkdf_case {
    struct skp_view ikm;
    struct skp_view salt;
    struct skp_view info;
    size_t len;
};

static enum skp_err
run_hkdf(enum skp_hash hash, const struct hkdf_case *in, uint8_t *ret)
{
    uint8_t prk[64];

    skp_hkdf_extract(hash, in->salt, &in->ikm, 1, prk);
    return skp_hkdf_expand(hash, (struct skp_view){ prk, hash_len(hash) },
                           &in->info, 1, ret, in->len);
}

static void check_row(enum skp_hash hash, const cJSON *row)
{
    static uint8_t okm[OKM_MAX];
    struct hkdf_case in = { skt_hex_of(row, "ikm"), skt_hex_of(row, "salt"),
                            skt_hex_of(row, "info"),
                            (size_t)skt_number(row, "size") };

    if (strcmp(skt_text(row, "result"), "valid") != 0) {
        skt_err(run_hkdf(hash, &in, okm), SKP_ERR_INVALID_ARGUMENT);
        return;
    }
    skt_ok(run_hkdf(hash, &in, okm));
    skt_bytes_eq((struct skp_view){ okm, in.len }, skt_hex_of(row, "okm"));
}

static void check_shared(const char *name, enum skp_hash hash, int n_expected)
{
    const cJSON *json = skt_shared_json(name);
    const cJSON *group;
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(group, skt_member(json, "testGroups"))
    {
        cJSON_ArrayForEach(row, skt_member(group, "tests"))
        {
            check_row(hash, row);
            n++;
        }
    }
    ck_assert_int_eq(n, n_expected);
}

START_TEST(agrees_with_the_first_case_of_rfc_5869)
{
    struct hkdf_case in = { skt_hex(
                                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                            skt_hex("000102030405060708090a0b0c"),
                            skt_hex("f0f1f2f3f4f5f6f7f8f9"), 42 };
    uint8_t prk[32];
    uint8_t okm[42];

    skp_hkdf_extract(SKP_SHA256, in.salt, &in.ikm, 1, prk);
    skt_bytes_eq(
        (struct skp_view){ prk, sizeof prk },
        skt_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2"
                "b3e5"));
    skt_ok(run_hkdf(SKP_SHA256, &in, okm));
    skt_bytes_eq(
        (struct skp_view){ okm, sizeof okm },
        skt_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d"
                "56ecc4c5bf34007208d5b887185865"));
}
END_TEST

START_TEST(agrees_with_wycheproof_for_sha256)
{
    check_shared("vectors/wycheproof_hkdf_sha256_test.json", SKP_SHA256, 86);
}
END_TEST

START_TEST(agrees_with_wycheproof_for_sha512)
{
    check_shared("vectors/wycheproof_hkdf_sha512_test.json", SKP_SHA512, 83);
}
END_TEST

START_TEST(takes_an_input_in_parts_as_one)
{
    struct skp_view whole = skp_view_of("one input in three parts");
    const struct skp_view parts[] = { { whole.ptr, 4 },
                                      { NULL, 0 },
                                      { whole.ptr + 4, 13 },
                                      { whole.ptr + 17, whole.len - 17 } };
    struct skp_view salt = skp_view_of("salt");
    uint8_t a[100];
    uint8_t b[100];

    skp_hkdf_extract(SKP_SHA512, salt, &whole, 1, a);
    skp_hkdf_extract(SKP_SHA512, salt, parts, SKP_ARRAY_LEN(parts), b);
    ck_assert(memcmp(a, b, 64) == 0);
    skt_ok(skp_hkdf_expand(SKP_SHA256, salt, &whole, 1, a, sizeof a));
    skt_ok(skp_hkdf_expand(SKP_SHA256, salt, parts, SKP_ARRAY_LEN(parts), b,
                           sizeof b));
    ck_assert(memcmp(a, b, sizeof a) == 0);
}
END_TEST

START_TEST(gives_a_prefix_when_asked_for_less)
{
    struct skp_view prk = skp_view_of("a pseudorandom key of 32 octets.");
    uint8_t whole[130];

    skt_ok(skp_hkdf_expand(SKP_SHA512, prk, NULL, 0, whole, sizeof whole));
    for (size_t len = 0; len < sizeof whole; len++) {
        uint8_t part[131];

        memset(part, 0xee, sizeof part);
        skt_ok(skp_hkdf_expand(SKP_SHA512, prk, NULL, 0, part, len));
        ck_assert(memcmp(part, whole, len) == 0);
        ck_assert_uint_eq(part[len], 0xee);
    }
}
END_TEST

START_TEST(refuses_more_than_255_hash_lengths)
{
    static uint8_t okm[OKM_MAX + 1];
    struct skp_view prk = skp_view_of("key");

    skt_ok(skp_hkdf_expand(SKP_SHA256, prk, NULL, 0, okm, (size_t)255 * 32));
    skt_err(
        skp_hkdf_expand(SKP_SHA256, prk, NULL, 0, okm, (size_t)255 * 32 + 1),
        SKP_ERR_INVALID_ARGUMENT);
    skt_ok(skp_hkdf_expand(SKP_SHA512, prk, NULL, 0, okm, (size_t)255 * 64));
    skt_err(
        skp_hkdf_expand(SKP_SHA512, prk, NULL, 0, okm, (size_t)255 * 64 + 1),
        SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

SKT_SUITE("hkdf",
          agrees_with_the_first_case_of_rfc_5869,
          agrees_with_wycheproof_for_sha256,
          agrees_with_wycheproof_for_sha512,
          takes_an_input_in_parts_as_one,
          gives_a_prefix_when_asked_for_less,
          refuses_more_than_255_hash_lengths)
