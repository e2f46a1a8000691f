/* http_url.h - URLs: what they are, what may follow them, how they are shown.
 *
 * Pure, but for libcurl's parser underneath.
 */
#ifndef SKD_HTTP_URL_H
#define SKD_HTTP_URL_H

#include "protocol/diag.h"

/* With the NUL. */
#define SKD_HTTP_URL_MAX 4096u

enum skd_http_scheme {
    SKD_HTTP_SCHEME_NONE, /* another one, or no URL at all */
    SKD_HTTP_SCHEME_FILE,
    SKD_HTTP_SCHEME_HTTP,
    SKD_HTTP_SCHEME_HTTPS,
};

/* The scheme of @url, in any case of letters. */
enum skd_http_scheme skd_http_url_scheme(const char *url);

/* The path of a file URL, percent-decoded.
 *   SKP_ERR_INVALID_ARGUMENT  not a file URL, or control characters in it, or
 *                             too long. */
SKP_MUST_CHECK enum skp_err skd_http_url_path(const char *url,
                                              char ret[SKD_HTTP_URL_MAX]);

/* The host (an IPv6 address in brackets) and TCP port that an http or https URL
 * leads to.
 *   SKP_ERR_INVALID_ARGUMENT    another scheme, no URL, or too long.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_http_url_server(const char *url,
                                                char ret_host[SKD_HTTP_URL_MAX],
                                                uint16_t *ret_port);

/* The same URL for a server that is known in TLS under another name. */
struct skd_http_renamed {
    char url[SKD_HTTP_URL_MAX];   /* with the name as its host */
    char host[SKD_HTTP_URL_MAX];  /* "host" or "host:port": who is meant */
    char place[SKD_HTTP_URL_MAX]; /* "host:port": where to connect */
};

/* Give @url the host @server_name.
 *   SKP_ERR_INVALID_ARGUMENT  one of them is none. */
SKP_MUST_CHECK enum skp_err skd_http_url_rename(const char *url,
                                                const char *server_name,
                                                struct skd_http_renamed *ret);

/* Resolve @reference against @base as in RFC 3986 section 5.2, without its
 * fragment.
 *   SKP_ERR_INVALID_ARGUMENT    not a URL, another origin (scheme, host and
 *                               port), other credentials than the base's, or
 *                               too long for @ret; @diag says which.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_http_url_join(const char *base,
                                              const char *reference,
                                              char ret[SKD_HTTP_URL_MAX],
                                              struct skp_diag *diag);

/* @url for people: without user, password, query and fragment, each of which
 * can hold a credential; "(no URL)" when it is none. */
void skd_http_url_show(const char *url, char ret[SKD_HTTP_URL_MAX]);

#endif /* SKD_HTTP_URL_H */
