/* metrics_socket.c - the listening socket of metrics; see metrics_socket.h. */
#include "agent/ops/metrics_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/config/address.h"

#define BACKLOG 16
#define PREFIX  "unix:"

static enum skp_err
fail_errno(struct skp_diag *diag, const char *address, const char *what)
{
    int number = errno;
    enum skp_err err = SKP_ERR_FAILED_PRECONDITION;

    if (number == EADDRINUSE) {
        err = SKP_ERR_ALREADY_EXISTS;
    } else if (number == EACCES || number == EPERM || number == EROFS) {
        err = SKP_ERR_PERMISSION_DENIED;
    } else if (number == EMFILE || number == ENFILE || number == ENOMEM) {
        err = SKP_ERR_RESOURCE_EXHAUSTED;
    }
    return skp_fail(diag, err, "%s: %s: %s", address, what,
                    strerrordesc_np(number));
}

/* ---- TCP ---------------------------------------------------------------- */

static enum skp_err listen_tcp(const struct addrinfo *place,
                               const char *address,
                               struct skd_metrics_socket *ret,
                               struct skp_diag *diag)
{
    int on = 1;

    ret->fd = socket(place->ai_family,
                     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (ret->fd < 0) {
        return fail_errno(diag, address, "cannot make a socket");
    }
    /* After a restart the port is ours at once. */
    (void)setsockopt(ret->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(ret->fd, place->ai_addr, place->ai_addrlen) != 0) {
        return fail_errno(diag, address, "cannot bind");
    }
    if (listen(ret->fd, BACKLOG) != 0) {
        return fail_errno(diag, address, "cannot listen");
    }
    return SKP_ERR_OK;
}

static enum skp_err open_tcp(const char *address,
                             struct skd_metrics_socket *ret,
                             struct skp_diag *diag)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    struct skd_address parsed = { { NULL, 0 }, 0 };
    struct addrinfo *places = NULL;
    char host[SKD_HOST_MAX + 1];
    char port[8];
    const char *why = "";
    enum skp_err err = skd_address_parse(skp_view_of(address), &parsed, &why);
    int failed;

    if (err != SKP_ERR_OK || parsed.host.len > SKD_HOST_MAX) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s: %s", address,
                        why);
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)parsed.host.len,
                   (const char *)parsed.host.ptr);
    (void)snprintf(port, sizeof port, "%u", parsed.port);
    failed = getaddrinfo(host, port, &hints, &places);
    if (failed != 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s: %s", address,
                        gai_strerror(failed));
    }
    err = listen_tcp(places, address, ret, diag);
    freeaddrinfo(places);
    return err;
}

/* ---- Unix --------------------------------------------------------------- */

/* Remove what a dead agent left; a living program's socket, and any other file,
 * stays. */
static enum skp_err clear_path(const struct sockaddr_un *place,
                               struct skp_diag *diag)
{
    const char *path = place->sun_path;
    struct stat there;
    int fd;
    bool is_dead;

    if (lstat(path, &there) != 0) {
        return SKP_ERR_OK; /* what bind(2) says is better */
    }
    if (!S_ISSOCK(there.st_mode)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: there is a file that is no socket", path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return fail_errno(diag, path, "cannot make a socket");
    }
    is_dead = connect(fd, (const struct sockaddr *)place, sizeof *place) != 0 &&
              errno == ECONNREFUSED;
    (void)close(fd);
    if (!is_dead) {
        return skp_fail(diag, SKP_ERR_ALREADY_EXISTS,
                        "%s: another program listens there", path);
    }
    return unlink(path) == 0
               ? SKP_ERR_OK
               : fail_errno(diag, path, "cannot remove what a dead agent left");
}

static enum skp_err bind_path(const struct sockaddr_un *place,
                              struct skd_metrics_socket *ret,
                              struct skp_diag *diag)
{
    const char *path = place->sun_path;
    struct stat there;

    /* Linux gives the file the mode of the unbound socket, less the umask:
     * there is no moment in which it is open to everybody. */
    (void)fchmod(ret->fd, 0660);
    if (bind(ret->fd, (const struct sockaddr *)place, sizeof *place) != 0) {
        return fail_errno(diag, path, "cannot bind");
    }
    ret->path = strdup(path);
    if (ret->path == NULL || lstat(path, &there) != 0 ||
        chmod(path, 0660) != 0 || listen(ret->fd, BACKLOG) != 0) {
        enum skp_err err = fail_errno(diag, path, "cannot listen");

        (void)unlink(path);
        return err;
    }
    ret->dev = there.st_dev;
    ret->ino = there.st_ino;
    return SKP_ERR_OK;
}

static enum skp_err open_unix(const char *path,
                              struct skd_metrics_socket *ret,
                              struct skp_diag *diag)
{
    struct sockaddr_un place = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof place.sun_path) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: the path is longer than a socket's may be", path);
    }
    memcpy(place.sun_path, path, strlen(path));
    SKP_TRY(clear_path(&place, diag));
    ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ret->fd < 0) {
        return fail_errno(diag, path, "cannot make a socket");
    }
    return bind_path(&place, ret, diag);
}

/* ---- both --------------------------------------------------------------- */

enum skp_err skd_metrics_socket_open(const char *address,
                                     struct skd_metrics_socket *ret,
                                     struct skp_diag *diag)
{
    struct skd_metrics_socket made = { -1, NULL, 0, 0 };
    bool is_unix = strncmp(address, PREFIX, strlen(PREFIX)) == 0;
    enum skp_err err = is_unix
                           ? open_unix(address + strlen(PREFIX), &made, diag)
                           : open_tcp(address, &made, diag);

    if (err != SKP_ERR_OK) {
        skd_metrics_socket_done(&made);
        return err;
    }
    *ret = made;
    return SKP_ERR_OK;
}

int skd_metrics_socket_take(struct skd_metrics_socket *socket)
{
    int fd = socket->fd;

    socket->fd = -1;
    return fd;
}

void skd_metrics_socket_done(struct skd_metrics_socket *socket)
{
    struct stat there;

    if (socket->fd >= 0) {
        (void)close(socket->fd);
    }
    if (socket->path != NULL && socket->ino != 0 &&
        lstat(socket->path, &there) == 0 && there.st_dev == socket->dev &&
        there.st_ino == socket->ino) {
        (void)unlink(socket->path);
    }
    free(socket->path);
    *socket = (struct skd_metrics_socket){ -1, NULL, 0, 0 };
}
