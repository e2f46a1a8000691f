/* test_stream_size.c - lengths of plaintexts and envelopes. */
#include "libclient/sidekey_stream.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

#define SUITE_1 SIDEKEY_SUITE_X25519_AES256CTR
#define SUITE_2 SIDEKEY_SUITE_X25519_HPKE_AES256GCM

/* The longest plaintext of suite 2. */
#define LONGEST ((UINT64_C(1) << 52) - 1)

START_TEST(lengths_are_those_of_the_format)
{
    static const struct {
        uint64_t plaintext;
        uint64_t envelope;
    } rows[] = {
        { 0, 168 },
        { 1, 169 },
        { 16383, 16551 },
        { 16384, 16568 },
        { 16385, 16569 },
        { 32768, 32968 },
        { 1u << 20, 1049768 },
        { LONGEST, UINT64_C(4507997673881751) },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        uint64_t len = 0;

        skt_status_ok(
            sidekey_envelope_size(SUITE_2, false, rows[i].plaintext, &len));
        ck_assert_uint_eq(len, rows[i].envelope);
        skt_status_ok(sidekey_plaintext_size(SIDEKEY_SUITE_ANY, false,
                                             rows[i].envelope, &len));
        ck_assert_uint_eq(len, rows[i].plaintext);
    }
}
END_TEST

START_TEST(suite_1_adds_its_header_only)
{
    uint64_t len = 0;

    skt_status_ok(sidekey_envelope_size(SUITE_1, false, 1000, &len));
    ck_assert_uint_eq(len, 1048);
    skt_status_ok(sidekey_envelope_size(SIDEKEY_SUITE_ANY, true, 1000, &len));
    ck_assert_uint_eq(len, 1032);
    skt_status_ok(sidekey_plaintext_size(SUITE_1, true, 1032, &len));
    ck_assert_uint_eq(len, 1000);
    skt_status_ok(sidekey_plaintext_size(SUITE_1, false, 48, &len));
    ck_assert_uint_eq(len, 0);
}
END_TEST

/* Each length either is that of exactly one plaintext, or of none. */
START_TEST(one_function_is_the_inverse_of_the_other)
{
    uint64_t expected = 0;

    for (uint64_t len = 96; len < 50000; len++) {
        uint64_t plain = 0;
        uint64_t back = 0;

        if (sidekey_plaintext_size(SUITE_2, false, len, &plain) != SIDEKEY_OK) {
            ck_assert_str_ne(sidekey_stream_error_text(), "");
            continue;
        }
        ck_assert_uint_eq(plain, expected);
        skt_status_ok(sidekey_envelope_size(SUITE_2, false, plain, &back));
        ck_assert_uint_eq(back, len);
        expected++;
    }
    ck_assert_uint_eq(expected, 49784);
}
END_TEST

START_TEST(what_overflows_is_refused_and_changes_nothing)
{
    uint64_t len = 7;

    skt_status(sidekey_envelope_size(SUITE_2, false, LONGEST + 1, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_envelope_size(SUITE_2, false, UINT64_MAX, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_envelope_size(SUITE_1, false, UINT64_MAX - 47, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_envelope_size(SUITE_1, true, UINT64_MAX - 31, &len),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_plaintext_size(SUITE_2, false, UINT64_MAX, &len),
               SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(len, 7);
    skt_status_ok(sidekey_envelope_size(SUITE_1, false, UINT64_MAX - 48, &len));
    ck_assert_uint_eq(len, UINT64_MAX);
}
END_TEST

START_TEST(what_is_no_envelope_is_refused)
{
    uint64_t len = 7;

    skt_status(sidekey_plaintext_size(SUITE_2, false, 95, &len),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_plaintext_size(SUITE_1, true, 31, &len),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_plaintext_size(SUITE_2, false, 167, &len),
               SIDEKEY_DATA_LOSS);
    /* A whole chunk is never the last. */
    skt_status(sidekey_plaintext_size(SUITE_2, false, 152 + 16400, &len),
               SIDEKEY_DATA_LOSS);
    skt_status(sidekey_plaintext_size(SUITE_2, true, 1000, &len),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_envelope_size(SUITE_2, true, 1000, &len),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_envelope_size((enum sidekey_suite)3, false, 1000, &len),
               SIDEKEY_UNIMPLEMENTED);
    ck_assert_uint_eq(len, 7);
}
END_TEST

SKT_SUITE("stream_size",
          lengths_are_those_of_the_format,
          suite_1_adds_its_header_only,
          one_function_is_the_inverse_of_the_other,
          what_overflows_is_refused_and_changes_nothing,
          what_is_no_envelope_is_refused)
