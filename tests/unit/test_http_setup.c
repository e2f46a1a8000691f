/* test_http_setup.c - what libcurl is allowed to do.  The TLS options are
 * proved against a real server in tests/integration/test_coordinator_nginx.c.
 */
#include <string.h>

#include <curl/curl.h>

#include "agent/source/net/http_setup.h"
#include "tests/lib/suite.h"

static void *new_handle(const struct skd_tls_config *tls)
{
    void *easy = NULL;
    struct skp_diag diag = { "" };
    enum skp_err err = skd_http_setup_handle(tls, &easy, &diag);

    ck_assert_msg(err == SKP_ERR_OK, "%s", diag.text);
    ck_assert_ptr_nonnull(easy);
    return easy;
}

START_TEST(libcurl_speaks_http_and_nothing_else)
{
    static const char *const urls[] = {
        "file:///etc/hostname", "ftp://127.0.0.1/", "dict://127.0.0.1/",
        "ldap://127.0.0.1/",    "smb://h/x",        "telnet://127.0.0.1:1/"
    };
    struct skd_tls_config tls = { .n_cipher_suites = 0 };
    void *easy = new_handle(&tls);

    for (size_t i = 0; i < SKP_ARRAY_LEN(urls); i++) {
        ck_assert_int_eq(curl_easy_setopt(easy, CURLOPT_URL, urls[i]),
                         CURLE_OK);
        ck_assert_int_eq(curl_easy_perform(easy), CURLE_UNSUPPORTED_PROTOCOL);
    }
    curl_easy_cleanup(easy);
}
END_TEST

START_TEST(pem_texts_files_and_suites_are_taken)
{
    static const uint16_t suites[] = { 0x1301, 0xc02b, 0xcca8 };
    struct skd_tls_config tls = {
        .key = skp_view_of("key"),
        .cert = skp_view_of("cert"),
        .ca_file = "/nowhere/ca.pem",
        .cipher_suites = suites,
        .n_cipher_suites = SKP_ARRAY_LEN(suites),
        .insecure_skip_verify = true,
    };

    for (size_t n = 1; n <= SKP_ARRAY_LEN(suites); n++) {
        tls.n_cipher_suites = n;
        curl_easy_cleanup(new_handle(&tls));
    }
}
END_TEST

START_TEST(an_unknown_suite_is_refused_by_its_number)
{
    static const uint16_t suites[] = { 0xc02b, 0xfefe };
    struct skd_tls_config tls = { .cipher_suites = suites,
                                  .n_cipher_suites = 2 };
    void *easy = NULL;
    struct skp_diag diag = { "" };

    skt_err(skd_http_setup_handle(&tls, &easy, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(diag.text, "65278"));
    ck_assert_ptr_null(easy);
}
END_TEST

SKT_SUITE("http_setup",
          libcurl_speaks_http_and_nothing_else,
          pem_texts_files_and_suites_are_taken,
          an_unknown_suite_is_refused_by_its_number)
