/* worker_exec.c - starting the supervisor's worker; see worker_exec.h. */
#include "agent/worker_exec.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

static void
add_option(struct skd_worker_exec *exec, const char *name, const char *value)
{
    size_t n = 0;

    if (value == NULL) {
        return;
    }
    while (exec->args[n] != NULL) {
        n++;
    }
    skp_assert(n + 3 <= SKD_WORKER_ARGS_MAX);
    exec->args[n] = name;
    exec->args[n + 1] = value;
}

void skd_worker_exec_init(struct skd_worker_exec *exec,
                          const struct skd_options *options)
{
    static const char self[] = "/proc/self/exe";
    ssize_t len = readlink(self, exec->program, sizeof exec->program - 1);

    exec->program[len < 0 ? 0 : len] = '\0';
    /* By its path where it has one, for people who look at processes; a file
     * that was replaced is started as it is now. */
    if (access(exec->program, X_OK) != 0) {
        memcpy(exec->program, self, sizeof self);
    }
    memset(exec->args, 0, sizeof exec->args);
    exec->args[0] = "sidekeyd";
    add_option(exec, "--config", options->config);
    add_option(exec, "--secret", options->secret);
    add_option(exec, "--socket", options->socket);
}

enum skp_err skd_worker_exec_address(struct skd_worker_exec *exec,
                                     const struct sockaddr_un *address,
                                     socklen_t len)
{
    const size_t head = offsetof(struct sockaddr_un, sun_path);

    if (len <= head + 1 || len > sizeof *address ||
        address->sun_path[0] != '\0' ||
        memchr(address->sun_path + 1, '\0', len - head - 1) != NULL) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    memset(exec->address, 0, sizeof exec->address);
    exec->address[0] = '@';
    memcpy(exec->address + 1, address->sun_path + 1, len - head - 1);
    return SKP_ERR_OK;
}

static bool set_number(const char *name, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    return setenv(name, text, 1) == 0;
}

static bool set_environment(const struct skd_worker_exec *exec,
                            const struct skd_fd_table *table,
                            const char *names)
{
    uint64_t watchdog_ms = skd_notify_watchdog_ms();

    if (watchdog_ms > 0 && !set_number("WATCHDOG_USEC", watchdog_ms * 2000u)) {
        return false;
    }
    if (table->n > 0 && (!set_number("LISTEN_FDS", table->n) ||
                         !set_number("LISTEN_PID", (uint64_t)getpid()) ||
                         setenv("LISTEN_FDNAMES", names, 1) != 0)) {
        return false;
    }
    return set_number("FDSTORE", SKD_FD_TABLE_MAX) &&
           set_number("SIDEKEY_SUPERVISED", 1) &&
           setenv("NOTIFY_SOCKET", exec->address, 1) == 0;
}

/* In the new process; @parent is whose death it is not to outlive. */
static void __attribute__((noreturn))
become_worker(const struct skd_worker_exec *exec,
              const struct skd_fd_table *table,
              pid_t parent)
{
    char names[SKD_FD_TABLE_NAMES_LEN];
    const char *const *ours = exec->args;
    char *const *args = NULL;

    /* execv takes its strings as not const for historical reasons. */
    memcpy(&args, &ours, sizeof args);
    /* The parent may be dead before the kernel knows that it matters. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(EX_OSERR);
    }
    if (skd_fd_table_arrange(table, names) &&
        set_environment(exec, table, names) &&
        sigprocmask(SIG_SETMASK, &exec->mask, NULL) == 0) {
        (void)execv(exec->program, args);
    }
    _exit(EX_OSERR);
}

pid_t skd_worker_exec_start(const struct skd_worker_exec *exec,
                            const struct skd_fd_table *table)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        become_worker(exec, table, parent);
    }
    return pid;
}
