/* test_cli_output.c - outputs that appear whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t big[3u << 20];

static struct skc_cli_output_options
options_for(const char *path, int std_fd, bool is_spooled)
{
    return (struct skc_cli_output_options){
        .path = path, .std_fd = std_fd, .is_spooled = is_spooled, .input_fd = -1
    };
}

static void push(struct skc_cli_output *output, const void *bytes, size_t len)
{
    struct skc_sink sink = skc_cli_output_sink(output);
    struct skp_diag diag = { "" };

    skt_ok(sink.write(sink.state, (struct skp_view){ bytes, len }, &diag));
}

static unsigned count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    ck_assert_int_eq(closedir(dir), 0);
    return n - 2;
}

START_TEST(a_file_is_there_only_after_commit)
{
    char folder[128];
    char path[160];
    uint8_t back[8];
    struct skc_cli_output output;
    struct skc_cli_output_options options;
    struct stat there;

    (void)snprintf(folder, sizeof folder, "%s", skt_file("out"));
    (void)snprintf(path, sizeof path, "%s/f", folder);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    (void)umask(022);
    options = options_for(path, -1, false);
    skt_ok(skc_cli_output_open(&output, &options, NULL));
    push(&output, "abc", 3);
    ck_assert_int_ne(access(path, F_OK), 0);
    skc_cli_output_done(&output);
    ck_assert_uint_eq(count_files(folder), 0);

    skt_ok(skc_cli_output_open(&output, &options, NULL));
    push(&output, "abc", 3);
    skt_ok(skc_cli_output_commit(&output, NULL));
    skc_cli_output_done(&output);
    ck_assert_uint_eq(count_files(folder), 1);
    ck_assert_uint_eq(skt_file_read(path, back, sizeof back), 3);
    ck_assert_int_eq(stat(path, &there), 0);
    ck_assert_uint_eq(there.st_mode & 0777, 0644);

    skt_err(skc_cli_output_open(&output, &options, NULL),
            SKP_ERR_ALREADY_EXISTS);
    options.force = true;
    options.is_secret = true;
    skt_ok(skc_cli_output_open(&output, &options, NULL));
    push(&output, "abcde", 5);
    skt_ok(skc_cli_output_commit(&output, NULL));
    skc_cli_output_done(&output);
    ck_assert_uint_eq(count_files(folder), 1);
    ck_assert_uint_eq(skt_file_read(path, back, sizeof back), 5);
    ck_assert_int_eq(stat(path, &there), 0);
    ck_assert_uint_eq(there.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_file_that_appears_meanwhile_is_not_overwritten)
{
    const char *path = skt_file("race");
    struct skc_cli_output output;
    struct skc_cli_output_options options = options_for(path, -1, false);
    uint8_t back[8];

    skt_ok(skc_cli_output_open(&output, &options, NULL));
    push(&output, "abc", 3);
    skt_file_write(path, skp_view_of("theirs"));
    skt_err(skc_cli_output_commit(&output, NULL), SKP_ERR_ALREADY_EXISTS);
    skc_cli_output_done(&output);
    ck_assert_uint_eq(skt_file_read(path, back, sizeof back), 6);
}
END_TEST

/* Spool @len bytes in steps; they are out after commit only. */
static void spool(size_t len)
{
    FILE *file = tmpfile();
    int fd = fileno(file);
    struct skc_cli_output output;
    struct skc_cli_output_options options = options_for("-", fd, true);
    struct stat there;
    uint8_t *back = malloc(len + 1);

    ck_assert_ptr_nonnull(back);
    skt_ok(skc_cli_output_open(&output, &options, NULL));
    for (size_t at = 0; at < len; at += 100000) {
        push(&output, big + at, len - at < 100000 ? len - at : 100000);
    }
    ck_assert_int_eq(fstat(fd, &there), 0);
    ck_assert_int_eq(there.st_size, 0);
    skt_ok(skc_cli_output_commit(&output, NULL));
    skc_cli_output_done(&output);
    ck_assert_int_eq(pread(fd, back, len + 1, 0), (ssize_t)len);
    ck_assert_int_eq(memcmp(back, big, len), 0);
    free(back);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(standard_output_waits_for_commit)
{
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 13 + i / 65521);
    }
    spool(0);
    spool(10);
    spool(1u << 20);       /* all in memory */
    spool((1u << 20) + 1); /* the last piece goes to a file */
    spool(sizeof big);
}
END_TEST

START_TEST(a_terminal_is_refused_unless_insisted_upon)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    struct skc_cli_output output;
    struct skc_cli_output_options options = options_for(NULL, terminal, true);
    struct skp_diag diag = { "" };

    ck_assert_int_ge(terminal, 0);
    ck_assert_int_eq(isatty(terminal), 1);
    skt_err(skc_cli_output_open(&output, &options, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    options.force = true;
    skt_ok(skc_cli_output_open(&output, &options, &diag));
    skc_cli_output_done(&output);
    options.force = false;
    options.path = "-";
    skt_ok(skc_cli_output_open(&output, &options, &diag));
    skc_cli_output_done(&output);
    ck_assert_int_eq(close(terminal), 0);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
    int fd = open("/dev/full", O_WRONLY);
    struct skp_diag diag = { "" };

    ck_assert_int_ge(fd, 0);
    skt_err(skc_cli_output_write_all(fd, skp_view_of("abc"), "disk", &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(diag.text, "disk: No space left on device");
    ck_assert_int_eq(close(fd), 0);
    skt_err(skc_cli_output_fail(&diag, "f", EACCES), SKP_ERR_PERMISSION_DENIED);
    skt_err(skc_cli_output_fail(&diag, "f", EISDIR),
            SKP_ERR_FAILED_PRECONDITION);
}
END_TEST

START_TEST(no_file_replaces_a_folder_a_device_or_a_pipe)
{
    struct skc_cli_output output;
    struct skc_cli_output_options options = options_for("/dev/null", -1, false);
    struct skp_diag diag = { "" };

    options.force = true;
    skt_err(skc_cli_output_open(&output, &options, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "no regular file"));
    options.path = skt_file("fifo");
    ck_assert_int_eq(mkfifo(options.path, 0600), 0);
    skt_err(skc_cli_output_open(&output, &options, NULL),
            SKP_ERR_FAILED_PRECONDITION);
    options.path = "/tmp";
    skt_err(skc_cli_output_open(&output, &options, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, "/tmp: Is a directory");
}
END_TEST

START_TEST(a_link_leads_to_the_place_and_stays)
{
    struct skc_cli_output output;
    struct skc_cli_output_options options =
        options_for(skt_file("alias"), -1, false);
    struct stat there;
    uint8_t back[8];

    skt_file_write(skt_file("real"), skp_view_of("old"));
    ck_assert_int_eq(symlink("real", options.path), 0);
    options.force = true;
    skt_ok(skc_cli_output_open(&output, &options, NULL));
    push(&output, "newer", 5);
    skt_ok(skc_cli_output_commit(&output, NULL));
    skc_cli_output_done(&output);
    ck_assert_int_eq(lstat(options.path, &there), 0);
    ck_assert(S_ISLNK(there.st_mode));
    ck_assert_uint_eq(skt_file_read(skt_file("real"), back, sizeof back), 5);
}
END_TEST

START_TEST(the_input_is_no_output_by_any_name)
{
    struct skc_cli_output output;
    struct skc_cli_output_options options =
        options_for(skt_file("other"), -1, false);
    int fd;

    skt_file_write(skt_file("same"), skp_view_of("old"));
    ck_assert_int_eq(link(skt_file("same"), skt_file("other")), 0);
    fd = open(skt_file("same"), O_RDWR);
    options.input_fd = fd;
    options.force = true;
    skt_err(skc_cli_output_open(&output, &options, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    options.path = NULL;
    options.std_fd = fd; /* <file >>file */
    skt_err(skc_cli_output_open(&output, &options, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(room_that_is_not_there_is_told_at_the_beginning)
{
    struct skc_cli_output output;
    struct skc_cli_output_options options =
        options_for(skt_file("huge"), -1, false);
    enum skp_err err;

    options.size = UINT64_C(1) << 61;
    err = skc_cli_output_open(&output, &options, NULL);
    skc_cli_output_done(&output);
    /* Some file systems cannot claim room, or no file of that size. */
    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_int_ne(access(options.path, F_OK), 0);
    options.size = 3;
    skt_ok(skc_cli_output_open(&output, &options, NULL));
    push(&output, "abc", 3);
    skt_ok(skc_cli_output_commit(&output, NULL));
    skc_cli_output_done(&output);
}
END_TEST

SKT_SUITE("cli_output",
          no_file_replaces_a_folder_a_device_or_a_pipe,
          a_link_leads_to_the_place_and_stays,
          the_input_is_no_output_by_any_name,
          room_that_is_not_there_is_told_at_the_beginning,
          a_file_is_there_only_after_commit,
          a_file_that_appears_meanwhile_is_not_overwritten,
          standard_output_waits_for_commit,
          a_terminal_is_refused_unless_insisted_upon,
          a_full_disk_is_told)
