/* http_setup.h - how libcurl is told what it may do; a part of http.c.
 *
 * Only http, https and file URLs are read, and files not by libcurl.  No
 * redirects, no proxies and no netrc from the environment, no cookies, no
 * compression, HTTP/1.1 only (its HTTP/2 library has a heap of its own, which
 * nobody wipes), TLS 1.2 or later.
 */
#ifndef SKD_HTTP_SETUP_H
#define SKD_HTTP_SETUP_H

#include "agent/config/config.h"
#include "agent/source/cert.h"

/* A new handle of libcurl (its CURL is void) with every option that does not
 * change from page to page; for curl_easy_cleanup.  PEM texts are copied into
 * it, files are read at each new connection.
 *   SKP_ERR_INVALID_ARGUMENT    an unknown cipher suite.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_http_setup_handle(
    const struct skd_tls_config *tls, void **ret, struct skp_diag *diag);

/* While a transfer of @easy is under way: the certificate that its server has
 * shown; false, with *ret untouched: none. */
SKP_MUST_CHECK bool skd_http_setup_peer_cert(void *easy, struct skd_cert *ret);

/* What is wrong with the server's certificate, after a transfer of @easy
 * failed for it, in the words of tls_context.h. */
const char *skd_http_setup_verify_text(void *easy);

#endif /* SKD_HTTP_SETUP_H */
