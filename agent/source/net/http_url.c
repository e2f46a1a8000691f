/* http_url.c - URLs through libcurl's parser; see http_url.h. */
#include "agent/source/net/http_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

static void free_url(CURLU **url)
{
    curl_url_cleanup(*url);
    *url = NULL;
}

static void free_text(char **text)
{
    curl_free(*text);
    *text = NULL;
}

static enum skp_err parse_url(const char *text, CURLU **ret)
{
    *ret = curl_url();
    if (*ret == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    return curl_url_set(*ret, CURLUPART_URL, text, 0) == CURLUE_OK
               ? SKP_ERR_OK
               : SKP_ERR_INVALID_ARGUMENT;
}

/* A part that is not there leaves *ret NULL. */
static enum skp_err
get_part(CURLU *url, CURLUPart part, unsigned flags, char **ret)
{
    return curl_url_get(url, part, ret, flags) == CURLUE_OUT_OF_MEMORY
               ? SKP_ERR_RESOURCE_EXHAUSTED
               : SKP_ERR_OK;
}

static enum skp_err copy_text(const char *text, char ret[SKD_HTTP_URL_MAX])
{
    if (text == NULL || strlen(text) >= SKD_HTTP_URL_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    memcpy(ret, text, strlen(text) + 1);
    return SKP_ERR_OK;
}

enum skd_http_scheme skd_http_url_scheme(const char *url)
{
    static const struct {
        const char *name;
        enum skd_http_scheme scheme;
    } rows[] = {
        { "file", SKD_HTTP_SCHEME_FILE },
        { "http", SKD_HTTP_SCHEME_HTTP },
        { "https", SKD_HTTP_SCHEME_HTTPS },
    };
    SKP_CLEANUP(free_url) CURLU *parsed = NULL;
    SKP_CLEANUP(free_text) char *scheme = NULL;

    if (parse_url(url, &parsed) != SKP_ERR_OK ||
        get_part(parsed, CURLUPART_SCHEME, 0, &scheme) != SKP_ERR_OK ||
        scheme == NULL) {
        return SKD_HTTP_SCHEME_NONE;
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        if (strcasecmp(scheme, rows[i].name) == 0) {
            return rows[i].scheme;
        }
    }
    return SKD_HTTP_SCHEME_NONE;
}

enum skp_err skd_http_url_path(const char *url, char ret[SKD_HTTP_URL_MAX])
{
    SKP_CLEANUP(free_url) CURLU *parsed = NULL;
    SKP_CLEANUP(free_text) char *path = NULL;

    if (skd_http_url_scheme(url) != SKD_HTTP_SCHEME_FILE) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    SKP_TRY(parse_url(url, &parsed));
    SKP_TRY(get_part(parsed, CURLUPART_PATH, CURLU_URLDECODE, &path));
    return copy_text(path, ret);
}

enum skp_err skd_http_url_server(const char *url,
                                 char ret_host[SKD_HTTP_URL_MAX],
                                 uint16_t *ret_port)
{
    SKP_CLEANUP(free_url) CURLU *parsed = NULL;
    SKP_CLEANUP(free_text) char *host = NULL;
    SKP_CLEANUP(free_text) char *port = NULL;

    if (skd_http_url_scheme(url) != SKD_HTTP_SCHEME_HTTP &&
        skd_http_url_scheme(url) != SKD_HTTP_SCHEME_HTTPS) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    SKP_TRY(parse_url(url, &parsed));
    SKP_TRY(get_part(parsed, CURLUPART_HOST, 0, &host));
    SKP_TRY(get_part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port));
    if (port == NULL) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    SKP_TRY(copy_text(host, ret_host));
    *ret_port = (uint16_t)strtoul(port, NULL, 10); /* libcurl has checked it */
    return SKP_ERR_OK;
}

/* Write "host" or "host:port" to @ret. */
static enum skp_err
write_place(CURLU *url, unsigned port_flags, char ret[SKD_HTTP_URL_MAX])
{
    SKP_CLEANUP(free_text) char *host = NULL;
    SKP_CLEANUP(free_text) char *port = NULL;
    int len;

    SKP_TRY(get_part(url, CURLUPART_HOST, 0, &host));
    SKP_TRY(get_part(url, CURLUPART_PORT, port_flags, &port));
    if (host == NULL) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    len = snprintf(ret, SKD_HTTP_URL_MAX, "%s%s%s", host,
                   port == NULL ? "" : ":", port == NULL ? "" : port);
    return len >= 0 && (size_t)len < SKD_HTTP_URL_MAX
               ? SKP_ERR_OK
               : SKP_ERR_INVALID_ARGUMENT;
}

enum skp_err skd_http_url_rename(const char *url,
                                 const char *server_name,
                                 struct skd_http_renamed *ret)
{
    SKP_CLEANUP(free_url) CURLU *parsed = NULL;
    SKP_CLEANUP(free_text) char *text = NULL;
    char host[300]; /* names have at most 253 characters */
    bool is_ip6 = strchr(server_name, ':') != NULL;
    int len;

    SKP_TRY(parse_url(url, &parsed));
    SKP_TRY(write_place(parsed, CURLU_NO_DEFAULT_PORT, ret->host));
    SKP_TRY(write_place(parsed, CURLU_DEFAULT_PORT, ret->place));
    len = snprintf(host, sizeof host, "%s%s%s", is_ip6 ? "[" : "", server_name,
                   is_ip6 ? "]" : "");
    if (len < 0 || (size_t)len >= sizeof host ||
        curl_url_set(parsed, CURLUPART_HOST, host, 0) != CURLUE_OK) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    SKP_TRY(get_part(parsed, CURLUPART_URL, 0, &text));
    SKP_TRY(copy_text(text, ret->url));
    /* Control characters in a host are found by parsing it only. */
    return skd_http_url_scheme(ret->url) == SKD_HTTP_SCHEME_NONE
               ? SKP_ERR_INVALID_ARGUMENT
               : SKP_ERR_OK;
}

static enum skp_err same_part(CURLU *a, CURLU *b, CURLUPart part, bool *ret)
{
    SKP_CLEANUP(free_text) char *in_a = NULL;
    SKP_CLEANUP(free_text) char *in_b = NULL;

    SKP_TRY(get_part(a, part, CURLU_DEFAULT_PORT, &in_a));
    SKP_TRY(get_part(b, part, CURLU_DEFAULT_PORT, &in_b));
    /* Names and passwords in other cases are then others for the server, but
     * no more than the base's are sent anywhere. */
    *ret = in_a == NULL || in_b == NULL ? in_a == in_b
                                        : strcasecmp(in_a, in_b) == 0;
    return SKP_ERR_OK;
}

static enum skp_err check_origin(CURLU *base, CURLU *url, struct skp_diag *diag)
{
    static const struct {
        CURLUPart part;
        const char *what;
    } rows[] = {
        { CURLUPART_SCHEME, "leaves the origin (another scheme)" },
        { CURLUPART_HOST, "leaves the origin (another host)" },
        { CURLUPART_PORT, "leaves the origin (another port)" },
        { CURLUPART_USER, "has other credentials" },
        { CURLUPART_PASSWORD, "has other credentials" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        bool is_same = false;

        SKP_TRY(same_part(base, url, rows[i].part, &is_same));
        if (!is_same) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s", rows[i].what);
        }
    }
    return SKP_ERR_OK;
}

enum skp_err skd_http_url_join(const char *base,
                               const char *reference,
                               char ret[SKD_HTTP_URL_MAX],
                               struct skp_diag *diag)
{
    SKP_CLEANUP(free_url) CURLU *from = NULL;
    SKP_CLEANUP(free_url) CURLU *url = NULL;
    SKP_CLEANUP(free_text) char *text = NULL;

    if (parse_url(base, &from) != SKP_ERR_OK ||
        parse_url(base, &url) != SKP_ERR_OK ||
        curl_url_set(url, CURLUPART_URL, reference, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "is no URL");
    }
    SKP_TRY(check_origin(from, url, diag));
    SKP_TRY(get_part(url, CURLUPART_URL, 0, &text));
    if (text == NULL || strlen(text) >= SKD_HTTP_URL_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "is too long");
    }
    /* libcurl 7.88 writes "file://(nil)" where no path is left. */
    if (skd_http_url_scheme(text) == SKD_HTTP_SCHEME_NONE) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "is no URL");
    }
    memcpy(ret, text, strlen(text) + 1);
    return SKP_ERR_OK;
}

void skd_http_url_show(const char *url, char ret[SKD_HTTP_URL_MAX])
{
    static const CURLUPart parts[] = { CURLUPART_USER, CURLUPART_PASSWORD,
                                       CURLUPART_OPTIONS, CURLUPART_QUERY,
                                       CURLUPART_FRAGMENT };
    SKP_CLEANUP(free_url) CURLU *parsed = NULL;
    SKP_CLEANUP(free_text) char *text = NULL;
    bool is_good = parse_url(url, &parsed) == SKP_ERR_OK;

    for (size_t i = 0; is_good && i < SKP_ARRAY_LEN(parts); i++) {
        is_good = curl_url_set(parsed, parts[i], NULL, 0) == CURLUE_OK;
    }
    if (is_good) {
        is_good = curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK;
    }
    (void)snprintf(ret, SKD_HTTP_URL_MAX, "%s", is_good ? text : "(no URL)");
}
