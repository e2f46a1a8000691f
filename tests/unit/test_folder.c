/* test_folder.c - suite of agent/folder.c. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/folder.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static char top[SKT_PATH_MAX];

static const char *below(const char *name)
{
    static char path[2 * SKT_PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat info;

    ck_assert_int_eq(stat(path, &info), 0);
    return info.st_mode & 07777u;
}

START_TEST(a_missing_folder_is_made_with_its_mode_whatever_the_umask)
{
    ck_assert(skt_tempdir(top));
    (void)umask(0077);
    skt_ok(skd_folder_make(below("run/s.sock"), 0755, NULL));
    ck_assert_uint_eq(mode_of(below("run")), 0755);
}
END_TEST

START_TEST(a_folder_that_is_there_stays_as_it_is)
{
    ck_assert(skt_tempdir(top));
    ck_assert_int_eq(mkdir(below("run"), 0700), 0);
    skt_ok(skd_folder_make(below("run/s.sock"), 0755, NULL));
    ck_assert_uint_eq(mode_of(below("run")), 0700);
}
END_TEST

START_TEST(only_the_last_folder_is_made)
{
    struct skp_diag diag = { "" };

    ck_assert(skt_tempdir(top));
    skt_err(skd_folder_make(below("a/b/s.sock"), 0755, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, "a/b: No such file"));
}
END_TEST

START_TEST(a_folder_that_may_not_be_made_is_named)
{
    struct skp_diag diag = { "" };

    ck_assert(skt_tempdir(top));
    ck_assert_int_eq(chmod(top, 0755), 0);
    ck_assert(geteuid() != 0 || seteuid(65534) == 0);
    if (access(top, W_OK) != 0) {
        skt_err(skd_folder_make(below("run/s.sock"), 0755, &diag),
                SKP_ERR_PERMISSION_DENIED);
        ck_assert_ptr_nonnull(strstr(diag.text, "/run: "));
    }
    /* Leak checkers look as the user we were. */
    ck_assert_int_eq(seteuid(getuid()), 0);
}
END_TEST

START_TEST(a_path_without_a_folder_needs_none)
{
    skt_ok(skd_folder_make("s.sock", 0755, NULL));
    skt_ok(skd_folder_make("/s.sock", 0755, NULL));
}
END_TEST

SKT_SUITE("folder",
          a_missing_folder_is_made_with_its_mode_whatever_the_umask,
          a_folder_that_is_there_stays_as_it_is,
          only_the_last_folder_is_made,
          a_folder_that_may_not_be_made_is_named,
          a_path_without_a_folder_needs_none)
