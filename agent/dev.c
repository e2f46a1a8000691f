/* dev.c - socket and banner of --dev; see dev.h. */
#include "agent/dev.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/limits.h"

static const char banner[] =
    "\n"
    "  ####   #####  #   #      #   #   ###   ####   #####\n"
    "  #   #  #      #   #      ## ##  #   #  #   #  #\n"
    "  #   #  ####   #   #      # # #  #   #  #   #  ####\n"
    "  #   #  #       # #       #   #  #   #  #   #  #\n"
    "  ####   #####    #        #   #   ###   ####   #####\n"
    "\n"
    "  THROW-AWAY KEYS: WHATEVER THIS AGENT ENCRYPTS DIES WITH IT.\n"
    "  Each tenant gets a random key on first use, in memory only.\n"
    "\n";

enum skp_err skd_dev_socket(const char *given,
                            char ret[SKD_DEV_SOCKET_MAX],
                            struct skp_diag *diag)
{
    const char *folder = getenv("XDG_RUNTIME_DIR");
    int len;

    if (given != NULL) {
        len = snprintf(ret, SKD_DEV_SOCKET_MAX, "%s", given);
    } else if (folder != NULL && *folder != '\0') {
        len = snprintf(ret, SKD_DEV_SOCKET_MAX, "%s/sidekey/sidekey.sock",
                       folder);
    } else if (geteuid() == 0) {
        len = snprintf(ret, SKD_DEV_SOCKET_MAX, "%s", SKP_SOCKET_DEFAULT);
    } else {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "XDG_RUNTIME_DIR is not set; name a socket with "
                        "--socket PATH");
    }
    if (len < 0 || (size_t)len >= SKD_DEV_SOCKET_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the socket's path is longer than %u bytes",
                        SKD_DEV_SOCKET_MAX - 1);
    }
    return SKP_ERR_OK;
}

/* True when `sidekey` finds @socket without being told. */
static bool is_found_by_itself(const char *socket)
{
    char expected[SKD_DEV_SOCKET_MAX];
    struct skp_diag ignored;

    return getenv("SIDEKEY_SOCKET") == NULL &&
           skd_dev_socket(NULL, expected, &ignored) == SKP_ERR_OK &&
           strcmp(expected, socket) == 0;
}

void skd_dev_print_banner(FILE *out, const char *socket)
{
    bool found = is_found_by_itself(socket);
    const char *flag = found ? "" : " --socket ";
    const char *path = found ? "" : socket;

    (void)fprintf(out,
                  "%s  Listening on %s.  Try:\n\n"
                  "    sidekey%s%s pubkey tenant-1\n"
                  "    echo hello | sidekey%s%s encrypt tenant-1 -o hello.ske\n"
                  "    sidekey%s%s decrypt tenant-1 -i hello.ske -o -\n\n",
                  banner, socket, flag, path, flag, path, flag, path);
    (void)fflush(out);
}
