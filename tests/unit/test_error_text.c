/* test_error_text.c - last words per thread and handle. */
#include <pthread.h>
#include <string.h>

#include "libclient/error_text.h"
#include "tests/lib/suite.h"

START_TEST(serials_differ_and_are_never_zero)
{
    uint64_t first = skc_error_text_serial();

    ck_assert_uint_ne(first, 0);
    ck_assert_uint_ne(skc_error_text_serial(), first);
}
END_TEST

START_TEST(a_thread_keeps_the_words_of_four_handles)
{
    skc_error_text_set(11, "one");
    skc_error_text_set(12, "two");
    skc_error_text_set(13, "three");
    skc_error_text_set(11, "one again");
    skc_error_text_set(14, "four");
    ck_assert_str_eq(skc_error_text_get(11), "one again");
    ck_assert_str_eq(skc_error_text_get(12), "two");
    ck_assert_str_eq(skc_error_text_get(13), "three");
    ck_assert_str_eq(skc_error_text_get(14), "four");
    skc_error_text_set(15, "five");
    ck_assert_str_eq(skc_error_text_get(12), ""); /* used longest ago */
    ck_assert_str_eq(skc_error_text_get(11), "one again");
    ck_assert_str_eq(skc_error_text_get(15), "five");
}
END_TEST

static void *look_from_thread(void *state)
{
    const char *text = skc_error_text_get(21);

    if (text[0] != '\0') {
        return NULL;
    }
    skc_error_text_set(21, "theirs");
    return state;
}

START_TEST(threads_do_not_see_each_others_words)
{
    pthread_t thread;
    void *was_empty = NULL;
    int token;

    skc_error_text_set(21, "mine");
    ck_assert_int_eq(pthread_create(&thread, NULL, look_from_thread, &token),
                     0);
    ck_assert_int_eq(pthread_join(thread, &was_empty), 0);
    ck_assert_ptr_eq(was_empty, &token);
    ck_assert_str_eq(skc_error_text_get(21), "mine");
}
END_TEST

START_TEST(long_words_are_cut)
{
    char text[2 * SKP_DIAG_MAX];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    skc_error_text_set(31, text);
    ck_assert_uint_eq(strlen(skc_error_text_get(31)), SKP_DIAG_MAX - 1);
}
END_TEST

SKT_SUITE("error_text",
          serials_differ_and_are_never_zero,
          a_thread_keeps_the_words_of_four_handles,
          threads_do_not_see_each_others_words,
          long_words_are_cut)
