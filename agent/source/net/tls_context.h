/* tls_context.h - from the tls part of the configuration to an OpenSSL context,
 * and from OpenSSL's reasons to words.
 *
 * A context is built for one connection, so that rotated certificate files are
 * picked up.  Who we are is given to the connection and not to the context: a
 * connection that stays open forgets the private key after its handshake.
 * TLS 1.2 and 1.3, no renegotiation, no compression, no session tickets.
 *
 * Thread:   any.
 * Secrets:  key files are read into locked memory; OpenSSL has its numbers
 *           until skd_tls_context_forget.
 */
#ifndef SKD_TLS_CONTEXT_H
#define SKD_TLS_CONTEXT_H

#include <openssl/types.h>

#include "agent/config/config.h"

/* A client context: whom we trust, which suites.
 *   SKP_ERR_INVALID_ARGUMENT    a file cannot be read or is no PEM, an unknown
 *                               cipher suite; @diag says which.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_tls_context_new(
    const struct skd_tls_config *config, SSL_CTX **ret, struct skp_diag *diag);

/* Who we are, if that is configured: before the handshake of @ssl.
 *   SKP_ERR_INVALID_ARGUMENT    a file cannot be read, is no PEM, the key does
 *                               not belong to the certificate; @diag says
 *                               which.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_tls_context_identify(
    SSL *ssl, const struct skd_tls_config *config, struct skp_diag *diag);

/* After the handshake, which alone needs them: drop key and certificates. */
void skd_tls_context_forget(SSL *ssl);

/* Wipe and free; accepts NULL and leaves NULL behind. */
void skd_tls_context_free(SSL_CTX **context);

/* The OpenSSL names of cipher suites in the order of @suites, separated by
 * colons: those of TLS 1.2 (and before) and those of TLS 1.3, each "" when
 * there are none.
 *   SKP_ERR_INVALID_ARGUMENT  OpenSSL does not know one; @diag has its number.
 *   SKP_ERR_RESOURCE_EXHAUSTED  a list does not fit @cap bytes. */
SKP_MUST_CHECK enum skp_err skd_tls_context_suites(const uint16_t *suites,
                                                   size_t n_suites,
                                                   char *ret_tls12,
                                                   char *ret_tls13,
                                                   size_t cap,
                                                   struct skp_diag *diag);

/* The file and the folder of the system's authorities, as OpenSSL finds them;
 * borrowed from the environment or the library. */
const char *skd_tls_default_file(void);
const char *skd_tls_default_folder(void);

/* What is wrong with the server's certificate, by the result of its
 * verification (X509_V_ERR_...): wrong authority, wrong name, expired, ... */
const char *skd_tls_context_verify_text(long verify_result);

#endif /* SKD_TLS_CONTEXT_H */
