/* test_base64.c - strict base64. */
#include <string.h>

#include "protocol/base64.h"
#include "tests/lib/suite.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz"
                               "0123456789+/";

static void decode_is(const char *text, const char *hex)
{
    struct skp_secret got = { NULL, 0, 0 };

    skt_ok(skp_base64_decode(skp_view_of(text), &got));
    skt_bytes_eq(skp_secret_view(&got), skt_hex(hex));
    skp_secret_done(&got);
}

/* Refused, and what was in the secret before is all that is in it. */
static void is_refused(struct skp_view text)
{
    struct skp_secret got = { NULL, 0, 0 };

    skt_ok(skp_secret_append(&got, "kept", 4));
    skt_err(skp_base64_decode(text, &got), SKP_ERR_INVALID_ARGUMENT);
    skt_bytes_eq(skp_secret_view(&got), skp_view_of("kept"));
    for (size_t i = got.len; i < 64; i++) {
        ck_assert_uint_eq(got.bytes[i], 0);
    }
    skp_secret_done(&got);
}

START_TEST(decodes_the_examples_of_rfc_4648)
{
    decode_is("", "");
    decode_is("Zg==", "66");
    decode_is("Zm8=", "666f");
    decode_is("Zm9v", "666f6f");
    decode_is("Zm9vYg==", "666f6f62");
    decode_is("Zm9vYmE=", "666f6f6261");
    decode_is("Zm9vYmFy", "666f6f626172");
    decode_is("+/+/", "fbffbf");
}
END_TEST

START_TEST(drops_white_space_around_but_not_inside)
{
    decode_is(" \t\r\nZm9v\n\r\t ", "666f6f");
    decode_is(" \n", "");
    is_refused(skp_view_of("Zm\n9v"));
    is_refused(skp_view_of("Zm9v Zm9v"));
    is_refused(skp_view_of("Zg= ="));
    is_refused(skp_view_of("\vZm9v\v\v\v"));
}
END_TEST

START_TEST(refuses_wrong_padding_and_unused_bits)
{
    static const char *const texts[] = {
        "Z",        "Zg",       "Zg=",  "Zm8",   "Zm9vY",    "=",
        "==",       "====",     "Z===", "Zm8==", "Zg==Zg==", "Zm8=Zm9v",
        "Zm9v=",    "Zm9v====", "Zh==", "Zm9=",  "Zm9vYh==", "Zm9vYmF=",
        "=Zm9vYmE", "Zm=v",     "Zm9-", "Zm9_",  "Zm9.",     "Z\xc3\xa9v",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(texts); i++) {
        is_refused(skp_view_of(texts[i]));
    }
    is_refused((struct skp_view){ (const uint8_t *)"Zm\0v", 4 });
}
END_TEST

START_TEST(knows_exactly_the_64_characters_of_the_alphabet)
{
    for (unsigned c = 0; c < 256; c++) {
        const char *place = c == 0 ? NULL : strchr(alphabet, (int)c);
        uint8_t text[4] = { 'A', (uint8_t)c, 'A', 'A' };
        struct skp_secret got = { NULL, 0, 0 };

        if (place == NULL) {
            is_refused((struct skp_view){ text, sizeof text });
            continue;
        }
        skt_ok(skp_base64_decode((struct skp_view){ text, sizeof text }, &got));
        ck_assert_uint_eq(got.len, 3);
        ck_assert_uint_eq((unsigned)got.bytes[0] << 4 | got.bytes[1] >> 4,
                          (unsigned)(place - alphabet));
        skp_secret_done(&got);
    }
}
END_TEST

START_TEST(encodes_what_it_decodes_at_every_length)
{
    uint8_t bytes[70];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 151 + 11);
    }
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint8_t text[100];
        struct skp_buf out = skp_buf_over(text, sizeof text);
        struct skp_secret back = { NULL, 0, 0 };

        skt_ok(skp_base64_encode((struct skp_view){ bytes, len }, &out));
        ck_assert_uint_eq(out.len, skp_base64_len(len));
        skt_ok(skp_base64_decode((struct skp_view){ text, out.len }, &back));
        skt_bytes_eq(skp_secret_view(&back), (struct skp_view){ bytes, len });
        skp_secret_done(&back);
    }
}
END_TEST

START_TEST(decodes_into_room_that_is_just_large_enough)
{
    uint8_t room[8] = { 'x', 0 };
    struct skp_buf buf = skp_buf_over(room, 6);

    buf.len = 1;
    skt_ok(skp_base64_decode_to(skp_view_of(" Zm9vYmE=\n"), &buf));
    skt_bytes_eq((struct skp_view){ room, buf.len }, skp_view_of("xfooba"));
    buf.len = 1;
    skt_err(skp_base64_decode_to(skp_view_of("Zm9vYmFy"), &buf),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(buf.len, 1);
    skt_err(skp_base64_decode_to(skp_view_of("Zm9v!mE="), &buf),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(buf.len, 1);
    for (size_t i = 1; i < sizeof room; i++) {
        ck_assert_uint_eq(room[i], 0); /* what was decoded is wiped */
    }
}
END_TEST

START_TEST(encodes_all_64_characters_in_order)
{
    struct skp_view bytes =
        skt_hex("00108310518720928b30d38f41149351559761969b71d79f8218a39259a7"
                "a29aabb2dbafc31cb3d35db7e39ebbf3dfbf");
    uint8_t text[64];
    struct skp_buf out = skp_buf_over(text, sizeof text);

    skt_ok(skp_base64_encode(bytes, &out));
    skt_bytes_eq((struct skp_view){ text, out.len }, skp_view_of(alphabet));
}
END_TEST

START_TEST(writes_nothing_where_the_text_does_not_fit)
{
    uint8_t text[8] = { 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x' };
    struct skp_buf out = skp_buf_over(text, 7);

    skt_err(skp_base64_encode(skp_view_of("foob"), &out),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(out.len, 0);
    skt_bytes_eq((struct skp_view){ text, sizeof text },
                 skp_view_of("xxxxxxxx"));
}
END_TEST

SKT_SUITE("base64",
          decodes_the_examples_of_rfc_4648,
          drops_white_space_around_but_not_inside,
          refuses_wrong_padding_and_unused_bits,
          knows_exactly_the_64_characters_of_the_alphabet,
          encodes_what_it_decodes_at_every_length,
          encodes_all_64_characters_in_order,
          decodes_into_room_that_is_just_large_enough,
          writes_nothing_where_the_text_does_not_fit)
