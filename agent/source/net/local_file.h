/* local_file.h - reads a small regular file that may hold a secret.
 *
 * For tokens, and for lists at file:// URLs.  Never waits: a FIFO or a device
 * is refused, not opened and read.
 */
#ifndef SKD_LOCAL_FILE_H
#define SKD_LOCAL_FILE_H

#include "protocol/diag.h"
#include "protocol/secret.h"

/* Append the contents of the file at @path to @ret.
 *   SKP_ERR_UNAVAILABLE         cannot be read, or no regular file; @diag
 *                               names the path and the reason.
 *   SKP_ERR_INVALID_ARGUMENT    longer than @max bytes.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory.
 * On failure @ret may hold a part of it. */
SKP_MUST_CHECK enum skp_err skd_local_file_read(const char *path,
                                                size_t max,
                                                struct skp_secret *ret,
                                                struct skp_diag *diag);

#endif /* SKD_LOCAL_FILE_H */
