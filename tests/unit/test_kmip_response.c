/* test_kmip_response.c - which answer belongs to which question. */
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_response.h"
#include "agent/source/kmip/ttlv.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

static const struct skd_kmip_question gets[] = {
    { .operation = SKD_OP_GET, .identifier = { (const uint8_t *)"1", 1 } },
    { .operation = SKD_OP_GET, .identifier = { (const uint8_t *)"2", 1 } },
};

/* One item to be written into a response. */
struct wish {
    uint32_t operation; /* 0: none */
    uint32_t id;        /* 0: none */
    uint32_t status;
    uint32_t reason; /* 0: none */
    bool has_payload;
};

static void write_item(struct skd_ttlv_writer *w, const struct wish *wish)
{
    const uint8_t id[4] = { 0, 0, 0, (uint8_t)wish->id };

    skd_ttlv_begin(w, SKD_TAG_BATCH_ITEM);
    if (wish->operation != 0) {
        skd_ttlv_put_enum(w, SKD_TAG_OPERATION, wish->operation);
    }
    if (wish->id != 0) {
        skd_ttlv_put_bytes(w, SKD_TAG_UNIQUE_BATCH_ITEM_ID,
                           (struct skp_view){ id, 4 });
    }
    skd_ttlv_put_enum(w, SKD_TAG_RESULT_STATUS, wish->status);
    if (wish->reason != 0) {
        skd_ttlv_put_enum(w, SKD_TAG_RESULT_REASON, wish->reason);
    }
    if (wish->has_payload) {
        skd_ttlv_begin(w, SKD_TAG_RESPONSE_PAYLOAD);
        skd_ttlv_put_text(w, SKD_TAG_UNIQUE_IDENTIFIER, skp_view_of("x"));
        skd_ttlv_end(w);
    }
    skd_ttlv_end(w);
}

static enum skp_err read_written(const struct wish *wishes,
                                 size_t n,
                                 size_t n_asked,
                                 struct skd_kmip_response *ret)
{
    static struct skp_secret out; /* views of *ret point into it */
    struct skd_ttlv_writer w;

    skp_secret_clear(&out);
    skd_ttlv_start(&w, &out);
    skd_ttlv_begin(&w, SKD_TAG_RESPONSE_MESSAGE);
    skd_ttlv_begin(&w, SKD_TAG_RESPONSE_HEADER);
    skd_ttlv_begin(&w, SKD_TAG_PROTOCOL_VERSION);
    skd_ttlv_put_int(&w, SKD_TAG_VERSION_MAJOR, 1);
    skd_ttlv_put_int(&w, SKD_TAG_VERSION_MINOR, 4);
    skd_ttlv_end(&w);
    skd_ttlv_put_int(&w, SKD_TAG_BATCH_COUNT, (int32_t)n);
    skd_ttlv_end(&w);
    for (size_t i = 0; i < n; i++) {
        write_item(&w, &wishes[i]);
    }
    skd_ttlv_end(&w);
    skt_ok(skd_ttlv_finish(&w));
    return skd_kmip_response_read(skp_secret_view(&out), gets, n_asked, 1, ret,
                                  NULL);
}

START_TEST(answers_are_matched_by_id_in_any_order)
{
    const struct wish wishes[] = { { SKD_OP_GET, 2, 1, 1, false },
                                   { SKD_OP_GET, 1, 0, 0, true } };
    struct skd_kmip_response response;

    skt_ok(read_written(wishes, 2, 2, &response));
    ck_assert(!response.is_refused);
    ck_assert_uint_eq(response.answers[0].status, SKD_STATUS_SUCCESS);
    ck_assert_uint_eq(response.answers[0].payload.len, 16);
    ck_assert_uint_eq(response.answers[1].status, SKD_STATUS_FAILED);
    ck_assert_uint_eq(response.answers[1].reason, SKD_REASON_ITEM_NOT_FOUND);
}
END_TEST

START_TEST(left_out_items_are_not_answered)
{
    const struct wish wish = { SKD_OP_GET, 1, 1, 1, false };
    struct skd_kmip_response response;

    skt_ok(read_written(&wish, 1, 2, &response));
    ck_assert(response.answers[0].is_answered);
    ck_assert(!response.answers[1].is_answered);
}
END_TEST

START_TEST(a_failed_item_that_belongs_to_nothing_refuses_the_message)
{
    const struct wish wish = { 0, 0, 1, 4, false };
    struct skd_kmip_response response;

    for (size_t n_asked = 1; n_asked <= 2; n_asked++) {
        skt_ok(read_written(&wish, 1, n_asked, &response));
        ck_assert(response.is_refused);
        ck_assert_uint_eq(response.refusal.reason, 4);
        ck_assert(!response.answers[0].is_answered);
    }
}
END_TEST

START_TEST(what_belongs_to_another_request_condemns_the_message)
{
    static const struct wish bad[][2] = {
        { { SKD_OP_GET, 1, 0, 0, true }, { SKD_OP_GET, 1, 0, 0, true } },
        { { SKD_OP_GET, 1, 0, 0, true }, { SKD_OP_GET, 3, 0, 0, true } },
        { { SKD_OP_GET, 1, 0, 0, true }, { SKD_OP_GET, 0, 0, 0, true } },
        { { SKD_OP_GET, 1, 0, 0, true }, { SKD_OP_LOCATE, 2, 0, 0, true } },
        { { SKD_OP_GET, 1, 0, 0, true }, { SKD_OP_GET, 2, 4, 0, true } },
        { { SKD_OP_GET, 1, 0, 0, true }, { 0, 0, 1, 1, false } },
    };
    struct skd_kmip_response response;

    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        ck_assert_msg(read_written(bad[i], 2, 2, &response) ==
                          SKP_ERR_INVALID_ARGUMENT,
                      "%zu", i);
    }
    skt_err(read_written(bad[0], 2, 1, &response), SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_success_with_something_odd_is_not_believed)
{
    static const struct wish odd[] = { { 0, 1, 0, 0, true },
                                       { SKD_OP_GET, 1, 0, 1, true } };
    struct skd_kmip_response response;

    for (size_t i = 0; i < SKP_ARRAY_LEN(odd); i++) {
        skt_ok(read_written(&odd[i], 1, 1, &response));
        ck_assert(response.answers[0].is_answered);
        ck_assert_ptr_nonnull(response.answers[0].bad);
    }
}
END_TEST

START_TEST(the_length_is_bounded_by_the_first_eight_bytes)
{
    static const struct {
        const char *header;
        size_t len; /* 0: refused */
    } rows[] = {
        { "42007b0100000000", 8 }, { "42007b010000fff8", 65536 },
        { "42007b0100010000", 0 }, { "42007b01ffffffff", 0 },
        { "42007b01fffffff8", 0 }, { "42007b0180000000", 0 },
        { "42007b0100000004", 0 }, { "4200780100000008", 0 },
        { "42007b0800000008", 0 }, { "4854545000000008", 0 },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        size_t len = 0;
        enum skp_err err =
            skd_kmip_response_measure(skt_hex(rows[i].header).ptr, &len, NULL);

        ck_assert_msg((err == SKP_ERR_OK) == (rows[i].len > 0), "%zu", i);
        ck_assert_uint_eq(len, rows[i].len);
    }
}
END_TEST

START_TEST(recorded_answers_are_read)
{
    static const struct {
        const char *name;
        enum skd_kmip_operation operation;
        uint32_t status;
        uint32_t reason;
        bool is_refused;
    } rows[] = {
        { "locate_found.response", SKD_OP_LOCATE, 0, 0, false },
        { "locate_not_found.response", SKD_OP_LOCATE, 0, 0, false },
        { "get_not_found.response", SKD_OP_GET, 1, 1, false },
        { "get_permission_denied.response", SKD_OP_GET, 1, 12, false },
        { "get_attributes.response", SKD_OP_GET_ATTRIBUTES, 0, 0, false },
        { "max_response_size.response", SKD_OP_GET, 1, 2, true },
        { "invalid_message.response", SKD_OP_GET, 1, 4, true },
        { "auth_not_successful.response", SKD_OP_GET, 1, 3, true },
        { "x.correlation_value.response", SKD_OP_LOCATE, 0, 0, false },
        { "x.operation_pending.response", SKD_OP_GET, 2, 0, false },
        { "x.operation_undone.response", SKD_OP_GET, 3, 0, false },
        { "x.failure_no_reason.response", SKD_OP_GET, 1, 0, false },
        { "x.message_extension.response", SKD_OP_LOCATE, 0, 0, false },
        { "x.unknown_vendor_tag.response", SKD_OP_LOCATE, 0, 0, false },
        { "x.version_12.response", SKD_OP_LOCATE, 0, 0, false },
        { "x.response_no_time_stamp.response", SKD_OP_LOCATE, 0, 0, false },
    };
    const cJSON *json = skt_shared_json("kmip/kmip-vectors.json");
    const cJSON *entry;
    size_t n = 0;

    for (size_t i = 0; json != NULL && i < SKP_ARRAY_LEN(rows); i++) {
        cJSON_ArrayForEach(entry, skt_member(json, "messages"))
        {
            const struct skd_kmip_question question = { .operation =
                                                            rows[i].operation };
            struct skd_kmip_response response;
            const struct skd_kmip_answer *answer;
            struct skp_diag diag = { "" };

            if (strcmp(skt_text(entry, "name"), rows[i].name) != 0) {
                continue;
            }
            ck_assert_msg(skd_kmip_response_read(skt_hex_of(entry, "hex"),
                                                 &question, 1, 1, &response,
                                                 &diag) == SKP_ERR_OK,
                          "%s: %s", rows[i].name, diag.text);
            answer =
                response.is_refused ? &response.refusal : &response.answers[0];
            ck_assert_int_eq(response.is_refused, rows[i].is_refused);
            ck_assert_uint_eq(answer->status, rows[i].status);
            ck_assert_uint_eq(answer->reason, rows[i].reason);
            ck_assert_ptr_null(answer->bad);
            n++;
        }
    }
    ck_assert(json == NULL || n == SKP_ARRAY_LEN(rows));
}
END_TEST

SKT_SUITE("kmip_response",
          answers_are_matched_by_id_in_any_order,
          left_out_items_are_not_answered,
          a_failed_item_that_belongs_to_nothing_refuses_the_message,
          what_belongs_to_another_request_condemns_the_message,
          a_success_with_something_odd_is_not_believed,
          the_length_is_bounded_by_the_first_eight_bytes,
          recorded_answers_are_read)
