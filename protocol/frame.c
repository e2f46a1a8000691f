/* frame.c - find the end of one MessagePack message; see frame.h. */
#include "protocol/frame.h"

#include "protocol/head.h"

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

#define NONE             \
    {                    \
        SKP_KIND_NONE, 0 \
    }

const struct skp_format skp_formats[32] = {
    { SKP_KIND_NIL, 0 },
    NONE,                 /* 0xc1, never used */
    { SKP_KIND_BOOL, 0 }, /* false, true */
    { SKP_KIND_BOOL, 0 },
    { SKP_KIND_BIN, 1 }, /* bin 8, 16, 32 */
    { SKP_KIND_BIN, 2 },
    { SKP_KIND_BIN, 4 },
    NONE, /* ext 8, 16, 32 */
    NONE,
    NONE,
    { SKP_KIND_FLOAT, 4 }, /* float 32, 64 */
    { SKP_KIND_FLOAT, 8 },
    { SKP_KIND_UINT, 1 }, /* uint 8, 16, 32, 64 */
    { SKP_KIND_UINT, 2 },
    { SKP_KIND_UINT, 4 },
    { SKP_KIND_UINT, 8 },
    { SKP_KIND_NEGATIVE, 1 }, /* int 8, 16, 32, 64 */
    { SKP_KIND_NEGATIVE, 2 },
    { SKP_KIND_NEGATIVE, 4 },
    { SKP_KIND_NEGATIVE, 8 },
    NONE, /* fixext 1, 2, 4, 8, 16 */
    NONE,
    NONE,
    NONE,
    NONE,
    { SKP_KIND_STR, 1 }, /* str 8, 16, 32 */
    { SKP_KIND_STR, 2 },
    { SKP_KIND_STR, 4 },
    { SKP_KIND_ARRAY, 2 }, /* array 16, 32 */
    { SKP_KIND_ARRAY, 4 },
    { SKP_KIND_MAP, 2 }, /* map 16, 32 */
    { SKP_KIND_MAP, 4 },
};

static bool is_open(const struct skp_head *head)
{
    return head->kind == SKP_KIND_ARRAY || head->kind == SKP_KIND_MAP;
}

static bool has_bytes(const struct skp_head *head)
{
    return head->kind == SKP_KIND_STR || head->kind == SKP_KIND_BIN;
}

/* Values that an array or map holds. */
static uint64_t values_of(const struct skp_head *head)
{
    return head->kind == SKP_KIND_MAP ? 2 * head->number : head->number;
}

/* Take a value off what is owed, and its elements onto it. */
static void step_over(struct skp_frame_progress *progress,
                      const struct skp_head *head)
{
    uint64_t values = is_open(head) ? values_of(head) : 0;

    progress->pos += head->len;
    progress->owed--;
    if (progress->depth > 0) {
        progress->left[progress->depth - 1]--;
    }
    if (has_bytes(head)) {
        progress->pos += (size_t)head->number;
    } else if (values > 0) {
        progress->left[progress->depth++] = values;
        progress->owed += values;
    }
    while (progress->depth > 0 && progress->left[progress->depth - 1] == 0) {
        progress->depth--;
    }
}

static bool is_over_limit(const struct skp_frame_progress *progress,
                          const struct skp_head *head,
                          const struct skp_frame_limits *limits)
{
    uint64_t rest = is_open(head) || has_bytes(head) ? values_of(head) : 0;

    if (is_open(head) && progress->depth + 1 > limits->depth_max) {
        return true;
    }
    if (head->kind == SKP_KIND_MAP && head->number > limits->map_max) {
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
    struct skp_head head;

    if (progress->pos >= bytes.len) {
        return SKP_FRAME_PARTIAL;
    }
    at = bytes.ptr + progress->pos;
    head = skp_head_of(*at);
    if (head.kind == SKP_KIND_NONE) {
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
    if (head.len > 1) {
        head.number = skp_head_number(at + 1, head.len - 1);
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
