/* test_rpc_response.c - responses and notifications there and back, and every
 * way to refuse one. */
#include <stdlib.h>
#include <string.h>

#include "protocol/pack.h"
#include "protocol/rpc.h"
#include "tests/lib/suite.h"
#include "tests/lib/wire.h"

static struct skp_scratch *new_scratch(void)
{
    struct skp_scratch *scratch = NULL;

    skt_ok(skp_scratch_new(&scratch));
    return scratch;
}

static void check_view(struct skp_view got, struct skp_view expected)
{
    ck_assert(skp_view_equal(got, expected));
}

static void check_key_id(const uint8_t *got, const uint8_t *expected)
{
    ck_assert((got == NULL) == (expected == NULL));
    if (got != NULL) {
        ck_assert_mem_eq(got, expected, SKP_KEY_ID_LEN);
    }
}

static void check_rows(const struct skp_response *got,
                       const struct skp_response *expected)
{
    ck_assert_uint_eq(got->n_rows, expected->n_rows);
    for (size_t i = 0; i < got->n_rows; i++) {
        const struct skp_tenant_row *a = &got->rows[i];
        const struct skp_tenant_row *b = &expected->rows[i];

        check_view(a->id, b->id);
        check_key_id(a->key_id, b->key_id);
        ck_assert_uint_eq(a->generation, b->generation);
        ck_assert_uint_eq(a->state, b->state);
        ck_assert_uint_eq(a->origin, b->origin);
        ck_assert_int_eq(a->confirmed_at_s, b->confirmed_at_s);
    }
}

static void check_counts(const struct skp_counts *got,
                         const struct skp_counts *expected)
{
    ck_assert_uint_eq(got->n, expected->n);
    for (size_t i = 0; i < got->n; i++) {
        ck_assert_uint_eq(got->list[i], expected->list[i]);
    }
}

static void check_totals(const struct skp_totals *got,
                         const struct skp_totals *expected)
{
    ck_assert_uint_eq(got->uptime_ms, expected->uptime_ms);
    check_counts(&got->workers_us, &expected->workers_us);
    check_counts(&got->bounds_ns, &expected->bounds_ns);
    ck_assert_uint_eq(got->n_requests, expected->n_requests);
    for (size_t i = 0; i < got->n_requests; i++) {
        check_view(got->requests[i].method, expected->requests[i].method);
        check_counts(&got->requests[i].answered,
                     &expected->requests[i].answered);
        check_counts(&got->requests[i].lasted, &expected->requests[i].lasted);
    }
}

static void check_newer_status(const struct skp_status *got,
                               const struct skp_status *expected)
{
    check_view(got->sandbox, expected->sandbox);
    ck_assert_uint_eq(got->unrefreshed.tenants, expected->unrefreshed.tenants);
    check_view(got->unrefreshed.oldest, expected->unrefreshed.oldest);
    ck_assert_int_eq(got->unrefreshed.since_s, expected->unrefreshed.since_s);
    ck_assert(got->is_restored == expected->is_restored);
    ck_assert_uint_eq(got->restored_tenants, expected->restored_tenants);
    ck_assert_int_eq(got->restored_at_s, expected->restored_at_s);
    ck_assert_uint_eq(got->n_certificates, expected->n_certificates);
    for (size_t i = 0; i < got->n_certificates; i++) {
        check_view(got->certificates[i].name, expected->certificates[i].name);
        ck_assert_int_eq(got->certificates[i].not_after_s,
                         expected->certificates[i].not_after_s);
    }
    ck_assert(got->has_audit == expected->has_audit);
    check_view(got->audit.target, expected->audit.target);
    ck_assert_uint_eq(got->audit.written, expected->audit.written);
    ck_assert_uint_eq(got->audit.dropped, expected->audit.dropped);
    ck_assert_uint_eq(got->audit.sequence, expected->audit.sequence);
    ck_assert(got->audit.failing == expected->audit.failing);
    ck_assert_uint_eq(got->connections_refused, expected->connections_refused);
    ck_assert_uint_eq(got->requests_refused, expected->requests_refused);
    ck_assert_mem_eq(got->gone, expected->gone, sizeof got->gone);
    ck_assert(got->has_totals == expected->has_totals);
    check_totals(&got->totals, &expected->totals);
}

static void check_status(const struct skp_status *got,
                         const struct skp_status *expected)
{
    check_view(got->agent, expected->agent);
    check_view(got->mode, expected->mode);
    ck_assert_uint_eq(got->pid, expected->pid);
    ck_assert_int_eq(got->started_at_s, expected->started_at_s);
    check_view(got->memory_tier, expected->memory_tier);
    ck_assert_uint_eq(got->locked_bytes, expected->locked_bytes);
    ck_assert_uint_eq(got->snapshot, expected->snapshot);
    ck_assert(got->ready == expected->ready);
    ck_assert(got->refreshing == expected->refreshing);
    ck_assert_int_eq(got->next_refresh_s, expected->next_refresh_s);
    ck_assert_mem_eq(got->tenants, expected->tenants, sizeof got->tenants);
    ck_assert_uint_eq(got->brake_missing, expected->brake_missing);
    ck_assert_uint_eq(got->connections, expected->connections);
    ck_assert_uint_eq(got->n_sources, expected->n_sources);
    for (size_t i = 0; i < got->n_sources; i++) {
        check_view(got->sources[i].name, expected->sources[i].name);
        ck_assert_int_eq(got->sources[i].last_attempt_s,
                         expected->sources[i].last_attempt_s);
        ck_assert_int_eq(got->sources[i].last_success_s,
                         expected->sources[i].last_success_s);
        check_view(got->sources[i].last_error, expected->sources[i].last_error);
        ck_assert_uint_eq(got->sources[i].failures,
                          expected->sources[i].failures);
    }
    ck_assert_uint_eq(got->n_warnings, expected->n_warnings);
    for (size_t i = 0; i < got->n_warnings; i++) {
        check_view(got->warnings[i], expected->warnings[i]);
    }
    check_newer_status(got, expected);
}

static void check_hello(const struct skp_hello *got,
                        const struct skp_hello *expected)
{
    check_view(got->agent, expected->agent);
    ck_assert_uint_eq(got->protocol, expected->protocol);
    ck_assert_uint_eq(got->message_max, expected->message_max);
    ck_assert_uint_eq(got->payload_max, expected->payload_max);
    ck_assert_uint_eq(got->aad_max, expected->aad_max);
}

static void check_response(const struct skp_response *got,
                           const struct skp_response *expected)
{
    ck_assert(got->has_msgid == expected->has_msgid);
    ck_assert_uint_eq(got->msgid, expected->msgid);
    ck_assert_uint_eq(got->err, expected->err);
    check_view(got->text, expected->text);
    ck_assert_uint_eq(got->method, expected->method);
    check_view(got->data, expected->data);
    check_key_id(got->key_id, expected->key_id);
    ck_assert_uint_eq(got->generation, expected->generation);
    ck_assert_uint_eq(got->suite, expected->suite);
    ck_assert(got->authenticated == expected->authenticated);
    ck_assert((got->hello == NULL) == (expected->hello == NULL));
    if (got->hello != NULL) {
        check_hello(got->hello, expected->hello);
    }
    ck_assert((got->status == NULL) == (expected->status == NULL));
    if (got->status != NULL) {
        check_status(got->status, expected->status);
    }
    check_rows(got, expected);
    check_view(got->next, expected->next);
}

/* Decode with a scratch of its own, so that two results live side by side. */
static enum skp_err decode(struct skp_scratch *scratch,
                           struct skp_view message,
                           enum skp_method asked,
                           struct skp_response *ret)
{
    enum skp_message kind = SKP_MESSAGE_CHANGED;
    struct skp_diag diag = { "" };
    enum skp_err err =
        skp_response_decode(scratch, message, asked, &kind, ret, &diag);

    if (err == SKP_ERR_OK) {
        ck_assert_uint_eq(kind, SKP_MESSAGE_RESPONSE);
    } else {
        ck_assert_uint_gt(strlen(diag.text), 0);
    }
    return err;
}

static void check_encoded(const struct skp_response *response, unsigned index)
{
    uint8_t bytes[1024];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    skt_ok(skp_response_encode(response, &out));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len }, skt_wire_bytes(index));
}

/* ---- golden messages ---------------------------------------------------- */

START_TEST(every_method_s_response_is_encoded_to_the_golden_bytes)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_response response = skt_wire_response((enum skp_method)i);

        check_encoded(&response, SKT_WIRE_RESPONSE(i));
    }
}
END_TEST

START_TEST(every_method_s_golden_bytes_are_decoded_to_the_response)
{
    struct skp_scratch *scratch = new_scratch();

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        enum skp_method method = (enum skp_method)i;
        struct skp_response expected = skt_wire_response(method);
        struct skp_response got;

        skt_ok(decode(scratch, skt_wire_bytes(SKT_WIRE_RESPONSE(i)), method,
                      &got));
        check_response(&got, &expected);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_response_that_does_not_fit_leaves_the_buffer_as_it_was)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_response response = skt_wire_response((enum skp_method)i);
        size_t len = skt_wire_bytes(SKT_WIRE_RESPONSE(i)).len;
        uint8_t bytes[1024] = "before";

        for (size_t cap = 6; cap < 6 + len; cap++) {
            struct skp_buf out = { bytes, 6, cap };

            skt_err(skp_response_encode(&response, &out),
                    SKP_ERR_RESOURCE_EXHAUSTED);
            ck_assert_uint_eq(out.len, 6);
            skt_bytes_eq((struct skp_view){ bytes, 6 }, skp_view_of("before"));
        }
    }
}
END_TEST

START_TEST(absent_values_are_nil_and_come_back_as_absent)
{
    static const enum skp_method methods[] = { SKP_METHOD_ENCRYPT,
                                               SKP_METHOD_DECRYPT,
                                               SKP_METHOD_UNWRAP };
    struct skp_scratch *scratch = new_scratch();

    for (size_t i = 0; i < SKP_ARRAY_LEN(methods); i++) {
        struct skp_response response = skt_wire_response(methods[i]);
        struct skp_response got;
        uint8_t bytes[512];
        struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

        response.key_id = NULL;
        skt_ok(skp_response_encode(&response, &out));
        skt_ok(decode(scratch, (struct skp_view){ out.ptr, out.len },
                      methods[i], &got));
        ck_assert_ptr_null(got.key_id);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_time_before_1970_is_sent_as_never)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_tenant_row row = { .id = skp_view_of("a"),
                                  .confirmed_at_s = -1 };
    struct skp_response response = { .has_msgid = true,
                                     .method = SKP_METHOD_TENANTS,
                                     .rows = &row,
                                     .n_rows = 1,
                                     .next = skp_view_of("a") };
    struct skp_response got;
    uint8_t bytes[512];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    skt_ok(skp_response_encode(&response, &out));
    skt_ok(decode(scratch, (struct skp_view){ out.ptr, out.len },
                  SKP_METHOD_TENANTS, &got));
    ck_assert_int_eq(got.rows[0].confirmed_at_s, 0);
    check_view(got.next, skp_view_of("a"));
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_whole_page_of_the_longest_tenants_fits_one_message)
{
    static struct skp_tenant_row rows[SKP_TENANTS_PAGE];
    static uint8_t bytes[SKP_MESSAGE_MAX];
    struct skp_scratch *scratch = new_scratch();
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_response got;
    char id[SKP_TENANT_MAX];
    struct skp_response response = { .has_msgid = true,
                                     .msgid = UINT32_MAX,
                                     .method = SKP_METHOD_TENANTS,
                                     .rows = rows,
                                     .n_rows = SKP_TENANTS_PAGE };

    memset(id, 'i', sizeof id);
    for (size_t i = 0; i < SKP_TENANTS_PAGE; i++) {
        rows[i] = (struct skp_tenant_row){
            .id = { (const uint8_t *)id, sizeof id },
            .key_id = (const uint8_t *)id,
            .generation = UINT64_MAX,
            .state = SKP_TENANT_STATE_DECRYPT_ONLY,
            .origin = SKP_ORIGIN_COORDINATOR,
            .confirmed_at_s = INT64_MAX,
        };
    }
    response.next = rows[0].id;
    skt_ok(skp_response_encode(&response, &out));
    skt_ok(decode(scratch, (struct skp_view){ out.ptr, out.len },
                  SKP_METHOD_TENANTS, &got));
    check_response(&got, &response);
    skp_scratch_free(&scratch);
}
END_TEST

/* ---- errors ------------------------------------------------------------- */

START_TEST(an_error_is_its_code_and_its_text)
{
    struct skp_response error = { .has_msgid = true,
                                  .msgid = 11,
                                  .err = SKP_ERR_NOT_FOUND,
                                  .method = SKP_METHOD_PUBKEY,
                                  .text =
                                      skp_view_of("no such tenant or key") };
    struct skp_scratch *scratch = new_scratch();
    struct skp_response got;

    check_encoded(&error, SKT_WIRE_ERROR);
    error.text = skp_view_of("");
    check_encoded(&error, SKT_WIRE_ERROR);
    skt_ok(decode(scratch, skt_wire_bytes(SKT_WIRE_ERROR), SKP_METHOD_PUBKEY,
                  &got));
    error.text = skp_view_of("no such tenant or key");
    check_response(&got, &error);
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(an_error_without_msgid_is_encoded_with_nil)
{
    struct skp_response error = { .err = SKP_ERR_INVALID_ARGUMENT,
                                  .msgid = 99 };
    struct skp_scratch *scratch = new_scratch();
    struct skp_response got;

    check_encoded(&error, SKT_WIRE_ORPHAN);
    skt_ok(decode(scratch, skt_wire_bytes(SKT_WIRE_ORPHAN), SKP_METHOD_HELLO,
                  &got));
    ck_assert(!got.has_msgid);
    ck_assert_uint_eq(got.err, SKP_ERR_INVALID_ARGUMENT);
    skp_scratch_free(&scratch);
}
END_TEST

static void
check_error(const char *string, enum skp_err expected, const char *text)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_response got;
    uint8_t bytes[128];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    skp_pack_array(&packer, 4);
    skp_pack_uint(&packer, 1);
    skp_pack_uint(&packer, 7);
    skp_pack_text(&packer, string);
    skp_pack_text(&packer, "a result beside an error is not looked at");
    skt_ok(skp_packer_done(&packer));
    skt_ok(decode(scratch, (struct skp_view){ out.ptr, out.len },
                  SKP_METHOD_ENCRYPT, &got));
    skt_err(got.err, expected);
    check_view(got.text, skp_view_of(text));
    ck_assert(got.has_msgid);
    ck_assert_uint_eq(got.msgid, 7);
    skp_scratch_free(&scratch);
}

START_TEST(every_code_is_told_and_every_other_word_is_internal)
{
    check_error("INVALID_ARGUMENT: x", SKP_ERR_INVALID_ARGUMENT, "x");
    check_error("DEADLINE_EXCEEDED: x", SKP_ERR_DEADLINE_EXCEEDED, "x");
    check_error("NOT_FOUND: a: b", SKP_ERR_NOT_FOUND, "a: b");
    check_error("ALREADY_EXISTS: x", SKP_ERR_ALREADY_EXISTS, "x");
    check_error("PERMISSION_DENIED: x", SKP_ERR_PERMISSION_DENIED, "x");
    check_error("RESOURCE_EXHAUSTED: x", SKP_ERR_RESOURCE_EXHAUSTED, "x");
    check_error("FAILED_PRECONDITION: x", SKP_ERR_FAILED_PRECONDITION, "x");
    check_error("UNIMPLEMENTED: x", SKP_ERR_UNIMPLEMENTED, "x");
    check_error("INTERNAL: x", SKP_ERR_INTERNAL, "x");
    check_error("UNAVAILABLE: x", SKP_ERR_UNAVAILABLE, "x");
    check_error("DATA_LOSS: x", SKP_ERR_DATA_LOSS, "x");
    check_error("NOT_FOUND", SKP_ERR_NOT_FOUND, "");
    check_error("NOT_FOUND:", SKP_ERR_NOT_FOUND, "");
    check_error("NOT_FOUND:x", SKP_ERR_NOT_FOUND, "x");
    /* Nothing is success here, and what is unknown is shown whole. */
    check_error("OK: x", SKP_ERR_INTERNAL, "OK: x");
    check_error("ABORTED: x", SKP_ERR_INTERNAL, "ABORTED: x");
    check_error("not_found: x", SKP_ERR_INTERNAL, "not_found: x");
    check_error("went wrong", SKP_ERR_INTERNAL, "went wrong");
    check_error("", SKP_ERR_INTERNAL, "");
    check_error(":", SKP_ERR_INTERNAL, ":");
}
END_TEST

/* ---- notifications ------------------------------------------------------ */

START_TEST(a_notification_goes_there_and_back)
{
    struct skp_response expected = skt_wire_changed();
    struct skp_view golden = skt_wire_bytes(SKT_WIRE_CHANGED);
    struct skp_scratch *scratch = new_scratch();
    enum skp_message kind = SKP_MESSAGE_RESPONSE;
    struct skp_response got;
    uint8_t bytes[256];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    skt_ok(skp_changed_encode(expected.rows, expected.n_rows, &out));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len }, golden);
    skt_ok(skp_response_decode(scratch, golden, SKP_METHOD_PUBKEY, &kind, &got,
                               NULL));
    ck_assert_uint_eq(kind, SKP_MESSAGE_CHANGED);
    ck_assert(!got.has_msgid);
    check_rows(&got, &expected);
    for (size_t cap = 0; cap < golden.len; cap++) {
        out = skp_buf_over(bytes, cap);
        skt_err(skp_changed_encode(expected.rows, expected.n_rows, &out),
                SKP_ERR_RESOURCE_EXHAUSTED);
        ck_assert_uint_eq(out.len, 0);
    }
    skp_scratch_free(&scratch);
}
END_TEST

/* ---- answers that are not those of the protocol ------------------------- */

START_TEST(every_kind_of_wrong_answer_is_refused)
{
    static const struct {
        enum skp_method asked;
        const char *what;
        const char *hex;
    } rows[] = {
        { SKP_METHOD_PUBKEY, "public_key of 31",
          "940107c083aa7075626c69635f6b6579c41f000000000000000000000000"
          "00000000000000000000000000000000000000a66b65795f6964c4080001"
          "020304050607aa67656e65726174696f6e01" },
        { SKP_METHOD_PUBKEY, "public_key of 33",
          "940107c083aa7075626c69635f6b6579c421000000000000000000000000"
          "000000000000000000000000000000000000000000a66b65795f6964c408"
          "0001020304050607aa67656e65726174696f6e01" },
        { SKP_METHOD_PUBKEY, "key_id nil",
          "940107c083aa7075626c69635f6b6579c420000000000000000000000000"
          "0000000000000000000000000000000000000000a66b65795f6964c0aa67"
          "656e65726174696f6e01" },
        { SKP_METHOD_PUBKEY, "key_id of 7",
          "940107c083aa7075626c69635f6b6579c420000000000000000000000000"
          "0000000000000000000000000000000000000000a66b65795f6964c40700"
          "000000000000aa67656e65726174696f6e01" },
        { SKP_METHOD_PUBKEY, "key_id of 9",
          "940107c083aa7075626c69635f6b6579c420000000000000000000000000"
          "0000000000000000000000000000000000000000a66b65795f6964c40900"
          "0000000000000000aa67656e65726174696f6e01" },
        { SKP_METHOD_REWRAP, "key_id nil",
          "940107c082a6686561646572c46000000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000a66b65795f6964c0" },
        { SKP_METHOD_REWRAP, "header of 95",
          "940107c082a6686561646572c45f00000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000"
          "00000000000000000000000000000000000000a66b65795f6964c4080001"
          "020304050607" },
        { SKP_METHOD_REWRAP, "header of 97",
          "940107c082a6686561646572c46100000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000"
          "000000000000000000000000000000000000000000000000000000000000"
          "000000000000000000000000000000000000000000a66b65795f6964c408"
          "0001020304050607" },
        { SKP_METHOD_UNWRAP, "data_key of 31",
          "940107c083a8646174615f6b6579c41f0000000000000000000000000000"
          "0000000000000000000000000000000000a5737569746502a66b65795f69"
          "64c4080001020304050607" },
        { SKP_METHOD_UNWRAP, "suite 0",
          "940107c083a8646174615f6b6579c4200000000000000000000000000000"
          "000000000000000000000000000000000000a5737569746500a66b65795f"
          "6964c4080001020304050607" },
        { SKP_METHOD_UNWRAP, "suite 3",
          "940107c083a8646174615f6b6579c4200000000000000000000000000000"
          "000000000000000000000000000000000000a5737569746503a66b65795f"
          "6964c4080001020304050607" },
        { SKP_METHOD_HELLO, "protocol 2^32",
          "940107c084a870726f746f636f6ccf0000000100000000a56167656e74a1"
          "73a673756974657390a66c696d69747383a76d65737361676501a7706179"
          "6c6f616402a361616403" },
        { SKP_METHOD_TENANTS, "unknown state",
          "940107c082a774656e616e74739186a26964a174a66b65795f6964c40800"
          "01020304050607aa67656e65726174696f6e01a57374617465a661736c65"
          "6570a6736f75726365a46b6d6970ac636f6e6669726d65645f617401a46e"
          "657874a174" },
        { SKP_METHOD_TENANTS, "unknown source",
          "940107c082a774656e616e74739186a26964a174a66b65795f6964c40800"
          "01020304050607aa67656e65726174696f6e01a57374617465a661637469"
          "7665a6736f75726365a46d6f6f6eac636f6e6669726d65645f617401a46e"
          "657874a174" },
        { SKP_METHOD_TENANTS, "confirmed_at 2^63",
          "940107c082a774656e616e74739186a26964a174a66b65795f6964c40800"
          "01020304050607aa67656e65726174696f6e01a57374617465a661637469"
          "7665a6736f75726365a46b6d6970ac636f6e6669726d65645f6174cf8000"
          "000000000000a46e657874a174" },
        { SKP_METHOD_TENANTS, "row is no map",
          "940107c082a774656e616e74739101a46e657874a174" },
        { SKP_METHOD_STATUS, "source is no map",
          "940107c08fa56167656e74a173a46d6f6465a16da370696401aa73746172"
          "7465645f617401ab6d656d6f72795f74696572a46e6f6e65ac6c6f636b65"
          "645f627974657301a8736e617073686f7401a57265616479c3aa72656672"
          "657368696e67c2ac6e6578745f7265667265736800a774656e616e747384"
          "a661637469766500ac646563727970742d6f6e6c7900a57374616c6500ab"
          "756e617661696c61626c6500ad6272616b655f6d697373696e6700ab636f"
          "6e6e656374696f6e7300a7736f757263657391a178a87761726e696e6773"
          "91a177" },
        { SKP_METHOD_STATUS, "warning is no str",
          "940107c08fa56167656e74a173a46d6f6465a16da370696401aa73746172"
          "7465645f617401ab6d656d6f72795f74696572a46e6f6e65ac6c6f636b65"
          "645f627974657301a8736e617073686f7401a57265616479c3aa72656672"
          "657368696e67c2ac6e6578745f7265667265736800a774656e616e747384"
          "a661637469766500ac646563727970742d6f6e6c7900a57374616c6500ab"
          "756e617661696c61626c6500ad6272616b655f6d697373696e6700ab636f"
          "6e6e656374696f6e7300a7736f75726365739184a46e616d65a16eac6c61"
          "73745f617474656d707400ac6c6173745f7375636365737300aa6c617374"
          "5f6572726f72c0a87761726e696e67739101" },
        { SKP_METHOD_WATCH, "not an array", "80" },
        { SKP_METHOD_WATCH, "empty array", "90" },
        { SKP_METHOD_WATCH, "three elements", "930107c0" },
        { SKP_METHOD_WATCH, "five elements", "950107c08001" },
        { SKP_METHOD_WATCH, "a request", "940007a568656c6c6f9180" },
        { SKP_METHOD_WATCH, "type 3", "940307c080" },
        { SKP_METHOD_WATCH, "type float", "94cb3ff000000000000007c080" },
        { SKP_METHOD_WATCH, "msgid negative", "9401ffc080" },
        { SKP_METHOD_WATCH, "msgid 2^32", "9401cf0000000100000000c080" },
        { SKP_METHOD_WATCH, "msgid str", "9401a137c080" },
        { SKP_METHOD_WATCH, "no msgid and no error", "9401c0c080" },
        { SKP_METHOD_WATCH, "error a number", "94010705c0" },
        { SKP_METHOD_WATCH, "error a map", "94010780c0" },
        { SKP_METHOD_WATCH, "error bin", "940107c40b494e5445524e414c3a2078c0" },
        { SKP_METHOD_WATCH, "result nil", "940107c0c0" },
        { SKP_METHOD_WATCH, "result an array", "940107c090" },
        { SKP_METHOD_WATCH, "notification of another kind",
          "9302a56d6f76656490" },
        { SKP_METHOD_WATCH, "notification with bin name",
          "9302c4076368616e67656490" },
        { SKP_METHOD_WATCH, "notification with a map",
          "9302a76368616e67656480" },
        { SKP_METHOD_WATCH, "notification of a number",
          "9302a76368616e6765649101" },
        { SKP_METHOD_WATCH, "notification without tenant",
          "9302a76368616e6765649182a66b65795f6964c4080001020304050607aa"
          "67656e65726174696f6e01" },
        { SKP_METHOD_WATCH, "notification without key_id",
          "9302a76368616e6765649182a674656e616e74a174aa67656e6572617469"
          "6f6e01" },
        { SKP_METHOD_WATCH, "notification without generation",
          "9302a76368616e6765649182a674656e616e74a174a66b65795f6964c408"
          "0001020304050607" },
        { SKP_METHOD_WATCH, "two elements", "9202a76368616e676564" },
        { SKP_METHOD_WATCH, "cut", "940107c0" },
        { SKP_METHOD_WATCH, "longer", "940107c080c0" },
        { SKP_METHOD_WATCH, "no MessagePack", "c1" },
        { SKP_METHOD_WATCH, "ext", "940107c0d40000" },
        { SKP_METHOD_ENCRYPT, "a member twice",
          "940107c083aa63697068657274657874c40163a66b65795f6964c4080001"
          "020304050607a66b65795f6964c4080001020304050607" },
    };
    struct skp_scratch *scratch = new_scratch();
    struct skp_response untouched;

    memset(&untouched, 0x5a, sizeof untouched);
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skp_response got;

        memcpy(&got, &untouched, sizeof got);
        ck_assert_msg(decode(scratch, skt_hex(rows[i].hex), rows[i].asked,
                             &got) == SKP_ERR_INTERNAL,
                      "%s", rows[i].what);
        ck_assert_mem_eq(&got, &untouched, sizeof got);
    }
    skp_scratch_free(&scratch);
}
END_TEST

/* Writes a golden message anew, with one change at member or element number
 * @target. */
struct rewrite {
    struct skp_packer packer;
    int target;         /* -1: none */
    int at;             /* members and elements passed */
    bool drop;          /* leave the target out ... */
    enum skp_kind kind; /* ... or put a value of this kind in its place */
    bool extend;        /* add unknown members to every map */
    /* What the target was. */
    enum skp_kind was;
    char name[32]; /* "" for an element */
    bool in_suites;
};

static void pack_kind(struct skp_packer *packer, enum skp_kind kind)
{
    switch (kind) {
    case SKP_KIND_BOOL:
        skp_pack_bool(packer, true);
        break;
    case SKP_KIND_UINT:
        skp_pack_uint(packer, 1);
        break;
    case SKP_KIND_STR:
        skp_pack_text(packer, "s");
        break;
    case SKP_KIND_BIN:
        skp_pack_bin(packer, skp_view_of("b"));
        break;
    case SKP_KIND_ARRAY:
        skp_pack_array(packer, 0);
        break;
    case SKP_KIND_MAP:
        skp_pack_map(packer, 0);
        break;
    case SKP_KIND_NIL:
    case SKP_KIND_NEGATIVE:
    case SKP_KIND_FLOAT:
    case SKP_KIND_NONE:
    default:
        skp_pack_nil(packer);
        break;
    }
}

static void rewrite_value(struct rewrite *rewrite,
                          const struct skp_value *value,
                          bool in_suites);

/* A member (@key set) or an element; false when it is left out. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a message may be */
static bool rewrite_item(struct rewrite *rewrite,
                         const struct skp_value *key,
                         const struct skp_value *value,
                         bool in_suites)
{
    bool is_target = rewrite->at++ == rewrite->target;

    if (is_target) {
        rewrite->was = value->kind;
        rewrite->in_suites = in_suites;
        if (key != NULL) {
            ck_assert_uint_lt(key->bytes.len, sizeof rewrite->name);
            memcpy(rewrite->name, key->bytes.ptr, key->bytes.len);
        }
        if (rewrite->drop) {
            return false;
        }
    }
    if (key != NULL) {
        skp_pack_str(&rewrite->packer, key->bytes);
        in_suites |= skp_view_equal(key->bytes, skp_view_of("suites"));
    }
    if (is_target) {
        pack_kind(&rewrite->packer, rewrite->kind);
    } else {
        rewrite_value(rewrite, value, in_suites);
    }
    return true;
}

/* An array or map. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a message may be */
static void rewrite_items(struct rewrite *rewrite,
                          const struct skp_value *value,
                          bool in_suites)
{
    struct skp_packer *packer = &rewrite->packer;
    bool is_map = value->kind == SKP_KIND_MAP;
    size_t count = value->count + (is_map && rewrite->extend ? 2 : 0);
    size_t head = packer->out->len;

    if (is_map) {
        skp_pack_map(packer, count);
    } else {
        skp_pack_array(packer, count);
    }
    if (is_map && rewrite->extend) {
        skp_pack_text(packer, "a_new_member");
        skp_pack_map(packer, 0);
        skp_pack_uint(packer, 99);
        skp_pack_text(packer, "under a key that is no str");
    }
    for (size_t i = 0; i < value->count; i++) {
        struct skp_value key;
        struct skp_value item;

        if (is_map) {
            key = skp_value_key(value, i);
            item = skp_value_of(value, i);
        } else {
            item = skp_value_at(value, i);
        }
        if (!rewrite_item(rewrite, is_map ? &key : NULL, &item, in_suites)) {
            /* One fewer, in a head of one byte or of three. */
            ck_assert_uint_le(count, UINT8_MAX);
            packer->out->ptr[head + (count > 15 ? 2 : 0)]--;
        }
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a message may be */
static void rewrite_value(struct rewrite *rewrite,
                          const struct skp_value *value,
                          bool in_suites)
{
    struct skp_packer *packer = &rewrite->packer;

    switch (value->kind) {
    case SKP_KIND_BOOL:
        skp_pack_bool(packer, value->truth);
        break;
    case SKP_KIND_UINT:
        skp_pack_uint(packer, value->number);
        break;
    case SKP_KIND_STR:
        skp_pack_str(packer, value->bytes);
        break;
    case SKP_KIND_BIN:
        skp_pack_bin(packer, value->bytes);
        break;
    case SKP_KIND_ARRAY:
    case SKP_KIND_MAP:
        rewrite_items(rewrite, value, in_suites);
        break;
    case SKP_KIND_NIL:
    case SKP_KIND_NEGATIVE:
    case SKP_KIND_FLOAT:
    case SKP_KIND_NONE:
    default:
        skp_pack_nil(packer);
        break;
    }
}

/* Rewrite @method's golden response, with the result's members numbered from 0,
 * into @out. */
static void
rewrite_golden(struct rewrite *rewrite, unsigned method, struct skp_buf *out)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_value root;
    struct skp_value result;

    skt_ok(skp_unpack(scratch, skt_wire_bytes(SKT_WIRE_RESPONSE(method)),
                      &skp_frame_answer_limits, &root));
    result = skp_value_at(&root, 3);
    rewrite->packer = skp_packer_to(out);
    skp_pack_array(&rewrite->packer, 4);
    skp_pack_uint(&rewrite->packer, 1);
    skp_pack_uint(&rewrite->packer, method);
    skp_pack_nil(&rewrite->packer);
    rewrite_value(rewrite, &result, false);
    skt_ok(skp_packer_done(&rewrite->packer));
    skp_scratch_free(&scratch);
}

START_TEST(unknown_members_are_skipped_wherever_they_stand)
{
    struct skp_scratch *scratch = new_scratch();

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        enum skp_method method = (enum skp_method)i;
        struct skp_response expected = skt_wire_response(method);
        struct rewrite rewrite = { .target = -1, .extend = true };
        struct skp_response got;
        uint8_t bytes[2048];
        struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

        rewrite_golden(&rewrite, i, &out);
        skt_ok(decode(scratch, (struct skp_view){ out.ptr, out.len }, method,
                      &got));
        check_response(&got, &expected);
    }
    skp_scratch_free(&scratch);
}
END_TEST

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Members that older agents do not send. */
static bool is_newer(const char *name)
{
    static const char *const names[] = {
        "failures", "sandbox", "unrefreshed", "restored", "certificates",
        "audit",    "quota",   "gone",        "totals",
    };

    return is_one_of(name, names, SKP_ARRAY_LEN(names));
}

static bool may_be_nil(const char *name)
{
    static const char *const names[] = { "sandbox", "unrefreshed", "restored",
                                         "audit", "totals" };

    return is_one_of(name, names, SKP_ARRAY_LEN(names));
}

/* Whether a changed golden message is one of the protocol still. */
static bool is_still_right(const struct rewrite *rewrite, unsigned method)
{
    bool may_lack_key =
        method != SKP_METHOD_PUBKEY && method != SKP_METHOD_REWRAP;

    if (rewrite->in_suites) {
        return true; /* the client does not look at them */
    }
    if (rewrite->drop) {
        /* A list may be shorter, and an agent older. */
        return rewrite->name[0] == '\0' || is_newer(rewrite->name);
    }
    if (rewrite->kind == rewrite->was) {
        return true;
    }
    if (strcmp(rewrite->name, "key_id") == 0) {
        return rewrite->kind == SKP_KIND_NIL && may_lack_key;
    }
    if (may_be_nil(rewrite->name) && rewrite->kind == SKP_KIND_NIL) {
        return true;
    }
    if (strcmp(rewrite->name, "next") == 0 ||
        strcmp(rewrite->name, "last_error") == 0) {
        return rewrite->kind == SKP_KIND_NIL || rewrite->kind == SKP_KIND_STR;
    }
    return false;
}

/* Put a value of each kind in the place of item @target, then drop it; false
 * when there is none. */
static bool spoil_item(struct skp_scratch *scratch, unsigned method, int target)
{
    bool reached = false;

    for (unsigned how = 0; how <= SKP_KIND_MAP + 1; how++) {
        struct rewrite rewrite = { .target = target,
                                   .drop = how > SKP_KIND_MAP,
                                   .kind = (enum skp_kind)how };
        struct skp_response got;
        uint8_t bytes[2048];
        struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
        enum skp_err err;

        if (how == SKP_KIND_NEGATIVE || how == SKP_KIND_FLOAT) {
            continue;
        }
        rewrite_golden(&rewrite, method, &out);
        reached = rewrite.at > target;
        if (!reached || (how <= SKP_KIND_MAP && rewrite.kind == rewrite.was)) {
            continue;
        }
        err = decode(scratch, (struct skp_view){ out.ptr, out.len },
                     (enum skp_method)method, &got);
        ck_assert_msg((err == SKP_ERR_OK) == is_still_right(&rewrite, method),
                      "%s: item %d \"%s\" as kind %u: %s",
                      skp_method_name((enum skp_method)method), target,
                      rewrite.name, how, skp_err_name(err));
    }
    return reached;
}

START_TEST(every_member_must_be_there_and_of_its_type)
{
    struct skp_scratch *scratch = new_scratch();
    int items = 0;

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        for (int target = 0; spoil_item(scratch, i, target); target++) {
            items++;
        }
    }
    /* hello 4 + 2 * 3 + 3, pubkey 3, encrypt 2, decrypt 3, unwrap 3, rewrap 2,
     * tenants 2 + 2 * 7, status 22 + 4 + 2 * 6 + 1 + 3 + 2 + 2 * 3 + 5 + 2 + 3,
     * totals in it 1 + 4 + 2 + 2 + 2 * 4 + 6 + 3 + 4 + 3. */
    ck_assert_int_eq(items, 13 + 3 + 2 + 3 + 3 + 2 + 16 + 60 + 33);
    skp_scratch_free(&scratch);
}
END_TEST

/* ---- spoilt messages ---------------------------------------------------- */

struct spoiling {
    struct skp_scratch *scratch;
    struct skp_scratch *second;
    enum skp_method asked;
};

/* A spoilt answer is refused in words, or is another answer that holds nothing
 * from elsewhere and goes there and back. */
static void check_spoilt(struct skp_view spoilt, void *state)
{
    static uint8_t room[4096];
    struct spoiling *spoiling = state;
    struct skp_buf out = skp_buf_over(room, sizeof room);
    struct skp_response got = { 0 };
    struct skp_response again;
    enum skp_message kind = SKP_MESSAGE_RESPONSE;
    struct skp_diag diag = { "" };
    enum skp_err err = skp_response_decode(spoiling->scratch, spoilt,
                                           spoiling->asked, &kind, &got, &diag);

    if (err != SKP_ERR_OK) {
        ck_assert_uint_eq(err, SKP_ERR_INTERNAL);
        ck_assert_uint_gt(strlen(diag.text), 0);
        return;
    }
    ck_assert(skt_wire_within(got.data, spoilt));
    ck_assert(skt_wire_within(got.text, spoilt));
    if (kind == SKP_MESSAGE_CHANGED) {
        skt_ok(skp_changed_encode(got.rows, got.n_rows, &out));
    } else {
        skt_ok(skp_response_encode(&got, &out));
    }
    skt_ok(skp_response_decode(spoiling->second,
                               (struct skp_view){ out.ptr, out.len },
                               spoiling->asked, &kind, &again, &diag));
    if (got.err == SKP_ERR_OK) {
        check_response(&again, &got);
    } else {
        ck_assert_uint_eq(again.err, got.err);
    }
}

START_TEST(no_spoilt_answer_is_misread)
{
    struct spoiling spoiling = { new_scratch(), new_scratch(),
                                 SKP_METHOD_HELLO };

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        spoiling.asked = (enum skp_method)i;
        skt_wire_mutate(skt_wire_bytes(SKT_WIRE_RESPONSE(i)), check_spoilt,
                        &spoiling);
    }
    for (unsigned i = SKT_WIRE_ERROR; i < SKT_WIRE_COUNT; i++) {
        skt_wire_mutate(skt_wire_bytes(i), check_spoilt, &spoiling);
    }
    skp_scratch_free(&spoiling.scratch);
    skp_scratch_free(&spoiling.second);
}
END_TEST

SKT_SUITE("rpc_response",
          every_method_s_response_is_encoded_to_the_golden_bytes,
          every_method_s_golden_bytes_are_decoded_to_the_response,
          a_response_that_does_not_fit_leaves_the_buffer_as_it_was,
          absent_values_are_nil_and_come_back_as_absent,
          a_time_before_1970_is_sent_as_never,
          a_whole_page_of_the_longest_tenants_fits_one_message,
          an_error_is_its_code_and_its_text,
          an_error_without_msgid_is_encoded_with_nil,
          every_code_is_told_and_every_other_word_is_internal,
          a_notification_goes_there_and_back,
          every_kind_of_wrong_answer_is_refused,
          unknown_members_are_skipped_wherever_they_stand,
          every_member_must_be_there_and_of_its_type,
          no_spoilt_answer_is_misread)
