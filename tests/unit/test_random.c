/* test_random.c - the kernel's generator, and the script that replaces it. */
#include <string.h>

#include "protocol/random.h"
#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"

START_TEST(fills_exactly_what_was_asked_for)
{
    uint8_t bytes[300];

    for (size_t len = 0; len < sizeof bytes; len += 37) {
        memset(bytes, 0xee, sizeof bytes);
        skt_ok(skp_random_system.fill(skp_random_system.state, bytes, len));
        for (size_t i = len; i < sizeof bytes; i++) {
            ck_assert_uint_eq(bytes[i], 0xee);
        }
    }
}
END_TEST

START_TEST(never_gives_the_same_32_bytes_twice)
{
    uint8_t drawn[64][32];

    for (size_t i = 0; i < SKP_ARRAY_LEN(drawn); i++) {
        skt_ok(skp_random_system.fill(skp_random_system.state, drawn[i],
                                      sizeof drawn[i]));
        for (size_t j = 0; j < i; j++) {
            ck_assert(memcmp(drawn[i], drawn[j], sizeof drawn[i]) != 0);
        }
    }
}
END_TEST

START_TEST(fills_more_than_the_kernel_gives_at_once)
{
    /* One getrandom call may stop after 256 bytes when a signal comes. */
    static uint8_t bytes[1u << 20];
    size_t n_zero = 0;

    skt_ok(
        skp_random_system.fill(skp_random_system.state, bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        n_zero += bytes[i] == 0;
    }
    /* 4096 are expected; 64 deviations off would be 2^-1000 or so. */
    ck_assert_uint_gt(n_zero, 2000);
    ck_assert_uint_lt(n_zero, 8000);
}
END_TEST

START_TEST(draws_a_script_in_order_and_ends_with_it)
{
    struct skt_random_script script;
    uint8_t bytes[4];

    skt_random_script_init(&script);
    skt_random_script_add(&script, "0102");
    skt_random_script_add(&script, "030405");
    skt_ok(script.table.fill(script.table.state, bytes, 4));
    skt_bytes_eq((struct skp_view){ bytes, 4 }, skt_hex("01020304"));
    skt_err(script.table.fill(script.table.state, bytes, 2), SKP_ERR_INTERNAL);
    skt_ok(script.table.fill(script.table.state, bytes, 1));
    skt_random_script_used(&script);
}
END_TEST

SKT_SUITE("random",
          fills_exactly_what_was_asked_for,
          never_gives_the_same_32_bytes_twice,
          fills_more_than_the_kernel_gives_at_once,
          draws_a_script_in_order_and_ends_with_it)
