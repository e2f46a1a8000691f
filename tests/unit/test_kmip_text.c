/* test_kmip_text.c - words of a server, made fit to print. */
#include <string.h>

#include "agent/source/kmip/kmip_text.h"
#include "tests/lib/suite.h"

START_TEST(what_is_no_printable_ascii_becomes_a_question_mark)
{
    const struct skp_view bytes = skt_hex("41001b5b7e7f0ac3a942");
    char text[32];

    skd_kmip_text_copy(bytes, text, sizeof text);
    ck_assert_str_eq(text, "A??[~????B");
}
END_TEST

START_TEST(a_text_is_cut_to_fit_and_ended)
{
    char text[6];

    memset(text, 'x', sizeof text);
    skd_kmip_text_copy(skp_view_of("12345"), text, sizeof text);
    ck_assert_str_eq(text, "12345");
    skd_kmip_text_copy(skp_view_of("1234567"), text, 4);
    ck_assert_str_eq(text, "123");
    ck_assert_int_eq(text[4], '5');
    skd_kmip_text_copy((struct skp_view){ NULL, 0 }, text, 1);
    ck_assert_str_eq(text, "");
}
END_TEST

SKT_SUITE("kmip_text",
          what_is_no_printable_ascii_becomes_a_question_mark,
          a_text_is_cut_to_fit_and_ended)
