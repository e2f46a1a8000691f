/* test_socket_path.c - socket discovery. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libclient/socket_path.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static void finds(const char *given, const char *expected)
{
    char path[SKC_SOCKET_PATH_MAX] = "untouched";

    skt_ok(skc_socket_path_find(given, path));
    ck_assert_str_eq(path, expected);
}

static void forget_variables(void)
{
    ck_assert_int_eq(unsetenv("SIDEKEY_SOCKET"), 0);
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
}

START_TEST(the_given_path_wins_then_the_variable_then_the_default)
{
    forget_variables();
    finds(NULL, "/run/sidekey/sidekey.sock");
    ck_assert_int_eq(setenv("SIDEKEY_SOCKET", "/v", 1), 0);
    finds(NULL, "/v");
    finds("/given", "/given");
    ck_assert_int_eq(setenv("SIDEKEY_SOCKET", "", 1), 0);
    finds(NULL, "/run/sidekey/sidekey.sock");
}
END_TEST

START_TEST(the_users_own_agent_is_found_when_its_socket_is_there)
{
    char expected[SKC_SOCKET_PATH_MAX];
    char folder[SKC_SOCKET_PATH_MAX];

    forget_variables();
    (void)snprintf(folder, sizeof folder, "%s", skt_file("run"));
    (void)snprintf(expected, sizeof expected, "%s",
                   skt_file("run/sidekey/sidekey.sock"));
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
    finds(NULL, "/run/sidekey/sidekey.sock");
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mkdir(skt_file("run/sidekey"), 0700), 0);
    skt_file_write(expected, skp_view_of("x"));
    finds(NULL, expected);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused)
{
    char path[SKC_SOCKET_PATH_MAX] = "untouched";
    char longest[SKC_SOCKET_PATH_MAX + 1];

    memset(longest, 'a', sizeof longest);
    longest[SKC_SOCKET_PATH_MAX] = '\0';
    skt_err(skc_socket_path_find(longest, path), SKP_ERR_INVALID_ARGUMENT);
    skt_err(skc_socket_path_find("", path), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(path, "untouched");
    longest[SKC_SOCKET_PATH_MAX - 1] = '\0';
    finds(longest, longest);
}
END_TEST

SKT_SUITE("socket_path",
          the_given_path_wins_then_the_variable_then_the_default,
          the_users_own_agent_is_found_when_its_socket_is_there,
          a_path_that_no_socket_can_have_is_refused)
