/* cli_journal.c - headers that survive a crash; see cli_journal.h. */
#include "libclient/cli/cli_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"

/* A journal is this record twice: what was cut, or never reached the disk, is
 * then seen. */
#define MAGIC       "SKJ1\0\0\0"
#define MAGIC_LEN   8u
#define OLD_AT      MAGIC_LEN
#define NEW_AT      (OLD_AT + SKC_JOURNAL_HEAD_LEN)
#define RECORD_LEN  (NEW_AT + SKP_HEADER_2_LEN)
#define JOURNAL_LEN ((size_t)2 * RECORD_LEN)

struct journal {
    char name[NAME_MAX + 1];
    char path[PATH_MAX]; /* for words */
    uint8_t bytes[JOURNAL_LEN];
    size_t len;
};

static bool equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return skp_view_equal((struct skp_view){ a, len },
                          (struct skp_view){ b, len });
}

bool skc_cli_journal_exists(const char *path)
{
    char name[PATH_MAX];
    int len = snprintf(name, sizeof name, "%s%s", path, SKC_JOURNAL_SUFFIX);

    return len > 0 && (size_t)len < sizeof name && access(name, F_OK) == 0;
}

bool skc_cli_journal_is_name(const char *name)
{
    size_t suffix_len = sizeof SKC_JOURNAL_SUFFIX - 1;
    size_t len = strlen(name);

    return len > suffix_len &&
           strcmp(name + len - suffix_len, SKC_JOURNAL_SUFFIX) == 0;
}

static enum skp_err name_journal(const struct skc_cli_place *place,
                                 struct journal *ret,
                                 struct skp_diag *diag)
{
    int len = snprintf(ret->name, sizeof ret->name, "%s%s", place->name,
                       SKC_JOURNAL_SUFFIX);

    if (len < 0 || (size_t)len >= sizeof ret->name) {
        return skc_cli_output_fail(diag, place->path, ENAMETOOLONG);
    }
    (void)snprintf(ret->path, sizeof ret->path, "%s%s", place->path,
                   SKC_JOURNAL_SUFFIX);
    return SKP_ERR_OK;
}

static enum skp_err remove_journal(const struct skc_cli_place *place,
                                   const struct journal *journal,
                                   struct skp_diag *diag)
{
    if (unlinkat(place->folder_fd, journal->name, 0) != 0) {
        return skc_cli_output_fail(diag, journal->path, errno);
    }
    return SKP_ERR_OK;
}

/* The new header over the old one, and on the disk. */
static enum skp_err write_header(const struct skc_cli_place *place,
                                 int fd,
                                 const uint8_t header[SKP_HEADER_2_LEN],
                                 struct skp_diag *diag)
{
    size_t done = 0;

    while (done < SKP_HEADER_2_LEN) {
        ssize_t n =
            pwrite(fd, header + done, SKP_HEADER_2_LEN - done, (off_t)done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return skc_cli_output_fail(diag, place->path,
                                       n == 0 ? ENOSPC : errno);
        }
        done += (size_t)n;
    }
    return fdatasync(fd) == 0 ? SKP_ERR_OK
                              : skc_cli_output_fail(diag, place->path, errno);
}

/* ---- recovering -----------------------------------------------------------
 */

/* Only what the user, root, or the owner of the file left there is believed:
 * in a folder that many may write to it could be anybody's. */
static bool is_trusted(const struct stat *journal, int fd)
{
    struct stat file;

    return S_ISREG(journal->st_mode) && journal->st_nlink == 1 &&
           fstat(fd, &file) == 0 &&
           (journal->st_uid == geteuid() || journal->st_uid == 0 ||
            journal->st_uid == file.st_uid);
}

static enum skp_err
read_file(int fd, const char *path, struct journal *ret, struct skp_diag *diag)
{
    uint8_t more[JOURNAL_LEN + 1];
    ssize_t n = pread(fd, more, sizeof more, 0);

    if (n < 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    ret->len = (size_t)n;
    memcpy(ret->bytes, more, sizeof ret->bytes);
    return SKP_ERR_OK;
}

/* *ret_is_there is false when there is none. */
static enum skp_err read_journal(const struct skc_cli_place *place,
                                 int fd,
                                 struct journal *ret,
                                 bool *ret_is_there,
                                 struct skp_diag *diag)
{
    struct stat there = { 0 };
    enum skp_err err;
    int journal_fd =
        openat(place->folder_fd, ret->name,
               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (journal_fd < 0 && errno == ENOENT) {
        *ret_is_there = false;
        return SKP_ERR_OK;
    }
    if (journal_fd < 0) {
        return skc_cli_output_fail(diag, ret->path, errno);
    }
    if (fstat(journal_fd, &there) != 0 || !is_trusted(&there, fd)) {
        err = skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                       "%s: somebody else's, and in the way", ret->path);
    } else {
        err = read_file(journal_fd, ret->path, ret, diag);
    }
    (void)close(journal_fd);
    *ret_is_there = true;
    return err;
}

static bool is_whole(const struct journal *journal)
{
    return journal->len == JOURNAL_LEN &&
           equal(journal->bytes, (const uint8_t *)MAGIC, MAGIC_LEN) &&
           equal(journal->bytes, journal->bytes + RECORD_LEN, RECORD_LEN);
}

/* What a crash may leave of a journal that was being written: a beginning of
 * it, or blocks that were never filled. */
static bool is_unfinished(const struct journal *journal)
{
    static const uint8_t zeroes[MAGIC_LEN];
    size_t len = journal->len < MAGIC_LEN ? journal->len : MAGIC_LEN;

    return journal->len <= JOURNAL_LEN &&
           (equal(journal->bytes, (const uint8_t *)MAGIC, len) ||
            equal(journal->bytes, zeroes, len));
}

/* Each byte of @head is one of the old header or of the new one. */
static bool is_mixture(const struct journal *journal, const uint8_t *head)
{
    for (size_t i = 0; i < SKP_HEADER_2_LEN; i++) {
        if (head[i] != journal->bytes[OLD_AT + i] &&
            head[i] != journal->bytes[NEW_AT + i]) {
            return false;
        }
    }
    return true;
}

/* A whole journal: bring the file to its end. */
static enum skp_err mend(const struct skc_cli_place *place,
                         int fd,
                         const struct journal *journal,
                         enum skc_journal_found *ret,
                         struct skp_diag *diag)
{
    const uint8_t *was = journal->bytes + OLD_AT;
    const uint8_t *next = journal->bytes + NEW_AT;
    uint8_t head[SKC_JOURNAL_HEAD_LEN] = { 0 };

    if (pread(fd, head, sizeof head, 0) < 0) {
        return skc_cli_output_fail(diag, place->path, errno);
    }
    if (!equal(head + SKP_HEADER_2_LEN, was + SKP_HEADER_2_LEN,
               SKP_CHUNKED_HEAD_LEN) ||
        !is_mixture(journal, head)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: is of what %s was before; remove it if that is "
                        "not wanted any more",
                        journal->path, place->name);
    }
    if (equal(head, was, SKP_HEADER_2_LEN) ||
        equal(head, next, SKP_HEADER_2_LEN)) {
        *ret = SKC_JOURNAL_DONE;
        return fdatasync(fd) == 0
                   ? SKP_ERR_OK
                   : skc_cli_output_fail(diag, place->path, errno);
    }
    SKP_TRY(write_header(place, fd, next, diag));
    *ret = SKC_JOURNAL_MENDED;
    return SKP_ERR_OK;
}

enum skp_err skc_cli_journal_recover(const struct skc_cli_place *place,
                                     int fd,
                                     enum skc_journal_found *ret,
                                     struct skp_diag *diag)
{
    struct journal journal = { .len = 0 };
    enum skc_journal_found found = SKC_JOURNAL_BROKEN;
    bool is_there = false;

    SKP_TRY(name_journal(place, &journal, diag));
    SKP_TRY(read_journal(place, fd, &journal, &is_there, diag));
    if (!is_there) {
        *ret = SKC_JOURNAL_NONE;
        return SKP_ERR_OK;
    }
    if (!is_whole(&journal)) {
        if (!is_unfinished(&journal)) {
            return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                            "%s: in the way, and no journal of rewrap",
                            journal.path);
        }
        *ret = SKC_JOURNAL_BROKEN;
        return SKP_ERR_OK;
    }
    SKP_TRY(mend(place, fd, &journal, &found, diag));
    SKP_TRY(remove_journal(place, &journal, diag));
    *ret = found;
    return SKP_ERR_OK;
}

/* ---- replacing ------------------------------------------------------------
 */

static void fill_journal(struct journal *journal,
                         const uint8_t *head,
                         const uint8_t *header)
{
    memcpy(journal->bytes, MAGIC, MAGIC_LEN);
    memcpy(journal->bytes + OLD_AT, head, SKC_JOURNAL_HEAD_LEN);
    memcpy(journal->bytes + NEW_AT, header, SKP_HEADER_2_LEN);
    memcpy(journal->bytes + RECORD_LEN, journal->bytes, RECORD_LEN);
    journal->len = JOURNAL_LEN;
}

static enum skp_err write_journal(const struct skc_cli_place *place,
                                  const struct journal *journal,
                                  enum skc_journal_found found,
                                  struct skp_diag *diag)
{
    int how = found == SKC_JOURNAL_BROKEN ? O_TRUNC : O_CREAT | O_EXCL;
    int fd = openat(place->folder_fd, journal->name,
                    O_WRONLY | O_NOFOLLOW | O_CLOEXEC | how, 0600);
    enum skp_err err;

    if (fd < 0) {
        return skc_cli_output_fail(diag, journal->path, errno);
    }
    err = skc_cli_output_write_all(
        fd, (struct skp_view){ journal->bytes, journal->len }, journal->path,
        diag);
    if (err == SKP_ERR_OK && fsync(fd) != 0) {
        err = skc_cli_output_fail(diag, journal->path, errno);
    }
    (void)close(fd);
    /* File systems that cannot sync a folder say EINVAL and need not. */
    if (err == SKP_ERR_OK && fsync(place->folder_fd) != 0 && errno != EINVAL) {
        err = skc_cli_output_fail(diag, journal->path, errno);
    }
    return err;
}

enum skp_err skc_cli_journal_replace(const struct skc_cli_place *place,
                                     int fd,
                                     enum skc_journal_found found,
                                     const uint8_t head[SKC_JOURNAL_HEAD_LEN],
                                     const uint8_t header[SKP_HEADER_2_LEN],
                                     struct skp_diag *diag)
{
    struct journal journal = { .len = 0 };
    enum skp_err err;

    SKP_TRY(name_journal(place, &journal, diag));
    fill_journal(&journal, head, header);
    err = write_journal(place, &journal, found, diag);
    if (err != SKP_ERR_OK) {
        if (err != SKP_ERR_ALREADY_EXISTS) {
            (void)unlinkat(place->folder_fd, journal.name, 0);
        }
        return err;
    }
    SKP_TRY(write_header(place, fd, header, diag));
    return remove_journal(place, &journal, diag);
}
