/* test_range_plan.c - which bytes of an envelope a range needs. */
#include "libclient/sidekey_stream.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/streams.h"
#include "tests/lib/suite.h"

#define SUITE_1 SIDEKEY_SUITE_X25519_AES256CTR
#define SUITE_2 SIDEKEY_SUITE_X25519_HPKE_AES256GCM
#define SEALED  UINT64_C(16400)
#define ALL     SIDEKEY_TO_END
#define UNKNOWN SIDEKEY_SIZE_UNKNOWN

struct row {
    enum sidekey_suite suite;
    uint64_t plaintext_len; /* UNKNOWN: so is the envelope's */
    struct sidekey_range range;
    uint64_t chunks_at, chunks_len, at, len;
    bool verifies_end;
};

static void plans(const struct row *row)
{
    struct sidekey_range_plan plan;
    uint64_t size = UNKNOWN;

    if (row->plaintext_len != UNKNOWN) {
        skt_status_ok(sidekey_envelope_size(row->suite, false,
                                            row->plaintext_len, &size));
    }
    skt_status_ok(
        sidekey_range_plan(row->suite, false, size, &row->range, &plan));
    ck_assert_uint_eq(plan.head_len, row->suite == SUITE_1 ? 48 : 152);
    ck_assert_uint_eq(plan.chunks_at, row->chunks_at);
    ck_assert_uint_eq(plan.chunks_len, row->chunks_len);
    ck_assert_uint_eq(plan.at, row->at);
    ck_assert_uint_eq(plan.len, row->len);
    ck_assert_int_eq(plan.verifies_end, row->verifies_end);
    ck_assert_int_eq(plan.size_known, row->plaintext_len != UNKNOWN);
    ck_assert_int_eq((int)plan.suite, (int)row->suite);
}

START_TEST(a_range_is_the_chunks_that_it_touches)
{
    static const struct row rows[] = {
        { SUITE_2, 50000, { 0, 1, false }, 152, SEALED, 0, 1, false },
        { SUITE_2, 50000, { 16383, 1, false }, 152, SEALED, 16383, 1, false },
        { SUITE_2, 50000, { 16383, 2, false }, 152, 32800, 16383, 2, false },
        { SUITE_2,
          50000,
          { 16384, 16384, false },
          16552,
          SEALED,
          16384,
          16384,
          false },
        { SUITE_2, 50000, { 49151, 1, false }, 32952, SEALED, 49151, 1, false },
        { SUITE_2,
          UNKNOWN,
          { 20000, 5, false },
          16552,
          SEALED,
          20000,
          5,
          false },
        { SUITE_1, 50000, { 16383, 2, false }, 48 + 16383, 2, 16383, 2, false },
        { SUITE_1, UNKNOWN, { 7, 9, false }, 48 + 7, 9, 7, 9, false },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        plans(&rows[i]);
    }
}
END_TEST

START_TEST(a_range_to_the_end_has_the_last_chunk)
{
    static const struct row rows[] = {
        /* all of it, asked for in three ways */
        { SUITE_2, 50000, { 0, ALL, false }, 152, 50064, 0, 50000, true },
        { SUITE_2, 50000, { 0, 50000, false }, 152, 50064, 0, 50000, true },
        { SUITE_2, 50000, { 0, ALL, true }, 152, 50064, 0, 50000, true },
        { SUITE_2, 50000, { 49999, 9, false }, 49352, 864, 49999, 1, true },
        { SUITE_2, 50000, { 0, 10, true }, 49352, 864, 49990, 10, true },
        { SUITE_2, 50000, { 99, 849, true }, 32952, 17264, 49151, 849, true },
        { SUITE_2, 50000, { 0, 0, true }, 49352, 864, 50000, 0, true },
        /* it was touched anyway */
        { SUITE_2, 50000, { 49200, 1, false }, 49352, 864, 49200, 1, true },
        /* of whole chunks only: the last one is empty and fetched, too */
        { SUITE_2, 32768, { 32767, 1, false }, 16552, 16416, 32767, 1, true },
        { SUITE_2, 32768, { 0, 0, true }, 32952, 16, 32768, 0, true },
        { SUITE_2, 32768, { 32766, 1, false }, 16552, SEALED, 32766, 1, false },
        { SUITE_2, 0, { 0, ALL, false }, 152, 16, 0, 0, true },
        { SUITE_2, UNKNOWN, { 0, ALL, false }, 152, ALL, 0, ALL, true },
        { SUITE_2,
          UNKNOWN,
          { 40000, ALL, false },
          32952,
          ALL,
          40000,
          ALL,
          true },
        { SUITE_1, 50000, { 0, 10, true }, 50038, 10, 49990, 10, false },
        { SUITE_1, 50000, { 0, ALL, false }, 48, 50000, 0, 50000, false },
        { SUITE_1, UNKNOWN, { 9, ALL, false }, 57, ALL, 9, ALL, false },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        plans(&rows[i]);
    }
}
END_TEST

START_TEST(an_empty_range_is_the_head_only_but_behind_the_end)
{
    static const struct row rows[] = {
        { SUITE_2, 50000, { 5, 0, false }, 152, 0, 5, 0, false },
        { SUITE_2, 50000, { 16384, 0, false }, 16552, 0, 16384, 0, false },
        { SUITE_2, UNKNOWN, { 16384, 0, false }, 16552, 0, 16384, 0, false },
        { SUITE_1, 50000, { 5, 0, false }, 53, 0, 5, 0, false },
        /* that there is nothing behind the end is to be proven */
        { SUITE_2, 50000, { 50000, 0, false }, 49352, 864, 50000, 0, true },
        { SUITE_2, 50000, { 50000, 1, false }, 49352, 864, 50000, 0, true },
        { SUITE_2, 50000, { ALL, ALL, false }, 49352, 864, 50000, 0, true },
        { SUITE_1, 50000, { 50001, 1, false }, 50048, 0, 50000, 0, false },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        plans(&rows[i]);
    }
}
END_TEST

START_TEST(no_sum_overflows)
{
    const uint64_t longest = (UINT64_C(1) << 52) - 1;
    const struct row rows[] = {
        { SUITE_2, 50000, { 1, ALL - 1, false }, 152, 50064, 1, 49999, true },
        { SUITE_2,
          longest,
          { longest - 1, 1, false },
          152 + ((UINT64_C(1) << 38) - 1) * SEALED,
          16399,
          longest - 1,
          1,
          true },
        { SUITE_2, UNKNOWN, { 1, ALL - 1, false }, 152, ALL, 1, ALL, true },
        { SUITE_2,
          UNKNOWN,
          { longest - 2, 1, false },
          152 + ((UINT64_C(1) << 38) - 1) * SEALED,
          SEALED,
          longest - 2,
          1,
          false },
        { SUITE_1, UNKNOWN, { 1, ALL - 1, false }, 49, ALL, 1, ALL, false },
        { SUITE_1,
          ALL - 100,
          { 5, ALL, false },
          53,
          ALL - 105,
          5,
          ALL - 105,
          false },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        plans(&rows[i]);
    }
}
END_TEST

static void refuses(enum sidekey_suite suite,
                    bool raw,
                    uint64_t size,
                    struct sidekey_range range,
                    enum sidekey_status expected)
{
    struct sidekey_range_plan plan = { .head_len = 7 };

    skt_status(sidekey_range_plan(suite, raw, size, &range, &plan), expected);
    ck_assert_uint_eq(plan.head_len, 7);
    ck_assert_str_ne(sidekey_stream_error_text(), "");
}

START_TEST(what_cannot_be_planned_is_refused)
{
    const struct sidekey_range some = { 0, 10, false };
    const struct sidekey_range suffix = { 0, 10, true };
    const struct sidekey_range far = { UINT64_C(1) << 52, 1, false };
    const struct sidekey_range farthest = { ALL, 1, false };

    refuses(SUITE_2, false, UNKNOWN, suffix, SIDEKEY_INVALID_ARGUMENT);
    refuses(SUITE_1, false, UNKNOWN, suffix, SIDEKEY_INVALID_ARGUMENT);
    refuses(SUITE_2, false, UNKNOWN, far, SIDEKEY_INVALID_ARGUMENT);
    refuses(SUITE_1, false, UNKNOWN, farthest, SIDEKEY_INVALID_ARGUMENT);
    refuses(SUITE_2, true, 1000, some, SIDEKEY_INVALID_ARGUMENT);
    refuses(SUITE_2, false, 95, some, SIDEKEY_INVALID_ARGUMENT);
    refuses(SUITE_2, false, 167, some, SIDEKEY_DATA_LOSS);
    refuses((enum sidekey_suite)3, false, 1000, some, SIDEKEY_UNIMPLEMENTED);
}
END_TEST

START_TEST(raw_and_any_are_the_suites_they_stand_for)
{
    const struct sidekey_range some = { 3, 10, false };
    struct sidekey_range_plan plan;

    skt_status_ok(
        sidekey_range_plan(SIDEKEY_SUITE_ANY, true, 132, &some, &plan));
    ck_assert_int_eq((int)plan.suite, 1);
    ck_assert(plan.raw);
    ck_assert_uint_eq(plan.head_len, 32);
    ck_assert_uint_eq(plan.chunks_at, 35);
    skt_status_ok(
        sidekey_range_plan(SIDEKEY_SUITE_ANY, false, 268, &some, &plan));
    ck_assert_int_eq((int)plan.suite, 2);
}
END_TEST

/* A plan as one would make it by looking at every chunk. */
START_TEST(plans_are_what_looking_at_every_chunk_says)
{
    struct skt_dice dice = skt_dice(5);

    for (size_t i = 0; i < 5000; i++) {
        uint64_t plaintext_len = skt_roll(&dice, 100000);
        uint64_t at = skt_roll(&dice, 100000);
        uint64_t len = skt_roll(&dice, 40000);
        uint64_t end = at + len < plaintext_len ? at + len : plaintext_len;
        bool to_end = at + len >= plaintext_len;
        uint64_t envelope_len = 0;
        uint64_t first = UINT64_MAX;
        uint64_t behind = 0;
        bool has_last = to_end;
        struct sidekey_range range = { at, len, false };
        struct sidekey_range_plan plan;

        skt_status_ok(sidekey_envelope_size(SUITE_2, false, plaintext_len,
                                            &envelope_len));
        for (uint64_t k = 0; k <= plaintext_len / 16384; k++) {
            bool is_last = k == plaintext_len / 16384;
            bool touches = k * 16384 < end && (k + 1) * 16384 > at && len > 0;

            has_last = has_last || (touches && is_last);
            if (touches || (is_last && to_end)) {
                first = first == UINT64_MAX ? 152 + k * SEALED : first;
                behind = is_last ? envelope_len : 152 + (k + 1) * SEALED;
            }
        }
        skt_status_ok(
            sidekey_range_plan(SUITE_2, false, envelope_len, &range, &plan));
        ck_assert_uint_eq(plan.chunks_len,
                          first == UINT64_MAX ? 0 : behind - first);
        if (first != UINT64_MAX) {
            ck_assert_uint_eq(plan.chunks_at, first);
        }
        ck_assert_uint_eq(plan.len, end > at ? end - at : 0);
        ck_assert_int_eq(plan.verifies_end, has_last);
    }
}
END_TEST

SKT_SUITE("range_plan",
          a_range_is_the_chunks_that_it_touches,
          a_range_to_the_end_has_the_last_chunk,
          an_empty_range_is_the_head_only_but_behind_the_end,
          no_sum_overflows,
          what_cannot_be_planned_is_refused,
          raw_and_any_are_the_suites_they_stand_for,
          plans_are_what_looking_at_every_chunk_says)
