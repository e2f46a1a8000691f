/* process.h - which program a peer is: its executable and its cgroup.
 *
 * Both are asked for once, when the peer is accepted (agent/sys/peek.h), and
 * through its pidfd: what /proc says of a process id counts only if the process
 * that connected was alive afterwards, so that a reused id names nobody else.
 * On a kernel without SO_PEERPIDFD (before 6.5) nothing is known.
 *
 * The executable is for the audit log only: a process may have executed another
 * since it connected, and the kernel shows it only to those who may trace it.
 *
 * Thread:   immutable once read; counted, because the audit log outlives the
 *           connection.
 */
#ifndef SKD_PROCESS_H
#define SKD_PROCESS_H

#include <stdatomic.h>
#include <sys/types.h>

#include "protocol/bytes.h"

/* Open for readers; an empty view is not known. */
struct skd_process {
    atomic_uint refs;
    struct skp_view exe;    /* the path of the executable */
    struct skp_view cgroup; /* of cgroup v2, "/system.slice/x.service" */
    uint8_t text[];         /* what they point into */
};

/* Find out what can be known about the peer of the connected socket @fd, whose
 * process id is @pid; never fails: what cannot be known, or if there is no
 * memory, is not known (NULL when that is everything). */
struct skd_process *skd_process_read(int fd, pid_t pid);

/* Pin and give back; the last one frees.  Any thread; NULL is allowed. */
struct skd_process *skd_process_ref(struct skd_process *process);
void skd_process_unref(struct skd_process **process);

/* The path of the cgroup v2 in @text, the contents of /proc/PID/cgroup; empty
 * when there is none. */
struct skp_view skd_process_cgroup_in(struct skp_view text);

#endif /* SKD_PROCESS_H */
