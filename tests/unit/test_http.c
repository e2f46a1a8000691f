/* test_http.c - one GET under one deadline, against a scripted server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/source/net/http.h"
#include "tests/lib/daemon.h"
#include "tests/lib/http_script.h"
#include "tests/lib/suite.h"

static const struct skd_tls_config no_tls;

/* A client with its server. */
struct bench {
    struct skt_http server;
    struct skd_http *http;
    struct skd_http_answer answer;
    struct skp_diag diag;
    char url[128];
};

static void open_bench(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    skt_http_start(&bench->server);
    skt_ok(skd_http_new(&skd_env_system, &no_tls, &bench->http, &bench->diag));
    (void)snprintf(bench->url, sizeof bench->url, "http://127.0.0.1:%u/list",
                   bench->server.port);
}

static void close_bench(struct bench *bench)
{
    skd_http_answer_done(&bench->answer);
    skd_http_free(&bench->http);
    skt_http_stop(&bench->server);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static enum skp_err get(struct bench *bench,
                        const struct skt_http_step *step,
                        const struct skd_http_request *ask)
{
    struct skd_http_request request = *ask;
    enum skp_err err;

    if (request.url == NULL) {
        request.url = bench->url;
    }
    if (request.deadline_ms == 0) {
        request.deadline_ms = skd_env_now_ms(&skd_env_system) + 20000;
    }
    if (request.body_max == 0) {
        request.body_max = 1000;
    }
    skd_http_answer_done(&bench->answer);
    bench->diag.text[0] = '\0';
    skt_http_say(&bench->server, step, 1);
    err = skd_http_get(bench->http, &request, &bench->answer, &bench->diag);
    (void)skt_http_n_requests(&bench->server); /* now they may be read */
    return err;
}

static enum skp_err get_answer(struct bench *bench, const char *answer)
{
    struct skt_http_step step = { .answer = answer };
    struct skd_http_request request = { .url = NULL };

    return get(bench, &step, &request);
}

static bool asked(const struct bench *bench, const char *line)
{
    return strstr(bench->server.requests[0], line) != NULL;
}

START_TEST(the_body_and_the_etag_come_back)
{
    struct bench bench;

    open_bench(&bench);
    skt_ok(get_answer(&bench, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                              "etag:  W/\"a b\" \r\n\r\nhello"));
    ck_assert_uint_eq(bench.answer.status, 200);
    ck_assert(skp_view_equal(skp_secret_view(&bench.answer.body),
                             skp_view_of("hello")));
    ck_assert_str_eq(bench.answer.etag, "W/\"a b\"");
    ck_assert_uint_eq(bench.answer.retry_ms, 0);
    close_bench(&bench);
}
END_TEST

START_TEST(the_request_says_what_it_must_and_nothing_else)
{
    struct bench bench;
    struct skt_http_step step = { .answer = "HTTP/1.1 304 Same\r\n\r\n" };
    struct skd_http_request request = { .token = skp_view_of("s3cr3t.token"),
                                        .etag = "\"v1\"" };

    open_bench(&bench);
    skt_ok(get(&bench, &step, &request));
    ck_assert_uint_eq(bench.answer.status, 304);
    ck_assert(asked(&bench, "GET /list HTTP/1.1\r\n"));
    ck_assert(asked(&bench, "\r\nAccept: application/json\r\n"));
    ck_assert(asked(&bench, "\r\nAuthorization: Bearer s3cr3t.token\r\n"));
    ck_assert(asked(&bench, "\r\nIf-None-Match: \"v1\"\r\n"));
    skt_ok(get_answer(&bench, "HTTP/1.1 304 Same\r\n\r\n"));
    ck_assert(!asked(&bench, "Authorization"));
    ck_assert(!asked(&bench, "If-None-Match"));
    ck_assert(!asked(&bench, "Accept-Encoding"));
    ck_assert(!asked(&bench, "User-Agent"));
    close_bench(&bench);
}
END_TEST

START_TEST(a_token_cannot_add_a_header)
{
    struct bench bench;
    struct skt_http_step step = { .answer = "HTTP/1.1 304 Same\r\n\r\n" };
    struct skd_http_request request = { .token = skp_view_of("a\r\nX: y") };

    open_bench(&bench);
    skt_err(get(&bench, &step, &request), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(bench.diag.text,
                     "the token holds a character that it may not");
    ck_assert_uint_eq(skt_http_n_requests(&bench.server), 0);
    close_bench(&bench);
}
END_TEST

START_TEST(a_redirect_is_an_answer_and_is_not_followed)
{
    struct bench bench;

    open_bench(&bench);
    skt_ok(get_answer(&bench, "HTTP/1.1 302 Found\r\nLocation: /x\r\n"
                              "Content-Length: 3\r\n\r\nabc"));
    ck_assert_uint_eq(bench.answer.status, 302);
    ck_assert_uint_eq(bench.answer.body.len, 0);
    ck_assert_uint_eq(skt_http_n_requests(&bench.server), 1);
    close_bench(&bench);
}
END_TEST

START_TEST(a_body_that_is_announced_too_long_is_not_read)
{
    struct bench bench;
    struct skd_http_request request = { .body_max = 10 };
    struct skt_http_step step = {
        .answer = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
        .more = 1u << 30
    };

    open_bench(&bench);
    skt_err(get(&bench, &step, &request), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(bench.diag.text, "longer than 10 bytes");
    ck_assert_uint_eq(bench.answer.body.cap, 0);
    close_bench(&bench);
    ck_assert_uint_lt(bench.server.n_sent, 64u << 20);
}
END_TEST

START_TEST(a_body_that_grows_too_long_is_not_stored)
{
    struct bench bench;
    struct skd_http_request request = { .body_max = 8192 };
    struct skt_http_step step = { .answer = "HTTP/1.1 200 OK\r\n\r\n",
                                  .more = 8193 };

    open_bench(&bench);
    skt_err(get(&bench, &step, &request), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(bench.diag.text, "longer than 8192 bytes");
    ck_assert_uint_le(bench.answer.body.len, 8192);
    step.more = 8192;
    skt_ok(get(&bench, &step, &request));
    ck_assert_uint_eq(bench.answer.body.len, 8192);
    close_bench(&bench);
}
END_TEST

START_TEST(the_body_of_an_error_is_not_read)
{
    struct bench bench;
    struct skt_http_step step = { .answer = "HTTP/1.1 500 Oh\r\n\r\n",
                                  .more = 1u << 30 };
    struct skd_http_request request = { .body_max = 10 };

    open_bench(&bench);
    skt_ok(get(&bench, &step, &request));
    ck_assert_uint_eq(bench.answer.status, 500);
    ck_assert_uint_eq(bench.answer.body.cap, 0);
    close_bench(&bench);
}
END_TEST

START_TEST(a_body_that_is_cut_short_is_no_answer)
{
    struct bench bench;

    open_bench(&bench);
    skt_err(
        get_answer(&bench, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"),
        SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(bench.diag.text,
                     "transfer closed with 4 bytes remaining to read");
    skt_err(get_answer(&bench, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                               "chunked\r\n\r\n5\r\nhello\r\n"),
            SKP_ERR_UNAVAILABLE);
    skt_err(get_answer(&bench, ""), SKP_ERR_UNAVAILABLE);
    skt_err(get_answer(&bench, "HELLO 1.0\r\n\r\n"), SKP_ERR_UNAVAILABLE);
    close_bench(&bench);
}
END_TEST

START_TEST(the_deadline_is_for_the_whole_answer)
{
    struct bench bench;
    struct skt_http_step step = { .answer = "HTTP/1.1 200 OK\r\n"
                                            "Content-Length: 9\r\n\r\nhello",
                                  .pause_ms = 50 };
    struct skd_http_request request = { .deadline_ms = 0 };
    uint64_t start_ms;

    open_bench(&bench);
    start_ms = skd_env_now_ms(&skd_env_system);
    request.deadline_ms = start_ms + 1000;
    skt_err(get(&bench, &step, &request), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(bench.diag.text, "no complete answer before the deadline");
    ck_assert_uint_lt(skd_env_now_ms(&skd_env_system), start_ms + 20000);
    request.deadline_ms = 1;
    skt_err(get(&bench, &step, &request), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(bench.diag.text, "the deadline has passed");
    close_bench(&bench);
}
END_TEST

START_TEST(headers_are_bounded)
{
    struct bench bench;
    const size_t cap = 200000;
    char *answer = malloc(cap);
    size_t len = 0;

    ck_assert_ptr_nonnull(answer);
    len += (size_t)snprintf(answer, cap, "HTTP/1.1 200 OK\r\n");
    while (len < 150000) {
        len += (size_t)snprintf(answer + len, cap - len, "X-Filler: %0900d\r\n",
                                1);
    }
    (void)snprintf(answer + len, cap - len, "Content-Length: 0\r\n\r\n");
    open_bench(&bench);
    skt_err(get_answer(&bench, answer), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(bench.diag.text, "the answer's headers are too long");
    close_bench(&bench);
    free(answer);
}
END_TEST

START_TEST(an_etag_too_long_or_odd_is_forgotten)
{
    struct bench bench;
    char answer[1000];

    open_bench(&bench);
    (void)snprintf(answer, sizeof answer,
                   "HTTP/1.1 200 OK\r\nETag: \"%0260d\"\r\n"
                   "Content-Length: 0\r\n\r\n",
                   1);
    skt_ok(get_answer(&bench, answer));
    ck_assert_str_eq(bench.answer.etag, "");
    skt_ok(get_answer(&bench, "HTTP/1.1 103 Early\r\nETag: \"old\"\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nContent-Length: "
                              "0\r\n\r\n"));
    ck_assert_str_eq(bench.answer.etag, "");
    close_bench(&bench);
}
END_TEST

START_TEST(retry_after_takes_seconds_and_dates)
{
    ck_assert_uint_eq(skd_http_retry_ms("120", 0), 120000);
    ck_assert_uint_eq(skd_http_retry_ms("0", 0), 0);
    ck_assert_uint_eq(skd_http_retry_ms("", 0), 0);
    ck_assert_uint_eq(skd_http_retry_ms("-5", 0), 0);
    ck_assert_uint_eq(skd_http_retry_ms("soon", 0), 0);
    ck_assert_uint_eq(skd_http_retry_ms("99999999999999999999999", 0),
                      SKD_HTTP_RETRY_MAX_MS);
    ck_assert_uint_eq(
        skd_http_retry_ms("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 90),
        90000);
    ck_assert_uint_eq(
        skd_http_retry_ms("Sun, 06 Nov 1994 08:49:37 GMT", 784111777), 0);
    ck_assert_uint_eq(
        skd_http_retry_ms("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 + 90), 0);
    ck_assert_uint_eq(skd_http_retry_ms("Sun, 06 Nov 1994 08:49:37 GMT", 0),
                      SKD_HTTP_RETRY_MAX_MS);
}
END_TEST

START_TEST(retry_after_is_given_back)
{
    struct bench bench;

    open_bench(&bench);
    skt_ok(get_answer(&bench, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
                              "Content-Length: 0\r\n\r\n"));
    ck_assert_uint_eq(bench.answer.status, 503);
    ck_assert_uint_eq(bench.answer.retry_ms, 7000);
    close_bench(&bench);
}
END_TEST

START_TEST(no_server_is_no_answer)
{
    struct bench bench;
    struct skd_http_request request = { .url = NULL };

    open_bench(&bench);
    skt_http_stop(&bench.server);
    skd_http_answer_done(&bench.answer);
    request.url = bench.url;
    request.deadline_ms = skd_env_now_ms(&skd_env_system) + 60000;
    skt_err(skd_http_get(bench.http, &request, &bench.answer, &bench.diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "Failed to connect"));
    skd_http_free(&bench.http);
}
END_TEST

START_TEST(proxies_of_the_environment_are_not_asked)
{
    struct bench bench;

    /* NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs yet or still */
    ck_assert_int_eq(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    ck_assert_int_eq(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    open_bench(&bench);
    skt_ok(get_answer(&bench, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"));
    close_bench(&bench);
    (void)unsetenv("http_proxy");
    (void)unsetenv("ALL_PROXY");
    /* NOLINTEND(concurrency-mt-unsafe) */
}
END_TEST

START_TEST(other_schemes_are_refused)
{
    static const char *const urls[] = { "ftp://127.0.0.1/x", "gopher://h/",
                                        "smb://h/x",         "127.0.0.1/x",
                                        "dict://h/",         "" };
    struct bench bench;

    open_bench(&bench);
    for (size_t i = 0; i < SKP_ARRAY_LEN(urls); i++) {
        struct skd_http_request request = { .url = urls[i] };
        struct skt_http_step step = { .answer = "" };

        skt_err(get(&bench, &step, &request), SKP_ERR_UNAVAILABLE);
        ck_assert_str_eq(bench.diag.text,
                         "only http, https and file URLs are read");
    }
    close_bench(&bench);
}
END_TEST

START_TEST(a_file_is_read_and_bounded)
{
    struct bench bench;
    char folder[SKT_PATH_MAX];
    char path[SKT_PATH_MAX + 32];
    char url[SKT_PATH_MAX + 64];
    struct skt_http_step step = { .answer = "" };
    struct skd_http_request request = { .url = url, .body_max = 5 };

    open_bench(&bench);
    ck_assert(skt_tempdir(folder));
    (void)snprintf(path, sizeof path, "%s/a b.json", folder);
    (void)snprintf(url, sizeof url, "file://%s/a%%20b.json", folder);
    ck_assert(skt_write_file(path, "hello", 0600));
    skt_ok(get(&bench, &step, &request));
    ck_assert_uint_eq(bench.answer.status, 200);
    ck_assert(skp_view_equal(skp_secret_view(&bench.answer.body),
                             skp_view_of("hello")));
    ck_assert_str_eq(bench.answer.etag, "");
    request.body_max = 4;
    skt_err(get(&bench, &step, &request), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_int_eq(unlink(path), 0);
    skt_err(get(&bench, &step, &request), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "No such file"));
    /* A FIFO would hold a reader for ever. */
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    skt_err(get(&bench, &step, &request), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "no regular file"));
    close_bench(&bench);
}
END_TEST

START_TEST(an_unknown_cipher_suite_is_refused)
{
    static const uint16_t suites[] = { 0x1301, 0xfefe };
    struct skd_tls_config tls = { .cipher_suites = suites,
                                  .n_cipher_suites = 2 };
    struct skd_http *http = NULL;
    struct skp_diag diag = { "" };

    skt_err(skd_http_new(&skd_env_system, &tls, &http, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(diag.text, "65278"));
    ck_assert_ptr_null(http);
}
END_TEST

SKT_SUITE("http",
          the_body_and_the_etag_come_back,
          the_request_says_what_it_must_and_nothing_else,
          a_token_cannot_add_a_header,
          a_redirect_is_an_answer_and_is_not_followed,
          a_body_that_is_announced_too_long_is_not_read,
          a_body_that_grows_too_long_is_not_stored,
          the_body_of_an_error_is_not_read,
          a_body_that_is_cut_short_is_no_answer,
          the_deadline_is_for_the_whole_answer,
          headers_are_bounded,
          an_etag_too_long_or_odd_is_forgotten,
          retry_after_takes_seconds_and_dates,
          retry_after_is_given_back,
          no_server_is_no_answer,
          proxies_of_the_environment_are_not_asked,
          other_schemes_are_refused,
          a_file_is_read_and_bounded,
          an_unknown_cipher_suite_is_refused)
