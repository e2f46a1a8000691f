/* test_cli_seed.c - new seeds. */
#include "libclient/cli/cli_seed.h"
#include "protocol/key.h"
#include "tests/lib/suite.h"

START_TEST(a_new_seed_makes_a_key_and_is_another_each_time)
{
    uint8_t first[SKC_CLI_SEED_LEN];
    uint8_t second[SKC_CLI_SEED_LEN];
    struct skp_buf one = skp_buf_over(first, sizeof first);
    struct skp_buf two = skp_buf_over(second, sizeof second);
    uint8_t key[SKP_KEY_LEN];

    skt_ok(skc_cli_seed_make(&one));
    skt_ok(skc_cli_seed_make(&two));
    ck_assert_uint_eq(one.len, SKC_CLI_SEED_LEN);
    ck_assert(!skp_equal_ct(first, second, sizeof first));
    skt_ok(skp_key_from_seed((struct skp_view){ one.ptr, one.len }, key, NULL));
}
END_TEST

START_TEST(a_small_place_is_refused)
{
    uint8_t place[SKC_CLI_SEED_LEN - 1];
    struct skp_buf buf = skp_buf_over(place, sizeof place);

    skt_err(skc_cli_seed_make(&buf), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(buf.len, 0);
}
END_TEST

SKT_SUITE("cli_seed",
          a_new_seed_makes_a_key_and_is_another_each_time,
          a_small_place_is_refused)
