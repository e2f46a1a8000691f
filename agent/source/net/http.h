/* http.h - one GET under one deadline; with http_setup and http_url the door to
 * libcurl.
 *
 * Only http, https and file URLs; redirects are answers like others.  What
 * comes back is bounded in size and time and lies in locked memory; libcurl's
 * own copies are wiped when it frees them.
 *
 * Thread:   one at a time per client.
 * Secrets:  tokens and private keys of TLS are borrowed for the call and copied
 *           only into libcurl's memory.
 */
#ifndef SKD_HTTP_H
#define SKD_HTTP_H

#include "agent/config/config.h"
#include "agent/source/cert.h"
#include "agent/sys/env.h"

/* A longer ETag is not remembered. */
#define SKD_HTTP_ETAG_MAX 256u
/* All header lines of one answer together. */
#define SKD_HTTP_HEADERS_MAX 65536u
/* Retry-After is cut to this: a server cannot silence the agent for more
 * than a day. */
#define SKD_HTTP_RETRY_MAX_MS UINT64_C(86400000)

struct skd_http; /* opaque */

/* Make a client, whose connections are kept and used again until it is freed.
 * Certificate and key files are read at each new connection.
 * @tls  borrowed for the client's life.  With a ca given only that is trusted,
 *       else the system's store.  With a server_name, that name is asked for
 *       and checked in TLS, while the URL's host is connected to and named in
 *       the Host header.
 *   SKP_ERR_INVALID_ARGUMENT    a cipher suite that this build of OpenSSL does
 *                               not have; @diag has its number.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_http_new(const struct skd_env *env,
                                         const struct skd_tls_config *tls,
                                         struct skd_http **ret,
                                         struct skp_diag *diag);

/* Close the connections and free; accepts NULL and leaves NULL behind. */
void skd_http_free(struct skd_http **http);

struct skd_http_request {
    const char *url;
    struct skp_view token; /* sent as Bearer; empty: none; secret */
    const char *etag;      /* sent as If-None-Match; NULL or "": none */
    uint64_t deadline_ms;  /* monotonic; names, connect and body included */
    size_t body_max;       /* bytes */
};

struct skd_http_answer {
    unsigned status;        /* a file that could be read has 200 */
    struct skp_secret body; /* of status 200; else empty */
    /* As it came, quotes included; "" when there is none, and for files. */
    char etag[SKD_HTTP_ETAG_MAX + 1];
    uint64_t retry_ms; /* what Retry-After asks for; 0: nothing */
};

/* Wipe and release what an answer holds; it is zeroed. */
void skd_http_answer_done(struct skd_http_answer *answer);

/* GET @request->url.  Any status is an answer.
 * @ret  zeroed by the caller; its body is for skd_http_answer_done, also on
 *       failure.
 *   SKP_ERR_UNAVAILABLE         not reached, the server's certificate is of a
 *                               wrong authority or name or has expired,
 * deadline passed, cut off, headers too long; @diag says which.
 *   SKP_ERR_INVALID_ARGUMENT    the body is longer than body_max: it was
 *                               refused before it was stored.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_http_get(struct skd_http *http,
                                         const struct skd_http_request *request,
                                         struct skd_http_answer *ret,
                                         struct skp_diag *diag);

/* The certificate that a server showed last, in an answer; false, with *ret
 * untouched: none did. */
SKP_MUST_CHECK bool skd_http_server_cert(const struct skd_http *http,
                                         struct skd_cert *ret);

/* Milliseconds that a Retry-After value asks for, seconds or an HTTP date (RFC
 * 9110 section 10.2.3) seen at @wall_s; at most SKD_HTTP_RETRY_MAX_MS, 0 for
 * what is past or cannot be read. */
uint64_t skd_http_retry_ms(const char *value, int64_t wall_s);

#endif /* SKD_HTTP_H */
