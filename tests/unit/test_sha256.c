/* test_sha256.c - suite of protocol/sha256.c. */
#include <string.h>

#include "protocol/sha256.h"
#include "tests/lib/suite.h"

static void hashes_to(struct skp_view bytes, const char *hex)
{
    uint8_t hash[SKP_SHA256_LEN];

    skp_sha256(bytes, hash);
    skt_bytes_eq((struct skp_view){ hash, sizeof hash }, skt_hex(hex));
}

START_TEST(published_vectors_come_out)
{
    static uint8_t many[1000000];

    /* FIPS 180-2, appendix B, and nothing. */
    hashes_to(skp_view_of("abc"), "ba7816bf8f01cfea414140de5dae2223"
                                  "b00361a396177a9cb410ff61f20015ad");
    hashes_to(
        skp_view_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039"
        "a33ce45964ff2167f6ecedd419db06c1");
    memset(many, 'a', sizeof many);
    hashes_to((struct skp_view){ many, sizeof many },
              "cdc76e5c9914fb9281a1c7e284d73e67"
              "f1809a48a497200e046d39ccc7112cd0");
    hashes_to((struct skp_view){ NULL, 0 }, "e3b0c44298fc1c149afbf4c8996fb924"
                                            "27ae41e4649b934ca495991b7852b855");
}
END_TEST

SKT_SUITE("sha256", published_vectors_come_out)
