/* peek_child.h - the process that looks at peers for the agent.
 *
 * Under Landlock the agent may not see which program another process runs.
 * This process may, because it was forked before the sandbox; it is held by a
 * filter of its own, and has nothing: no secret was loaded, no descriptor is
 * open but its end of a pair of sockets.  It is asked for a process id and
 * answers what /proc says, until the other end is closed.
 *
 * Thread:   the only one of its process.
 */
#ifndef SKD_PEEK_CHILD_H
#define SKD_PEEK_CHILD_H

#include <limits.h>
#include <stdint.h>

#include "protocol/diag.h"

/* What goes over the pair, one packet each. */
struct skd_peek_question {
    int32_t pid;
};
struct skd_peek_answer {
    int32_t pid;         /* of the question */
    uint32_t exe_len;    /* 0: not known; less than PATH_MAX */
    uint32_t cgroup_len; /* 0: not known; less than PATH_MAX */
    char exe[PATH_MAX];
    char cgroup[PATH_MAX]; /* the contents of /proc/PID/cgroup */
};

/* Answer questions that come by @fd until its other end is closed, and end the
 * process.  It ends at once, with EX_OSERR, when it cannot be confined. */
void skd_peek_child_run(int fd) __attribute__((noreturn));

/* From here on the process can read files, follow links, write to @fd, close,
 * and end; any other system call kills it.  A build under a sanitizer is not
 * held, as in sandbox.h.
 *   SKP_ERR_FAILED_PRECONDITION  the kernel refused.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory. */
SKP_MUST_CHECK enum skp_err skd_peek_child_confine(int fd,
                                                   struct skp_diag *diag);

#endif /* SKD_PEEK_CHILD_H */
