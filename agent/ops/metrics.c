/* metrics.c - metrics over HTTP, on the main loop; see metrics.h. */
#include "agent/ops/metrics.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ops/metrics_socket.h"

/* Room for the request line and headers of one connection, and for what is
 * sent of the answer. */
#define CONNECTION_MEMORY 16384u
/* How often the lives of connections are looked at, while there are any. */
#define SWEEP_MS 500u
/* A text that took longer than this to make, with very many tenants, is given
 * again for so many times as long: whoever asks all the time cannot take more
 * than a part of the main loop. */
#define CHEAP_NS   10000000u
#define KEEP_TIMES 10u
/* Pause when the process has no descriptors left. */
#define PAUSE_MS 100u
/* Turns that libmicrohttpd may ask for at once. */
#define TURNS_MAX 8

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_TEXT    "text/plain; charset=utf-8"

struct life {
    int fd; /* -1: free */
    uint64_t since_ms;
};

struct skd_metrics {
    struct skd_metrics_ops ops;
    struct skd_metrics_socket socket;
    struct MHD_Daemon *daemon;
    uv_loop_t *loop;
    uv_poll_t poll;
    uv_timer_t sweep;
    struct life lives[SKD_METRICS_CONNECTIONS_MAX];
    char *text; /* of /metrics, as last made; NULL: never */
    size_t text_len;
    uint64_t keep_until_ns; /* of uv_hrtime */
    unsigned n_alive;
    uint64_t n_begun;   /* lives so far */
    unsigned n_handles; /* not closed yet */
};

/* ---- answers ------------------------------------------------------------ */

static enum MHD_Result queue(struct MHD_Connection *connection,
                             unsigned code,
                             const char *type,
                             struct MHD_Response *response)
{
    enum MHD_Result result;

    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
                                  "close");
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                  "no-store");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                      "GET, HEAD");
    }
    result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

/* Answer with @text and a newline. */
static enum MHD_Result
say(struct MHD_Connection *connection, unsigned code, const char *text)
{
    char line[256];
    int len = snprintf(line, sizeof line, "%.250s\n", text);

    return queue(connection, code, TYPE_TEXT,
                 MHD_create_response_from_buffer((size_t)len, line,
                                                 MHD_RESPMEM_MUST_COPY));
}

/* Make the text anew. */
static enum skp_err write_text(struct skd_metrics *metrics)
{
    uint64_t start_ns = uv_hrtime();
    uint64_t cost_ns;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    metrics->ops.write(metrics->ops.state, out);
    if (fclose(out) != 0) {
        free(text);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    free(metrics->text);
    metrics->text = text;
    metrics->text_len = len;
    cost_ns = uv_hrtime() - start_ns;
    metrics->keep_until_ns =
        cost_ns < CHEAP_NS ? 0 : uv_hrtime() + KEEP_TIMES * cost_ns;
    return SKP_ERR_OK;
}

static enum MHD_Result answer_metrics(struct skd_metrics *metrics,
                                      struct MHD_Connection *connection)
{
    if (uv_hrtime() >= metrics->keep_until_ns &&
        write_text(metrics) != SKP_ERR_OK) {
        return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    }
    return queue(connection, MHD_HTTP_OK, TYPE_METRICS,
                 MHD_create_response_from_buffer(
                     metrics->text_len, metrics->text, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result answer_ready(struct skd_metrics *metrics,
                                    struct MHD_Connection *connection)
{
    const char *why = metrics->ops.why_not_ready(metrics->ops.state);

    return why == NULL ? say(connection, MHD_HTTP_OK, "ok")
                       : say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, why);
}

/* Called when the headers are there; an answer at once leaves a body unread. */
static enum MHD_Result
on_request(void *state,
           struct MHD_Connection *connection,
           const char *url,
           const char *method,
           const char *version,
           const char *body,
           /* NOLINTNEXTLINE(readability-non-const-parameter) */
           size_t *body_len,
           void **ret_state)
{
    struct skd_metrics *metrics = state;

    (void)version;
    (void)body;
    (void)body_len;
    (void)ret_state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
        strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                   "GET and HEAD only");
    }
    if (strcmp(url, "/metrics") == 0) {
        return answer_metrics(metrics, connection);
    }
    if (strcmp(url, "/readyz") == 0) {
        return answer_ready(metrics, connection);
    }
    if (strcmp(url, "/livez") == 0) {
        return say(connection, MHD_HTTP_OK, "ok");
    }
    return say(connection, MHD_HTTP_NOT_FOUND,
               "there are /metrics, /livez and /readyz");
}

/* ---- connections -------------------------------------------------------- */

static void run_daemon(struct skd_metrics *metrics)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;

    for (int i = 0; i < TURNS_MAX && wait_ms == 0; i++) {
        (void)MHD_run(metrics->daemon);
        if (MHD_get_timeout(metrics->daemon, &wait_ms) != MHD_YES) {
            return;
        }
    }
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct skd_metrics *metrics = timer->data;

    (void)uv_poll_start(&metrics->poll, UV_READABLE, on_readable);
}

/* Without connections only a new one can wake us.  One that cannot be accepted
 * stays in the backlog, and the poll would report it again at once: look away
 * for a moment.  (With connections libmicrohttpd does so itself.) */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct skd_metrics *metrics = poll->data;
    uint64_t n_begun = metrics->n_begun;
    bool was_idle = metrics->n_alive == 0;

    (void)status;
    (void)events;
    run_daemon(metrics);
    if (was_idle && metrics->n_begun == n_begun) {
        (void)uv_poll_stop(&metrics->poll);
        (void)uv_timer_start(&metrics->sweep, on_pause_over, PAUSE_MS, 0);
    }
}

/* libmicrohttpd counts the time since the last byte; who sends one now and then
 * would stay for ever. */
static void on_sweep(uv_timer_t *timer)
{
    struct skd_metrics *metrics = timer->data;
    uint64_t now_ms = uv_now(metrics->loop);

    for (size_t i = 0; i < SKD_METRICS_CONNECTIONS_MAX; i++) {
        const struct life *life = &metrics->lives[i];

        if (life->fd >= 0 && now_ms - life->since_ms > SKD_METRICS_LIFE_MS) {
            (void)shutdown(life->fd, SHUT_RDWR);
        }
    }
    run_daemon(metrics);
}

static struct life *find_life(struct skd_metrics *metrics, int fd)
{
    for (size_t i = 0; i < SKD_METRICS_CONNECTIONS_MAX; i++) {
        if (metrics->lives[i].fd == fd) {
            return &metrics->lives[i];
        }
    }
    return NULL;
}

static void begin_life(struct skd_metrics *metrics, int fd)
{
    struct life *life = find_life(metrics, -1);

    if (life == NULL) {
        return; /* libmicrohttpd lets no more in than there are */
    }
    *life = (struct life){ fd, uv_now(metrics->loop) };
    metrics->n_begun++;
    if (metrics->n_alive++ == 0) {
        (void)uv_timer_start(&metrics->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    }
}

static void end_life(struct skd_metrics *metrics, int fd)
{
    struct life *life = find_life(metrics, fd);

    if (life == NULL) {
        return;
    }
    life->fd = -1;
    if (--metrics->n_alive == 0) {
        (void)uv_timer_stop(&metrics->sweep);
    }
}

static void on_connection(void *state,
                          struct MHD_Connection *connection,
                          void **ret_state,
                          enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    (void)ret_state;
    if (info == NULL) {
        return;
    }
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_life(state, info->connect_fd);
    } else {
        end_life(state, info->connect_fd);
    }
}

/* ---- the beginning and the end ------------------------------------------ */

static void release(struct skd_metrics *metrics)
{
    if (metrics->daemon != NULL) {
        MHD_stop_daemon(metrics->daemon); /* closes the socket */
    }
    skd_metrics_socket_done(&metrics->socket);
    free(metrics->text);
    free(metrics);
}

static void on_closed(uv_handle_t *handle)
{
    struct skd_metrics *metrics = handle->data;

    metrics->n_handles--;
    if (metrics->n_handles == 0) {
        release(metrics);
    }
}

static enum skp_err start_daemon(struct skd_metrics *metrics)
{
    metrics->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, metrics,
        MHD_OPTION_LISTEN_SOCKET, metrics->socket.fd,
        MHD_OPTION_CONNECTION_LIMIT, SKD_METRICS_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, SKD_METRICS_LIFE_MS / 1000u,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, metrics, MHD_OPTION_END);
    if (metrics->daemon == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    (void)skd_metrics_socket_take(&metrics->socket);
    return SKP_ERR_OK;
}

static enum skp_err watch_daemon(struct skd_metrics *metrics)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info == NULL ||
        uv_poll_init(metrics->loop, &metrics->poll, info->epoll_fd) != 0) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    (void)uv_timer_init(metrics->loop, &metrics->sweep);
    metrics->poll.data = metrics;
    metrics->sweep.data = metrics;
    metrics->n_handles = 2;
    return SKP_ERR_OK;
}

enum skp_err skd_metrics_start(uv_loop_t *loop,
                               const char *address,
                               const struct skd_metrics_ops *ops,
                               struct skd_metrics **ret,
                               struct skp_diag *diag)
{
    struct skd_metrics *metrics = calloc(1, sizeof *metrics);
    enum skp_err err;

    if (metrics == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    metrics->ops = *ops;
    metrics->loop = loop;
    metrics->socket.fd = -1;
    for (size_t i = 0; i < SKD_METRICS_CONNECTIONS_MAX; i++) {
        metrics->lives[i].fd = -1;
    }
    err = skd_metrics_socket_open(address, &metrics->socket, diag);
    if (err != SKP_ERR_OK) {
        release(metrics);
        return err;
    }
    err = start_daemon(metrics);
    if (err == SKP_ERR_OK) {
        err = watch_daemon(metrics);
    }
    if (err != SKP_ERR_OK) {
        release(metrics);
        return skp_fail(diag, err, "%s: no memory or descriptors", address);
    }
    if (uv_poll_start(&metrics->poll, UV_READABLE, on_readable) != 0) {
        skd_metrics_free(&metrics);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "%s: cannot be watched", address);
    }
    *ret = metrics;
    return SKP_ERR_OK;
}

void skd_metrics_free(struct skd_metrics **metrics)
{
    struct skd_metrics *old = *metrics;

    if (old == NULL) {
        return;
    }
    *metrics = NULL;
    /* Before the handles: no callback finds a daemon that is gone. */
    (void)uv_poll_stop(&old->poll);
    (void)uv_timer_stop(&old->sweep);
    uv_close((uv_handle_t *)&old->poll, on_closed);
    uv_close((uv_handle_t *)&old->sweep, on_closed);
}
