/* kms_seed.c - the seed of sidekey kms put; see kms_seed.h. */
#include "libclient/cli/kms_seed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"
#include "libclient/cli/cli_seed.h"

static enum skp_err
read_fd(int fd, const char *name, struct skp_buf *ret, struct skp_diag *diag)
{
    while (ret->len < ret->cap) {
        ssize_t n = read(fd, ret->ptr + ret->len, ret->cap - ret->len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return skc_cli_output_fail(diag, name, errno);
        }
        if (n == 0) {
            return SKP_ERR_OK;
        }
        ret->len += (size_t)n;
    }
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s: too long for a seed",
                    name);
}

static enum skp_err
read_text(const struct skc_cli *cli, struct skp_buf *ret, struct skp_diag *diag)
{
    const char *path = cli->args.input;
    enum skp_err err;
    int fd;

    if (cli->args.generate) {
        return skc_cli_seed_make(ret);
    }
    if (path == NULL || strcmp(path, "-") == 0) {
        return read_fd(cli->streams.in_fd, "standard input", ret, diag);
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    err = read_fd(fd, path, ret, diag);
    (void)close(fd);
    return err;
}

/* Files end in a newline; the server keeps what it is given. */
static struct skp_view trim(const struct skp_buf *buf)
{
    struct skp_view view = { buf->ptr, buf->len };

    while (view.len > 0 && view.ptr[view.len - 1] <= ' ') {
        view.len--;
    }
    while (view.len > 0 && view.ptr[0] <= ' ') {
        view.ptr++;
        view.len--;
    }
    return view;
}

enum skp_err skc_kms_seed_read(const struct skc_cli *cli,
                               struct skp_buf *buf,
                               struct skp_view *ret,
                               struct skp_diag *diag)
{
    SKP_TRY(read_text(cli, buf, diag));
    *ret = trim(buf);
    return SKP_ERR_OK;
}
