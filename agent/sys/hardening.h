/* hardening.h - what the process gives up before it sees a secret.
 *
 * Secrets:  a process that is not dumpable cannot be read or traced by another
 *           one of the same user, and leaves no core.
 */
#ifndef SKD_HARDENING_H
#define SKD_HARDENING_H

#include "protocol/diag.h"

/* Not dumpable, no core file, no new privileges, files for the owner only; the
 * soft limits of locked memory and of open files raised to the hard ones.
 *   SKP_ERR_FAILED_PRECONDITION  the kernel refused one of the first three. */
SKP_MUST_CHECK enum skp_err skd_hardening_apply(struct skp_diag *diag);

#endif /* SKD_HARDENING_H */
