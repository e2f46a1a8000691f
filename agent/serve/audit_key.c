/* audit_key.c - the key of the audit log's hash; see audit_key.h. */
#include "agent/serve/audit_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sys/log.h"
#include "protocol/base64.h"

/* As long as `sidekey keygen` makes them: 48 bytes are 64 characters. */
#define RANDOM_LEN 48u
#define TEXT_LEN   64u

static enum skp_err refuse(struct skp_diag *diag, const char *path)
{
    return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                    "the audit log's key %s: %s", path, strerrordesc_np(errno));
}

/* ---- reading ------------------------------------------------------------ */

static enum skp_err read_open(int fd,
                              const char *path,
                              struct skp_secret *text,
                              struct skp_diag *diag)
{
    struct stat there;
    ssize_t len;

    if (fstat(fd, &there) != 0) {
        return refuse(diag, path);
    }
    if (!S_ISREG(there.st_mode) || there.st_size > (off_t)SKP_AUDIT_KEY_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the audit log's key %s: no regular file of at most "
                        "%u bytes",
                        path, SKP_AUDIT_KEY_MAX);
    }
    if ((there.st_mode & S_IROTH) != 0) {
        skd_log(SKD_LOG_WARN, "audit: every user may read the key %s", path);
    }
    SKP_TRY(skp_secret_reserve(text, SKP_AUDIT_KEY_MAX));
    len = read(fd, text->bytes, SKP_AUDIT_KEY_MAX);
    if (len < 0) {
        return refuse(diag, path);
    }
    text->len = (size_t)len;
    return SKP_ERR_OK;
}

static enum skp_err
read_key(const char *path, struct skp_secret *ret, struct skp_diag *diag)
{
    struct skp_secret text = { NULL, 0, 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum skp_err err;

    if (fd < 0) {
        return refuse(diag, path);
    }
    err = read_open(fd, path, &text, diag);
    (void)close(fd);
    if (err == SKP_ERR_OK) {
        err = skp_audit_key_take(skp_secret_view(&text), ret, diag);
        err = skp_prefix(diag, err, "%s", path);
    }
    skp_secret_done(&text);
    return err;
}

/* ---- making ------------------------------------------------------------- */

static enum skp_err make_text(const struct skp_random *random,
                              struct skp_buf *text)
{
    SKP_WIPED(uint8_t, bytes, RANDOM_LEN);

    SKP_TRY(random->fill(random->state, bytes, RANDOM_LEN));
    return skp_base64_encode((struct skp_view){ bytes, RANDOM_LEN }, text);
}

/* A file that is there whole or not at all. */
static enum skp_err
write_key(const char *path, struct skp_view text, struct skp_diag *diag)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written;

    if (fd < 0) {
        return refuse(diag, path);
    }
    is_written =
        write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
    (void)close(fd);
    if (!is_written) {
        enum skp_err err = refuse(diag, path);

        (void)unlink(path);
        return err;
    }
    return SKP_ERR_OK;
}

static enum skp_err make_key(const char *path,
                             const struct skp_random *random,
                             struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, text, TEXT_LEN + 1);
    struct skp_buf buf = skp_buf_over(text, TEXT_LEN + 1);

    SKP_TRY(make_text(random, &buf));
    SKP_TRY(skp_buf_put(&buf, "\n", 1));
    SKP_TRY(write_key(path, (struct skp_view){ buf.ptr, buf.len }, diag));
    skd_log(SKD_LOG_WARN,
            "audit: the key %s was made; keep a copy elsewhere, and name it "
            "by sidekey.audit_key_file where the log's readers cannot reach it",
            path);
    return SKP_ERR_OK;
}

/* A key for a log that cannot be read back. */
static enum skp_err load_nameless(const struct skp_random *random,
                                  struct skp_secret *ret)
{
    SKP_WIPED(uint8_t, text, TEXT_LEN);
    struct skp_buf buf = skp_buf_over(text, TEXT_LEN);

    SKP_TRY(make_text(random, &buf));
    skd_log(SKD_LOG_WARN, "audit: without sidekey.audit_key_file nobody can "
                          "verify what is written to stderr");
    return skp_secret_append(ret, buf.ptr, buf.len);
}

/* True when there is a log with lines in it, which had a key. */
static bool has_lines(const char *target)
{
    struct stat there;

    return stat(target, &there) == 0 && there.st_size > 0;
}

enum skp_err skd_audit_key_load(const char *target,
                                const char *path,
                                const struct skp_random *random,
                                struct skp_secret *ret,
                                struct skp_diag *diag)
{
    char beside[PATH_MAX];

    if (path != NULL) {
        return read_key(path, ret, diag);
    }
    if (strcmp(target, "stderr") == 0) {
        return load_nameless(random, ret);
    }
    if ((size_t)snprintf(beside, sizeof beside, "%s.key", target) >=
        sizeof beside) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the path of the audit log is too long");
    }
    if (access(beside, F_OK) != 0) {
        if (has_lines(target)) {
            return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                            "the audit log %s is there and its key %s is not; "
                            "bring the key back, or move the log away",
                            target, beside);
        }
        SKP_TRY(make_key(beside, random, diag));
    }
    return read_key(beside, ret, diag);
}
