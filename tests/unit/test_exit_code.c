/* test_exit_code.c - errors to exit codes. */
#include "libclient/cli/exit_code.h"
#include "tests/lib/suite.h"

START_TEST(each_error_has_its_exit_code)
{
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_OK), 0);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_INVALID_ARGUMENT), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_NOT_FOUND), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_ALREADY_EXISTS), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_RESOURCE_EXHAUSTED), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_FAILED_PRECONDITION), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_UNIMPLEMENTED), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_DATA_LOSS), 1);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_DEADLINE_EXCEEDED), 69);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_UNAVAILABLE), 69);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_INTERNAL), 70);
    ck_assert_int_eq((int)skc_exit_code(SKP_ERR_PERMISSION_DENIED), 77);
    ck_assert_int_eq((int)skc_exit_code((enum skp_err)99), 70);
}
END_TEST

SKT_SUITE("exit_code", each_error_has_its_exit_code)
