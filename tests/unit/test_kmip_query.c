/* test_kmip_query.c - what a server says about itself, good and hostile. */
#include <string.h>

#include "agent/source/kmip/kmip_query.h"
#include "agent/source/kmip/kmip_response.h"
#include "agent/source/kmip/ttlv.h"
#include "tests/lib/mutate.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

/* Items of a payload. */
#define OP_LOCATE   "42005c05000000040000000800000000"
#define OP_GET      "42005c05000000040000000a00000000"
#define OP_VENDOR   "42005c05000000048000000100000000"
#define OP_NONE     "42005c05000000040000000000000000"
#define OP_INT      "42005c02000000040000000800000000"
#define TYPE_SECRET "42005705000000040000000700000000"
#define TYPE_TEXT   "42005707000000040000000700000000"
#define VENDOR      "42009d07000000044100420d00000000"
#define VENDOR_INT  "42009d02000000040000000800000000"
#define INFORMATION "420088010000001042009d07000000044142434400000000"
#define INFO_INT    "42008802000000040000000800000000"
#define PROFILE     "4200eb01000000104200ec05000000040000000700000000"
#define PROFILE_BAD "4200eb01000000104200ec02000000040000000700000000"
#define NAMESPACE   "42000307000000036162630000000000"
#define V20                                                                   \
    "420069010000002042006a0200000004000000020000000042006b02000000040000000" \
    "000000000"
#define V14                                                                   \
    "420069010000002042006a0200000004000000010000000042006b02000000040000000" \
    "400000000"
#define V_NEGATIVE                                                            \
    "420069010000002042006a0200000004ffffffff0000000042006b02000000040000000" \
    "400000000"

/* A PyKMIP server's whole answer to a Query, batch item id left out. */
static const char recorded[] =
    "42007b01000001c842007a0100000048420069010000002042006a0200000004000000010"
    "000000042006b020000000400000004000000004200920900000008000000006b02427242"
    "000d0200000004000000010000000042000f010000017042005c050000000400000018000"
    "0000042007f0500000004000000000000000042007c010000014842005c05000000040000"
    "00010000000042005c0500000004000000020000000042005c05000000040000000300000"
    "00042005c0500000004000000050000000042005c05000000040000000800000000420"
    "05c05000000040000000a0000000042005c05000000040000000b0000000042005c050000"
    "00040000000c0000000042005c0500000004000000120000000042005c050000000400000"
    "0130000000042005c0500000004000000140000000042005c050000000400000018000000"
    "0042005c05000000040000001e0000000042005c05000000040000001f0000000042005c0"
    "500000004000000200000000042005c0500000004000000210000000042005c0500000004"
    "000000220000000042005c0500000004000000230000000042009d070000001d50794b4d4"
    "95020302e31302e3020536f66747761726520536572766572000000";

/* Read a whole response as the client does. */
static enum skp_err read_message(struct skp_view message,
                                 struct skd_kmip_query *ret)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_QUERY,
        .query_functions = SKD_KMIP_QUERY_OPERATIONS,
    };
    struct skd_kmip_response response;

    SKP_TRY(skd_kmip_response_read(message, &question, 1, 1, &response, NULL));
    if (!response.answers[0].is_answered || response.answers[0].bad != NULL ||
        response.answers[0].status != SKD_STATUS_SUCCESS) {
        return SKP_ERR_FAILED_PRECONDITION;
    }
    return skd_kmip_query_read(response.answers[0].payload, ret, NULL);
}

static void check_recorded(struct skp_view message)
{
    struct skd_kmip_query query;
    size_t n = 0;
    const uint32_t *needed = skd_kmip_query_needed(&n);

    skt_ok(read_message(message, &query));
    ck_assert_str_eq(query.vendor, "PyKMIP 0.10.0 Software Server");
    ck_assert_uint_eq(query.operations, UINT64_C(0xfc11c1d2e));
    ck_assert_uint_eq(query.object_types, 0);
    ck_assert_uint_eq(query.n_others, 0);
    ck_assert_uint_eq(query.n_profiles, 0);
    ck_assert_uint_eq(n, 7);
    for (size_t i = 0; i < n; i++) {
        ck_assert(skd_kmip_query_offers(&query, needed[i]));
    }
    ck_assert(!skd_kmip_query_offers(&query, 0x2b));
    ck_assert(!skd_kmip_query_offers(&query, 0x80000001));
}

START_TEST(a_recorded_answer_is_read)
{
    const cJSON *json = skt_shared_json("kmip/kmip-vectors.json");
    const cJSON *entry;
    size_t n = 0;

    check_recorded(skt_hex(recorded));
    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(entry, skt_member(json, "messages"))
    {
        if (strcmp(skt_text(entry, "name"), "query.response") == 0) {
            check_recorded(skt_hex_of(entry, "hex"));
            n++;
        }
    }
    ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(everything_asked_for_is_kept_and_nothing_else)
{
    struct skd_kmip_query query;

    skt_ok(skd_kmip_query_read(
        skt_hex(OP_LOCATE OP_VENDOR OP_GET OP_GET TYPE_SECRET VENDOR INFORMATION
                    NAMESPACE PROFILE PROFILE),
        &query, NULL));
    ck_assert_uint_eq(query.operations, 1u << 0x08 | 1u << 0x0a);
    ck_assert_uint_eq(query.object_types, 1u << 7);
    ck_assert_uint_eq(query.n_others, 1);
    ck_assert_uint_eq(query.n_profiles, 2);
    ck_assert_uint_eq(query.profiles[1], 7);
    ck_assert_str_eq(query.vendor, "A?B?");
    skt_ok(skd_kmip_query_read((struct skp_view){ NULL, 0 }, &query, NULL));
    ck_assert_uint_eq(query.operations, 0);
    ck_assert_str_eq(query.vendor, "");
}
END_TEST

START_TEST(what_cannot_be_believed_is_refused_and_leaves_the_output_alone)
{
    static const struct {
        const char *hex;
        const char *why;
    } bad[] = {
        { OP_NONE, "an operation that is none" },
        { OP_LOCATE OP_INT, "an operation that is none" },
        { TYPE_TEXT, "an object type that is none" },
        { VENDOR VENDOR, "bad or repeated vendor identification" },
        { VENDOR_INT, "bad or repeated vendor identification" },
        { INFORMATION OP_GET INFORMATION, "repeated server information" },
        { INFO_INT, "bad server information" },
        { PROFILE PROFILE_BAD, "bad or too many profiles" },
        { OP_LOCATE "42005c0500000004", "malformed TTLV" },
        { OP_LOCATE "41005c05000000040000000800000000", "malformed TTLV" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        struct skd_kmip_query query = { .operations = 77 };
        struct skp_diag diag = { "" };

        skt_err(skd_kmip_query_read(skt_hex(bad[i].hex), &query, &diag),
                SKP_ERR_INVALID_ARGUMENT);
        ck_assert_str_eq(diag.text, bad[i].why);
        ck_assert_uint_eq(query.operations, 77);
    }
}
END_TEST

/* @n items @hex after each other. */
static struct skp_view repeat(const char *hex, size_t n, struct skp_secret *ret)
{
    struct skp_view item = skt_hex(hex);

    for (size_t i = 0; i < n; i++) {
        skt_ok(skp_secret_append(ret, item.ptr, item.len));
    }
    return skp_secret_view(ret);
}

START_TEST(lists_and_the_vendor_are_bounded)
{
    struct skp_secret bytes = { NULL, 0, 0 };
    struct skp_secret words = { NULL, 0, 0 };
    struct skd_kmip_query query;
    struct skd_kmip_versions versions;
    struct skd_ttlv_writer w;

    skt_ok(skd_kmip_query_read(repeat(PROFILE, 64, &bytes), &query, NULL));
    ck_assert_uint_eq(query.n_profiles, 64);
    skt_err(skd_kmip_query_read(repeat(PROFILE, 1, &bytes), &query, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skp_secret_clear(&bytes);
    skt_ok(skd_kmip_query_versions(repeat(V14, 16, &bytes), &versions, NULL));
    ck_assert_uint_eq(versions.n, 16);
    skt_err(skd_kmip_query_versions(repeat(V14, 1, &bytes), &versions, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skp_secret_clear(&bytes);
    skd_ttlv_start(&w, &bytes);
    skd_ttlv_put_text(&w, SKD_TAG_VENDOR_IDENTIFICATION,
                      repeat("41", 5000, &words));
    skt_ok(skd_ttlv_finish(&w));
    skt_ok(skd_kmip_query_read(skp_secret_view(&bytes), &query, NULL));
    ck_assert_uint_eq(strlen(query.vendor), SKD_KMIP_VENDOR_MAX);
    skp_secret_done(&words);
    skp_secret_done(&bytes);
}
END_TEST

START_TEST(versions_are_told_in_the_servers_order)
{
    struct skd_kmip_versions versions = { .n = 0 };

    skt_ok(skd_kmip_query_versions(skt_hex(V20 V14), &versions, NULL));
    ck_assert_uint_eq(versions.n, 2);
    ck_assert_uint_eq(versions.rows[0].major, 2);
    ck_assert_uint_eq(versions.rows[0].minor, 0);
    ck_assert_uint_eq(versions.rows[1].major, 1);
    ck_assert_uint_eq(versions.rows[1].minor, 4);
    skt_err(skd_kmip_query_versions(skt_hex(V14 OP_GET), &versions, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_kmip_query_versions(skt_hex(V_NEGATIVE), &versions, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(versions.n, 2);
    skt_ok(
        skd_kmip_query_versions((struct skp_view){ NULL, 0 }, &versions, NULL));
    ck_assert_uint_eq(versions.n, 0);
}
END_TEST

/* Whatever is believed is within bounds and fit to print. */
static void check_mutant(void *state, const struct skt_mutant *mutant)
{
    struct skd_kmip_query query;
    unsigned *n_refused = state;

    memset(&query, 0x55, sizeof query);
    if (read_message(mutant->bytes, &query) != SKP_ERR_OK) {
        (*n_refused)++;
        return;
    }
    ck_assert_uint_le(query.n_profiles, SKD_KMIP_PROFILES_MAX);
    ck_assert_uint_eq(query.operations & 1u, 0);
    ck_assert(memchr(query.vendor, '\0', sizeof query.vendor) != NULL);
    for (const char *c = query.vendor; *c != '\0'; c++) {
        ck_assert_msg(*c >= ' ' && *c < 0x7f, "%s at %zu", mutant->kind,
                      mutant->at);
    }
}

START_TEST(no_damaged_answer_gives_more_than_clean_and_bounded_words)
{
    unsigned n_refused = 0;

    skt_mutate(skt_hex(recorded), check_mutant, &n_refused);
    /* Every cut, and most bits: the message is mostly structure. */
    ck_assert_uint_gt(n_refused, 3000);
}
END_TEST

SKT_SUITE("kmip_query",
          a_recorded_answer_is_read,
          everything_asked_for_is_kept_and_nothing_else,
          what_cannot_be_believed_is_refused_and_leaves_the_output_alone,
          lists_and_the_vendor_are_bounded,
          versions_are_told_in_the_servers_order,
          no_damaged_answer_gives_more_than_clean_and_bounded_words)
