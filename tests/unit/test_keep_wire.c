/* test_keep_wire.c - suite of agent/store/keep_wire.c. */
#include <string.h>

#include "agent/store/keep_wire.h"
#include "tests/lib/suite.h"

START_TEST(numbers_are_little_endian_and_come_back)
{
    uint8_t bytes[9];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    skt_ok(skd_keep_put(&out, UINT64_C(0x1122334455667788), 8));
    skt_bytes_eq((struct skp_view){ bytes, 8 }, skt_hex("8877665544332211"));
    ck_assert_uint_eq(skd_keep_number_read(bytes, 8),
                      UINT64_C(0x1122334455667788));
    ck_assert_uint_eq(skd_keep_number_read(bytes, 2), 0x7788);
    skt_ok(skd_keep_put(&out, 7, 1));
    skt_err(skd_keep_put(&out, 7, 1), SKP_ERR_RESOURCE_EXHAUSTED);
}
END_TEST

START_TEST(no_byte_is_taken_that_is_not_there)
{
    struct skp_view rest = skp_view_of("abc");

    ck_assert_ptr_null(skd_keep_take(&rest, 4));
    ck_assert_uint_eq(rest.len, 3);
    ck_assert_mem_eq(skd_keep_take(&rest, 2), "ab", 2);
    ck_assert_uint_eq(rest.len, 1);
    ck_assert_ptr_nonnull(skd_keep_take(&rest, 0));
    ck_assert_ptr_null(skd_keep_take(&rest, SIZE_MAX));
}
END_TEST

SKT_SUITE("keep_wire",
          numbers_are_little_endian_and_come_back,
          no_byte_is_taken_that_is_not_there)
