/* server.h - the listening socket, the workers behind it, and what they serve.
 *
 * The main loop accepts and checks who the peer is; each worker is a thread
 * with a loop of its own that keeps a connection from accept to close.  What is
 * served - snapshot, access policy, limits - travels as one view, so that keys
 * and the rules about them change together.
 *
 * Thread:   main loop, except where a callback says otherwise.
 */
#ifndef SKD_SERVER_H
#define SKD_SERVER_H

#include <uv.h>

#include "agent/config/config.h"
#include "agent/serve/audit.h"
#include "agent/store/demand.h"
#include "agent/store/snapshot.h"
#include "agent/sys/env.h"
#include "agent/sys/request_totals.h"

struct skd_server; /* opaque */

/* A request of a client that the rest of the agent must answer.  The server
 * keeps the client's connection waiting until skd_server_answer. */
struct skd_ask;

/* What the agent does for the server.  All calls are on the main loop, but
 * for want, which comes from any worker and must only wake the main loop. */
struct skd_server_ops {
    void *state;

    /* Start a refresh, after the running one if there is one, and answer @ask
     * when it has ended. */
    void (*refresh)(void *state, struct skd_ask *ask, bool accept_removals);

    /* Drop the keys of @tenant and answer @ask. */
    void (*forget)(void *state, struct skd_ask *ask, struct skp_view tenant);

    /* Fill in the status (all but connections) and answer @ask with it. */
    void (*status)(void *state, struct skd_ask *ask);

    /* Any thread: a tenant was put on the demand list. */
    void (*want)(void *state);
};

struct skd_server_config {
    uv_loop_t *loop; /* borrowed: the main loop */
    const struct skd_env *env;
    const struct skd_config *config; /* pinned by the server */
    const char *socket;        /* listen here instead of config->socket; NULL */
    struct skd_demand *demand; /* borrowed; NULL where the list of tenants is
                                * final: unknown is NOT_FOUND */
    struct skd_audit *audit;   /* borrowed; NULL: off.  Workers are the first
                                * producers, the main loop is the last */
    struct skd_server_ops ops;
};

/* Bind the socket (or take @inherited_fd, -1 for none, from systemd) and start
 * the workers.  They answer UNAVAILABLE until the first publish.
 *   SKP_ERR_ALREADY_EXISTS      a living agent listens there.
 *   SKP_ERR_FAILED_PRECONDITION the path is no socket, or too long.
 *   SKP_ERR_PERMISSION_DENIED   the directory does not let us.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, threads, locked memory. */
SKP_MUST_CHECK enum skp_err
skd_server_start(const struct skd_server_config *server_config,
                 int inherited_fd,
                 struct skd_server **ret,
                 struct skp_diag *diag);

/* Serve @snapshot from now on; pinned by each worker.  Watching clients are
 * told what changed. */
void skd_server_publish(struct skd_server *server,
                        struct skd_snapshot *snapshot);

/* Take access rules, limits and log settings of a new configuration over; the
 * socket's path and the number of workers stay as they were started. */
void skd_server_reconfigure(struct skd_server *server,
                            const struct skd_config *config);

/* Connections now open. */
unsigned skd_server_connections(const struct skd_server *server);

/* Connections refused since the start, because there were too many. */
uint64_t skd_server_refused(const struct skd_server *server);

/* Of these, how many because max_connections were open, and how many because
 * max_connections_per_uid of their user were. */
void skd_server_over_quota(const struct skd_server *server,
                           uint64_t *ret_max,
                           uint64_t *ret_max_per_uid);

/* How often memory was let go of since the start: connections that have closed,
 * and snapshots with other keys than the one before. */
uint64_t skd_server_released(const struct skd_server *server);

/* Requests answered since the start, by all workers and here. */
void skd_server_tally(const struct skd_server *server,
                      struct skd_request_totals *ret);

/* CPU time that each worker has used, in microseconds; 0 for one that has
 * ended.
 * @ret  room for @cap of them; further ones are left out.
 * How many there are in @ret. */
size_t skd_server_workers_us(const struct skd_server *server,
                             uint64_t *ret,
                             size_t cap);

/* Answer @ask, once.  @status is for `status` only, borrowed during the call.
 * @diag gives the text of an error; NULL for none. */
void skd_server_answer(struct skd_ask *ask,
                       enum skp_err err,
                       const struct skp_status *status,
                       const struct skp_diag *diag);

/* Stop accepting, answer what is in flight, close, join the workers; then call
 * @on_stopped on the main loop.  What is not written after @drain_ms is
 * closed. */
void skd_server_stop(struct skd_server *server,
                     uint64_t drain_ms,
                     void (*on_stopped)(void *state),
                     void *state);

/* Free a stopped server, removing the socket it made; accepts NULL. */
void skd_server_free(struct skd_server **server);

#endif /* SKD_SERVER_H */
