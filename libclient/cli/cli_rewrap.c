/* cli_rewrap.c - one file of sidekey rewrap; see cli_rewrap.h. */
#include "libclient/cli/cli_rewrap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libclient/cli/cli_journal.h"
#include "libclient/cli/cli_output.h"
#include "libclient/client_status.h"

/* Where the key id is in a header. */
#define KEY_ID_AT 8u

static bool is_suite_2(const uint8_t *bytes, size_t len)
{
    static const uint8_t magic[] = { 'S', 'K', 'E', '1',
                                     SKP_SUITE_X25519_HPKE_AES256GCM };

    return len >= SKP_HEADER_2_LEN &&
           skp_view_equal((struct skp_view){ bytes, sizeof magic },
                          (struct skp_view){ magic, sizeof magic });
}

static bool is_current(const struct skc_rewrap *rewrap, const uint8_t *header)
{
    return skp_view_equal(
        (struct skp_view){ header + KEY_ID_AT, SIDEKEY_KEY_ID_LEN },
        (struct skp_view){ rewrap->key_id, SIDEKEY_KEY_ID_LEN });
}

static enum skp_err read_head(const struct skc_cli_place *place,
                              int fd,
                              uint8_t ret[SKC_JOURNAL_HEAD_LEN],
                              size_t *ret_len,
                              struct skp_diag *diag)
{
    ssize_t n = pread(fd, ret, SKC_JOURNAL_HEAD_LEN, 0);

    if (n < 0) {
        return skc_cli_output_fail(diag, place->path, errno);
    }
    memset(ret + n, 0, SKC_JOURNAL_HEAD_LEN - (size_t)n);
    *ret_len = (size_t)n;
    return SKP_ERR_OK;
}

static enum skp_err
open_place(const struct skc_cli_place *place, int mode, int *ret_fd)
{
    *ret_fd = openat(place->folder_fd, place->name,
                     mode | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return *ret_fd < 0 ? SKP_ERR_NOT_FOUND : SKP_ERR_OK;
}

static enum skp_err ask_agent(struct skc_rewrap *rewrap,
                              const struct skc_cli_place *place,
                              struct skp_view header,
                              uint8_t ret[SIDEKEY_HEADER_MAX],
                              struct skp_diag *diag)
{
    struct skc_cli *cli = rewrap->cli;
    enum sidekey_status status =
        sidekey_rewrap(cli->handle, rewrap->tenant, header.ptr, header.len,
                       cli->timeout_ms, ret);

    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s: %s", place->path,
                        sidekey_error_text(cli->handle));
    }
    /* The key may have changed since the beginning of the run. */
    memcpy(rewrap->key_id, ret + KEY_ID_AT, SIDEKEY_KEY_ID_LEN);
    return SKP_ERR_OK;
}

/* The file is open for writing and locked. */
static enum skp_err rewrap_fd(struct skc_rewrap *rewrap,
                              const struct skc_cli_place *place,
                              int fd,
                              enum skc_rewrap_outcome *ret,
                              struct skp_diag *diag)
{
    uint8_t head[SKC_JOURNAL_HEAD_LEN];
    uint8_t header[SIDEKEY_HEADER_MAX];
    enum skc_journal_found found = SKC_JOURNAL_BROKEN;
    size_t len = 0;

    SKP_TRY(skc_cli_journal_recover(place, fd, &found, diag));
    SKP_TRY(read_head(place, fd, head, &len, diag));
    if (rewrap->is_choosy && found != SKC_JOURNAL_BROKEN &&
        is_current(rewrap, head)) {
        *ret = found == SKC_JOURNAL_MENDED ? SKC_REWRAPPED : SKC_REWRAP_CURRENT;
        return SKP_ERR_OK;
    }
    len = len < SKP_HEADER_2_LEN ? len : SKP_HEADER_2_LEN;
    SKP_TRY(
        ask_agent(rewrap, place, (struct skp_view){ head, len }, header, diag));
    SKP_TRY(skc_cli_journal_replace(place, fd, found, head, header, diag));
    *ret = SKC_REWRAPPED;
    return SKP_ERR_OK;
}

/* Whether a choosy run has nothing to do here; for that a file need not be
 * writable. */
static enum skp_err look(const struct skc_rewrap *rewrap,
                         const struct skc_cli_place *place,
                         bool *ret_is_settled,
                         enum skc_rewrap_outcome *ret,
                         struct skp_diag *diag)
{
    uint8_t head[SKC_JOURNAL_HEAD_LEN];
    enum skp_err err;
    size_t len = 0;
    int fd;

    *ret_is_settled = false;
    if (!rewrap->is_choosy || skc_cli_journal_exists(place->path)) {
        return SKP_ERR_OK;
    }
    if (open_place(place, O_RDONLY, &fd) != SKP_ERR_OK) {
        return skc_cli_output_fail(diag, place->path, errno);
    }
    err = read_head(place, fd, head, &len, diag);
    (void)close(fd);
    if (err != SKP_ERR_OK) {
        return err;
    }
    if (!is_suite_2(head, len)) {
        *ret_is_settled = true;
        *ret = SKC_REWRAP_FOREIGN;
    } else if (is_current(rewrap, head)) {
        *ret_is_settled = true;
        *ret = SKC_REWRAP_CURRENT;
    }
    return SKP_ERR_OK;
}

enum skp_err skc_cli_rewrap(struct skc_rewrap *rewrap,
                            const struct skc_cli_place *place,
                            enum skc_rewrap_outcome *ret,
                            struct skp_diag *diag)
{
    enum skc_rewrap_outcome outcome = SKC_REWRAPPED;
    bool is_settled;
    enum skp_err err;
    int fd;

    SKP_TRY(look(rewrap, place, &is_settled, &outcome, diag));
    if (is_settled) {
        *ret = outcome;
        return SKP_ERR_OK;
    }
    if (open_place(place, O_RDWR, &fd) != SKP_ERR_OK) {
        return skc_cli_output_fail(diag, place->path, errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                       "%s: another program has locked it", place->path);
    } else {
        err = rewrap_fd(rewrap, place, fd, ret, diag);
    }
    (void)close(fd);
    return err;
}
