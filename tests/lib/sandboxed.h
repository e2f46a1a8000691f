/* sandboxed.h - the strictest sandbox that this machine and this build have. */
#ifndef SKT_SANDBOXED_H
#define SKT_SANDBOXED_H

#include <stdbool.h>

/* True when all layers can be had. */
bool skt_sandbox_is_whole(void);

/* For sidekey.sandbox: "require" when all layers can be had, else
 * "best-effort". */
const char *skt_sandbox_mode(void);

/* Does the kernel give pidfds of peers (SO_PEERPIDFD)?  Says so when not. */
bool skt_has_pidfd(void);

#endif /* SKT_SANDBOXED_H */
