/* cmd_crypt.c - sidekey encrypt and sidekey decrypt.
 *
 * Secrets:  plaintext passes through locked memory only.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_input.h"
#include "libclient/cli/cli_journal.h"
#include "libclient/cli/cli_names.h"
#include "libclient/cli/cli_output.h"
#include "libclient/cli/cli_progress.h"
#include "libclient/cli/cli_range.h"
#include "libclient/cli/commands.h"
#include "libclient/client_status.h"
#include "libclient/file_open.h"

#define READ_STEP 65536u

/* What all files of a run share. */
struct crypt {
    struct skc_cli *cli;
    const char *tenant;
    enum sidekey_suite suite;
    bool is_decrypting;
    bool has_range;
    struct sidekey_range range;
    struct sidekey_options options; /* for calls of the library */
};

/* One file: from an input through a seal or an open to an output. */
struct job {
    struct crypt *crypt;
    struct skc_cli_input input;
    struct skc_cli_output output;
    struct skc_cli_progress progress;
    struct skp_secret piece;
    struct skc_file_seal *seal; /* when encrypting */
    struct skc_file_open *open; /* when decrypting all of it */
};

static void free_job(struct job *job)
{
    skc_cli_progress_hide(&job->progress);
    skc_file_seal_free(&job->seal);
    skc_file_open_free(&job->open);
    skp_secret_done(&job->piece);
    skc_cli_output_done(&job->output);
    skc_cli_input_done(&job->input);
}

static struct skp_view view_aad(const struct skc_cli *cli)
{
    return skp_view_of(cli->args.aad == NULL ? "" : cli->args.aad);
}

/* The suite that encrypt writes. */
static enum skp_suite pick_suite(const struct crypt *crypt)
{
    return crypt->suite == SIDEKEY_SUITE_ANY ? SKP_SUITE_X25519_HPKE_AES256GCM
                                             : (enum skp_suite)crypt->suite;
}

/* Bytes that the output will have; 0 when that cannot be told. */
static uint64_t foretell_size(const struct job *job)
{
    const struct crypt *crypt = job->crypt;
    enum skp_suite suite = pick_suite(crypt);
    uint64_t size = job->input.size;

    if (size == SKC_SIZE_UNKNOWN || crypt->is_decrypting) {
        return 0;
    }
    return skp_header_len(suite, crypt->cli->args.raw) +
           skp_payload_len(suite, size);
}

static enum skp_err open_files(struct job *job,
                               const char *in,
                               const char *out,
                               struct skp_diag *diag)
{
    const struct crypt *crypt = job->crypt;
    const struct skc_streams *streams = &crypt->cli->streams;
    struct skc_cli_output_options options = {
        .path = out,
        .std_fd = fileno(streams->out),
        .is_spooled = crypt->is_decrypting,
        .is_secret = crypt->is_decrypting,
        .force = crypt->cli->args.force,
    };

    SKP_TRY(skc_cli_input_open(&job->input, in, streams->in_fd, diag));
    options.input_fd = job->input.fd;
    options.size = foretell_size(job);
    return skc_cli_output_open(&job->output, &options, diag);
}

/* ---- encrypt --------------------------------------------------------------
 */

static enum skp_err begin_seal(struct job *job, struct skp_diag *diag)
{
    const struct crypt *crypt = job->crypt;
    const struct skc_cli *cli = crypt->cli;
    struct sidekey_public_key key;
    struct skc_seal_options options = {
        .recipient = { skp_view_of(crypt->tenant), key.public_key, key.key_id },
        .suite = pick_suite(crypt),
        .raw = cli->args.raw,
        .aad = view_aad(cli),
    };
    enum sidekey_status status =
        sidekey_pubkey(cli->handle, crypt->tenant, cli->timeout_ms, &key);

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
    struct crypt *crypt = state;
    struct sidekey *handle = crypt->cli->handle;
    struct sidekey_data_key key;
    enum sidekey_status status =
        sidekey_unwrap(handle, crypt->tenant, header.ptr, header.len,
                       &crypt->options, crypt->cli->timeout_ms, &key);

    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s",
                        sidekey_error_text(handle));
    }
    memcpy(ret_data_key, key.key, SKP_KEY_LEN);
    skp_wipe(&key, sizeof key);
    return SKP_ERR_OK;
}

static enum skp_err begin_open(struct job *job, struct skp_diag *diag)
{
    struct crypt *crypt = job->crypt;
    const struct skc_args *args = &crypt->cli->args;
    bool is_any = crypt->suite == SIDEKEY_SUITE_ANY;
    struct skc_open_options options = {
        .demand = is_any && !args->any_suite ? SKP_SUITE_X25519_HPKE_AES256GCM
                                             : (enum skp_suite)crypt->suite,
        .raw = args->raw,
        .aad = view_aad(crypt->cli),
        .unwrapper = { crypt, unwrap_header },
    };

    return skc_file_open_new(&options, skc_cli_output_sink(&job->output),
                             &job->open, diag);
}

static enum skp_err copy_range(struct job *job, struct skp_diag *diag)
{
    const struct crypt *crypt = job->crypt;
    struct sidekey_options options = crypt->options;
    struct skp_view aad = view_aad(crypt->cli);
    struct skc_range_copy copy = {
        .cli = crypt->cli,
        .tenant = crypt->tenant,
        .options = &options,
        .range = crypt->range,
        .input = &job->input,
        .sink = skc_cli_output_sink(&job->output),
        .progress = &job->progress,
    };

    options.aad = aad.ptr;
    options.aad_len = aad.len;
    SKP_TRY(skc_cli_range_copy(&copy, diag));
    return skc_cli_output_commit(&job->output, diag);
}

/* ---- both -----------------------------------------------------------------
 */

static enum skp_err push(struct job *job, struct skp_diag *diag)
{
    struct skp_view piece = skp_secret_view(&job->piece);

    skc_cli_progress_add(&job->progress, piece.len);
    return job->seal != NULL ? skc_file_seal_update(job->seal, piece, diag)
                             : skc_file_open_update(job->open, piece, diag);
}

static enum skp_err
finish(struct job *job, uint64_t n_read, struct skp_diag *diag)
{
    SKP_TRY(skc_cli_input_check(&job->input, n_read, diag));
    SKP_TRY(job->seal != NULL ? skc_file_seal_final(job->seal, diag)
                              : skc_file_open_final(job->open, diag));
    return skc_cli_output_commit(&job->output, diag);
}

static enum skp_err pump(struct job *job, struct skp_diag *diag)
{
    uint64_t n_read = 0;

    SKP_TRY(skp_secret_reserve(&job->piece, READ_STEP));
    skc_cli_progress_begin(&job->progress, job->crypt->cli, SKC_PROGRESS_BYTES,
                           job->input.name, job->input.size);
    for (;;) {
        ssize_t n = read(job->input.fd, job->piece.bytes, READ_STEP);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return skc_cli_output_fail(diag, job->input.name, errno);
        }
        if (n == 0) {
            return finish(job, n_read, diag);
        }
        n_read += (uint64_t)n;
        job->piece.len = (size_t)n;
        SKP_TRY(push(job, diag));
    }
}

static enum skp_err
run_job(struct job *job, const char *in, const char *out, struct skp_diag *diag)
{
    SKP_TRY(open_files(job, in, out, diag));
    if (job->crypt->has_range) {
        return copy_range(job, diag);
    }
    SKP_TRY(job->crypt->is_decrypting ? begin_open(job, diag)
                                      : begin_seal(job, diag));
    return pump(job, diag);
}

/* One file; the exit code.
 * @is_named  the words of a failure begin with the file's name. */
static int
run_file(struct crypt *crypt, const char *in, const char *out, bool is_named)
{
    struct job job = { .crypt = crypt, .output = { .fd = -1 } };
    struct skp_diag diag = { "" };
    enum skp_err err = run_job(&job, in, out, &diag);

    free_job(&job);
    if (err == SKP_ERR_OK) {
        return SKC_EXIT_OK;
    }
    if (in != NULL && crypt->is_decrypting && skc_cli_journal_exists(in)) {
        (void)skp_prefix(&diag, err,
                         "a rewrap of it was cut short, and rewrapping it "
                         "again mends it");
    }
    if (in != NULL && is_named && strncmp(diag.text, in, strlen(in)) != 0) {
        (void)skp_prefix(&diag, err, "%s", in);
    }
    return skc_cli_fail(crypt->cli, crypt->tenant, err, diag.text);
}

/* ---- files as words -------------------------------------------------------
 */

/* The file that is the @n-th word. */
static int run_word(struct crypt *crypt, int n, const char *folder)
{
    struct skc_cli *cli = crypt->cli;
    const char *in = skc_cli_word(cli, n);
    const char *out = cli->args.output;
    struct skp_diag diag = { "" };
    char made[PATH_MAX];
    enum skp_err err;

    if ((out != NULL && folder == NULL) || crypt->has_range) {
        return run_file(crypt, in, out, true);
    }
    err = skc_cli_names_output(in, folder, crypt->is_decrypting, made, &diag);
    return err == SKP_ERR_OK ? run_file(crypt, in, made, true)
                             : skc_cli_fail(cli, crypt->tenant, err, diag.text);
}

/* Every file is tried; the first failure's exit code is the command's. */
static int run_words(struct crypt *crypt)
{
    struct skc_cli *cli = crypt->cli;
    const char *out = cli->args.output;
    const char *folder =
        out != NULL && !crypt->has_range && skc_cli_names_folder(out) ? out
                                                                      : NULL;
    int code = SKC_EXIT_OK;

    if (out != NULL && folder == NULL && cli->args.n_words > 2) {
        return skc_cli_misuse(cli, "-o %s: no folder, for several files", out);
    }
    for (int i = 1; i < cli->args.n_words; i++) {
        int failed = run_word(crypt, i, folder);

        code = code == SKC_EXIT_OK ? failed : code;
    }
    return code;
}

static int check_words(const struct skc_cli *cli)
{
    int n_files = cli->args.n_words - 1;

    if (n_files > 0 && cli->args.input != NULL) {
        return skc_cli_misuse(cli, "files are given by -i or as words");
    }
    if (n_files > 1 && cli->args.range != NULL) {
        return skc_cli_misuse(cli, "--range wants one file");
    }
    for (int i = 1; i <= n_files; i++) {
        if (strcmp(skc_cli_word(cli, i), "-") == 0) {
            return skc_cli_misuse(cli, "standard input is -i -");
        }
    }
    return SKC_EXIT_OK;
}

static int run_crypt(struct skc_cli *cli, bool is_decrypting)
{
    struct crypt crypt = { .cli = cli,
                           .tenant = skc_cli_word(cli, 0),
                           .is_decrypting = is_decrypting,
                           .has_range = cli->args.range != NULL };
    int code;

    if (skc_cli_suite(cli, &crypt.suite) != SKP_ERR_OK) {
        return skc_cli_misuse(cli, "--suite %s: no such suite",
                              cli->args.suite);
    }
    if (cli->args.raw && crypt.suite != SIDEKEY_SUITE_X25519_AES256CTR) {
        return skc_cli_misuse(cli, "only suite 1 has a raw form");
    }
    if (cli->args.aad != NULL &&
        crypt.suite == SIDEKEY_SUITE_X25519_AES256CTR) {
        return skc_cli_misuse(cli, "suite 1 cannot authenticate --aad");
    }
    if (crypt.has_range &&
        skc_cli_range_parse(cli->args.range, &crypt.range) != SKP_ERR_OK) {
        return skc_cli_misuse(cli, "--range %s: none of A-B, A- and -N",
                              cli->args.range);
    }
    code = check_words(cli);
    if (code != SKC_EXIT_OK) {
        return code;
    }
    code = skc_cli_connect(cli);
    if (code != SKC_EXIT_OK) {
        return code;
    }
    crypt.options = (struct sidekey_options){ .suite = crypt.suite,
                                              .any_suite = cli->args.any_suite,
                                              .raw = cli->args.raw };
    return cli->args.n_words > 1
               ? run_words(&crypt)
               : run_file(&crypt, cli->args.input, cli->args.output, false);
}

int skc_cmd_encrypt(struct skc_cli *cli)
{
    return run_crypt(cli, false);
}

int skc_cmd_decrypt(struct skc_cli *cli)
{
    return run_crypt(cli, true);
}
