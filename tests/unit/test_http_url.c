/* test_http_url.c - which URLs may follow one another, and how they are shown.
 */
#include <string.h>

#include "agent/source/net/http_url.h"
#include "protocol/bytes.h"
#include "tests/lib/suite.h"

START_TEST(references_are_resolved_as_in_rfc_3986)
{
    static const struct {
        const char *base;
        const char *reference;
        const char *expected;
    } rows[] = {
        { "http://h/a/b", "c", "http://h/a/c" },
        { "http://h/a/b", "./c", "http://h/a/c" },
        { "http://h/a/b", "c d", "http://h/a/c%20d" },
        { "http://h/a/b", "../c", "http://h/c" },
        { "http://h/a/b", "../../../c", "http://h/c" },
        { "http://h/a/b", "/c?x=1", "http://h/c?x=1" },
        { "http://h/a/b?page=1", "?page=2", "http://h/a/b?page=2" },
        { "http://h/a/b?page=1", "b?page=2", "http://h/a/b?page=2" },
        { "http://h/a/b?p=x/y", "c", "http://h/a/c" },
        { "http://h/a/b", "c#part", "http://h/a/c" },
        { "http://h/a/b", "//h/c", "http://h/c" },
        { "http://h/a/b", "http://H/c", "http://H/c" },
        { "http://h/a/b", "http://h:80/c", "http://h:80/c" },
        { "https://h:443/a", "https://h/c", "https://h/c" },
        { "http://u:p@h:81/a", "c", "http://u:p@h:81/c" },
        { "http://[::1]:8080/a/", "c", "http://[::1]:8080/a/c" },
        { "http://h", "c", "http://h/c" },
        { "file:///d/a.json", "b.json", "file:///d/b.json" },
        { "file:///d/e/a.json", "../b.json", "file:///d/b.json" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        char url[SKD_HTTP_URL_MAX] = "";
        struct skp_diag diag = { "" };
        enum skp_err err =
            skd_http_url_join(rows[i].base, rows[i].reference, url, &diag);

        ck_assert_msg(err == SKP_ERR_OK, "%s + %s: %s", rows[i].base,
                      rows[i].reference, diag.text);
        ck_assert_str_eq(url, rows[i].expected);
    }
}
END_TEST

START_TEST(a_reference_stays_on_its_origin)
{
    static const struct {
        const char *base;
        const char *reference;
        const char *why;
    } rows[] = {
        { "http://h/a", "https://h/a", "leaves the origin (another scheme)" },
        { "https://h/a", "http://h/a", "leaves the origin (another scheme)" },
        { "http://h/a", "file:///a", "leaves the origin (another scheme)" },
        { "file:///a", "http://h/a", "leaves the origin (another scheme)" },
        { "http://h/a", "//g/a", "leaves the origin (another host)" },
        { "http://h/a", "http://h.g/a", "leaves the origin (another host)" },
        { "http://h/a", "http://h@g/a", "leaves the origin (another host)" },
        { "http://h/a", "http://h:81/a", "leaves the origin (another port)" },
        { "https://h/a", "//h:80/a", "leaves the origin (another port)" },
        { "http://h/a", "http://u@h/a", "has other credentials" },
        { "http://u:p@h/a", "http://u:q@h/a", "has other credentials" },
        { "http://u:p@h/a", "http://h/a", "has other credentials" },
        { "http://h/a", "ftp://h/a", "leaves the origin (another scheme)" },
        { "http://h/a", "javascript:1", "is no URL" },
        { "http://h/a", "b\r\nc", "is no URL" },
        { "http://h/a", "http://h:99999/", "is no URL" },
        /* No path is left, and libcurl writes "file://(nil)". */
        { "file:///a", "", "is no URL" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        char url[SKD_HTTP_URL_MAX] = "untouched";
        struct skp_diag diag = { "" };

        ck_assert_msg(skd_http_url_join(rows[i].base, rows[i].reference, url,
                                        &diag) == SKP_ERR_INVALID_ARGUMENT,
                      "%s + %s gave %s", rows[i].base, rows[i].reference, url);
        ck_assert_str_eq(diag.text, rows[i].why);
        ck_assert_str_eq(url, "untouched");
    }
}
END_TEST

START_TEST(a_url_too_long_is_refused)
{
    char reference[SKD_HTTP_URL_MAX + 10];
    char url[SKD_HTTP_URL_MAX];
    struct skp_diag diag = { "" };

    memset(reference, 'a', sizeof reference);
    reference[sizeof reference - 1] = '\0';
    skt_err(skd_http_url_join("http://h/", reference, url, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "is too long");
}
END_TEST

START_TEST(what_is_shown_has_no_credentials)
{
    static const struct {
        const char *url;
        const char *expected;
    } rows[] = {
        { "http://h/a", "http://h/a" },
        { "https://user:pass@h:8443/a?sig=abc#x", "https://h:8443/a" },
        { "http://h/?token=t", "http://h/" },
        { "file:///a/b", "file:///a/b" },
        { "ftp://u:p@h/a", "ftp://h/a" },
        { "nothing at all", "(no URL)" },
        { "", "(no URL)" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        char shown[SKD_HTTP_URL_MAX];

        skd_http_url_show(rows[i].url, shown);
        ck_assert_str_eq(shown, rows[i].expected);
    }
}
END_TEST

START_TEST(three_schemes_are_known)
{
    ck_assert_int_eq(skd_http_url_scheme("http://h/"), SKD_HTTP_SCHEME_HTTP);
    ck_assert_int_eq(skd_http_url_scheme("HTTPS://h/"), SKD_HTTP_SCHEME_HTTPS);
    ck_assert_int_eq(skd_http_url_scheme("file:///x"), SKD_HTTP_SCHEME_FILE);
    ck_assert_int_eq(skd_http_url_scheme("ftp://h/"), SKD_HTTP_SCHEME_NONE);
    ck_assert_int_eq(skd_http_url_scheme("h/x"), SKD_HTTP_SCHEME_NONE);
}
END_TEST

START_TEST(a_file_url_gives_its_path)
{
    char path[SKD_HTTP_URL_MAX] = "untouched";

    skt_err(skd_http_url_path("http://h/x", path), SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_http_url_path("file:///x%0ay", path), SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_http_url_path("file:///x%00y", path), SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_http_url_path("file://elsewhere/x", path),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(path, "untouched");
    skt_ok(skd_http_url_path("file:///a%20b/c", path));
    ck_assert_str_eq(path, "/a b/c");
}
END_TEST

START_TEST(a_server_with_another_name_keeps_its_place)
{
    static const struct {
        const char *url;
        const char *name;
        const char *renamed;
        const char *host;
        const char *place;
    } rows[] = {
        { "https://10.0.0.1/a?b", "c.test", "https://c.test/a?b", "10.0.0.1",
          "10.0.0.1:443" },
        { "https://h:8443/a", "c.test", "https://c.test:8443/a", "h:8443",
          "h:8443" },
        { "https://[::1]:8443/a", "c.test", "https://c.test:8443/a",
          "[::1]:8443", "[::1]:8443" },
        { "https://h/a", "::1", "https://[::1]/a", "h", "h:443" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skd_http_renamed renamed;

        skt_ok(skd_http_url_rename(rows[i].url, rows[i].name, &renamed));
        ck_assert_str_eq(renamed.url, rows[i].renamed);
        ck_assert_str_eq(renamed.host, rows[i].host);
        ck_assert_str_eq(renamed.place, rows[i].place);
    }
}
END_TEST

START_TEST(a_name_that_is_none_is_refused)
{
    struct skd_http_renamed renamed;

    skt_err(skd_http_url_rename("https://h/", "a/b", &renamed),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_http_url_rename("https://h/", "", &renamed),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_http_url_rename("https://h/", "\a", &renamed),
            SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_url_has_a_host_and_the_port_it_names_or_its_scheme_s)
{
    static const struct {
        const char *url;
        const char *host;
        uint16_t port;
    } rows[] = {
        { "http://c/list", "c", 80 },
        { "https://u:p@c.example/list", "c.example", 443 },
        { "HTTPS://c:8443/list", "c", 8443 },
        { "http://[::1]:65535/", "[::1]", 65535 },
    };
    static char host[SKD_HTTP_URL_MAX];
    uint16_t port = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        skt_ok(skd_http_url_server(rows[i].url, host, &port));
        ck_assert_str_eq(host, rows[i].host);
        ck_assert_uint_eq(port, rows[i].port);
    }
    skt_err(skd_http_url_server("file:///list", host, &port),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_http_url_server("http://c:0x50/", host, &port),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(host, "[::1]");
    ck_assert_uint_eq(port, 65535);
}
END_TEST

SKT_SUITE("http_url",
          a_url_has_a_host_and_the_port_it_names_or_its_scheme_s,
          references_are_resolved_as_in_rfc_3986,
          a_reference_stays_on_its_origin,
          a_url_too_long_is_refused,
          what_is_shown_has_no_credentials,
          three_schemes_are_known,
          a_file_url_gives_its_path,
          a_server_with_another_name_keeps_its_place,
          a_name_that_is_none_is_refused)
