/* test_ttlv.c - the encoding of KMIP. */
#include <string.h>

#include "agent/source/kmip/kmip_names.h"
#include "agent/source/kmip/ttlv.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

/* The examples of KMIP 1.4, section 9.1.2, one of each type but Structure. */
static const char *const primitives[] = {
    "42002002000000040000000800000000",
    "420020030000000801b69b4ba5749200",
    "42002004000000100000000003fd35eb6bc2df4618080000",
    "4200200500000004000000ff00000000",
    "42002006000000080000000000000001",
    "420020070000000b48656c6c6f20576f726c640000000000",
    "42002008000000030102030000000000",
    "42002009000000080000000047da67f8",
    "4200200a00000004000d2f0000000000",
    ("42002001000000204200040500000004000000fe000000004200050200000004"
     "000000ff00000000"),
};

static void write_item(struct skd_ttlv_writer *w, const struct skd_ttlv *item)
{
    switch (item->type) {
    case SKD_TTLV_STRUCTURE:
        skd_ttlv_begin(w, item->tag);
        break;
    case SKD_TTLV_INTEGER:
        skd_ttlv_put_int(w, item->tag, skd_ttlv_int(item));
        break;
    case SKD_TTLV_LONG_INTEGER:
        skd_ttlv_put_long(w, item->tag, skd_ttlv_long(item));
        break;
    case SKD_TTLV_BIG_INTEGER:
        skd_ttlv_put_big(w, item->tag, item->value);
        break;
    case SKD_TTLV_ENUMERATION:
        skd_ttlv_put_enum(w, item->tag, skd_ttlv_enum(item));
        break;
    case SKD_TTLV_BOOLEAN:
        skd_ttlv_put_bool(w, item->tag, skd_ttlv_bool(item));
        break;
    case SKD_TTLV_TEXT:
        skd_ttlv_put_text(w, item->tag, item->value);
        break;
    case SKD_TTLV_BYTES:
        skd_ttlv_put_bytes(w, item->tag, item->value);
        break;
    case SKD_TTLV_DATE_TIME:
        skd_ttlv_put_date(w, item->tag, skd_ttlv_long(item));
        break;
    case SKD_TTLV_INTERVAL:
        skd_ttlv_put_interval(w, item->tag, skd_ttlv_enum(item));
        break;
    }
}

/* Decode every item and encode it again. */
static void rewrite(struct skp_view message, struct skp_secret *ret)
{
    struct skp_view open[SKD_TTLV_DEPTH_MAX + 1] = { { NULL, 0 } };
    struct skd_ttlv_writer w;
    size_t depth = 0;

    skd_ttlv_start(&w, ret);
    open[0] = message;
    for (;;) {
        struct skd_ttlv item;

        if (open[depth].len == 0 && depth == 0) {
            break;
        }
        if (open[depth].len == 0) {
            skd_ttlv_end(&w);
            depth--;
            continue;
        }
        skt_ok(skd_ttlv_take(&open[depth], &item));
        write_item(&w, &item);
        if (item.type == SKD_TTLV_STRUCTURE) {
            ck_assert_uint_lt(depth, SKD_TTLV_DEPTH_MAX);
            open[++depth] = item.value;
        }
    }
    skt_ok(skd_ttlv_finish(&w));
}

static void check_round_trip(struct skp_view message)
{
    struct skp_secret again = { NULL, 0, 0 };

    skt_ok(skd_ttlv_check(message));
    rewrite(message, &again);
    skt_bytes_eq(skp_secret_view(&again), message);
    skp_secret_done(&again);
}

START_TEST(every_type_decodes_and_encodes_to_the_same_bytes)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(primitives); i++) {
        check_round_trip(skt_hex(primitives[i]));
    }
}
END_TEST

START_TEST(recorded_messages_decode_and_encode_to_the_same_bytes)
{
    static const char *const parts[] = { "primitives", "messages" };
    const cJSON *json = skt_shared_json("kmip/kmip-vectors.json");
    size_t n = 0;

    for (size_t i = 0; json != NULL && i < SKP_ARRAY_LEN(parts); i++) {
        const cJSON *entry;

        cJSON_ArrayForEach(entry, skt_member(json, parts[i]))
        {
            check_round_trip(skt_hex_of(entry, "hex"));
            n++;
        }
    }
    ck_assert(json == NULL || n == 159);
}
END_TEST

START_TEST(values_are_what_the_bytes_say)
{
    struct skp_view rest = skt_hex("420020020000000480000000000000004200200900"
                                   "000008ffffffffffffffff");
    struct skd_ttlv item;

    skt_ok(skd_ttlv_take(&rest, &item));
    ck_assert_int_eq(skd_ttlv_int(&item), INT32_MIN);
    ck_assert_uint_eq(item.tag, 0x420020);
    skt_ok(skd_ttlv_take(&rest, &item));
    ck_assert_int_eq(skd_ttlv_long(&item), -1);
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

START_TEST(malformed_items_are_refused_and_leave_the_outputs_alone)
{
    static const char *const bad[] = {
        "41002002000000040000000800000000", /* prefix */
        "42002000000000040000000800000000", /* type 0 */
        "4200200b000000080000000000000000", /* type of KMIP 2.0 */
        "42002002000000080000000800000000", /* Integer of 8 */
        "42002002000000000000000000000000", /* Integer of 0 */
        "42002003000000040000000000000000", /* Long Integer of 4 */
        "42002004000000000000000000000000", /* Big Integer of 0 */
        "42002004000000050000000000000000", /* Big Integer of 5 */
        "42002006000000080000000000000002", /* Boolean 2 */
        "42002006000000080100000000000000", /* Boolean, high byte */
        "42002002000000040000000800000001", /* padding */
        "42002008000000030102030000000001", /* padding */
        "42002008000000090102030000000000", /* past the end */
        "42002007fffffffd0000000000000000", /* rounding up wraps in 32 bits */
        "42002007ffffffff0000000000000000",
        "42002008fffffff80000000000000000",
        "42002001000000040000000000000000", /* Structure of 4 */
        "42002001000000100000000000000000", /* Structure past the end */
        "4200200200000004",                 /* header only */
        "42002002000000",                   /* half a header */
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        struct skp_view rest = skt_hex(bad[i]);
        struct skp_view before = rest;
        struct skd_ttlv item = { 77, SKD_TTLV_TEXT, { NULL, 0 } };

        ck_assert_msg(skd_ttlv_take(&rest, &item) == SKP_ERR_INVALID_ARGUMENT,
                      "%s", bad[i]);
        ck_assert(rest.ptr == before.ptr && rest.len == before.len);
        ck_assert_uint_eq(item.tag, 77);
    }
}
END_TEST

/* @depth structures inside each other. */
static void nest(size_t depth, struct skp_secret *ret)
{
    for (size_t i = depth; i > 0; i--) {
        uint8_t header[8] = { 0x42, 0, 8, 1, 0, 0, 0, 0 };

        header[6] = (uint8_t)((i - 1) * 8 >> 8);
        header[7] = (uint8_t)((i - 1) * 8);
        skt_ok(skp_secret_append(ret, header, sizeof header));
    }
}

START_TEST(nesting_is_bounded)
{
    struct skp_secret bytes = { NULL, 0, 0 };

    nest(SKD_TTLV_DEPTH_MAX, &bytes);
    skt_ok(skd_ttlv_check(skp_secret_view(&bytes)));
    skp_secret_clear(&bytes);
    nest(SKD_TTLV_DEPTH_MAX + 1, &bytes);
    skt_err(skd_ttlv_check(skp_secret_view(&bytes)), SKP_ERR_INVALID_ARGUMENT);
    skp_secret_done(&bytes);
}
END_TEST

START_TEST(a_field_is_found_only_when_it_is_there_once_with_its_type)
{
    struct skp_view twice =
        skt_hex("42005c05000000040000000a0000000042005c05000000040000000a"
                "00000000");
    struct skp_view once = { twice.ptr, 16 };
    struct skd_ttlv item;
    uint32_t value = 5;
    int32_t number = 6;

    skt_ok(skd_ttlv_find_enum(once, SKD_TAG_OPERATION, &value));
    ck_assert_uint_eq(value, SKD_OP_GET);
    skt_err(skd_ttlv_find_int(once, SKD_TAG_OPERATION, &number),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_ttlv_find_enum(twice, SKD_TAG_OPERATION, &value),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_ttlv_find(once, SKD_TAG_NAME_TYPE, SKD_TTLV_TEXT, &item),
            SKP_ERR_NOT_FOUND);
    ck_assert_int_eq(number, 6);
    ck_assert_uint_eq(skd_ttlv_count(twice, SKD_TAG_OPERATION), 2);
}
END_TEST

START_TEST(clean_text_is_utf8_without_controls)
{
    static const char *const good[] = { "", "a7", "67f1-\xc3\xa9",
                                        "\xe2\x82\xac", "\xf0\x9f\x94\x91" };
    static const char *const bad[] = {
        "a\n",          "\x1b[31m",         "a\x7f",    "\xc3",
        "\xc0\xaf",     "\xe0\x80\xaf",     "\xff",     "\x80",
        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88", "\xc2\x80",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(good); i++) {
        ck_assert(skd_ttlv_is_clean_text(skp_view_of(good[i])));
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        ck_assert_msg(!skd_ttlv_is_clean_text(skp_view_of(bad[i])), "%zu", i);
    }
    ck_assert(!skd_ttlv_is_clean_text(skt_hex("613700")));
}
END_TEST

/* A message of a few levels: a Locate answer. */
static const char good_message[] =
    "42007b01000000a042007a0100000048420069010000002042006a020000000400000001"
    "0000000042006b02000000040000000400000000420092090000000800000000"
    "6553f10042000d0200000004000000010000000042000f010000004842005c0500000004"
    "000000080000000042009308000000040000000100000000"
    "42007f0500000004000000000000000042007c0100000010420094070000000261370000"
    "00000000";

START_TEST(no_flipped_bit_and_no_cut_makes_it_read_past_the_end)
{
    struct skp_view good = skt_hex(good_message);

    for (size_t bit = 0; bit < good.len * 8; bit++) {
        struct skp_secret changed = { NULL, 0, 0 };

        skt_ok(skp_secret_append(&changed, good.ptr, good.len));
        changed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (skd_ttlv_check(skp_secret_view(&changed)) == SKP_ERR_OK) {
            struct skp_secret again = { NULL, 0, 0 };

            /* Whatever is accepted has exactly one way to be written. */
            rewrite(skp_secret_view(&changed), &again);
            skt_bytes_eq(skp_secret_view(&again), skp_secret_view(&changed));
            skp_secret_done(&again);
        }
        skp_secret_done(&changed);
    }
    for (size_t len = 1; len < good.len; len++) {
        skt_err(skd_ttlv_check((struct skp_view){ good.ptr, len }),
                SKP_ERR_INVALID_ARGUMENT);
    }
}
END_TEST

SKT_SUITE("ttlv",
          every_type_decodes_and_encodes_to_the_same_bytes,
          recorded_messages_decode_and_encode_to_the_same_bytes,
          values_are_what_the_bytes_say,
          malformed_items_are_refused_and_leave_the_outputs_alone,
          nesting_is_bounded,
          a_field_is_found_only_when_it_is_there_once_with_its_type,
          clean_text_is_utf8_without_controls,
          no_flipped_bit_and_no_cut_makes_it_read_past_the_end)
