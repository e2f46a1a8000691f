/* dev.h - what only --dev needs: a socket path that needs no privileges, and a
 * warning that cannot be overlooked. */
#ifndef SKD_DEV_H
#define SKD_DEV_H

#include <stdio.h>

#include "protocol/diag.h"

/* A Unix socket's path and its NUL: sun_path of sockaddr_un. */
#define SKD_DEV_SOCKET_MAX 108u

/* @given, or $XDG_RUNTIME_DIR/sidekey/sidekey.sock, or, for root without that
 * variable, the default socket.
 *   SKP_ERR_INVALID_ARGUMENT  too long, or neither is there. */
SKP_MUST_CHECK enum skp_err skd_dev_socket(const char *given,
                                           char ret[SKD_DEV_SOCKET_MAX],
                                           struct skp_diag *diag);

/* Say that all of it dies with the agent, and which commands to try. */
void skd_dev_print_banner(FILE *out, const char *socket);

#endif /* SKD_DEV_H */
