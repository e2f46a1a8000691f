/* audit_file.c - where the lines of the audit log go; see audit_file.h. */
#include "agent/serve/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for the end of two lines. */
#define TAIL_CAP ((size_t)(2 * SKP_AUDIT_LINE_MAX))

static enum skp_err check_file(int fd, const char *path, struct skp_diag *diag)
{
    struct stat there;

    if (fstat(fd, &there) != 0 || !S_ISREG(there.st_mode)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: is no regular file", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return skp_fail(diag, SKP_ERR_ALREADY_EXISTS,
                        "%s: another process writes to it", path);
    }
    return SKP_ERR_OK;
}

enum skp_err skd_audit_file_open(const char *path,
                                 struct skd_audit_file *ret,
                                 struct skp_diag *diag)
{
    enum skp_err err;
    int fd;

    if (strcmp(path, "stderr") == 0) {
        *ret = (struct skd_audit_file){ STDERR_FILENO, false };
        return SKP_ERR_OK;
    }
    /* Does not wait for a FIFO's reader, which check_file refuses. */
    fd = open(path,
              O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
              0600);
    if (fd < 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s: %s", path,
                        strerrordesc_np(errno));
    }
    err = check_file(fd, path, diag);
    if (err != SKP_ERR_OK) {
        (void)close(fd);
        return err;
    }
    *ret = (struct skd_audit_file){ fd, true };
    return SKP_ERR_OK;
}

/* ---- the end of what is there ------------------------------------------- */

/* Bytes of @bytes up to and with its last newline; 0: there is none. */
static size_t whole_len(struct skp_view bytes)
{
    const uint8_t *last =
        bytes.len > 0 ? memrchr(bytes.ptr, '\n', bytes.len) : NULL;

    return last == NULL ? 0 : (size_t)(last - bytes.ptr) + 1;
}

static enum skp_err read_end(
    int fd, off_t size, uint8_t *place, size_t *ret_len, struct skp_diag *diag)
{
    off_t start = size > (off_t)TAIL_CAP ? size - (off_t)TAIL_CAP : 0;
    ssize_t len = pread(fd, place, TAIL_CAP, start);

    if (len != (ssize_t)(size - start)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the end of the audit log cannot be read");
    }
    *ret_len = (size_t)len;
    return SKP_ERR_OK;
}

enum skp_err skd_audit_file_tail(const struct skd_audit_file *file,
                                 struct skd_audit_tail *ret,
                                 struct skp_diag *diag)
{
    uint8_t bytes[TAIL_CAP];
    struct stat there;
    size_t len = 0;
    size_t whole;
    size_t start;

    *ret = (struct skd_audit_tail){ .torn = 0 };
    if (!file->is_regular) {
        return SKP_ERR_OK;
    }
    if (fstat(file->fd, &there) != 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s",
                        strerrordesc_np(errno));
    }
    SKP_TRY(read_end(file->fd, there.st_size, bytes, &len, diag));
    whole = whole_len((struct skp_view){ bytes, len });
    ret->torn = whole > 0 ? len - whole : (uint64_t)there.st_size;
    if (whole == 0) {
        return SKP_ERR_OK;
    }
    start = whole_len((struct skp_view){ bytes, whole - 1 });
    if (whole - 1 - start < sizeof ret->line) {
        ret->line_len = whole - 1 - start;
        memcpy(ret->line, bytes + start, ret->line_len);
    }
    return SKP_ERR_OK;
}

/* ---- writing ------------------------------------------------------------ */

/* Write as much as can be; errno says why not all. */
static size_t write_bytes(int fd, struct skp_view bytes)
{
    size_t done = 0;

    while (done < bytes.len) {
        ssize_t n = write(fd, bytes.ptr + done, bytes.len - done);

        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }
    return done;
}

/* Cut the part of a line off that was written last; true when that is done.
 * It takes no room, so a full disk does not mind. */
static bool cut_off(int fd, size_t len)
{
    struct stat there;

    return fstat(fd, &there) == 0 && there.st_size >= (off_t)len &&
           ftruncate(fd, there.st_size - (off_t)len) == 0;
}

enum skp_err skd_audit_file_write(struct skd_audit_file *file,
                                  struct skp_view bytes,
                                  size_t *ret_len,
                                  struct skp_diag *diag)
{
    size_t done = write_bytes(file->fd, bytes);
    int number = errno;
    size_t whole = whole_len((struct skp_view){ bytes.ptr, done });

    if (done < bytes.len && file->is_regular && done > whole &&
        cut_off(file->fd, done - whole)) {
        done = whole;
    }
    *ret_len = done;
    if (done == bytes.len) {
        return SKP_ERR_OK;
    }
    return skp_fail(diag,
                    number == ENOSPC || number == EDQUOT || number == EAGAIN ||
                            number == EFBIG
                        ? SKP_ERR_RESOURCE_EXHAUSTED
                        : SKP_ERR_UNAVAILABLE,
                    "%s", strerrordesc_np(number));
}

enum skp_err skd_audit_file_sync(struct skd_audit_file *file,
                                 struct skp_diag *diag)
{
    if (file->is_regular && fdatasync(file->fd) != 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "fdatasync: %s",
                        strerrordesc_np(errno));
    }
    return SKP_ERR_OK;
}

void skd_audit_file_close(struct skd_audit_file *file)
{
    if (file->is_regular && file->fd >= 0) {
        (void)close(file->fd);
    }
    file->fd = -1;
}
