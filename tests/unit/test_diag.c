/* test_diag.c - words for the operator. */
#include <string.h>

#include "protocol/diag.h"
#include "tests/lib/suite.h"

START_TEST(says_what_failed_and_returns_the_error)
{
    struct skp_diag diag = { "old" };

    skt_err(skp_fail(&diag, SKP_ERR_NOT_FOUND, "no %s in %d", "key", 7),
            SKP_ERR_NOT_FOUND);
    ck_assert_str_eq(diag.text, "no key in 7");
    skt_err(skp_fail(NULL, SKP_ERR_DATA_LOSS, "unheard"), SKP_ERR_DATA_LOSS);
    skt_err(skp_prefix(NULL, SKP_ERR_DATA_LOSS, "unheard"), SKP_ERR_DATA_LOSS);
}
END_TEST

START_TEST(grows_to_the_left_on_the_way_up)
{
    struct skp_diag diag = { "" };

    (void)skp_fail(&diag, SKP_ERR_UNAVAILABLE, "connection refused");
    (void)skp_prefix(&diag, SKP_ERR_UNAVAILABLE, "host %s", "a:5696");
    skt_err(skp_prefix(&diag, SKP_ERR_UNAVAILABLE, "tenant 1"),
            SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(diag.text, "tenant 1: host a:5696: connection refused");
}
END_TEST

START_TEST(blanks_control_characters_of_foreign_texts)
{
    struct skp_diag diag = { "" };

    (void)skp_fail(&diag, SKP_ERR_INTERNAL, "a\nb\tc\x1b[31md\x7f\xc3\xa9");
    ck_assert_str_eq(diag.text, "a?b?c?[31md?\xc3\xa9");
    (void)skp_prefix(&diag, SKP_ERR_INTERNAL, "x\r");
    ck_assert_str_eq(diag.text, "x?: a?b?c?[31md?\xc3\xa9");
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
    char text[2 * SKP_DIAG_MAX];
    struct skp_diag diag = { "" };

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)skp_fail(&diag, SKP_ERR_INTERNAL, "%s", text);
    ck_assert_uint_eq(strlen(diag.text), SKP_DIAG_MAX - 1);
    (void)skp_prefix(&diag, SKP_ERR_INTERNAL, "front");
    ck_assert_uint_eq(strlen(diag.text), SKP_DIAG_MAX - 1);
    ck_assert(strncmp(diag.text, "front: xxx", 10) == 0);
    (void)skp_prefix(&diag, SKP_ERR_INTERNAL, "%s", text);
    ck_assert_uint_eq(strlen(diag.text), SKP_DIAG_MAX - 1);
}
END_TEST

SKT_SUITE("diag",
          says_what_failed_and_returns_the_error,
          grows_to_the_left_on_the_way_up,
          blanks_control_characters_of_foreign_texts,
          cuts_what_is_too_long)
