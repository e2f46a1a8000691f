/* test_digest.c - SHA-256, by the examples of FIPS 180-2 appendix B. */
#include "protocol/digest.h"
#include "tests/lib/suite.h"

static void check(const char *text, size_t step, const char *hex)
{
    struct skp_view rest = skp_view_of(text);
    struct skp_digest digest;
    uint8_t got[SKP_DIGEST_LEN];

    skp_digest_start(&digest);
    while (rest.len > 0) {
        struct skp_view piece = { rest.ptr, step < rest.len ? step : rest.len };

        skp_digest_add(&digest, piece);
        rest.ptr += piece.len;
        rest.len -= piece.len;
    }
    skp_digest_add(&digest, (struct skp_view){ NULL, 0 });
    skp_digest_end(&digest, got);
    skt_bytes_eq((struct skp_view){ got, sizeof got }, skt_hex(hex));
}

START_TEST(pieces_of_any_length_give_the_published_digests)
{
    for (size_t step = 1; step < 60; step++) {
        check("", step,
              "e3b0c44298fc1c149afbf4c8996fb924"
              "27ae41e4649b934ca495991b7852b855");
        check("abc", step,
              "ba7816bf8f01cfea414140de5dae2223"
              "b00361a396177a9cb410ff61f20015ad");
        check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", step,
              "248d6a61d20638b8e5c026930c3e6039"
              "a33ce45964ff2167f6ecedd419db06c1");
    }
}
END_TEST

SKT_SUITE("digest", pieces_of_any_length_give_the_published_digests)
