/* test_hpke.c - RFC 9180 base mode, single shot. */
#include <string.h>

#include "protocol/hpke.h"
#include "protocol/key.h"
#include "tests/lib/mutate.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

/* One message; all hex. */
struct hpke_case {
    const char *info;
    const char *sk_r;
    const char *pk_r;
    const char *sk_e;
    const char *enc;
    const char *aad;
    const char *pt;
    const char *ct;
};

/* The CFRG vectors that accompany RFC 9180: mode_base, 0x0020, 0x0001, 0x0002,
 * first encryption. */
static const struct hpke_case golden = {
    "4f6465206f6e2061204772656369616e2055726e",
    "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
    "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c",
    "179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11",
    "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256",
    "436f756e742d30",
    "4265617574792069732074727574682c20747275746820626561757479",
    "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125"
    "a925cdad859d5b7a",
};

static enum skp_err open_golden(struct skp_crypto *crypto,
                                const uint8_t *enc,
                                struct skp_view info,
                                struct skp_view aad,
                                struct skp_view ciphertext)
{
    struct skp_key_pair keys = { skt_hex(golden.sk_r).ptr,
                                 skt_hex(golden.pk_r).ptr };
    uint8_t opened[512];

    return skp_hpke_open(crypto, &keys, enc, info, aad, ciphertext, opened);
}

static struct skp_crypto *make_crypto(void)
{
    struct skp_crypto *crypto = NULL;

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    return crypto;
}

static void check_case(const struct hpke_case *in)
{
    struct skp_crypto *crypto = make_crypto();
    struct skp_key_pair keys = { skt_hex(in->sk_r).ptr, skt_hex(in->pk_r).ptr };
    struct skp_view plaintext = skt_hex(in->pt);
    uint8_t enc[SKP_HPKE_ENC_LEN];
    uint8_t sealed[512];
    uint8_t opened[512];

    skt_ok(skp_hpke_seal(crypto, keys.public_key, skt_hex(in->sk_e).ptr,
                         skt_hex(in->info), skt_hex(in->aad), plaintext, enc,
                         sealed));
    skt_bytes_eq((struct skp_view){ enc, sizeof enc }, skt_hex(in->enc));
    skt_bytes_eq((struct skp_view){ sealed, plaintext.len + SKP_GCM_TAG_LEN },
                 skt_hex(in->ct));
    skt_ok(skp_hpke_open(crypto, &keys, enc, skt_hex(in->info),
                         skt_hex(in->aad), skt_hex(in->ct), opened));
    skt_bytes_eq((struct skp_view){ opened, plaintext.len }, plaintext);
    skp_crypto_free(&crypto);
}

START_TEST(agrees_with_the_first_encryption_of_rfc_9180)
{
    check_case(&golden);
}
END_TEST

START_TEST(agrees_with_the_recomputed_message)
{
    const cJSON *json =
        skt_shared_json("vectors/rfc9180_x25519_sha256_aes256gcm.json");
    const cJSON *first;

    if (json == NULL) {
        return;
    }
    first = cJSON_GetArrayItem(skt_member(json, "encryptions"), 0);
    check_case(&(struct hpke_case){
        skt_text(json, "info"), skt_text(json, "skRm"), skt_text(json, "pkRm"),
        skt_text(json, "skEm"), skt_text(json, "enc"), skt_text(first, "aad"),
        skt_text(first, "pt"), skt_text(first, "ct") });
}
END_TEST

static void refuses_ciphertext(void *state, const struct skt_mutant *mutant)
{
    skt_err(open_golden(state, skt_hex(golden.enc).ptr, skt_hex(golden.info),
                        skt_hex(golden.aad), mutant->bytes),
            SKP_ERR_DATA_LOSS);
}

static void refuses_enc(void *state, const struct skt_mutant *mutant)
{
    if (mutant->bytes.len != SKP_HPKE_ENC_LEN) {
        return;
    }
    /* Bit 255 too: X25519 ignores it, the KEM context does not. */
    skt_err(open_golden(state, mutant->bytes.ptr, skt_hex(golden.info),
                        skt_hex(golden.aad), skt_hex(golden.ct)),
            SKP_ERR_DATA_LOSS);
}

static void refuses_info(void *state, const struct skt_mutant *mutant)
{
    skt_err(open_golden(state, skt_hex(golden.enc).ptr, mutant->bytes,
                        skt_hex(golden.aad), skt_hex(golden.ct)),
            SKP_ERR_DATA_LOSS);
}

static void refuses_aad(void *state, const struct skt_mutant *mutant)
{
    skt_err(open_golden(state, skt_hex(golden.enc).ptr, skt_hex(golden.info),
                        mutant->bytes, skt_hex(golden.ct)),
            SKP_ERR_DATA_LOSS);
}

START_TEST(opens_nothing_that_was_damaged_anywhere)
{
    struct skp_crypto *crypto = make_crypto();

    skt_mutate(skt_hex(golden.ct), refuses_ciphertext, crypto);
    skt_mutate(skt_hex(golden.enc), refuses_enc, crypto);
    skt_mutate(skt_hex(golden.info), refuses_info, crypto);
    skt_mutate(skt_hex(golden.aad), refuses_aad, crypto);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(opens_nothing_with_another_key)
{
    struct skp_crypto *crypto = make_crypto();
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    struct skp_key_pair keys = { private_key, public_key };
    uint8_t opened[64];

    memset(private_key, 9, sizeof private_key);
    skp_key_public(private_key, public_key);
    skt_err(skp_hpke_open(crypto, &keys, skt_hex(golden.enc).ptr,
                          skt_hex(golden.info), skt_hex(golden.aad),
                          skt_hex(golden.ct), opened),
            SKP_ERR_DATA_LOSS);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(refuses_points_of_low_order_on_both_sides)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct skp_crypto *crypto = make_crypto();

    for (size_t i = 0; i < SKP_ARRAY_LEN(points); i++) {
        const uint8_t *point = skt_hex(points[i]).ptr;
        uint8_t enc[SKP_HPKE_ENC_LEN] = { 0xee };
        uint8_t sealed[64] = { 0xee };

        skt_err(skp_hpke_seal(crypto, point, skt_hex(golden.sk_e).ptr,
                              skt_hex(golden.info), skt_hex(golden.aad),
                              skt_hex(golden.pt), enc, sealed),
                SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(enc[0], 0xee);
        ck_assert_uint_eq(sealed[0], 0xee);
        skt_err(open_golden(crypto, point, skt_hex(golden.info),
                            skt_hex(golden.aad), skt_hex(golden.ct)),
                SKP_ERR_INVALID_ARGUMENT);
    }
    skp_crypto_free(&crypto);
}
END_TEST

SKT_SUITE("hpke",
          agrees_with_the_first_encryption_of_rfc_9180,
          agrees_with_the_recomputed_message,
          opens_nothing_that_was_damaged_anywhere,
          opens_nothing_with_another_key,
          refuses_points_of_low_order_on_both_sides)
