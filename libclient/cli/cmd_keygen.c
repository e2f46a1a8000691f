/* cmd_keygen.c - sidekey keygen: a new seed.
 *
 * Secrets:  the seed is in arrays wiped here, and goes out by write(2).
 */
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"
#include "libclient/cli/cli_seed.h"
#include "libclient/cli/commands.h"

static enum skp_err write_seed(struct skc_cli_output *output,
                               struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, text, SKC_CLI_SEED_LEN + 1);
    struct skp_buf buf = skp_buf_over(text, SKC_CLI_SEED_LEN + 1);
    struct skc_sink sink = skc_cli_output_sink(output);

    SKP_TRY(skc_cli_seed_make(&buf));
    SKP_TRY(skp_buf_put(&buf, "\n", 1));
    SKP_TRY(
        sink.write(sink.state, (struct skp_view){ buf.ptr, buf.len }, diag));
    return skc_cli_output_commit(output, diag);
}

int skc_cmd_keygen(struct skc_cli *cli)
{
    const struct skc_args *args = &cli->args;
    bool is_standard = args->output == NULL || strcmp(args->output, "-") == 0;
    struct skc_cli_output_options options = {
        .path = is_standard ? NULL : args->output,
        .std_fd = fileno(cli->streams.out),
        .is_secret = true,
        .input_fd = -1,
        /* For a terminal only: a seed is never overwritten. */
        .force = args->force && is_standard,
    };
    struct skc_cli_output output;
    struct skp_diag diag = { "" };
    enum skp_err err;

    if (is_standard && isatty(options.std_fd) == 1 && !args->force) {
        return skc_cli_fail(
            cli, NULL, SKP_ERR_FAILED_PRECONDITION,
            "a seed is a secret, and a terminal shows and keeps it; use -o "
            "FILE, a pipe, or --force");
    }
    err = skc_cli_output_open(&output, &options, &diag);
    if (err == SKP_ERR_OK) {
        err = write_seed(&output, &diag);
    }
    skc_cli_output_done(&output);
    return err == SKP_ERR_OK ? SKC_EXIT_OK
                             : skc_cli_fail(cli, NULL, err, diag.text);
}
