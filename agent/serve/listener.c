/* listener.c - the listening Unix socket; see listener.h. */
#include "agent/serve/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* As systemd and most servers do; the kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096

static enum skp_err err_from_errno(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
        return SKP_ERR_PERMISSION_DENIED;
    case ENOENT:
    case ENOTDIR:
        return SKP_ERR_NOT_FOUND;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOSPC:
        return SKP_ERR_RESOURCE_EXHAUSTED;
    case EADDRINUSE:
        return SKP_ERR_ALREADY_EXISTS;
    default:
        return SKP_ERR_INTERNAL;
    }
}

static enum skp_err
fail_errno(struct skp_diag *diag, const char *path, const char *what)
{
    int number = errno;

    return skp_fail(diag, err_from_errno(number), "socket %s: %s: %s", path,
                    what, strerrordesc_np(number));
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* The lock goes with the listener, also when a later step fails. */
static enum skp_err take_lock(const char *path,
                              struct skd_listener *listener,
                              struct skp_diag *diag)
{
    char lock_path[sizeof(struct sockaddr_un) + sizeof ".lock"];

    (void)snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    listener->lock_fd =
        open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
             0600);
    if (listener->lock_fd < 0) {
        return fail_errno(diag, path, "cannot open its lock file");
    }
    if (flock(listener->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        return SKP_ERR_OK;
    }
    if (errno == EWOULDBLOCK) {
        return skp_fail(diag, SKP_ERR_ALREADY_EXISTS,
                        "socket %s: another agent holds its lock", path);
    }
    return fail_errno(diag, path, "cannot lock");
}

/* Find out whether anybody listens at @address, and only if surely nobody does
 * set *ret_is_dead. */
static enum skp_err probe_socket(const struct sockaddr_un *address,
                                 bool *ret_is_dead,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(close_fd)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return fail_errno(diag, address->sun_path, "cannot make a socket");
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno == EAGAIN || errno == EPROTOTYPE) {
        *ret_is_dead = false;
        return SKP_ERR_OK;
    }
    if (errno != ECONNREFUSED) {
        return fail_errno(diag, address->sun_path,
                          "cannot find out who listens");
    }
    *ret_is_dead = true;
    return SKP_ERR_OK;
}

/* Make sure that nothing is at @address, removing what a dead agent left.  The
 * lock is held, so no other agent is between these steps. */
static enum skp_err clear_path(const struct sockaddr_un *address,
                               struct skp_diag *diag)
{
    const char *path = address->sun_path;
    struct stat status;
    bool is_dead = false;

    if (lstat(path, &status) != 0) {
        return errno == ENOENT ? SKP_ERR_OK
                               : fail_errno(diag, path, "cannot look at it");
    }
    if (!S_ISSOCK(status.st_mode)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "socket %s: there is a file that is no socket", path);
    }
    SKP_TRY(probe_socket(address, &is_dead, diag));
    if (!is_dead) {
        return skp_fail(diag, SKP_ERR_ALREADY_EXISTS,
                        "socket %s: another agent listens there", path);
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return fail_errno(diag, path, "cannot remove what a dead agent left");
    }
    return SKP_ERR_OK;
}

/* Nothing is done between bind and listen, because whoever may connect then is
 * refused.  Not under another name that is changed afterwards: the kernel would
 * show that one for good, to ss(8), lsof(8) and every client. */
static enum skp_err bind_socket(const struct sockaddr_un *address,
                                struct skd_listener *listener,
                                struct skp_diag *diag)
{
    const char *path = address->sun_path;
    struct stat status;

    listener->fd =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0) {
        return fail_errno(diag, path, "cannot make a socket");
    }
    /* Linux gives the file the mode of the unbound socket, less the umask:
     * so there is no moment in which it is open to everybody. */
    (void)fchmod(listener->fd, 0660);
    if (bind(listener->fd, (const struct sockaddr *)address, sizeof *address) !=
        0) {
        return fail_errno(diag, path, "cannot bind");
    }
    if (listen(listener->fd, BACKLOG) != 0) {
        enum skp_err err = fail_errno(diag, path, "cannot listen");

        (void)unlink(path);
        return err;
    }
    if (lstat(path, &status) != 0 || chmod(path, 0660) != 0) {
        enum skp_err err = fail_errno(diag, path, "cannot set its mode");

        (void)unlink(path);
        return err;
    }
    listener->dev = status.st_dev;
    listener->ino = status.st_ino;
    listener->path = strdup(path);
    if (listener->path == NULL) {
        (void)unlink(path);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    return SKP_ERR_OK;
}

static enum skp_err
make_socket(const char *path, struct skd_listener *ret, struct skp_diag *diag)
{
    SKP_CLEANUP(skd_listener_done)
    struct skd_listener listener = { -1, -1, NULL, 0, 0 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    /* bind(2) takes a path that fills the array; other programs expect a NUL
     * in it, and some shorten silently. */
    if (len == 0 || len >= sizeof address.sun_path) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "socket %s: the path has %zu characters, 1 to %zu are "
                        "possible",
                        path, len, sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, len);
    SKP_TRY(take_lock(path, &listener, diag));
    SKP_TRY(clear_path(&address, diag));
    SKP_TRY(bind_socket(&address, &listener, diag));
    *ret = listener;
    listener = (struct skd_listener){ -1, -1, NULL, 0, 0 };
    return SKP_ERR_OK;
}

static bool has_option(int fd, int option, int expected)
{
    int value = 0;
    socklen_t len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
           value == expected;
}

static enum skp_err
adopt_socket(int fd, struct skd_listener *ret, struct skp_diag *diag)
{
    if (!has_option(fd, SO_DOMAIN, AF_UNIX) ||
        !has_option(fd, SO_TYPE, SOCK_STREAM) ||
        !has_option(fd, SO_ACCEPTCONN, 1)) {
        (void)close(fd);
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "inherited descriptor %d is no listening Unix stream "
                        "socket",
                        fd);
    }
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        (void)close(fd);
        return skp_fail(diag, SKP_ERR_INTERNAL,
                        "inherited descriptor %d cannot be set up", fd);
    }
    *ret = (struct skd_listener){ fd, -1, NULL, 0, 0 };
    return SKP_ERR_OK;
}

enum skp_err skd_listener_init(const char *path,
                               int inherited_fd,
                               struct skd_listener *ret,
                               struct skp_diag *diag)
{
    if (inherited_fd >= 0) {
        return adopt_socket(inherited_fd, ret, diag);
    }
    return make_socket(path, ret, diag);
}

void skd_listener_close(struct skd_listener *listener)
{
    close_fd(&listener->fd);
}

void skd_listener_done(struct skd_listener *listener)
{
    struct stat status;

    skd_listener_close(listener);
    if (listener->path != NULL && lstat(listener->path, &status) == 0 &&
        status.st_dev == listener->dev && status.st_ino == listener->ino) {
        (void)unlink(listener->path);
    }
    free(listener->path);
    listener->path = NULL;
    close_fd(&listener->lock_fd);
}
