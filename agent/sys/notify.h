/* notify.h - tell the service manager how we are (sd_notify(3)), and take a
 * listening socket from it (sd_listen_fds(3)); both by their documented
 * protocols, without libsystemd.
 *
 * Thread:   main.
 */
#ifndef SKD_NOTIFY_H
#define SKD_NOTIFY_H

#include <stdint.h>

#include "protocol/base.h"

/* Read NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS and LISTEN_PID once, and
 * remove them from the environment. */
void skd_notify_init(void);

/* Send "READY=1", "RELOADING=1\nMONOTONIC_USEC=..." and the like; nothing when
 * no manager listens.  A manager that is gone is not our failure. */
void skd_notify_send(const char *state);

/* Milliseconds between two "WATCHDOG=1", half of what the manager allows; 0
 * when it does not watch. */
uint64_t skd_notify_watchdog_ms(void);

/* The one inherited listening socket; -1 when there is none, or more. */
int skd_notify_listen_fd(void);

#endif /* SKD_NOTIFY_H */
