/* test_key.c - seeds, keys, key ids and tenant ids. */
#include <string.h>

#include <sodium.h>

#include "protocol/base64.h"
#include "protocol/key.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

static void derives(const char *seed,
                    const char *private_hex,
                    const char *public_hex,
                    const char *key_id_hex)
{
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];

    skt_ok(skp_key_from_seed(skp_view_of(seed), private_key, NULL));
    skp_key_public(private_key, public_key);
    skp_key_id(public_key, key_id);
    skt_bytes_eq((struct skp_view){ private_key, sizeof private_key },
                 skt_hex(private_hex));
    skt_bytes_eq((struct skp_view){ public_key, sizeof public_key },
                 skt_hex(public_hex));
    skt_bytes_eq((struct skp_view){ key_id, sizeof key_id },
                 skt_hex(key_id_hex));
}

static void is_refused(const char *seed)
{
    uint8_t private_key[SKP_KEY_LEN] = { 1, 2, 3 };
    uint8_t before[SKP_KEY_LEN] = { 1, 2, 3 };
    struct skp_diag diag = { "" };

    skt_err(skp_key_from_seed(skp_view_of(seed), private_key, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert(memcmp(private_key, before, sizeof before) == 0);
    ck_assert_str_ne(diag.text, "");
    ck_assert_msg(strlen(seed) < 4 || strstr(diag.text, seed) == NULL,
                  "the seed is shown: %s", diag.text);
}

START_TEST(derives_the_golden_keys)
{
    derives("SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg=",
            "315582ed94902e7f2ed5ba36646640b1673917eb9299ac9010cda4e8d7fd2873",
            "6b7b89e070340fc0566acbc4df10f83c53a77f858a24a5359129d4c98868c723",
            "3e79bd828a6533d9");
    derives(" HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP"
            "\r\n",
            "36f52e5905b716e9fcd61dc6c41412a5fe19858dc0691407703f3ae7bb592a56",
            "0a61d917506d5f3af1748ce97e51e1177575b98a29a97bd0f3af40223617de38",
            "dd15cd4ae3affea5");
}
END_TEST

START_TEST(derives_every_shared_key)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "derivation"))
    {
        derives(skt_text(row, "seed_base64"), skt_text(row, "private"),
                skt_text(row, "public"), skt_text(row, "key_id"));
        n++;
    }
    ck_assert_int_eq(n, 12);
}
END_TEST

START_TEST(refuses_every_shared_bad_seed)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "derivation_refused"))
    {
        is_refused(skt_text(row, "seed_base64"));
        n++;
    }
    ck_assert_int_eq(n, 13);
}
END_TEST

START_TEST(says_why_a_seed_is_refused)
{
    uint8_t key[SKP_KEY_LEN];
    struct skp_diag diag = { "" };

    skt_err(skp_key_from_seed(skp_view_of("no seed"), key, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "seed is not base64");
    skt_err(skp_key_from_seed(
                skp_view_of("etbL+U6Yn8qG8Ni5fQlHIdDJtDeiYqr9pRYeeEYPoQ=="),
                key, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "seed is too short, 32 bytes are the least");
    is_refused("");
}
END_TEST

/* 510, 513 and 516 bytes: on both sides of what is decoded on the stack. */
START_TEST(hashes_the_whole_of_a_long_seed)
{
    static char text[4 * 172 + 1];
    uint8_t bytes[3 * 172] = { 0 };
    uint8_t key[SKP_KEY_LEN];
    uint8_t hash[crypto_hash_sha256_BYTES];

    for (size_t quads = 170; quads <= 172; quads++) {
        struct skp_buf buf = skp_buf_over(text, sizeof text);

        for (size_t i = 0; i < 3 * quads; i++) {
            bytes[i] = (uint8_t)(7 * i + quads);
        }
        skt_ok(skp_base64_encode((struct skp_view){ bytes, 3 * quads }, &buf));
        skt_ok(skp_key_from_seed((struct skp_view){ buf.ptr, buf.len }, key,
                                 NULL));
        (void)crypto_hash_sha256(hash, bytes, 3 * quads);
        skt_bytes_eq((struct skp_view){ key, sizeof key },
                     (struct skp_view){ hash, sizeof hash });
        ck_assert_uint_eq(skp_secret_held(), 0);
    }
}
END_TEST

START_TEST(leaves_no_seed_in_locked_memory)
{
    size_t held = skp_secret_held();
    uint8_t key[SKP_KEY_LEN];

    skt_ok(skp_key_from_seed(
        skp_view_of("SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="), key,
        NULL));
    skt_err(skp_key_from_seed(skp_view_of("eA=="), key, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(skp_secret_held(), held);
}
END_TEST

START_TEST(takes_1_to_128_printable_bytes_as_a_tenant)
{
    char text[SKP_TENANT_MAX + 1];

    memset(text, '~', sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        struct skp_view tenant = { (const uint8_t *)text, len };

        ck_assert_int_eq(skp_tenant_is_valid(tenant),
                         len >= 1 && len <= SKP_TENANT_MAX);
    }
    /* Wherever it stands, and whatever stands beside it. */
    for (size_t len = 1; len <= 20; len++) {
        for (size_t at = 0; at < len; at++) {
            char former = text[at];

            for (int c = 0; c < 256; c++) {
                text[at] = (char)c;
                ck_assert_int_eq(skp_tenant_is_valid(
                                     (struct skp_view){ (uint8_t *)text, len }),
                                 c > ' ' && c <= '~');
            }
            text[at] = former;
        }
    }
}
END_TEST

START_TEST(takes_36_characters_of_any_case_as_a_uuid)
{
    static const char uuid[] = "67f1adf3-08e5-4EEA-94e3-E611F263C87B";
    char text[sizeof uuid];

    ck_assert(skp_tenant_is_uuid(skp_view_of(uuid)));
    ck_assert(!skp_tenant_is_uuid(skp_view_of("")));
    ck_assert(!skp_tenant_is_uuid(
        skp_view_of("67f1adf3-08e5-4eea-94e3-e611f263c87")));
    ck_assert(!skp_tenant_is_uuid(
        skp_view_of("67f1adf3-08e5-4eea-94e3-e611f263c87bb")));
    for (size_t i = 0; i < sizeof uuid - 1; i++) {
        static const char wrong[] = "g/:@G`\xb0 ";

        memcpy(text, uuid, sizeof uuid);
        for (size_t j = 0; j < sizeof wrong - 1; j++) {
            text[i] = wrong[j];
            ck_assert(!skp_tenant_is_uuid(skp_view_of(text)));
        }
        text[i] = uuid[i] == '-' ? '0' : '-';
        ck_assert(!skp_tenant_is_uuid(skp_view_of(text)));
    }
}
END_TEST

START_TEST(derives_many_public_keys_like_one)
{
    static const size_t counts[] = { 0, 1, 2, 3, 4, 5, 63, 64, 65, 131 };
    static uint8_t private_keys[131][SKP_KEY_LEN];
    static uint8_t public_keys[132][SKP_KEY_LEN];
    const uint8_t *places[131];

    for (size_t i = 0; i < SKP_ARRAY_LEN(private_keys); i++) {
        randombytes_buf(private_keys[i], SKP_KEY_LEN);
        places[i] = private_keys[i];
    }
    for (size_t c = 0; c < SKP_ARRAY_LEN(counts); c++) {
        static const uint8_t untouched[SKP_KEY_LEN];

        memset(public_keys, 0, sizeof public_keys);
        skp_key_public_batch(places, counts[c], public_keys);
        for (size_t i = 0; i < counts[c]; i++) {
            uint8_t expected[SKP_KEY_LEN];

            skp_key_public(private_keys[i], expected);
            ck_assert_mem_eq(public_keys[i], expected, SKP_KEY_LEN);
        }
        ck_assert_mem_eq(public_keys[counts[c]], untouched, SKP_KEY_LEN);
    }
}
END_TEST

SKT_SUITE("key",
          derives_many_public_keys_like_one,
          derives_the_golden_keys,
          derives_every_shared_key,
          refuses_every_shared_bad_seed,
          says_why_a_seed_is_refused,
          hashes_the_whole_of_a_long_seed,
          leaves_no_seed_in_locked_memory,
          takes_1_to_128_printable_bytes_as_a_tenant,
          takes_36_characters_of_any_case_as_a_uuid)
