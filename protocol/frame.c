/* frame.c - find the end of one MessagePack message; see frame.h.
 *
 * Formats: https://github.com/msgpack/msgpack/blob/master/spec.md */
#include "protocol/frame.h"

const struct skp_frame_limits skp_frame_request_limits = {
    .message_max = (size_t)SKP_MESSAGE_MAX,
    .depth_max = SKP_REQUEST_DEPTH_MAX,
    .map_max = SKP_REQUEST_MAP_MAX,
};

const struct skp_frame_limits skp_frame_answer_limits = {
    .message_max = (size_t)SKP_MESSAGE_MAX,
    .depth_max = SKP_ANSWER_DEPTH_MAX,
    .map_max = SKP_ANSWER_MAP_MAX,
};

enum shape {
    SHAPE_REFUSED,
    SHAPE_FIXED, /* width bytes of value */
    SHAPE_BYTES, /* width bytes of length, then as many bytes */
    SHAPE_ARRAY, /* width bytes of length, then as many values */
    SHAPE_MAP,   /* width bytes of length, then twice as many values */
};

struct format {
    enum shape shape;
    uint8_t width;
};

/* The type bytes from 0xc0 to 0xdf; those around hold their length. */
static const struct format formats[32] = {
    { SHAPE_FIXED, 0 },   /* nil */
    { SHAPE_REFUSED, 0 }, /* 0xc1, never used */
    { SHAPE_FIXED, 0 },   /* false */
    { SHAPE_FIXED, 0 },   /* true */
    { SHAPE_BYTES, 1 },   /* bin 8, 16, 32 */
    { SHAPE_BYTES, 2 },   { SHAPE_BYTES, 4 },
    { SHAPE_REFUSED, 0 }, /* ext 8, 16, 32 */
    { SHAPE_REFUSED, 0 }, { SHAPE_REFUSED, 0 },
    { SHAPE_FIXED, 4 },                       /* float 32, 64 */
    { SHAPE_FIXED, 8 },   { SHAPE_FIXED, 1 }, /* uint 8, 16, 32, 64 */
    { SHAPE_FIXED, 2 },   { SHAPE_FIXED, 4 },
    { SHAPE_FIXED, 8 },   { SHAPE_FIXED, 1 }, /* int 8, 16, 32, 64 */
    { SHAPE_FIXED, 2 },   { SHAPE_FIXED, 4 },
    { SHAPE_FIXED, 8 },   { SHAPE_REFUSED, 0 }, /* fixext 1, 2, 4, 8, 16 */
    { SHAPE_REFUSED, 0 }, { SHAPE_REFUSED, 0 },
    { SHAPE_REFUSED, 0 }, { SHAPE_REFUSED, 0 },
    { SHAPE_BYTES, 1 }, /* str 8, 16, 32 */
    { SHAPE_BYTES, 2 },   { SHAPE_BYTES, 4 },
    { SHAPE_ARRAY, 2 },                     /* array 16, 32 */
    { SHAPE_ARRAY, 4 },   { SHAPE_MAP, 2 }, /* map 16, 32 */
    { SHAPE_MAP, 4 },
};

/* What the first bytes of a value say. */
struct head {
    enum shape shape;
    size_t len;     /* of the head itself */
    uint64_t count; /* bytes, elements or entries that follow */
};

/* Everything but a length that stands in bytes of its own. */
static struct head read_type(uint8_t type)
{
    struct format format;

    if (type < 0x80 || type >= 0xe0) {
        return (struct head){ SHAPE_FIXED, 1, 0 };
    }
    if (type < 0x90) {
        return (struct head){ SHAPE_MAP, 1, type & 0x0fu };
    }
    if (type < 0xa0) {
        return (struct head){ SHAPE_ARRAY, 1, type & 0x0fu };
    }
    if (type < 0xc0) {
        return (struct head){ SHAPE_BYTES, 1, type & 0x1fu };
    }
    format = formats[type - 0xc0];
    return (struct head){ format.shape, (size_t)format.width + 1, 0 };
}

static uint64_t read_be(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* Take a value off what is owed, and its elements onto it. */
static void step_over(struct skp_frame_progress *progress,
                      const struct head *head)
{
    uint64_t values = head->shape == SHAPE_MAP ? 2 * head->count : head->count;

    progress->pos += head->len;
    progress->owed--;
    if (progress->depth > 0) {
        progress->left[progress->depth - 1]--;
    }
    if (head->shape == SHAPE_BYTES) {
        progress->pos += (size_t)head->count;
    } else if (head->shape != SHAPE_FIXED && values > 0) {
        progress->left[progress->depth++] = values;
        progress->owed += values;
    }
    while (progress->depth > 0 && progress->left[progress->depth - 1] == 0) {
        progress->depth--;
    }
}

static bool is_over_limit(const struct skp_frame_progress *progress,
                          const struct head *head,
                          const struct skp_frame_limits *limits)
{
    bool is_open = head->shape == SHAPE_ARRAY || head->shape == SHAPE_MAP;
    uint64_t rest = head->shape == SHAPE_MAP ? 2 * head->count : head->count;

    if (is_open && progress->depth + 1 > limits->depth_max) {
        return true;
    }
    if (head->shape == SHAPE_MAP && head->count > limits->map_max) {
        return true;
    }
    return progress->pos + head->len + rest + progress->owed - 1 >
           limits->message_max;
}

/* Read one value's head at @progress and step over it. */
static enum skp_frame read_value(struct skp_frame_progress *progress,
                                 struct skp_view bytes,
                                 const struct skp_frame_limits *limits)
{
    const uint8_t *at;
    struct head head;

    if (progress->pos >= bytes.len) {
        return SKP_FRAME_PARTIAL;
    }
    at = bytes.ptr + progress->pos;
    head = read_type(*at);
    if (head.shape == SHAPE_REFUSED) {
        return SKP_FRAME_MALFORMED;
    }
    /* Before its length is known, so that a head cut by the limit is not
     * PARTIAL for ever. */
    if (is_over_limit(progress, &head, limits)) {
        return SKP_FRAME_OVER_LIMIT;
    }
    if (head.len > bytes.len - progress->pos) {
        return SKP_FRAME_PARTIAL;
    }
    if (head.shape != SHAPE_FIXED && head.len > 1) {
        head.count = read_be(at + 1, head.len - 1);
        if (is_over_limit(progress, &head, limits)) {
            return SKP_FRAME_OVER_LIMIT;
        }
    }
    step_over(progress, &head);
    return SKP_FRAME_WHOLE;
}

enum skp_frame skp_frame_resume(struct skp_frame_progress *progress,
                                struct skp_view bytes,
                                const struct skp_frame_limits *limits,
                                size_t *ret_len)
{
    skp_assert(limits->depth_max <= SKP_FRAME_DEPTH_MAX);
    if (progress->pos == 0) {
        *progress = (struct skp_frame_progress){ .owed = 1 };
    }
    while (progress->owed > 0) {
        enum skp_frame verdict = read_value(progress, bytes, limits);

        if (verdict != SKP_FRAME_WHOLE) {
            return verdict;
        }
    }
    if (progress->pos > bytes.len) {
        return SKP_FRAME_PARTIAL;
    }
    *ret_len = progress->pos;
    return SKP_FRAME_WHOLE;
}

enum skp_frame skp_frame_scan(struct skp_view bytes,
                              const struct skp_frame_limits *limits,
                              size_t *ret_len)
{
    struct skp_frame_progress progress = { 0 };

    return skp_frame_resume(&progress, bytes, limits, ret_len);
}
