/* notify.h - tell the service manager how we are (sd_notify(3)), take a
 * listening socket from it (sd_listen_fds(3)), and have it keep descriptors
 * over a restart (its file descriptor store); all by their documented
 * protocols, without libsystemd.
 *
 * `sidekeyd --supervise` is such a manager, too.
 *
 * Thread:   main.
 */
#ifndef SKD_NOTIFY_H
#define SKD_NOTIFY_H

#include <stdint.h>

#include "protocol/base.h"

/* Names of descriptors that we gave away ourselves begin so; systemd names
 * sockets after their unit. */
#define SKD_NOTIFY_OURS "sidekey-"

/* Descriptors with such names that are taken back at most, bytes of such a name
 * with its NUL, and descriptors of one name at most. */
#define SKD_NOTIFY_KEPT_MAX 16u
#define SKD_NOTIFY_NAME_LEN 64u
#define SKD_NOTIFY_FDS_MAX  4u

struct skd_kept_fd {
    char name[SKD_NOTIFY_NAME_LEN];
    int fd; /* -1: taken by somebody */
};

/* What the environment and the manager say. */
enum skd_fd_store {
    SKD_FD_STORE_NONE,    /* nobody keeps anything */
    SKD_FD_STORE_RESTART, /* kept also when we are stopped to be restarted */
    SKD_FD_STORE_CRASH,   /* the end, once we are stopped: --supervise */
};

/* Read NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES,
 * FDSTORE and SIDEKEY_SUPERVISED once, and remove them from the environment. */
void skd_notify_init(void);

/* Send "READY=1", "RELOADING=1\nMONOTONIC_USEC=..." and the like; nothing when
 * no manager listens.  A manager that is gone is not our failure. */
void skd_notify_send(const char *state);

/* Milliseconds between two "WATCHDOG=1", half of what the manager allows; 0
 * when it does not watch. */
uint64_t skd_notify_watchdog_ms(void);

/* The one inherited listening socket; -1 when there is none, or more. */
int skd_notify_listen_fd(void);

/* True when the manager listens at an abstract address, which Landlock could
 * forbid. */
bool skd_notify_is_abstract(void);
/* Whether descriptors can be kept.  Managers before systemd 254 do not say:
 * they are believed to keep what they are sent. */
enum skd_fd_store skd_notify_fd_store(void);

/* The descriptors that came back; *ret_n of them.  The caller closes what it
 * does not need and sets fd to -1. */
struct skd_kept_fd *skd_notify_kept(size_t *ret_n);

/* Have @n descriptors (SKD_NOTIFY_FDS_MAX at most) kept under @name, all of
 * them or none.  True when they are on their way: the manager will find them
 * whatever becomes of us.  Waits a second at most for a manager that is busy.
 */
bool skd_notify_store(const char *name, const int *fds, size_t n);

/* Have the descriptors of @name dropped. */
void skd_notify_unstore(const char *name);

#endif /* SKD_NOTIFY_H */
