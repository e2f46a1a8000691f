/* test_seccomp_filter.c - suite of agent/sys/seccomp_filter.c, in processes of
 * their own.  Also proves: seccomp_report.c */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "agent/sys/priority.h"
#include "agent/sys/sandbox.h"
#include "agent/sys/seccomp_filter.h"
#include "tests/lib/in_child.h"
#include "tests/lib/suite.h"

static bool as_json;

/* Sanitizers and valgrind make calls of their own. */
static bool can_run(void)
{
    if (!skd_sandbox_is_built() || getenv("SKT_VALGRIND") != NULL) {
        (void)printf("SKIPPED: this build makes system calls of its own\n");
        return false;
    }
    return true;
}

static enum skp_err load(void)
{
    struct skp_diag diag = { "" };
    enum skp_err err;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    err = skd_seccomp_filter_load(as_json, &diag);
    if (err != SKP_ERR_OK) {
        (void)fprintf(stderr, "%s\n", diag.text);
    }
    return err;
}

/* The child must have died of SIGSYS, with that number and that name in its
 * last line. */
static void expect_death(int (*check)(void), long number, const char *name)
{
    struct skt_child child = skt_in_child(check);
    char line[160];

    (void)snprintf(line, sizeof line,
                   "level=error msg=\"sandbox: system call %ld (%s) is not "
                   "allowed; stopping\"\n",
                   number, name);
    ck_assert_msg(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGSYS,
                  "status %#x, output %s", (unsigned)child.status,
                  child.output);
    ck_assert_str_eq(child.output, line);
}

/* ---- forbidden ----------------------------------------------------------- */

static int call_execve(void)
{
    char *const argv[] = { NULL };

    SKT_CHILD(load() == SKP_ERR_OK);
    (void)execve("/bin/true", argv, argv);
    return 1;
}

static int call_ptrace(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    return 1;
}

static int call_process_vm_readv(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)process_vm_readv(getppid(), NULL, 0, NULL, 0, 0);
    return 1;
}

static int call_bpf(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)syscall(SYS_bpf, 0, NULL, 0);
    return 1;
}

static int call_fork(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    if (fork() == 0) {
        _exit(0);
    }
    return 1;
}

static int call_kill(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)kill(getppid(), 0);
    return 1;
}

static int call_packet_socket(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)socket(AF_PACKET, SOCK_RAW, 0);
    return 1;
}

static int call_foreign_signal(void)
{
    pid_t parent = getppid();

    SKT_CHILD(load() == SKP_ERR_OK);
    (void)syscall(SYS_tgkill, parent, parent, 0);
    return 1;
}

static int call_setpriority(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)setpriority(PRIO_PROCESS, 0, -1);
    return 1;
}

static int call_dumpable(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return 1;
}

START_TEST(a_forbidden_call_dies_with_its_number_and_name_in_the_log)
{
    if (!can_run()) {
        return;
    }
    expect_death(call_execve, SYS_execve, "execve");
    expect_death(call_ptrace, SYS_ptrace, "ptrace");
    expect_death(call_process_vm_readv, SYS_process_vm_readv,
                 "process_vm_readv");
    expect_death(call_bpf, SYS_bpf, "bpf");
    expect_death(call_kill, SYS_kill, "kill");
    expect_death(call_fork, SYS_clone, "clone");
}
END_TEST

START_TEST(a_forbidden_argument_is_a_forbidden_call)
{
    if (!can_run()) {
        return;
    }
    expect_death(call_packet_socket, SYS_socket, "socket");
    expect_death(call_foreign_signal, SYS_tgkill, "tgkill");
    expect_death(call_dumpable, SYS_prctl, "prctl");
    expect_death(call_setpriority, SYS_setpriority, "setpriority");
}
END_TEST

START_TEST(the_line_is_json_where_the_log_is)
{
    struct skt_child child;

    if (!can_run()) {
        return;
    }
    as_json = true;
    child = skt_in_child(call_bpf);
    ck_assert(WIFSIGNALED(child.status));
    ck_assert_ptr_nonnull(strstr(child.output, "{\"level\":\"error\",\"msg\":"
                                               "\"sandbox: system call "));
    ck_assert_str_eq(child.output + strlen(child.output) - 3, "\"}\n");
}
END_TEST

/* ---- other threads ------------------------------------------------------- */

static void on_work(uv_work_t *work)
{
    (void)work;
    (void)syscall(SYS_bpf, 0, NULL, 0);
}

static int call_in_pool(void)
{
    uv_work_t work;
    uv_loop_t loop;

    SKT_CHILD(load() == SKP_ERR_OK);
    SKT_CHILD(uv_loop_init(&loop) == 0);
    SKT_CHILD(uv_queue_work(&loop, &work, on_work, NULL) == 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return 1;
}

static void *run_quietly(void *argument)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSYS);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    (void)syscall(SYS_bpf, 0, NULL, 0);
    return argument;
}

static int call_in_worker(void)
{
    pthread_t thread;

    SKT_CHILD(load() == SKP_ERR_OK);
    SKT_CHILD(pthread_create(&thread, NULL, run_quietly, NULL) == 0);
    (void)pthread_join(thread, NULL);
    return 1;
}

START_TEST(threads_that_start_later_are_held_to_it)
{
    if (!can_run()) {
        return;
    }
    expect_death(call_in_pool, SYS_bpf, "bpf");
    expect_death(call_in_worker, SYS_bpf, "bpf");
}
END_TEST

/* ---- refused, hidden, allowed -------------------------------------------- */

static int check_memory(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *data = mmap(NULL, page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    SKT_CHILD(data != MAP_FAILED);
    SKT_CHILD(load() == SKP_ERR_OK);
    SKT_CHILD(mprotect(data, page, PROT_READ | PROT_EXEC) != 0 &&
              errno == EACCES);
    SKT_CHILD(mprotect(data, page, PROT_READ) == 0);
    SKT_CHILD(mmap(NULL, page, PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
              errno == EACCES);
    return 0;
}

static int check_hidden(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    SKT_CHILD(syscall(SYS_clone3, NULL, 0) != 0 && errno == ENOSYS);
    SKT_CHILD(syscall(SYS_io_uring_setup, 1, NULL) != 0 && errno == ENOSYS);
    return 0;
}

static void *do_nothing(void *argument)
{
    return argument;
}

static int check_allowed(void)
{
    static const int domains[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
    pthread_t thread;

    SKT_CHILD(load() == SKP_ERR_OK);
    SKT_CHILD(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    SKT_CHILD(pthread_join(thread, NULL) == 0);
    skd_priority_lower();
    for (size_t i = 0; i < SKP_ARRAY_LEN(domains); i++) {
        int fd = socket(domains[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

        SKT_CHILD(fd >= 0 || errno == EAFNOSUPPORT);
        (void)close(fd);
    }
    return 0;
}

START_TEST(writable_memory_does_not_become_executable)
{
    if (can_run()) {
        skt_child_ok(check_memory);
    }
}
END_TEST

START_TEST(what_libraries_only_try_is_as_on_an_older_kernel)
{
    if (can_run()) {
        skt_child_ok(check_hidden);
    }
}
END_TEST

START_TEST(threads_and_sockets_go_on)
{
    if (can_run()) {
        skt_child_ok(check_allowed);
    }
}
END_TEST

static int check_abort(void)
{
    SKT_CHILD(load() == SKP_ERR_OK);
    abort();
}

START_TEST(an_abort_is_an_abort)
{
    struct skt_child child;

    if (!can_run()) {
        return;
    }
    child = skt_in_child(check_abort);
    ck_assert(WIFSIGNALED(child.status));
    ck_assert_int_eq(WTERMSIG(child.status), SIGABRT);
}
END_TEST

SKT_SUITE("seccomp_filter",
          a_forbidden_call_dies_with_its_number_and_name_in_the_log,
          a_forbidden_argument_is_a_forbidden_call,
          the_line_is_json_where_the_log_is,
          threads_that_start_later_are_held_to_it,
          writable_memory_does_not_become_executable,
          what_libraries_only_try_is_as_on_an_older_kernel,
          threads_and_sockets_go_on,
          an_abort_is_an_abort)
