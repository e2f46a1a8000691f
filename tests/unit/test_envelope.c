/* test_envelope.c - whole envelopes against the shared golden vectors. */
#include <string.h>

#include "protocol/envelope.h"
#include "tests/lib/envelopes.h"
#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"

static uint8_t envelope_bytes[SKT_ENVELOPE_MAX];
static uint8_t plaintext_bytes[SKT_ENVELOPE_MAX];

static struct skp_crypto *make_crypto(void)
{
    struct skp_crypto *crypto = NULL;

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    return crypto;
}

static struct skp_view view_of(const struct skp_buf *buf)
{
    return (struct skp_view){ buf->ptr, buf->len };
}

/* What a reader of envelopes does: parse, find the tenant's key, open. */
static enum skp_err open_data_key(const cJSON *json,
                                  struct skp_crypto *crypto,
                                  const char *tenant,
                                  const struct skp_header *header,
                                  uint8_t *ret)
{
    struct skt_key key = { { 0 }, { 0 }, { 0 } };
    struct skp_key_pair keys = skt_key_pair(&key);

    if (!skt_envelope_key(json, tenant, header->key_id, &key)) {
        return SKP_ERR_NOT_FOUND;
    }
    return skp_header_open(crypto, header, &keys, skp_view_of(tenant), ret);
}

static enum skp_err open_envelope(const cJSON *json,
                                  const char *tenant,
                                  struct skp_view aad,
                                  struct skp_view bytes,
                                  struct skp_buf *ret)
{
    struct skp_crypto *crypto = make_crypto();
    struct skp_header header;
    uint8_t data_key[SKP_KEY_LEN];
    enum skp_err err =
        skp_header_parse(bytes, false, SKP_SUITE_ANY, &header, NULL);

    if (err == SKP_ERR_OK) {
        err = open_data_key(json, crypto, tenant, &header, data_key);
    }
    if (err == SKP_ERR_OK) {
        err = skp_payload_open(
            crypto, header.suite, data_key, aad,
            (struct skp_view){ bytes.ptr + header.len, bytes.len - header.len },
            ret, NULL);
    }
    skp_crypto_free(&crypto);
    return err;
}

static struct skp_view aad_of(const cJSON *row)
{
    return cJSON_HasObjectItem(row, "aad") ? skt_hex_of(row, "aad")
                                           : (struct skp_view){ NULL, 0 };
}

static void check_positive(const cJSON *json, const cJSON *row)
{
    struct skp_buf envelope =
        skp_buf_over(envelope_bytes, sizeof envelope_bytes);
    struct skp_buf plaintext =
        skp_buf_over(plaintext_bytes, sizeof plaintext_bytes);

    skt_envelope_build(json, row, &envelope);
    if (cJSON_HasObjectItem(row, "envelope")) {
        skt_bytes_eq(view_of(&envelope), skt_hex_of(row, "envelope"));
    }
    ck_assert_uint_eq(envelope.len, (size_t)skt_number(row, "envelope_length"));
    skt_sha256_is(view_of(&envelope), skt_text(row, "envelope_sha256"));
    skt_ok(open_envelope(json, skt_text(row, "tenant"), aad_of(row),
                         view_of(&envelope), &plaintext));
    ck_assert_uint_eq(plaintext.len, (size_t)skt_number(row, "length"));
    skt_sha256_is(view_of(&plaintext), skt_text(row, "plaintext_sha256"));
}

static void check_suite(const char *suite, int n_expected)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, suite))
    {
        check_positive(json, row);
        n++;
    }
    ck_assert_int_eq(n, n_expected);
}

START_TEST(seals_and_opens_every_golden_envelope_of_suite_1)
{
    check_suite("suite1", 13);
}
END_TEST

START_TEST(seals_and_opens_every_golden_envelope_of_suite_2)
{
    check_suite("suite2", 21);
}
END_TEST

/* The bytes [offset, offset + len) of a suite 1 payload. */
static void read_range_1(struct skp_crypto *crypto,
                         const uint8_t *key,
                         const uint8_t *payload,
                         size_t offset,
                         size_t len)
{
    skt_ok(skp_ctr_apply(crypto, key, offset,
                         (struct skp_view){ payload + offset, len },
                         plaintext_bytes));
}

/* The same of suite 2: whole chunks, of which the ends are dropped. */
static void read_range_2(struct skp_crypto *crypto,
                         const cJSON *row,
                         struct skp_view payload,
                         size_t offset,
                         size_t len)
{
    size_t first = offset / SKP_CHUNK_LEN;
    size_t end = offset + len == 0 ? 0 : (offset + len - 1) / SKP_CHUNK_LEN;
    size_t n_chunks = (size_t)skt_number(row, "length") / SKP_CHUNK_LEN + 1;
    struct skp_chunked chunked = { 0 };

    skt_ok(skp_payload_init_open(&chunked, crypto,
                                 skt_hex_of(row, "data_key").ptr, aad_of(row),
                                 payload.ptr));
    for (size_t i = first; i <= end && i < n_chunks; i++) {
        size_t at = SKP_CHUNKED_HEAD_LEN + i * SKP_CHUNK_SEALED_LEN;
        bool is_last = i == n_chunks - 1;
        size_t chunk_len = is_last ? payload.len - at : SKP_CHUNK_SEALED_LEN;

        skt_ok(
            skp_chunked_open(&chunked, i, is_last,
                             (struct skp_view){ payload.ptr + at, chunk_len },
                             plaintext_bytes + (i - first) * SKP_CHUNK_LEN));
    }
    memmove(plaintext_bytes, plaintext_bytes + offset % SKP_CHUNK_LEN, len);
    skp_chunked_done(&chunked);
}

static int check_ranges(const cJSON *json, const cJSON *row)
{
    enum skp_suite suite = skt_envelope_suite(row);
    struct skp_buf envelope =
        skp_buf_over(envelope_bytes, sizeof envelope_bytes);
    struct skp_crypto *crypto = make_crypto();
    const cJSON *range;
    size_t header_len = skp_header_len(suite, false);
    struct skp_view payload;
    int n = 0;

    skt_envelope_build(json, row, &envelope);
    payload = (struct skp_view){ envelope.ptr + header_len,
                                 envelope.len - header_len };
    cJSON_ArrayForEach(range, cJSON_GetObjectItem(row, "ranges"))
    {
        size_t offset = (size_t)skt_number(range, "offset");
        size_t len = (size_t)skt_number(range, "length");

        if (suite == SKP_SUITE_X25519_AES256CTR) {
            read_range_1(crypto, skt_hex_of(row, "stream_key").ptr, payload.ptr,
                         offset, len);
        } else {
            read_range_2(crypto, row, payload, offset, len);
        }
        skt_sha256_is((struct skp_view){ plaintext_bytes, len },
                      skt_text(range, "sha256"));
        n++;
    }
    skp_crypto_free(&crypto);
    return n;
}

START_TEST(reads_every_range_alone)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "suite1"))
    {
        n += check_ranges(json, row);
    }
    ck_assert_int_gt(n, 0);
    cJSON_ArrayForEach(row, skt_member(json, "suite2"))
    {
        n += check_ranges(json, row);
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

START_TEST(opens_every_raw_envelope_of_suite_1)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "suite1"))
    {
        struct skp_buf envelope =
            skp_buf_over(envelope_bytes, sizeof envelope_bytes);
        struct skp_crypto *crypto;
        struct skp_header header;
        struct skt_key key = { { 0 }, { 0 }, { 0 } };
        struct skp_key_pair keys = skt_key_pair(&key);
        struct skp_view raw;
        uint8_t data_key[SKP_KEY_LEN];

        if (!cJSON_HasObjectItem(row, "raw_sha256")) {
            continue;
        }
        crypto = make_crypto();
        skt_envelope_build(json, row, &envelope);
        raw = (struct skp_view){ envelope.ptr + SKP_PREFIX_LEN,
                                 envelope.len - SKP_PREFIX_LEN };
        skt_sha256_is(raw, skt_text(row, "raw_sha256"));
        skt_ok(skp_header_parse(raw, true, SKP_SUITE_ANY, &header, NULL));
        ck_assert(skt_envelope_key(json, skt_text(row, "tenant"),
                                   envelope.ptr + 8, &key));
        skt_ok(
            skp_header_open(crypto, &header, &keys, skp_view_of(""), data_key));
        skt_bytes_eq((struct skp_view){ data_key, sizeof data_key },
                     skt_hex_of(row, "stream_key"));
        skp_crypto_free(&crypto);
    }
}
END_TEST

START_TEST(rewraps_as_the_shared_vector_says)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "rewrap"))
    {
        struct skt_random_script random;
        struct skp_crypto *crypto = NULL;
        struct skp_header header;
        struct skt_key old_key = { { 0 }, { 0 }, { 0 } };
        struct skt_key new_key = { { 0 }, { 0 }, { 0 } };
        struct skp_key_pair old_keys = skt_key_pair(&old_key);
        struct skp_recipient recipient =
            skt_recipient(&new_key, skt_text(row, "tenant"));
        struct skp_buf envelope =
            skp_buf_over(envelope_bytes, sizeof envelope_bytes);

        skt_random_script_init(&random);
        skt_random_script_add(&random, skt_text(row, "ephemeral_private"));
        skt_ok(skp_crypto_new(&random.table, &crypto));
        skt_envelope_build(json, skt_envelope_row(json, skt_text(row, "from")),
                           &envelope);
        skt_ok(skp_header_parse(view_of(&envelope), false, SKP_SUITE_ANY,
                                &header, NULL));
        ck_assert(skt_envelope_key(json, skt_text(row, "tenant"), header.key_id,
                                   &old_key));
        ck_assert(skt_envelope_key(json, skt_text(row, "tenant"),
                                   skt_hex_of(row, "new_key_id").ptr,
                                   &new_key));
        skt_ok(skp_header_rewrap(crypto, &header, &old_keys, &recipient,
                                 envelope.ptr));
        skt_bytes_eq((struct skp_view){ envelope.ptr, SKP_HEADER_2_LEN },
                     skt_hex_of(row, "header"));
        skt_sha256_is(view_of(&envelope), skt_text(row, "envelope_sha256"));
        skp_crypto_free(&crypto);
    }
}
END_TEST

static bool is_expected(const cJSON *negative, const char *got)
{
    const cJSON *other;

    if (strcmp(skt_text(negative, "expect"), got) == 0) {
        return true;
    }
    cJSON_ArrayForEach(other, skt_member(negative, "also"))
    {
        if (strcmp(cJSON_GetStringValue(other), got) == 0) {
            return true;
        }
    }
    return false;
}

/* The one class that is no error: something is answered, but it comes from
 * suite 1, which callers know to be unauthenticated. */
static const char *name_result(enum skp_err err, struct skp_view envelope)
{
    if (err == SKP_ERR_OK && envelope.ptr[4] == SKP_SUITE_X25519_AES256CTR) {
        return "UNAUTHENTICATED_GARBAGE";
    }
    return skp_err_name(err);
}

static void check_negative(const cJSON *json, const cJSON *row)
{
    struct skp_buf envelope =
        skp_buf_over(envelope_bytes, sizeof envelope_bytes);
    struct skp_buf plaintext =
        skp_buf_over(plaintext_bytes, sizeof plaintext_bytes);
    struct skp_crypto *crypto = make_crypto();
    struct skp_header header;
    uint8_t data_key[SKP_KEY_LEN];
    enum skp_err err;

    skt_envelope_damage(json, row, &envelope);
    err = open_envelope(json, skt_text(row, "tenant"), skt_hex_of(row, "aad"),
                        view_of(&envelope), &plaintext);
    ck_assert_msg(is_expected(row, name_result(err, view_of(&envelope))),
                  "%s: %s", skt_text(row, "name"), skp_err_name(err));
    ck_assert(err == SKP_ERR_OK || plaintext.len == 0);

    err = skp_header_parse(view_of(&envelope), false, SKP_SUITE_ANY, &header,
                           NULL);
    if (err == SKP_ERR_OK) {
        err = open_data_key(json, crypto, skt_text(row, "tenant"), &header,
                            data_key);
    }
    ck_assert_msg((err != SKP_ERR_OK) ==
                      cJSON_IsTrue(skt_member(row, "header_refused")),
                  "%s: header: %s", skt_text(row, "name"), skp_err_name(err));
    skp_crypto_free(&crypto);
}

START_TEST(refuses_every_negative_case_with_its_error)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "negative"))
    {
        check_negative(json, row);
        n++;
    }
    ck_assert_int_eq(n, 81);
}
END_TEST

SKT_SUITE("envelope",
          seals_and_opens_every_golden_envelope_of_suite_1,
          seals_and_opens_every_golden_envelope_of_suite_2,
          reads_every_range_alone,
          opens_every_raw_envelope_of_suite_1,
          rewraps_as_the_shared_vector_says,
          refuses_every_negative_case_with_its_error)
