/* test_coordinator.c - the whole list: pages, revisions, ETags, against a
 * scripted server. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/config/memory.h"
#include "agent/source/coordinator.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/daemon.h"
#include "tests/lib/http_script.h"
#include "tests/lib/suite.h"

#define ID_1 "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define ID_2 "0b9c1d2e-0000-4000-8000-00000000beef"
#define T_1  "{\"id\":\"" ID_1 "\",\"zero_knowledge\":true}"
#define T_2  "{\"id\":\"" ID_2 "\",\"zero_knowledge\":true}"

#define PAGE(revision, tenants, next) \
    "{\"revision\":" revision ",\"tenants\":[" tenants "],\"next\":" next "}"
#define OK(etag, body) \
    "HTTP/1.1 200 OK\r\nETag: \"" etag "\"\r\nConnection: close\r\n\r\n" body
#define OK_BARE(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define SAME          "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"

struct bench {
    struct skt_http server;
    struct skd_config config;
    struct skd_source *source;
    struct skd_material *material;
    struct skp_diag diag;
    uint64_t retry_ms;
    char url[1024];
    char base[64]; /* http://127.0.0.1:PORT */
};

static void open_bench(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    skt_http_start(&bench->server);
    (void)snprintf(bench->base, sizeof bench->base, "http://127.0.0.1:%u",
                   bench->server.port);
    (void)snprintf(bench->url, sizeof bench->url, "%s/v1/list", bench->base);
    skt_ok(skd_memory_new(&bench->config.memory));
    bench->config.coordinator = (struct skd_coordinator_config){
        .present = true,
        .url = bench->url,
        .timeout_ms = 20000,
        .max_page_bytes = 100000,
    };
    skt_ok(skd_source_coordinator_new(&bench->config, &bench->source));
}

static void close_bench(struct bench *bench)
{
    skd_material_free(&bench->material);
    bench->source->ops->free(&bench->source);
    ck_assert_ptr_null(bench->source);
    skd_memory_unref(&bench->config.memory);
    skt_http_stop(&bench->server);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static enum skp_err fetch_as(struct bench *bench, struct skd_fetch fetch)
{
    enum skp_err err;

    skd_material_free(&bench->material);
    skt_ok(skd_material_new(&bench->material));
    bench->diag.text[0] = '\0';
    bench->retry_ms = 99;
    err = bench->source->ops->fetch(bench->source, &fetch, bench->material,
                                    &bench->retry_ms, &bench->diag);
    (void)skt_http_n_requests(&bench->server); /* now they may be read */
    return err;
}

static enum skp_err fetch_with(struct bench *bench, const struct skd_env *env)
{
    return fetch_as(bench, (struct skd_fetch){ .env = env });
}

static enum skp_err fetch(struct bench *bench)
{
    return fetch_with(bench, &skd_env_system);
}

#define SAY(bench, ...)                                               \
    do {                                                              \
        static const struct skt_http_step steps_[] = { __VA_ARGS__ }; \
        skt_http_say(&(bench)->server, steps_,                        \
                     sizeof steps_ / sizeof steps_[0]);               \
    } while (0)

/* The diag is "page NUMBER (BASE + PATH): WHY". */
static void complained(struct bench *bench,
                       unsigned number,
                       const char *path,
                       const char *why)
{
    char expected[SKP_DIAG_MAX];

    (void)snprintf(expected, sizeof expected, "page %u (%s%s): %s", number,
                   bench->base, path, why);
    ck_assert_str_eq(bench->diag.text, expected);
}

START_TEST(a_list_of_three_pages_is_read_whole)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("7", "", "\"../v2/p3?x=1\"")), 0, 0 },
        { "/v2/p3?x=1", OK_BARE(PAGE("7", T_2, "null")), 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_uint_eq(skd_material_count(bench.material), 2);
    ck_assert_uint_eq(skd_material_find(bench.material, skp_view_of(ID_2)), 1);
    ck_assert(!skd_material_is_unchanged(bench.material));
    ck_assert_uint_eq(bench.retry_ms, 0);
    close_bench(&bench);
}
END_TEST

/* What was in the material each time it was told of. */
struct heard {
    struct bench *bench;
    size_t counts[8];
    unsigned n;
    unsigned n_max; /* at the next one it fails */
};

static enum skp_err on_more(void *state)
{
    struct heard *heard = state;

    if (heard->n == heard->n_max) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    heard->counts[heard->n++] = skd_material_count(heard->bench->material);
    return SKP_ERR_OK;
}

START_TEST(each_page_is_told_of_when_it_is_read)
{
    struct bench bench;
    struct heard heard = { .bench = &bench, .n_max = 2 };
    const struct skd_fetch request = { .env = &skd_env_system,
                                       .on_more = on_more,
                                       .state = &heard };

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("7", T_2, "null")), 0, 0 });
    skt_ok(fetch_as(&bench, request));
    ck_assert_uint_eq(heard.n, 2);
    ck_assert_uint_eq(heard.counts[0], 1);
    ck_assert_uint_eq(heard.counts[1], 2);
    heard.n = 0;
    heard.n_max = 1;
    skt_http_say(&bench.server, bench.server.steps, 2);
    skt_err(fetch_as(&bench, request), SKP_ERR_RESOURCE_EXHAUSTED);
    complained(&bench, 2, "/v1/p2", "a limit was reached");
    close_bench(&bench);
}
END_TEST

START_TEST(an_empty_list_is_a_list)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", "", "null")), 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_uint_eq(skd_material_count(bench.material), 0);
    ck_assert(!skd_material_is_unchanged(bench.material));
    close_bench(&bench);
}
END_TEST

START_TEST(an_etag_counts_once_its_list_was_published)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK("v1", PAGE("7", T_1, "null")), 0, 0 });
    skt_ok(fetch(&bench));
    bench.source->ops->settle(bench.source, false);
    skt_http_say(&bench.server, bench.server.steps, 1);
    skt_ok(fetch(&bench));
    ck_assert_ptr_null(strstr(bench.server.requests[0], "If-None-Match"));
    bench.source->ops->settle(bench.source, true);
    SAY(&bench, { "/v1/list", SAME, 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_ptr_nonnull(
        strstr(bench.server.requests[0], "If-None-Match: \"v1\"\r\n"));
    ck_assert(skd_material_is_unchanged(bench.material));
    ck_assert_uint_eq(skd_material_count(bench.material), 0);
    bench.source->ops->settle(bench.source, true);
    skt_http_say(&bench.server, bench.server.steps, 1);
    skt_ok(fetch(&bench));
    ck_assert(skd_material_is_unchanged(bench.material));
    close_bench(&bench);
}
END_TEST

START_TEST(a_list_that_is_wanted_whole_is_read_whatever_its_etag)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK("v1", PAGE("7", T_1, "null")), 0, 0 });
    skt_ok(fetch(&bench));
    bench.source->ops->settle(bench.source, true);
    skt_http_say(&bench.server, bench.server.steps, 1);
    skt_ok(fetch_as(
        &bench, (struct skd_fetch){ .env = &skd_env_system, .whole = true }));
    ck_assert_ptr_null(strstr(bench.server.requests[0], "If-None-Match"));
    ck_assert_uint_eq(skd_material_count(bench.material), 1);
    close_bench(&bench);
}
END_TEST

static void publish_two_pages(struct bench *bench)
{
    SAY(bench, { "/v1/list", OK("a1", PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK("b1", PAGE("7", T_2, "null")), 0, 0 });
    skt_ok(fetch(bench));
    bench->source->ops->settle(bench->source, true);
}

START_TEST(every_page_must_answer_304_for_the_list_to_be_unchanged)
{
    struct bench bench;

    open_bench(&bench);
    publish_two_pages(&bench);
    SAY(&bench, { "/v1/list", SAME, 0, 0 }, { "/v1/p2", SAME, 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert(skd_material_is_unchanged(bench.material));
    ck_assert_ptr_nonnull(
        strstr(bench.server.requests[1], "If-None-Match: \"b1\"\r\n"));
    close_bench(&bench);
}
END_TEST

START_TEST(a_mixture_of_304_and_200_is_read_again_without_conditions)
{
    struct bench bench;

    open_bench(&bench);
    publish_two_pages(&bench);
    SAY(&bench, { "/v1/list", SAME, 0, 0 },
        { "/v1/p2", OK("b2", PAGE("8", "", "null")), 0, 0 },
        { "/v1/list", OK("a1", PAGE("8", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK("b2", PAGE("8", "", "null")), 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_uint_eq(skt_http_n_requests(&bench.server), 4);
    ck_assert_ptr_null(strstr(bench.server.requests[2], "If-None-Match"));
    ck_assert_ptr_null(strstr(bench.server.requests[3], "If-None-Match"));
    ck_assert(!skd_material_is_unchanged(bench.material));
    ck_assert_uint_eq(skd_material_count(bench.material), 1);
    close_bench(&bench);
}
END_TEST

START_TEST(a_first_page_that_changed_is_not_asked_for_twice)
{
    struct bench bench;

    open_bench(&bench);
    publish_two_pages(&bench);
    SAY(&bench, { "/v1/list", OK("a2", PAGE("8", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK("b2", PAGE("8", T_2, "null")), 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_uint_eq(skt_http_n_requests(&bench.server), 2);
    ck_assert_ptr_null(strstr(bench.server.requests[1], "If-None-Match"));
    ck_assert_uint_eq(skd_material_count(bench.material), 2);
    /* Not published: the old ETags are still the ones that count. */
    bench.source->ops->settle(bench.source, false);
    SAY(&bench, { "/v1/list", SAME, 0, 0 }, { "/v1/p2", SAME, 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_ptr_nonnull(
        strstr(bench.server.requests[0], "If-None-Match: \"a1\"\r\n"));
    close_bench(&bench);
}
END_TEST

START_TEST(one_page_without_an_etag_makes_all_unconditional)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK("a1", PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("7", T_2, "null")), 0, 0 });
    skt_ok(fetch(&bench));
    bench.source->ops->settle(bench.source, true);
    skt_http_say(&bench.server, bench.server.steps, 2);
    skt_ok(fetch(&bench));
    ck_assert_ptr_null(strstr(bench.server.requests[0], "If-None-Match"));
    close_bench(&bench);
}
END_TEST

START_TEST(a_304_that_was_not_asked_for_is_no_list)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", SAME, 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    complained(&bench, 1, "/v1/list", "status 304");
    close_bench(&bench);
}
END_TEST

START_TEST(mixed_revisions_reject_the_list)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("8", T_2, "null")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 2, "/v1/p2", "its revision is not that of page 1");
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("\"7\"", T_2, "null")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    SAY(&bench,
        { "/v1/list", OK_BARE(PAGE("9007199254740992", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("9007199254740993", T_2, "null")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    close_bench(&bench);
}
END_TEST

START_TEST(an_id_on_two_pages_rejects_the_list)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("7", T_2 "," T_1, "null")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 2, "/v1/p2",
               "tenants[1] (" ID_1 "): the id is in the list already");
    close_bench(&bench);
}
END_TEST

START_TEST(next_may_not_lead_back)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", OK_BARE(PAGE("7", T_2, "\"list#again\"")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 2, "/v1/p2", "next leads back to page 1");
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"list\"")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 1, "/v1/list", "next leads back to page 1");
    close_bench(&bench);
}
END_TEST

START_TEST(next_may_not_leave_the_origin)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { "/v1/list",
                  OK_BARE(PAGE("7", T_1, "\"http://127.0.0.2/p2\"")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 1, "/v1/list", "next: leaves the origin (another host)");
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"file:///etc/passwd\"")),
                  0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 1, "/v1/list",
               "next: leaves the origin (another scheme)");
    ck_assert_uint_eq(skt_http_n_requests(&bench.server), 1);
    close_bench(&bench);
}
END_TEST

START_TEST(a_status_that_is_no_list_is_named)
{
    struct bench bench;

    open_bench(&bench);
    SAY(&bench, { NULL, "HTTP/1.1 500 Oh\r\nRetry-After: 9\r\n\r\nx", 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    complained(&bench, 1, "/v1/list", "status 500");
    ck_assert_uint_eq(bench.retry_ms, 0);
    SAY(&bench, { NULL, "HTTP/1.1 301 Go\r\nLocation: /v1/p2\r\n\r\n", 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    complained(&bench, 1, "/v1/list",
               "status 301, and redirects are not followed");
    ck_assert_uint_eq(skt_http_n_requests(&bench.server), 1);
    SAY(&bench, { NULL, "HTTP/1.1 401 No\r\n\r\n", 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    complained(&bench, 1, "/v1/list", "status 401");
    close_bench(&bench);
}
END_TEST

START_TEST(no_kind_of_redirect_is_followed_however_many_there_are)
{
    static const unsigned statuses[] = { 300, 301, 302, 303, 307, 308 };
    struct bench bench;

    open_bench(&bench);
    for (size_t i = 0; i < SKP_ARRAY_LEN(statuses); i++) {
        char answer[256];
        const struct skt_http_step steps[] = { { NULL, answer, 0, 0 },
                                               { NULL, answer, 0, 0 } };
        char expected[64];

        (void)snprintf(answer, sizeof answer,
                       "HTTP/1.1 %u Go\r\nLocation: %s/v1/list\r\n\r\n",
                       statuses[i], bench.base);
        (void)snprintf(expected, sizeof expected,
                       "status %u, and redirects are not followed",
                       statuses[i]);
        skt_http_say(&bench.server, steps, SKP_ARRAY_LEN(steps));
        skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
        complained(&bench, 1, "/v1/list", expected);
        ck_assert_uint_eq(skt_http_n_requests(&bench.server), 1);
    }
    close_bench(&bench);
}
END_TEST

START_TEST(what_is_hostile_is_named_by_page_and_entry)
{
    static const struct {
        const char *page;
        const char *why;
    } rows[] = {
        { PAGE("7", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "null"),
          "tenants[0]: nested too deeply at byte " },
        { PAGE("7", T_2 ",{\"id\":\"\xc0\xaf\"}", "null"),
          "tenants[1]: a string is no UTF-8 at byte " },
        { PAGE("7", "{\"id\":12,\"zero_knowledge\":true}", "null"),
          "tenants[0]: id is no string" },
        { PAGE("7", T_2 "," T_2, "null"),
          "tenants[1] (" ID_2 "): the id is in the list already" },
    };
    struct bench bench;

    open_bench(&bench);
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        char answer[1024];
        const struct skt_http_step steps[] = {
            { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
            { "/v1/p2", answer, 0, 0 },
        };
        char expected[SKP_DIAG_MAX];

        (void)snprintf(answer, sizeof answer, OK_BARE("%s"), rows[i].page);
        skt_http_say(&bench.server, steps, SKP_ARRAY_LEN(steps));
        skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
        (void)snprintf(expected, sizeof expected, "page 2 (%s/v1/p2): %s",
                       bench.base, rows[i].why);
        ck_assert_msg(strncmp(bench.diag.text, expected, strlen(expected)) == 0,
                      "%s", bench.diag.text);
    }
    close_bench(&bench);
}
END_TEST

START_TEST(a_gibibyte_without_a_length_is_cut_off_at_max_page_bytes)
{
    struct bench bench;

    open_bench(&bench);
    bench.config.coordinator.max_page_bytes = (size_t)1 << 20;
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2", "HTTP/1.1 200 OK\r\n\r\n", (uint64_t)1 << 30, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 2, "/v1/p2", "longer than 1048576 bytes");
    close_bench(&bench);
    ck_assert_uint_lt(bench.server.n_sent, (uint64_t)64 << 20);
}
END_TEST

START_TEST(retry_after_of_429_and_503_is_handed_on)
{
    struct bench bench;
    struct skt_clock clock;

    open_bench(&bench);
    skt_clock_init(&clock, 5000, 1);
    SAY(&bench, { NULL, "HTTP/1.1 429 Slow\r\nRetry-After: 30\r\n\r\n", 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(bench.retry_ms, 30000);
    complained(&bench, 1, "/v1/list", "status 429");
    /* The fake wall clock stands at 1,000,000 s: 12 January 1970, 13:46:40. */
    SAY(&bench, { "/v1/list", OK_BARE(PAGE("7", T_1, "\"p2\"")), 0, 0 },
        { "/v1/p2",
          "HTTP/1.1 503 Busy\r\n"
          "Retry-After: Mon, 12 Jan 1970 13:47:00 GMT\r\n\r\n",
          0, 0 });
    skt_err(fetch_with(&bench, &clock.env), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(bench.retry_ms, 20000);
    complained(&bench, 2, "/v1/p2", "status 503");
    SAY(&bench, { NULL, "HTTP/1.1 503 Busy\r\n\r\n", 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(bench.retry_ms, 0);
    close_bench(&bench);
}
END_TEST

START_TEST(a_failed_fetch_keeps_the_published_etags)
{
    struct bench bench;

    open_bench(&bench);
    publish_two_pages(&bench);
    SAY(&bench, { "/v1/list", OK("a2", "{"), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 1, "/v1/list", "the text ends too early at byte 1");
    bench.source->ops->settle(bench.source, false);
    SAY(&bench, { "/v1/list", SAME, 0, 0 }, { "/v1/p2", SAME, 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert(skd_material_is_unchanged(bench.material));
    close_bench(&bench);
}
END_TEST

START_TEST(a_page_too_long_rejects_the_list)
{
    struct bench bench;

    open_bench(&bench);
    bench.config.coordinator.max_page_bytes = 10;
    SAY(&bench, { NULL, OK_BARE(PAGE("7", T_1, "null")), 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    complained(&bench, 1, "/v1/list", "longer than 10 bytes");
    close_bench(&bench);
}
END_TEST

START_TEST(credentials_in_the_url_are_used_but_not_shown)
{
    struct bench bench;

    open_bench(&bench);
    (void)snprintf(bench.url, sizeof bench.url,
                   "http://user:pass@127.0.0.1:%u/v1/list?sig=abc#x",
                   bench.server.port);
    SAY(&bench, { "/v1/list?sig=abc", "HTTP/1.1 500 Oh\r\n\r\n", 0, 0 });
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    complained(&bench, 1, "/v1/list", "status 500");
    ck_assert_ptr_nonnull(strstr(bench.server.requests[0],
                                 "Authorization: Basic dXNlcjpwYXNz\r\n"));
    close_bench(&bench);
}
END_TEST

START_TEST(the_token_file_is_read_anew_for_each_fetch)
{
    struct bench bench;
    char folder[SKT_PATH_MAX];
    char path[SKT_PATH_MAX + 16];

    open_bench(&bench);
    ck_assert(skt_tempdir(folder));
    (void)snprintf(path, sizeof path, "%s/token", folder);
    bench.config.coordinator.token_file = path;
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "token_file: /"));
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "No such file"));
    ck_assert(skt_write_file(path, "\r\n", 0600));
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "is empty"));
    for (int i = 1; i <= 2; i++) {
        char line[64];

        (void)snprintf(line, sizeof line, "token-%d\n", i);
        ck_assert(skt_write_file(path, line, 0600));
        SAY(&bench, { NULL, OK_BARE(PAGE("7", "", "null")), 0, 0 });
        skt_ok(fetch(&bench));
        (void)snprintf(line, sizeof line, "Authorization: Bearer token-%d\r\n",
                       i);
        ck_assert_ptr_nonnull(strstr(bench.server.requests[0], line));
    }
    close_bench(&bench);
}
END_TEST

START_TEST(an_inline_token_is_sent)
{
    struct bench bench;

    open_bench(&bench);
    bench.config.coordinator.token = skp_view_of("inline");
    SAY(&bench, { NULL, OK_BARE(PAGE("7", "", "null")), 0, 0 });
    skt_ok(fetch(&bench));
    ck_assert_ptr_nonnull(
        strstr(bench.server.requests[0], "Authorization: Bearer inline\r\n"));
    close_bench(&bench);
}
END_TEST

START_TEST(a_list_in_files_is_parsed_every_time)
{
    struct bench bench;
    char folder[SKT_PATH_MAX];
    char path[SKT_PATH_MAX + 16];

    open_bench(&bench);
    ck_assert(skt_tempdir(folder));
    (void)snprintf(bench.url, sizeof bench.url, "file://%s/list.json", folder);
    (void)snprintf(path, sizeof path, "%s/list.json", folder);
    ck_assert(skt_write_file(path, PAGE("7", T_1, "\"p2.json\""), 0600));
    (void)snprintf(path, sizeof path, "%s/p2.json", folder);
    ck_assert(skt_write_file(path, PAGE("7", T_2, "null"), 0600));
    for (int i = 0; i < 2; i++) {
        skt_ok(fetch(&bench));
        ck_assert_uint_eq(skd_material_count(bench.material), 2);
        ck_assert(!skd_material_is_unchanged(bench.material));
        bench.source->ops->settle(bench.source, true);
    }
    ck_assert_int_eq(unlink(path), 0);
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(bench.diag.text, "No such file"));
    close_bench(&bench);
}
END_TEST

SKT_SUITE("coordinator",
          a_list_of_three_pages_is_read_whole,
          each_page_is_told_of_when_it_is_read,
          an_empty_list_is_a_list,
          an_etag_counts_once_its_list_was_published,
          a_list_that_is_wanted_whole_is_read_whatever_its_etag,
          every_page_must_answer_304_for_the_list_to_be_unchanged,
          a_mixture_of_304_and_200_is_read_again_without_conditions,
          a_first_page_that_changed_is_not_asked_for_twice,
          one_page_without_an_etag_makes_all_unconditional,
          a_304_that_was_not_asked_for_is_no_list,
          mixed_revisions_reject_the_list,
          an_id_on_two_pages_rejects_the_list,
          next_may_not_lead_back,
          next_may_not_leave_the_origin,
          a_status_that_is_no_list_is_named,
          no_kind_of_redirect_is_followed_however_many_there_are,
          what_is_hostile_is_named_by_page_and_entry,
          a_gibibyte_without_a_length_is_cut_off_at_max_page_bytes,
          retry_after_of_429_and_503_is_handed_on,
          a_failed_fetch_keeps_the_published_etags,
          a_page_too_long_rejects_the_list,
          credentials_in_the_url_are_used_but_not_shown,
          the_token_file_is_read_anew_for_each_fetch,
          an_inline_token_is_sent,
          a_list_in_files_is_parsed_every_time)
