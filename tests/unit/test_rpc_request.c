/* test_rpc_request.c - requests there and back, and every way to refuse one. */
#include <stdio.h>
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

static void check_request(const struct skp_request *got,
                          const struct skp_request *expected)
{
    ck_assert_uint_eq(got->msgid, expected->msgid);
    ck_assert_uint_eq(got->method, expected->method);
    check_view(got->tenant, expected->tenant);
    check_view(got->data, expected->data);
    check_view(got->aad, expected->aad);
    ck_assert_uint_eq(got->suite, expected->suite);
    ck_assert(got->raw == expected->raw);
    ck_assert(got->accept_removals == expected->accept_removals);
    check_view(got->cursor, expected->cursor);
    ck_assert_uint_eq(got->n_tenants, expected->n_tenants);
    for (size_t i = 0; i < got->n_tenants; i++) {
        check_view(got->tenants[i], expected->tenants[i]);
    }
}

static void decode(struct skp_view message, struct skp_request *ret)
{
    static struct skp_scratch *scratch;
    struct skp_refusal refusal;
    struct skp_diag diag;

    if (scratch == NULL) {
        scratch = new_scratch();
    }
    skt_ok(skp_request_decode(scratch, message, ret, &refusal, &diag));
}

/* ---- what is accepted --------------------------------------------------- */

START_TEST(every_method_s_request_is_encoded_to_the_golden_bytes)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_request request = skt_wire_request((enum skp_method)i);
        uint8_t bytes[1024];
        struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

        skt_ok(skp_request_encode(&request, &out));
        skt_bytes_eq((struct skp_view){ out.ptr, out.len },
                     skt_wire_bytes(SKT_WIRE_REQUEST(i)));
    }
}
END_TEST

START_TEST(every_method_s_golden_bytes_are_decoded_to_the_request)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_request expected = skt_wire_request((enum skp_method)i);
        struct skp_request got;

        decode(skt_wire_bytes(SKT_WIRE_REQUEST(i)), &got);
        check_request(&got, &expected);
    }
}
END_TEST

START_TEST(a_request_that_does_not_fit_leaves_the_buffer_as_it_was)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_request request = skt_wire_request((enum skp_method)i);
        size_t len = skt_wire_bytes(SKT_WIRE_REQUEST(i)).len;
        uint8_t bytes[1024] = "before";

        for (size_t cap = 6; cap <= 6 + len; cap++) {
            struct skp_buf out = { bytes, 6, cap };

            skt_err(skp_request_encode(&request, &out),
                    cap < 6 + len ? SKP_ERR_RESOURCE_EXHAUSTED : SKP_ERR_OK);
            ck_assert_uint_eq(out.len, cap < 6 + len ? 6 : cap);
            skt_bytes_eq((struct skp_view){ bytes, 6 }, skp_view_of("before"));
        }
    }
}
END_TEST

START_TEST(parameters_that_a_method_does_not_take_are_not_sent)
{
    struct skp_request request = skt_wire_request(SKP_METHOD_ENCRYPT);
    uint8_t bytes[64];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    request.method = SKP_METHOD_HELLO;
    request.msgid = 0;
    skt_ok(skp_request_encode(&request, &out));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len },
                 skt_wire_bytes(SKT_WIRE_REQUEST(SKP_METHOD_HELLO)));
}
END_TEST

START_TEST(str_is_accepted_for_binary_values)
{
    struct skp_request request;

    decode(skt_hex("940007a7646563727970749184a674656e616e74a161aa6369706865727"
                   "4657874a3ff0078a3616164a180a3726177c3"),
           &request);
    skt_bytes_eq(request.data, skt_hex("ff0078"));
    skt_bytes_eq(request.aad, skt_hex("80"));
    ck_assert(request.raw);
}
END_TEST

START_TEST(a_suite_may_be_given_by_its_name)
{
    struct skp_request request;

    decode(
        skt_hex("940007a6756e777261709183a674656e616e74a161a6686561646572c40"
                "168a57375697465b57832353531392d68706b652d61657332353667636d"),
        &request);
    ck_assert_uint_eq(request.suite, SKP_SUITE_X25519_HPKE_AES256GCM);
    decode(skt_hex("940007a6756e777261709183a674656e616e74a161a6686561646572c40"
                   "168a57375697465b07832353531392d616573323536637472"),
           &request);
    ck_assert_uint_eq(request.suite, SKP_SUITE_X25519_AES256CTR);
}
END_TEST

START_TEST(parameters_may_come_in_any_order_and_data_may_be_empty)
{
    struct skp_request request;

    decode(skt_hex("940007a7656e63727970749184a5737569746501a3726177c2a9706c616"
                   "96e74657874c400a674656e616e74a161"),
           &request);
    ck_assert_uint_eq(request.suite, SKP_SUITE_X25519_AES256CTR);
    ck_assert(!request.raw);
    ck_assert_uint_eq(request.data.len, 0);
    check_view(request.tenant, skp_view_of("a"));
}
END_TEST

START_TEST(numbers_and_lengths_may_be_written_longer_than_needed)
{
    static const char *const messages[] = {
        "94d000d200000007a568656c6c6f9180",
        "dc0004cf0000000000000000cf0000000000000007da000568656c6c6fdd00000001df"
        "00000000",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(messages); i++) {
        struct skp_request request;

        decode(skt_hex(messages[i]), &request);
        ck_assert_uint_eq(request.msgid, 7);
        ck_assert_uint_eq(request.method, SKP_METHOD_HELLO);
    }
}
END_TEST

/* Between msgid and tenant: as nearly everybody encodes it, and otherwise. */
START_TEST(a_pubkey_is_read_alike_however_it_is_encoded)
{
    static const char *const openings[] = {
        "a67075626b65799181a674656e616e74",
        "d9067075626b65799181a674656e616e74",
        "a67075626b6579dc000181a674656e616e74",
        "a67075626b657991de0001a674656e616e74",
        "a67075626b65799181da000674656e616e74",
    };
    /* A tenant; none, not printable, too short for what it says; a number. */
    static const char *const tenants[] = { "a161", "a0", "a120", "a261", "05" };
    struct skp_scratch *scratch = new_scratch();

    for (size_t j = 0; j < SKP_ARRAY_LEN(tenants); j++) {
        struct skp_diag first = { "" };

        for (size_t i = 0; i < SKP_ARRAY_LEN(openings); i++) {
            char hex[128];
            struct skp_request request;
            struct skp_refusal refusal = { false, 0 };
            struct skp_diag diag = { "" };
            size_t len = 0;
            struct skp_view bytes;
            enum skp_err err;

            (void)snprintf(hex, sizeof hex, "940007%s%s", openings[i],
                           tenants[j]);
            bytes = skt_hex(hex);
            err = skp_request_read(scratch, bytes, &request, &len, &refusal,
                                   &diag);
            if (i == 0) {
                first = diag;
            }
            ck_assert_str_eq(diag.text, first.text);
            skt_err(err, j == 0 ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
            if (j > 0) {
                ck_assert(refusal.has_msgid && refusal.msgid == 7);
                continue;
            }
            ck_assert_int_eq(request.method, SKP_METHOD_PUBKEY);
            ck_assert_uint_eq(request.msgid, 7);
            check_view(request.tenant, skp_view_of("a"));
            ck_assert_uint_eq(len, bytes.len);
        }
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(decoded_views_point_into_the_message)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_view golden = skt_wire_bytes(SKT_WIRE_REQUEST(i));
        struct skp_request request;

        decode(golden, &request);
        ck_assert(skt_wire_within(request.tenant, golden));
        ck_assert(skt_wire_within(request.data, golden));
        ck_assert(skt_wire_within(request.aad, golden));
        ck_assert(skt_wire_within(request.cursor, golden));
        for (size_t t = 0; t < request.n_tenants; t++) {
            ck_assert(skt_wire_within(request.tenants[t], golden));
        }
    }
}
END_TEST

/* ---- what is refused ---------------------------------------------------- */

struct refused {
    const char *what;
    const char *hex;
    enum skp_err err;
    bool has_msgid;
    uint32_t msgid;
    const char *text;
};

static void check_refused(const struct refused *row, struct skp_view message)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_request request;
    struct skp_request untouched;
    struct skp_refusal refusal = { !row->has_msgid, ~row->msgid };
    struct skp_diag diag = { "" };

    memset(&request, 0x5a, sizeof request);
    memcpy(&untouched, &request, sizeof request);
    ck_assert_msg(skp_request_decode(scratch, message, &request, &refusal,
                                     &diag) == row->err,
                  "%s", row->what);
    ck_assert_msg(refusal.has_msgid == row->has_msgid, "%s", row->what);
    ck_assert_uint_eq(refusal.msgid, row->msgid);
    ck_assert_str_eq(diag.text, row->text);
    ck_assert_mem_eq(&request, &untouched, sizeof request);
    skp_scratch_free(&scratch);
}

START_TEST(every_kind_of_wrong_request_is_refused_in_its_own_words)
{
    static const struct refused rows[] = {
        { "no array", "80", SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request" },
        { "nil", "c0", SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request" },
        { "empty array", "90", SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request" },
        { "array of one", "9100", SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request" },
        { "response", "940107c080", SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request: its type must be 0" },
        { "notification", "9302a568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT,
          false, 0u, "message is no request: its type must be 0" },
        { "notification with a number", "940207a568656c6c6f9180",
          SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request: its type must be 0" },
        { "type 3", "940307a568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT, false,
          0u, "message is no request: its type must be 0" },
        { "type nil", "94c007a568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT, false,
          0u, "message is no request: its type must be 0" },
        { "type float", "94cb000000000000000007a568656c6c6f9180",
          SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "message is no request: its type must be 0" },
        { "type -1", "94ff07a568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT, false,
          0u, "message is no request: its type must be 0" },
        { "msgid -1", "9400ffa568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT, false,
          0u, "msgid must be an integer from 0 to 4294967295" },
        { "msgid 2^32", "9400cf0000000100000000a568656c6c6f9180",
          SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "msgid must be an integer from 0 to 4294967295" },
        { "msgid 2^64-1", "9400cfffffffffffffffffa568656c6c6f9180",
          SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "msgid must be an integer from 0 to 4294967295" },
        { "msgid float", "9400cb401c000000000000a568656c6c6f9180",
          SKP_ERR_INVALID_ARGUMENT, false, 0u,
          "msgid must be an integer from 0 to 4294967295" },
        { "msgid nil", "9400c0a568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT,
          false, 0u, "msgid must be an integer from 0 to 4294967295" },
        { "msgid str", "9400a137a568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT,
          false, 0u, "msgid must be an integer from 0 to 4294967295" },
        { "two elements", "920007", SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "request must be [0, msgid, method, params]" },
        { "three elements", "930007a568656c6c6f", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "request must be [0, msgid, method, params]" },
        { "five elements", "950007a568656c6c6f918001", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "request must be [0, msgid, method, params]" },
        { "method number", "940007019180", SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "method must be a str of at most 64 bytes" },
        { "method bin", "940007c40568656c6c6f9180", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "method must be a str of at most 64 bytes" },
        { "method nil", "940007c09180", SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "method must be a str of at most 64 bytes" },
        { "method of 64 bytes",
          "940007d9406d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d"
          "6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d"
          "6d6d6d6d6d6d6d6d6d9180",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown method" },
        { "method of 65 bytes",
          "940007d9416d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d"
          "6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d"
          "6d6d6d6d6d6d6d6d6d6d9180",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "method must be a str of at most 64 bytes" },
        { "method empty", "940007a09180", SKP_ERR_UNIMPLEMENTED, true, 7u,
          "unknown method" },
        { "method with a NUL", "940007a668656c6c6f009180",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown method" },
        { "method in capitals", "940007a548454c4c4f9180", SKP_ERR_UNIMPLEMENTED,
          true, 7u, "unknown method" },
        { "largest msgid", "9400ceffffffffa76e6f7468696e679180",
          SKP_ERR_UNIMPLEMENTED, true, 4294967295u, "unknown method" },
        { "msgid 0", "940000a76e6f7468696e679180", SKP_ERR_UNIMPLEMENTED, true,
          0u, "unknown method" },
        { "params map", "940007a568656c6c6f80", SKP_ERR_INVALID_ARGUMENT, true,
          7u, "params must be an array of exactly one map" },
        { "params nil", "940007a568656c6c6fc0", SKP_ERR_INVALID_ARGUMENT, true,
          7u, "params must be an array of exactly one map" },
        { "params empty", "940007a568656c6c6f90", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "params must be an array of exactly one map" },
        { "params of two", "940007a568656c6c6f928080", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "params must be an array of exactly one map" },
        { "params of a str", "940007a568656c6c6f91a178",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "params must be an array of exactly one map" },
        { "params of an array", "940007a568656c6c6f9190",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "params must be an array of exactly one map" },
        { "unknown parameter", "940007a568656c6c6f9181a674656e656e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "hello does not know parameter tenent" },
        { "parameter of another method",
          "940007a67075626b65799182a674656e616e74a161a3616164c400",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "pubkey does not know parameter aad" },
        { "data under another name",
          "940007a7656e63727970749182a674656e616e74a161aa63697068657274"
          "657874c400",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "encrypt does not know parameter ciphertext" },
        { "rewrap with suite",
          "940007a67265777261709183a674656e616e74a161a6686561646572c400"
          "a5737569746502",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "rewrap does not know parameter suite" },
        { "rewrap with raw",
          "940007a67265777261709183a674656e616e74a161a6686561646572c400"
          "a3726177c2",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "rewrap does not know parameter raw" },
        { "unwrap with aad",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a3616164c400",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "unwrap does not know parameter aad" },
        { "a value in the place of a name",
          "940007a568656c6c6f9181a653336372657401", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "hello was given an unknown parameter" },
        { "a long name",
          "940007a568656c6c6f9181d9216161616161616161616161616161616161"
          "6161616161616161616161616161616101",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "hello was given an unknown parameter" },
        { "an empty name", "940007a568656c6c6f9181a001",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "hello was given an unknown parameter" },
        { "key is a number", "940007a568656c6c6f91810101",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "hello was given an unknown parameter" },
        { "key is bin", "940007a67075626b65799181c40674656e616e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "pubkey was given an unknown parameter" },
        { "key is an array", "940007a568656c6c6f91819001",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "hello was given an unknown parameter" },
        { "tenant twice",
          "940007a67075626b65799182a674656e616e74a161a674656e616e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenant is given twice" },
        { "suite twice",
          "940007a7646563727970749184a674656e616e74a161aa63697068657274"
          "657874c400a5737569746502a5737569746501",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter suite is given twice" },
        { "no tenant", "940007a67075626b65799180", SKP_ERR_INVALID_ARGUMENT,
          true, 7u, "parameter tenant is missing" },
        { "no tenant to forget", "940007a6666f726765749180",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter tenant is missing" },
        { "no plaintext", "940007a7656e63727970749181a674656e616e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter plaintext is missing" },
        { "no ciphertext", "940007a7646563727970749181a674656e616e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter ciphertext is missing" },
        { "no header to unwrap", "940007a6756e777261709181a674656e616e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter header is missing" },
        { "no header to rewrap", "940007a67265777261709181a674656e616e74a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter header is missing" },
        { "tenant bin", "940007a67075626b65799181a674656e616e74c40161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenant must be a str" },
        { "tenant nil", "940007a67075626b65799181a674656e616e74c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenant must be a str" },
        { "tenant number", "940007a67075626b65799181a674656e616e7401",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenant must be a str" },
        { "plaintext number",
          "940007a7656e63727970749182a674656e616e74a161a9706c61696e7465"
          "787401",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter plaintext must be bin" },
        { "plaintext nil",
          "940007a7656e63727970749182a674656e616e74a161a9706c61696e7465"
          "7874c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter plaintext must be bin" },
        { "ciphertext array",
          "940007a7646563727970749182a674656e616e74a161aa63697068657274"
          "65787490",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter ciphertext must be bin" },
        { "header float",
          "940007a6756e777261709182a674656e616e74a161a6686561646572cb3f"
          "f8000000000000",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter header must be bin" },
        { "header NaN",
          "940007a67265777261709182a674656e616e74a161a6686561646572cb7f"
          "f8000000000000",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter header must be bin" },
        { "aad nil",
          "940007a7656e63727970749183a674656e616e74a161a9706c61696e7465"
          "7874c400a3616164c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter aad must be bin" },
        { "raw number",
          "940007a7656e63727970749183a674656e616e74a161a9706c61696e7465"
          "7874c400a372617701",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter raw must be a bool" },
        { "raw nil",
          "940007a7646563727970749183a674656e616e74a161aa63697068657274"
          "657874c400a3726177c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u, "parameter raw must be a bool" },
        { "accept_removals number",
          "940007a7726566726573689181af6163636570745f72656d6f76616c7301",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter accept_removals must be a bool" },
        { "cursor number", "940007a774656e616e74739181a6637572736f7201",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter cursor must be a str" },
        { "cursor nil", "940007a774656e616e74739181a6637572736f72c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter cursor must be a str" },
        { "suite float",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465cb4000000000000000",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter suite must be a suite's number or name" },
        { "suite bool",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465c3",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter suite must be a suite's number or name" },
        { "suite bin",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465c40102",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter suite must be a suite's number or name" },
        { "suite nil",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter suite must be a suite's number or name" },
        { "suite 0",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a5737569746500",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "suite 3",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a5737569746503",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "suite 258",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465cd0102",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "suite 2^32+2",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465cf0000000100000002",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "suite -1",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465ff",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "suite by another name",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465a3616573",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "suite empty",
          "940007a6756e777261709183a674656e616e74a161a6686561646572c400"
          "a57375697465a0",
          SKP_ERR_UNIMPLEMENTED, true, 7u, "unknown suite" },
        { "watch str", "940007a577617463689181a774656e616e7473a161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenants must be an array of str" },
        { "watch nil", "940007a577617463689181a774656e616e7473c0",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenants must be an array of str" },
        { "watch nobody", "940007a577617463689181a774656e616e747390",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenants must name 1 to 1024 tenants" },
        { "watch a number", "940007a577617463689181a774656e616e747392a16101",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenants must be a str" },
        { "watch bin", "940007a577617463689181a774656e616e747391c40161",
          SKP_ERR_INVALID_ARGUMENT, true, 7u,
          "parameter tenants must be a str" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        check_refused(&rows[i], skt_hex(rows[i].hex));
    }
}
END_TEST

START_TEST(what_is_no_single_message_within_the_limits_is_refused)
{
    static const char *const messages[] = {
        "",
        "940007",                           /* cut */
        "940007a568656c6c6f918000",         /* something behind it */
        "940007a568656c6c6f9181c1c0",       /* no MessagePack */
        "940007a568656c6c6f9181a161d60000", /* ext */
        "940007a568656c6c6f91de0011",       /* map over its limit */
        "940007a568656c6c6f918191919191c0", /* too deep */
        "940007a568656c6c6fddffffffff",     /* more than there can be */
    };
    static const struct refused row = {
        "no message", NULL, SKP_ERR_INVALID_ARGUMENT,
        false,        0,    "message is no MessagePack, or too big",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(messages); i++) {
        check_refused(&row, skt_hex(messages[i]));
    }
}
END_TEST

/* A request with one str or bin of @len bytes 'x' in it. */
static struct skp_view request_with(const char *method,
                                    const char *name,
                                    bool is_bin,
                                    size_t len,
                                    uint8_t *room,
                                    size_t cap)
{
    struct skp_buf out = skp_buf_over(room, cap);
    struct skp_packer packer = skp_packer_to(&out);
    uint8_t *text = malloc(len + 1);
    bool needs_data = strcmp(method, "encrypt") == 0;

    memset(text, 'x', len + 1);
    skp_pack_array(&packer, 4);
    skp_pack_uint(&packer, 0);
    skp_pack_uint(&packer, 7);
    skp_pack_text(&packer, method);
    skp_pack_array(&packer, 1);
    skp_pack_map(&packer, needs_data ? 3 : 1);
    if (needs_data) {
        skp_pack_text(&packer, "tenant");
        skp_pack_text(&packer, "a");
        skp_pack_text(&packer, "plaintext");
        skp_pack_text(&packer, "p");
    }
    skp_pack_text(&packer, name);
    if (is_bin) {
        skp_pack_bin(&packer, (struct skp_view){ text, len });
    } else {
        skp_pack_str(&packer, (struct skp_view){ text, len });
    }
    skt_ok(skp_packer_done(&packer));
    free(text);
    return (struct skp_view){ out.ptr, out.len };
}

START_TEST(texts_and_aad_may_be_as_long_as_their_limit_and_not_one_longer)
{
    static const struct {
        const char *method;
        const char *name;
        const char *text;
        size_t max;
        enum skp_err at_max;
        bool is_bin;
    } rows[] = {
        { "encrypt", "aad", "parameter aad is longer than 4096 bytes", 4096,
          SKP_ERR_OK, true },
        { "encrypt", "aad", "parameter aad is longer than 4096 bytes", 4096,
          SKP_ERR_OK, false },
        { "tenants", "cursor", "parameter cursor is longer than 1024 bytes",
          1024, SKP_ERR_OK, false },
        { "encrypt", "suite", "parameter suite is longer than 1024 bytes", 1024,
          SKP_ERR_UNIMPLEMENTED, false },
        { "pubkey", "tenant", "parameter tenant is longer than 1024 bytes",
          1024, SKP_ERR_INVALID_ARGUMENT, false },
        { "pubkey", "tenant",
          "parameter tenant holds no tenant id: 1 to 128 printable ASCII "
          "characters without spaces",
          128, SKP_ERR_OK, false },
    };
    static uint8_t room[8192];
    struct skp_scratch *scratch = new_scratch();

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skp_request request;
        struct skp_refusal refusal = { false, 0 };
        struct skp_diag diag;
        struct skp_view message =
            request_with(rows[i].method, rows[i].name, rows[i].is_bin,
                         rows[i].max, room, sizeof room);

        skt_err(skp_request_decode(scratch, message, &request, &refusal, &diag),
                rows[i].at_max);
        message = request_with(rows[i].method, rows[i].name, rows[i].is_bin,
                               rows[i].max + 1, room, sizeof room);
        skt_err(skp_request_decode(scratch, message, &request, &refusal, &diag),
                SKP_ERR_INVALID_ARGUMENT);
        ck_assert(refusal.has_msgid);
        ck_assert_uint_eq(refusal.msgid, 7);
        ck_assert_str_eq(diag.text, rows[i].text);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_tenant_id_is_printable_ascii_without_spaces)
{
    struct skp_scratch *scratch = new_scratch();

    for (unsigned c = 0; c < 256; c++) {
        /* pubkey of a tenant "aCb" */
        uint8_t bytes[] = "\x94\x00\x07\xa6pubkey\x91\x81\xa6tenant\xa3"
                          "a-b";
        struct skp_view message = { bytes, sizeof bytes - 1 };
        struct skp_request request;
        struct skp_refusal refusal = { false, 0 };
        struct skp_diag diag;
        bool is_valid = c > 0x20 && c < 0x7f;

        bytes[sizeof bytes - 3] = (uint8_t)c;
        skt_err(skp_request_decode(scratch, message, &request, &refusal, &diag),
                is_valid ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
        ck_assert(refusal.has_msgid != is_valid);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_watch_may_name_as_many_tenants_as_its_limit_and_not_one_more)
{
    static struct skp_view tenants[SKP_WATCH_MAX + 1];
    static uint8_t room[16384];
    struct skp_scratch *scratch = new_scratch();
    struct skp_request request = { .method = SKP_METHOD_WATCH,
                                   .tenants = tenants };

    for (size_t i = 0; i < SKP_ARRAY_LEN(tenants); i++) {
        tenants[i] = skp_view_of("tenant");
    }
    for (size_t n = SKP_WATCH_MAX; n <= SKP_WATCH_MAX + 1; n++) {
        struct skp_buf out = skp_buf_over(room, sizeof room);
        struct skp_request got = { 0 };
        struct skp_refusal refusal;
        struct skp_diag diag;

        request.n_tenants = n;
        skt_ok(skp_request_encode(&request, &out));
        skt_err(skp_request_decode(scratch,
                                   (struct skp_view){ out.ptr, out.len }, &got,
                                   &refusal, &diag),
                n == SKP_WATCH_MAX ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(got.n_tenants, n == SKP_WATCH_MAX ? n : 0);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(the_diagnosis_may_be_left_out)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_request request;
    struct skp_refusal refusal;

    skt_err(
        skp_request_decode(scratch, skt_hex("c0"), &request, &refusal, NULL),
        SKP_ERR_INVALID_ARGUMENT);
    skp_scratch_free(&scratch);
}
END_TEST

/* ---- spoilt messages ---------------------------------------------------- */

/* What is read without a look for its end is what the scan calls whole. */
static void check_read(struct skp_scratch *scratch, struct skp_view bytes)
{
    struct skp_request request;
    struct skp_refusal refusal;
    size_t len = 0;
    size_t scan_len = 0;

    if (skp_request_read(scratch, bytes, &request, &len, &refusal, NULL) ==
        SKP_ERR_OK) {
        ck_assert_int_eq(
            skp_frame_scan(bytes, &skp_frame_request_limits, &scan_len),
            SKP_FRAME_WHOLE);
        ck_assert_uint_eq(len, scan_len);
    }
}

START_TEST(a_request_is_read_up_to_its_end_whatever_comes_behind)
{
    struct skp_scratch *scratch = new_scratch();
    uint8_t room[1024];

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        struct skp_view golden = skt_wire_bytes(SKT_WIRE_REQUEST(i));
        struct skp_buf both = skp_buf_over(room, sizeof room);
        struct skp_request request;
        struct skp_refusal refusal;
        size_t len = 0;

        skt_ok(skp_buf_put(&both, golden.ptr, golden.len));
        skt_ok(skp_buf_put(&both, "\x94\xc1", 2));
        skt_ok(skp_request_read(scratch,
                                (struct skp_view){ both.ptr, both.len },
                                &request, &len, &refusal, NULL));
        ck_assert_uint_eq(len, golden.len);
        ck_assert_uint_eq(request.method, i);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_request_as_long_as_the_limit_is_read_and_no_longer_one)
{
    static uint8_t data[SKP_MESSAGE_MAX];
    static uint8_t room[SKP_MESSAGE_MAX + 100];
    struct skp_scratch *scratch = new_scratch();
    struct skp_request request = { .method = SKP_METHOD_DECRYPT,
                                   .tenant = skp_view_of("a"),
                                   .data = { data, sizeof data / 2 } };
    struct skp_buf out = skp_buf_over(room, sizeof room);
    size_t head_len;

    skt_ok(skp_request_encode(&request, &out));
    head_len = out.len - request.data.len;
    for (size_t over = 0; over < 2; over++) {
        struct skp_request got;
        struct skp_refusal refusal;
        size_t len = 0;

        request.data.len = sizeof data - head_len + over;
        out.len = 0;
        skt_ok(skp_request_encode(&request, &out));
        skt_err(skp_request_read(scratch, (struct skp_view){ out.ptr, out.len },
                                 &got, &len, &refusal, NULL),
                over == 0 ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(len, over == 0 ? sizeof data : 0);
    }
    skp_scratch_free(&scratch);
}
END_TEST

/* A spoilt request is refused in words, or is another request that holds
 * nothing from elsewhere and goes there and back. */
static void check_spoilt(struct skp_view spoilt, void *state)
{
    static uint8_t room[2048];
    struct skp_scratch *scratch = state;
    struct skp_buf out = skp_buf_over(room, sizeof room);
    struct skp_request request = { 0 };
    struct skp_request again;
    struct skp_refusal refusal;
    struct skp_diag diag = { "" };
    enum skp_err err =
        skp_request_decode(scratch, spoilt, &request, &refusal, &diag);

    check_read(scratch, spoilt);
    if (err != SKP_ERR_OK) {
        ck_assert(err == SKP_ERR_INVALID_ARGUMENT ||
                  err == SKP_ERR_UNIMPLEMENTED);
        ck_assert_uint_gt(strlen(diag.text), 0);
        return;
    }
    ck_assert(skt_wire_within(request.tenant, spoilt));
    ck_assert(skt_wire_within(request.data, spoilt));
    ck_assert(skt_wire_within(request.aad, spoilt));
    ck_assert(skt_wire_within(request.cursor, spoilt));
    skt_ok(skp_request_encode(&request, &out));
    decode((struct skp_view){ out.ptr, out.len }, &again);
    check_request(&again, &request);
}

START_TEST(no_spoilt_request_is_misread)
{
    struct skp_scratch *scratch = new_scratch();

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        skt_wire_mutate(skt_wire_bytes(SKT_WIRE_REQUEST(i)), check_spoilt,
                        scratch);
    }
    skp_scratch_free(&scratch);
}
END_TEST

SKT_SUITE("rpc_request",
          every_method_s_request_is_encoded_to_the_golden_bytes,
          every_method_s_golden_bytes_are_decoded_to_the_request,
          a_request_that_does_not_fit_leaves_the_buffer_as_it_was,
          parameters_that_a_method_does_not_take_are_not_sent,
          str_is_accepted_for_binary_values,
          a_suite_may_be_given_by_its_name,
          parameters_may_come_in_any_order_and_data_may_be_empty,
          numbers_and_lengths_may_be_written_longer_than_needed,
          a_pubkey_is_read_alike_however_it_is_encoded,
          decoded_views_point_into_the_message,
          every_kind_of_wrong_request_is_refused_in_its_own_words,
          what_is_no_single_message_within_the_limits_is_refused,
          texts_and_aad_may_be_as_long_as_their_limit_and_not_one_longer,
          a_tenant_id_is_printable_ascii_without_spaces,
          a_watch_may_name_as_many_tenants_as_its_limit_and_not_one_more,
          the_diagnosis_may_be_left_out,
          a_request_is_read_up_to_its_end_whatever_comes_behind,
          a_request_as_long_as_the_limit_is_read_and_no_longer_one,
          no_spoilt_request_is_misread)
