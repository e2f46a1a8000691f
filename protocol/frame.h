/* frame.h - find the end of one MessagePack message, and check every bound,
 * before msgpack-c sees a byte of it.
 *
 * MessagePack has no length prefix: a frame ends where its outermost value
 * ends.  The scan walks the type bytes only, allocates nothing and trusts no
 * claim: every value that is still owed takes at least one byte, so a message
 * that cannot become whole within its limit is over it at once.
 *
 * A verdict never changes when bytes are added, but for PARTIAL.
 */
#ifndef SKP_FRAME_H
#define SKP_FRAME_H

#include "protocol/bytes.h"
#include "protocol/limits.h"

/* The deepest that any limit may allow; sizes skp_frame_progress. */
#define SKP_FRAME_DEPTH_MAX 8u

struct skp_frame_limits {
    size_t message_max; /* bytes of the whole message */
    size_t depth_max;   /* arrays and maps in one another; the outermost is
                         * level 1.  At most SKP_FRAME_DEPTH_MAX */
    size_t map_max;     /* entries of one map */
};

extern const struct skp_frame_limits skp_frame_request_limits;
extern const struct skp_frame_limits skp_frame_answer_limits;

enum skp_frame {
    SKP_FRAME_WHOLE,      /* *ret_len is the length of the first message */
    SKP_FRAME_PARTIAL,    /* a good beginning: read more */
    SKP_FRAME_OVER_LIMIT, /* message, depth, map or element count */
    SKP_FRAME_MALFORMED,  /* a byte that starts no value (0xc1) or an ext */
};

/* Where a scan stopped, so that the next one goes on there and a message that
 * arrives byte by byte is walked once.  Zeroed: at the start of a message. */
struct skp_frame_progress {
    size_t pos;    /* where the next value starts; may be beyond the bytes */
    uint64_t owed; /* values still to come, in all open arrays and maps */
    size_t depth;  /* arrays and maps now open */
    uint64_t left[SKP_FRAME_DEPTH_MAX]; /* values still to come in each */
};

/* Scan the first message in @bytes.  *ret_len is set for WHOLE only. */
enum skp_frame skp_frame_scan(struct skp_view bytes,
                              const struct skp_frame_limits *limits,
                              size_t *ret_len);

/* The same, going on where @progress says.  @bytes starts with the same
 * message as last time, and with the bytes that were there then.  Zero
 * @progress after each whole message. */
enum skp_frame skp_frame_resume(struct skp_frame_progress *progress,
                                struct skp_view bytes,
                                const struct skp_frame_limits *limits,
                                size_t *ret_len);

#endif /* SKP_FRAME_H */
