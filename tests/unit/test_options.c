/* test_options.c - suite of agent/options.c. */
#include <stdlib.h>
#include <string.h>

#include "agent/options.h"
#include "tests/lib/suite.h"

#define ARGV_MAX 8

static char *said; /* what the last parse printed */

/* Parse the words of @line. */
static enum skp_err parse(const char *line, struct skd_options *ret)
{
    static char words[256];
    char *argv[ARGV_MAX + 1] = { NULL };
    char *rest = NULL;
    size_t len = 0;
    int argc = 0;
    enum skp_err err;
    FILE *out;

    (void)snprintf(words, sizeof words, "sidekeyd %s", line);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    free(said);
    said = NULL;
    out = open_memstream(&said, &len);
    err = skd_options_parse(argc, argv, out, ret);
    (void)fclose(out);
    return err;
}

START_TEST(no_options_mean_serving_with_the_default_files)
{
    struct skd_options options;

    skt_ok(parse("", &options));
    ck_assert_int_eq(options.action, SKD_ACTION_SERVE);
    ck_assert_ptr_null(options.config);
    ck_assert_ptr_null(options.secret);
    ck_assert_ptr_null(options.socket);
    ck_assert(!options.dev && !options.strict);
}
END_TEST

START_TEST(values_are_taken_in_both_spellings)
{
    struct skd_options options;

    skt_ok(parse("--config a --secret=b --socket c", &options));
    ck_assert_str_eq(options.config, "a");
    ck_assert_str_eq(options.secret, "b");
    ck_assert_str_eq(options.socket, "c");
}
END_TEST

START_TEST(help_and_version_win_over_what_else_is_said)
{
    struct skd_options options;

    skt_ok(parse("--check-config --help --nonsense", &options));
    ck_assert_int_eq(options.action, SKD_ACTION_HELP);
    skt_ok(parse("-V --dev", &options));
    ck_assert_int_eq(options.action, SKD_ACTION_VERSION);
}
END_TEST

START_TEST(check_config_may_be_strict)
{
    struct skd_options options;

    skt_ok(parse("--check-config --strict", &options));
    ck_assert_int_eq(options.action, SKD_ACTION_CHECK_CONFIG);
    ck_assert(options.strict);
}
END_TEST

START_TEST(a_supervisor_takes_the_options_of_the_agent)
{
    struct skd_options options;

    skt_ok(parse("--supervise --config a", &options));
    ck_assert_int_eq(options.action, SKD_ACTION_SERVE);
    ck_assert(options.supervise);
    ck_assert_str_eq(options.config, "a");
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *line;
        const char *name;
    } wrong[] = {
        { "--nonsense", "--nonsense" },
        { "-x", "-x" },
        { "--config", "--config" },
        { "stray", "stray" },
        { "--dev --config a", "--dev" },
        { "--dev --secret a", "--dev" },
        { "--dev --check-config", "--dev" },
        { "--strict", "--strict" },
        { "--supervise --dev", "--supervise" },
        { "--supervise --check-config", "--supervise" },
    };
    struct skd_options options = { .socket = "untouched" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(wrong); i++) {
        skt_err(parse(wrong[i].line, &options), SKP_ERR_INVALID_ARGUMENT);
        ck_assert_msg(strstr(said, wrong[i].name) != NULL, "%s: %s",
                      wrong[i].line, said);
        ck_assert_str_eq(options.socket, "untouched");
    }
}
END_TEST

START_TEST(help_names_every_option)
{
    static const char *const names[] = {
        "--config", "--secret",    "--socket", "--dev",    "--check-config",
        "--strict", "--supervise", "--help",   "--version"
    };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    skd_options_print_help(out);
    (void)fclose(out);
    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        ck_assert_ptr_nonnull(strstr(text, names[i]));
    }
    free(text);
}
END_TEST

SKT_SUITE("options",
          no_options_mean_serving_with_the_default_files,
          values_are_taken_in_both_spellings,
          help_and_version_win_over_what_else_is_said,
          check_config_may_be_strict,
          a_supervisor_takes_the_options_of_the_agent,
          what_is_wrong_is_named,
          help_names_every_option)
