/* test_kmip_payload.c - good and hostile answers through the real client, the
 * response reader and the payload checks.
 */
#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "agent/source/kmip/kmip_payload.h"
#include "tests/lib/stream_script.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

static const struct skd_host host = { "kms.test", 5696 };
static const struct skd_kmip_config config = {
    .present = true,
    .hosts = &host,
    .n_hosts = 1,
    .major_version = 1,
    .minor_version = 4,
    .pipeline_depth = 1,
    .timeout_ms = 1000,
};

/* A good answer to Get of "a7", batch item id 1. */
static const char good_get[] =
    "42007b010000013042007a0100000048420069010000002042006a020000000400000001"
    "0000000042006b020000000400000004000000004200920900000008000000006553f100"
    "42000d0200000004000000010000000042000f01000000d842005c05000000040000000a"
    "00000000420093080000000400000001000000004200"
    "7f0500000004000000000000000042007c01000000a04200570500000004000000070000"
    "0000420094070000000261370000000000004200850100000078420086050000000400000"
    "0020000000042004001000000604200420500000004000000010000000042004501000000"
    "4842004308000000404141454351775146426763494351"
    "6f4c4441304f4478415245684d554652595847426b6147787764486838674953496a4a43"
    "556d4a7967704b6973734c533476";

/* A good answer to Locate, batch item id 1: identifier "a7". */
static const char good_locate[] =
    "42007b01000000a042007a0100000048420069010000002042006a020000000400000001"
    "0000000042006b020000000400000004000000004200920900000008000000006553f100"
    "42000d0200000004000000010000000042000f010000004842005c050000000400000008"
    "0000000042009308000000040000000100000000"
    "42007f0500000004000000000000000042007c0100000010420094070000000261370000"
    "00000000";

/* What a caller would have got from one answer. */
struct got {
    unsigned n_results;
    bool is_believed;
    bool is_get;
    char text[SKP_DIAG_MAX];
    char identifier[300];
    size_t n_located;
    uint8_t seed[256];
    size_t seed_len;
};

static void take_locate(struct got *got, struct skp_view payload)
{
    struct skp_view identifier = { NULL, 0 };
    struct skp_diag diag = { "" };
    size_t n = 0;

    if (skd_kmip_payload_locate(payload, &n, &identifier, &diag) !=
        SKP_ERR_OK) {
        memcpy(got->text, diag.text, sizeof got->text);
        return;
    }
    got->n_located = n;
    if (n == 0) {
        memcpy(got->text, "none", sizeof "none");
    }
    got->is_believed = n == 1;
    if (identifier.len > 0) {
        memcpy(got->identifier, identifier.ptr, identifier.len);
    }
}

static void take_get(struct got *got, struct skp_view payload)
{
    struct skp_view seed = { NULL, 0 };
    struct skp_diag diag = { "" };

    if (skd_kmip_payload_seed(payload, skp_view_of("a7"), &seed, &diag) !=
        SKP_ERR_OK) {
        memcpy(got->text, diag.text, sizeof got->text);
        return;
    }
    got->is_believed = true;
    ck_assert_uint_le(seed.len, sizeof got->seed);
    memcpy(got->seed, seed.ptr, seed.len);
    got->seed_len = seed.len;
}

static void
on_result(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct got *got = state;

    ck_assert_uint_eq(index, 0);
    got->n_results++;
    if (result->err != SKP_ERR_OK) {
        strncpy(got->text, result->text, sizeof got->text - 1);
    } else if (got->is_get) {
        take_get(got, result->payload);
    } else {
        take_locate(got, result->payload);
    }
}

/* Ask one question of a server that answers @bytes and closes. */
static struct got
ask(bool is_get, struct skp_view bytes, size_t piece, struct skt_script *script)
{
    const struct skd_kmip_question get = { .operation = SKD_OP_GET,
                                           .identifier = skp_view_of("a7") };
    const struct skd_kmip_question locate = {
        .operation = SKD_OP_LOCATE,
        .tenant = skp_view_of("67f1adf3-08e5-4eea-94e3-e611f263c87b"),
        .maximum_items = 2,
    };
    struct skd_kmip_client *client = NULL;
    struct skd_kmip_connector connector;
    struct got got = { .is_get = is_get };
    const struct skd_kmip_listener listener = { &got, on_result };

    *script = (struct skt_script){ .answers = &bytes,
                                   .n_answers = 1,
                                   .piece = piece };
    connector = skt_script_connector(script);
    skt_ok(skd_kmip_client_new(&config, &skd_env_system, &connector, &client,
                               NULL));
    skt_ok(skd_kmip_batch_ask(client, is_get ? &get : &locate, 1, &listener));
    skd_kmip_client_free(&client);
    ck_assert_uint_eq(got.n_results, 1);
    ck_assert_uint_eq(script->n_opens, script->n_closes);
    skt_script_done(script);
    return got;
}

START_TEST(a_good_get_gives_its_seed_in_any_pieces)
{
    static const size_t pieces[] = { 0, 1, 7, 8, 9, 100 };
    struct skt_script script;

    for (size_t i = 0; i < SKP_ARRAY_LEN(pieces); i++) {
        struct got got = ask(true, skt_hex(good_get), pieces[i], &script);

        ck_assert_msg(got.is_believed, "%s", got.text);
        ck_assert_uint_eq(got.seed_len, 64);
    }
}
END_TEST

START_TEST(a_good_locate_gives_its_identifier)
{
    struct skt_script script;
    struct got got = ask(false, skt_hex(good_locate), 0, &script);

    ck_assert(got.is_believed);
    ck_assert_str_eq(got.identifier, "a7");
}
END_TEST

/* Those of the hostile answers that still hold a good one: what follows the
 * message is not asked for and costs the connection; the item without its id
 * is alone; the last cannot be told from a good seed. */
static bool is_acceptable(const char *name)
{
    static const char *const acceptable[] = {
        "control.good_get",  "control.good_locate", "frame.trailing_garbage",
        "frame.two_answers", "batch.no_id",         "seed.b64_of_b64",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(acceptable); i++) {
        if (strcmp(name, acceptable[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_hostile(const cJSON *entry, size_t piece)
{
    const char *name = skt_text(entry, "name");
    bool is_get = strcmp(skt_text(entry, "answers"), "get") == 0;
    struct skt_script script;
    struct got got = ask(is_get, skt_hex_of(entry, "hex"), piece, &script);

    ck_assert_msg(got.is_believed == is_acceptable(name),
                  "%s: believed %d, text '%s'", name, got.is_believed,
                  got.text);
    if (!got.is_believed && got.n_located == 0) {
        ck_assert_msg(got.text[0] != '\0', "%s: no reason", name);
    }
    for (const char *c = got.text; *c != '\0'; c++) {
        ck_assert_msg(*c >= ' ' && *c != 0x7f, "%s: control in text", name);
    }
    /* Script and client: twice the longest message and what growing copies. */
    ck_assert_msg(script.peak_held <= 6 * SKD_KMIP_MESSAGE_MAX,
                  "%s: %zu bytes held", name, script.peak_held);
}

START_TEST(no_hostile_answer_gives_a_key_or_an_identifier)
{
    const cJSON *json = skt_shared_json("kmip/hostile.json");
    const cJSON *entry;
    size_t n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(entry, skt_member(json, "cases"))
    {
        check_hostile(entry, 0);
        n++;
    }
    ck_assert_uint_eq(n, 134);
}
END_TEST

START_TEST(nor_does_it_byte_by_byte)
{
    const cJSON *json = skt_shared_json("kmip/hostile.json");
    const cJSON *entry;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(entry, skt_member(json, "cases"))
    {
        /* Long answers in single bytes take long, and prove nothing more. */
        check_hostile(entry, skt_number(entry, "length") > 2000 ? 1000 : 1);
    }
}
END_TEST

START_TEST(two_objects_of_one_name_are_told_from_one)
{
    /* Two identifiers; one, but two were located. */
    static const char *const several[] = {
        "42009407000000026137000000000000"
        "42009407000000026238000000000000",
        "42009407000000026137000000000000"
        "42009407000000026137000000000000",
        "4200d502000000040000000200000000"
        "42009407000000026137000000000000",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(several); i++) {
        struct skp_view identifier = { NULL, 0 };
        size_t n = 0;

        skt_ok(skd_kmip_payload_locate(skt_hex(several[i]), &n, &identifier,
                                       NULL));
        ck_assert_uint_eq(n, 2);
    }
}
END_TEST

START_TEST(a_length_announced_is_not_allocated)
{
    struct skt_script script;
    size_t before = skp_secret_held();
    struct got got = ask(true, skt_hex("42007b010000fff0"), 0, &script);

    ck_assert(!got.is_believed);
    ck_assert_uint_le(script.peak_held - before, 32768);
}
END_TEST

/* Bytes whose change may go unnoticed: version minor, Time Stamp, the kind of
 * secret and format where both are allowed, and the seed itself. */
static bool is_same_seed(const struct got *got, const struct got *good)
{
    return got->seed_len == good->seed_len &&
           memcmp(got->seed, good->seed, good->seed_len) == 0;
}

START_TEST(a_changed_bit_never_gives_the_key_of_another_object)
{
    struct skp_view bytes = skt_hex(good_get);
    struct skt_script script;
    struct got good = ask(true, bytes, 0, &script);
    size_t seed_at = bytes.len - 64;
    uint8_t changed[512];

    ck_assert_uint_le(bytes.len, sizeof changed);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        struct got got;

        memcpy(changed, bytes.ptr, bytes.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        got = ask(true, (struct skp_view){ changed, bytes.len }, 0, &script);
        if (got.is_believed && bit / 8 < seed_at) {
            ck_assert_msg(is_same_seed(&got, &good), "bit %zu", bit);
        }
    }
}
END_TEST

START_TEST(a_cut_or_overwritten_answer_gives_no_key_that_was_not_there)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    struct skp_view bytes = skt_hex(good_get);
    struct skt_script script;
    struct got good = ask(true, bytes, 0, &script);
    uint8_t changed[512];

    for (size_t len = 0; len < bytes.len; len++) {
        ck_assert(!ask(true, (struct skp_view){ bytes.ptr, len }, 0, &script)
                       .is_believed);
    }
    for (size_t at = 0; at < bytes.len - 64; at++) {
        for (size_t i = 0; i < SKP_ARRAY_LEN(values); i++) {
            struct got got;

            memcpy(changed, bytes.ptr, bytes.len);
            changed[at] = values[i];
            got =
                ask(true, (struct skp_view){ changed, bytes.len }, 0, &script);
            ck_assert(!got.is_believed || is_same_seed(&got, &good));
        }
    }
}
END_TEST

START_TEST(the_state_is_believed_only_of_the_tenants_own_object)
{
    /* Identifier "1"; State Active; Name "t1"; Object Type Secret Data. */
    struct skp_view payload = skt_hex(
        "42009407000000013100000000000000"
        "420008010000002042000a070000000553746174650000004200"
        "0b05000000040000000200000000"
        "420008010000003842000a07000000044e616d650000000042000b0100000020420055"
        "070000000274310000000000004200540500000004000000010000"
        "0000"
        "420008010000002842000a070000000b4f626a65637420547970650000000000420"
        "00b05000000040000000700000000");
    struct skp_view id = skp_view_of("1");
    enum skd_kmip_state state = SKD_STATE_DESTROYED;

    skt_ok(skd_kmip_payload_state(payload, id, skp_view_of("t1"), NULL, &state,
                                  NULL));
    ck_assert_int_eq(state, SKD_STATE_ACTIVE);
    skt_err(skd_kmip_payload_state(payload, id, skp_view_of("T1"), NULL, &state,
                                   NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_kmip_payload_state(payload, id, skp_view_of("t11"), NULL,
                                   &state, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_kmip_payload_state(payload, skp_view_of("2"), skp_view_of("t1"),
                                   NULL, &state, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_kmip_payload_state(payload, id, skp_view_of("t1"), "x-tenant",
                                   &state, NULL),
            SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

/* Attribute "Initial Date" with a Date-Time, and with an Integer. */
#define INITIAL_DATE                                   \
    "42000801000000284200"                             \
    "0a070000000c496e697469616c2044617465000000004200" \
    "0b09000000080000000065920080"
#define INITIAL_NUMBER                                 \
    "42000801000000284200"                             \
    "0a070000000c496e697469616c2044617465000000004200" \
    "0b02000000040000000700000000"

START_TEST(one_initial_date_counts_and_two_are_none)
{
    ck_assert_int_eq(skd_kmip_payload_initial(skt_hex(INITIAL_DATE)),
                     0x65920080);
    ck_assert_int_eq(
        skd_kmip_payload_initial(skt_hex(INITIAL_DATE INITIAL_DATE)), 0);
    ck_assert_int_eq(
        skd_kmip_payload_initial(skt_hex(INITIAL_DATE INITIAL_NUMBER)), 0);
    ck_assert_int_eq(skd_kmip_payload_initial(skt_hex(INITIAL_NUMBER)), 0);
    ck_assert_int_eq(skd_kmip_payload_initial((struct skp_view){ NULL, 0 }), 0);
}
END_TEST

START_TEST(the_highest_common_version_is_taken)
{
    /* 2.0, 1.2, 1.0 */
    struct skp_view payload = skt_hex(
        "420069010000002042006a0200000004000000020000000042006b0200000004000000"
        "0000000000"
        "420069010000002042006a0200000004000000010000000042006b0200000004000000"
        "0200000000"
        "420069010000002042006a0200000004000000010000000042006b0200000004000000"
        "0000000000");
    struct skd_kmip_version version = { 0, 0 };

    skt_ok(skd_kmip_payload_versions(payload, 4, &version, NULL));
    ck_assert_uint_eq(version.major, 1);
    ck_assert_uint_eq(version.minor, 2);
    skt_ok(skd_kmip_payload_versions(payload, 1, &version, NULL));
    ck_assert_uint_eq(version.minor, 0);
    payload.len = 40;
    skt_err(skd_kmip_payload_versions(payload, 4, &version, NULL),
            SKP_ERR_NOT_FOUND);
}
END_TEST

SKT_SUITE("kmip_payload",
          a_good_get_gives_its_seed_in_any_pieces,
          a_good_locate_gives_its_identifier,
          no_hostile_answer_gives_a_key_or_an_identifier,
          nor_does_it_byte_by_byte,
          two_objects_of_one_name_are_told_from_one,
          a_length_announced_is_not_allocated,
          a_changed_bit_never_gives_the_key_of_another_object,
          a_cut_or_overwritten_answer_gives_no_key_that_was_not_there,
          the_state_is_believed_only_of_the_tenants_own_object,
          one_initial_date_counts_and_two_are_none,
          the_highest_common_version_is_taken)
