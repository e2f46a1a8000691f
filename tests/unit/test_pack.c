/* test_pack.c - values into bytes, bytes into values. */
#include <stdlib.h>
#include <string.h>

#include "protocol/pack.h"
#include "protocol/rpc.h"
#include "tests/lib/suite.h"
#include "tests/lib/wire.h"

#define MESSAGE_MAX ((size_t)SKP_MESSAGE_MAX)

static struct skp_scratch *new_scratch(void)
{
    struct skp_scratch *scratch = NULL;

    skt_ok(skp_scratch_new(&scratch));
    return scratch;
}

/* ---- writing ------------------------------------------------------------ */

static void check_uint(uint64_t value, const char *hex)
{
    uint8_t bytes[16];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    skp_pack_uint(&packer, value);
    skt_ok(skp_packer_done(&packer));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len }, skt_hex(hex));
}

START_TEST(numbers_are_written_in_their_shortest_form)
{
    check_uint(0, "00");
    check_uint(127, "7f");
    check_uint(128, "cc80");
    check_uint(255, "ccff");
    check_uint(256, "cd0100");
    check_uint(65535, "cdffff");
    check_uint(65536, "ce00010000");
    check_uint(UINT32_MAX, "ceffffffff");
    check_uint((uint64_t)UINT32_MAX + 1, "cf0000000100000000");
    check_uint(UINT64_MAX, "cfffffffffffffffff");
}
END_TEST

/* The head of what @write writes for @len bytes. */
static void check_head(void (*write)(struct skp_packer *, struct skp_view),
                       size_t len,
                       const char *head)
{
    static uint8_t content[70000];
    static uint8_t bytes[70016];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    write(&packer, (struct skp_view){ content, len });
    skt_ok(skp_packer_done(&packer));
    skt_bytes_eq((struct skp_view){ bytes, out.len - len }, skt_hex(head));
}

START_TEST(strings_and_bytes_are_written_with_their_shortest_head)
{
    check_head(skp_pack_str, 0, "a0");
    check_head(skp_pack_str, 31, "bf");
    check_head(skp_pack_str, 32, "d920");
    check_head(skp_pack_str, 255, "d9ff");
    check_head(skp_pack_str, 256, "da0100");
    check_head(skp_pack_str, 65535, "daffff");
    check_head(skp_pack_str, 65536, "db00010000");
    check_head(skp_pack_bin, 0, "c400");
    check_head(skp_pack_bin, 255, "c4ff");
    check_head(skp_pack_bin, 256, "c50100");
    check_head(skp_pack_bin, 65535, "c5ffff");
    check_head(skp_pack_bin, 65536, "c600010000");
}
END_TEST

static void check_count(void (*write)(struct skp_packer *, size_t),
                        size_t count,
                        const char *hex)
{
    uint8_t bytes[16];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    write(&packer, count);
    skt_ok(skp_packer_done(&packer));
    skt_bytes_eq((struct skp_view){ bytes, out.len }, skt_hex(hex));
}

START_TEST(arrays_and_maps_are_written_with_their_shortest_head)
{
    check_count(skp_pack_array, 0, "90");
    check_count(skp_pack_array, 15, "9f");
    check_count(skp_pack_array, 16, "dc0010");
    check_count(skp_pack_array, 255, "dc00ff");
    check_count(skp_pack_array, 65535, "dcffff");
    check_count(skp_pack_array, 65536, "dd00010000");
    check_count(skp_pack_map, 0, "80");
    check_count(skp_pack_map, 15, "8f");
    check_count(skp_pack_map, 16, "de0010");
    check_count(skp_pack_map, 65535, "deffff");
    check_count(skp_pack_map, 65536, "df00010000");
}
END_TEST

START_TEST(places_are_claimed_while_there_is_room)
{
    uint8_t bytes[4];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    ck_assert_ptr_eq(skp_pack_claim(&packer, 1), bytes);
    ck_assert_ptr_eq(skp_pack_claim(&packer, 3), bytes + 1);
    skt_ok(skp_packer_done(&packer));
    ck_assert_uint_eq(out.len, 4);
    out.len = 1;
    ck_assert_ptr_null(skp_pack_claim(&packer, 4));
    ck_assert_ptr_null(skp_pack_claim(&packer, 1));
    skt_err(skp_packer_done(&packer), SKP_ERR_RESOURCE_EXHAUSTED);
}
END_TEST

static void write_everything(struct skp_packer *packer)
{
    skp_pack_array(packer, 7);
    skp_pack_nil(packer);
    skp_pack_bool(packer, true);
    skp_pack_bool(packer, false);
    skp_pack_uint(packer, 300);
    skp_pack_text(packer, "text");
    skp_pack_bin(packer, skp_view_of("bin"));
    skp_pack_map(packer, 1);
    skp_pack_str_head(packer, 3);
    skp_pack_part(packer, skp_view_of("k"));
    skp_pack_part(packer, skp_view_of("ey"));
    skp_pack_uint(packer, 1);
}

#define EVERYTHING "97c0c3c2cd012ca474657874c40362696e81a36b657901"

START_TEST(values_are_written_behind_what_the_buffer_holds)
{
    uint8_t bytes[64] = "before";
    struct skp_buf out = { bytes, 6, sizeof bytes };
    struct skp_packer packer = skp_packer_to(&out);

    write_everything(&packer);
    skt_ok(skp_packer_done(&packer));
    skt_bytes_eq((struct skp_view){ bytes, 6 }, skp_view_of("before"));
    skt_bytes_eq((struct skp_view){ bytes + 6, out.len - 6 },
                 skt_hex(EVERYTHING));
}
END_TEST

START_TEST(what_does_not_fit_is_taken_back_and_wiped)
{
    size_t len = strlen(EVERYTHING) / 2;

    for (size_t cap = 0; cap < len; cap++) {
        uint8_t bytes[64];
        struct skp_buf out;
        struct skp_packer packer;

        memset(bytes, 'x', sizeof bytes);
        out = (struct skp_buf){ bytes, 4, 4 + cap };
        packer = skp_packer_to(&out);
        write_everything(&packer);
        skt_err(skp_packer_done(&packer), SKP_ERR_RESOURCE_EXHAUSTED);
        ck_assert_uint_eq(out.len, 4);
        skt_bytes_eq((struct skp_view){ bytes, 4 }, skp_view_of("xxxx"));
        /* Up to cap each byte is wiped or was never written. */
        for (size_t i = 4; i < 4 + cap; i++) {
            ck_assert(bytes[i] == 0 || bytes[i] == 'x');
        }
        ck_assert_uint_eq(bytes[4], cap == 0 ? 'x' : 0);
        ck_assert_uint_eq(bytes[4 + cap], 'x');
    }
}
END_TEST

START_TEST(nothing_is_written_after_the_first_value_that_did_not_fit)
{
    uint8_t bytes[8];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    skp_pack_text(&packer, "longer than eight");
    skp_pack_nil(&packer);
    skt_err(skp_packer_done(&packer), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* ---- reading ------------------------------------------------------------ */

START_TEST(every_kind_of_value_is_read)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_value root;
    struct skp_value value;

    skt_ok(skp_unpack(scratch, skt_hex(EVERYTHING), &skp_frame_request_limits,
                      &root));
    ck_assert_uint_eq(root.kind, SKP_KIND_ARRAY);
    ck_assert_uint_eq(root.count, 7);
    ck_assert_uint_eq(skp_value_at(&root, 0).kind, SKP_KIND_NIL);
    value = skp_value_at(&root, 1);
    ck_assert(value.kind == SKP_KIND_BOOL && value.truth);
    value = skp_value_at(&root, 2);
    ck_assert(value.kind == SKP_KIND_BOOL && !value.truth);
    value = skp_value_at(&root, 3);
    ck_assert(value.kind == SKP_KIND_UINT && value.number == 300);
    value = skp_value_at(&root, 4);
    ck_assert_uint_eq(value.kind, SKP_KIND_STR);
    skt_bytes_eq(value.bytes, skp_view_of("text"));
    value = skp_value_at(&root, 5);
    ck_assert_uint_eq(value.kind, SKP_KIND_BIN);
    skt_bytes_eq(value.bytes, skp_view_of("bin"));
    root = skp_value_at(&root, 6);
    ck_assert(root.kind == SKP_KIND_MAP && root.count == 1);
    skt_bytes_eq(skp_value_key(&root, 0).bytes, skp_view_of("key"));
    ck_assert_uint_eq(skp_value_of(&root, 0).number, 1);
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_number_s_sign_decides_not_how_it_was_written)
{
    static const struct {
        const char *hex;
        enum skp_kind kind;
        uint64_t number;
    } rows[] = {
        { "d005", SKP_KIND_UINT, 5 },
        { "d30000000000000005", SKP_KIND_UINT, 5 },
        { "cf0000000000000005", SKP_KIND_UINT, 5 },
        { "cfffffffffffffffff", SKP_KIND_UINT, UINT64_MAX },
        { "d37fffffffffffffff", SKP_KIND_UINT, INT64_MAX },
        { "ff", SKP_KIND_NEGATIVE, 0 },
        { "d0ff", SKP_KIND_NEGATIVE, 0 },
        { "d38000000000000000", SKP_KIND_NEGATIVE, 0 },
        { "ca00000000", SKP_KIND_FLOAT, 0 },
        { "ca7fc00000", SKP_KIND_FLOAT, 0 }, /* not a number */
        { "cb7ff0000000000000", SKP_KIND_FLOAT, 0 },
    };
    struct skp_scratch *scratch = new_scratch();

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skp_value value;

        skt_ok(skp_unpack(scratch, skt_hex(rows[i].hex),
                          &skp_frame_request_limits, &value));
        ck_assert_uint_eq(value.kind, rows[i].kind);
        ck_assert_uint_eq(value.number, rows[i].number);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(content_is_viewed_in_the_message_and_not_copied)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_view message =
        skt_wire_bytes(SKT_WIRE_RESPONSE(SKP_METHOD_DECRYPT));
    struct skp_value root;
    struct skp_value result;

    skt_ok(skp_unpack(scratch, message, &skp_frame_answer_limits, &root));
    result = skp_value_at(&root, 3);
    for (size_t i = 0; i < result.count; i++) {
        ck_assert(skt_wire_within(skp_value_key(&result, i).bytes, message));
        ck_assert(skt_wire_within(skp_value_of(&result, i).bytes, message));
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(only_exactly_one_message_is_read)
{
    static const char *const refused[] = {
        "",           /* nothing */
        "92c0",       /* cut */
        "c0c0",       /* two */
        "c1",         /* none */
        "d40000",     /* ext */
        "9191919190", /* too deep for a request */
        "ddffffffff", /* more than there can be */
    };
    struct skp_scratch *scratch = new_scratch();

    for (size_t i = 0; i < SKP_ARRAY_LEN(refused); i++) {
        struct skp_value value = { .number = 77 };

        skt_err(skp_unpack(scratch, skt_hex(refused[i]),
                           &skp_frame_request_limits, &value),
                SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(value.number, 77);
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(whatever_the_scan_calls_whole_is_read)
{
    /* Every pair of bytes, and zeroes behind it for lengths and bodies. */
    struct skp_scratch *scratch = new_scratch();
    unsigned n_read = 0;

    for (unsigned i = 0; i < 65536; i++) {
        uint8_t bytes[64] = { (uint8_t)(i >> 8), (uint8_t)i };
        struct skp_view message = { bytes, sizeof bytes };
        struct skp_value value;

        if (skp_frame_scan(message, &skp_frame_request_limits, &message.len) !=
            SKP_FRAME_WHOLE) {
            continue;
        }
        n_read++;
        if (skp_unpack(scratch, message, &skp_frame_request_limits, &value) !=
            SKP_ERR_OK) {
            ck_abort_msg("%04x", i);
        }
    }
    ck_assert_uint_gt(n_read, 50000);
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(the_largest_message_of_small_values_is_read_again_and_again)
{
    struct skp_scratch *scratch = new_scratch();
    uint8_t *bytes = calloc(1, MESSAGE_MAX);

    memcpy(bytes, skt_hex("dd0003fffb").ptr, 5);
    for (unsigned i = 0; i < 3; i++) {
        struct skp_value value;

        skt_ok(skp_unpack(scratch, (struct skp_view){ bytes, MESSAGE_MAX },
                          &skp_frame_request_limits, &value));
        ck_assert_uint_eq(value.count, MESSAGE_MAX - 5);
        ck_assert_uint_eq(skp_value_at(&value, value.count - 1).kind,
                          SKP_KIND_UINT);
    }
    free(bytes);
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(scratch_memory_is_zeroed_and_aligned)
{
    struct skp_scratch *scratch = new_scratch();
    struct skp_value value;

    for (unsigned round = 0; round < 20; round++) {
        skt_ok(skp_unpack(scratch, skt_hex("c0"), &skp_frame_request_limits,
                          &value));
        for (size_t count = 1; count < 100; count += 7) {
            uint64_t *taken = skp_scratch_take(scratch, count, sizeof *taken);

            ck_assert_ptr_nonnull(taken);
            ck_assert_uint_eq((uintptr_t)taken % sizeof(void *), 0);
            for (size_t i = 0; i < count; i++) {
                ck_assert_uint_eq(taken[i], 0);
            }
            memset(taken, 0xff, count * sizeof *taken);
        }
    }
    skp_scratch_free(&scratch);
}
END_TEST

START_TEST(a_scratch_may_be_freed_twice)
{
    struct skp_scratch *scratch = new_scratch();

    skp_scratch_free(&scratch);
    ck_assert_ptr_null(scratch);
    skp_scratch_free(&scratch);
}
END_TEST

SKT_SUITE("pack",
          numbers_are_written_in_their_shortest_form,
          strings_and_bytes_are_written_with_their_shortest_head,
          arrays_and_maps_are_written_with_their_shortest_head,
          places_are_claimed_while_there_is_room,
          values_are_written_behind_what_the_buffer_holds,
          what_does_not_fit_is_taken_back_and_wiped,
          nothing_is_written_after_the_first_value_that_did_not_fit,
          every_kind_of_value_is_read,
          a_number_s_sign_decides_not_how_it_was_written,
          content_is_viewed_in_the_message_and_not_copied,
          only_exactly_one_message_is_read,
          whatever_the_scan_calls_whole_is_read,
          the_largest_message_of_small_values_is_read_again_and_again,
          scratch_memory_is_zeroed_and_aligned,
          a_scratch_may_be_freed_twice)
