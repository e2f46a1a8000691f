/* socket_path.c - socket discovery; see socket_path.h. */
#include "libclient/socket_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/limits.h"

/* The library is used before and beside threads that we do not know; nobody
 * may change the environment under them. */
static const char *read_variable(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): reading only; see above */
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static enum skp_err copy_path(const char *path, char ret[SKC_SOCKET_PATH_MAX])
{
    size_t len = strlen(path);

    if (len == 0 || len >= SKC_SOCKET_PATH_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    memcpy(ret, path, len + 1);
    return SKP_ERR_OK;
}

/* The user's own agent, if its socket is there. */
static bool find_runtime_socket(char ret[SKC_SOCKET_PATH_MAX])
{
    const char *folder = read_variable("XDG_RUNTIME_DIR");
    char path[SKC_SOCKET_PATH_MAX];
    int len;

    if (folder == NULL) {
        return false;
    }
    len = snprintf(path, sizeof path, "%s/sidekey/sidekey.sock", folder);
    if (len < 0 || (size_t)len >= sizeof path || access(path, F_OK) != 0) {
        return false;
    }
    memcpy(ret, path, (size_t)len + 1);
    return true;
}

enum skp_err skc_socket_path_find(const char *given,
                                  char ret[SKC_SOCKET_PATH_MAX])
{
    const char *variable = read_variable("SIDEKEY_SOCKET");

    if (given != NULL) {
        return copy_path(given, ret);
    }
    if (variable != NULL) {
        return copy_path(variable, ret);
    }
    if (find_runtime_socket(ret)) {
        return SKP_ERR_OK;
    }
    return copy_path(SKP_SOCKET_DEFAULT, ret);
}
