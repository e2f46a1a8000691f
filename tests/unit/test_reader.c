/* test_reader.c - proves reader.c against msgpack-c: whatever the scan calls a
 * whole message is read as the library reads it, and nothing is read beyond
 * the bytes. */
#include <stdlib.h>

#include "protocol/reader.h"
#include "protocol/rpc.h"
#include "tests/lib/suite.h"
#include "tests/lib/wire.h"

static struct skp_scratch *new_scratch(void)
{
    struct skp_scratch *scratch = NULL;

    skt_ok(skp_scratch_new(&scratch));
    return scratch;
}

static struct skp_reader reader_of(struct skp_view bytes)
{
    return (struct skp_reader){ bytes.ptr, bytes.ptr + bytes.len };
}

/* The value that comes next is @wanted, of the library's tree, with all that is
 * in it. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a message may be */
static void check_next(struct skp_reader *reader,
                       const struct skp_value *wanted)
{
    struct skp_value got;
    struct skp_value inner;

    skp_reader_next(reader, &got);
    ck_assert_int_eq(got.kind, wanted->kind);
    ck_assert_uint_eq(got.number, wanted->number);
    ck_assert(got.truth == wanted->truth);
    ck_assert_uint_eq(got.count, wanted->count);
    skt_bytes_eq(got.bytes, wanted->bytes);
    ck_assert(got.bytes.len == 0 || got.bytes.ptr == wanted->bytes.ptr);
    for (size_t i = 0; i < wanted->count; i++) {
        if (wanted->kind == SKP_KIND_ARRAY) {
            inner = skp_value_at(wanted, i);
            check_next(reader, &inner);
        } else {
            inner = skp_value_key(wanted, i);
            check_next(reader, &inner);
            inner = skp_value_of(wanted, i);
            check_next(reader, &inner);
        }
    }
}

/* Read all of @bytes, which may be anything. */
static void check_bytes(struct skp_view bytes, void *state)
{
    struct skp_scratch *scratch = state;
    struct skp_reader reader = reader_of(bytes);
    struct skp_value value;
    size_t len = 0;

    if (skp_frame_scan(bytes, &skp_frame_answer_limits, &len) ==
        SKP_FRAME_WHOLE) {
        bytes.len = len;
        skt_ok(skp_unpack(scratch, bytes, &skp_frame_answer_limits, &value));
        check_next(&reader, &value);
        ck_assert_ptr_eq(reader.at, bytes.ptr + len);
    }
    do {
        skp_reader_next(&reader, &value);
        ck_assert(reader.at <= reader.end);
        ck_assert(skt_wire_within(
            value.bytes,
            (struct skp_view){ bytes.ptr, (size_t)(reader.end - bytes.ptr) }));
    } while (value.kind != SKP_KIND_NONE);
}

START_TEST(each_first_byte_is_read_as_msgpack_c_reads_it)
{
    static const uint8_t seconds[] = { 0, 1, 7, 0x7f, 0x80, 0xff };
    struct skp_scratch *scratch = new_scratch();

    for (unsigned first = 0; first < 256; first++) {
        for (size_t i = 0; i < sizeof seconds; i++) {
            uint8_t bytes[300] = { (uint8_t)first, seconds[i] };
            struct skp_view all = { bytes, sizeof bytes };
            struct skp_value value;
            struct skp_reader reader = reader_of(all);
            size_t len = 0;

            check_bytes(all, scratch);
            skp_reader_next(&reader, &value);
            ck_assert((skp_frame_scan(all, &skp_frame_answer_limits, &len) ==
                       SKP_FRAME_MALFORMED) ==
                      (first == 0xc1 || (first >= 0xc7 && first <= 0xc9) ||
                       (first >= 0xd4 && first <= 0xd8)));
            /* Content of up to four gigabytes may be missing. */
            ck_assert(len == 0 || value.kind != SKP_KIND_NONE);
        }
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(golden_and_spoilt_messages_are_read_as_msgpack_c_reads_them)
{
    struct skp_scratch *scratch = new_scratch();

    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        check_bytes(skt_wire_bytes(SKT_WIRE_REQUEST(i)), scratch);
        check_bytes(skt_wire_bytes(SKT_WIRE_RESPONSE(i)), scratch);
        skt_wire_mutate(skt_wire_bytes(SKT_WIRE_REQUEST(i)), check_bytes,
                        scratch);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_value_that_is_cut_is_none_and_stays_so)
{
    static const char *const values[] = {
        "cc07",       "cd0700",       "ce00000700", "cf0000000000000007",
        "d007",       "a3616263",     "d903616263", "c403616263",
        "c500036162", "dc0002",       "df00000002", "cb0000000000000000",
        "da00026162", "db0000000161",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(values); i++) {
        struct skp_view whole = skt_hex(values[i]);

        for (size_t len = 0; len < whole.len; len++) {
            /* Of their own, so that a sanitizer sees a byte too many. */
            uint8_t *copy = skt_wire_copy((struct skp_view){ whole.ptr, len });
            struct skp_reader reader = { copy, copy + len };
            struct skp_value value;

            for (unsigned twice = 0; twice < 2; twice++) {
                skp_reader_next(&reader, &value);
                ck_assert_int_eq(value.kind, SKP_KIND_NONE);
                ck_assert_ptr_eq(reader.at, copy);
            }
            free(copy);
        }
    }
}
END_TEST

SKT_SUITE("reader",
          each_first_byte_is_read_as_msgpack_c_reads_it,
          golden_and_spoilt_messages_are_read_as_msgpack_c_reads_them,
          a_value_that_is_cut_is_none_and_stays_so)
