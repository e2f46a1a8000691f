/* range_plan.c - which bytes of an envelope a range needs; see
 * sidekey_stream.h. */
#include "libclient/stream.h"

/* The longest plaintext of suite 2: its last chunk is not full. */
#define PLAINTEXT_2_MAX (SKP_CHUNKS_MAX * SKP_CHUNK_LEN - 1)

/* What is known before the range is looked at. */
struct frame {
    size_t head_len;
    uint64_t envelope_len;  /* UINT64_MAX: unknown */
    uint64_t plaintext_len; /* when envelope_len is not known: the most */
    bool is_suite_2;
    bool is_known;
};

static enum skp_err make_frame(enum skp_suite suite,
                               bool raw,
                               uint64_t envelope_len,
                               struct frame *ret,
                               struct skp_diag *diag)
{
    *ret = (struct frame){
        .envelope_len = envelope_len,
        .is_suite_2 = suite == SKP_SUITE_X25519_HPKE_AES256GCM,
        .is_known = envelope_len != SIDEKEY_SIZE_UNKNOWN,
    };
    SKP_TRY(skc_stream_head_len(suite, raw, &ret->head_len, diag));
    if (ret->is_known) {
        return skc_stream_plaintext_len(suite, raw, envelope_len,
                                        &ret->plaintext_len, diag);
    }
    /* One less than can be counted, which stands for "unknown". */
    ret->plaintext_len =
        ret->is_suite_2 ? PLAINTEXT_2_MAX : UINT64_MAX - 1 - ret->head_len;
    return SKP_ERR_OK;
}

/* The bytes [at, end) of the plaintext. */
struct span {
    uint64_t at;
    uint64_t end;
    bool to_end; /* asked for up to the end, or beyond it */
};

static enum skp_err check_range(const struct frame *frame,
                                const struct sidekey_range *range,
                                struct skp_diag *diag)
{
    if (frame->is_known) {
        return SKP_ERR_OK;
    }
    if (range->is_suffix) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a suffix needs the length of the envelope");
    }
    if (range->at >= frame->plaintext_len) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "no plaintext is so long");
    }
    return SKP_ERR_OK;
}

/* What there is of @range. */
static struct span cut_range(const struct frame *frame,
                             const struct sidekey_range *range)
{
    uint64_t all = frame->plaintext_len;
    struct span span = { range->at, all, true };

    if (range->is_suffix) {
        span.at = range->len < all ? all - range->len : 0;
    } else if (range->at > all) {
        span.at = all;
    } else if (range->len < all - range->at) {
        span.end = range->at + range->len;
        span.to_end = false;
    }
    return span;
}

/* A part of the span lies in the chunk that is the last by the length of the
 * envelope. */
static bool touches_last(const struct frame *frame, const struct span *span)
{
    return frame->is_known && span->end > span->at &&
           (span->end - 1) / SKP_CHUNK_LEN ==
               frame->plaintext_len / SKP_CHUNK_LEN;
}

/* Suite 2: whole chunks, up to the last one for a span to the end. */
static void plan_chunks(const struct frame *frame,
                        const struct span *span,
                        struct sidekey_range_plan *plan)
{
    uint64_t first = span->at / SKP_CHUNK_LEN;

    plan->chunks_at = frame->head_len + first * SKP_CHUNK_SEALED_LEN;
    plan->verifies_end = span->to_end || touches_last(frame, span);
    if (plan->verifies_end && frame->is_known) {
        plan->chunks_len = frame->envelope_len - plan->chunks_at;
    } else if (span->end > span->at) {
        uint64_t last = (span->end - 1) / SKP_CHUNK_LEN;

        plan->chunks_len = (last - first + 1) * SKP_CHUNK_SEALED_LEN;
    }
}

static void make_plan(const struct frame *frame,
                      const struct span *span,
                      struct sidekey_range_plan *plan)
{
    plan->head_len = frame->head_len;
    plan->at = span->at;
    plan->len = span->end - span->at;
    plan->size_known = frame->is_known;
    if (frame->is_suite_2) {
        plan_chunks(frame, span, plan);
    } else {
        plan->chunks_at = frame->head_len + span->at;
        plan->chunks_len = plan->len;
    }
    if (span->to_end && !frame->is_known) {
        plan->len = SIDEKEY_TO_END;
        plan->chunks_len = SIDEKEY_TO_END;
    }
}

enum sidekey_status sidekey_range_plan(enum sidekey_suite suite,
                                       bool raw,
                                       uint64_t envelope_len,
                                       const struct sidekey_range *range,
                                       struct sidekey_range_plan *ret)
{
    enum skp_suite known = skc_stream_suite(suite, raw);
    struct sidekey_range_plan plan = { .suite = (enum sidekey_suite)known,
                                       .raw = raw };
    struct skp_diag diag = { "" };
    struct frame frame;
    enum skp_err err = make_frame(known, raw, envelope_len, &frame, &diag);

    if (err == SKP_ERR_OK) {
        err = check_range(&frame, range, &diag);
    }
    if (err == SKP_ERR_OK) {
        struct span span = cut_range(&frame, range);

        make_plan(&frame, &span, &plan);
        *ret = plan;
    }
    return skc_stream_keep(err, &diag, SKC_NOWHERE);
}
