/* metrics.h - /metrics, /livez and /readyz over HTTP, on the main loop.
 *
 * libmicrohttpd keeps the connections; its epoll descriptor is watched by the
 * main loop, so that there is no further thread and nothing to lock.  Sockets
 * do not block: a reader that is slow only keeps its own connection, which ends
 * after SKD_METRICS_LIFE_MS whatever it does.  A text that took long to make is
 * given again for a while.
 *
 *     GET /metrics   200, Prometheus text
 *     GET /livez     200 "ok": the main loop turns
 *     GET /readyz    200 "ok", or 503 and one line that says why not
 *
 * Anything else is 404, another method than GET and HEAD 405; bodies are not
 * read.
 *
 * Thread:   main loop.
 * Secrets:  none is written.  Whoever can connect can read: on TCP that is
 * every user of the machine, on a Unix socket those with its group.
 */
#ifndef SKD_METRICS_H
#define SKD_METRICS_H

#include <stdio.h>

#include <uv.h>

#include "protocol/diag.h"

/* Connections at the same time; more wait for one of them to end. */
#define SKD_METRICS_CONNECTIONS_MAX 16u
/* A connection ends after this time, however busy it is. */
#define SKD_METRICS_LIFE_MS 5000u

/* Where answers come from; called on the main loop. */
struct skd_metrics_ops {
    void *state;

    /* Write the text of /metrics; errors stay with the stream. */
    void (*write)(void *state, FILE *out);

    /* NULL when there are keys to serve; else why not, in one line. */
    const char *(*why_not_ready)(void *state);
};

struct skd_metrics; /* opaque */

/* Listen at @address, "host:port" or "unix:/path".
 * @loop  borrowed.
 * @ops   copied.
 * Errors of skd_metrics_socket_open, and
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory or descriptors. */
SKP_MUST_CHECK enum skp_err skd_metrics_start(uv_loop_t *loop,
                                              const char *address,
                                              const struct skd_metrics_ops *ops,
                                              struct skd_metrics **ret,
                                              struct skp_diag *diag);

/* Close all connections and the socket; the memory goes when the loop has
 * turned once more.  Accepts NULL. */
void skd_metrics_free(struct skd_metrics **metrics);

#endif /* SKD_METRICS_H */
