/* seccomp_report.h - the last words of a process that made a forbidden call.
 *
 * Thread:   the handler runs in whichever thread made the call.  A thread that
 *           blocks SIGSYS would end the process without a line.
 */
#ifndef SKD_SECCOMP_REPORT_H
#define SKD_SECCOMP_REPORT_H

#include "protocol/base.h"

/* Have SIGSYS write one line to the log and then end the process with that
 * signal.  Learns the names of all calls.  Before the filter is loaded.
 * @json  how the line is written.
 * False when the kernel takes no handler; errno says why. */
SKP_MUST_CHECK bool skd_seccomp_report_install(bool json);

#endif /* SKD_SECCOMP_REPORT_H */
