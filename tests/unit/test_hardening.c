/* test_hardening.c - suite of agent/sys/hardening.c, in a process of its own.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sys/hardening.h"
#include "tests/lib/suite.h"

/* What is given up cannot be taken back: each check runs in a child.  Returns
 * the child's exit status. */
static int in_child(int (*check)(void))
{
    pid_t pid = fork();
    int status = 0;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct skp_diag diag = { "" };

        if (skd_hardening_apply(&diag) != SKP_ERR_OK) {
            _exit(100);
        }
        _exit(check());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int check_not_dumpable(void)
{
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static int check_no_new_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

static int check_no_core(void)
{
    struct rlimit limit = { 1, 1 };

    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0 : 1;
}

static int check_owner_only(void)
{
    return umask(0) == 0077 ? 0 : 1;
}

static int check_limits_raised(void)
{
    struct rlimit locked = { 0, 1 };
    struct rlimit files = { 0, 1 };

    return getrlimit(RLIMIT_MEMLOCK, &locked) == 0 &&
                   getrlimit(RLIMIT_NOFILE, &files) == 0 &&
                   locked.rlim_cur == locked.rlim_max &&
                   files.rlim_cur == files.rlim_max
               ? 0
               : 1;
}

START_TEST(the_process_is_not_dumpable)
{
    ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    ck_assert_int_eq(in_child(check_not_dumpable), 0);
}
END_TEST

START_TEST(the_process_takes_no_new_privileges)
{
    ck_assert_int_eq(in_child(check_no_new_privileges), 0);
}
END_TEST

START_TEST(the_process_leaves_no_core)
{
    ck_assert_int_eq(in_child(check_no_core), 0);
}
END_TEST

START_TEST(new_files_are_for_the_owner_only)
{
    ck_assert_int_eq(in_child(check_owner_only), 0);
}
END_TEST

START_TEST(soft_limits_are_raised_to_the_hard_ones)
{
    ck_assert_int_eq(in_child(check_limits_raised), 0);
}
END_TEST

SKT_SUITE("hardening",
          the_process_is_not_dumpable,
          the_process_takes_no_new_privileges,
          the_process_leaves_no_core,
          new_files_are_for_the_owner_only,
          soft_limits_are_raised_to_the_hard_ones)
