/* cli.h - one run of the command line: what every command is given.
 *
 * Thread:   one.
 * Secrets:  nothing here holds one; commands write secrets to file
 *           descriptors, never through stdio's buffers.
 */
#ifndef SKC_CLI_H
#define SKC_CLI_H

#include "libclient/cli/cli_options.h"
#include "libclient/cli/exit_code.h"
#include "libclient/sidekey.h"

/* The outside world of a run; tests give another. */
struct skc_streams {
    int in_fd;
    FILE *out;
    FILE *err;
    int64_t (*now_s)(void); /* Unix time, for ages */
    bool is_coloured;       /* out is looked at by a person */
    bool is_screen;         /* out is a terminal that can be drawn on */
};

struct skc_command;

struct skc_cli {
    struct skc_streams streams;
    const struct skc_command *command;
    struct skc_args args;
    uint32_t timeout_ms;
    struct sidekey *handle; /* NULL before skc_cli_connect */
};

/* One line of the table of commands. */
struct skc_command {
    const char *name;
    int (*run)(struct skc_cli *cli); /* the exit code */
    const char *usage;               /* what follows the name */
    int words_min;
    int words_max; /* -1: any number */
    unsigned options;
    uint32_t timeout_ms; /* unless --timeout is given */
    const char *sentence;
    const char *details; /* for its own help; may be "" */
};

/* Run `sidekey argv...` and return its exit code. */
int skc_cli_run(int argc, char **argv, const struct skc_streams *streams);

/* The @n-th word after the command's name; NULL when there are fewer. */
const char *skc_cli_word(const struct skc_cli *cli, int n);

/* Open the handle, without connecting yet; SKC_EXIT_OK, or an exit code after
 * the words are printed. */
int skc_cli_connect(struct skc_cli *cli);

/* Print "sidekey: SUBJECT: NAME: text" and return the exit code of @err.
 * @subject  a tenant, or NULL. */
int skc_cli_fail(const struct skc_cli *cli,
                 const char *subject,
                 enum skp_err err,
                 const char *text);

/* The same for a failed call of the library. */
int skc_cli_fail_call(const struct skc_cli *cli,
                      const char *subject,
                      enum sidekey_status status);

/* Print "sidekey: COMMAND: text", point to the help, return SKC_EXIT_USAGE. */
SKP_PRINTF(2, 3)
int skc_cli_misuse(const struct skc_cli *cli, const char *format, ...);

/* The suite of --suite and --raw; SIDEKEY_SUITE_ANY when not given.
 *   SKP_ERR_INVALID_ARGUMENT  no such suite. */
SKP_MUST_CHECK enum skp_err skc_cli_suite(const struct skc_cli *cli,
                                          enum sidekey_suite *ret);

#endif /* SKC_CLI_H */
