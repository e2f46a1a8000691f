/* peek_child.c - looks at processes, and can do nothing else; see
 * peek_child.h. */
#include "agent/sys/peek_child.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/sys/sandbox.h"

/* ---- what it cannot do ----------------------------------------------------
 */

static int fill_filter(scmp_filter_ctx filter, int fd)
{
    static const int calls[] = {
        SCMP_SYS(read),           SCMP_SYS(readlinkat), SCMP_SYS(close),
        SCMP_SYS(exit),           SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
        SCMP_SYS(restart_syscall)
    };
    const struct scmp_arg_cmp to_agent = { 0, SCMP_CMP_EQ, (uint64_t)fd, 0 };
    const struct scmp_arg_cmp to_read = { 2, SCMP_CMP_MASKED_EQ,
                                          O_ACCMODE | O_CREAT | O_TRUNC,
                                          O_RDONLY };
    int result = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(calls) && result == 0; i++) {
        result =
            seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 0, NULL);
    }
    if (result == 0) {
        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(write),
                                        1, &to_agent);
    }
    if (result == 0) {
        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                        SCMP_SYS(openat), 1, &to_read);
    }
    return result;
}

enum skp_err skd_peek_child_confine(int fd, struct skp_diag *diag)
{
    scmp_filter_ctx filter;
    int result;

    if (!skd_sandbox_is_built()) {
        return SKP_ERR_OK;
    }
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    result = fill_filter(filter, fd);
    if (result == 0) {
        result = seccomp_load(filter);
    }
    seccomp_release(filter);
    if (result != 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "seccomp: %s",
                        strerrordesc_np(-result));
    }
    return SKP_ERR_OK;
}

/* What came with the fork: descriptors (of sockets, of kept keys), and signals
 * that are meant for the agent, which tells us of its end by closing. */
static bool give_up(int fd)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };

    (void)prctl(PR_SET_NAME, "sidekeyd-peek");
    (void)sigaction(SIGTERM, &ignore, NULL);
    (void)sigaction(SIGINT, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           (fd == 0 || close_range(0, (unsigned)fd - 1, 0) == 0) &&
           close_range((unsigned)fd + 1, ~0u, 0) == 0;
}

/* ---- what it does ---------------------------------------------------------
 */

/* A file of /proc; 0 when it cannot be read, or not as a whole. */
static uint32_t read_file(const char *path, char ret[PATH_MAX])
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0) {
        return 0;
    }
    len = read(fd, ret, PATH_MAX);
    (void)close(fd);
    return len < 0 || len == PATH_MAX ? 0 : (uint32_t)len;
}

static uint32_t read_link(const char *path, char ret[PATH_MAX])
{
    ssize_t len = readlinkat(AT_FDCWD, path, ret, PATH_MAX);

    return len < 0 || len == PATH_MAX ? 0 : (uint32_t)len;
}

static void look_at(int32_t pid, struct skd_peek_answer *ret)
{
    char path[64];

    memset(ret, 0, sizeof *ret);
    ret->pid = pid;
    (void)snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ret->exe_len = read_link(path, ret->exe);
    (void)snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    ret->cgroup_len = read_file(path, ret->cgroup);
}

static bool hear(int fd, struct skd_peek_question *ret)
{
    ssize_t len;

    do {
        len = read(fd, ret, sizeof *ret);
    } while (len < 0 && errno == EINTR);
    return len == (ssize_t)sizeof *ret;
}

void skd_peek_child_run(int fd)
{
    struct skp_diag diag = { "" };
    struct skd_peek_question question;
    struct skd_peek_answer answer;

    if (!give_up(fd) || skd_peek_child_confine(fd, &diag) != SKP_ERR_OK) {
        _exit(EX_OSERR);
    }
    while (hear(fd, &question)) {
        look_at(question.pid, &answer);
        if (write(fd, &answer, sizeof answer) != (ssize_t)sizeof answer) {
            break;
        }
    }
    _exit(EX_OK);
}
