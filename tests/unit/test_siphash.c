/* test_siphash.c - suite of protocol/siphash.c. */
#include <string.h>

#include "protocol/siphash.h"
#include "tests/lib/suite.h"

START_TEST(the_vector_of_the_paper_comes_out)
{
    struct skp_siphash_key key;
    uint8_t bytes[15];
    uint64_t hash;

    for (uint8_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = i;
    }
    for (uint8_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i;
    }
    hash = skp_siphash(&key, (struct skp_view){ bytes, sizeof bytes });
    /* a129ca6149be45e5, in little-endian bytes. */
    skt_bytes_eq((struct skp_view){ (const uint8_t *)&hash, sizeof hash },
                 skt_hex("e545be4961ca29a1"));
}
END_TEST

START_TEST(two_keys_differ)
{
    struct skp_siphash_key a;
    struct skp_siphash_key b;

    skt_ok(skp_siphash_key_new(&a));
    skt_ok(skp_siphash_key_new(&b));
    ck_assert_mem_ne(a.bytes, b.bytes, sizeof a.bytes);
    ck_assert(skp_siphash(&a, skp_view_of("x")) !=
              skp_siphash(&b, skp_view_of("x")));
}
END_TEST

START_TEST(nothing_has_a_hash_too)
{
    const struct skp_siphash_key key = { { 1 } };
    const struct skp_view nothing = { NULL, 0 };

    ck_assert_uint_eq(skp_siphash(&key, nothing), skp_siphash(&key, nothing));
    ck_assert(skp_siphash(&key, nothing) !=
              skp_siphash(&key, skp_view_of("x")));
}
END_TEST

SKT_SUITE("siphash",
          the_vector_of_the_paper_comes_out,
          two_keys_differ,
          nothing_has_a_hash_too)
