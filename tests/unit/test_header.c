/* test_header.c - the header of an envelope. */
#include <string.h>

#include "protocol/envelope.h"
#include "tests/lib/golden.h"
#include "tests/lib/mutate.h"
#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"

/* A crypto with scripted randomness, and the key of a golden envelope. */
struct fixture {
    struct skt_random_script random;
    struct skp_crypto *crypto;
    struct skt_key key;
    const struct skt_golden *golden;
};

static void set_up(struct fixture *fx, const struct skt_golden *golden)
{
    memset(fx, 0, sizeof *fx);
    skt_random_script_init(&fx->random);
    skt_ok(skp_crypto_new(&fx->random.table, &fx->crypto));
    skt_key_init(&fx->key, golden->seed);
    fx->golden = golden;
}

static void tear_down(struct fixture *fx)
{
    skp_crypto_free(&fx->crypto);
}

static struct skp_header parse(const char *hex, bool raw)
{
    struct skp_header header;

    skt_ok(skp_header_parse(skt_hex(hex), raw, SKP_SUITE_ANY, &header, NULL));
    return header;
}

static enum skp_err
open_header(struct fixture *fx, const struct skp_header *header, uint8_t *ret)
{
    struct skp_key_pair keys = skt_key_pair(&fx->key);

    return skp_header_open(fx->crypto, header, &keys,
                           skp_view_of(fx->golden->tenant), ret);
}

START_TEST(knows_its_suites_by_number_and_name)
{
    ck_assert_str_eq(skp_suite_name(SKP_SUITE_X25519_AES256CTR),
                     "x25519-aes256ctr");
    ck_assert_str_eq(skp_suite_name(SKP_SUITE_X25519_HPKE_AES256GCM),
                     "x25519-hpke-aes256gcm");
    ck_assert_ptr_null(skp_suite_name(SKP_SUITE_ANY));
    ck_assert_uint_eq(skp_suite_from_name(skp_view_of("x25519-aes256ctr")), 1);
    ck_assert_uint_eq(skp_suite_from_name(skp_view_of("x25519-hpke-aes256gcm")),
                      2);
    ck_assert_uint_eq(skp_suite_from_name(skp_view_of("x25519-aes256ct")), 0);
    ck_assert_uint_eq(skp_suite_from_name(skp_view_of("")), 0);
    ck_assert_uint_eq(skp_header_len(SKP_SUITE_X25519_AES256CTR, false), 48);
    ck_assert_uint_eq(skp_header_len(SKP_SUITE_X25519_AES256CTR, true), 32);
    ck_assert_uint_eq(skp_header_len(SKP_SUITE_X25519_HPKE_AES256GCM, false),
                      96);
    ck_assert_uint_eq(skp_header_len(SKP_SUITE_ANY, false), 0);
}
END_TEST

static void
seals_golden(const struct skt_golden *golden, enum skp_suite suite, bool raw)
{
    struct fixture fx;
    struct skp_recipient recipient;
    struct skp_view expected = skt_hex(golden->header);
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t header[SKP_HEADER_MAX];
    size_t len;

    set_up(&fx, golden);
    recipient = skt_recipient(&fx.key, golden->tenant);
    skt_random_script_add(&fx.random, golden->ephemeral_private);
    if (suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        skt_random_script_add(&fx.random, golden->data_key);
    }
    skt_ok(skp_header_seal(fx.crypto, suite, raw, &recipient, data_key, header,
                           &len));
    skt_random_script_used(&fx.random);
    if (raw) {
        expected.ptr += SKP_PREFIX_LEN;
        expected.len -= SKP_PREFIX_LEN;
    }
    skt_bytes_eq((struct skp_view){ header, len }, expected);
    skt_bytes_eq((struct skp_view){ data_key, sizeof data_key },
                 skt_hex(golden->data_key));
    tear_down(&fx);
}

START_TEST(seals_the_golden_headers)
{
    seals_golden(&skt_golden_1, SKP_SUITE_X25519_AES256CTR, false);
    seals_golden(&skt_golden_1, SKP_SUITE_X25519_AES256CTR, true);
    seals_golden(&skt_golden_2, SKP_SUITE_X25519_HPKE_AES256GCM, false);
    seals_golden(&skt_golden_former, SKP_SUITE_X25519_HPKE_AES256GCM, false);
}
END_TEST

static void opens_golden(const struct skt_golden *golden, bool raw)
{
    struct fixture fx;
    struct skp_header header =
        parse(golden->header + (raw ? 2 * SKP_PREFIX_LEN : 0), raw);
    uint8_t data_key[SKP_KEY_LEN];

    set_up(&fx, golden);
    skt_ok(open_header(&fx, &header, data_key));
    skt_bytes_eq((struct skp_view){ data_key, sizeof data_key },
                 skt_hex(golden->data_key));
    tear_down(&fx);
}

START_TEST(opens_the_golden_headers)
{
    opens_golden(&skt_golden_1, false);
    opens_golden(&skt_golden_1, true);
    opens_golden(&skt_golden_2, false);
    opens_golden(&skt_golden_former, false);
}
END_TEST

START_TEST(parses_into_views_of_the_input)
{
    struct skp_view bytes = skt_hex(skt_golden_2.header);
    struct skp_header header;

    skt_ok(skp_header_parse(bytes, false, SKP_SUITE_ANY, &header, NULL));
    ck_assert_uint_eq(header.suite, 2);
    ck_assert(!header.raw);
    ck_assert_uint_eq(header.len, 96);
    ck_assert_ptr_eq(header.prefix, bytes.ptr);
    ck_assert_ptr_eq(header.key_id, bytes.ptr + 8);
    ck_assert_ptr_eq(header.enc, bytes.ptr + 16);
    ck_assert_ptr_eq(header.sealed, bytes.ptr + 48);
    bytes = skt_hex(skt_golden_1.header);
    skt_ok(skp_header_parse(bytes, false, SKP_SUITE_ANY, &header, NULL));
    ck_assert_uint_eq(header.suite, 1);
    ck_assert_uint_eq(header.len, 48);
    ck_assert_ptr_eq(header.enc, bytes.ptr + 16);
    ck_assert_ptr_null(header.sealed);
    skt_ok(skp_header_parse(bytes, true, SKP_SUITE_ANY, &header, NULL));
    ck_assert(header.raw);
    ck_assert_uint_eq(header.len, 32);
    ck_assert_ptr_eq(header.enc, bytes.ptr);
    ck_assert_ptr_null(header.prefix);
    ck_assert_ptr_null(header.key_id);
}
END_TEST

/* What parsing must say of header 2 with one byte changed. */
static enum skp_err expect_parsed(struct skp_view bytes)
{
    static const uint8_t good[8] = { 'S', 'K', 'E', '1', 2, 0, 0, 0 };

    if (bytes.len < 16 || memcmp(bytes.ptr, good, 4) != 0) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (bytes.ptr[4] != 1 && bytes.ptr[4] != 2) {
        return SKP_ERR_UNIMPLEMENTED;
    }
    if (memcmp(bytes.ptr + 5, good + 5, 3) != 0) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    return bytes.len < (bytes.ptr[4] == 1 ? 48 : 96) ? SKP_ERR_INVALID_ARGUMENT
                                                     : SKP_ERR_OK;
}

static void checks_mutant(void *state, const struct skt_mutant *mutant)
{
    struct fixture *fx = state;
    enum skp_err expected = expect_parsed(mutant->bytes);
    struct skp_diag diag = { "" };
    struct skp_header header = { .len = 77 };
    uint8_t data_key[SKP_KEY_LEN];

    skt_err(
        skp_header_parse(mutant->bytes, false, SKP_SUITE_ANY, &header, &diag),
        expected);
    if (expected != SKP_ERR_OK) {
        ck_assert_uint_eq(header.len, 77);
        ck_assert_str_ne(diag.text, "");
    } else if (header.suite == SKP_SUITE_X25519_HPKE_AES256GCM &&
               mutant->bytes.len == SKP_HEADER_2_LEN) {
        skt_err(open_header(fx, &header, data_key), SKP_ERR_DATA_LOSS);
    }
}

START_TEST(refuses_every_damaged_header_with_its_own_error)
{
    struct fixture fx;

    set_up(&fx, &skt_golden_2);
    skt_mutate(skt_hex(skt_golden_2.header), checks_mutant, &fx);
    tear_down(&fx);
}
END_TEST

static void parses_from_48_bytes(void *state, const struct skt_mutant *mutant)
{
    struct skp_header header;
    enum skp_err err =
        skp_header_parse(mutant->bytes, false, SKP_SUITE_ANY, &header, NULL);

    (void)state;
    ck_assert(err != SKP_ERR_OK || mutant->bytes.len >= 48);
    skt_err(skp_header_parse(mutant->bytes, true, SKP_SUITE_ANY, &header, NULL),
            mutant->bytes.len < 32 ? SKP_ERR_INVALID_ARGUMENT : SKP_ERR_OK);
}

START_TEST(never_reads_past_a_cut_header_of_suite_1)
{
    skt_mutate(skt_hex(skt_golden_1.header), parses_from_48_bytes, NULL);
}
END_TEST

START_TEST(takes_only_the_suite_that_is_demanded)
{
    struct skp_view one = skt_hex(skt_golden_1.header);
    struct skp_view two = skt_hex(skt_golden_2.header);
    struct skp_view unknown = skt_hex("534b4531070000003e79bd828a6533d9");
    struct skp_header header;
    struct skp_diag diag = { "" };

    skt_ok(skp_header_parse(one, false, SKP_SUITE_X25519_AES256CTR, &header,
                            NULL));
    skt_ok(skp_header_parse(two, false, SKP_SUITE_X25519_HPKE_AES256GCM,
                            &header, NULL));
    skt_err(skp_header_parse(one, false, SKP_SUITE_X25519_HPKE_AES256GCM,
                             &header, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "envelope is of suite 1, suite 2 is demanded");
    skt_err(
        skp_header_parse(two, false, SKP_SUITE_X25519_AES256CTR, &header, NULL),
        SKP_ERR_INVALID_ARGUMENT);
    skt_err(skp_header_parse(one, true, SKP_SUITE_X25519_HPKE_AES256GCM,
                             &header, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    /* A caller may ask for a suite that only a later version knows. */
    skt_err(skp_header_parse(one, true, (enum skp_suite)3, &header, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    skt_ok(
        skp_header_parse(one, true, SKP_SUITE_X25519_AES256CTR, &header, NULL));
    skt_err(skp_header_parse(unknown, false, SKP_SUITE_X25519_AES256CTR,
                             &header, NULL),
            SKP_ERR_UNIMPLEMENTED);
}
END_TEST

START_TEST(binds_suite_2_to_the_tenant_as_written)
{
    struct fixture fx;
    struct skp_header header = parse(skt_golden_2.header, false);
    struct skp_key_pair keys;
    uint8_t data_key[SKP_KEY_LEN] = { 0xee };

    set_up(&fx, &skt_golden_2);
    keys = skt_key_pair(&fx.key);
    skt_err(skp_header_open(fx.crypto, &header, &keys,
                            skp_view_of("67F1ADF3-08E5-4EEA-94E3-E611F263C87B"),
                            data_key),
            SKP_ERR_DATA_LOSS);
    skt_err(
        skp_header_open(fx.crypto, &header, &keys, skp_view_of(""), data_key),
        SKP_ERR_DATA_LOSS);
    ck_assert_uint_eq(data_key[0], 0xee);
    tear_down(&fx);
}
END_TEST

START_TEST(refuses_a_tenant_that_is_too_long)
{
    struct fixture fx;
    struct skp_recipient recipient;
    uint8_t long_name[SKP_TENANT_MAX + 1];
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t header[SKP_HEADER_MAX];
    size_t len;

    set_up(&fx, &skt_golden_2);
    memset(long_name, 'x', sizeof long_name);
    recipient = skt_recipient(&fx.key, "");
    for (size_t over = 0; over < 2; over++) {
        skt_random_script_set(&fx.random, skt_golden_2.ephemeral_private);
        skt_random_script_add(&fx.random, skt_golden_2.data_key);
        recipient.tenant =
            (struct skp_view){ long_name, SKP_TENANT_MAX + over };
        skt_err(skp_header_seal(fx.crypto, SKP_SUITE_X25519_HPKE_AES256GCM,
                                false, &recipient, data_key, header, &len),
                over == 0 ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
    }
    tear_down(&fx);
}
END_TEST

START_TEST(seals_nothing_without_random_bytes)
{
    struct fixture fx;
    struct skp_recipient recipient;
    uint8_t data_key[SKP_KEY_LEN] = { 0xee };
    uint8_t header[SKP_HEADER_MAX] = { 0xee };
    size_t len = 77;

    set_up(&fx, &skt_golden_2);
    recipient = skt_recipient(&fx.key, skt_golden_2.tenant);
    skt_err(skp_header_seal(fx.crypto, SKP_SUITE_X25519_AES256CTR, false,
                            &recipient, data_key, header, &len),
            SKP_ERR_INTERNAL);
    skt_random_script_add(&fx.random, skt_golden_2.ephemeral_private);
    skt_err(skp_header_seal(fx.crypto, SKP_SUITE_X25519_HPKE_AES256GCM, false,
                            &recipient, data_key, header, &len),
            SKP_ERR_INTERNAL);
    skt_err(skp_header_seal(fx.crypto, SKP_SUITE_ANY, false, &recipient,
                            data_key, header, &len),
            SKP_ERR_UNIMPLEMENTED);
    ck_assert_uint_eq(data_key[0], 0xee);
    ck_assert_uint_eq(header[0], 0xee);
    ck_assert_uint_eq(len, 77);
    tear_down(&fx);
}
END_TEST

START_TEST(refuses_low_order_keys_in_both_suites)
{
    static const uint8_t point[SKP_KEY_LEN] = { 1 };
    struct fixture fx;
    struct skp_recipient recipient;
    struct skp_header header = parse(skt_golden_1.header, false);
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t made[SKP_HEADER_MAX];
    size_t len;

    set_up(&fx, &skt_golden_2);
    recipient = skt_recipient(&fx.key, skt_golden_2.tenant);
    recipient.public_key = point;
    for (unsigned suite = 1; suite <= 2; suite++) {
        skt_random_script_set(&fx.random, skt_golden_2.ephemeral_private);
        skt_random_script_add(&fx.random, skt_golden_2.data_key);
        skt_err(skp_header_seal(fx.crypto, (enum skp_suite)suite, false,
                                &recipient, data_key, made, &len),
                SKP_ERR_INVALID_ARGUMENT);
    }
    header.enc = point;
    skt_err(open_header(&fx, &header, data_key), SKP_ERR_INVALID_ARGUMENT);
    header = parse(skt_golden_2.header, false);
    header.enc = point;
    skt_err(open_header(&fx, &header, data_key), SKP_ERR_INVALID_ARGUMENT);
    tear_down(&fx);
}
END_TEST

START_TEST(rewraps_the_golden_header)
{
    struct fixture fx;
    struct skp_header header = parse(skt_golden_former.header, false);
    struct skp_key_pair old_keys;
    struct skt_key current;
    struct skp_recipient recipient;
    uint8_t made[SKP_HEADER_2_LEN];

    set_up(&fx, &skt_golden_former);
    old_keys = skt_key_pair(&fx.key);
    skt_key_init(&current, skt_rewrap_seed);
    recipient = skt_recipient(&current, skt_golden_former.tenant);
    skt_random_script_add(&fx.random, skt_rewrap_ephemeral);
    skt_ok(skp_header_rewrap(fx.crypto, &header, &old_keys, &recipient, made));
    skt_random_script_used(&fx.random);
    skt_bytes_eq((struct skp_view){ made, sizeof made },
                 skt_hex(skt_rewrap_header));
    tear_down(&fx);
}
END_TEST

START_TEST(rewraps_neither_suite_1_nor_a_damaged_header)
{
    struct fixture fx;
    struct skp_header one = parse(skt_golden_1.header, false);
    struct skp_header former = parse(skt_golden_former.header, false);
    struct skp_key_pair keys;
    struct skp_recipient recipient;
    uint8_t made[SKP_HEADER_2_LEN] = { 0xee };

    set_up(&fx, &skt_golden_1);
    keys = skt_key_pair(&fx.key);
    recipient = skt_recipient(&fx.key, skt_golden_1.tenant);
    skt_err(skp_header_rewrap(fx.crypto, &one, &keys, &recipient, made),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skp_header_rewrap(fx.crypto, &former, &keys, &recipient, made),
            SKP_ERR_DATA_LOSS);
    ck_assert_uint_eq(made[0], 0xee);
    tear_down(&fx);
}
END_TEST

SKT_SUITE("header",
          knows_its_suites_by_number_and_name,
          seals_the_golden_headers,
          opens_the_golden_headers,
          parses_into_views_of_the_input,
          refuses_every_damaged_header_with_its_own_error,
          never_reads_past_a_cut_header_of_suite_1,
          takes_only_the_suite_that_is_demanded,
          binds_suite_2_to_the_tenant_as_written,
          refuses_a_tenant_that_is_too_long,
          seals_nothing_without_random_bytes,
          refuses_low_order_keys_in_both_suites,
          rewraps_the_golden_header,
          rewraps_neither_suite_1_nor_a_damaged_header)
