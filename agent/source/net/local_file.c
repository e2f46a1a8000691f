/* local_file.c - reads a small regular file; see local_file.h. */
#include "agent/source/net/local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static enum skp_err fail(struct skp_diag *diag, const char *path)
{
    char text[128];

    return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s: %s", path,
                    strerror_r(errno, text, sizeof text));
}

static enum skp_err
too_long(struct skp_diag *diag, const char *path, size_t max)
{
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s: longer than %zu bytes",
                    path, max);
}

/* Read once, into room that is made when there is none; *ret_len is 0 at the
 * end of the file. */
static enum skp_err read_some(int fd,
                              const char *path,
                              struct skp_secret *ret,
                              size_t *ret_len,
                              struct skp_diag *diag)
{
    ssize_t got;

    if (ret->len == ret->cap) {
        SKP_TRY(skp_secret_reserve(ret, 2 * ret->cap + 1));
    }
    do {
        got = read(fd, ret->bytes + ret->len, ret->cap - ret->len);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return fail(diag, path);
    }
    ret->len += (size_t)got;
    *ret_len = (size_t)got;
    return SKP_ERR_OK;
}

/* Read up to the end.  The size that fstat gave is only a promise: the file
 * may grow meanwhile. */
static enum skp_err read_fd(int fd,
                            const char *path,
                            size_t max,
                            struct skp_secret *ret,
                            struct skp_diag *diag)
{
    size_t start = ret->len;
    size_t got = 0;

    do {
        SKP_TRY(read_some(fd, path, ret, &got, diag));
        if (ret->len - start > max) {
            return too_long(diag, path, max);
        }
    } while (got > 0);
    return SKP_ERR_OK;
}

enum skp_err skd_local_file_read(const char *path,
                                 size_t max,
                                 struct skp_secret *ret,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(close_fd)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        return fail(diag, path);
    }
    if (!S_ISREG(status.st_mode)) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s: no regular file", path);
    }
    if ((uint64_t)status.st_size > max) {
        return too_long(diag, path, max);
    }
    SKP_TRY(skp_secret_reserve(ret, ret->len + (size_t)status.st_size + 1));
    return read_fd(fd, path, max, ret, diag);
}
