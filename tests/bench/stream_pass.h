/* stream_pass.h - an object of 1 GiB sealed and opened piece by piece, always
 * in the same buffers: no GiB lies anywhere. */
#ifndef SKB_STREAM_PASS_H
#define SKB_STREAM_PASS_H

#include "libclient/sidekey_stream.h"
#include "tests/bench/tenants.h"

#define SKB_OBJECT_LEN (UINT64_C(1) << 30)
#define SKB_PIECE_LEN  65536u
#define SKB_PIECES     (SKB_OBJECT_LEN / SKB_PIECE_LEN)

/* One pass over the object, in CPU time: cpu_us and per_s are for and of a
 * MiB, the quantiles of a piece. */
struct skb_pass {
    struct skb_result seal;
    struct skb_result open;
    uint64_t n_errors;
};

/* Seal, open and compare each piece by the streams of sidekey_stream.h. */
struct skb_pass skb_pass_streams(void);

/* The same, and in turns with it, piece by piece, by OpenSSL's AES-256-GCM over
 * chunks of 16 KiB, which is the limit: a core's clock changes within a pass.
 */
void skb_pass_both(struct skb_pass *ours, struct skb_pass *plain);

/* The streams of one envelope, whose tenant's keys are here. */
struct skb_streams {
    struct skb_tenant tenant;
    struct skp_crypto *crypto;
    struct sidekey_seal *seal;
    struct sidekey_open_stream *open; /* made when the header is there */
};

/* Begin to seal; false when that fails.  End it in both cases. */
bool skb_streams_begin(struct skb_streams *streams);
void skb_streams_end(struct skb_streams *streams);

/* The next piece, @nth of the object, sealed; it is valid until the next.
 * False when that fails. */
bool skb_streams_seal(struct skb_streams *streams,
                      uint64_t nth,
                      struct skp_view *ret);

/* What the agent does once for an envelope. */
bool skb_streams_unwrap(struct skb_streams *streams,
                        const uint8_t *head,
                        struct sidekey_data_key *ret);

/* True when @bytes are those of the object at @at. */
bool skb_is_object(uint64_t at, const uint8_t *bytes, size_t len);

#endif /* SKB_STREAM_PASS_H */
