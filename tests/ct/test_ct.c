/* test_ct.c - no branch and no index of the crypto paths depends on a secret;
 * see secrets.h.  Private keys, seeds, data keys, shared secrets, and in the
 * envelopes the plaintexts, are secret; lengths, suites, tenant ids, public
 * keys and everything that is sent out are public.
 *
 * Runs itself under valgrind, on the objects that are shipped.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/serve/handler.h"
#include "protocol/base64.h"
#include "protocol/envelope.h"
#include "protocol/key.h"
#include "protocol/rpc.h"
#include "protocol/x25519_batch.h"
#include "tests/ct/planted.h"
#include "tests/ct/secrets.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

#define TENANT    "a"
#define PLAIN_LEN 20000u
#define ROOM      (PLAIN_LEN + 512u)

/* The text of a seed of 32 bytes, and of one of 34, padded. */
#define SEED_32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SEED_34 "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQg=="

static struct skp_crypto *crypto;

static void begin(void)
{
    skt_ok(skp_crypto_new(&skt_secret_random, &crypto));
    (void)skt_complaints();
}

static void end(void)
{
    skp_crypto_free(&crypto);
    ck_assert_uint_eq(skt_complaints(), 0);
}

/* ---- seeds and keys ------------------------------------------------------ */

/* All characters but the first and the last, which are asked whether they are
 * white space or padding: that is the seed's length, which is public. */
static void make_text_secret(uint8_t *text, size_t len)
{
    size_t first = strspn((const char *)text, " ");

    while (strchr("= \n", text[len - 1]) != NULL) {
        len--;
    }
    skt_secret(text + first + 1, len - first - 2);
}

static void check_seed(const char *text)
{
    uint8_t bytes[128];
    uint8_t private_key[SKP_KEY_LEN];
    size_t len = strlen(text);

    begin();
    memcpy(bytes, text, len + 1);
    make_text_secret(bytes, len);
    skt_ok(
        skp_key_from_seed((struct skp_view){ bytes, len }, private_key, NULL));
    ck_assert(skt_is_secret(private_key, sizeof private_key));
    end();
}

START_TEST(a_seed_becomes_a_key_without_a_look_at_its_bits)
{
    check_seed(SEED_32);
    check_seed(SEED_34);
    check_seed("  " SEED_32 "\n");
}
END_TEST

START_TEST(a_text_that_is_no_seed_shows_only_that)
{
    uint8_t bytes[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGx!dHh8=";
    uint8_t private_key[SKP_KEY_LEN];
    size_t len = sizeof bytes - 1;

    begin();
    make_text_secret(bytes, len);
    skt_err(
        skp_key_from_seed((struct skp_view){ bytes, len }, private_key, NULL),
        SKP_ERR_INVALID_ARGUMENT);
    end();
}
END_TEST

START_TEST(a_seed_is_written_as_text_without_a_table)
{
    uint8_t seed[34] = { 1, 2, 3, 250, 251, 252 };
    uint8_t place[64];
    struct skp_buf text = skp_buf_over(place, sizeof place);

    begin();
    skt_secret(seed, sizeof seed);
    skt_ok(skp_base64_encode((struct skp_view){ seed, sizeof seed }, &text));
    ck_assert(skt_is_secret(text.ptr, text.len));
    end();
}
END_TEST

/* Two groups in lanes and one alone; among the points one of low order, whose
 * result is all zero. */
START_TEST(many_keys_are_multiplied_without_a_look_at_any)
{
    static uint8_t points[9][SKP_KEY_LEN] = { { 9 }, { 5 }, { 0 }, { 7 }, { 2 },
                                              { 3 }, { 4 }, { 6 }, { 8 } };
    uint8_t private_keys[9][SKP_KEY_LEN] = { { 1, 2 }, { 250, 3 }, { 77 } };
    uint8_t results[9][SKP_KEY_LEN];
    struct skp_x25519_job jobs[9];

    begin();
    skt_secret(private_keys, sizeof private_keys);
    for (size_t i = 0; i < SKP_ARRAY_LEN(jobs); i++) {
        jobs[i] = (struct skp_x25519_job){ private_keys[i], points[i],
                                           results[i], false };
    }
    skp_x25519_batch(jobs, SKP_ARRAY_LEN(jobs));
    for (size_t i = 0; i < SKP_ARRAY_LEN(jobs); i++) {
        ck_assert(skt_is_secret(results[i], SKP_KEY_LEN));
    }
    end();
}
END_TEST

START_TEST(a_private_key_gives_its_public_key_and_id)
{
    uint8_t private_key[SKP_KEY_LEN] = { 7 };
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];

    begin();
    skt_secret(private_key, sizeof private_key);
    skp_key_public(private_key, public_key);
    skp_key_id(public_key, key_id);
    ck_assert(skt_is_secret(key_id, sizeof key_id));
    end();
}
END_TEST

START_TEST(equal_and_other_secrets_are_compared_alike)
{
    uint8_t a[SKP_KEY_LEN] = { 1 };
    uint8_t b[SKP_KEY_LEN] = { 1 };

    begin();
    for (size_t i = 0; i <= sizeof a; i += 8) {
        memset(b, 0, sizeof b);
        b[0] = 1;
        if (i < sizeof b) {
            b[i] ^= 0x80;
        }
        skt_secret(a, sizeof a);
        skt_secret(b, sizeof b);
        ck_assert(skp_equal_ct(a, b, sizeof a) == (i == sizeof b));
        skt_public(a, sizeof a);
        skt_public(b, sizeof b);
    }
    end();
}
END_TEST

/* ---- envelopes ----------------------------------------------------------- */

struct kind {
    enum skp_suite suite;
    bool raw;
};
static const struct kind kinds[] = {
    { SKP_SUITE_X25519_HPKE_AES256GCM, false },
    { SKP_SUITE_X25519_AES256CTR, false },
    { SKP_SUITE_X25519_AES256CTR, true },
};

/* A key with a secret private part. */
static struct skt_key secret_key(unsigned number)
{
    struct skt_key key = skt_key_number(number);

    skt_secret(key.private_key, sizeof key.private_key);
    return key;
}

static struct skp_recipient recipient_of(const struct skt_key *key)
{
    return (struct skp_recipient){ skp_view_of(TENANT), key->public_key,
                                   key->key_id };
}

/* An envelope with a secret in it, as it is sent. */
static void seal(const struct kind *kind,
                 const struct skt_key *key,
                 struct skp_view plaintext,
                 struct skp_buf *ret)
{
    struct skp_recipient recipient = recipient_of(key);
    uint8_t data_key[SKP_KEY_LEN];
    size_t len = 0;

    ck_assert_uint_ge(ret->cap, SKP_HEADER_MAX);
    skt_ok(skp_header_seal(crypto, kind->suite, kind->raw, &recipient, data_key,
                           ret->ptr, &len));
    ck_assert(skt_is_secret(data_key, sizeof data_key));
    ret->len = len;
    skt_ok(skp_payload_seal(crypto, kind->suite, data_key, skp_view_of(""),
                            plaintext, ret));
    skt_public(ret->ptr, ret->len);
}

/* Open what seal made; the bytes are in @ret, and secret again. */
static enum skp_err open_envelope(const struct kind *kind,
                                  const struct skt_key *key,
                                  struct skp_view envelope,
                                  struct skp_buf *ret)
{
    struct skp_key_pair pair = { key->private_key, key->public_key };
    struct skp_header header;
    uint8_t data_key[SKP_KEY_LEN];
    struct skp_diag diag;

    SKP_TRY(skp_header_parse(envelope, kind->raw, kind->suite, &header, &diag));
    SKP_TRY(
        skp_header_open(crypto, &header, &pair, skp_view_of(TENANT), data_key));
    ck_assert(skt_is_secret(data_key, sizeof data_key));
    return skp_payload_open(crypto, kind->suite, data_key, skp_view_of(""),
                            (struct skp_view){ envelope.ptr + header.len,
                                               envelope.len - header.len },
                            ret, &diag);
}

START_TEST(sealing_and_opening_leave_keys_and_plaintext_alone)
{
    static uint8_t plain[PLAIN_LEN];
    static uint8_t sealed[ROOM];
    static uint8_t opened[ROOM];
    const struct kind *kind = &kinds[_i];
    struct skp_buf envelope = skp_buf_over(sealed, sizeof sealed);
    struct skp_buf out = skp_buf_over(opened, sizeof opened);
    struct skt_key key;

    begin();
    key = secret_key(2);
    memset(plain, 0x5a, sizeof plain);
    skt_secret(plain, sizeof plain);
    seal(kind, &key, (struct skp_view){ plain, sizeof plain }, &envelope);
    skt_ok(open_envelope(
        kind, &key, (struct skp_view){ envelope.ptr, envelope.len }, &out));
    ck_assert_uint_eq(out.len, sizeof plain);
    ck_assert(skt_is_secret(opened, out.len));
    end();
    skt_public(opened, out.len);
    ck_assert_uint_eq(opened[0], 0x5a);
    ck_assert_uint_eq(opened[out.len - 1], 0x5a);
}
END_TEST

START_TEST(a_changed_envelope_shows_only_that_it_was)
{
    /* In the sealed key, the commitment, a chunk, and the last tag. */
    static const size_t places[] = { 60, 140, 1000, 19000 };
    static uint8_t plain[PLAIN_LEN];
    static uint8_t sealed[ROOM];
    static uint8_t opened[ROOM];
    struct skp_buf envelope = skp_buf_over(sealed, sizeof sealed);
    struct skp_buf out = skp_buf_over(opened, sizeof opened);
    struct skt_key key;

    begin();
    key = secret_key(2);
    skt_secret(plain, sizeof plain);
    seal(&kinds[0], &key, (struct skp_view){ plain, sizeof plain }, &envelope);
    sealed[places[_i]] ^= 1;
    skt_err(open_envelope(&kinds[0], &key,
                          (struct skp_view){ envelope.ptr, envelope.len },
                          &out),
            SKP_ERR_DATA_LOSS);
    end();
}
END_TEST

START_TEST(rewrapping_looks_at_neither_key)
{
    static uint8_t sealed[ROOM];
    uint8_t rewrapped[SKP_HEADER_2_LEN];
    struct skp_buf envelope = skp_buf_over(sealed, sizeof sealed);
    struct skp_key_pair pair;
    struct skp_recipient recipient;
    struct skp_header header;
    struct skt_key old;
    struct skt_key new;

    begin();
    old = secret_key(2);
    new = secret_key(9);
    pair = (struct skp_key_pair){ old.private_key, old.public_key };
    recipient = recipient_of(&new);
    seal(&kinds[0], &old, skp_view_of("plaintext"), &envelope);
    skt_ok(skp_header_parse((struct skp_view){ envelope.ptr, envelope.len },
                            false, SKP_SUITE_ANY, &header, NULL));
    skt_ok(skp_header_rewrap(crypto, &header, &pair, &recipient, rewrapped));
    end();
}
END_TEST

START_TEST(a_point_of_low_order_is_refused_by_its_result_only)
{
    uint8_t private_key[SKP_KEY_LEN] = { 7 };
    const uint8_t zero[SKP_KEY_LEN] = { 0 };
    uint8_t shared[SKP_KEY_LEN];

    begin();
    skt_secret(private_key, sizeof private_key);
    skt_err(skp_x25519(private_key, zero, shared), SKP_ERR_INVALID_ARGUMENT);
    end();
}
END_TEST

/* ---- the agent ----------------------------------------------------------- */

struct agent {
    struct skd_handler *handler;
    struct skd_config config;
    struct skd_served served;
};

/* One that serves tenant "a", with secret keys from the snapshot's making on.
 */
static void agent_init(struct agent *agent)
{
    static const struct skt_tenant tenants[] = {
        { .id = TENANT, .use = SKD_USE_ALL, .keys = { 2, 9 } },
    };
    struct skd_key key;

    *agent = (struct agent){ .config = { .max_payload = PLAIN_LEN } };
    skt_ok(skd_handler_new(&skt_secret_random, &agent->handler));
    agent->served.snapshot =
        skt_snapshot_of(tenants, SKP_ARRAY_LEN(tenants), false);
    agent->served.policy = (struct skd_policy){ &agent->config, 500 };
    for (size_t nth = 0; nth < 2; nth++) {
        key = skd_snapshot_key(
            agent->served.snapshot,
            skd_snapshot_find(agent->served.snapshot, skp_view_of(TENANT)),
            nth);
        skt_secret((void *)(uintptr_t)key.private_key, SKP_KEY_LEN);
    }
}

static void agent_done(struct agent *agent)
{
    skd_handler_free(&agent->handler);
    skd_snapshot_unref(&agent->served.snapshot);
}

/* The multiplications of @request and of another like it, at once, as for
 * requests that came together. */
static void look_ahead(struct agent *agent,
                       const struct skd_peer *peer,
                       const struct skp_request *request)
{
    struct skp_ahead *ahead = skd_handler_ahead(agent->handler);

    for (int i = 0; i < 2; i++) {
        ck_assert(
            skd_handler_peek(agent->handler, &agent->served, peer, 1, request));
    }
    ck_assert_uint_eq(skp_ahead_count(ahead), 2);
    skp_ahead_run(ahead);
}

/* The answer as it is sent, in @ret; secret where it holds a secret. */
static void ask(struct agent *agent,
                enum skp_method method,
                bool is_ahead,
                struct skp_view data,
                struct skp_buf *ret)
{
    const struct skd_peer peer = { .uid = 500, .gid = 500 };
    struct skp_request request = { .msgid = 1,
                                   .method = method,
                                   .tenant = skp_view_of(TENANT),
                                   .data = data };
    struct skp_response response;
    bool wants = false;

    if (is_ahead) {
        look_ahead(agent, &peer, &request);
    }
    ck_assert_int_eq(skd_handler_run(agent->handler, &agent->served, &peer, 1,
                                     &request, NULL, &response, &wants),
                     SKD_HANDLED_ANSWER);
    skt_ok(response.err);
    skt_ok(skp_response_encode(&response, ret));
    skd_handler_wipe(agent->handler);
    skp_ahead_clear(skd_handler_ahead(agent->handler));
}

/* Each alone, and as one of many. */
START_TEST(the_agent_answers_without_a_look_at_what_it_answers)
{
    static const enum skp_method methods[] = { SKP_METHOD_DECRYPT,
                                               SKP_METHOD_UNWRAP,
                                               SKP_METHOD_REWRAP };
    static uint8_t sealed[ROOM];
    static uint8_t place[2 * ROOM];
    enum skp_method method = methods[_i / 2];
    struct skp_buf envelope = skp_buf_over(sealed, sizeof sealed);
    struct skp_buf answer = skp_buf_over(place, sizeof place);
    struct skt_key key;
    struct agent agent;

    begin();
    agent_init(&agent);
    key = secret_key(9);
    seal(&kinds[0], &key, skp_view_of("plaintext"), &envelope);
    ask(&agent, method, _i % 2 == 1,
        (struct skp_view){ envelope.ptr, method == SKP_METHOD_DECRYPT
                                             ? envelope.len
                                             : SKP_HEADER_2_LEN },
        &answer);
    ck_assert(skt_is_secret(answer.ptr, answer.len));
    agent_done(&agent);
    end();
}
END_TEST

START_TEST(the_agent_encrypts_without_a_look_at_what)
{
    static uint8_t place[ROOM];
    uint8_t plain[100] = { 1 };
    struct skp_buf answer = skp_buf_over(place, sizeof place);
    struct agent agent;

    begin();
    agent_init(&agent);
    skt_secret(plain, sizeof plain);
    ask(&agent, SKP_METHOD_ENCRYPT, false,
        (struct skp_view){ plain, sizeof plain }, &answer);
    agent_done(&agent);
    end();
}
END_TEST

START_TEST(secrets_grow_move_and_are_wiped_unseen)
{
    struct skp_secret secret = { NULL, 0, 0 };
    uint8_t bytes[64] = { 3 };

    begin();
    skt_secret(bytes, sizeof bytes);
    for (unsigned i = 0; i < 200; i++) {
        skt_ok(skp_secret_append(&secret, bytes, sizeof bytes));
    }
    skp_secret_consume(&secret, 100);
    ck_assert(skt_is_secret(secret.bytes, secret.len));
    skp_secret_done(&secret);
    end();
}
END_TEST

/* ---- would it be found? -------------------------------------------------- */

START_TEST(a_planted_leak_is_found)
{
    uint8_t secret[SKP_KEY_LEN] = { 5 };
    uint8_t other[SKP_KEY_LEN] = { 5 };

    (void)skt_complaints();
    skt_run_planted(_i, secret, other);
    ck_assert_uint_eq(skt_complaints(), 0);
    skt_secret(secret, sizeof secret);
    skt_run_planted(_i, secret, other);
    ck_assert_uint_gt(skt_complaints(), 0);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("constant time");
    Suite *suite = suite_create("constant time");
    SRunner *runner;
    int failed;

    (void)argc;
    skt_under_valgrind(argv);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_seed_becomes_a_key_without_a_look_at_its_bits);
    tcase_add_test(tests, a_text_that_is_no_seed_shows_only_that);
    tcase_add_test(tests, a_seed_is_written_as_text_without_a_table);
    tcase_add_test(tests, many_keys_are_multiplied_without_a_look_at_any);
    tcase_add_test(tests, a_private_key_gives_its_public_key_and_id);
    tcase_add_test(tests, equal_and_other_secrets_are_compared_alike);
    tcase_add_loop_test(tests,
                        sealing_and_opening_leave_keys_and_plaintext_alone, 0,
                        (int)SKP_ARRAY_LEN(kinds));
    tcase_add_loop_test(tests, a_changed_envelope_shows_only_that_it_was, 0, 4);
    tcase_add_test(tests, rewrapping_looks_at_neither_key);
    tcase_add_test(tests, a_point_of_low_order_is_refused_by_its_result_only);
    tcase_add_loop_test(
        tests, the_agent_answers_without_a_look_at_what_it_answers, 0, 6);
    tcase_add_test(tests, the_agent_encrypts_without_a_look_at_what);
    tcase_add_test(tests, secrets_grow_move_and_are_wiped_unseen);
    tcase_add_loop_test(tests, a_planted_leak_is_found, 0, SKT_PLANTED);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
