/* test_texts.c - many short texts, kept together. */
#include <stdio.h>
#include <string.h>

#include "agent/store/texts.h"
#include "tests/lib/suite.h"

#define N_TEXTS 500u

static const char *kept[N_TEXTS];

/* Keep numbered texts in blocks of @block_len and read them all again. */
static void keep_many(size_t block_len)
{
    struct skd_texts texts = { NULL, block_len };
    char text[16];

    for (unsigned i = 0; i < N_TEXTS; i++) {
        int len = snprintf(text, sizeof text, "text-%u", i);

        skt_ok(skd_texts_keep(&texts, text, (size_t)len, &kept[i]));
    }
    for (unsigned i = 0; i < N_TEXTS; i++) {
        (void)snprintf(text, sizeof text, "text-%u", i);
        ck_assert_str_eq(kept[i], text);
    }
    skd_texts_done(&texts);
    ck_assert_ptr_null(texts.newest);
    skd_texts_done(&texts);
}

START_TEST(texts_stay_where_they_are_whatever_the_blocks)
{
    for (size_t block_len = 0; block_len < 40; block_len++) {
        keep_many(block_len);
    }
    keep_many(65536);
}
END_TEST

START_TEST(a_text_fills_a_block_to_its_last_byte)
{
    struct skd_texts texts = { NULL, 8 };
    const char *first = NULL;
    const char *second = NULL;
    const char *third = NULL;

    skt_ok(skd_texts_keep(&texts, "1234567", 7, &first));
    skt_ok(skd_texts_keep(&texts, "12345678", 8, &second));
    skt_ok(skd_texts_keep(&texts, "", 0, &third));
    ck_assert_str_eq(first, "1234567");
    ck_assert_str_eq(second, "12345678");
    ck_assert_str_eq(third, "");
    skd_texts_done(&texts);
}
END_TEST

SKT_SUITE("texts",
          texts_stay_where_they_are_whatever_the_blocks,
          a_text_fills_a_block_to_its_last_byte)
