/* socket_path.h - where the agent's socket is, when nobody said. */
#ifndef SKC_SOCKET_PATH_H
#define SKC_SOCKET_PATH_H

#include "protocol/base.h"

/* Bytes of a Unix socket's path, its NUL included: sun_path of unix(7). */
#define SKC_SOCKET_PATH_MAX 108u

/* Write the path to connect to: @given if it is not NULL, else SIDEKEY_SOCKET
 * of the environment, else $XDG_RUNTIME_DIR/sidekey/sidekey.sock if that
 * exists, else SKP_SOCKET_DEFAULT.  Empty variables count as unset.
 *   SKP_ERR_INVALID_ARGUMENT  longer than a Unix socket's path may be, or
 *                             @given is empty. */
SKP_MUST_CHECK enum skp_err skc_socket_path_find(const char *given,
                                                 char ret[SKC_SOCKET_PATH_MAX]);

#endif /* SKC_SOCKET_PATH_H */
