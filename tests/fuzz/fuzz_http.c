/* fuzz_http.c - URLs and times that a Coordinator names.
 *
 * Reaches: agent/source/net/http_url.c
 *
 * The input is lines: a base URL, a reference, a Retry-After value.  A page's
 * "next" never leads elsewhere, no credential is shown, and a server does not
 * silence the agent for longer than the limit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/source/net/http.h"
#include "agent/source/net/http_url.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 6000u
#define WALL_S    INT64_C(1780000000)

static char joined[SKD_HTTP_URL_MAX];
static char other[SKD_HTTP_URL_MAX];

static void check_join(const char *base, const char *reference)
{
    struct skp_diag diag = { "" };
    struct skd_http_renamed a;
    struct skd_http_renamed b;
    enum skp_err err = skd_http_url_join(base, reference, joined, &diag);

    if (err != SKP_ERR_OK) {
        ck_assert_int_eq(err, SKP_ERR_INVALID_ARGUMENT);
        ck_assert(diag.text[0] != '\0');
        return;
    }
    ck_assert_uint_lt(strlen(joined), SKD_HTTP_URL_MAX);
    ck_assert_ptr_null(strchr(joined, '#'));
    ck_assert_int_eq(skd_http_url_scheme(joined), skd_http_url_scheme(base));
    /* The origin, as rename tells it, is the same. */
    if (skd_http_url_rename(base, "x", &a) == SKP_ERR_OK &&
        skd_http_url_rename(joined, "x", &b) == SKP_ERR_OK) {
        ck_assert_msg(strcasecmp(a.place, b.place) == 0, "%s, %s", a.place,
                      b.place);
    }
    /* What was joined is absolute, and stays what it is; but libcurl cannot
     * write a file URL of the root anew. */
    if (strcmp(joined, "file:///") == 0) {
        return;
    }
    ck_assert_int_eq(skd_http_url_join(base, joined, other, &diag), SKP_ERR_OK);
    ck_assert_str_eq(joined, other);
}

static void check_show(const char *url)
{
    char secret[INPUT_MAX + 64];

    skd_http_url_show(url, other);
    ck_assert_uint_lt(strlen(other), SKD_HTTP_URL_MAX);
    if (strstr(url, "h1dd3n") != NULL) {
        return;
    }
    (void)snprintf(secret, sizeof secret, "https://u:h1dd3n@%s", url);
    skd_http_url_show(secret, other);
    ck_assert_ptr_null(strstr(other, "h1dd3n"));
    (void)snprintf(secret, sizeof secret, "https://host/%s?h1dd3n", url);
    if (strchr(url, '#') == NULL) {
        skd_http_url_show(secret, other);
        ck_assert_ptr_null(strstr(other, "h1dd3n"));
    }
}

static void check_path(const char *url)
{
    if (skd_http_url_path(url, other) != SKP_ERR_OK) {
        return;
    }
    ck_assert_int_eq(skd_http_url_scheme(url), SKD_HTTP_SCHEME_FILE);
    for (const char *c = other; *c != '\0'; c++) {
        ck_assert((unsigned char)*c >= 0x20);
    }
}

/* Where the agent may connect to is told by the URL, or by its scheme. */
static void check_server(const char *url)
{
    enum skd_http_scheme scheme = skd_http_url_scheme(url);
    bool is_http =
        scheme == SKD_HTTP_SCHEME_HTTP || scheme == SKD_HTTP_SCHEME_HTTPS;
    uint16_t port = 0;
    enum skp_err err = skd_http_url_server(url, other, &port);

    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert(is_http || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert(err != SKP_ERR_OK || other[0] != '\0');
    if (err == SKP_ERR_OK && strchr(url + strlen("http://"), ':') == NULL) {
        ck_assert_uint_eq(port, scheme == SKD_HTTP_SCHEME_HTTP ? 80 : 443);
    }
}

static void check_retry(const char *value)
{
    uint64_t ms = skd_http_retry_ms(value, WALL_S);
    size_t digits = strspn(value, "0123456789");

    ck_assert_uint_le(ms, SKD_HTTP_RETRY_MAX_MS);
    ck_assert_uint_eq(ms % 1000, 0);
    if (digits > 0 && digits < 18 && value[digits] == '\0') {
        uint64_t seconds = strtoull(value, NULL, 10);

        ck_assert_uint_eq(ms, seconds > SKD_HTTP_RETRY_MAX_MS / 1000
                                  ? SKD_HTTP_RETRY_MAX_MS
                                  : seconds * 1000);
    }
}

void skt_fuzz_http(struct skp_view input)
{
    struct skd_http_renamed renamed;
    char *base;
    char *reference;
    char *value;

    if (input.len > INPUT_MAX) {
        return;
    }
    base = skt_fuzz_text(skt_fuzz_until(&input, '\n'));
    reference = skt_fuzz_text(skt_fuzz_until(&input, '\n'));
    value = skt_fuzz_text(input);
    check_join(base, reference);
    check_show(base);
    check_path(base);
    check_server(base);
    check_retry(value);
    if (skd_http_url_rename(base, reference, &renamed) == SKP_ERR_OK) {
        ck_assert_int_eq(skd_http_url_scheme(renamed.url),
                         skd_http_url_scheme(base));
        ck_assert_ptr_null(strchr(renamed.host, '@'));
    }
    free(base);
    free(reference);
    free(value);
}

SKT_FUZZ_DOOR(http)
