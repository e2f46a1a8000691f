/* stream_tls.h - a stream over TLS over TCP.
 *
 * Everything holds to one absolute deadline: looking up the name, connecting
 * to each of its addresses, the handshake, each read and each write.  The
 * server's chain and name are verified; an error says which of them was wrong.
 *
 * Thread:   one at a time per stream.  A lookup that outlives its deadline goes
 *           on in a thread of its own and is thrown away; no more than 4 do.
 * Secrets:  plaintext passes through OpenSSL's record buffers, which are wiped
 *           (SSL_OP_CLEANSE_PLAINTEXT).
 */
#ifndef SKD_STREAM_TLS_H
#define SKD_STREAM_TLS_H

#include "agent/config/config.h"
#include "agent/source/net/stream.h"

/* Connect to @host, a DNS name or an IPv4 or IPv6 address, and shake hands.
 * The name verified is config->server_name, else @host.
 * @config  borrowed for the call.
 * @env     borrowed for the stream's life.
 *   SKP_ERR_UNAVAILABLE         not reached, or the handshake failed; @diag
 *                               says how.
 *   SKP_ERR_DEADLINE_EXCEEDED   @deadline_ms has passed.
 *   SKP_ERR_INVALID_ARGUMENT    the configuration is unfit: tls_context.h.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_stream_tls_connect(const struct skd_tls_config *config,
                       const char *host,
                       uint16_t port,
                       const struct skd_env *env,
                       uint64_t deadline_ms,
                       struct skd_stream **ret,
                       struct skp_diag *diag);

#endif /* SKD_STREAM_TLS_H */
