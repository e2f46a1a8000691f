/* streams.c - envelopes through the streaming calls; see streams.h. */
#include "tests/lib/streams.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/key.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

const size_t skt_edge_lens[] = { 0, 1, 16383, 16384, 16385, 32768, 1u << 20 };
const size_t skt_n_edge_lens = SKP_ARRAY_LEN(skt_edge_lens);

struct skt_dice skt_dice(uint64_t seed)
{
    return (struct skt_dice){ seed * 2 + 1 };
}

uint64_t skt_roll(struct skt_dice *dice, uint64_t limit)
{
    /* splitmix64: any seed will do. */
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % limit;
}

size_t skt_roll_piece(struct skt_dice *dice, size_t left)
{
    static const size_t limits[] = { 2, 40, 2000, 16500, 70000 };
    size_t limit = limits[skt_roll(dice, SKP_ARRAY_LEN(limits))];
    size_t piece = (size_t)skt_roll(dice, limit);

    return piece < left ? piece : left;
}

const struct skt_key *skt_stream_key(void)
{
    static struct skt_key key;

    skt_key_init(&key, skt_golden_2.seed);
    return &key;
}

struct sidekey_public_key skt_stream_public_key(const struct skt_key *key)
{
    struct sidekey_public_key ret = { .generation = 1 };

    memcpy(ret.public_key, key->public_key, sizeof ret.public_key);
    memcpy(ret.key_id, key->key_id, sizeof ret.key_id);
    return ret;
}

static uint8_t *make_place(size_t len)
{
    uint8_t *place = malloc(len);

    ck_assert_ptr_nonnull(place);
    return place;
}

void skt_stream_push(struct sidekey_seal *seal,
                     struct skp_view plain,
                     struct skt_dice *dice,
                     struct skp_buf *ret)
{
    uint8_t *out;
    size_t len = 0;

    while (plain.len > 0) {
        size_t n = dice == NULL ? plain.len : skt_roll_piece(dice, plain.len);

        out = make_place(SIDEKEY_STREAM_ROOM(n));
        skt_status_ok(sidekey_seal_update(seal, plain.ptr, n, out,
                                          SIDEKEY_STREAM_ROOM(n), &len));
        skt_ok(skp_buf_put(ret, out, len));
        free(out);
        plain.ptr += n;
        plain.len -= n;
    }
    out = make_place(SIDEKEY_STREAM_ROOM(0));
    skt_status_ok(sidekey_seal_final(seal, out, SIDEKEY_STREAM_ROOM(0), &len));
    skt_ok(skp_buf_put(ret, out, len));
    free(out);
}

void skt_stream_seal(const struct sidekey_options *options,
                     struct skp_view plain,
                     struct skp_buf *ret)
{
    struct sidekey_public_key key = skt_stream_public_key(skt_stream_key());
    struct sidekey_seal *seal = NULL;

    skt_status_ok(sidekey_seal_new(&key, SKT_STREAM_TENANT, options, &seal));
    skt_stream_push(seal, plain, NULL, ret);
    sidekey_seal_free(&seal);
    ck_assert_ptr_null(seal);
}

struct sidekey_data_key skt_stream_unwrap(const uint8_t *envelope, bool raw)
{
    struct skp_key_pair pair = skt_key_pair(skt_stream_key());
    struct skp_crypto *crypto = NULL;
    struct sidekey_data_key ret = { .suite = SIDEKEY_SUITE_ANY };
    struct skp_header header;

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    /* A raw header is the shortest; what is parsed has all of its bytes. */
    skt_ok(skp_header_parse((struct skp_view){ envelope, SKP_HEADER_MAX }, raw,
                            SKP_SUITE_ANY, &header, NULL));
    skt_ok(skp_header_open(crypto, &header, &pair,
                           skp_view_of(SKT_STREAM_TENANT), ret.key));
    ret.suite = (enum sidekey_suite)header.suite;
    if (header.key_id != NULL) {
        memcpy(ret.key_id, header.key_id, sizeof ret.key_id);
    }
    skp_crypto_free(&crypto);
    return ret;
}

bool skt_is_blank(const uint8_t *bytes, size_t len)
{
    bool is_blank = true;

    for (size_t i = 0; i < len; i++) {
        is_blank = is_blank && (bytes[i] == 0 || bytes[i] == SKT_UNTOUCHED);
    }
    return is_blank;
}

static enum sidekey_status pull_piece(struct sidekey_open_stream *stream,
                                      struct skp_view bytes,
                                      bool is_final,
                                      struct skp_buf *ret)
{
    size_t room = SIDEKEY_STREAM_ROOM(bytes.len);
    uint8_t *out = make_place(room);
    size_t len = SIZE_MAX;
    enum sidekey_status status;

    memset(out, SKT_UNTOUCHED, room);
    status = is_final ? sidekey_open_stream_final(stream, out, room, &len)
                      : sidekey_open_stream_update(stream, bytes.ptr, bytes.len,
                                                   out, room, &len);
    if (status == SIDEKEY_OK) {
        skt_ok(skp_buf_put(ret, out, len));
    } else {
        /* Nothing is given out: what was written is wiped. */
        ck_assert_uint_eq(len, SIZE_MAX);
        ck_assert(skt_is_blank(out, room));
    }
    free(out);
    return status;
}

enum sidekey_status skt_stream_pull(struct sidekey_open_stream *stream,
                                    struct skp_view bytes,
                                    struct skt_dice *dice,
                                    struct skp_buf *ret)
{
    while (bytes.len > 0) {
        size_t n = dice == NULL ? bytes.len : skt_roll_piece(dice, bytes.len);
        enum sidekey_status status =
            pull_piece(stream, (struct skp_view){ bytes.ptr, n }, false, ret);

        if (status != SIDEKEY_OK) {
            return status;
        }
        bytes.ptr += n;
        bytes.len -= n;
    }
    return pull_piece(stream, bytes, true, ret);
}
