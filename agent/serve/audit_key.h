/* audit_key.h - the key of the audit log's hash: read, or made on first use.
 *
 * Secrets:  the key, in locked memory.
 */
#ifndef SKD_AUDIT_KEY_H
#define SKD_AUDIT_KEY_H

#include "protocol/audit_line.h"
#include "protocol/random.h"

/* Read the key of the log at @target ("stderr" or a path) from @path.  Without
 * @path (NULL) it is in the file @target.key, which is made, with mode 0600,
 * when neither it nor the log is there; standard error then gets a key that
 * nobody knows.
 *   SKP_ERR_FAILED_PRECONDITION  the file cannot be read or made, or is gone
 *                                while the log is there.
 *   SKP_ERR_INVALID_ARGUMENT     too short or too long.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no locked memory.
 *   SKP_ERR_INTERNAL             no random bytes. */
SKP_MUST_CHECK enum skp_err skd_audit_key_load(const char *target,
                                               const char *path,
                                               const struct skp_random *random,
                                               struct skp_secret *ret,
                                               struct skp_diag *diag);

#endif /* SKD_AUDIT_KEY_H */
