/* http_script.h - an HTTP server of a test's own, that says what the test wrote
 * down, right or wrong.
 *
 * It serves one connection at a time in a thread of its own and closes it after
 * each answer.  Answers are bytes: status line, headers and body as they are to
 * go out, so that a test can lie about lengths.
 */
#ifndef SKT_HTTP_SCRIPT_H
#define SKT_HTTP_SCRIPT_H

#include <pthread.h>
#include <stdint.h>

#define SKT_HTTP_STEPS_MAX 32

/* One request that is expected, and its answer. */
struct skt_http_step {
    const char *target; /* "/a.json?x" of the request line; NULL: any */
    const char *answer; /* bytes up to the NUL */
    uint64_t more;      /* and so many bytes 'x' behind them */
    unsigned pause_ms;  /* between two bytes of the answer */
};

struct skt_http {
    uint16_t port;
    /* What skt_http_say was given; the thread reads them. */
    struct skt_http_step steps[SKT_HTTP_STEPS_MAX];
    size_t n_steps;
    /* What came, after skt_http_stop or between two requests. */
    char requests[SKT_HTTP_STEPS_MAX][2048];
    size_t n_requests;
    uint64_t n_sent; /* bytes of the last answer that went out */
    /* Not for tests. */
    int listener;
    pthread_t thread;
    pthread_mutex_t mutex;
};

/* Listen on a free port of 127.0.0.1 and serve.  Request number i gets the
 * answer of steps[i]; after the last step, or for another target, 599. */
void skt_http_start(struct skt_http *http);

/* Take up new steps from now on, which are copied, and forget the requests. */
void skt_http_say(struct skt_http *http,
                  const struct skt_http_step *steps,
                  size_t n_steps);

/* Requests since the last skt_http_say. */
size_t skt_http_n_requests(struct skt_http *http);

/* Stop serving and free; may be called twice. */
void skt_http_stop(struct skt_http *http);

#endif /* SKT_HTTP_SCRIPT_H */
