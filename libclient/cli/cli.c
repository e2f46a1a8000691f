/* cli.c - one run of the command line; see cli.h. */
#include "libclient/cli/cli.h"

#include <stdarg.h>
#include <string.h>

#include "libclient/cli/commands.h"
#include "libclient/client_status.h"
#include "protocol/envelope.h"

/* ---- words ----------------------------------------------------------------
 */

int skc_cli_fail(const struct skc_cli *cli,
                 const char *subject,
                 enum skp_err err,
                 const char *text)
{
    if (text == NULL || text[0] == '\0') {
        text = skp_err_text(err);
    }
    (void)fprintf(cli->streams.err, "sidekey: %s%s%s: %s\n",
                  subject == NULL ? "" : subject, subject == NULL ? "" : ": ",
                  skp_err_name(err), text);
    return (int)skc_exit_code(err);
}

int skc_cli_fail_call(const struct skc_cli *cli,
                      const char *subject,
                      enum sidekey_status status)
{
    return skc_cli_fail(cli, subject, skc_status_err(status),
                        sidekey_error_text(cli->handle));
}

int skc_cli_misuse(const struct skc_cli *cli, const char *format, ...)
{
    FILE *err = cli->streams.err;
    const char *name = cli->command == NULL ? NULL : cli->command->name;
    va_list args;

    (void)fprintf(err, "sidekey: %s%s", name == NULL ? "" : name,
                  name == NULL ? "" : ": ");
    va_start(args, format);
    (void)vfprintf(err, format, args);
    va_end(args);
    (void)fprintf(err, "\ntry: sidekey help%s%s\n", name == NULL ? "" : " ",
                  name == NULL ? "" : name);
    return SKC_EXIT_USAGE;
}

/* ---- help -----------------------------------------------------------------
 */

static int print_help(FILE *file)
{
    (void)fprintf(file, "usage: sidekey [OPTION...] COMMAND ...\n\n"
                        "Ask sidekeyd, the key agent.\n\ncommands:\n");
    for (const struct skc_command *row = skc_commands; row->name != NULL;
         row++) {
        (void)fprintf(file, "  %-11s %s\n", row->name, row->sentence);
    }
    (void)fprintf(file, "  %-11s %s\n\noptions:\n", "help",
                  "print the help of a command");
    skc_cli_options_print(file, SKC_GLOBAL_OPTIONS);
    (void)fprintf(file,
                  "      --version            print the version\n\n"
                  "exit codes: 0 done, 1 failed, 64 wrong usage, 69 agent or "
                  "key not available,\n70 a bug, 77 not permitted, 78 wrong "
                  "configuration\n");
    return SKC_EXIT_OK;
}

static int print_command_help(const struct skc_command *command, FILE *file)
{
    (void)fprintf(file, "usage: sidekey %s [OPTION...]%s%s\n\n%s: %s\n",
                  command->name, command->usage[0] == '\0' ? "" : " ",
                  command->usage, command->name, command->sentence);
    if (command->details[0] != '\0') {
        (void)fprintf(file, "\n%s", command->details);
    }
    (void)fprintf(file, "\noptions:\n");
    skc_cli_options_print(file, command->options | SKC_GLOBAL_OPTIONS);
    return SKC_EXIT_OK;
}

static int run_help(struct skc_cli *cli)
{
    const char *name = skc_cli_word(cli, 0);
    const struct skc_command *command;

    if (name == NULL) {
        return print_help(cli->streams.out);
    }
    command = skc_commands_find(name);
    if (command == NULL) {
        return skc_cli_misuse(cli, "%s: no such command", name);
    }
    return print_command_help(command, cli->streams.out);
}

/* ---- what commands share --------------------------------------------------
 */

const char *skc_cli_word(const struct skc_cli *cli, int n)
{
    return n < cli->args.n_words ? cli->args.words[n] : NULL;
}

int skc_cli_connect(struct skc_cli *cli)
{
    enum sidekey_status status = sidekey_open(cli->args.socket, &cli->handle);

    if (status != SIDEKEY_OK) {
        return skc_cli_fail(cli, NULL, skc_status_err(status),
                            status == SIDEKEY_INVALID_ARGUMENT
                                ? "the path of the socket is empty or longer "
                                  "than a Unix socket's may be"
                                : NULL);
    }
    return SKC_EXIT_OK;
}

enum skp_err skc_cli_suite(const struct skc_cli *cli, enum sidekey_suite *ret)
{
    const char *text = cli->args.suite;
    enum skp_suite suite;

    if (text == NULL) {
        *ret =
            cli->args.raw ? SIDEKEY_SUITE_X25519_AES256CTR : SIDEKEY_SUITE_ANY;
        return SKP_ERR_OK;
    }
    if (strcmp(text, "1") == 0) {
        suite = SKP_SUITE_X25519_AES256CTR;
    } else if (strcmp(text, "2") == 0) {
        suite = SKP_SUITE_X25519_HPKE_AES256GCM;
    } else {
        suite = skp_suite_from_name(skp_view_of(text));
    }
    if (suite == SKP_SUITE_ANY) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret = (enum sidekey_suite)suite;
    return SKP_ERR_OK;
}

/* ---- the run --------------------------------------------------------------
 */

static int check_words(struct skc_cli *cli)
{
    const struct skc_command *command = cli->command;
    int n = cli->args.n_words;

    if (n < command->words_min) {
        return skc_cli_misuse(cli, "too few arguments, wants: %s",
                              command->usage);
    }
    if (command->words_max >= 0 && n > command->words_max) {
        return skc_cli_misuse(cli, "too many arguments: %s",
                              skc_cli_word(cli, command->words_max));
    }
    if (cli->args.timeout != NULL &&
        skc_cli_options_duration(cli->args.timeout, &cli->timeout_ms) !=
            SKP_ERR_OK) {
        return skc_cli_misuse(cli, "--timeout %s: no duration such as 5s",
                              cli->args.timeout);
    }
    return SKC_EXIT_OK;
}

/* Run the command whose name is argv[0]. */
static int run_command(struct skc_cli *cli, int argc, char **argv)
{
    struct skp_diag diag = { "" };
    int code;

    cli->command = skc_commands_find(argv[0]);
    if (cli->command == NULL) {
        return skc_cli_misuse(cli, "%s: no such command", argv[0]);
    }
    if (skc_cli_options_parse(argc, argv,
                              cli->command->options | SKC_GLOBAL_OPTIONS, false,
                              &cli->args, &diag) != SKP_ERR_OK) {
        return skc_cli_misuse(cli, "%s", diag.text);
    }
    if (cli->args.help) {
        return print_command_help(cli->command, cli->streams.out);
    }
    cli->timeout_ms = cli->command->timeout_ms;
    code = check_words(cli);
    return code == SKC_EXIT_OK ? cli->command->run(cli) : code;
}

static int run(struct skc_cli *cli, int argc, char **argv)
{
    struct skp_diag diag = { "" };

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)fprintf(cli->streams.out, "sidekey %s\n", SKD_VERSION);
        return SKC_EXIT_OK;
    }
    if (skc_cli_options_parse(argc, argv, SKC_GLOBAL_OPTIONS, true, &cli->args,
                              &diag) != SKP_ERR_OK) {
        return skc_cli_misuse(cli, "%s", diag.text);
    }
    if (cli->args.help) {
        return print_help(cli->streams.out);
    }
    if (cli->args.n_words == 0) {
        return skc_cli_misuse(cli, "which command?");
    }
    if (strcmp(cli->args.words[0], "help") == 0) {
        cli->args.words++;
        cli->args.n_words--;
        return run_help(cli);
    }
    return run_command(cli, cli->args.n_words, cli->args.words);
}

int skc_cli_run(int argc, char **argv, const struct skc_streams *streams)
{
    struct skc_cli cli = { .streams = *streams };
    int code = run(&cli, argc, argv);

    sidekey_close(&cli.handle);
    if (fflush(streams->out) != 0 || ferror(streams->out) != 0) {
        struct skp_diag diag = { "standard output cannot be written" };

        return code != SKC_EXIT_OK
                   ? code
                   : skc_cli_fail(&cli, NULL, SKP_ERR_FAILED_PRECONDITION,
                                  diag.text);
    }
    return code;
}
