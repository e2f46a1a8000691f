/* folder.c - the folder that the socket is in; see folder.h. */
#include "agent/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum skp_err
skd_folder_make(const char *socket, unsigned mode, struct skp_diag *diag)
{
    const char *slash = strrchr(socket, '/');
    char folder[PATH_MAX];
    char room[64];
    int why;

    if (slash == NULL || slash == socket ||
        (size_t)(slash - socket) >= sizeof folder) {
        return SKP_ERR_OK; /* nothing to make; the listener judges the path */
    }
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - socket),
                   socket);
    /* The umask may have taken bits away; only what we made is changed. */
    if (mkdir(folder, (mode_t)mode) == 0 && chmod(folder, (mode_t)mode) == 0) {
        return SKP_ERR_OK;
    }
    why = errno;
    if (why == EEXIST) {
        return SKP_ERR_OK;
    }
    return skp_fail(diag,
                    why == EACCES || why == EPERM ? SKP_ERR_PERMISSION_DENIED
                                                  : SKP_ERR_FAILED_PRECONDITION,
                    "cannot make the socket's folder %.200s: %s", folder,
                    strerror_r(why, room, sizeof room));
}
