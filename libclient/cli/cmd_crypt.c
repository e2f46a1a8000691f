/* cmd_crypt.c - sidekey encrypt and sidekey decrypt.
 *
 * Secrets:  plaintext passes through locked memory only.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"
#include "libclient/cli/commands.h"
#include "libclient/client_status.h"
#include "libclient/file_open.h"

#define READ_STEP 65536u

/* One run: from an input through a seal or an open to an output. */
struct job {
    struct skc_cli *cli;
    const char *tenant;
    struct sidekey_options options; /* for calls of the library */
    int in_fd;
    bool owns_in_fd;
    struct skc_cli_output output;
    struct skp_secret piece;
    struct skc_file_seal *seal; /* when encrypting */
    struct skc_file_open *open; /* when decrypting */
};

static void free_job(struct job *job)
{
    skc_file_seal_free(&job->seal);
    skc_file_open_free(&job->open);
    skp_secret_done(&job->piece);
    skc_cli_output_done(&job->output);
    if (job->owns_in_fd) {
        (void)close(job->in_fd);
    }
}

static struct skp_view view_aad(const struct skc_cli *cli)
{
    return skp_view_of(cli->args.aad == NULL ? "" : cli->args.aad);
}

static enum skp_err
open_files(struct job *job, bool is_decrypting, struct skp_diag *diag)
{
    const struct skc_args *args = &job->cli->args;
    struct skc_cli_output_options options = {
        .path = args->output,
        .std_fd = fileno(job->cli->streams.out),
        .is_spooled = is_decrypting,
        .is_secret = is_decrypting,
        .force = args->force,
    };

    job->in_fd = job->cli->streams.in_fd;
    if (args->input != NULL && strcmp(args->input, "-") != 0) {
        job->in_fd = open(args->input, O_RDONLY | O_CLOEXEC);
        if (job->in_fd < 0) {
            return skc_cli_output_fail(diag, args->input, errno);
        }
        job->owns_in_fd = true;
    }
    options.input_fd = job->in_fd;
    return skc_cli_output_open(&job->output, &options, diag);
}

/* ---- encrypt --------------------------------------------------------------
 */

static enum skp_err
begin_seal(struct job *job, enum sidekey_suite suite, struct skp_diag *diag)
{
    const struct skc_cli *cli = job->cli;
    struct sidekey_public_key key;
    struct skc_seal_options options = {
        .recipient = { skp_view_of(job->tenant), key.public_key, key.key_id },
        .suite = suite == SIDEKEY_SUITE_ANY ? SKP_SUITE_X25519_HPKE_AES256GCM
                                            : (enum skp_suite)suite,
        .raw = cli->args.raw,
        .aad = view_aad(cli),
    };
    enum sidekey_status status =
        sidekey_pubkey(cli->handle, job->tenant, cli->timeout_ms, &key);

    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s",
                        sidekey_error_text(cli->handle));
    }
    return skc_file_seal_new(&options, &skp_random_system,
                             skc_cli_output_sink(&job->output), &job->seal,
                             diag);
}

/* ---- decrypt --------------------------------------------------------------
 */

static enum skp_err unwrap_header(void *state,
                                  struct skp_view header,
                                  uint8_t ret_data_key[SKP_KEY_LEN],
                                  struct skp_diag *diag)
{
    struct job *job = state;
    struct sidekey_data_key key;
    enum sidekey_status status =
        sidekey_unwrap(job->cli->handle, job->tenant, header.ptr, header.len,
                       &job->options, job->cli->timeout_ms, &key);

    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s",
                        sidekey_error_text(job->cli->handle));
    }
    memcpy(ret_data_key, key.key, SKP_KEY_LEN);
    skp_wipe(&key, sizeof key);
    return SKP_ERR_OK;
}

static enum skp_err
begin_open(struct job *job, enum sidekey_suite suite, struct skp_diag *diag)
{
    const struct skc_args *args = &job->cli->args;
    struct skc_open_options options = {
        .demand = (enum skp_suite)suite,
        .raw = args->raw,
        .aad = view_aad(job->cli),
        .unwrapper = { job, unwrap_header },
    };

    if (suite == SIDEKEY_SUITE_ANY && !args->any_suite) {
        options.demand = SKP_SUITE_X25519_HPKE_AES256GCM;
    }
    job->options = (struct sidekey_options){ .suite = suite,
                                             .any_suite = args->any_suite,
                                             .raw = args->raw };
    return skc_file_open_new(&options, skc_cli_output_sink(&job->output),
                             &job->open, diag);
}

/* ---- both -----------------------------------------------------------------
 */

static enum skp_err push(struct job *job, struct skp_diag *diag)
{
    struct skp_view piece = skp_secret_view(&job->piece);

    return job->seal != NULL ? skc_file_seal_update(job->seal, piece, diag)
                             : skc_file_open_update(job->open, piece, diag);
}

static enum skp_err finish(struct job *job, struct skp_diag *diag)
{
    SKP_TRY(job->seal != NULL ? skc_file_seal_final(job->seal, diag)
                              : skc_file_open_final(job->open, diag));
    return skc_cli_output_commit(&job->output, diag);
}

static enum skp_err pump(struct job *job, struct skp_diag *diag)
{
    SKP_TRY(skp_secret_reserve(&job->piece, READ_STEP));
    for (;;) {
        ssize_t n = read(job->in_fd, job->piece.bytes, READ_STEP);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return skc_cli_output_fail(diag, "input", errno);
        }
        if (n == 0) {
            return finish(job, diag);
        }
        job->piece.len = (size_t)n;
        SKP_TRY(push(job, diag));
    }
}

static enum skp_err run_job(struct job *job,
                            bool is_decrypting,
                            enum sidekey_suite suite,
                            struct skp_diag *diag)
{
    SKP_TRY(open_files(job, is_decrypting, diag));
    SKP_TRY(is_decrypting ? begin_open(job, suite, diag)
                          : begin_seal(job, suite, diag));
    return pump(job, diag);
}

static int run_crypt(struct skc_cli *cli, bool is_decrypting)
{
    struct job job = { .cli = cli, .tenant = skc_cli_word(cli, 0) };
    struct skp_diag diag = { "" };
    enum sidekey_suite suite;
    enum skp_err err;
    int code;

    if (skc_cli_suite(cli, &suite) != SKP_ERR_OK) {
        return skc_cli_misuse(cli, "--suite %s: no such suite",
                              cli->args.suite);
    }
    if (cli->args.raw && suite != SIDEKEY_SUITE_X25519_AES256CTR) {
        return skc_cli_misuse(cli, "only suite 1 has a raw form");
    }
    if (cli->args.aad != NULL && suite == SIDEKEY_SUITE_X25519_AES256CTR) {
        return skc_cli_misuse(cli, "suite 1 cannot authenticate --aad");
    }
    code = skc_cli_connect(cli);
    if (code != SKC_EXIT_OK) {
        return code;
    }
    job.output.fd = -1;
    err = run_job(&job, is_decrypting, suite, &diag);
    free_job(&job);
    return err == SKP_ERR_OK ? SKC_EXIT_OK
                             : skc_cli_fail(cli, job.tenant, err, diag.text);
}

int skc_cmd_encrypt(struct skc_cli *cli)
{
    return run_crypt(cli, false);
}

int skc_cmd_decrypt(struct skc_cli *cli)
{
    return run_crypt(cli, true);
}
