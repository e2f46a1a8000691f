/* test_peek.c - suite of agent/sys/peek.c: another process is asked, and it may
 * die or be slow.  Also proves: peek_child.c */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sys/env.h"
#include "agent/sys/peek.h"
#include "agent/sys/sandbox.h"
#include "tests/lib/in_child.h"
#include "tests/lib/suite.h"

static struct skd_peek_answer answer;

/* The child's filter knows nothing of the calls that valgrind makes. */
static bool can_run(void)
{
    if (getenv("SKT_VALGRIND") != NULL) {
        (void)printf("SKIPPED: valgrind makes system calls of its own\n");
        return false;
    }
    return true;
}

static void start(void)
{
    struct skp_diag diag = { "" };

    ck_assert_int_eq(skd_peek_start(&diag), SKP_ERR_OK);
    ck_assert_int_gt(skd_peek_pid(), 0);
}

/* Wait for the end of the child; its status. */
static int end_of(pid_t pid)
{
    int status = -1;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

START_TEST(it_says_what_proc_says)
{
    char exe[PATH_MAX];
    char cgroup[PATH_MAX];
    ssize_t exe_len = readlink("/proc/self/exe", exe, sizeof exe);
    int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t cgroup_len = read(fd, cgroup, sizeof cgroup);

    if (!can_run()) {
        return;
    }
    (void)close(fd);
    start();
    for (int i = 0; i < 3; i++) {
        ck_assert(skd_peek_ask(getpid(), &answer));
        ck_assert_int_eq(answer.pid, getpid());
        ck_assert_int_eq((ssize_t)answer.exe_len, exe_len);
        ck_assert_mem_eq(answer.exe, exe, (size_t)exe_len);
        ck_assert_int_eq((ssize_t)answer.cgroup_len, cgroup_len);
        ck_assert_mem_eq(answer.cgroup, cgroup, (size_t)cgroup_len);
    }
    skd_peek_stop();
}
END_TEST

START_TEST(of_a_process_that_is_not_there_it_knows_nothing)
{
    if (!can_run()) {
        return;
    }
    start();
    ck_assert(skd_peek_ask(INT32_MAX, &answer));
    ck_assert_uint_eq(answer.exe_len, 0);
    ck_assert_uint_eq(answer.cgroup_len, 0);
    ck_assert(skd_peek_ask(-1, &answer));
    ck_assert_uint_eq(answer.exe_len, 0);
    ck_assert(skd_peek_ask(getpid(), &answer));
    ck_assert_uint_gt(answer.exe_len, 0);
    skd_peek_stop();
}
END_TEST

START_TEST(it_ends_well_when_it_is_let_go)
{
    pid_t child;

    if (!can_run()) {
        return;
    }
    start();
    child = skd_peek_pid();
    ck_assert(skd_peek_ask(getpid(), &answer));
    /* As when systemd or a terminal tells the whole group. */
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(kill(child, SIGINT), 0);
    ck_assert(skd_peek_ask(getpid(), &answer));
    skd_peek_stop();
    ck_assert_int_eq(end_of(child), 0);
    ck_assert_int_eq(skd_peek_pid(), 0);
    ck_assert(!skd_peek_ask(getpid(), &answer));
}
END_TEST

START_TEST(when_it_was_killed_nothing_is_known_any_more)
{
    pid_t child;

    if (!can_run()) {
        return;
    }
    start();
    child = skd_peek_pid();
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(end_of(child), SIGKILL);
    for (int i = 0; i < 3; i++) {
        ck_assert(!skd_peek_ask(getpid(), &answer));
    }
    ck_assert_int_eq(skd_peek_pid(), 0);
    /* And another can be started. */
    start();
    ck_assert(skd_peek_ask(getpid(), &answer));
    skd_peek_stop();
}
END_TEST

START_TEST(a_slow_one_is_waited_for_once)
{
    uint64_t before_ms;
    uint64_t lasted_ms;
    pid_t child;
    bool knows = false;

    if (!can_run()) {
        return;
    }
    start();
    child = skd_peek_pid();
    ck_assert(skd_peek_ask(getpid(), &answer));
    ck_assert_int_eq(kill(child, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(child, NULL, WUNTRACED), child);
    before_ms = skd_env_now_ms(&skd_env_system);
    for (int i = 0; i < 1000; i++) {
        ck_assert(!skd_peek_ask(getpid(), &answer));
    }
    lasted_ms = skd_env_now_ms(&skd_env_system) - before_ms;
    ck_assert_uint_ge(lasted_ms, SKD_PEEK_PATIENCE_MS);
    ck_assert_uint_lt(lasted_ms, 50 * SKD_PEEK_PATIENCE_MS);
    ck_assert_int_eq(kill(child, SIGCONT), 0);
    /* The late answer is about another process, and is not taken for this. */
    while (!knows) {
        knows = skd_peek_ask(getppid(), &answer);
    }
    ck_assert_int_eq(answer.pid, getppid());
    ck_assert_int_eq(skd_peek_pid(), child);
    skd_peek_stop();
}
END_TEST

/* ---- what the child has, and can do ---------------------------------------
 */

START_TEST(it_has_no_descriptor_but_its_end)
{
    char path[64];
    char link[128] = "";
    int inherited = open("/dev/null", O_RDONLY);
    unsigned n = 0;
    pid_t child;

    if (!can_run()) {
        return;
    }
    ck_assert_int_ge(inherited, 0);
    start();
    child = skd_peek_pid();
    ck_assert(skd_peek_ask(getpid(), &answer));
    for (int fd = 0; fd < 256; fd++) {
        (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)child, fd);
        if (readlink(path, link, sizeof link - 1) > 0) {
            ck_assert_ptr_nonnull(strstr(link, "socket:"));
            n++;
        }
    }
    /* Not dumpable: only root may look. */
    ck_assert_uint_eq(n, getuid() == 0 ? 1 : 0);
    (void)close(inherited);
    skd_peek_stop();
}
END_TEST

static int confine(void)
{
    struct skp_diag diag = { "" };

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return skd_peek_child_confine(STDOUT_FILENO, &diag) == SKP_ERR_OK ? 0 : 90;
}

static int open_to_write(void)
{
    int failed = confine();

    return failed != 0 ? failed
                       : openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC);
}

static int make_socket(void)
{
    int failed = confine();

    return failed != 0 ? failed : socket(AF_UNIX, SOCK_STREAM, 0);
}

static int write_elsewhere(void)
{
    int failed = confine();

    return failed != 0 ? failed : (int)write(STDERR_FILENO, "x", 1);
}

static int kill_another(void)
{
    int failed = confine();

    return failed != 0 ? failed : kill(getppid(), 0);
}

static int read_a_file(void)
{
    char byte = 0;
    int fd = confine() != 0
                 ? -1
                 : openat(AT_FDCWD, "/proc/self/cgroup", O_RDONLY | O_CLOEXEC);

    return read(fd, &byte, 1) == 1 && close(fd) == 0 ? 0 : 1;
}

START_TEST(its_filter_leaves_it_reading_only)
{
    static int (*const forbidden[])(void) = { open_to_write, make_socket,
                                              write_elsewhere, kill_another };
    struct skt_child child;

    if (!skd_sandbox_is_built() || !can_run()) {
        return;
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(forbidden); i++) {
        child = skt_in_child(forbidden[i]);
        ck_assert_msg(WIFSIGNALED(child.status) &&
                          WTERMSIG(child.status) == SIGSYS,
                      "forbidden %zu: %d", i, child.status);
    }
    child = skt_in_child(read_a_file);
    ck_assert_int_eq(child.status, 0);
}
END_TEST

SKT_SUITE("peek",
          it_says_what_proc_says,
          of_a_process_that_is_not_there_it_knows_nothing,
          it_ends_well_when_it_is_let_go,
          when_it_was_killed_nothing_is_known_any_more,
          a_slow_one_is_waited_for_once,
          it_has_no_descriptor_but_its_end,
          its_filter_leaves_it_reading_only)
