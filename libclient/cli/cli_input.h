/* cli_input.h - what a command reads, and whether it stayed the same meanwhile.
 */
#ifndef SKC_CLI_INPUT_H
#define SKC_CLI_INPUT_H

#include <sys/stat.h>

#include "protocol/diag.h"

#define SKC_SIZE_UNKNOWN UINT64_MAX

struct skc_cli_input {
    int fd;
    bool is_owned;    /* to be closed */
    const char *name; /* for words */
    bool is_regular;
    uint64_t start;  /* where reading begins; not 0 when somebody read before */
    uint64_t size;   /* bytes from there on; SKC_SIZE_UNKNOWN for a pipe */
    struct stat was; /* at the open */
};

/* Open @path for reading; NULL and "-" are @std_fd.
 * @path  borrowed for the input's life.
 *   SKP_ERR_FAILED_PRECONDITION  it is a folder.
 *   otherwise by skc_cli_output_fail. */
SKP_MUST_CHECK enum skp_err skc_cli_input_open(struct skc_cli_input *input,
                                               const char *path,
                                               int std_fd,
                                               struct skp_diag *diag);

/* Say whether a file kept size and time of modification since the open; pipes
 * and terminals always did.
 * @n_read  bytes read from the start on to the end of the file, to be compared
 *          with the size; SKC_SIZE_UNKNOWN: not all was read.
 *   SKP_ERR_FAILED_PRECONDITION  it was changed. */
SKP_MUST_CHECK enum skp_err skc_cli_input_check(
    const struct skc_cli_input *input, uint64_t n_read, struct skp_diag *diag);

/* Close; accepts a zeroed input. */
void skc_cli_input_done(struct skc_cli_input *input);

#endif /* SKC_CLI_INPUT_H */
