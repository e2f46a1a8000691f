/* cli_input.c - files to read; see cli_input.h. */
#include "libclient/cli/cli_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"

/* Regular files have a size and a place to begin at. */
static void measure(struct skc_cli_input *input)
{
    off_t start;

    input->size = SKC_SIZE_UNKNOWN;
    if (!S_ISREG(input->was.st_mode)) {
        return;
    }
    start = lseek(input->fd, 0, SEEK_CUR);
    if (start < 0) {
        return;
    }
    input->is_regular = true;
    input->start = (uint64_t)start;
    input->size =
        start < input->was.st_size ? (uint64_t)(input->was.st_size - start) : 0;
    (void)posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

enum skp_err skc_cli_input_open(struct skc_cli_input *input,
                                const char *path,
                                int std_fd,
                                struct skp_diag *diag)
{
    *input = (struct skc_cli_input){ .fd = std_fd, .name = "standard input" };
    if (path != NULL && strcmp(path, "-") != 0) {
        input->name = path;
        input->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (input->fd < 0) {
            return skc_cli_output_fail(diag, path, errno);
        }
        input->is_owned = true;
    }
    if (fstat(input->fd, &input->was) != 0) {
        return skc_cli_output_fail(diag, input->name, errno);
    }
    if (S_ISDIR(input->was.st_mode)) {
        return skc_cli_output_fail(diag, input->name, EISDIR);
    }
    measure(input);
    return SKP_ERR_OK;
}

/* Files of /proc say that they are empty, and give bytes all the same. */
static bool has_right_length(const struct skc_cli_input *input, uint64_t n_read)
{
    return n_read == SKC_SIZE_UNKNOWN || n_read == input->size ||
           input->was.st_size == 0;
}

enum skp_err skc_cli_input_check(const struct skc_cli_input *input,
                                 uint64_t n_read,
                                 struct skp_diag *diag)
{
    struct stat now;

    if (!input->is_regular) {
        return SKP_ERR_OK;
    }
    if (fstat(input->fd, &now) != 0) {
        return skc_cli_output_fail(diag, input->name, errno);
    }
    if (now.st_size != input->was.st_size ||
        now.st_mtim.tv_sec != input->was.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != input->was.st_mtim.tv_nsec ||
        !has_right_length(input, n_read)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: changed while it was read", input->name);
    }
    return SKP_ERR_OK;
}

void skc_cli_input_done(struct skc_cli_input *input)
{
    if (input->is_owned) {
        (void)close(input->fd);
    }
    input->is_owned = false;
}
