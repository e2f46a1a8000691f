/* test_bytes.c - views, bounded buffers, hex. */
#include <string.h>

#include "protocol/bytes.h"
#include "tests/lib/suite.h"

START_TEST(views_a_text_without_its_nul)
{
    const char *text = "abc";
    struct skp_view view = skp_view_of(text);

    ck_assert_ptr_eq(view.ptr, text);
    ck_assert_uint_eq(view.len, 3);
    ck_assert_uint_eq(skp_view_of("").len, 0);
}
END_TEST

START_TEST(compares_length_and_every_byte)
{
    const struct skp_view none = { NULL, 0 };

    ck_assert(skp_view_equal(skp_view_of("abc"), skp_view_of("abc")));
    ck_assert(!skp_view_equal(skp_view_of("abc"), skp_view_of("abd")));
    ck_assert(!skp_view_equal(skp_view_of("abc"), skp_view_of("ab")));
    ck_assert(skp_view_equal(none, skp_view_of("")));
    ck_assert(!skp_view_equal(none, skp_view_of("a")));
}
END_TEST

START_TEST(appends_up_to_the_last_byte_and_not_one_more)
{
    uint8_t bytes[5] = { 0, 0, 0, 0, 0xee };
    struct skp_buf buf = skp_buf_over(bytes, 4);

    skt_ok(skp_buf_put(&buf, "ab", 2));
    skt_err(skp_buf_put(&buf, "cde", 3), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(buf.len, 2);
    ck_assert_uint_eq(bytes[2], 0);
    skt_ok(skp_buf_put(&buf, "cd", 2));
    skt_ok(skp_buf_put(&buf, NULL, 0));
    skt_err(skp_buf_put(&buf, "e", 1), SKP_ERR_RESOURCE_EXHAUSTED);
    skt_bytes_eq((struct skp_view){ bytes, 4 }, skp_view_of("abcd"));
    ck_assert_uint_eq(bytes[4], 0xee);
}
END_TEST

START_TEST(claims_a_place_without_touching_it)
{
    uint8_t bytes[4] = { 1, 2, 3, 4 };
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    uint8_t *place = bytes;

    skt_ok(skp_buf_claim(&buf, 1, &place));
    skt_ok(skp_buf_claim(&buf, 2, &place));
    ck_assert_ptr_eq(place, bytes + 1);
    ck_assert_uint_eq(buf.len, 3);
    ck_assert_uint_eq(bytes[1], 2);
    skt_err(skp_buf_claim(&buf, 2, &place), SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skp_buf_claim(&buf, SIZE_MAX, &place), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_ptr_eq(place, bytes + 1);
    ck_assert_uint_eq(buf.len, 3);
}
END_TEST

START_TEST(writes_lower_case_hex_and_a_nul)
{
    static const uint8_t bytes[] = { 0x00, 0x1f, 0xa0, 0xff };
    char text[9];

    skp_hex(bytes, sizeof bytes, text);
    ck_assert_str_eq(text, "001fa0ff");
    skp_hex(bytes, 0, text);
    ck_assert_str_eq(text, "");
}
END_TEST

SKT_SUITE("bytes",
          views_a_text_without_its_nul,
          compares_length_and_every_byte,
          appends_up_to_the_last_byte_and_not_one_more,
          claims_a_place_without_touching_it,
          writes_lower_case_hex_and_a_nul)
