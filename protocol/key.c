/* key.c - from a seed to a key, and from a key to its id; see key.h. */
#include "protocol/key.h"

#include <string.h>

#include <sodium.h>

#include "protocol/base64.h"
#include "protocol/sha256.h"
#include "protocol/x25519_batch.h"

_Static_assert(SKP_KEY_LEN == crypto_hash_sha256_BYTES, "a key is a hash");

/* Seeds up to this many bytes are decoded on the stack: locked memory of its
 * own, for each of a hundred thousand seeds, would cost as much as the keys. */
#define SEED_ROOM 512u

/* Public keys that are derived at once; a multiple of the lanes. */
#define BATCH 64u

enum skp_err skp_key_from_seed(struct skp_view text,
                               uint8_t ret[SKP_KEY_LEN],
                               struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, room, SEED_ROOM);
    SKP_CLEANUP(skp_secret_done)
    struct skp_secret large = { NULL, 0, 0 };
    struct skp_buf seed = skp_buf_over(room, sizeof room);
    enum skp_err err = skp_base64_decode_to(text, &seed);

    if (err == SKP_ERR_RESOURCE_EXHAUSTED) {
        err = skp_base64_decode(text, &large);
        seed = (struct skp_buf){ large.bytes, large.len, large.cap };
    }
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
    (void)crypto_hash_sha256(ret, seed.ptr, seed.len);
    return SKP_ERR_OK;
}

void skp_key_public(const uint8_t private_key[SKP_KEY_LEN],
                    uint8_t ret[SKP_KEY_LEN])
{
    struct skp_x25519_job job = { .private_key = private_key,
                                  .point = skp_x25519_base };

    job.ret = ret;
    skp_x25519_batch(&job, 1);
}

void skp_key_public_batch(const uint8_t *const *private_keys,
                          size_t n,
                          uint8_t (*ret)[SKP_KEY_LEN])
{
    struct skp_x25519_job jobs[BATCH];

    while (n > 0) {
        size_t step = n < BATCH ? n : BATCH;

        for (size_t i = 0; i < step; i++) {
            jobs[i] = (struct skp_x25519_job){ private_keys[i], skp_x25519_base,
                                               ret[i], false };
        }
        skp_x25519_batch(jobs, step);
        private_keys += step;
        ret += step;
        n -= step;
    }
}

void skp_key_id(const uint8_t public_key[SKP_KEY_LEN],
                uint8_t ret[SKP_KEY_ID_LEN])
{
    uint8_t hash[SKP_SHA256_LEN];

    skp_sha256((struct skp_view){ public_key, SKP_KEY_LEN }, hash);
    memcpy(ret, hash, SKP_KEY_ID_LEN);
}

/* Not zero when one of the eight bytes at @at is no printable ASCII character,
 * or a space: that of a byte over 0x7f has its top bit, one below 0x21 gets it
 * when 0x21 is taken off, and 0x7f when 1 is added. */
static uint64_t find_unprintable(const uint8_t *at)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof bytes);
    return (bytes | (bytes - SKP_EACH_BYTE('!')) | (bytes + SKP_EACH_BYTE(1))) &
           SKP_EACH_BYTE(0x80);
}

/* The same of fewer than eight bytes. */
static uint64_t find_in_few(const uint8_t *at, size_t len)
{
    uint8_t padded[sizeof(uint64_t)];

    memset(padded, '!', sizeof padded);
    for (size_t i = 0; i < len; i++) {
        padded[i] = at[i];
    }
    return find_unprintable(padded);
}

bool skp_tenant_is_valid(struct skp_view tenant)
{
    const size_t step = sizeof(uint64_t);
    uint64_t found = 0;

    if (tenant.len < 1 || tenant.len > SKP_TENANT_MAX) {
        return false;
    }
    if (tenant.len < step) {
        return find_in_few(tenant.ptr, tenant.len) == 0;
    }
    for (size_t at = 0; at + step < tenant.len; at += step) {
        found |= find_unprintable(tenant.ptr + at);
    }
    /* Some of them once more, maybe. */
    return (found | find_unprintable(tenant.ptr + tenant.len - step)) == 0;
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
