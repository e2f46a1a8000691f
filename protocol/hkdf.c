/* hkdf.c - RFC 5869 over HMAC, RFC 2104, over OpenSSL's SHA-2; see crypto.h.
 *
 * The hash functions that work on a struct of ours are old and marked so, but
 * they are the only ones that are both quick (they use the processor's SHA
 * instructions, libsodium's do not: HPKE took a fifth longer) and leave nothing
 * in a heap that we could not wipe.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/sha.h>

#include "protocol/crypto.h"

#define HASH_MAX  SHA512_DIGEST_LENGTH
#define BLOCK_MAX SHA512_CBLOCK

/* A running hash. */
struct digest {
    enum skp_hash hash;
    union {
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    } state;
};

struct mac {
    struct digest inner;
    struct digest outer;
};

static size_t get_hash_len(enum skp_hash hash)
{
    return hash == SKP_SHA256 ? SHA256_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;
}

static size_t get_block_len(enum skp_hash hash)
{
    return hash == SKP_SHA256 ? SHA256_CBLOCK : SHA512_CBLOCK;
}

/* None of these can fail: they are arithmetic on @digest. */
static void start_digest(struct digest *digest, enum skp_hash hash)
{
    digest->hash = hash;
    if (hash == SKP_SHA256) {
        (void)SHA256_Init(&digest->state.sha256);
    } else {
        (void)SHA512_Init(&digest->state.sha512);
    }
}

static void add_to_digest(struct digest *digest, const void *bytes, size_t len)
{
    if (digest->hash == SKP_SHA256) {
        (void)SHA256_Update(&digest->state.sha256, bytes, len);
    } else {
        (void)SHA512_Update(&digest->state.sha512, bytes, len);
    }
}

static void end_digest(struct digest *digest, uint8_t *ret)
{
    if (digest->hash == SKP_SHA256) {
        (void)SHA256_Final(ret, &digest->state.sha256);
    } else {
        (void)SHA512_Final(ret, &digest->state.sha512);
    }
}

/* Begin @digest with one block: the key, zeroes behind it, all XORed with
 * @pad. */
static void start_padded(struct digest *digest,
                         enum skp_hash hash,
                         struct skp_view key,
                         uint8_t pad)
{
    SKP_WIPED(uint8_t, block, BLOCK_MAX);

    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key.len; i++) {
        block[i] ^= key.ptr[i];
    }
    start_digest(digest, hash);
    add_to_digest(digest, block, get_block_len(hash));
}

static void start_mac(struct mac *mac, enum skp_hash hash, struct skp_view key)
{
    SKP_WIPED(uint8_t, hashed, HASH_MAX);

    if (key.len > get_block_len(hash)) {
        start_digest(&mac->inner, hash);
        add_to_digest(&mac->inner, key.ptr, key.len);
        end_digest(&mac->inner, hashed);
        key = (struct skp_view){ hashed, get_hash_len(hash) };
    }
    start_padded(&mac->inner, hash, key, 0x36);
    start_padded(&mac->outer, hash, key, 0x5c);
}

static void add_to_mac(struct mac *mac, const void *bytes, size_t len)
{
    if (len > 0) {
        add_to_digest(&mac->inner, bytes, len);
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
    SKP_WIPED(uint8_t, hashed, HASH_MAX);

    end_digest(&mac->inner, hashed);
    add_to_digest(&mac->outer, hashed, get_hash_len(mac->inner.hash));
    end_digest(&mac->outer, ret);
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
