/* http.c - GET through libcurl; see http.h. */
#include "agent/source/net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "agent/source/net/http_setup.h"
#include "agent/source/net/http_url.h"
#include "agent/source/net/local_file.h"

#define HEADER_VALUE_MAX 512u

struct skd_http {
    CURL *easy;
    const struct skd_env *env;        /* borrowed */
    const struct skd_tls_config *tls; /* borrowed */
    struct skd_cert server;           /* shown last */
    char error[CURL_ERROR_SIZE];
};

/* One GET while libcurl is at work. */
struct transfer {
    struct skd_http *http;
    CURL *easy;
    struct skd_http_answer *answer;
    size_t body_max;
    size_t headers_len;
    char retry_after[64];
    enum skp_err err; /* why a callback stopped it */
    const char *why;  /* in words; NULL: no callback did */
    bool is_unwanted; /* the body belongs to an error and is not read */
};

/* Setting an option copies; that is all that can fail in a right call. */
static enum skp_err adapt(CURLcode code)
{
    return code == CURLE_OK ? SKP_ERR_OK : SKP_ERR_RESOURCE_EXHAUSTED;
}

static void free_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
    *list = NULL;
}

enum skp_err skd_http_new(const struct skd_env *env,
                          const struct skd_tls_config *tls,
                          struct skd_http **ret,
                          struct skp_diag *diag)
{
    SKP_CLEANUP(skd_http_free) struct skd_http *http = calloc(1, sizeof *http);

    if (http == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    http->env = env;
    http->tls = tls;
    SKP_TRY(skd_http_setup_handle(tls, &http->easy, diag));
    SKP_TRY(
        adapt(curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, http->error)));
    *ret = SKP_TAKE(http);
    return SKP_ERR_OK;
}

void skd_http_free(struct skd_http **http)
{
    if (*http == NULL) {
        return;
    }
    curl_easy_cleanup((*http)->easy);
    free(*http);
    *http = NULL;
}

void skd_http_answer_done(struct skd_http_answer *answer)
{
    skp_secret_done(&answer->body);
    *answer = (struct skd_http_answer){ .status = 0 };
}

/* ---- what comes back ----------------------------------------------------- */

static size_t stop(struct transfer *transfer, enum skp_err err, const char *why)
{
    transfer->err = err;
    transfer->why = why;
    return 0;
}

/* Copy the value of the header @name to @ret when @line is that header and its
 * value is printable and fits; true when it did. */
static bool
take_header(struct skp_view line, const char *name, char *ret, size_t ret_cap)
{
    size_t name_len = strlen(name);
    const char *text = (const char *)line.ptr;
    size_t start = name_len + 1;
    size_t end = line.len;

    if (line.len <= name_len || text[name_len] != ':' ||
        strncasecmp(text, name, name_len) != 0) {
        return false;
    }
    while (end > start && (text[end - 1] == '\r' || text[end - 1] == '\n' ||
                           text[end - 1] == ' ' || text[end - 1] == '\t')) {
        end--;
    }
    while (start < end && (text[start] == ' ' || text[start] == '\t')) {
        start++;
    }
    if (end - start >= ret_cap) {
        return false;
    }
    for (size_t i = start; i < end; i++) {
        if (line.ptr[i] < 0x20 || line.ptr[i] > 0x7e) {
            return false;
        }
    }
    memcpy(ret, text + start, end - start);
    ret[end - start] = '\0';
    return true;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *state)
{
    struct transfer *transfer = state;
    struct skp_view line = { (const uint8_t *)bytes, size * n };
    struct skd_http_answer *answer = transfer->answer;

    transfer->headers_len += line.len;
    if (transfer->headers_len > SKD_HTTP_HEADERS_MAX) {
        return stop(transfer, SKP_ERR_UNAVAILABLE,
                    "the answer's headers are too long");
    }
    if (line.len >= 5 && strncmp(bytes, "HTTP/", 5) == 0) {
        (void)!skd_http_setup_peer_cert(transfer->easy,
                                        &transfer->http->server);
        /* The answer after an interim one (100, 103) starts anew. */
        answer->etag[0] = '\0';
        transfer->retry_after[0] = '\0';
    }
    (void)take_header(line, "ETag", answer->etag, sizeof answer->etag);
    (void)take_header(line, "Retry-After", transfer->retry_after,
                      sizeof transfer->retry_after);
    return line.len;
}

/* Before the first byte of a body: is it wanted, and is there room? */
static bool admit_body(struct transfer *transfer)
{
    curl_off_t announced = -1;
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        transfer->is_unwanted = true;
        return false;
    }
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                            &announced);
    if (announced < 0) {
        return true;
    }
    if ((uint64_t)announced > transfer->body_max) {
        (void)stop(transfer, SKP_ERR_INVALID_ARGUMENT, "too long");
        return false;
    }
    if (skp_secret_reserve(&transfer->answer->body, (size_t)announced) !=
        SKP_ERR_OK) {
        (void)stop(transfer, SKP_ERR_RESOURCE_EXHAUSTED,
                   "no locked memory for the page");
        return false;
    }
    return true;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *state)
{
    struct transfer *transfer = state;
    struct skp_secret *body = &transfer->answer->body;
    size_t len = size * n;

    if (len == 0 || (body->len == 0 && !admit_body(transfer))) {
        return 0;
    }
    if (len > transfer->body_max - body->len) {
        return stop(transfer, SKP_ERR_INVALID_ARGUMENT, "too long");
    }
    if (skp_secret_append(body, bytes, len) != SKP_ERR_OK) {
        return stop(transfer, SKP_ERR_RESOURCE_EXHAUSTED,
                    "no locked memory for the page");
    }
    return len;
}

/* Only digits, and no more of them than a number can have. */
static bool read_seconds(const char *value, uint64_t *ret)
{
    uint64_t seconds = 0;

    if (*value == '\0') {
        return false;
    }
    for (; *value != '\0'; value++) {
        if (*value < '0' || *value > '9') {
            return false;
        }
        if (seconds < SKD_HTTP_RETRY_MAX_MS) {
            seconds = 10 * seconds + (uint64_t)(*value - '0');
        }
    }
    *ret = seconds;
    return true;
}

uint64_t skd_http_retry_ms(const char *value, int64_t wall_s)
{
    uint64_t seconds = 0;

    if (!read_seconds(value, &seconds)) {
        int64_t date_s = curl_getdate(value, NULL); /* -1: no date */

        seconds = date_s > wall_s ? (uint64_t)date_s - (uint64_t)wall_s : 0;
    }
    return seconds > SKD_HTTP_RETRY_MAX_MS / 1000 ? SKD_HTTP_RETRY_MAX_MS
                                                  : seconds * 1000;
}

/* ---- the request --------------------------------------------------------- */

static enum skp_err add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *list = longer;
    return SKP_ERR_OK;
}

/* The token must not be able to end its header line. */
static enum skp_err add_token(struct curl_slist **list,
                              struct skp_view token,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret line = { NULL, 0, 0 };
    static const char start[] = "Authorization: Bearer ";

    if (token.len == 0) {
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] <= 0x20 || token.ptr[i] > 0x7e) {
            return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                            "the token holds a character that it may not");
        }
    }
    SKP_TRY(skp_secret_append(&line, start, sizeof start - 1));
    SKP_TRY(skp_secret_append(&line, token.ptr, token.len));
    SKP_TRY(skp_secret_append(&line, "", 1));
    return add_header(list, (const char *)line.bytes);
}

static enum skp_err make_headers(const struct skd_http_request *request,
                                 struct curl_slist **list,
                                 struct skp_diag *diag)
{
    char line[HEADER_VALUE_MAX];

    SKP_TRY(add_header(list, "Accept: application/json"));
    SKP_TRY(add_token(list, request->token, diag));
    if (request->etag != NULL && request->etag[0] != '\0') {
        (void)snprintf(line, sizeof line, "If-None-Match: %s", request->etag);
        SKP_TRY(add_header(list, line));
    }
    return SKP_ERR_OK;
}

/* For another server_name the URL gets that name, which TLS then asks for and
 * checks; the connection goes to the real host, and so does the Host header. */
static enum skp_err set_url(struct skd_http *http,
                            const char *url,
                            struct curl_slist **headers,
                            struct curl_slist **connect_to)
{
    struct skd_http_renamed renamed;
    char line[SKD_HTTP_URL_MAX + 16];

    if (http->tls->server_name == NULL ||
        skd_http_url_scheme(url) != SKD_HTTP_SCHEME_HTTPS) {
        return adapt(curl_easy_setopt(http->easy, CURLOPT_URL, url));
    }
    SKP_TRY(skd_http_url_rename(url, http->tls->server_name, &renamed));
    (void)snprintf(line, sizeof line, "Host: %s", renamed.host);
    SKP_TRY(add_header(headers, line));
    (void)snprintf(line, sizeof line, "::%s", renamed.place);
    SKP_TRY(add_header(connect_to, line));
    return adapt(curl_easy_setopt(http->easy, CURLOPT_URL, renamed.url));
}

/* What the end of a transfer means. */
static enum skp_err judge(const struct skd_http *http,
                          const struct transfer *transfer,
                          CURLcode code,
                          struct skp_diag *diag)
{
    if (transfer->why != NULL && transfer->err == SKP_ERR_INVALID_ARGUMENT) {
        return skp_fail(diag, transfer->err, "longer than %zu bytes",
                        transfer->body_max);
    }
    if (transfer->why != NULL) {
        return skp_fail(diag, transfer->err, "%s", transfer->why);
    }
    if (code == CURLE_OK || transfer->is_unwanted) {
        return SKP_ERR_OK;
    }
    if (code == CURLE_OUT_OF_MEMORY) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "no complete answer before the deadline");
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s",
                        skd_http_setup_verify_text(http->easy));
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s",
                    http->error[0] != '\0' ? http->error
                                           : curl_easy_strerror(code));
}

/* Hand the request to libcurl and wait for its end. */
static enum skp_err perform(struct skd_http *http,
                            struct transfer *transfer,
                            uint64_t left_ms,
                            struct skp_diag *diag)
{
    long timeout_ms = left_ms > INT32_MAX ? INT32_MAX : (long)left_ms;
    CURL *easy = http->easy;
    long status = 0;

    http->error[0] = '\0';
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms)));
    SKP_TRY(
        adapt(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms)));
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header)));
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer)));
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body)));
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer)));
    SKP_TRY(judge(http, transfer, curl_easy_perform(easy), diag));
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->answer->status = (unsigned)status;
    transfer->answer->retry_ms =
        skd_http_retry_ms(transfer->retry_after, skd_env_wall_s(http->env));
    return SKP_ERR_OK;
}

static enum skp_err get_remote(struct skd_http *http,
                               const struct skd_http_request *request,
                               struct skd_http_answer *ret,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(free_list) struct curl_slist *headers = NULL;
    SKP_CLEANUP(free_list) struct curl_slist *connect_to = NULL;
    struct transfer transfer = { .http = http,
                                 .easy = http->easy,
                                 .answer = ret,
                                 .body_max = request->body_max };
    uint64_t now_ms = skd_env_now_ms(http->env);
    enum skp_err err;

    if (now_ms >= request->deadline_ms) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "the deadline has passed");
    }
    SKP_TRY(make_headers(request, &headers, diag));
    if (set_url(http, request->url, &headers, &connect_to) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "server_name is no name");
    }
    SKP_TRY(adapt(curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, headers)));
    SKP_TRY(
        adapt(curl_easy_setopt(http->easy, CURLOPT_CONNECT_TO, connect_to)));
    err = perform(http, &transfer, request->deadline_ms - now_ms, diag);
    /* The lists go with this function; the handle must forget them. */
    (void)curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(http->easy, CURLOPT_CONNECT_TO, NULL);
    return err;
}

static enum skp_err get_file(const struct skd_http_request *request,
                             struct skd_http_answer *ret,
                             struct skp_diag *diag)
{
    char path[SKD_HTTP_URL_MAX];

    if (skd_http_url_path(request->url, path) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "not a file URL");
    }
    SKP_TRY(skd_local_file_read(path, request->body_max, &ret->body, diag));
    ret->status = 200;
    return SKP_ERR_OK;
}

enum skp_err skd_http_get(struct skd_http *http,
                          const struct skd_http_request *request,
                          struct skd_http_answer *ret,
                          struct skp_diag *diag)
{
    switch (skd_http_url_scheme(request->url)) {
    case SKD_HTTP_SCHEME_FILE:
        return get_file(request, ret, diag);
    case SKD_HTTP_SCHEME_HTTP:
    case SKD_HTTP_SCHEME_HTTPS:
        return get_remote(http, request, ret, diag);
    case SKD_HTTP_SCHEME_NONE:
    default:
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "only http, https and file URLs are read");
    }
}

bool skd_http_server_cert(const struct skd_http *http, struct skd_cert *ret)
{
    if (http->server.not_after_s == 0) {
        return false;
    }
    *ret = http->server;
    return true;
}
