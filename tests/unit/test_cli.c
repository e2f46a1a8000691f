/* test_cli.c - parsing, help and exit codes of the command line. */
#include <string.h>

#include "libclient/cli/commands.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part,
                  text);
}

START_TEST(help_is_printed_from_the_table)
{
    struct skt_run run = { .code = -1 };

    skt_cli(&run, NULL, "--help");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.err, "");
    for (const struct skc_command *row = skc_commands; row->name != NULL;
         row++) {
        has(run.out, row->name);
        has(run.out, row->sentence);
    }
    for (const struct skc_command *row = skc_commands; row->name != NULL;
         row++) {
        skt_cli(&run, NULL, "help", row->name);
        ck_assert_int_eq(run.code, 0);
        has(run.out, row->sentence);
        has(run.out, row->usage);
        has(run.out, "--timeout DURATION");
        skt_cli(&run, NULL, row->name, "--help");
        ck_assert_int_eq(run.code, 0);
        has(run.out, row->sentence);
    }
    skt_run_done(&run);
}
END_TEST

START_TEST(prints_the_version)
{
    struct skt_run run = { .code = -1 };

    skt_cli(&run, NULL, "--version");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "sidekey " SKD_VERSION "\n");
    skt_run_done(&run);
}
END_TEST

START_TEST(wrong_usage_is_64_and_points_to_the_help)
{
    static const struct {
        const char *words[4];
        size_t n;
        const char *text;
    } cases[] = {
        { { "-q" }, 1, "sidekey: which command?\ntry: sidekey help\n" },
        { { "frobnicate" }, 1, "sidekey: frobnicate: no such command\n" },
        { { "help", "frobnicate" }, 2, "frobnicate: no such command\n" },
        { { "pubkey" },
          1,
          "sidekey: pubkey: too few arguments, wants: TENANT\ntry: sidekey "
          "help pubkey\n" },
        { { "pubkey", "a", "b" }, 3, "pubkey: too many arguments: b\n" },
        { { "pubkey", "a", "--live" }, 3, "--live: no such option here\n" },
        { { "--json", "pubkey", "a" }, 3, "--json: no such option here\n" },
        { { "pubkey", "a", "--timeout" },
          3,
          "--timeout: the value is missing\n" },
        { { "pubkey", "a", "--timeout", "soon" },
          4,
          "--timeout soon: no duration such as 5s\n" },
        { { "encrypt", "a", "--suite", "3" }, 4, "--suite 3: no such suite\n" },
        { { "encrypt", "a", "--raw", "--suite=2" },
          4,
          "only suite 1 has a raw form\n" },
        { { "encrypt", "a", "--raw", "--aad=x" },
          4,
          "suite 1 cannot authenticate --aad\n" },
        { { "rewrap", "a" }, 2, "rewrap: which files?\n" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct skt_run run = { .code = -1 };

        skt_cli_words(&run, NULL, cases[i].words, cases[i].n);
        ck_assert_int_eq(run.code, 64);
        has(run.err, cases[i].text);
        ck_assert_str_eq(run.out, "");
        skt_run_done(&run);
    }
}
END_TEST

START_TEST(errors_name_the_tenant_and_the_code)
{
    static const struct skt_step steps[] = {
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "not yours" },
        { SKT_ERROR, SKP_ERR_INTERNAL, "oh" },
        { SKT_ERROR, SKP_ERR_DATA_LOSS, "changed" },
    };
    static const struct {
        int code;
        const char *err;
    } wants[] = {
        { 77, "sidekey: " SKT_TENANT ": PERMISSION_DENIED: not yours\n" },
        { 70, "sidekey: " SKT_TENANT ": INTERNAL: oh\n" },
        { 1, "sidekey: " SKT_TENANT ": DATA_LOSS: changed\n" },
    };
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct skt_run run = { .code = -1 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(wants); i++) {
        skt_cli(&run, skt_agent_path(agent), "pubkey", SKT_TENANT);
        ck_assert_int_eq(run.code, wants[i].code);
        ck_assert_str_eq(run.err, wants[i].err);
    }
    skt_cli(&run, skt_agent_path(agent), "pubkey", "nobody");
    ck_assert_int_eq(run.code, 1);
    ck_assert_str_eq(run.err, "sidekey: nobody: NOT_FOUND: no such tenant\n");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(without_an_agent_it_is_69)
{
    struct skt_run run = { .code = -1 };

    skt_cli(&run, "/nonexistent/socket", "--timeout", "20ms", "pubkey", "a");
    ck_assert_int_eq(run.code, 69);
    ck_assert_str_eq(run.err, "sidekey: a: UNAVAILABLE: /nonexistent/socket: "
                              "no agent listens on this socket\n");
    skt_cli(&run, "", "pubkey", "a");
    ck_assert_int_eq(run.code, 1);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_deadline_of_the_user_is_kept)
{
    static const struct skt_step steps[] = { { SKT_SILENCE, SKP_ERR_OK,
                                               NULL } };
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "pubkey", "a", "--timeout", "0.05");
    ck_assert_int_eq(run.code, 69);
    has(run.err, "DEADLINE_EXCEEDED");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cli",
          help_is_printed_from_the_table,
          prints_the_version,
          wrong_usage_is_64_and_points_to_the_help,
          errors_name_the_tenant_and_the_code,
          without_an_agent_it_is_69,
          a_deadline_of_the_user_is_kept)
