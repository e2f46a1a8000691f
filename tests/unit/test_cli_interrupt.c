/* test_cli_interrupt.c - signals and temporary files. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libclient/cli/cli_interrupt.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static char name[256];

/* A temporary file, in a child that then does @act; its wait status. */
static int run_child(void (*act)(void))
{
    int status = -1;
    pid_t pid;

    (void)snprintf(name, sizeof name, "%s", skt_file("temp.XXXXXX"));
    pid = fork();
    if (pid == 0) {
        /* libcheck has handlers of its own. */
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGTERM, SIG_DFL);
        (void)signal(SIGHUP, SIG_DFL);
        act();
        _exit(7);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static unsigned count_temps(void)
{
    char command[320];
    FILE *pipe;
    char line[300];
    unsigned n = 0;

    (void)snprintf(command, sizeof command, "ls %.200s 2>&1",
                   skt_file("temp.*"));
    pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        n += strstr(line, "No such file") == NULL;
    }
    (void)pclose(pipe);
    return n;
}

static int number;

static void make_and_raise(void)
{
    if (skc_cli_interrupt_make(name) < 0 || access(name, F_OK) != 0) {
        _exit(8);
    }
    (void)raise(number);
}

START_TEST(a_signal_removes_the_temporary_file_and_ends_the_run)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

    for (size_t i = 0; i < SKP_ARRAY_LEN(numbers); i++) {
        int status;

        number = numbers[i];
        status = run_child(make_and_raise);
        ck_assert(WIFSIGNALED(status));
        ck_assert_int_eq(WTERMSIG(status), number);
        ck_assert_uint_eq(count_temps(), 0);
    }
}
END_TEST

static void ignore_make_and_raise(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    number = SIGHUP;
    make_and_raise();
    (void)unlink(name);
}

START_TEST(an_ignored_signal_stays_ignored)
{
    int status = run_child(ignore_make_and_raise);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

static void move_and_raise(void)
{
    char to[256];

    (void)snprintf(to, sizeof to, "%s", skt_file("moved"));
    if (skc_cli_interrupt_make(name) < 0 ||
        skc_cli_interrupt_move(name, to, false) != 0) {
        _exit(8);
    }
    (void)raise(SIGTERM);
}

START_TEST(what_has_its_final_name_is_left_alone)
{
    int status = run_child(move_and_raise);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(access(skt_file("moved"), F_OK), 0);
    ck_assert_uint_eq(count_temps(), 0);
}
END_TEST

START_TEST(nothing_is_overwritten_unless_asked)
{
    char to[256];

    (void)snprintf(to, sizeof to, "%s", skt_file("there"));
    (void)snprintf(name, sizeof name, "%s", skt_file("temp.XXXXXX"));
    skt_file_write(to, skp_view_of("old"));
    ck_assert_int_ge(skc_cli_interrupt_make(name), 0);
    ck_assert_int_eq(skc_cli_interrupt_move(name, to, false), -1);
    ck_assert_int_eq(errno, EEXIST);
    ck_assert_int_eq(access(name, F_OK), 0);
    ck_assert_int_eq(skc_cli_interrupt_move(name, to, true), 0);
    ck_assert_int_ne(access(name, F_OK), 0);
    skc_cli_interrupt_release();
}
END_TEST

static void watch_and_raise_twice(void)
{
    skc_cli_interrupt_watch();
    if (skc_cli_interrupt_asked() != 0) {
        _exit(8);
    }
    (void)raise(SIGINT);
    if (skc_cli_interrupt_asked() != SIGINT) {
        _exit(9);
    }
    (void)raise(SIGINT);
}

static void watch_and_unwatch(void)
{
    skc_cli_interrupt_watch();
    (void)raise(SIGTERM);
    if (skc_cli_interrupt_unwatch() == SIGTERM) {
        (void)raise(SIGTERM);
    }
}

START_TEST(a_loop_is_asked_once_and_killed_the_second_time)
{
    int status = run_child(watch_and_raise_twice);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGINT);
    status = run_child(watch_and_unwatch);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

SKT_SUITE("cli_interrupt",
          a_signal_removes_the_temporary_file_and_ends_the_run,
          an_ignored_signal_stays_ignored,
          what_has_its_final_name_is_left_alone,
          nothing_is_overwritten_unless_asked,
          a_loop_is_asked_once_and_killed_the_second_time)
