/* notify.c - the service manager's protocols; see notify.h. */
#include "agent/sys/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FDS_START 3 /* SD_LISTEN_FDS_START */
/* More is no number of ours. */
#define LISTEN_FDS_MAX 64u
#define STORE_WAIT_MS  1000u

static struct {
    struct sockaddr_un address;
    socklen_t address_len; /* 0: no manager */
    uint64_t watchdog_us;
    int listen_fd;
    enum skd_fd_store fd_store;
    struct skd_kept_fd kept[SKD_NOTIFY_KEPT_MAX];
    size_t n_kept;
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

/* The next name of LISTEN_FDNAMES, up to a colon, into @ret; shortened when it
 * does not fit, and then not one of ours. */
static const char *next_name(const char *names, char ret[SKD_NOTIFY_NAME_LEN])
{
    size_t len = strcspn(names, ":");
    size_t n = len < SKD_NOTIFY_NAME_LEN ? len : 0;

    memcpy(ret, names, n);
    ret[n] = '\0';
    return names + len + (names[len] == ':');
}

static bool is_ours(const char *name)
{
    return strncmp(name, SKD_NOTIFY_OURS, strlen(SKD_NOTIFY_OURS)) == 0;
}

/* Descriptor @fd of that @name: one that we had kept, or else a socket. */
static void take_fd(int fd, const char *name, unsigned *n_sockets)
{
    struct skd_kept_fd *kept = &manager.kept[manager.n_kept];

    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return;
    }
    if (!is_ours(name)) {
        manager.listen_fd = (*n_sockets)++ == 0 ? fd : -1;
        return;
    }
    if (manager.n_kept == SKD_NOTIFY_KEPT_MAX) {
        (void)close(fd);
        return;
    }
    memcpy(kept->name, name, strlen(name) + 1);
    kept->fd = fd;
    manager.n_kept++;
}

static void take_fds(void)
{
    uint64_t n = number_of("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    char name[SKD_NOTIFY_NAME_LEN];
    unsigned n_sockets = 0;

    if (number_of("LISTEN_PID") != (uint64_t)getpid()) {
        return;
    }
    for (uint64_t i = 0; i < n && i < LISTEN_FDS_MAX; i++) {
        names = next_name(names == NULL ? "" : names, name);
        take_fd(LISTEN_FDS_START + (int)i, name, &n_sockets);
    }
}

/* systemd 254 and later say how many they keep; before, nothing is said. */
static enum skd_fd_store store_of(void)
{
    const char *most = getenv("FDSTORE");

    if (manager.address_len == 0 ||
        (most != NULL && number_of("FDSTORE") == 0)) {
        return SKD_FD_STORE_NONE;
    }
    return number_of("SIDEKEY_SUPERVISED") > 0 ? SKD_FD_STORE_CRASH
                                               : SKD_FD_STORE_RESTART;
}

void skd_notify_init(void)
{
    static const char *const names[] = {
        "NOTIFY_SOCKET", "WATCHDOG_USEC",  "WATCHDOG_PID", "LISTEN_FDS",
        "LISTEN_PID",    "LISTEN_FDNAMES", "FDSTORE",      "SIDEKEY_SUPERVISED",
    };

    manager.address_len = 0;
    manager.listen_fd = -1;
    manager.n_kept = 0;
    take_address(getenv("NOTIFY_SOCKET"));
    manager.watchdog_us =
        is_for_us("WATCHDOG_PID") ? number_of("WATCHDOG_USEC") : 0;
    manager.fd_store = store_of();
    take_fds();
    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        (void)unsetenv(names[i]);
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* One message, with @n descriptors.  @wait_ms  for a manager that is busy. */
static bool
send_message(const char *text, const int *fds, size_t n, unsigned wait_ms)
{
    SKP_CLEANUP(close_fd) int fd = -1;
    struct timeval wait = { wait_ms / 1000, (long)(wait_ms % 1000) * 1000 };
    struct iovec bytes = { .iov_len = strlen(text) };
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(SKD_NOTIFY_FDS_MAX * sizeof(int))];
    } control;
    struct msghdr message = { .msg_name = &manager.address,
                              .msg_namelen = manager.address_len,
                              .msg_iov = &bytes,
                              .msg_iovlen = 1 };

    skp_assert(n <= SKD_NOTIFY_FDS_MAX);
    if (manager.address_len == 0) {
        return false;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* The kernel takes what it sends as not const for historical reasons. */
    memcpy(&bytes.iov_base, &text, sizeof text);
    memset(&control, 0, sizeof control);
    if (n > 0) {
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n * sizeof(int));
    }
    return fd >= 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
           sendmsg(fd, &message,
                   MSG_NOSIGNAL | (wait_ms == 0 ? MSG_DONTWAIT : 0)) >= 0;
}

void skd_notify_send(const char *state)
{
    (void)send_message(state, NULL, 0, 0);
}

enum skd_fd_store skd_notify_fd_store(void)
{
    return manager.fd_store;
}

struct skd_kept_fd *skd_notify_kept(size_t *ret_n)
{
    *ret_n = manager.n_kept;
    return manager.kept;
}

bool skd_notify_store(const char *name, const int *fds, size_t n)
{
    char text[SKD_NOTIFY_NAME_LEN + 64];

    /* Nobody can poll a memfd for its end. */
    (void)snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
    return manager.fd_store != SKD_FD_STORE_NONE &&
           send_message(text, fds, n, STORE_WAIT_MS);
}

void skd_notify_unstore(const char *name)
{
    char text[SKD_NOTIFY_NAME_LEN + 64];

    (void)snprintf(text, sizeof text, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    if (manager.fd_store != SKD_FD_STORE_NONE) {
        (void)send_message(text, NULL, 0, STORE_WAIT_MS);
    }
}

uint64_t skd_notify_watchdog_ms(void)
{
    return manager.watchdog_us / 2000u;
}

int skd_notify_listen_fd(void)
{
    return manager.listen_fd;
}

bool skd_notify_is_abstract(void)
{
    return manager.address_len > 0 && manager.address.sun_path[0] == '\0';
}
