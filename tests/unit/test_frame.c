/* test_frame.c - where a message ends, and what is refused before that. */
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"
#include "tests/lib/suite.h"
#include "tests/lib/wire.h"

#define UNSET       12345u
#define MESSAGE_MAX ((size_t)SKP_MESSAGE_MAX)

static const struct skp_frame_limits *const both_limits[] = {
    &skp_frame_request_limits, &skp_frame_answer_limits
};

static enum skp_frame scan_request(const char *hex)
{
    size_t len = UNSET;

    return skp_frame_scan(skt_hex(hex), &skp_frame_request_limits, &len);
}

static const char *verdict_name(enum skp_frame verdict)
{
    static const char *const names[] = { "whole", "partial", "over limit",
                                         "malformed" };

    return names[verdict];
}

#define EXPECT(call, verdict) \
    ck_assert_str_eq(verdict_name(call), verdict_name(verdict))

/* ---- what is whole ------------------------------------------------------ */

START_TEST(every_kind_of_value_ends_where_the_specification_says)
{
    static const struct {
        const char *head;
        size_t body;
    } rows[] = {
        { "00", 0 },
        { "7f", 0 },
        { "e0", 0 },
        { "ff", 0 },
        { "c0", 0 },
        { "c2", 0 },
        { "c3", 0 },
        { "cc", 1 },
        { "cd", 2 },
        { "ce", 4 },
        { "cf", 8 },
        { "d0", 1 },
        { "d1", 2 },
        { "d2", 4 },
        { "d3", 8 },
        { "ca", 4 },
        { "cb", 8 },
        { "a0", 0 },
        { "bf", 31 },
        { "d900", 0 },
        { "d9ff", 255 },
        { "c400", 0 },
        { "c4ff", 255 },
        { "da0100", 256 },
        { "90", 0 },
        { "c50100", 256 },
        { "db00000102", 258 },
        { "9f", 15 },
        { "c600010000", 65536 },
        { "80", 0 },
        { "8f", 30 },
        { "dc0010", 16 },
        { "de0010", 32 },
        { "dd00000011", 17 },
        { "df00000010", 32 },
        { "dc0000", 0 },
        { "de0000", 0 },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skp_view head = skt_hex(rows[i].head);
        size_t whole = head.len + rows[i].body;
        uint8_t *bytes = calloc(1, whole + 3);
        size_t len = UNSET;

        memcpy(bytes, head.ptr, head.len);
        EXPECT(skp_frame_scan((struct skp_view){ bytes, whole + 3 },
                              &skp_frame_request_limits, &len),
               SKP_FRAME_WHOLE);
        ck_assert_uint_eq(len, whole);
        len = UNSET;
        EXPECT(skp_frame_scan((struct skp_view){ bytes, whole - 1 },
                              &skp_frame_request_limits, &len),
               SKP_FRAME_PARTIAL);
        ck_assert_uint_eq(len, UNSET);
        free(bytes);
    }
}
END_TEST

START_TEST(every_type_byte_that_starts_no_allowed_value_is_malformed)
{
    static const uint8_t refused[] = { 0xc1, 0xc7, 0xc8, 0xc9, 0xd4,
                                       0xd5, 0xd6, 0xd7, 0xd8 };

    for (size_t i = 0; i < sizeof refused; i++) {
        uint8_t nested[] = { 0x92, 0x00, refused[i] };
        size_t len = UNSET;

        for (size_t l = 0; l < SKP_ARRAY_LEN(both_limits); l++) {
            EXPECT(skp_frame_scan((struct skp_view){ &refused[i], 1 },
                                  both_limits[l], &len),
                   SKP_FRAME_MALFORMED);
            EXPECT(skp_frame_scan((struct skp_view){ nested, 3 },
                                  both_limits[l], &len),
                   SKP_FRAME_MALFORMED);
        }
        ck_assert_uint_eq(len, UNSET);
    }
}
END_TEST

START_TEST(a_message_that_grows_byte_by_byte_is_partial_until_it_is_whole)
{
    for (unsigned i = 0; i < SKT_WIRE_COUNT; i++) {
        struct skp_view golden = skt_wire_bytes(i);
        struct skp_frame_progress progress = { 0 };

        for (size_t cut = 0; cut <= golden.len; cut++) {
            /* Exactly as many bytes as there are, for the sanitizer. */
            uint8_t *copy = skt_wire_copy((struct skp_view){ golden.ptr, cut });
            struct skp_view bytes = { copy, cut };
            enum skp_frame expected =
                cut == golden.len ? SKP_FRAME_WHOLE : SKP_FRAME_PARTIAL;
            size_t len = UNSET;

            EXPECT(skp_frame_scan(bytes, &skp_frame_answer_limits, &len),
                   expected);
            EXPECT(skp_frame_resume(&progress, bytes, &skp_frame_answer_limits,
                                    &len),
                   expected);
            ck_assert_uint_eq(len, cut == golden.len ? cut : UNSET);
            free(copy);
        }
    }
}
END_TEST

START_TEST(two_messages_in_one_buffer_are_found_one_after_the_other)
{
    struct skp_view first = skt_wire_bytes(SKT_WIRE_REQUEST(SKP_METHOD_WATCH));
    struct skp_view second =
        skt_wire_bytes(SKT_WIRE_REQUEST(SKP_METHOD_ENCRYPT));
    uint8_t bytes[512];
    size_t len = 0;

    memcpy(bytes, first.ptr, first.len);
    memcpy(bytes + first.len, second.ptr, second.len);
    EXPECT(skp_frame_scan((struct skp_view){ bytes, first.len + second.len },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_WHOLE);
    ck_assert_uint_eq(len, first.len);
    EXPECT(skp_frame_scan((struct skp_view){ bytes + len, second.len },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_WHOLE);
    ck_assert_uint_eq(len, second.len);
}
END_TEST

START_TEST(no_bytes_at_all_are_partial)
{
    size_t len = UNSET;

    EXPECT(skp_frame_scan((struct skp_view){ NULL, 0 },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_PARTIAL);
    ck_assert_uint_eq(len, UNSET);
}
END_TEST

/* ---- limits ------------------------------------------------------------- */

START_TEST(limits_are_those_of_the_protocol)
{
    ck_assert_uint_eq(skp_frame_request_limits.message_max, 262144);
    ck_assert_uint_eq(skp_frame_request_limits.depth_max, 4);
    ck_assert_uint_eq(skp_frame_request_limits.map_max, 16);
    ck_assert_uint_eq(skp_frame_answer_limits.message_max, 262144);
    ck_assert_uint_eq(skp_frame_answer_limits.depth_max, 8);
    ck_assert_uint_eq(skp_frame_answer_limits.map_max, 64);
}
END_TEST

START_TEST(a_message_may_have_as_many_bytes_as_its_limit_and_not_one_more)
{
    uint8_t *bytes = calloc(1, MESSAGE_MAX + 1);
    size_t len = UNSET;

    /* bin 32 of limit - 5 bytes. */
    memcpy(bytes, skt_hex("c60003fffb").ptr, 5);
    EXPECT(skp_frame_scan((struct skp_view){ bytes, MESSAGE_MAX },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_WHOLE);
    ck_assert_uint_eq(len, MESSAGE_MAX);
    bytes[4] = 0xfc;
    EXPECT(skp_frame_scan((struct skp_view){ bytes, MESSAGE_MAX + 1 },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_OVER_LIMIT);
    /* array 32 of limit - 5 values of one byte. */
    memcpy(bytes, skt_hex("dd0003fffb").ptr, 5);
    EXPECT(skp_frame_scan((struct skp_view){ bytes, MESSAGE_MAX },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_WHOLE);
    bytes[4] = 0xfc;
    EXPECT(skp_frame_scan((struct skp_view){ bytes, 5 },
                          &skp_frame_request_limits, &len),
           SKP_FRAME_OVER_LIMIT);
    free(bytes);
}
END_TEST

START_TEST(nesting_may_be_as_deep_as_its_limit_and_not_one_deeper)
{
    for (size_t l = 0; l < SKP_ARRAY_LEN(both_limits); l++) {
        size_t depth = both_limits[l]->depth_max;
        uint8_t bytes[16];
        struct skp_view deepest = { bytes, depth };
        struct skp_view deeper = { bytes, depth + 1 };
        size_t len = UNSET;

        memset(bytes, 0x91, sizeof bytes);
        bytes[depth - 1] = 0x90; /* empty, at the limit */
        EXPECT(skp_frame_scan(deepest, both_limits[l], &len), SKP_FRAME_WHOLE);
        bytes[depth - 1] = 0x91;
        bytes[depth] = 0xc0; /* scalars do not nest */
        EXPECT(skp_frame_scan(deeper, both_limits[l], &len), SKP_FRAME_WHOLE);
        bytes[depth] = 0x90; /* empty, and still too deep */
        EXPECT(skp_frame_scan(deeper, both_limits[l], &len),
               SKP_FRAME_OVER_LIMIT);
        bytes[depth] = 0x80;
        EXPECT(skp_frame_scan(deeper, both_limits[l], &len),
               SKP_FRAME_OVER_LIMIT);
    }
}
END_TEST

START_TEST(values_side_by_side_do_not_count_as_nesting)
{
    /* [[[[]], [[]]], {1: {2: {}}}, 0] and one with a map more. */
    EXPECT(scan_request("939291909190810181028000"), SKP_FRAME_WHOLE);
    EXPECT(scan_request("93929190919081018102810380"), SKP_FRAME_OVER_LIMIT);
}
END_TEST

START_TEST(a_map_may_have_as_many_entries_as_its_limit_and_not_one_more)
{
    EXPECT(scan_request("8f"), SKP_FRAME_PARTIAL);
    EXPECT(scan_request("de0010"), SKP_FRAME_PARTIAL);
    EXPECT(scan_request("de0011"), SKP_FRAME_OVER_LIMIT);
    EXPECT(scan_request("df00000010"), SKP_FRAME_PARTIAL);
    EXPECT(scan_request("df00000011"), SKP_FRAME_OVER_LIMIT);
    for (uint8_t n = 64; n <= 65; n++) {
        uint8_t bytes[] = { 0xde, 0x00, n };
        size_t len = UNSET;

        EXPECT(skp_frame_scan((struct skp_view){ bytes, 3 },
                              &skp_frame_answer_limits, &len),
               n == 64 ? SKP_FRAME_PARTIAL : SKP_FRAME_OVER_LIMIT);
    }
}
END_TEST

START_TEST(claims_that_no_message_can_hold_are_over_the_limit_at_once)
{
    static const char *const claims[] = {
        "ddffffffff", "dfffffffff",   "dbffffffff",
        "c6ffffffff", "dd00040000",   "db00040000",
        "c600040000", "91db0003fffb", "91c6ffffffff",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(claims); i++) {
        struct skp_view claim = skt_hex(claims[i]);
        size_t len = UNSET;

        for (size_t l = 0; l < SKP_ARRAY_LEN(both_limits); l++) {
            EXPECT(skp_frame_scan(claim, both_limits[l], &len),
                   SKP_FRAME_OVER_LIMIT);
            /* As long as the claim itself is cut nothing is known. */
            claim.len--;
            EXPECT(skp_frame_scan(claim, both_limits[l], &len),
                   SKP_FRAME_PARTIAL);
            claim.len++;
        }
    }
    /* 15 arrays that claim 32767 each: none alone is too much. */
    EXPECT(scan_request("9fdc7fff"), SKP_FRAME_PARTIAL);
    EXPECT(scan_request("92dd0003fff7"), SKP_FRAME_PARTIAL);
    EXPECT(scan_request("92dd0003fff9"), SKP_FRAME_PARTIAL);
    EXPECT(scan_request("92dd0003fffa"), SKP_FRAME_OVER_LIMIT);
}
END_TEST

START_TEST(a_head_that_the_limit_cuts_is_not_partial_for_ever)
{
    static const struct skp_frame_limits four = { 4, 2, 2 };
    size_t len = UNSET;

    EXPECT(skp_frame_scan(skt_hex("c6"), &four, &len), SKP_FRAME_OVER_LIMIT);
    EXPECT(skp_frame_scan(skt_hex("cf"), &four, &len), SKP_FRAME_OVER_LIMIT);
    EXPECT(skp_frame_scan(skt_hex("91cd"), &four, &len), SKP_FRAME_PARTIAL);
    EXPECT(skp_frame_scan(skt_hex("92cd"), &four, &len), SKP_FRAME_OVER_LIMIT);
    EXPECT(skp_frame_scan(skt_hex("93000000"), &four, &len), SKP_FRAME_WHOLE);
    EXPECT(skp_frame_scan(skt_hex("94"), &four, &len), SKP_FRAME_OVER_LIMIT);
}
END_TEST

START_TEST(nesting_bombs_are_refused_after_a_few_bytes)
{
    static const uint8_t openers[] = { 0x91, 0x81, 0x9f, 0x8f, 0xdc };

    for (size_t i = 0; i < sizeof openers; i++) {
        uint8_t *bytes = malloc(MESSAGE_MAX);
        size_t len = UNSET;

        memset(bytes, openers[i], MESSAGE_MAX);
        for (size_t l = 0; l < SKP_ARRAY_LEN(both_limits); l++) {
            EXPECT(skp_frame_scan((struct skp_view){ bytes, MESSAGE_MAX },
                                  both_limits[l], &len),
                   SKP_FRAME_OVER_LIMIT);
            EXPECT(skp_frame_scan((struct skp_view){ bytes, 32 },
                                  both_limits[l], &len),
                   SKP_FRAME_OVER_LIMIT);
        }
        free(bytes);
    }
}
END_TEST

/* ---- growth ------------------------------------------------------------- */

/* Once a prefix has a verdict other than PARTIAL, all longer ones have it, and
 * going on gives what starting anew gives. */
static void check_growth(struct skp_view bytes, void *state)
{
    const struct skp_frame_limits *limits = state;
    struct skp_frame_progress progress = { 0 };
    enum skp_frame before = SKP_FRAME_PARTIAL;
    size_t len_before = UNSET;

    for (size_t cut = 0; cut <= bytes.len; cut++) {
        struct skp_view prefix = { bytes.ptr, cut };
        size_t len = UNSET;
        size_t resumed = UNSET;
        enum skp_frame verdict = skp_frame_scan(prefix, limits, &len);

        if (skp_frame_resume(&progress, prefix, limits, &resumed) != verdict ||
            resumed != len ||
            (verdict == SKP_FRAME_WHOLE ? len > cut : len != UNSET)) {
            ck_abort_msg("going on differs from starting anew");
        }
        if (before != SKP_FRAME_PARTIAL &&
            (verdict != before || len != len_before)) {
            ck_abort_msg("a verdict changed");
        }
        before = verdict;
        len_before = len;
    }
}

START_TEST(a_verdict_does_not_change_when_bytes_are_added)
{
    struct skp_frame_limits small = { 24, 3, 4 };
    struct skp_frame_limits request = skp_frame_request_limits;
    struct skp_view short_ones[] = {
        skt_wire_bytes(SKT_WIRE_REQUEST(SKP_METHOD_HELLO)),
        skt_wire_bytes(SKT_WIRE_REQUEST(SKP_METHOD_REFRESH)),
        skt_wire_bytes(SKT_WIRE_ERROR),
    };
    uint32_t random = 1;
    uint8_t bytes[40];

    for (size_t i = 0; i < SKP_ARRAY_LEN(short_ones); i++) {
        skt_wire_mutate(short_ones[i], check_growth, &request);
        skt_wire_mutate(short_ones[i], check_growth, &small);
    }
    for (unsigned round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525 + 1013904223;
            /* Mostly containers, so that the scan gets somewhere. */
            bytes[i] = (uint8_t)((random >> 24) % 5 == 0
                                     ? random >> 16
                                     : 0x80 | (random >> 16 & 0x13));
        }
        check_growth((struct skp_view){ bytes, sizeof bytes }, &small);
    }
}
END_TEST

SKT_SUITE("frame",
          every_kind_of_value_ends_where_the_specification_says,
          every_type_byte_that_starts_no_allowed_value_is_malformed,
          a_message_that_grows_byte_by_byte_is_partial_until_it_is_whole,
          two_messages_in_one_buffer_are_found_one_after_the_other,
          no_bytes_at_all_are_partial,
          limits_are_those_of_the_protocol,
          a_message_may_have_as_many_bytes_as_its_limit_and_not_one_more,
          nesting_may_be_as_deep_as_its_limit_and_not_one_deeper,
          values_side_by_side_do_not_count_as_nesting,
          a_map_may_have_as_many_entries_as_its_limit_and_not_one_more,
          claims_that_no_message_can_hold_are_over_the_limit_at_once,
          a_head_that_the_limit_cuts_is_not_partial_for_ever,
          nesting_bombs_are_refused_after_a_few_bytes,
          a_verdict_does_not_change_when_bytes_are_added)
