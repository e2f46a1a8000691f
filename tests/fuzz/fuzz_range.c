/* fuzz_range.c - ranges of envelopes that a store gives out in part.
 *
 * Reaches: libclient/range_plan.c libclient/range_open.c
 * Reaches: libclient/stream_size.c
 *
 * The input chooses one of a few envelopes, a length that the store says it
 * has, a range, and edits to what the store answers.  A plan names no bytes
 * that a known envelope has not; what was not edited opens to exactly that
 * slice of the plaintext; in suite 2 what was edited, and a false length that a
 * range could notice, opens to nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "libclient/stream_seal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/streams.h"

#define PLAINTEXT_MAX 49152u
#define ENVELOPE_MAX  49400u
#define FETCHED_MAX   65536u
#define TAG_LEN       16u
#define SEALED_LEN    (SIDEKEY_CHUNK_LEN + TAG_LEN)

/* What a plan is filled with before the call. */
#define FILLER 0xa5

enum kind {
    KIND_2,
    KIND_2_AAD,
    KIND_1,
    KIND_RAW,
    KINDS
};

static const size_t lens[] = { 40000, 0,     1,     16383,
                               16384, 16385, 32768, PLAINTEXT_MAX };
#define N_LENS (sizeof lens / sizeof lens[0])

static const struct sidekey_options options_of[KINDS] = {
    [KIND_2] = { .suite = SIDEKEY_SUITE_ANY },
    [KIND_2_AAD] = { .aad = (const uint8_t *)"aad", .aad_len = 3 },
    [KIND_1] = { .suite = SIDEKEY_SUITE_X25519_AES256CTR },
    [KIND_RAW] = { .raw = true },
};

/* One envelope, the same in every run. */
struct object {
    const struct sidekey_options *options;
    bool is_suite_2;
    size_t plain_len;
    size_t len; /* 0: not made yet */
    struct sidekey_data_key key;
    uint8_t bytes[ENVELOPE_MAX];
};

static uint8_t plain[PLAINTEXT_MAX];

/* No chunk is like another. */
static void fill_plain(void)
{
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(31 * i + 7 + 13 * (i >> 8) + 57 * (i >> 14));
    }
}

static const struct object *object_of(enum kind kind, size_t nth)
{
    static struct object objects[KINDS][N_LENS];
    struct object *object = &objects[kind][nth];
    struct sidekey_public_key key = skt_stream_public_key(skt_stream_key());
    struct skp_buf buf = skp_buf_over(object->bytes, sizeof object->bytes);
    struct sidekey_seal *seal = NULL;

    if (object->len > 0) {
        return object;
    }
    fill_plain();
    skt_fuzz_random_restart();
    object->options = &options_of[kind];
    object->is_suite_2 = kind == KIND_2 || kind == KIND_2_AAD;
    object->plain_len = lens[nth];
    skt_status_ok(skc_stream_seal_new(&key, SKT_STREAM_TENANT, object->options,
                                      &skt_fuzz_random, &seal));
    skt_stream_push(seal, (struct skp_view){ plain, object->plain_len }, NULL,
                    &buf);
    sidekey_seal_free(&seal);
    object->key = skt_stream_unwrap(object->bytes, object->options->raw);
    object->len = buf.len;
    return object;
}

/* ---- sizes --------------------------------------------------------------- */

/* There and back, for any number, and for suites that there are not. */
static void check_sizes(enum sidekey_suite suite, bool raw, uint64_t number)
{
    uint64_t there = 0;
    uint64_t back = 0;

    if (sidekey_envelope_size(suite, raw, number, &there) == SIDEKEY_OK) {
        ck_assert_uint_gt(there, number);
        skt_status_ok(sidekey_plaintext_size(suite, raw, there, &back));
        ck_assert_uint_eq(back, number);
    } else {
        ck_assert_uint_eq(there, 0);
        ck_assert(sidekey_stream_error_text()[0] != '\0');
    }
    if (sidekey_plaintext_size(suite, raw, number, &there) == SIDEKEY_OK) {
        ck_assert_uint_lt(there, number);
        skt_status_ok(sidekey_envelope_size(suite, raw, there, &back));
        ck_assert_uint_eq(back, number);
    }
}

/* ---- plans --------------------------------------------------------------- */

/* The bytes [at, at + len) of a plaintext. */
struct slice {
    uint64_t at;
    uint64_t len;
};

/* What there is of @range in a plaintext of @all bytes. */
static struct slice slice_of(const struct sidekey_range *range, uint64_t all)
{
    struct slice slice = { range->at < all ? range->at : all, range->len };

    if (range->is_suffix) {
        slice.len = range->len < all ? range->len : all;
        slice.at = all - slice.len;
    } else if (slice.len > all - slice.at) {
        slice.len = all - slice.at;
    }
    return slice;
}

/* True when the last chunk, by the length @all, holds some of the slice or the
 * slice ends where the plaintext does. */
static bool reaches_last(const struct slice *slice, uint64_t all)
{
    uint64_t end = slice->at + slice->len;

    return end == all || (slice->len > 0 && (end - 1) / SIDEKEY_CHUNK_LEN ==
                                                all / SIDEKEY_CHUNK_LEN);
}

/* The bytes that hold the slice, no more: in suite 2 whole chunks. */
static void check_chunks(const struct sidekey_range_plan *plan, bool is_suite_2)
{
    uint64_t before = plan->chunks_at - plan->head_len;
    uint64_t first = plan->at / SIDEKEY_CHUNK_LEN;
    uint64_t n_chunks = 0;

    if (!is_suite_2) {
        ck_assert_uint_eq(before, plan->at);
        ck_assert_uint_eq(plan->chunks_len, plan->len);
        return;
    }
    ck_assert_uint_eq(before, first * SEALED_LEN);
    if (plan->len > 0) {
        n_chunks = (plan->at + plan->len - 1) / SIDEKEY_CHUNK_LEN - first + 1;
    }
    if (!plan->verifies_end) {
        ck_assert_uint_eq(plan->chunks_len, n_chunks * SEALED_LEN);
    }
}

static void check_known(const struct sidekey_range_plan *plan,
                        bool is_suite_2,
                        uint64_t envelope_len,
                        const struct sidekey_range *range)
{
    uint64_t all = 0;
    struct slice slice;

    skt_status_ok(
        sidekey_plaintext_size(plan->suite, plan->raw, envelope_len, &all));
    slice = slice_of(range, all);
    ck_assert_uint_eq(plan->at, slice.at);
    ck_assert_uint_eq(plan->len, slice.len);
    ck_assert_uint_le(plan->head_len, envelope_len);
    ck_assert_uint_le(plan->chunks_at, envelope_len);
    ck_assert_uint_le(plan->chunks_len, envelope_len - plan->chunks_at);
    check_chunks(plan, is_suite_2);
    ck_assert(plan->verifies_end == (is_suite_2 && reaches_last(&slice, all)));
    if (plan->verifies_end) {
        ck_assert_uint_eq(plan->chunks_at + plan->chunks_len, envelope_len);
    }
}

static void check_unknown(const struct sidekey_range_plan *plan,
                          bool is_suite_2,
                          const struct sidekey_range *range)
{
    ck_assert(!range->is_suffix);
    ck_assert_uint_eq(plan->at, range->at);
    ck_assert((plan->len == SIDEKEY_TO_END) ==
              (plan->chunks_len == SIDEKEY_TO_END));
    if (plan->len != SIDEKEY_TO_END) {
        ck_assert_uint_eq(plan->len, range->len);
        ck_assert_uint_le(plan->chunks_len, UINT64_MAX - plan->chunks_at);
        check_chunks(plan, is_suite_2);
    }
}

static bool is_untouched(const uint8_t *bytes, size_t len)
{
    size_t i = 0;

    while (i < len && bytes[i] == FILLER) {
        i++;
    }
    return i == len;
}

/* False when there is none. */
static bool make_plan(const struct object *object,
                      uint64_t envelope_len,
                      const struct sidekey_range *range,
                      struct sidekey_range_plan *ret)
{
    enum sidekey_status status;

    memset(ret, FILLER, sizeof *ret);
    status = sidekey_range_plan(object->options->suite, object->options->raw,
                                envelope_len, range, ret);
    if (status != SIDEKEY_OK) {
        ck_assert(status == SIDEKEY_INVALID_ARGUMENT ||
                  status == SIDEKEY_DATA_LOSS);
        ck_assert(is_untouched((const uint8_t *)ret, sizeof *ret));
        ck_assert_uint_ne(envelope_len, object->len);
        return false;
    }
    ck_assert_int_eq(ret->suite, object->key.suite);
    ck_assert_uint_le(ret->head_len, SIDEKEY_HEAD_MAX);
    ck_assert_uint_ge(ret->chunks_at, ret->head_len);
    ck_assert(ret->size_known == (envelope_len != SIDEKEY_SIZE_UNKNOWN));
    if (ret->size_known) {
        check_known(ret, object->is_suite_2, envelope_len, range);
    } else {
        check_unknown(ret, object->is_suite_2, range);
    }
    return true;
}

/* ---- reading ------------------------------------------------------------- */

/* What a store answers for a plan: all that there is of it. */
static void fetch(const struct object *object,
                  const struct sidekey_range_plan *plan,
                  struct skp_buf *ret)
{
    uint64_t there =
        plan->chunks_at < object->len ? object->len - plan->chunks_at : 0;
    uint64_t n = plan->chunks_len < there ? plan->chunks_len : there;

    ck_assert_int_eq(skp_buf_put(ret, object->bytes, (size_t)plan->head_len),
                     SKP_ERR_OK);
    if (n > 0) {
        ck_assert_int_eq(
            skp_buf_put(ret, object->bytes + plan->chunks_at, (size_t)n),
            SKP_ERR_OK);
    }
}

/* What the agent answers about @head: the data key, or an error. */
static bool
unwrap(const struct object *object, struct skp_view head, uint8_t *ret)
{
    struct skp_key_pair pair = skt_key_pair(skt_stream_key());
    struct skp_crypto *crypto = NULL;
    struct skp_header header;
    bool is_opened;

    ck_assert_int_eq(skp_crypto_new(&skt_fuzz_random, &crypto), SKP_ERR_OK);
    is_opened =
        skp_header_parse(head, object->options->raw,
                         (enum skp_suite)object->key.suite, &header,
                         NULL) == SKP_ERR_OK &&
        skp_header_open(crypto, &header, &pair, skp_view_of(SKT_STREAM_TENANT),
                        ret) == SKP_ERR_OK;
    skp_crypto_free(&crypto);
    return is_opened;
}

/* One read of a range, and what must come of it. */
struct read {
    const struct object *object;
    const struct sidekey_range_plan *plan;
    struct sidekey_data_key key;
    struct sidekey_range_bytes fetched;
    bool is_edited;
    bool is_true; /* the length that was planned with, or none was */
};

/* How many bytes come out when nothing is wrong. */
static uint64_t expected_len(const struct read *read)
{
    uint64_t all = read->object->plain_len;
    uint64_t left = read->plan->at < all ? all - read->plan->at : 0;

    return read->plan->len < left ? read->plan->len : left;
}

/* Chunks that an envelope of unknown length has not cannot be authentic, not
 * even as nothing. */
static bool is_beyond(const struct read *read)
{
    return read->object->is_suite_2 && read->plan->chunks_len > 0 &&
           read->plan->chunks_at >= read->object->len;
}

/* True when @bytes are those of the plaintext from the plan's place on. */
static bool is_slice(const struct read *read, const uint8_t *bytes, size_t len)
{
    return len == 0 || (len <= expected_len(read) &&
                        memcmp(bytes, plain + read->plan->at, len) == 0);
}

static void
check_opened(const struct read *read, const uint8_t *out, size_t len)
{
    if (read->object->is_suite_2) {
        ck_assert(!read->is_edited);
        ck_assert(read->is_true || !read->plan->verifies_end);
    }
    if (!read->is_edited) {
        ck_assert(is_slice(read, out, len));
        ck_assert_uint_eq(len, expected_len(read));
    }
}

static enum sidekey_status open_at_once(const struct read *read)
{
    uint64_t wanted = expected_len(read);
    size_t room = (size_t)(wanted + (read->is_edited ? 64 : 0));
    uint8_t *out = malloc(room + 1);
    size_t len = SIZE_MAX;
    enum sidekey_status status;

    ck_assert_ptr_nonnull(out);
    memset(out, SKT_UNTOUCHED, room + 1);
    status = sidekey_range_open(&read->key, read->plan, read->object->options,
                                &read->fetched, out, room, &len);
    ck_assert_uint_eq(out[room], SKT_UNTOUCHED);
    if (status == SIDEKEY_OK) {
        check_opened(read, out, len);
    } else {
        ck_assert_uint_eq(len, SIZE_MAX);
        ck_assert(skt_is_blank(out, room));
        ck_assert(read->is_edited || !read->is_true || is_beyond(read));
    }
    free(out);
    return status;
}

/* The same bytes in pieces: what comes out before a failure is authentic. */
static enum sidekey_status open_in_pieces(const struct read *read,
                                          uint64_t seed)
{
    static uint8_t place[FETCHED_MAX];
    struct skp_buf out = skp_buf_over(place, sizeof place);
    struct skt_dice dice = skt_dice(seed);
    struct sidekey_open_stream *stream = NULL;
    enum sidekey_status status =
        sidekey_range_new(&read->key, read->plan, read->object->options,
                          read->fetched.head, read->fetched.head_len, &stream);

    if (status == SIDEKEY_OK) {
        status = skt_stream_pull(
            stream,
            (struct skp_view){ read->fetched.chunks, read->fetched.chunks_len },
            &dice, &out);
        ck_assert(!read->object->is_suite_2 ||
                  is_slice(read, out.ptr, out.len));
    }
    if (status == SIDEKEY_OK) {
        check_opened(read, out.ptr, out.len);
    }
    sidekey_open_stream_free(&stream);
    ck_assert_ptr_null(stream);
    return status;
}

static void check_read(struct read *read, struct skp_view bytes, uint64_t seed)
{
    size_t head_len = (size_t)read->plan->head_len;
    struct skp_view head = skt_fuzz_take(&bytes, head_len);
    uint8_t *head_copy = skt_fuzz_copy(head);
    uint8_t *chunks_copy = skt_fuzz_copy(bytes);
    enum sidekey_status at_once;
    enum sidekey_status in_pieces;

    read->key = read->object->key;
    read->fetched = (struct sidekey_range_bytes){ head_copy, head.len,
                                                  chunks_copy, bytes.len };
    if (!read->is_edited ||
        unwrap(read->object, (struct skp_view){ head_copy, head.len },
               read->key.key)) {
        at_once = open_at_once(read);
        in_pieces = open_in_pieces(read, seed);
        /* In one piece the room may be found too small before anything else is
         * wrong. */
        ck_assert(at_once == in_pieces ||
                  at_once == SIDEKEY_RESOURCE_EXHAUSTED);
    }
    free(chunks_copy);
    free(head_copy);
}

/* ---- the door ------------------------------------------------------------ */

enum claim {
    CLAIM_TRUE,
    CLAIM_UNKNOWN,
    CLAIM_NEAR,
    CLAIM_ANY
};

/* What the store says how long @object is. */
static uint64_t take_claim(const struct object *object,
                           enum claim claim,
                           struct skp_view *input)
{
    if (claim == CLAIM_TRUE) {
        return object->len;
    }
    if (claim == CLAIM_UNKNOWN) {
        return SIDEKEY_SIZE_UNKNOWN;
    }
    if (claim == CLAIM_ANY) {
        return skt_fuzz_number(input, 8);
    }
    return object->len + skt_fuzz_number(input, 2) - 0x8000;
}

static struct sidekey_range take_range(size_t plain_len, struct skp_view *input)
{
    uint8_t flags = skt_fuzz_byte(input);
    struct sidekey_range range = { .is_suffix = (flags & 1u) != 0 };

    range.at = (flags & 2u) != 0 ? skt_fuzz_number(input, 8)
                                 : skt_fuzz_number(input, 2) % (plain_len + 20);
    if ((flags & 4u) != 0) {
        range.len = SIDEKEY_TO_END;
    } else {
        range.len = skt_fuzz_number(input, (flags & 8u) != 0 ? 8 : 2);
    }
    if ((flags & 16u) != 0) {
        range.at -= range.at % SIDEKEY_CHUNK_LEN;
    }
    if ((flags & 32u) != 0) { /* may wrap around, which is a range too */
        range.len -= (range.at + range.len) % SIDEKEY_CHUNK_LEN;
    }
    return range;
}

void skt_fuzz_range(struct skp_view input)
{
    static uint8_t place[FETCHED_MAX];
    static uint8_t original[FETCHED_MAX];
    uint8_t flags = skt_fuzz_byte(&input);
    const struct object *object =
        object_of((enum kind)(flags & 3u), flags >> 2 & 7u);
    uint64_t number = skt_fuzz_number(&input, 8);
    struct skp_buf whole = skp_buf_over(original, sizeof original);
    struct skp_buf edited = skp_buf_over(place, sizeof place);
    struct sidekey_range_plan plan;
    struct sidekey_range range;
    struct read read = { .object = object, .plan = &plan };
    uint64_t claimed =
        take_claim(object, (enum claim)(flags >> 5 & 3u), &input);

    check_sizes(object->options->suite, object->options->raw, number);
    check_sizes((enum sidekey_suite)(number & 7u), (flags & 0x80u) != 0,
                number);
    range = take_range(object->plain_len, &input);
    if (!make_plan(object, claimed, &range, &plan)) {
        return;
    }
    fetch(object, &plan, &whole);
    memcpy(place, original, whole.len);
    edited.len = whole.len;
    skt_fuzz_edit(input, &edited);
    read.is_edited =
        edited.len != whole.len || memcmp(place, original, whole.len) != 0;
    read.is_true = claimed == object->len || claimed == SIDEKEY_SIZE_UNKNOWN;
    check_read(&read, (struct skp_view){ edited.ptr, edited.len }, number);
}

SKT_FUZZ_DOOR(range)
