/* test_dev.c - suite of agent/dev.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/dev.h"
#include "protocol/limits.h"
#include "tests/lib/suite.h"

static char *banner_for(const char *socket)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    skd_dev_print_banner(out, socket);
    (void)fclose(out);
    return text;
}

START_TEST(a_given_socket_wins)
{
    char socket[SKD_DEV_SOCKET_MAX];

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/1", 1), 0);
    skt_ok(skd_dev_socket("/given", socket, NULL));
    ck_assert_str_eq(socket, "/given");
}
END_TEST

START_TEST(the_run_time_directory_comes_next)
{
    char socket[SKD_DEV_SOCKET_MAX];

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/1", 1), 0);
    skt_ok(skd_dev_socket(NULL, socket, NULL));
    ck_assert_str_eq(socket, "/run/user/1/sidekey/sidekey.sock");
}
END_TEST

START_TEST(without_a_run_time_directory_only_root_has_a_default)
{
    char socket[SKD_DEV_SOCKET_MAX] = "";
    struct skp_diag diag = { "" };

    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    if (geteuid() == 0) {
        skt_ok(skd_dev_socket(NULL, socket, &diag));
        ck_assert_str_eq(socket, SKP_SOCKET_DEFAULT);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    skt_err(skd_dev_socket(NULL, socket, &diag), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(diag.text, "--socket"));
    /* Leak checkers look as the user we were. */
    ck_assert_int_eq(seteuid(getuid()), 0);
}
END_TEST

START_TEST(a_path_longer_than_a_socket_s_is_refused)
{
    char path[SKD_DEV_SOCKET_MAX + 1];
    char socket[SKD_DEV_SOCKET_MAX];
    struct skp_diag diag = { "" };

    memset(path, 'a', sizeof path);
    path[SKD_DEV_SOCKET_MAX] = '\0';
    skt_err(skd_dev_socket(path, socket, &diag), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(diag.text, "107 bytes"));
    path[SKD_DEV_SOCKET_MAX - 1] = '\0';
    skt_ok(skd_dev_socket(path, socket, NULL));
}
END_TEST

START_TEST(the_banner_warns_and_shows_three_commands)
{
    char *text = banner_for("/tmp/other.sock");

    ck_assert_ptr_nonnull(strstr(text, "DIES WITH IT"));
    ck_assert_ptr_nonnull(
        strstr(text, "sidekey --socket /tmp/other.sock pubkey"));
    ck_assert_ptr_nonnull(
        strstr(text, "sidekey --socket /tmp/other.sock encrypt"));
    ck_assert_ptr_nonnull(
        strstr(text, "sidekey --socket /tmp/other.sock decrypt"));
    free(text);
}
END_TEST

START_TEST(a_socket_that_is_found_by_itself_needs_no_flag)
{
    char *text;

    ck_assert_int_eq(unsetenv("SIDEKEY_SOCKET"), 0);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/1", 1), 0);
    text = banner_for("/run/user/1/sidekey/sidekey.sock");
    ck_assert_ptr_nonnull(strstr(text, "sidekey pubkey"));
    ck_assert_ptr_null(strstr(text, "--socket"));
    free(text);
}
END_TEST

SKT_SUITE("dev",
          a_given_socket_wins,
          the_run_time_directory_comes_next,
          without_a_run_time_directory_only_root_has_a_default,
          a_path_longer_than_a_socket_s_is_refused,
          the_banner_warns_and_shows_three_commands,
          a_socket_that_is_found_by_itself_needs_no_flag)
