/* lookup.h - names to addresses, before a deadline.
 *
 * getaddrinfo cannot be interrupted, so it runs in a thread of its own; when
 * the deadline passes first, the thread goes on alone and its answer is thrown
 * away.  At most SKD_LOOKUP_MAX such threads exist: with a dead resolver more
 * lookups fail at once.  Numeric addresses need no thread.
 */
#ifndef SKD_LOOKUP_H
#define SKD_LOOKUP_H

#include <netdb.h>

#include "agent/sys/env.h"
#include "protocol/diag.h"

#define SKD_LOOKUP_MAX 4u

/* Addresses of @host for TCP port @port; *ret is for freeaddrinfo.
 *   SKP_ERR_UNAVAILABLE         no such name, or too many lookups are stuck.
 *   SKP_ERR_DEADLINE_EXCEEDED   @deadline_ms has passed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no thread. */
SKP_MUST_CHECK enum skp_err skd_lookup(const char *host,
                                       uint16_t port,
                                       const struct skd_env *env,
                                       uint64_t deadline_ms,
                                       struct addrinfo **ret,
                                       struct skp_diag *diag);

#endif /* SKD_LOOKUP_H */
