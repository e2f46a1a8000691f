/* peek.h - asks which program a process runs, and in which cgroup it is.
 *
 * Landlock keeps the agent from seeing that of other processes, so a child that
 * was forked before is asked (peek_child.h).  It is not trusted to live or to
 * be quick: when it has ended nothing is known any more, and while an answer is
 * overdue nobody waits for it a second time.
 *
 * Thread:   main loop.
 */
#ifndef SKD_PEEK_H
#define SKD_PEEK_H

#include <sys/types.h>

#include "agent/sys/peek_child.h"

/* How long one question may take at most. */
#define SKD_PEEK_PATIENCE_MS 100

/* Fork the child.  Before there are threads, secrets, or a sandbox; after
 * skd_hardening_apply.  The caller ignores SIGCHLD, or reaps.  One at a time.
 *   SKP_ERR_RESOURCE_EXHAUSTED  descriptors, processes, memory. */
SKP_MUST_CHECK enum skp_err skd_peek_start(struct skp_diag *diag);

/* The process id of the child; 0 when none was started, or it is known to have
 * ended. */
pid_t skd_peek_pid(void);

/* Look at the process @pid.  Waits SKD_PEEK_PATIENCE_MS at most.  False when
 * there is no answer; that the child has ended is logged once.  The answer says
 * nothing of whether @pid is still whom the caller means. */
bool skd_peek_ask(pid_t pid, struct skd_peek_answer *ret);

/* Let the child end. */
void skd_peek_stop(void);

#endif /* SKD_PEEK_H */
