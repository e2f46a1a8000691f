/* key.c - from a seed to a key, and from a key to its id; see key.h. */
#include "protocol/key.h"

#include <string.h>

#include <sodium.h>

#include "protocol/base64.h"

_Static_assert(SKP_KEY_LEN == crypto_hash_sha256_BYTES, "a key is a hash");

enum skp_err skp_key_from_seed(struct skp_view text,
                               uint8_t ret[SKP_KEY_LEN],
                               struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done)
    struct skp_secret seed = { NULL, 0, 0 };
    enum skp_err err = skp_base64_decode(text, &seed);

    if (err == SKP_ERR_INVALID_ARGUMENT) {
        return skp_fail(diag, err, "seed is not base64");
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no locked memory for the seed");
    }
    if (seed.len < SKP_SEED_MIN) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "seed is too short, %u bytes are the least",
                        SKP_SEED_MIN);
    }
    (void)crypto_hash_sha256(ret, seed.bytes, seed.len);
    return SKP_ERR_OK;
}

void skp_key_public(const uint8_t private_key[SKP_KEY_LEN],
                    uint8_t ret[SKP_KEY_LEN])
{
    /* Multiplying the base point has no failing input. */
    (void)crypto_scalarmult_curve25519_base(ret, private_key);
    /* The digits of the private key stay behind in libsodium's frame. */
    sodium_stackzero(2048);
}

void skp_key_id(const uint8_t public_key[SKP_KEY_LEN],
                uint8_t ret[SKP_KEY_ID_LEN])
{
    uint8_t hash[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256(hash, public_key, SKP_KEY_LEN);
    memcpy(ret, hash, SKP_KEY_ID_LEN);
}

bool skp_tenant_is_valid(struct skp_view tenant)
{
    if (tenant.len < 1 || tenant.len > SKP_TENANT_MAX) {
        return false;
    }
    for (size_t i = 0; i < tenant.len; i++) {
        if (tenant.ptr[i] <= ' ' || tenant.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F');
}

bool skp_tenant_is_uuid(struct skp_view tenant)
{
    if (tenant.len != 36) {
        return false;
    }
    for (size_t i = 0; i < tenant.len; i++) {
        bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash_place ? tenant.ptr[i] != '-'
                          : !is_hex_digit(tenant.ptr[i])) {
            return false;
        }
    }
    return true;
}
