/* test_metrics.c - metrics over HTTP: the loop turns in this thread, so that
 * whatever would block it would hang the test. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent/ops/metrics.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

/* More than a socket holds. */
#define BIG_LEN ((size_t)2 * 1024 * 1024)
#define BIG_END "32767\n"

static uv_loop_t loop;
static struct skd_metrics *metrics;
static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 16];
static const char *not_ready;
static bool is_big;
static unsigned n_written;
static int write_ms; /* how long it takes */

static void write_text(void *state, FILE *out)
{
    ck_assert_ptr_eq(state, &loop);
    n_written++;
    if (write_ms > 0) {
        (void)poll(NULL, 0, write_ms);
    }
    (void)fprintf(out, "sidekey_up 1\n");
    for (size_t i = 0; is_big && i < BIG_LEN / 64; i++) {
        (void)fprintf(out, "%063zu\n", i);
    }
}

static const char *why_not_ready(void *state)
{
    ck_assert_ptr_eq(state, &loop);
    return not_ready;
}

static void set_up(void)
{
    const struct skd_metrics_ops ops = { &loop, write_text, why_not_ready };
    char address[SKT_PATH_MAX + 32];

    ck_assert(skt_tempdir(folder));
    (void)snprintf(path, sizeof path, "%s/m.sock", folder);
    (void)snprintf(address, sizeof address, "unix:%s", path);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    not_ready = NULL;
    is_big = false;
    n_written = 0;
    write_ms = 0;
    skt_ok(skd_metrics_start(&loop, address, &ops, &metrics, NULL));
}

/* Nothing is left: the loop can be closed. */
static void tear_down(void)
{
    skd_metrics_free(&metrics);
    ck_assert_ptr_null(metrics);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
}

static int dial(void)
{
    struct sockaddr_un place = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(place.sun_path, sizeof place.sun_path, "%.100s", path);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&place, sizeof place),
                     0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (ssize_t)strlen(text));
}

static double seconds(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void turn(void)
{
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

/* Turn until the agent closes, and keep what came; close. */
static size_t read_all(int fd, char *ret, size_t cap)
{
    double until = seconds() + 60;
    size_t len = 0;
    ssize_t n = -1;

    while (n != 0) {
        ck_assert_msg(seconds() < until, "no end after: %.*s", (int)len, ret);
        turn();
        n = recv(fd, ret + len, cap - 1 - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
        ck_assert_uint_lt(len, cap - 1);
    }
    ret[len] = '\0';
    (void)close(fd);
    return len;
}

static const char *ask(const char *request)
{
    static char answer[4096];
    int fd = dial();

    say(fd, request);
    (void)read_all(fd, answer, sizeof answer);
    return answer;
}

static const char *get(const char *what)
{
    char request[256];

    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", what);
    return ask(request);
}

static void check_answer(const char *answer, const char *code, const char *body)
{
    const char *end = strstr(answer, "\r\n\r\n");

    ck_assert_msg(strncmp(answer, code, strlen(code)) == 0, "%s", answer);
    ck_assert_ptr_nonnull(end);
    ck_assert_str_eq(end + 4, body);
}

START_TEST(live_ready_and_metrics_are_answered)
{
    set_up();
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    check_answer(get("/readyz"), "HTTP/1.1 200 ", "ok\n");
    not_ready = "no keys are loaded yet";
    check_answer(get("/readyz"), "HTTP/1.1 503 ", "no keys are loaded yet\n");
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    check_answer(get("/metrics"), "HTTP/1.1 200 ", "sidekey_up 1\n");
    ck_assert_ptr_nonnull(
        strstr(get("/metrics"), "Content-Type: text/plain; version=0.0.4"));
    ck_assert_uint_eq(n_written, 2);
    tear_down();
}
END_TEST

START_TEST(nothing_else_is_answered)
{
    set_up();
    check_answer(get("/"), "HTTP/1.1 404 ",
                 "there are /metrics, /livez and /readyz\n");
    check_answer(get("/metrics/"), "HTTP/1.1 404 ",
                 "there are /metrics, /livez and /readyz\n");
    /* The body never comes, and is not waited for. */
    check_answer(ask("POST /metrics HTTP/1.1\r\nHost: h\r\n"
                     "Content-Length: 99999999\r\n\r\n"),
                 "HTTP/1.1 405 ", "GET and HEAD only\n");
    check_answer(ask("HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
                 "HTTP/1.1 200 ", "");
    ck_assert_ptr_null(strstr(ask("rubbish\r\n\r\n"), " 200 "));
    tear_down();
}
END_TEST

START_TEST(a_request_line_and_headers_of_any_length_are_bounded)
{
    static char request[200000];
    static char answer[4096];
    int fd;

    set_up();
    memset(request, 'a', sizeof request);
    memcpy(request, "GET /", 5);
    fd = dial();
    (void)send(fd, request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)read_all(fd, answer, sizeof answer);
    ck_assert_ptr_null(strstr(answer, " 200 "));
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    tear_down();
}
END_TEST

/* True when it got all of it; no connection lives so long that a busy machine
 * could not take longer. */
static bool one_that_does_not_read(void)
{
    static char answer[2 * BIG_LEN];
    double start = seconds();
    int slow = dial();
    size_t len;

    n_written = 0;
    say(slow, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        turn();
    }
    /* What took long to write is given again. */
    ck_assert_uint_le(n_written, 1);
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    /* And once it reads, it gets all of it. */
    len = read_all(slow, answer, sizeof answer);
    if (len > BIG_LEN - 64) {
        ck_assert_ptr_nonnull(strstr(answer + BIG_LEN - 64, BIG_END));
        return true;
    }
    ck_assert(seconds() - start > SKD_METRICS_LIFE_MS / 1000.0);
    return false;
}

START_TEST(a_reader_that_does_not_read_holds_nobody_up)
{
    set_up();
    is_big = true;
    while (!one_that_does_not_read()) {
    }
    tear_down();
}
END_TEST

START_TEST(a_text_that_is_dear_is_given_again_for_a_while)
{
    double start;

    set_up();
    (void)get("/metrics");
    (void)get("/metrics");
    ck_assert_uint_eq(n_written, 2);
    write_ms = 40;
    (void)get("/metrics");
    ck_assert_uint_eq(n_written, 3);
    start = seconds();
    while (n_written == 3) {
        check_answer(get("/metrics"), "HTTP/1.1 200 ", "sidekey_up 1\n");
        ck_assert(seconds() < start + 60);
    }
    /* Ten times what it took, less what the loop has done since. */
    ck_assert(seconds() - start > 0.3);
    tear_down();
}
END_TEST

START_TEST(more_connections_than_there_may_be_wait_for_their_turn)
{
    int idle[SKD_METRICS_CONNECTIONS_MAX];
    char byte;
    int fd;

    set_up();
    for (size_t i = 0; i < SKD_METRICS_CONNECTIONS_MAX; i++) {
        idle[i] = dial();
        turn();
    }
    fd = dial();
    say(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        turn();
    }
    ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    (void)close(idle[3]);
    {
        static char answer[4096];

        (void)read_all(fd, answer, sizeof answer);
        check_answer(answer, "HTTP/1.1 200 ", "ok\n");
    }
    for (size_t i = 0; i < SKD_METRICS_CONNECTIONS_MAX; i++) {
        if (i != 3) {
            (void)close(idle[i]);
        }
    }
    tear_down();
}
END_TEST

/* Who sends a byte now and then never times out by itself. */
START_TEST(a_connection_that_drips_ends_all_the_same)
{
    double start = seconds();
    double next = start;
    int fd;
    char byte;

    set_up();
    fd = dial();
    say(fd, "GET /livez HTTP/1.1\r\n");
    while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0) {
        if (seconds() >= next) {
            (void)send(fd, "X", 1, MSG_NOSIGNAL);
            next += 0.25;
        }
        ck_assert(seconds() < start + 15);
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(seconds() - start >= SKD_METRICS_LIFE_MS / 1000.0 - 0.6);
    (void)close(fd);
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    tear_down();
}
END_TEST

static void on_alarm(uv_timer_t *timer)
{
    (void)timer;
}

static double cpu_seconds(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(without_descriptors_clients_wait_and_the_loop_does_not_spin)
{
    struct rlimit old_limit;
    struct rlimit limit;
    uv_timer_t alarm;
    double before;
    int top;
    int fd;

    set_up();
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    fd = dial();
    top = dup(fd);
    ck_assert_int_ge(top, 0);
    (void)close(top);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
    limit = old_limit;
    limit.rlim_cur = (rlim_t)top;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    say(fd, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_int_eq(uv_timer_init(&loop, &alarm), 0);
    ck_assert_int_eq(uv_timer_start(&alarm, on_alarm, 500, 0), 0);
    before = cpu_seconds();
    (void)uv_run(&loop, UV_RUN_ONCE);
    while (uv_is_active((uv_handle_t *)&alarm)) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(cpu_seconds() - before < 0.1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
    {
        static char answer[4096];

        (void)read_all(fd, answer, sizeof answer);
        check_answer(answer, "HTTP/1.1 200 ", "ok\n");
    }
    uv_close((uv_handle_t *)&alarm, NULL);
    tear_down();
}
END_TEST

START_TEST(the_end_does_not_wait_for_connections)
{
    int fd;

    set_up();
    fd = dial();
    say(fd, "GET /");
    turn();
    tear_down();
    (void)close(fd);
}
END_TEST

START_TEST(an_address_in_use_is_an_error_and_leaves_nothing_behind)
{
    const struct skd_metrics_ops ops = { &loop, write_text, why_not_ready };
    struct skd_metrics *second = NULL;
    struct skp_diag diag = { "" };
    char address[SKT_PATH_MAX + 32];

    set_up();
    (void)snprintf(address, sizeof address, "unix:%s", path);
    skt_err(skd_metrics_start(&loop, address, &ops, &second, &diag),
            SKP_ERR_ALREADY_EXISTS);
    ck_assert_ptr_null(second);
    check_answer(get("/livez"), "HTTP/1.1 200 ", "ok\n");
    skd_metrics_free(&second);
    tear_down();
}
END_TEST

SKT_SUITE("metrics",
          live_ready_and_metrics_are_answered,
          nothing_else_is_answered,
          a_request_line_and_headers_of_any_length_are_bounded,
          a_reader_that_does_not_read_holds_nobody_up,
          a_text_that_is_dear_is_given_again_for_a_while,
          more_connections_than_there_may_be_wait_for_their_turn,
          a_connection_that_drips_ends_all_the_same,
          without_descriptors_clients_wait_and_the_loop_does_not_spin,
          the_end_does_not_wait_for_connections,
          an_address_in_use_is_an_error_and_leaves_nothing_behind)
