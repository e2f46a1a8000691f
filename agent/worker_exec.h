/* worker_exec.h - starting the supervisor's worker: the same program again, in
 * a process that dies with its parent.
 *
 * Thread:   main, of a process with no other.
 */
#ifndef SKD_WORKER_EXEC_H
#define SKD_WORKER_EXEC_H

#include <limits.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/un.h>

#include "agent/fd_table.h"
#include "agent/options.h"

/* Options of which each has a value, the program and the end. */
#define SKD_WORKER_ARGS_MAX 8u

/* Open, so that it can be embedded; zeroed, then filled in. */
struct skd_worker_exec {
    char program[PATH_MAX];
    const char *args[SKD_WORKER_ARGS_MAX]; /* borrowed from the options */
    char address[sizeof(struct sockaddr_un) + 2]; /* NOTIFY_SOCKET */
    sigset_t mask; /* the worker's; the supervisor's is its own business */
};

/* Take over what the command line says. */
void skd_worker_exec_init(struct skd_worker_exec *exec,
                          const struct skd_options *options);

/* Where the worker is to report: an abstract address.
 *   SKP_ERR_INVALID_ARGUMENT  it cannot be written as text. */
SKP_MUST_CHECK enum skp_err
skd_worker_exec_address(struct skd_worker_exec *exec,
                        const struct sockaddr_un *address,
                        socklen_t len);

/* Start the worker with the descriptors of @table.  Its process id, or -1. What
 * goes wrong in the new process ends it with status 71 (EX_OSERR). */
pid_t skd_worker_exec_start(const struct skd_worker_exec *exec,
                            const struct skd_fd_table *table);

#endif /* SKD_WORKER_EXEC_H */
