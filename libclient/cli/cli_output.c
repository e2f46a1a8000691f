/* cli_output.c - outputs that appear whole or not at all; see cli_output.h. */
#include "libclient/cli/cli_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli_interrupt.h"

#define SPOOL_MEMORY_MAX ((size_t)1024 * 1024)
#define COPY_STEP        65536u

enum skp_err
skc_cli_output_fail(struct skp_diag *diag, const char *name, int error)
{
    char words[128];
    enum skp_err err = SKP_ERR_FAILED_PRECONDITION;

    switch (error) {
    case ENOENT:
        err = SKP_ERR_NOT_FOUND;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        err = SKP_ERR_PERMISSION_DENIED;
        break;
    case EEXIST:
        err = SKP_ERR_ALREADY_EXISTS;
        break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
        err = SKP_ERR_RESOURCE_EXHAUSTED;
        break;
    default:
        break;
    }
    return skp_fail(diag, err, "%s: %s", name,
                    strerror_r(error, words, sizeof words));
}

enum skp_err skc_cli_output_write_all(int fd,
                                      struct skp_view bytes,
                                      const char *name,
                                      struct skp_diag *diag)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return skc_cli_output_fail(diag, name, n == 0 ? ENOSPC : errno);
        }
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
    return SKP_ERR_OK;
}

static bool is_standard(const struct skc_cli_output_options *options)
{
    return options->path == NULL || strcmp(options->path, "-") == 0;
}

static const char *name_of(const struct skc_cli_output *output)
{
    return is_standard(&output->options) ? "standard output"
                                         : output->options.path;
}

static bool is_input(const struct skc_cli_output_options *options,
                     const struct stat *there)
{
    struct stat input;

    return options->input_fd >= 0 && fstat(options->input_fd, &input) == 0 &&
           there->st_dev == input.st_dev && there->st_ino == input.st_ino;
}

/* Refuse what is there already, the input file, and what no file replaces: a
 * rename over a device or a pipe would remove it. */
static enum skp_err check_place(const struct skc_cli_output_options *options,
                                struct skp_diag *diag)
{
    struct stat there;

    if (stat(options->path, &there) != 0) {
        return SKP_ERR_OK;
    }
    if (S_ISDIR(there.st_mode)) {
        return skc_cli_output_fail(diag, options->path, EISDIR);
    }
    if (!S_ISREG(there.st_mode)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: no regular file; to write into it, redirect "
                        "standard output",
                        options->path);
    }
    if (is_input(options, &there)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "%s: input and output are the same file",
                        options->path);
    }
    if (!options->force) {
        return skp_fail(diag, SKP_ERR_ALREADY_EXISTS,
                        "%s: exists; --force overwrites it", options->path);
    }
    return SKP_ERR_OK;
}

/* Where the file is to be: a rename replaces a link, not what it leads to. */
static enum skp_err find_place(struct skc_cli_output *output,
                               struct skp_diag *diag)
{
    const char *path = output->options.path;
    struct stat there;

    if (lstat(path, &there) == 0 && S_ISLNK(there.st_mode)) {
        return realpath(path, output->place) == NULL
                   ? skc_cli_output_fail(diag, path, errno)
                   : SKP_ERR_OK;
    }
    if (strlen(path) >= sizeof output->place) {
        return skc_cli_output_fail(diag, path, ENAMETOOLONG);
    }
    memcpy(output->place, path, strlen(path) + 1);
    return SKP_ERR_OK;
}

/* File systems that cannot claim room tell of a full disk later. */
static enum skp_err claim_room(const struct skc_cli_output *output,
                               struct skp_diag *diag)
{
    uint64_t size = output->options.size;

    if (size == 0 || size > INT64_MAX ||
        fallocate(output->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) == 0 ||
        (errno != ENOSPC && errno != EDQUOT)) {
        return SKP_ERR_OK;
    }
    return skc_cli_output_fail(diag, output->options.path, errno);
}

static enum skp_err open_beside(struct skc_cli_output *output,
                                struct skp_diag *diag)
{
    const char *path = output->options.path;
    int len;

    SKP_TRY(find_place(output, diag));
    len =
        snprintf(output->temp, sizeof output->temp, "%s.XXXXXX", output->place);
    if (len < 0 || (size_t)len >= sizeof output->temp) {
        output->temp[0] = '\0';
        return skc_cli_output_fail(diag, path, ENAMETOOLONG);
    }
    output->fd = skc_cli_interrupt_make(output->temp);
    if (output->fd < 0) {
        output->temp[0] = '\0';
        return skc_cli_output_fail(diag, path, errno);
    }
    return claim_room(output, diag);
}

/* A shell's `<file >>file` would read what it writes, for ever. */
static enum skp_err check_standard(const struct skc_cli_output_options *options,
                                   struct skp_diag *diag)
{
    struct stat there;

    if (options->path == NULL && !options->force &&
        isatty(options->std_fd) == 1) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "standard output is a terminal, which shows and keeps "
                        "what it should not; use -o FILE, or -o - to insist");
    }
    if (fstat(options->std_fd, &there) == 0 && S_ISREG(there.st_mode) &&
        is_input(options, &there)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "input and standard output are the same file");
    }
    return SKP_ERR_OK;
}

enum skp_err skc_cli_output_open(struct skc_cli_output *output,
                                 const struct skc_cli_output_options *options,
                                 struct skp_diag *diag)
{
    *output = (struct skc_cli_output){ .options = *options, .fd = -1 };
    if (is_standard(options)) {
        return check_standard(options, diag);
    }
    SKP_TRY(check_place(options, diag));
    return open_beside(output, diag);
}

/* ---- the spool ------------------------------------------------------------
 */

/* Go on in a file without a name. */
static enum skp_err spill(struct skc_cli_output *output, struct skp_diag *diag)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
    const char *folder = getenv("TMPDIR");

    if (folder == NULL || folder[0] == '\0') {
        folder = "/tmp";
    }
    output->fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (output->fd < 0) {
        return skc_cli_output_fail(diag, folder, errno);
    }
    SKP_TRY(skc_cli_output_write_all(
        output->fd, skp_secret_view(&output->spool), folder, diag));
    skp_secret_done(&output->spool);
    return SKP_ERR_OK;
}

static enum skp_err write_spool(struct skc_cli_output *output,
                                struct skp_view bytes,
                                struct skp_diag *diag)
{
    if (output->fd < 0 && output->spool.len + bytes.len <= SPOOL_MEMORY_MAX) {
        return skp_secret_append(&output->spool, bytes.ptr, bytes.len);
    }
    if (output->fd < 0) {
        SKP_TRY(spill(output, diag));
    }
    return skc_cli_output_write_all(output->fd, bytes, "temporary file", diag);
}

static enum skp_err empty_spool(struct skc_cli_output *output,
                                struct skp_diag *diag)
{
    const char *name = name_of(output);
    int std_fd = output->options.std_fd;
    off_t place = 0;

    if (output->fd < 0) {
        return skc_cli_output_write_all(std_fd, skp_secret_view(&output->spool),
                                        name, diag);
    }
    SKP_TRY(skp_secret_reserve(&output->spool, COPY_STEP));
    for (;;) {
        ssize_t n = pread(output->fd, output->spool.bytes, COPY_STEP, place);

        if (n < 0) {
            return skc_cli_output_fail(diag, "temporary file", errno);
        }
        if (n == 0) {
            return SKP_ERR_OK;
        }
        output->spool.len = (size_t)n;
        place += n;
        SKP_TRY(skc_cli_output_write_all(
            std_fd, skp_secret_view(&output->spool), name, diag));
    }
}

/* ---- both -----------------------------------------------------------------
 */

static enum skp_err
write_output(void *state, struct skp_view bytes, struct skp_diag *diag)
{
    struct skc_cli_output *output = state;

    if (!is_standard(&output->options)) {
        return skc_cli_output_write_all(output->fd, bytes, output->options.path,
                                        diag);
    }
    if (output->options.is_spooled) {
        return write_spool(output, bytes, diag);
    }
    return skc_cli_output_write_all(output->options.std_fd, bytes,
                                    name_of(output), diag);
}

struct skc_sink skc_cli_output_sink(struct skc_cli_output *output)
{
    return (struct skc_sink){ output, write_output, NULL };
}

static mode_t pick_mode(bool is_secret)
{
    mode_t mask;

    if (is_secret) {
        return 0600;
    }
    mask = umask(0);
    (void)umask(mask);
    return 0666 & ~mask;
}

/* Make the new name last: who deletes the original next relies on it.  File
 * systems that cannot sync a folder need not. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd;

    (void)snprintf(folder, sizeof folder, "%.*s",
                   slash == NULL ? 1 : (int)(slash - path + 1),
                   slash == NULL ? "." : path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

enum skp_err skc_cli_output_commit(struct skc_cli_output *output,
                                   struct skp_diag *diag)
{
    if (is_standard(&output->options)) {
        return output->options.is_spooled ? empty_spool(output, diag)
                                          : SKP_ERR_OK;
    }
    if (fchmod(output->fd, pick_mode(output->options.is_secret)) != 0 ||
        fsync(output->fd) != 0 ||
        skc_cli_interrupt_move(output->temp, output->place,
                               output->options.force) != 0) {
        return skc_cli_output_fail(diag, output->options.path, errno);
    }
    output->temp[0] = '\0'; /* it has its final name now */
    sync_folder(output->place);
    return SKP_ERR_OK;
}

void skc_cli_output_done(struct skc_cli_output *output)
{
    if (output->temp[0] != '\0') {
        (void)unlink(output->temp);
        skc_cli_interrupt_release();
        output->temp[0] = '\0';
    }
    if (output->fd >= 0) {
        (void)close(output->fd);
        output->fd = -1;
    }
    skp_secret_done(&output->spool);
}
