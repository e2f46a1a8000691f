/* test_log.c - suite of agent/sys/log.c: what reaches stderr. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

SKT_SUITE("log",
          lines_below_the_level_are_not_written,
          a_text_line_has_time_level_and_message,
          a_json_line_is_one_object,
          quotes_and_control_characters_cannot_forge_a_line,
          a_message_of_any_length_is_one_whole_line)
