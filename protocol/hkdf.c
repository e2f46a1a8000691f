/* hkdf.c - RFC 5869 over libsodium's HMAC; see crypto.h.
 *
 * libsodium keeps the whole state in a struct of ours that can be wiped.
 * OpenSSL's HMAC would copy the key to its heap, newly allocated at each use.
 */
#include <string.h>

#include <sodium.h>

#include "protocol/crypto.h"

#define HASH_MAX crypto_hash_sha512_BYTES

struct mac {
    enum skp_hash hash;
    union {
        crypto_auth_hmacsha256_state sha256;
        crypto_auth_hmacsha512_state sha512;
    } state;
};

static size_t get_hash_len(enum skp_hash hash)
{
    return hash == SKP_SHA256 ? (size_t)crypto_hash_sha256_BYTES
                              : (size_t)crypto_hash_sha512_BYTES;
}

static void start_mac(struct mac *mac, enum skp_hash hash, struct skp_view key)
{
    static const uint8_t no_key[1];
    const uint8_t *bytes = key.len == 0 ? no_key : key.ptr;

    mac->hash = hash;
    if (hash == SKP_SHA256) {
        (void)crypto_auth_hmacsha256_init(&mac->state.sha256, bytes, key.len);
    } else {
        (void)crypto_auth_hmacsha512_init(&mac->state.sha512, bytes, key.len);
    }
}

static void add_to_mac(struct mac *mac, const void *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    if (mac->hash == SKP_SHA256) {
        (void)crypto_auth_hmacsha256_update(&mac->state.sha256, bytes, len);
    } else {
        (void)crypto_auth_hmacsha512_update(&mac->state.sha512, bytes, len);
    }
}

static void
add_parts(struct mac *mac, const struct skp_view *parts, size_t n_parts)
{
    for (size_t i = 0; i < n_parts; i++) {
        add_to_mac(mac, parts[i].ptr, parts[i].len);
    }
}

static void end_mac(struct mac *mac, uint8_t *ret)
{
    if (mac->hash == SKP_SHA256) {
        (void)crypto_auth_hmacsha256_final(&mac->state.sha256, ret);
    } else {
        (void)crypto_auth_hmacsha512_final(&mac->state.sha512, ret);
    }
    skp_wipe(mac, sizeof *mac);
}

void skp_hkdf_extract(enum skp_hash hash,
                      struct skp_view salt,
                      const struct skp_view *parts,
                      size_t n_parts,
                      uint8_t *ret)
{
    struct mac mac;

    /* HMAC pads a short key with zeroes, so an empty salt is the string of
     * zeroes that the RFC puts in its place. */
    start_mac(&mac, hash, salt);
    add_parts(&mac, parts, n_parts);
    end_mac(&mac, ret);
}

enum skp_err skp_hkdf_expand(enum skp_hash hash,
                             struct skp_view prk,
                             const struct skp_view *parts,
                             size_t n_parts,
                             uint8_t *ret,
                             size_t ret_len)
{
    SKP_WIPED(uint8_t, block, HASH_MAX);
    size_t hash_len = get_hash_len(hash);
    size_t len = 0;

    if (ret_len > 255 * hash_len) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    for (uint8_t i = 1; len < ret_len; i++) {
        size_t piece = ret_len - len < hash_len ? ret_len - len : hash_len;
        struct mac mac;

        start_mac(&mac, hash, prk);
        add_to_mac(&mac, block, i == 1 ? 0 : hash_len);
        add_parts(&mac, parts, n_parts);
        add_to_mac(&mac, &i, sizeof i);
        end_mac(&mac, block);
        memcpy(ret + len, block, piece);
        len += piece;
    }
    return SKP_ERR_OK;
}
