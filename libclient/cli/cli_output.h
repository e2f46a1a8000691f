/* cli_output.h - where a command's bytes go, so that nobody ever sees a half or
 * an unverified result.
 *
 * A file is written beside its place under a temporary name and moved there by
 * commit; SIGINT, SIGTERM and SIGHUP remove it.  A symbolic link leads to the
 * place of the file that it names.  Standard output can be spooled: up to 1 MiB
 * in locked memory, more in an unlinked file of TMPDIR (/tmp unless set), and
 * copied out by commit.
 *
 * One output with a temporary name at a time.
 *
 * Secrets:  the spool's memory is locked and wiped; temporary files are
 *           readable by the user only.
 */
#ifndef SKC_CLI_OUTPUT_H
#define SKC_CLI_OUTPUT_H

#include <limits.h>
#include <sys/types.h>

#include "libclient/file_seal.h"

struct skc_cli_output_options {
    const char *path; /* NULL or "-": @std_fd */
    int std_fd;
    bool is_spooled; /* for standard output */
    bool force;      /* overwrite, and write to a terminal */
    bool is_secret;  /* mode 0600; else 0666 as far as umask allows */
    int input_fd;    /* refuse to write over it; -1: none */
    /* Bytes that will be written: a file's room is claimed at the beginning, so
     * that a full disk is told then.  0: nobody knows. */
    uint64_t size;
};

struct skc_cli_output {
    struct skc_cli_output_options options;
    int fd;               /* the temporary file, the spool's file, or -1 */
    char place[PATH_MAX]; /* where a file goes, links followed */
    char temp[PATH_MAX];  /* its name until then; "" when it has none */
    struct skp_secret spool;
};

/* Begin.
 *   SKP_ERR_ALREADY_EXISTS       the file is there, and force is not set.
 *   SKP_ERR_INVALID_ARGUMENT     it is the input file, by whatever name.
 *   SKP_ERR_FAILED_PRECONDITION  a terminal, without force or a path of "-"; a
 *                                path that is a folder, a device, a pipe.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no room for options->size bytes.
 *   otherwise by skc_cli_output_fail. */
SKP_MUST_CHECK enum skp_err
skc_cli_output_open(struct skc_cli_output *output,
                    const struct skc_cli_output_options *options,
                    struct skp_diag *diag);

/* A sink that writes to @output. */
struct skc_sink skc_cli_output_sink(struct skc_cli_output *output);

/* Everything is right: put it in its place. */
SKP_MUST_CHECK enum skp_err skc_cli_output_commit(struct skc_cli_output *output,
                                                  struct skp_diag *diag);

/* Wipe, close, and remove what was not committed. */
void skc_cli_output_done(struct skc_cli_output *output);

/* Write all of @bytes to @fd; @name is for the words. */
SKP_MUST_CHECK enum skp_err skc_cli_output_write_all(int fd,
                                                     struct skp_view bytes,
                                                     const char *name,
                                                     struct skp_diag *diag);

/* The error of a failed system call on a file, with "name: reason". */
enum skp_err
skc_cli_output_fail(struct skp_diag *diag, const char *name, int error);

#endif /* SKC_CLI_OUTPUT_H */
