/* notify.c - the service manager's protocols; see notify.h. */
#include "agent/sys/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FDS_START 3 /* SD_LISTEN_FDS_START */

static struct {
    struct sockaddr_un address;
    socklen_t address_len; /* 0: no manager */
    uint64_t watchdog_us;
    int listen_fd;
} manager = { .listen_fd = -1 };

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;
    unsigned long long number;

    if (text == NULL || *text < '0' || *text > '9') {
        return 0;
    }
    errno = 0;
    number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' ? number : 0;
}

/* "/path" or "@abstract". */
static void take_address(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);

    if (len < 2 || len >= sizeof manager.address.sun_path ||
        (name[0] != '/' && name[0] != '@')) {
        return;
    }
    manager.address.sun_family = AF_UNIX;
    memcpy(manager.address.sun_path, name, len);
    if (name[0] == '@') {
        manager.address.sun_path[0] = '\0';
    }
    manager.address_len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static bool is_for_us(const char *pid_name)
{
    uint64_t pid = number_of(pid_name);

    return pid == 0 || pid == (uint64_t)getpid();
}

static void take_listen_fd(void)
{
    if (number_of("LISTEN_FDS") != 1 ||
        number_of("LISTEN_PID") != (uint64_t)getpid()) {
        return;
    }
    if (fcntl(LISTEN_FDS_START, F_SETFD, FD_CLOEXEC) == 0) {
        manager.listen_fd = LISTEN_FDS_START;
    }
}

void skd_notify_init(void)
{
    static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC",
                                         "WATCHDOG_PID",  "LISTEN_FDS",
                                         "LISTEN_PID",    "LISTEN_FDNAMES" };

    manager.address_len = 0;
    manager.listen_fd = -1;
    take_address(getenv("NOTIFY_SOCKET"));
    manager.watchdog_us =
        is_for_us("WATCHDOG_PID") ? number_of("WATCHDOG_USEC") : 0;
    take_listen_fd();
    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        (void)unsetenv(names[i]);
    }
}

void skd_notify_send(const char *state)
{
    int fd;

    if (manager.address_len == 0) {
        return;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)&manager.address,
                 manager.address_len);
    (void)close(fd);
}

uint64_t skd_notify_watchdog_ms(void)
{
    return manager.watchdog_us / 2000u;
}

int skd_notify_listen_fd(void)
{
    return manager.listen_fd;
}
