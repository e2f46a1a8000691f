/* test_cli_journal.c - new headers in place, and crashes at every step. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libclient/cli/cli_journal.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

#define FILE_LEN 300u

/* ---- crashes --------------------------------------------------------------
 *
 * The calls that change the disk, ahead of those of the C library: the one that
 * is due does half of its work, or none, and kills the process.
 */

static unsigned due;   /* 1: the next call; 0: none */
static size_t partial; /* bytes that a write still does then */

static bool is_due(void)
{
    return due > 0 && --due == 0;
}

static void die(void)
{
    (void)raise(SIGKILL);
}

/* NOLINTBEGIN: names and types are those of the C library */
ssize_t write(int fd, const void *bytes, size_t len)
{
    if (is_due()) {
        (void)syscall(SYS_write, fd, bytes, len < partial ? len : partial);
        die();
    }
    return syscall(SYS_write, fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t place)
{
    if (is_due()) {
        (void)syscall(SYS_pwrite64, fd, bytes, len < partial ? len : partial,
                      place);
        die();
    }
    return syscall(SYS_pwrite64, fd, bytes, len, place);
}

int fsync(int fd)
{
    if (is_due()) {
        die();
    }
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    if (is_due()) {
        die();
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int unlinkat(int fd, const char *name, int flags)
{
    if (is_due()) {
        die();
    }
    return (int)syscall(SYS_unlinkat, fd, name, flags);
}
/* NOLINTEND */

/* ---- a file in a folder ---------------------------------------------------
 */

static uint8_t was[FILE_LEN];
static uint8_t next[SKP_HEADER_2_LEN];
static char path[256];
static char journal[300];
static struct skc_cli_place place;

static void make_file(void)
{
    char *slash;
    static char folder[256];

    for (size_t i = 0; i < FILE_LEN; i++) {
        was[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t i = 0; i < sizeof next; i++) {
        next[i] = (uint8_t)(255 - i);
    }
    memcpy(next, was, 5); /* magic and suite stay */
    (void)snprintf(path, sizeof path, "%s", skt_file("object.ske"));
    (void)snprintf(journal, sizeof journal, "%s.ske-rewrap", path);
    (void)snprintf(folder, sizeof folder, "%s", path);
    (void)unlink(journal);
    skt_file_write(path, (struct skp_view){ was, FILE_LEN });
    slash = strrchr(folder, '/');
    *slash = '\0';
    if (place.folder_fd > 0) {
        ck_assert_int_eq(close(place.folder_fd), 0);
    }
    place = (struct skc_cli_place){ open(folder, O_RDONLY | O_DIRECTORY),
                                    slash + 1, path };
    ck_assert_int_ge(place.folder_fd, 0);
}

static enum skp_err recover(enum skc_journal_found *ret, struct skp_diag *diag)
{
    int fd = open(path, O_RDWR);
    enum skp_err err = skc_cli_journal_recover(&place, fd, ret, diag);

    ck_assert_int_eq(close(fd), 0);
    return err;
}

static enum skp_err replace(enum skc_journal_found found)
{
    int fd = open(path, O_RDWR);
    enum skp_err err =
        skc_cli_journal_replace(&place, fd, found, was, next, NULL);

    ck_assert_int_eq(close(fd), 0);
    return err;
}

/* 'o' the old header, 'n' the new one, 'x' something else. */
static char header_of_file(void)
{
    uint8_t bytes[FILE_LEN + 1];

    ck_assert_uint_eq(skt_file_read(path, bytes, sizeof bytes), FILE_LEN);
    ck_assert_int_eq(memcmp(bytes + SKP_HEADER_2_LEN, was + SKP_HEADER_2_LEN,
                            FILE_LEN - SKP_HEADER_2_LEN),
                     0);
    if (memcmp(bytes, next, sizeof next) == 0) {
        return 'n';
    }
    return memcmp(bytes, was, sizeof next) == 0 ? 'o' : 'x';
}

/* Replace in a child that dies at call @nth; false when it lived. */
static bool crash_at(unsigned nth, size_t len)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        due = nth;
        partial = len;
        _exit(replace(SKC_JOURNAL_NONE) == SKP_ERR_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
        return true;
    }
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return false;
}

START_TEST(the_header_changes_and_nothing_else_stays_behind)
{
    enum skc_journal_found found = SKC_JOURNAL_BROKEN;

    make_file();
    skt_ok(recover(&found, NULL));
    ck_assert_int_eq(found, SKC_JOURNAL_NONE);
    skt_ok(replace(found));
    ck_assert_int_eq(header_of_file(), 'n');
    ck_assert(!skc_cli_journal_exists(path));
}
END_TEST

/* After a crash: mended, or as it was and to be asked about. */
static void check_recovery(void)
{
    char header = header_of_file();
    enum skc_journal_found found = SKC_JOURNAL_NONE;

    skt_ok(recover(&found, NULL));
    if (header == 'x') {
        ck_assert_int_eq(found, SKC_JOURNAL_MENDED);
        ck_assert_int_eq(header_of_file(), 'n');
    } else {
        ck_assert_int_ne(found, SKC_JOURNAL_MENDED);
        ck_assert_int_eq(header_of_file(), header);
    }
    ck_assert_int_eq(skc_cli_journal_exists(path), found == SKC_JOURNAL_BROKEN);
    if (header_of_file() == 'o') {
        skt_ok(replace(found));
    }
    ck_assert_int_eq(header_of_file(), 'n');
    ck_assert(!skc_cli_journal_exists(path));
}

START_TEST(a_crash_at_any_call_leaves_what_the_next_run_mends)
{
    static const size_t partials[] = { 0, 1, 5, 40, 95, 96, 300, 511, 512 };
    unsigned n_calls = 0;
    unsigned n_torn = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(partials); i++) {
        for (unsigned nth = 1;; nth++) {
            make_file();
            if (!crash_at(nth, partials[i])) {
                break;
            }
            n_calls = nth > n_calls ? nth : n_calls;
            n_torn += header_of_file() == 'x';
            check_recovery();
        }
    }
    /* write, fsync, fsync of the folder, pwrite, fdatasync, unlinkat. */
    ck_assert_uint_eq(n_calls, 6);
    ck_assert_uint_eq(n_torn, 2); /* 40 and 95: 5 is the magic, which stays */
}
END_TEST

START_TEST(a_crash_while_mending_is_mended_too)
{
    for (unsigned nth = 1; nth <= 3; nth++) {
        int status;
        pid_t pid;

        make_file();
        ck_assert(crash_at(4, 40));
        ck_assert_int_eq(header_of_file(), 'x');
        pid = fork();
        if (pid == 0) {
            enum skc_journal_found found;

            due = nth; /* pwrite, fdatasync, unlinkat */
            partial = 60;
            _exit(recover(&found, NULL) == SKP_ERR_OK ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        check_recovery();
    }
}
END_TEST

static void leave_journal(void)
{
    make_file();
    ck_assert(crash_at(4, 0)); /* a whole journal, the file not touched */
    ck_assert(skc_cli_journal_exists(path));
}

START_TEST(a_journal_of_another_object_is_left_alone)
{
    struct skp_diag diag = { "" };
    enum skc_journal_found found = SKC_JOURNAL_NONE;

    leave_journal();
    was[100] ^= 1; /* the salt: somebody encrypted anew */
    skt_file_write(path, (struct skp_view){ was, FILE_LEN });
    skt_err(recover(&found, &diag), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "was before"));
    ck_assert(skc_cli_journal_exists(path));
    ck_assert_int_eq(header_of_file(), 'o');

    leave_journal();
    was[50] ^= 0x80; /* neither the old header nor the new */
    skt_file_write(path, (struct skp_view){ was, FILE_LEN });
    skt_err(recover(&found, NULL), SKP_ERR_FAILED_PRECONDITION);
    ck_assert(skc_cli_journal_exists(path));
    ck_assert_int_eq(found, SKC_JOURNAL_NONE);
}
END_TEST

START_TEST(a_changed_journal_is_never_believed)
{
    uint8_t bytes[1024];
    size_t len;

    leave_journal();
    len = skt_file_read(journal, bytes, sizeof bytes);
    ck_assert_uint_eq(len, 512);
    for (size_t i = 0; i < len; i++) {
        enum skc_journal_found found = SKC_JOURNAL_NONE;
        enum skp_err err;

        bytes[i] ^= 1;
        skt_file_write(journal, (struct skp_view){ bytes, len });
        err = recover(&found, NULL);
        ck_assert(err == SKP_ERR_FAILED_PRECONDITION ||
                  found == SKC_JOURNAL_BROKEN);
        ck_assert_int_eq(header_of_file(), 'o');
        bytes[i] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut++) {
        enum skc_journal_found found = SKC_JOURNAL_NONE;

        skt_file_write(journal, (struct skp_view){ bytes, cut });
        skt_ok(recover(&found, NULL));
        ck_assert_int_eq(found, SKC_JOURNAL_BROKEN);
        ck_assert_int_eq(header_of_file(), 'o');
    }
}
END_TEST

START_TEST(what_is_no_journal_of_ours_is_not_touched)
{
    enum skc_journal_found found = SKC_JOURNAL_NONE;
    struct skp_diag diag = { "" };
    struct stat there;

    make_file();
    skt_file_write(journal, skp_view_of("somebody's notes"));
    skt_err(recover(&found, &diag), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "in the way"));
    ck_assert_int_eq(stat(journal, &there), 0);
    ck_assert_int_eq(there.st_size, 16);
    ck_assert_int_eq(unlink(journal), 0);
    /* A link could lead anywhere. */
    ck_assert_int_eq(symlink(path, journal), 0);
    skt_err(recover(&found, NULL), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_int_eq(unlink(journal), 0);
    if (geteuid() == 0) { /* somebody else's */
        leave_journal();
        ck_assert_int_eq(chown(journal, 12345, 12345), 0);
        skt_err(recover(&found, NULL), SKP_ERR_FAILED_PRECONDITION);
        ck_assert_int_eq(chown(path, 12345, 12345), 0);
        skt_ok(recover(&found, NULL)); /* the file's owner's */
        ck_assert_int_eq(found, SKC_JOURNAL_DONE);
    }
}
END_TEST

START_TEST(two_runs_do_not_share_a_journal)
{
    leave_journal();
    skt_err(replace(SKC_JOURNAL_NONE), SKP_ERR_ALREADY_EXISTS);
    ck_assert(skc_cli_journal_exists(path));
    ck_assert_int_eq(header_of_file(), 'o');
}
END_TEST

START_TEST(names_of_journals_are_known)
{
    char name[NAME_MAX + 1];
    enum skc_journal_found found;

    ck_assert(skc_cli_journal_is_name("a.ske-rewrap"));
    ck_assert(!skc_cli_journal_is_name(".ske-rewrap"));
    ck_assert(!skc_cli_journal_is_name("a.ske"));
    ck_assert(!skc_cli_journal_is_name(""));
    make_file();
    memset(name, 'a', NAME_MAX - 5);
    name[NAME_MAX - 5] = '\0';
    place.name = name;
    skt_err(recover(&found, NULL), SKP_ERR_FAILED_PRECONDITION);
}
END_TEST

SKT_SUITE("cli_journal",
          the_header_changes_and_nothing_else_stays_behind,
          a_crash_at_any_call_leaves_what_the_next_run_mends,
          a_crash_while_mending_is_mended_too,
          a_journal_of_another_object_is_left_alone,
          a_changed_journal_is_never_believed,
          what_is_no_journal_of_ours_is_not_touched,
          two_runs_do_not_share_a_journal,
          names_of_journals_are_known)
