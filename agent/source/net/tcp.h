/* tcp.h - a non-blocking TCP connection, made and waited for before a deadline.
 */
#ifndef SKD_TCP_H
#define SKD_TCP_H

#include "agent/sys/env.h"
#include "protocol/diag.h"

/* Connect to @host (a name, or an IPv4 or IPv6 address), trying its addresses
 * in turn.  *ret is a non-blocking socket, the caller's to close.
 *   SKP_ERR_UNAVAILABLE, SKP_ERR_DEADLINE_EXCEEDED, SKP_ERR_RESOURCE_EXHAUSTED
 *       @diag says which address failed last and how. */
SKP_MUST_CHECK enum skp_err skd_tcp_connect(const char *host,
                                            uint16_t port,
                                            const struct skd_env *env,
                                            uint64_t deadline_ms,
                                            int *ret,
                                            struct skp_diag *diag);

/* Wait until @fd is ready for @events (of poll), or is broken: the next call on
 * it says how.
 *   SKP_ERR_DEADLINE_EXCEEDED  @deadline_ms has passed. */
SKP_MUST_CHECK enum skp_err skd_tcp_wait(int fd,
                                         short events,
                                         const struct skd_env *env,
                                         uint64_t deadline_ms,
                                         struct skp_diag *diag);

#endif /* SKD_TCP_H */
