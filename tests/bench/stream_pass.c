/* stream_pass.c - 1 GiB piece by piece; see stream_pass.h. */
#include "tests/bench/stream_pass.h"

#include <string.h>

#include <openssl/evp.h>

#include "tests/bench/cpu.h"

#define OBJECT_MIB 1024.0

/* ---- the object --------------------------------------------------------- */

/* The reused buffers of one pass. */
static uint8_t piece[SKB_PIECE_LEN];
static uint8_t sealed[SIDEKEY_STREAM_ROOM(SKB_PIECE_LEN)];
static uint8_t opened[SIDEKEY_STREAM_ROOM(SIDEKEY_STREAM_ROOM(SKB_PIECE_LEN))];

/* Plaintext piece @nth: it begins with its number, so that none is like
 * another. */
static void fill_piece(uint64_t nth)
{
    if (nth == 0) {
        for (size_t i = 0; i < sizeof piece; i++) {
            piece[i] = (uint8_t)(31 * i + 7 + (i >> 8));
        }
    }
    memcpy(piece, &nth, sizeof nth);
}

bool skb_is_object(uint64_t at, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t from = (size_t)(at % SKB_PIECE_LEN);
        size_t n = SKB_PIECE_LEN - from < len ? SKB_PIECE_LEN - from : len;
        uint64_t nth = at / SKB_PIECE_LEN;

        memcpy(piece, &nth, sizeof nth);
        if (memcmp(bytes, piece + from, n) != 0) {
            return false;
        }
        at += n;
        bytes += n;
        len -= n;
    }
    return true;
}

/* A way to seal and open a piece; each false when it fails. */
struct pair {
    bool (*seal)(void *state, uint64_t nth, size_t *ret_len);
    bool (*open)(void *state, uint64_t nth, size_t len, size_t *ret_len);
    void *state;
};

/* CPU time of one direction. */
struct timing {
    uint64_t total_ns;
    struct skb_latencies pieces;
};

static void count(struct timing *timing, uint64_t ns)
{
    timing->total_ns += ns;
    skb_latencies_count(&timing->pieces, ns);
}

static struct skb_result sum_up(const struct timing *timing)
{
    struct skb_result result = {
        .n_ops = timing->pieces.total,
        .cpu_us = (double)timing->total_ns / 1000.0 / OBJECT_MIB,
    };

    result.per_s = 1e6 / result.cpu_us;
    skb_result_set_latencies(&result, &timing->pieces);
    return result;
}

/* A pair on its way through the object. */
struct walk {
    struct pair pair;
    struct timing seals;
    struct timing opens;
    uint64_t opened_len;
    uint64_t n_errors;
};

static void take_piece(struct walk *walk, uint64_t nth)
{
    const struct pair *pair = &walk->pair;
    size_t len = 0;
    uint64_t start_ns;
    uint64_t middle_ns;
    bool is_right;

    fill_piece(nth);
    start_ns = skb_thread_cpu_ns();
    is_right = pair->seal(pair->state, nth, &len);
    middle_ns = skb_thread_cpu_ns();
    is_right = is_right && pair->open(pair->state, nth, len, &len);
    count(&walk->opens, skb_thread_cpu_ns() - middle_ns);
    count(&walk->seals, middle_ns - start_ns);
    walk->n_errors +=
        is_right && skb_is_object(walk->opened_len, opened, len) ? 0 : 1;
    walk->opened_len += len;
}

static struct skb_pass end_walk(const struct walk *walk)
{
    return (struct skb_pass){
        .seal = sum_up(&walk->seals),
        .open = sum_up(&walk->opens),
        .n_errors =
            walk->n_errors + (walk->opened_len == SKB_OBJECT_LEN ? 0 : 1),
    };
}

/* ---- ours --------------------------------------------------------------- */

bool skb_streams_begin(struct skb_streams *streams)
{
    struct sidekey_public_key key = { .generation = 1 };

    *streams = (struct skb_streams){ .crypto = NULL };
    skb_tenant_make(0, &streams->tenant);
    memcpy(key.public_key, streams->tenant.public_key, sizeof key.public_key);
    memcpy(key.key_id, streams->tenant.key_id, sizeof key.key_id);
    return skp_crypto_new(&skp_random_system, &streams->crypto) == SKP_ERR_OK &&
           sidekey_seal_new(&key, streams->tenant.id, NULL, &streams->seal) ==
               SIDEKEY_OK;
}

void skb_streams_end(struct skb_streams *streams)
{
    sidekey_open_stream_free(&streams->open);
    sidekey_seal_free(&streams->seal);
    skp_crypto_free(&streams->crypto);
}

bool skb_streams_unwrap(struct skb_streams *streams,
                        const uint8_t *head,
                        struct sidekey_data_key *ret)
{
    const struct skp_key_pair keys = { streams->tenant.private_key,
                                       streams->tenant.public_key };
    struct skp_header header;

    *ret = (struct sidekey_data_key){ .suite =
                                          SIDEKEY_SUITE_X25519_HPKE_AES256GCM };
    return skp_header_parse((struct skp_view){ head, SKP_HEADER_2_LEN }, false,
                            SKP_SUITE_ANY, &header, NULL) == SKP_ERR_OK &&
           skp_header_open(streams->crypto, &header, &keys,
                           skp_view_of(streams->tenant.id),
                           ret->key) == SKP_ERR_OK;
}

static bool begin_open(struct skb_streams *streams)
{
    struct sidekey_data_key key;

    return skb_streams_unwrap(streams, sealed, &key) &&
           sidekey_open_stream_new_key(&key, NULL, &streams->open) ==
               SIDEKEY_OK;
}

static bool seal_ours(void *state, uint64_t nth, size_t *ret_len)
{
    struct skb_streams *streams = state;
    size_t len = 0;
    bool is_sealed =
        sidekey_seal_update(streams->seal, piece, sizeof piece, sealed,
                            sizeof sealed, &len) == SIDEKEY_OK;

    *ret_len = len;
    if (is_sealed && nth + 1 == SKB_PIECES) {
        is_sealed = sidekey_seal_final(streams->seal, sealed + len,
                                       sizeof sealed - len, &len) == SIDEKEY_OK;
        *ret_len += len;
    }
    return is_sealed;
}

static bool open_ours(void *state, uint64_t nth, size_t len, size_t *ret_len)
{
    struct skb_streams *streams = state;
    bool is_opened =
        (nth > 0 || begin_open(streams)) &&
        sidekey_open_stream_update(streams->open, sealed, len, opened,
                                   sizeof opened, &len) == SIDEKEY_OK;

    *ret_len = len;
    if (is_opened && nth + 1 == SKB_PIECES) {
        is_opened =
            sidekey_open_stream_final(streams->open, opened + len,
                                      sizeof opened - len, &len) == SIDEKEY_OK;
        *ret_len += len;
    }
    return is_opened;
}

bool skb_streams_seal(struct skb_streams *streams,
                      uint64_t nth,
                      struct skp_view *ret)
{
    fill_piece(nth);
    ret->ptr = sealed;
    return seal_ours(streams, nth, &ret->len);
}

/* ---- the limit ---------------------------------------------------------- */

struct gcm {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

static void make_nonce(uint64_t nth, uint8_t ret[SKP_GCM_NONCE_LEN])
{
    memset(ret, 0, SKP_GCM_NONCE_LEN);
    memcpy(ret, &nth, sizeof nth);
}

static bool seal_plain(void *state, uint64_t nth, size_t *ret_len)
{
    EVP_CIPHER_CTX *context = ((struct gcm *)state)->seal;
    uint8_t nonce[SKP_GCM_NONCE_LEN];
    uint8_t *out = sealed;
    bool is_sealed = true;
    int len;

    for (size_t at = 0; at < sizeof piece; at += SKP_CHUNK_LEN) {
        make_nonce(nth * SKB_PIECE_LEN + at, nonce);
        is_sealed =
            is_sealed &&
            EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1 &&
            EVP_EncryptUpdate(context, out, &len, piece + at, SKP_CHUNK_LEN) ==
                1 &&
            EVP_EncryptFinal_ex(context, out + SKP_CHUNK_LEN, &len) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SKP_GCM_TAG_LEN,
                                out + SKP_CHUNK_LEN) == 1;
        out += SKP_CHUNK_SEALED_LEN;
    }
    *ret_len = (size_t)(out - sealed);
    return is_sealed;
}

static bool open_plain(void *state, uint64_t nth, size_t len, size_t *ret_len)
{
    EVP_CIPHER_CTX *context = ((struct gcm *)state)->open;
    uint8_t nonce[SKP_GCM_NONCE_LEN];
    uint8_t *in = sealed;
    bool is_opened = len == sizeof piece / SKP_CHUNK_LEN * SKP_CHUNK_SEALED_LEN;
    int n;

    for (size_t at = 0; at < sizeof piece; at += SKP_CHUNK_LEN) {
        make_nonce(nth * SKB_PIECE_LEN + at, nonce);
        is_opened =
            is_opened &&
            EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SKP_GCM_TAG_LEN,
                                in + SKP_CHUNK_LEN) == 1 &&
            EVP_DecryptUpdate(context, opened + at, &n, in, SKP_CHUNK_LEN) ==
                1 &&
            EVP_DecryptFinal_ex(context, opened + at + SKP_CHUNK_LEN, &n) == 1;
        in += SKP_CHUNK_SEALED_LEN;
    }
    *ret_len = sizeof piece;
    return is_opened;
}

static bool begin_plain(struct gcm *gcm)
{
    static const uint8_t key[SKP_KEY_LEN] = { 1, 2, 3 };
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    bool is_begun;

    *gcm = (struct gcm){ EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_new() };
    is_begun = EVP_EncryptInit_ex(gcm->seal, cipher, NULL, key, NULL) == 1 &&
               EVP_DecryptInit_ex(gcm->open, cipher, NULL, key, NULL) == 1;
    EVP_CIPHER_free(cipher);
    return is_begun;
}

static void end_plain(struct gcm *gcm)
{
    EVP_CIPHER_CTX_free(gcm->open);
    EVP_CIPHER_CTX_free(gcm->seal);
}

/* ---- a pass ------------------------------------------------------------- */

struct skb_pass skb_pass_streams(void)
{
    static struct walk walk;
    struct skb_streams streams;

    walk = (struct walk){ .pair = { seal_ours, open_ours, &streams } };
    walk.n_errors = skb_streams_begin(&streams) ? 0 : 1;
    for (uint64_t nth = 0; nth < SKB_PIECES && walk.n_errors == 0; nth++) {
        take_piece(&walk, nth);
    }
    skb_streams_end(&streams);
    return end_walk(&walk);
}

void skb_pass_both(struct skb_pass *ours, struct skb_pass *plain)
{
    static struct walk walks[2];
    struct skb_streams streams;
    struct gcm gcm;

    walks[0] = (struct walk){ .pair = { seal_ours, open_ours, &streams } };
    walks[1] = (struct walk){ .pair = { seal_plain, open_plain, &gcm } };
    walks[0].n_errors = skb_streams_begin(&streams) ? 0 : 1;
    walks[1].n_errors = begin_plain(&gcm) ? 0 : 1;
    for (uint64_t nth = 0;
         nth < SKB_PIECES && walks[0].n_errors + walks[1].n_errors == 0;
         nth++) {
        take_piece(&walks[0], nth);
        take_piece(&walks[1], nth);
    }
    end_plain(&gcm);
    skb_streams_end(&streams);
    *ours = end_walk(&walks[0]);
    *plain = end_walk(&walks[1]);
}
