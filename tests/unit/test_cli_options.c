/* test_cli_options.c - the options of the command line. */
#include <stdlib.h>
#include <string.h>

#include "libclient/cli/cli_options.h"
#include "tests/lib/suite.h"

static struct skc_args parse(unsigned allowed,
                             bool only_leading,
                             enum skp_err expected,
                             const char *text)
{
    static char line[256];
    static char *argv[16];
    struct skc_args args = { .words = NULL };
    struct skp_diag diag = { "" };
    char *rest = NULL;
    int argc = 0;

    (void)snprintf(line, sizeof line, "%s", text);
    for (char *word = strtok_r(line, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    skt_err(
        skc_cli_options_parse(argc, argv, allowed, only_leading, &args, &diag),
        expected);
    ck_assert_int_eq(diag.text[0] == '\0', expected == SKP_ERR_OK);
    return args;
}

START_TEST(options_and_words_may_stand_in_any_order)
{
    struct skc_args args =
        parse(SKC_GLOBAL_OPTIONS | SKC_BIT(INPUT) | SKC_BIT(FORCE), false,
              SKP_ERR_OK, "encrypt -i in tenant --force -q --timeout=3s x");

    ck_assert_str_eq(args.input, "in");
    ck_assert_str_eq(args.timeout, "3s");
    ck_assert(args.force && args.quiet && !args.json);
    ck_assert_ptr_null(args.socket);
    ck_assert_int_eq(args.n_words, 2);
    ck_assert_str_eq(args.words[0], "tenant");
    ck_assert_str_eq(args.words[1], "x");
}
END_TEST

START_TEST(leading_options_end_at_the_first_word)
{
    struct skc_args args = parse(SKC_GLOBAL_OPTIONS, true, SKP_ERR_OK,
                                 "sidekey --socket s pubkey t -q");

    ck_assert_str_eq(args.socket, "s");
    ck_assert(!args.quiet);
    ck_assert_int_eq(args.n_words, 3);
    ck_assert_str_eq(args.words[0], "pubkey");
}
END_TEST

START_TEST(what_is_not_allowed_or_lacks_its_value_is_refused)
{
    (void)parse(SKC_GLOBAL_OPTIONS, false, SKP_ERR_INVALID_ARGUMENT,
                "x --force");
    (void)parse(SKC_GLOBAL_OPTIONS, false, SKP_ERR_INVALID_ARGUMENT, "x -f");
    (void)parse(SKC_GLOBAL_OPTIONS, false, SKP_ERR_INVALID_ARGUMENT,
                "x --socket");
    (void)parse(SKC_GLOBAL_OPTIONS, false, SKP_ERR_INVALID_ARGUMENT,
                "x --quiet=yes");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
    struct skc_args args =
        parse(SKC_GLOBAL_OPTIONS, false, SKP_ERR_OK, "x -- -q");

    ck_assert(!args.quiet);
    ck_assert_int_eq(args.n_words, 1);
}
END_TEST

START_TEST(durations_are_read)
{
    static const struct {
        const char *text;
        uint32_t ms;
    } cases[] = {
        { "5", 5000 },     { "5s", 5000 },  { "250ms", 250 }, { "1.5m", 90000 },
        { "2h", 7200000 }, { "0.25", 250 }, { "0.001s", 1 },
    };
    static const char *const bad[] = {
        "",   "s",   "5x",    "-1",         "0",    "0.0001", "1e3",
        " 5", "5 s", "1.2.3", "9999999999", "600h", "5ms5",
    };
    uint32_t ms = 77;

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        skt_ok(skc_cli_options_duration(cases[i].text, &ms));
        ck_assert_uint_eq(ms, cases[i].ms);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        ms = 77;
        skt_err(skc_cli_options_duration(bad[i], &ms),
                SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(ms, 77);
    }
}
END_TEST

START_TEST(each_option_has_a_line_of_help)
{
    char text[8192] = "";
    FILE *file = fmemopen(text, sizeof text, "w");

    ck_assert_ptr_nonnull(file);
    skc_cli_options_print(file, ~0u);
    ck_assert_int_eq(fclose(file), 0);
#define HAS_LINE(name, member, option, letter, value, sentence) \
    ck_assert_ptr_nonnull(strstr(text, "--" option));           \
    ck_assert_ptr_nonnull(strstr(text, sentence));
    SKC_OPTION_MAP(HAS_LINE)
#undef HAS_LINE
    ck_assert_ptr_nonnull(strstr(text, "  -q, --quiet"));
}
END_TEST

SKT_SUITE("cli_options",
          options_and_words_may_stand_in_any_order,
          leading_options_end_at_the_first_word,
          what_is_not_allowed_or_lacks_its_value_is_refused,
          two_dashes_end_the_options,
          durations_are_read,
          each_option_has_a_line_of_help)
