/* http_script.c - a scripted HTTP server; see http_script.h. */
#include "tests/lib/http_script.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/suite.h"

static void pause_ms(unsigned ms)
{
    struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

    if (ms > 0) {
        (void)nanosleep(&time, NULL);
    }
}

/* Read up to the empty line; what does not fit is dropped. */
static void read_request(int fd, char *ret, size_t cap)
{
    size_t len = 0;

    ret[0] = '\0';
    while (len + 1 < cap && strstr(ret, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, ret + len, cap - 1 - len, 0);

        if (got <= 0) {
            return;
        }
        len += (size_t)got;
        ret[len] = '\0';
    }
}

static bool is_for(const char *request, const char *target)
{
    size_t len;

    if (target == NULL) {
        return true;
    }
    len = strlen(target);
    return strncmp(request, "GET ", 4) == 0 &&
           strncmp(request + 4, target, len) == 0 && request[4 + len] == ' ';
}

static uint64_t send_answer(int fd, const struct skt_http_step *step)
{
    size_t len = strlen(step->answer);
    size_t at_once = step->pause_ms > 0 ? 1 : len;
    char filler[4096];
    uint64_t sent = 0;

    memset(filler, 'x', sizeof filler);
    for (size_t at = 0; at < len; at += at_once) {
        if (send(fd, step->answer + at, at_once, MSG_NOSIGNAL) < 0) {
            return sent;
        }
        sent += at_once;
        pause_ms(step->pause_ms);
    }
    for (uint64_t left = step->more; left > 0;) {
        size_t n = left < sizeof filler ? (size_t)left : sizeof filler;
        ssize_t got = send(fd, filler, n, MSG_NOSIGNAL);

        if (got <= 0) {
            return sent;
        }
        sent += (uint64_t)got;
        left -= (uint64_t)got;
    }
    return sent;
}

static void serve_one(struct skt_http *http, int fd)
{
    static const struct skt_http_step unexpected = {
        .answer = "HTTP/1.1 599 Unexpected\r\nContent-Length: 0\r\n\r\n"
    };
    struct skt_http_step step = unexpected;
    char request[sizeof http->requests[0]];
    uint64_t sent;

    read_request(fd, request, sizeof request);
    (void)pthread_mutex_lock(&http->mutex);
    if (http->n_requests < http->n_steps &&
        is_for(request, http->steps[http->n_requests].target)) {
        step = http->steps[http->n_requests];
    }
    if (http->n_requests < SKT_HTTP_STEPS_MAX) {
        memcpy(http->requests[http->n_requests++], request, sizeof request);
    }
    (void)pthread_mutex_unlock(&http->mutex);
    sent = send_answer(fd, &step);
    (void)pthread_mutex_lock(&http->mutex);
    http->n_sent = sent;
    (void)pthread_mutex_unlock(&http->mutex);
}

static void *serve(void *state)
{
    struct skt_http *http = state;

    for (;;) {
        int fd = accept(http->listener, NULL, NULL);

        if (fd < 0) {
            return NULL;
        }
        serve_one(http, fd);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
}

void skt_http_start(struct skt_http *http)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;

    memset(http, 0, sizeof *http);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    http->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(http->listener, 0);
    ck_assert_int_eq(
        bind(http->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(http->listener, 16), 0);
    ck_assert_int_eq(
        getsockname(http->listener, (struct sockaddr *)&address, &len), 0);
    http->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_mutex_init(&http->mutex, NULL), 0);
    ck_assert_int_eq(pthread_create(&http->thread, NULL, serve, http), 0);
}

void skt_http_say(struct skt_http *http,
                  const struct skt_http_step *steps,
                  size_t n_steps)
{
    ck_assert_uint_le(n_steps, SKT_HTTP_STEPS_MAX);
    (void)pthread_mutex_lock(&http->mutex);
    memmove(http->steps, steps, n_steps * sizeof *steps);
    http->n_steps = n_steps;
    http->n_requests = 0;
    (void)pthread_mutex_unlock(&http->mutex);
}

size_t skt_http_n_requests(struct skt_http *http)
{
    size_t n;

    (void)pthread_mutex_lock(&http->mutex);
    n = http->n_requests;
    (void)pthread_mutex_unlock(&http->mutex);
    return n;
}

void skt_http_stop(struct skt_http *http)
{
    if (http->port == 0) {
        return;
    }
    http->port = 0;
    /* Wakes accept, which close alone would not. */
    (void)shutdown(http->listener, SHUT_RDWR);
    (void)pthread_join(http->thread, NULL);
    (void)close(http->listener);
    (void)pthread_mutex_destroy(&http->mutex);
}
