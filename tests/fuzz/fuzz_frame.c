/* fuzz_frame.c - messages of PROTOCOL.md, and msgpack-c behind them.
 *
 * Reaches: protocol/frame.c protocol/member.c protocol/pack.c protocol/rpc.c
 * Reaches: protocol/rpc_param.c protocol/rpc_report.c protocol/rpc_request.c
 * Reaches: protocol/rpc_response.c
 *
 * The verdict about a message does not depend on the pieces in which it came
 * and never changes but from PARTIAL.  What decodes points into its message,
 * and encodes to a message that means the same.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/rpc.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX  8192u
#define PREFIX_MAX 300u /* every prefix is scanned of inputs up to this */

static struct skp_scratch *scratch;

/* Bytes that the length or the number behind the first byte of a value takes,
 * and what it counts; the table of the specification, written down a second
 * time. */
struct head {
    size_t len_len;  /* of a length that follows */
    uint64_t length; /* the one in the first byte */
    unsigned values; /* that each of the counted stands for; 0: bytes */
};

static struct head read_first(uint8_t first)
{
    static const uint8_t numbers[] = { 4, 8, 1, 2, 4, 8, 1, 2, 4, 8 };

    if (first >= 0x80 && first <= 0x8f) {
        return (struct head){ 0, first & 15u, 2 };
    }
    if (first >= 0x90 && first <= 0x9f) {
        return (struct head){ 0, first & 15u, 1 };
    }
    if (first >= 0xa0 && first <= 0xbf) {
        return (struct head){ 0, first & 31u, 0 };
    }
    if (first >= 0xc4 && first <= 0xc6) {
        return (struct head){ (size_t)1 << (first - 0xc4), 0, 0 };
    }
    if (first >= 0xca && first <= 0xd3) {
        return (struct head){ 0, numbers[first - 0xca], 0 };
    }
    if (first >= 0xd9 && first <= 0xdb) {
        return (struct head){ (size_t)1 << (first - 0xd9), 0, 0 };
    }
    if (first >= 0xdc && first <= 0xdf) {
        return (struct head){ first % 2 == 0 ? 2 : 4, 0,
                              first >= 0xde ? 2 : 1 };
    }
    return (struct head){ 0, 0, 0 };
}

/* Length of the first message, found without any limit; 0: not all there. */
static size_t measure(struct skp_view bytes)
{
    struct skp_view rest = bytes;

    for (uint64_t owed = 1; owed > 0; owed--) {
        struct head head = read_first(skt_fuzz_byte(&rest));
        uint64_t length = head.length;

        if (head.len_len > rest.len) {
            return 0;
        }
        length += skt_fuzz_number(&rest, head.len_len);
        owed += length * head.values;
        if (head.values == 0) {
            if (length > rest.len) {
                return 0;
            }
            (void)skt_fuzz_take(&rest, (size_t)length);
        }
        if (owed > rest.len + 1) {
            return 0;
        }
    }
    return bytes.len - rest.len;
}

/* Scan @bytes in pieces of @step, and at once. */
static void check_pieces(struct skp_view bytes,
                         size_t step,
                         const struct skp_frame_limits *limits)
{
    struct skp_frame_progress progress = { 0 };
    size_t whole_len = 0;
    enum skp_frame whole = skp_frame_scan(bytes, limits, &whole_len);
    enum skp_frame now = SKP_FRAME_PARTIAL;
    size_t cut = 0;

    ck_assert_uint_le(whole_len, bytes.len);
    ck_assert(whole != SKP_FRAME_WHOLE || whole_len == measure(bytes));
    ck_assert(whole != SKP_FRAME_PARTIAL || measure(bytes) == 0);
    while (now == SKP_FRAME_PARTIAL && cut < bytes.len) {
        struct skp_view prefix = { bytes.ptr, 0 };
        size_t len = 0;
        size_t scan_len = 0;

        cut = cut + step < bytes.len ? cut + step : bytes.len;
        prefix.len = cut;
        now = skp_frame_resume(&progress, prefix, limits, &len);
        if (bytes.len <= PREFIX_MAX) {
            ck_assert_int_eq(skp_frame_scan(prefix, limits, &scan_len), now);
            ck_assert_uint_eq(scan_len, len);
        }
        if (now != SKP_FRAME_PARTIAL) {
            ck_assert_int_eq(now, whole);
            ck_assert_uint_eq(len, whole_len);
        }
    }
    ck_assert_int_eq(now, bytes.len == 0 ? SKP_FRAME_PARTIAL : whole);
}

/* ---- requests ------------------------------------------------------------ */

static void check_request_views(const struct skp_request *request,
                                struct skp_view message)
{
    ck_assert_int_lt((int)request->method, (int)SKP_METHOD_COUNT);
    ck_assert(skt_fuzz_is_within(request->tenant, message));
    ck_assert(skt_fuzz_is_within(request->data, message));
    ck_assert(skt_fuzz_is_within(request->aad, message));
    ck_assert(skt_fuzz_is_within(request->cursor, message));
    ck_assert_uint_le(request->tenant.len, SKP_TENANT_MAX);
    ck_assert_uint_le(request->aad.len, SKP_AAD_MAX);
    ck_assert_uint_le(request->n_tenants, SKP_WATCH_MAX);
    for (size_t i = 0; i < request->n_tenants; i++) {
        ck_assert(skt_fuzz_is_within(request->tenants[i], message));
    }
}

static bool decode_request(struct skp_view message, struct skp_request *ret)
{
    struct skp_refusal refusal = { false, 0 };
    struct skp_diag diag = { "" };
    enum skp_err err =
        skp_request_decode(scratch, message, ret, &refusal, &diag);

    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT ||
              err == SKP_ERR_UNIMPLEMENTED);
    ck_assert(err == SKP_ERR_OK || diag.text[0] != '\0');
    return err == SKP_ERR_OK;
}

/* What is read without a look for its end is what the scan calls whole. */
static void check_read(struct skp_view bytes)
{
    struct skp_request request;
    struct skp_refusal refusal;
    size_t len = 0;
    size_t scan_len = 0;

    if (skp_request_read(scratch, bytes, &request, &len, &refusal, NULL) !=
        SKP_ERR_OK) {
        return;
    }
    ck_assert_int_eq(
        skp_frame_scan(bytes, &skp_frame_request_limits, &scan_len),
        SKP_FRAME_WHOLE);
    ck_assert_uint_eq(len, scan_len);
}

/* In @room bytes, one too few, nothing of it is left. */
static void check_too_small(const struct skp_request *request, size_t room)
{
    static uint8_t bytes[2 * INPUT_MAX];
    struct skp_buf small = skp_buf_over(bytes, room);

    ck_assert_uint_le(room, sizeof bytes);
    ck_assert_int_eq(skp_request_encode(request, &small),
                     SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(small.len, 0);
}

static void check_request(struct skp_view message)
{
    static uint8_t first[4 * INPUT_MAX];
    static uint8_t second[4 * INPUT_MAX];
    struct skp_buf a = skp_buf_over(first, sizeof first);
    struct skp_buf b = skp_buf_over(second, sizeof second);
    struct skp_request request;
    struct skp_request again;

    if (!decode_request(message, &request)) {
        return;
    }
    check_request_views(&request, message);
    ck_assert_int_eq(skp_request_encode(&request, &a), SKP_ERR_OK);
    check_too_small(&request, a.len - 1);
    ck_assert(decode_request((struct skp_view){ a.ptr, a.len }, &again));
    ck_assert_int_eq(skp_request_encode(&again, &b), SKP_ERR_OK);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert(memcmp(first, second, a.len) == 0);
}

/* ---- responses ----------------------------------------------------------- */

static bool decode_response(struct skp_view message,
                            enum skp_method asked,
                            enum skp_message *ret_kind,
                            struct skp_response *ret)
{
    struct skp_diag diag = { "" };
    enum skp_err err =
        skp_response_decode(scratch, message, asked, ret_kind, ret, &diag);

    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INTERNAL);
    ck_assert(err == SKP_ERR_OK || diag.text[0] != '\0');
    return err == SKP_ERR_OK;
}

static void check_response_views(const struct skp_response *response,
                                 struct skp_view message)
{
    ck_assert(skt_fuzz_is_within(response->data, message));
    ck_assert(skt_fuzz_is_within(response->text, message));
    ck_assert(skt_fuzz_is_within(response->next, message));
    ck_assert(
        response->key_id == NULL ||
        skt_fuzz_is_within(
            (struct skp_view){ response->key_id, SKP_KEY_ID_LEN }, message));
    for (size_t i = 0; i < response->n_rows; i++) {
        const struct skp_tenant_row *row = &response->rows[i];

        ck_assert(skt_fuzz_is_within(row->id, message));
        ck_assert(
            row->key_id == NULL ||
            skt_fuzz_is_within((struct skp_view){ row->key_id, SKP_KEY_ID_LEN },
                               message));
    }
    if (response->status == NULL) {
        return;
    }
    for (size_t i = 0; i < response->status->n_sources; i++) {
        ck_assert(
            skt_fuzz_is_within(response->status->sources[i].name, message));
    }
    for (size_t i = 0; i < response->status->n_warnings; i++) {
        ck_assert(skt_fuzz_is_within(response->status->warnings[i], message));
    }
}

static enum skp_err encode_answer(enum skp_message kind,
                                  const struct skp_response *response,
                                  struct skp_buf *ret)
{
    return kind == SKP_MESSAGE_CHANGED
               ? skp_changed_encode(response->rows, response->n_rows, ret)
               : skp_response_encode(response, ret);
}

static void check_response(struct skp_view message, enum skp_method asked)
{
    static uint8_t first[4 * INPUT_MAX];
    static uint8_t second[4 * INPUT_MAX];
    struct skp_buf a = skp_buf_over(first, sizeof first);
    struct skp_buf b = skp_buf_over(second, sizeof second);
    struct skp_response response;
    struct skp_response again;
    enum skp_message kind;
    enum skp_message kind_again;

    if (!decode_response(message, asked, &kind, &response)) {
        return;
    }
    check_response_views(&response, message);
    ck_assert_int_eq(encode_answer(kind, &response, &a), SKP_ERR_OK);
    ck_assert(decode_response((struct skp_view){ a.ptr, a.len }, asked,
                              &kind_again, &again));
    ck_assert_int_eq(kind, kind_again);
    ck_assert_int_eq(response.err, again.err);
    ck_assert_int_eq(encode_answer(kind, &again, &b), SKP_ERR_OK);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert(memcmp(first, second, a.len) == 0);
}

void skt_fuzz_frame(struct skp_view input)
{
    size_t step = (size_t)skt_fuzz_byte(&input) % 16 + 1;
    struct skp_view message = input;
    uint8_t *copy;

    if (input.len > INPUT_MAX) {
        return;
    }
    check_pieces(input, step, &skp_frame_request_limits);
    check_pieces(input, step, &skp_frame_answer_limits);
    if (skp_frame_scan(input, &skp_frame_answer_limits, &message.len) !=
        SKP_FRAME_WHOLE) {
        message.len = input.len;
    }
    copy = skt_fuzz_copy(message);
    message.ptr = copy;
    ck_assert_int_eq(skp_scratch_new(&scratch), SKP_ERR_OK);
    check_read(input);
    check_request(message);
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        check_response(message, (enum skp_method)i);
    }
    skp_scratch_free(&scratch);
    free(copy);
}

SKT_FUZZ_DOOR(frame)
