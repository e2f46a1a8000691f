/* cmd_rewrap.c - sidekey rewrap: new headers for files, in place. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"
#include "libclient/cli/commands.h"
#include "libclient/client_status.h"

/* Read the header, have it sealed anew, write it back.  The 96 bytes lie in the
 * first sector of the file and go out in one write, so that even a power cut
 * leaves the old header or the new one. */
static enum skp_err
rewrap_fd(struct skc_cli *cli, int fd, const char *path, struct skp_diag *diag)
{
    const char *tenant = skc_cli_word(cli, 0);
    uint8_t header[SIDEKEY_HEADER_MAX];
    ssize_t n = pread(fd, header, sizeof header, 0);
    enum sidekey_status status;

    if (n < 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    status = sidekey_rewrap(cli->handle, tenant, header, (size_t)n,
                            cli->timeout_ms, header);
    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s: %s", path,
                        sidekey_error_text(cli->handle));
    }
    if (pwrite(fd, header, sizeof header, 0) != (ssize_t)sizeof header ||
        fdatasync(fd) != 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    return SKP_ERR_OK;
}

static enum skp_err
rewrap_file(struct skc_cli *cli, const char *path, struct skp_diag *diag)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    enum skp_err err;

    if (fd < 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                       "%s: another program has locked it", path);
    } else {
        err = rewrap_fd(cli, fd, path, diag);
    }
    (void)close(fd);
    return err;
}

/* Every file is tried; the first failure's exit code is the command's. */
int skc_cmd_rewrap(struct skc_cli *cli)
{
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    if (skc_cli_word(cli, 1) == NULL) {
        return skc_cli_misuse(cli, "which files?");
    }
    for (int i = 1; skc_cli_word(cli, i) != NULL; i++) {
        struct skp_diag diag = { "" };
        enum skp_err err = rewrap_file(cli, skc_cli_word(cli, i), &diag);

        if (err == SKP_ERR_OK && !cli->args.quiet) {
            (void)fprintf(cli->streams.out, "%s: rewrapped\n",
                          skc_cli_word(cli, i));
        }
        if (err != SKP_ERR_OK) {
            int failed =
                skc_cli_fail(cli, skc_cli_word(cli, 0), err, diag.text);

            code = code == SKC_EXIT_OK ? failed : code;
        }
    }
    return code;
}
