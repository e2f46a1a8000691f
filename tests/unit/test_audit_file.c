/* test_audit_file.c - proves audit_file.c, with a limit on the length of files
 * in the place of a full disk. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/serve/audit_file.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static char path[SKT_PATH_MAX + 8];
static struct skd_audit_file file;
static struct skp_diag diag;

static void open_new(void)
{
    static char folder[SKT_PATH_MAX];

    if (folder[0] == '\0') {
        ck_assert(skt_tempdir(folder));
    }
    (void)snprintf(path, sizeof path, "%s/a", folder);
    (void)unlink(path);
    skt_ok(skd_audit_file_open(path, &file, &diag));
}

static void assert_content(const char *text)
{
    char *content = skt_read_file(path, NULL);

    ck_assert_str_eq(content, text);
    free(content);
}

START_TEST(a_new_file_is_private_and_grows)
{
    struct stat there;
    size_t len = 0;

    open_new();
    ck_assert_int_eq(stat(path, &there), 0);
    ck_assert_uint_eq(there.st_mode & 07777, 0600);
    skt_ok(skd_audit_file_write(&file, skp_view_of("one\n"), &len, &diag));
    skt_ok(skd_audit_file_sync(&file, &diag));
    skd_audit_file_close(&file);
    skt_ok(skd_audit_file_open(path, &file, &diag));
    skt_ok(skd_audit_file_write(&file, skp_view_of("two\n"), &len, &diag));
    ck_assert_uint_eq(len, 4);
    assert_content("one\ntwo\n");
    skd_audit_file_close(&file);
}
END_TEST

START_TEST(two_cannot_write_to_one_file)
{
    struct skd_audit_file other = { 77, false };

    open_new();
    skt_err(skd_audit_file_open(path, &other, &diag), SKP_ERR_ALREADY_EXISTS);
    ck_assert_int_eq(other.fd, 77);
    skd_audit_file_close(&file);
    skt_ok(skd_audit_file_open(path, &other, &diag));
    skd_audit_file_close(&other);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused_without_waiting)
{
    open_new();
    skd_audit_file_close(&file);
    (void)strcat(path, "x");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    skt_err(skd_audit_file_open(path, &file, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skd_audit_file_open("/", &file, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skd_audit_file_open("/nowhere/at/all", &file, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "/nowhere/at/all"));
}
END_TEST

/* Bytes of the file before, the tail's line, and what is torn. */
START_TEST(the_tail_is_the_last_whole_line_and_what_is_torn)
{
    static char filler[20000];
    static const struct {
        const char *text;
        const char *line;
        uint64_t torn;
    } cases[] = {
        { "", "", 0 },
        { "one\n", "one", 0 },
        { "one\ntwo\n", "two", 0 },
        { "one\ntwo\nthr", "two", 3 },
        { "thr", "", 3 },
        { "\n", "", 0 },
    };

    memset(filler, 'x', sizeof filler - 2);
    filler[sizeof filler - 2] = '\n';
    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct skd_audit_tail tail;
        size_t len;

        open_new();
        if (cases[i].line[0] != '\0') {
            skt_ok(
                skd_audit_file_write(&file, skp_view_of(filler), &len, &diag));
        }
        skt_ok(skd_audit_file_write(&file, skp_view_of(cases[i].text), &len,
                                    &diag));
        skt_ok(skd_audit_file_tail(&file, &tail, &diag));
        skt_bytes_eq((struct skp_view){ tail.line, tail.line_len },
                     skp_view_of(cases[i].line));
        ck_assert_uint_eq(tail.torn, cases[i].torn);
        skd_audit_file_close(&file);
    }
}
END_TEST

START_TEST(a_line_longer_than_ours_is_no_line)
{
    static char text[SKP_AUDIT_LINE_MAX + 100];
    struct skd_audit_tail tail;
    size_t len;

    memset(text, 'x', sizeof text - 2);
    text[sizeof text - 2] = '\n';
    open_new();
    skt_ok(skd_audit_file_write(&file, skp_view_of(text), &len, &diag));
    skt_ok(skd_audit_file_tail(&file, &tail, &diag));
    ck_assert_uint_eq(tail.line_len, 0);
    ck_assert_uint_eq(tail.torn, 0);
    skd_audit_file_close(&file);
}
END_TEST

static void limit_files(rlim_t len)
{
    const struct rlimit limit = { len, RLIM_INFINITY };

    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_keeps_whole_lines_only)
{
    static const char text[] = "one\ntwo\nthree\n";

    for (rlim_t room = 0; room < sizeof text - 1; room++) {
        static const size_t whole[] = { 0, 0, 0, 0, 4, 4, 4, 4, 8 };
        size_t expected = whole[room < 8 ? room : 8];
        size_t len = 99;

        open_new();
        limit_files(room);
        skt_err(skd_audit_file_write(&file, skp_view_of(text), &len, &diag),
                SKP_ERR_RESOURCE_EXHAUSTED);
        ck_assert_uint_eq(len, expected);
        limit_files(RLIM_INFINITY);
        skt_ok(
            skd_audit_file_write(&file, skp_view_of(text + len), &len, &diag));
        assert_content(text);
        skd_audit_file_close(&file);
    }
}
END_TEST

START_TEST(standard_error_is_written_and_stays_open)
{
    struct skd_audit_tail tail;
    size_t len = 0;
    int fds[2];
    char bytes[8] = "";

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_ge(dup2(fds[1], STDERR_FILENO), 0);
    skt_ok(skd_audit_file_open("stderr", &file, &diag));
    skt_ok(skd_audit_file_tail(&file, &tail, &diag));
    ck_assert_uint_eq(tail.line_len + tail.torn, 0);
    skt_ok(skd_audit_file_write(&file, skp_view_of("one\n"), &len, &diag));
    skt_ok(skd_audit_file_sync(&file, &diag));
    ck_assert_int_eq(read(fds[0], bytes, sizeof bytes), 4);
    ck_assert_str_eq(bytes, "one\n");
    skd_audit_file_close(&file);
    ck_assert_int_ge(fcntl(STDERR_FILENO, F_GETFD), 0);
}
END_TEST

SKT_SUITE("audit_file",
          a_new_file_is_private_and_grows,
          two_cannot_write_to_one_file,
          what_is_no_regular_file_is_refused_without_waiting,
          the_tail_is_the_last_whole_line_and_what_is_torn,
          a_line_longer_than_ours_is_no_line,
          a_full_disk_keeps_whole_lines_only,
          standard_error_is_written_and_stays_open)
