/* test_local_file.c - small regular files, read into locked memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/source/net/local_file.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static void make_path(char ret[SKT_PATH_MAX + 8])
{
    char folder[SKT_PATH_MAX];

    ck_assert(skt_tempdir(folder));
    (void)snprintf(ret, SKT_PATH_MAX + 8, "%s/file", folder);
}

START_TEST(contents_are_appended)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret secret = { NULL, 0, 0 };
    char path[SKT_PATH_MAX + 8];

    make_path(path);
    ck_assert(skt_write_file(path, "hello", 0600));
    skt_ok(skp_secret_append(&secret, "> ", 2));
    skt_ok(skd_local_file_read(path, 5, &secret, NULL));
    ck_assert(skp_view_equal(skp_secret_view(&secret), skp_view_of("> hello")));
}
END_TEST

START_TEST(large_and_empty_files_are_read)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret secret = { NULL, 0, 0 };
    char path[SKT_PATH_MAX + 8];
    char *text = calloc(1, 300001);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 300000);
    make_path(path);
    ck_assert(skt_write_file(path, "", 0600));
    skt_ok(skd_local_file_read(path, 0, &secret, NULL));
    ck_assert_uint_eq(secret.len, 0);
    ck_assert(skt_write_file(path, text, 0600));
    skt_ok(skd_local_file_read(path, 300000, &secret, NULL));
    ck_assert_uint_eq(secret.len, 300000);
    ck_assert_int_eq(secret.bytes[299999], 'x');
    free(text);
}
END_TEST

START_TEST(a_longer_file_is_refused_before_it_is_read)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret secret = { NULL, 0, 0 };
    char path[SKT_PATH_MAX + 8];
    struct skp_diag diag = { "" };

    make_path(path);
    ck_assert(skt_write_file(path, "hello", 0600));
    skt_err(skd_local_file_read(path, 4, &secret, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(diag.text, "/file: longer than 4 bytes"));
    ck_assert_uint_eq(secret.cap, 0);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused_without_waiting)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret secret = { NULL, 0, 0 };
    char path[SKT_PATH_MAX + 8];
    struct skp_diag diag = { "" };

    make_path(path);
    skt_err(skd_local_file_read(path, 10, &secret, &diag), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(diag.text, "/file: No such file"));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    skt_err(skd_local_file_read(path, 10, &secret, &diag), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(diag.text, "/file: no regular file"));
    skt_err(skd_local_file_read("/dev/zero", 10, &secret, &diag),
            SKP_ERR_UNAVAILABLE);
    skt_err(skd_local_file_read("/", 10, &secret, &diag), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(secret.len, 0);
}
END_TEST

/* /proc files say that they are empty and then are not. */
START_TEST(a_file_longer_than_it_says_is_bounded)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret secret = { NULL, 0, 0 };
    struct skp_diag diag = { "" };

    skt_err(skd_local_file_read("/proc/self/status", 20, &secret, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    skp_secret_clear(&secret);
    skt_ok(skd_local_file_read("/proc/self/status", 65536, &secret, &diag));
    ck_assert_uint_gt(secret.len, 20);
}
END_TEST

SKT_SUITE("local_file",
          contents_are_appended,
          large_and_empty_files_are_read,
          a_longer_file_is_refused_before_it_is_read,
          what_is_no_regular_file_is_refused_without_waiting,
          a_file_longer_than_it_says_is_bounded)
