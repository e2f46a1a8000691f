/* folder.h - the folder that the socket is in. */
#ifndef SKD_FOLDER_H
#define SKD_FOLDER_H

#include "protocol/diag.h"

/* Make the folder of @socket with @mode, whatever the umask, unless it is
 * there; the folder above it must be.
 *   SKP_ERR_PERMISSION_DENIED    may not be made.
 *   SKP_ERR_FAILED_PRECONDITION  cannot be made; @diag says why. */
SKP_MUST_CHECK enum skp_err
skd_folder_make(const char *socket, unsigned mode, struct skp_diag *diag);

#endif /* SKD_FOLDER_H */
