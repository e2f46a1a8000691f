/* test_kmip_request.c - the requests that are written. */
#include <string.h>

#include "agent/source/kmip/kmip_request.h"
#include "agent/source/kmip/ttlv.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

static const struct skd_kmip_version v14 = { 1, 4 };
#define TENANT "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define SEED   "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"

/* Locate of a tenant, Maximum Items 2, item id 1. */
static const char golden_locate[] =
    "42007801000001204200770100000048420069010000002042006a0200000004"
    "000000010000000042006b020000000400000004000000004200500200000004"
    "000100000000000042000d0200000004000000010000000042000f01000000c8"
    "42005c0500000004000000080000000042009308000000040000000100000000"
    "42007901000000a042004f020000000400000002000000004200080100000058"
    "42000a07000000044e616d650000000042000b01000000404200550700000024"
    "36376631616466332d303865352d346565612d393465332d6536313166323633"
    "6338376200000000420054050000000400000001000000004200080100000028"
    "42000a070000000b4f626a6563742054797065000000000042000b0500000004"
    "0000000700000000";

static void check_written(const struct skd_kmip_question *questions,
                          size_t n,
                          struct skp_view expected)
{
    struct skp_secret out = { NULL, 0, 0 };

    skt_ok(skd_kmip_request_write(v14, questions, n, 1, &out));
    skt_bytes_eq(skp_secret_view(&out), expected);
    skp_secret_done(&out);
}

START_TEST(a_locate_is_written_as_the_golden_bytes)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_LOCATE,
                                                .tenant = skp_view_of(TENANT),
                                                .maximum_items = 2 };

    check_written(&question, 1, skt_hex(golden_locate));
}
END_TEST

/* Query of all four functions, Maximum Response Size and item id 1. */
static const char golden_query[] =
    "42007801000000c04200770100000048420069010000002042006a0200000004"
    "000000010000000042006b020000000400000004000000004200500200000004"
    "000100000000000042000d0200000004000000010000000042000f0100000068"
    "42005c0500000004000000180000000042009308000000040000000100000000"
    "4200790100000040420074050000000400000001000000004200740500000004"
    "000000020000000042007405000000040000000300000000"
    "42007405000000040000000a00000000";

START_TEST(a_query_is_written_as_the_golden_bytes)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_QUERY,
        .query_functions = SKD_KMIP_QUERY_PROFILES |
                           SKD_KMIP_QUERY_INFORMATION | SKD_KMIP_QUERY_OBJECTS |
                           SKD_KMIP_QUERY_OPERATIONS,
    };

    check_written(&question, 1, skt_hex(golden_query));
}
END_TEST

START_TEST(profiles_are_asked_for_from_kmip_1_3_on)
{
    static const size_t lengths[] = { 184, 200 }; /* of 1.2 and of 1.3 */

    for (uint32_t i = 0; i < SKP_ARRAY_LEN(lengths); i++) {
        const struct skd_kmip_version version = { 1, 2 + i };
        struct skd_kmip_question question = {
            .operation = SKD_OP_QUERY,
            .query_functions =
                SKD_KMIP_QUERY_PROFILES | SKD_KMIP_QUERY_INFORMATION |
                SKD_KMIP_QUERY_OBJECTS | SKD_KMIP_QUERY_OPERATIONS,
        };
        struct skp_secret out = { NULL, 0, 0 };

        skt_ok(skd_kmip_request_write(version, &question, 1, 1, &out));
        ck_assert_uint_eq(out.len, lengths[i]);
        question.query_functions = SKD_KMIP_QUERY_PROFILES;
        skt_err(skd_kmip_request_write(version, &question, 1, 1, &out),
                i == 0 ? SKP_ERR_INVALID_ARGUMENT : SKP_ERR_OK);
        skp_secret_done(&out);
    }
}
END_TEST

/* A recorded request differs from ours in the header's Maximum Response Size
 * and in item ids, which it mostly lacks: both are taken out to compare. */
static void copy_comparable(struct skp_view message, struct skp_secret *ret)
{
    struct skd_ttlv_writer w;
    struct skp_view root = { NULL, 0 };
    struct skd_ttlv item;

    skt_ok(skd_ttlv_find_structure(message, SKD_TAG_REQUEST_MESSAGE, &root));
    skd_ttlv_start(&w, ret);
    while (root.len > 0) {
        struct skp_view fields;
        struct skd_ttlv field;

        skt_ok(skd_ttlv_take(&root, &item));
        fields = item.value;
        while (fields.len > 0) {
            skt_ok(skd_ttlv_take(&fields, &field));
            if (field.tag != SKD_TAG_MAXIMUM_RESPONSE_SIZE &&
                field.tag != SKD_TAG_UNIQUE_BATCH_ITEM_ID) {
                skd_ttlv_put_bytes(&w, field.tag, field.value);
            }
        }
    }
    skt_ok(skd_ttlv_finish(&w));
}

static void check_recorded(const char *name,
                           const struct skd_kmip_question *questions,
                           size_t n)
{
    static const cJSON *json;
    struct skp_secret out = { NULL, 0, 0 };
    struct skp_secret ours = { NULL, 0, 0 };
    struct skp_secret theirs = { NULL, 0, 0 };
    const cJSON *entry;
    bool is_found = false;

    if (json == NULL) {
        json = skt_shared_json("kmip/kmip-vectors.json");
    }
    if (json == NULL) {
        return;
    }
    skt_ok(skd_kmip_request_write(v14, questions, n, 1, &out));
    cJSON_ArrayForEach(entry, skt_member(json, "messages"))
    {
        if (strcmp(skt_text(entry, "name"), name) == 0) {
            is_found = true;
            copy_comparable(skt_hex_of(entry, "hex"), &theirs);
        }
    }
    ck_assert_msg(is_found, "%s", name);
    copy_comparable(skp_secret_view(&out), &ours);
    skt_bytes_eq(skp_secret_view(&ours), skp_secret_view(&theirs));
    skp_secret_done(&out);
    skp_secret_done(&ours);
    skp_secret_done(&theirs);
}

START_TEST(requests_say_the_same_as_recorded_ones)
{
    const struct skd_kmip_question locate = { .operation = SKD_OP_LOCATE,
                                              .tenant = skp_view_of(TENANT) };
    const struct skd_kmip_question two = {
        .operation = SKD_OP_LOCATE,
        .tenant = skp_view_of("d0d0d0d0-0000-4000-8000-000000000001"),
        .maximum_items = 2
    };
    const struct skd_kmip_question get[] = {
        { .operation = SKD_OP_GET, .identifier = skp_view_of("1") },
        { .operation = SKD_OP_GET, .identifier = skp_view_of("99999") },
        { .operation = SKD_OP_GET, .identifier = skp_view_of("2") },
    };
    const struct skd_kmip_question put = { .operation = SKD_OP_REGISTER,
                                           .tenant = skp_view_of(TENANT),
                                           .seed = skp_view_of(SEED) };
    const struct skd_kmip_question all = { .operation = SKD_OP_GET_ATTRIBUTES,
                                           .identifier = skp_view_of("1"),
                                           .all_attributes = true };
    const struct skd_kmip_question activate = { .operation = SKD_OP_ACTIVATE,
                                                .identifier =
                                                    skp_view_of("1") };
    const struct skd_kmip_question revoke = {
        .operation = SKD_OP_REVOKE,
        .identifier = skp_view_of("6"),
        .revocation = SKD_REVOKED_CESSATION,
        .text = skp_view_of("rotated"),
    };
    const struct skd_kmip_question query = {
        .operation = SKD_OP_QUERY,
        .query_functions = SKD_KMIP_QUERY_OPERATIONS | SKD_KMIP_QUERY_OBJECTS |
                           SKD_KMIP_QUERY_INFORMATION,
    };
    const struct skd_kmip_question versions[] = {
        { .operation = SKD_OP_DISCOVER_VERSIONS, .discover_all = true },
    };

    check_recorded("query.request", &query, 1);
    check_recorded("discover_versions.request", versions, 1);
    check_recorded("locate_found.request", &locate, 1);
    check_recorded("locate_max2.request", &two, 1);
    check_recorded("batch_get_continue.request", get, 3);
    check_recorded("register_secret_data.request", &put, 1);
    check_recorded("get_attributes_all.request", &all, 1);
    check_recorded("activate.request", &activate, 1);
    check_recorded("revoke.request", &revoke, 1);
}
END_TEST

START_TEST(a_question_without_its_identifier_is_never_sent)
{
    static const enum skd_kmip_operation operations[] = {
        SKD_OP_GET,    SKD_OP_GET_ATTRIBUTES, SKD_OP_ACTIVATE,
        SKD_OP_REVOKE, SKD_OP_DESTROY,
    };
    struct skp_secret out = { NULL, 0, 0 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(operations); i++) {
        const struct skd_kmip_question questions[] = {
            { .operation = SKD_OP_LOCATE, .tenant = skp_view_of("a") },
            { .operation = operations[i] },
        };

        skt_err(skd_kmip_request_write(v14, questions, 2, 1, &out),
                SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(out.len, 0);
    }
}
END_TEST

START_TEST(only_questions_that_change_nothing_are_repeatable)
{
    static const struct {
        enum skd_kmip_operation operation;
        bool is_repeatable;
    } rows[] = {
        { SKD_OP_LOCATE, true },    { SKD_OP_GET, true },
        { SKD_OP_REGISTER, false }, { SKD_OP_GET_ATTRIBUTES, true },
        { SKD_OP_ACTIVATE, false }, { SKD_OP_DISCOVER_VERSIONS, true },
        { SKD_OP_REVOKE, false },   { SKD_OP_DESTROY, false },
        { SKD_OP_QUERY, true },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        const struct skd_kmip_question question = { .operation =
                                                        rows[i].operation };

        ck_assert_int_eq(skd_kmip_question_is_repeatable(&question),
                         rows[i].is_repeatable);
    }
}
END_TEST

SKT_SUITE("kmip_request",
          a_locate_is_written_as_the_golden_bytes,
          a_query_is_written_as_the_golden_bytes,
          profiles_are_asked_for_from_kmip_1_3_on,
          requests_say_the_same_as_recorded_ones,
          a_question_without_its_identifier_is_never_sent,
          only_questions_that_change_nothing_are_repeatable)
