/* tls_cert.h - until when a certificate is good, and which one it is.
 *
 * Thread:   any.
 */
#ifndef SKD_TLS_CERT_H
#define SKD_TLS_CERT_H

#include <openssl/types.h>

#include "agent/source/cert.h"

/* Describe @x509; false, with *ret untouched, when it is NULL or has no date
 * that can be read. */
SKP_MUST_CHECK bool skd_tls_cert_read(const X509 *x509, struct skd_cert *ret);

/* The same for the certificate that the server of @ssl has shown. */
SKP_MUST_CHECK bool skd_tls_cert_read_peer(const SSL *ssl,
                                           struct skd_cert *ret);

/* Why @x509 cannot be used at @wall_s (Unix seconds): "has expired", "is not
 * yet valid"; NULL: it can. */
const char *skd_tls_cert_dated(const X509 *x509, int64_t wall_s);

#endif /* SKD_TLS_CERT_H */
