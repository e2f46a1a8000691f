/* test_kms_print.c - lines of sidekey kms. */
#include <stdlib.h>
#include <string.h>

#include "libclient/cli/kms_print.h"
#include "tests/lib/suite.h"

static const char *name_of(uint32_t number)
{
    return number == 3 ? "three" : "a \"word\"";
}

/* What @print writes of @value, in memory kept until the next call. */
static const char *printed(void (*print)(FILE *, int64_t), int64_t value)
{
    static char *text;
    size_t len = 0;
    FILE *out;

    free(text);
    text = NULL;
    out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    print(out, value);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static void print_date(FILE *out, int64_t value)
{
    skc_kms_print_date(out, "initial", value);
}

static void print_json_date(FILE *out, int64_t value)
{
    skc_kms_print_json_date(out, "initial", value);
}

static void print_words(FILE *out, int64_t value)
{
    skc_kms_print_words(out, "objects",
                        (struct skc_kms_words){ (uint64_t)value, name_of });
}

static void print_json_words(FILE *out, int64_t value)
{
    skc_kms_print_json_words(
        out, "objects", (struct skc_kms_words){ (uint64_t)value, name_of });
}

START_TEST(dates_are_iso_8601_in_utc_and_absent_ones_are_left_out)
{
    ck_assert_str_eq(printed(print_date, 1795322298),
                     "initial    2026-11-22T04:38:18Z\n");
    ck_assert_str_eq(printed(print_date, -1),
                     "initial    1969-12-31T23:59:59Z\n");
    ck_assert_str_eq(printed(print_date, 0), "");
    ck_assert_str_eq(printed(print_date, INT64_MAX),
                     "initial    9223372036854775807\n");
}
END_TEST

START_TEST(json_dates_are_unix_seconds_or_null)
{
    ck_assert_str_eq(printed(print_json_date, 1795322298),
                     ", \"initial\": 1795322298");
    ck_assert_str_eq(printed(print_json_date, 0), ", \"initial\": null");
}
END_TEST

START_TEST(lists_of_words_have_commas_between_and_say_when_they_are_empty)
{
    ck_assert_str_eq(printed(print_words, 1 << 3 | 1 << 5),
                     "objects    three, a \"word\"\n");
    ck_assert_str_eq(printed(print_words, 0), "objects    none told\n");
    ck_assert_str_eq(printed(print_words, INT64_MIN),
                     "objects    a \"word\"\n");
    ck_assert_str_eq(printed(print_json_words, 1 << 3 | 1 << 5),
                     ", \"objects\": [\"three\", \"a \\\"word\\\"\"]");
    ck_assert_str_eq(printed(print_json_words, 0), ", \"objects\": []");
}
END_TEST

/* What put prints with these flags of one run. */
static void
check_done(bool is_json, bool is_quiet, const char *put, const char *revoked)
{
    char verb[] = "put";
    char tenant[] = "a\"b";
    char *words[] = { verb, tenant };
    char *text = NULL;
    size_t len = 0;
    struct skc_cli cli = { .args = { .words = words,
                                     .n_words = 2,
                                     .json = is_json,
                                     .quiet = is_quiet } };

    cli.streams.out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(cli.streams.out);
    skc_kms_print_put(&cli, "17");
    ck_assert_int_eq(fflush(cli.streams.out), 0);
    ck_assert_str_eq(text, put);
    skc_kms_print_done(&cli, "revoked");
    ck_assert_int_eq(fclose(cli.streams.out), 0);
    ck_assert_str_eq(text + strlen(put), revoked);
    free(text);
}

START_TEST(what_was_done_is_a_sentence_or_json_or_nothing)
{
    check_done(false, false, "registered a\"b as object 17 (Active)\n",
               "revoked a\"b\n");
    check_done(true, false,
               "{\"tenant\": \"a\\\"b\", \"identifier\": \"17\", "
               "\"state\": \"Active\"}\n",
               "{\"tenant\": \"a\\\"b\", \"done\": \"revoked\"}\n");
    check_done(false, true, "", "");
}
END_TEST

SKT_SUITE("kms_print",
          what_was_done_is_a_sentence_or_json_or_nothing,
          dates_are_iso_8601_in_utc_and_absent_ones_are_left_out,
          json_dates_are_unix_seconds_or_null,
          lists_of_words_have_commas_between_and_say_when_they_are_empty)
