/* fuzz_kmip_answer.c - what a key server answers.
 *
 * Reaches: agent/source/kmip/kmip_response.c agent/source/kmip/kmip_payload.c
 * Reaches: agent/source/kmip/ttlv.c
 *
 * The input is a response message as a server sent it, or edits of the answer
 * that a right server gives to our own request.  Nothing that is given out lies
 * outside the message; what is called a seed is one; an identifier that was
 * expected is the one that came.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_payload.h"
#include "agent/source/kmip/ttlv.h"
#include "protocol/base64.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/kmip_fake.h"

#define INPUT_MAX 16384u
#define FIRST_ID  1u

#define TENANT "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define SEED_1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SEED_2 "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB"

/* ---- questions ----------------------------------------------------------- */

static struct skd_kmip_question make_question(uint8_t choice)
{
    static const enum skd_kmip_operation operations[] = {
        SKD_OP_GET,      SKD_OP_GET_ATTRIBUTES,    SKD_OP_LOCATE,
        SKD_OP_REGISTER, SKD_OP_ACTIVATE,          SKD_OP_REVOKE,
        SKD_OP_DESTROY,  SKD_OP_DISCOVER_VERSIONS,
    };
    static const char *const identifiers[] = { "a7", "1", "2", "obj-1" };
    struct skd_kmip_question question = {
        .operation = operations[choice & 7u],
        .tenant = skp_view_of(TENANT),
        .identifier = skp_view_of(identifiers[choice >> 3 & 3u]),
        .attribute = (choice & 32u) != 0 ? "x-tenant" : NULL,
        .revocation = SKD_REVOKED_CESSATION,
        .maximum_items = 2,
        .discover_minor = 4,
    };

    if (question.operation == SKD_OP_REGISTER) {
        question.seed = skp_view_of(SEED_2);
    }
    if (question.operation == SKD_OP_REGISTER ||
        question.operation == SKD_OP_LOCATE ||
        question.operation == SKD_OP_DISCOVER_VERSIONS) {
        question.identifier = (struct skp_view){ NULL, 0 };
    }
    return question;
}

/* Write the answer of a right server to the questions. */
static void serve(const struct skd_kmip_question *questions,
                  size_t n,
                  struct skp_secret *answer)
{
    struct skd_kmip_version version = { 1, 4 };
    struct skp_secret request = { NULL, 0, 0 };
    struct skt_fake *fake = calloc(1, sizeof *fake);

    ck_assert_ptr_nonnull(fake);
    fake->minor_max = 4;
    (void)skt_fake_add(fake, "a7", TENANT, SEED_1);
    (void)skt_fake_add(fake, "1", "another", SEED_2);
    skt_fake_add(fake, "2", TENANT, SEED_2)->is_lost = true;
    ck_assert_int_eq(
        skd_kmip_request_write(version, questions, n, FIRST_ID, &request),
        SKP_ERR_OK);
    skt_fake_serve(fake, skp_secret_view(&request), answer);
    skp_secret_done(&request);
    free(fake);
}

/* ---- payloads ------------------------------------------------------------ */

static void check_err(enum skp_err err, const struct skp_diag *diag)
{
    ck_assert(err == SKP_ERR_INVALID_ARGUMENT ||
              err == SKP_ERR_FAILED_PRECONDITION || err == SKP_ERR_NOT_FOUND);
    ck_assert(err == SKP_ERR_NOT_FOUND || diag->text[0] != '\0');
}

static void check_locate(struct skp_view payload)
{
    struct skp_view identifier = { NULL, 0 };
    struct skp_diag diag = { "" };
    size_t n = 0;
    enum skp_err err = skd_kmip_payload_locate(payload, &n, &identifier, &diag);

    if (err != SKP_ERR_OK) {
        check_err(err, &diag);
        return;
    }
    ck_assert_uint_le(n, 2);
    if (n == 1) {
        ck_assert(skt_fuzz_is_within(identifier, payload));
        ck_assert_uint_ge(identifier.len, 1);
        ck_assert_uint_le(identifier.len, SKD_KMIP_IDENTIFIER_MAX);
    }
}

static void check_seed(struct skp_view payload, struct skp_view identifier)
{
    struct skp_secret decoded = { NULL, 0, 0 };
    struct skp_view seed = { NULL, 0 };
    struct skp_view named = { NULL, 0 };
    struct skp_diag diag = { "" };
    unsigned bits = 0;
    enum skp_err err = skd_kmip_payload_seed(payload, identifier, &seed, &diag);

    if (err != SKP_ERR_OK) {
        check_err(err, &diag);
        ck_assert_ptr_null(seed.ptr);
        return;
    }
    ck_assert(skt_fuzz_is_within(seed, payload));
    ck_assert_int_eq(
        skd_ttlv_find_text(payload, SKD_TAG_UNIQUE_IDENTIFIER, &named),
        SKP_ERR_OK);
    ck_assert(skp_view_equal(named, identifier));
    ck_assert_int_eq(skp_base64_decode(seed, &decoded), SKP_ERR_OK);
    ck_assert_uint_ge(decoded.len, SKP_SEED_MIN);
    for (size_t i = 0; i < decoded.len; i++) {
        bits |= decoded.bytes[i];
    }
    ck_assert_uint_ne(bits, 0);
    skp_secret_done(&decoded);
}

static void check_state(struct skp_view payload,
                        const struct skd_kmip_question *question)
{
    enum skd_kmip_state state = SKD_STATE_ACTIVE;
    struct skp_diag diag = { "" };
    enum skp_err err =
        skd_kmip_payload_state(payload, question->identifier, question->tenant,
                               question->attribute, &state, &diag);

    if (err != SKP_ERR_OK) {
        check_err(err, &diag);
        return;
    }
    ck_assert_uint_ge((unsigned)state, SKD_STATE_PRE_ACTIVE);
    ck_assert_uint_le((unsigned)state, SKD_STATE_DESTROYED_COMPROMISED);
}

static void check_identifier(struct skp_view payload, struct skp_view expected)
{
    struct skp_view identifier = { NULL, 0 };
    struct skp_diag diag = { "" };
    enum skp_err err =
        skd_kmip_payload_identifier(payload, expected, &identifier, &diag);

    if (err != SKP_ERR_OK) {
        check_err(err, &diag);
        return;
    }
    ck_assert(skt_fuzz_is_within(identifier, payload));
    ck_assert_uint_ge(identifier.len, 1);
    ck_assert(expected.len == 0 || skp_view_equal(identifier, expected));
}

static void check_versions(struct skp_view payload)
{
    struct skd_kmip_version version = { 0, 0 };
    struct skp_diag diag = { "" };
    enum skp_err err = skd_kmip_payload_versions(payload, 3, &version, &diag);

    if (err != SKP_ERR_OK) {
        check_err(err, &diag);
        return;
    }
    ck_assert_uint_eq(version.major, 1);
    ck_assert_uint_le(version.minor, 3);
}

/* A date counts only where the payload has exactly one. */
static void check_initial(struct skp_view payload)
{
    struct skp_view rest = payload;
    struct skp_view name;
    struct skp_view attribute;
    size_t n = 0;

    while (skd_kmip_payload_next_attribute(&rest, &name, &attribute)) {
        n += skp_view_equal(name, skp_view_of("Initial Date")) ? 1 : 0;
    }
    ck_assert(n == 1 || skd_kmip_payload_initial(payload) == 0);
}

/* Every function takes any payload whose TTLV has been checked. */
static void check_payload(struct skp_view payload,
                          const struct skd_kmip_question *question)
{
    struct skp_view none = { NULL, 0 };
    struct skp_view rest = payload;
    struct skp_view name;
    struct skp_view attribute;

    check_locate(payload);
    check_seed(payload, question->identifier);
    check_state(payload, question);
    check_identifier(payload, none);
    check_identifier(payload, question->identifier);
    check_versions(payload);
    check_initial(payload);
    while (skd_kmip_payload_next_attribute(&rest, &name, &attribute)) {
        ck_assert(skt_fuzz_is_within(name, payload));
        ck_assert(skt_fuzz_is_within(attribute, payload));
    }
}

/* ---- messages ------------------------------------------------------------ */

static void check_answer(const struct skd_kmip_answer *answer,
                         const struct skd_kmip_question *question,
                         struct skp_view message)
{
    if (!answer->is_answered) {
        ck_assert_ptr_null(answer->payload.ptr);
        return;
    }
    ck_assert(skt_fuzz_is_within(answer->message, message));
    ck_assert(skt_fuzz_is_within(answer->payload, message));
    if (answer->status == SKD_STATUS_SUCCESS && answer->bad == NULL &&
        answer->payload.ptr != NULL) {
        check_payload(answer->payload, question);
    }
}

static bool check_response(struct skp_view message,
                           const struct skd_kmip_question *questions,
                           size_t n)
{
    struct skd_kmip_response response;
    struct skp_diag diag = { "" };
    size_t len = 0;
    enum skp_err err = skd_kmip_response_read(message, questions, n, FIRST_ID,
                                              &response, &diag);

    if (err != SKP_ERR_OK) {
        ck_assert_int_eq(err, SKP_ERR_INVALID_ARGUMENT);
        ck_assert(diag.text[0] != '\0');
        return false;
    }
    ck_assert_int_eq(skd_ttlv_check(message), SKP_ERR_OK);
    ck_assert_int_eq(skd_kmip_response_measure(message.ptr, &len, &diag),
                     SKP_ERR_OK);
    ck_assert_uint_eq(len, message.len);
    for (size_t i = 0; i < n; i++) {
        ck_assert(!response.is_refused || !response.answers[i].is_answered);
        check_answer(&response.answers[i], &questions[i], message);
    }
    return true;
}

static void check_measure(struct skp_view message)
{
    struct skp_diag diag = { "" };
    size_t len = 0;

    if (message.len >= 8 &&
        skd_kmip_response_measure(message.ptr, &len, &diag) == SKP_ERR_OK) {
        ck_assert_uint_ge(len, 8);
        ck_assert_uint_le(len, SKD_KMIP_MESSAGE_MAX);
        ck_assert_uint_eq(len % 8, 0);
    }
}

/* First byte: bit 0, edits; bits 4 to 7, how many questions.  Then a byte for
 * each question, then the message or the edits. */
void skt_fuzz_kmip_answer(struct skp_view input)
{
    static uint8_t place[4 * INPUT_MAX];
    struct skd_kmip_question questions[SKD_KMIP_BATCH_MAX];
    struct skp_buf message = skp_buf_over(place, sizeof place);
    struct skp_secret answer = { NULL, 0, 0 };
    uint8_t flags = skt_fuzz_byte(&input);
    size_t n = (size_t)(flags >> 4) + 1;
    bool is_good;
    uint8_t *copy;

    for (size_t i = 0; i < n; i++) {
        questions[i] = make_question(skt_fuzz_byte(&input));
    }
    if (input.len > INPUT_MAX) {
        return;
    }
    if ((flags & 1u) != 0) {
        serve(questions, n, &answer);
        ck_assert_int_eq(skp_buf_put(&message, answer.bytes, answer.len),
                         SKP_ERR_OK);
        skt_fuzz_edit(input, &message);
    } else {
        ck_assert_int_eq(skp_buf_put(&message, input.ptr, input.len),
                         SKP_ERR_OK);
    }
    copy = skt_fuzz_copy((struct skp_view){ message.ptr, message.len });
    check_measure((struct skp_view){ copy, message.len });
    is_good =
        check_response((struct skp_view){ copy, message.len }, questions, n);
    /* The server's answer to what we asked is believed as a whole. */
    ck_assert(is_good || (flags & 1u) == 0 || input.len > 0);
    free(copy);
    skp_secret_done(&answer);
}

SKT_FUZZ_DOOR(kmip_answer)
