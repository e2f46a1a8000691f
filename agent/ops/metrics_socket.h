/* metrics_socket.h - the listening socket of metrics: TCP, or a Unix socket.
 *
 * Thread:   main loop.
 */
#ifndef SKD_METRICS_SOCKET_H
#define SKD_METRICS_SOCKET_H

#include <sys/types.h>

#include "protocol/diag.h"

struct skd_metrics_socket {
    int fd;     /* listening, non-blocking, close-on-exec; -1: closed */
    char *path; /* of a Unix socket; NULL: TCP */
    dev_t dev;  /* of the file that we made */
    ino_t ino;
};

/* Listen at "host:port" or "unix:/path" (mode 0660).  A Unix socket that nobody
 * answers is what a dead agent left, and is replaced.
 *   SKP_ERR_ALREADY_EXISTS       another program listens there.
 *   SKP_ERR_FAILED_PRECONDITION  no such address here; the path is too long, or
 *                                no socket.
 *   SKP_ERR_PERMISSION_DENIED    the port or the folder is not for us.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory or file descriptors. */
SKP_MUST_CHECK enum skp_err skd_metrics_socket_open(
    const char *address, struct skd_metrics_socket *ret, struct skp_diag *diag);

/* The descriptor, which is the caller's from now on; the file stays ours. */
int skd_metrics_socket_take(struct skd_metrics_socket *socket);

/* Close, and remove the file if it is still the one we made. */
void skd_metrics_socket_done(struct skd_metrics_socket *socket);

#endif /* SKD_METRICS_SOCKET_H */
