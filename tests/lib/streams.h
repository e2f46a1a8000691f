/* streams.h - envelopes through the streaming calls, in pieces of seeded
 * lengths.
 */
#ifndef SKT_STREAMS_H
#define SKT_STREAMS_H

#include "libclient/stream_seal.h"
#include "protocol/bytes.h"
#include "tests/lib/golden.h"

/* Lengths around the borders of chunks. */
extern const size_t skt_edge_lens[];
extern const size_t skt_n_edge_lens;

/* A sequence of numbers that is the same in every run. */
struct skt_dice {
    uint64_t state;
};
struct skt_dice skt_dice(uint64_t seed);

/* The next number, below @limit. */
uint64_t skt_roll(struct skt_dice *dice, uint64_t limit);

/* The next number up to @left: often small, sometimes about a chunk, sometimes
 * all. */
size_t skt_roll_piece(struct skt_dice *dice, size_t left);

/* The key of SKT_STREAM_TENANT, whose private half the fake agent has not. */
#define SKT_STREAM_TENANT "67f1adf3-08e5-4eea-94e3-e611f263c87b"
const struct skt_key *skt_stream_key(void);
struct sidekey_public_key skt_stream_public_key(const struct skt_key *key);

/* Push all of @plain through @seal, in pieces of @dice (NULL: at once), each
 * into a place of exactly its room, and end it. */
void skt_stream_push(struct sidekey_seal *seal,
                     struct skp_view plain,
                     struct skt_dice *dice,
                     struct skp_buf *ret);

/* Seal @plain for skt_stream_key() and append the envelope. */
void skt_stream_seal(const struct sidekey_options *options,
                     struct skp_view plain,
                     struct skp_buf *ret);

/* What sidekey_unwrap answers for this envelope. */
struct sidekey_data_key skt_stream_unwrap(const uint8_t *envelope, bool raw);

/* What a failed call leaves of a buffer that was filled with SKT_UNTOUCHED:
 * nothing but that and zeroes. */
#define SKT_UNTOUCHED 0xa5
bool skt_is_blank(const uint8_t *bytes, size_t len);

/* Push @bytes through @stream and end it; appends what comes out, also what
 * comes out before a failure, and returns how it went. */
enum sidekey_status skt_stream_pull(struct sidekey_open_stream *stream,
                                    struct skp_view bytes,
                                    struct skt_dice *dice,
                                    struct skp_buf *ret);

#endif /* SKT_STREAMS_H */
