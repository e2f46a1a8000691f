/* seccomp_filter.h - the system calls that the agent makes, and no others.
 *
 * A call that is not on the list ends the process with SIGSYS, after one line
 * in the log that has the call's number and name.  No program can be run, no
 * process traced or forked, no memory made executable that was writable.
 *
 * Thread:   for all threads of the process, those of today and of tomorrow.
 */
#ifndef SKD_SECCOMP_FILTER_H
#define SKD_SECCOMP_FILTER_H

#include "protocol/diag.h"

/* Load the filter.  On failure nothing is loaded.
 * @json  how the line in the log is written.
 *   SKP_ERR_FAILED_PRECONDITION  the kernel has no such filters, or refused it.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory. */
SKP_MUST_CHECK enum skp_err skd_seccomp_filter_load(bool json,
                                                    struct skp_diag *diag);

#endif /* SKD_SECCOMP_FILTER_H */
