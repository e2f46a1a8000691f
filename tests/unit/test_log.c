/* test_log.c - suite of agent/sys/log.c: what reaches stderr. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "agent/sys/log.h"
#include "tests/lib/suite.h"

static char captured[16384];

/* Run @say with stderr in a pipe and keep what it wrote. */
static void capture(void (*say)(void))
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    ssize_t len;

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    say();
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    (void)close(ends[1]);
    (void)close(saved);
    len = read(ends[0], captured, sizeof captured - 1);
    (void)close(ends[0]);
    captured[len < 0 ? 0 : len] = '\0';
}

static void say_one_of_each(void)
{
    skd_log(SKD_LOG_DEBUG, "d");
    skd_log(SKD_LOG_INFO, "i %d", 7);
    skd_log(SKD_LOG_WARN, "w");
    skd_log(SKD_LOG_ERROR, "e");
}

static void say_something_nasty(void)
{
    skd_log(SKD_LOG_ERROR, "a\"b\\c\nd\x7f");
}

static void say_something_long(void)
{
    char text[4000];

    memset(text, '\n', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    skd_log(SKD_LOG_ERROR, "%s", text);
}

START_TEST(lines_below_the_level_are_not_written)
{
    skd_log_configure(SKD_LOG_WARN, false);
    capture(say_one_of_each);
    ck_assert_ptr_null(strstr(captured, "level=debug"));
    ck_assert_ptr_null(strstr(captured, "level=info"));
    ck_assert_ptr_nonnull(strstr(captured, "level=warn msg=\"w\"\n"));
    ck_assert_ptr_nonnull(strstr(captured, "level=error msg=\"e\"\n"));
}
END_TEST

START_TEST(a_text_line_has_time_level_and_message)
{
    int year = 0;

    skd_log_configure(SKD_LOG_INFO, false);
    capture(say_one_of_each);
    ck_assert_int_eq(sscanf(captured, "time=%d-", &year), 1);
    ck_assert_int_gt(year, 2023);
    ck_assert_ptr_nonnull(strstr(captured, "Z level=info msg=\"i 7\"\n"));
}
END_TEST

START_TEST(a_json_line_is_one_object)
{
    skd_log_configure(SKD_LOG_ERROR, true);
    capture(say_one_of_each);
    ck_assert_int_eq(strncmp(captured, "{\"time\":\"", 9), 0);
    ck_assert_ptr_nonnull(
        strstr(captured, "\",\"level\":\"error\",\"msg\":\"e\"}\n"));
}
END_TEST

START_TEST(quotes_and_control_characters_cannot_forge_a_line)
{
    skd_log_configure(SKD_LOG_INFO, false);
    capture(say_something_nasty);
    ck_assert_ptr_nonnull(
        strstr(captured, "msg=\"a\\\"b\\\\c\\u000ad\\u007f\"\n"));
    ck_assert_ptr_eq(strchr(captured, '\n'), captured + strlen(captured) - 1);
}
END_TEST

START_TEST(a_message_of_any_length_is_one_whole_line)
{
    skd_log_configure(SKD_LOG_INFO, true);
    capture(say_something_long);
    ck_assert_ptr_eq(strchr(captured, '\n'), captured + strlen(captured) - 1);
    ck_assert_str_eq(captured + strlen(captured) - 3, "\"}\n");
}
END_TEST

static void say_often(void)
{
    for (int i = 0; i < 50; i++) {
        skd_log(SKD_LOG_ERROR, "error writing kms request: %s", "broken pipe");
    }
    skd_log(SKD_LOG_ERROR, "something else");
    skd_log_flush(false);
    skd_log(SKD_LOG_ERROR, "the end");
    skd_log_flush(true);
}

static unsigned count_of(const char *text, const char *word)
{
    unsigned n = 0;

    for (; (text = strstr(text, word)) != NULL; text++) {
        n++;
    }
    return n;
}

START_TEST(a_message_that_comes_again_and_again_is_told_of_once)
{
    const char *end;

    skd_log_configure(SKD_LOG_INFO, false);
    capture(say_often);
    ck_assert_uint_eq(count_of(captured, "msg=\"error writing kms request: "
                                         "broken pipe\"\n"),
                      3);
    ck_assert_uint_eq(count_of(captured, "msg=\"something else\"\n"), 1);
    ck_assert_uint_eq(count_of(captured, "\n"), 6);
    end = strstr(captured, "msg=\"the end\"");
    ck_assert_ptr_nonnull(end);
    ck_assert_ptr_nonnull(
        strstr(end, "level=error msg=\"repeated 47 times more within 10 s: "
                    "error writing kms request: broken pipe\"\n"));
}
END_TEST

static void *say_from_a_thread(void *state)
{
    for (int i = 0; i < 1000; i++) {
        skd_log(SKD_LOG_WARN, "the same from all");
    }
    return state;
}

static void say_from_threads(void)
{
    pthread_t threads[8];

    for (size_t i = 0; i < SKP_ARRAY_LEN(threads); i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, say_from_a_thread, NULL), 0);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    skd_log_flush(true);
}

/* ThreadSanitizer looks on. */
START_TEST(threads_count_together)
{
    skd_log_configure(SKD_LOG_INFO, true);
    capture(say_from_threads);
    ck_assert_uint_eq(count_of(captured, "\n"), 4);
    ck_assert_ptr_nonnull(
        strstr(captured,
               "\"repeated 7997 times more within 10 s: the same from all\""));
}
END_TEST

/* Each kind of text that could break a line, and how it is written. */
static const struct {
    const char *text;
    const char *written;
} hard[] = {
    { "gr\u00fc\u00dfe \u20ac \U0001f511",
      "gr\u00fc\u00dfe \u20ac \U0001f511" },
    { "tab\tbell\a\033[31m", "tab\\u0009bell\\u0007\\u001b[31m" },
    { "\xff\xfe", "\\u00ff\\u00fe" },
    { "cut \xe2\x82", "cut \\u00e2\\u0082" },
    { "cut \xe2x", "cut \\u00e2x" },
    { "overlong \xc0\xaf \xe0\x80\xaf", /* both are '/' made longer */
      "overlong \\u00c0\\u00af \\u00e0\\u0080\\u00af" },
    { "surrogate \xed\xa0\x80", "surrogate \\u00ed\\u00a0\\u0080" },
    { "beyond \xf4\x90\x80\x80", "beyond \\u00f4\\u0090\\u0080\\u0080" },
    { "csi \xc2\x9b", "csi \\u00c2\\u009b" },
    { "\"\\", "\\\"\\\\" },
};

static void say_hard_things(void)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(hard); i++) {
        skd_log(SKD_LOG_INFO, "%s", hard[i].text);
    }
}

START_TEST(every_line_is_json_whatever_the_message_is)
{
    char *rest = NULL;
    size_t n = 0;

    skd_log_configure(SKD_LOG_INFO, true);
    capture(say_hard_things);
    for (size_t i = 0; i < SKP_ARRAY_LEN(hard); i++) {
        char wanted[256];

        (void)snprintf(wanted, sizeof wanted, "\"msg\":\"%s\"}\n",
                       hard[i].written);
        ck_assert_msg(strstr(captured, wanted) != NULL, "%zu: no %s in %s", i,
                      wanted, captured);
    }
    for (char *line = strtok_r(captured, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        cJSON *root = cJSON_Parse(line);

        ck_assert_msg(root != NULL, "no JSON: %s", line);
        cJSON_Delete(root);
        n++;
    }
    ck_assert_uint_eq(n, SKP_ARRAY_LEN(hard));
}
END_TEST

SKT_SUITE("log",
          lines_below_the_level_are_not_written,
          a_text_line_has_time_level_and_message,
          a_json_line_is_one_object,
          quotes_and_control_characters_cannot_forge_a_line,
          a_message_of_any_length_is_one_whole_line,
          a_message_that_comes_again_and_again_is_told_of_once,
          threads_count_together,
          every_line_is_json_whatever_the_message_is)
