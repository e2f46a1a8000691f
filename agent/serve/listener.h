/* listener.h - the listening Unix socket: made safely, removed when it is ours.
 *
 * A lock file beside the socket (PATH.lock, never removed) makes sure that two
 * agents that start together cannot both take the path.  A socket that nobody
 * answers is what a dead agent left behind, and is replaced; a living one
 * never, and any other kind of file never.
 *
 * Thread:   main loop.
 */
#ifndef SKD_LISTENER_H
#define SKD_LISTENER_H

#include <sys/types.h>

#include "protocol/diag.h"

struct skd_listener {
    int fd;      /* listening, non-blocking, close-on-exec; -1: closed */
    int lock_fd; /* holds the lock; -1 for a socket we did not make */
    char *path;  /* NULL for a socket we did not make */
    dev_t dev;   /* of the socket file that we made */
    ino_t ino;
};

/* Bind @path with mode 0660 and listen, or take over @inherited_fd (-1: none),
 * a listening Unix stream socket that somebody else made; it is closed on
 * failure, too.
 *   SKP_ERR_ALREADY_EXISTS       a living agent listens there, or holds the
 *                                lock.
 *   SKP_ERR_FAILED_PRECONDITION  the path is too long, or no socket; or
 *                                @inherited_fd is no listening Unix stream.
 *   SKP_ERR_PERMISSION_DENIED    the directory does not let us.
 *   SKP_ERR_NOT_FOUND            there is no such directory.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory or file descriptors. */
SKP_MUST_CHECK enum skp_err skd_listener_init(const char *path,
                                              int inherited_fd,
                                              struct skd_listener *ret,
                                              struct skp_diag *diag);

/* Stop listening; the socket file stays until skd_listener_done. */
void skd_listener_close(struct skd_listener *listener);

/* Close, remove the socket file if it is still the one we made, and give the
 * lock back. */
void skd_listener_done(struct skd_listener *listener);

#endif /* SKD_LISTENER_H */
