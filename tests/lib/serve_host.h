/* serve_host.h - a running server to test: its main loop in a thread, so that
 * the test may use plain blocking sockets.
 */
#ifndef SKT_SERVE_HOST_H
#define SKT_SERVE_HOST_H

#include "agent/serve/server.h"

struct skt_host; /* opaque */

/* What the agent around the server does in this test; NULL members answer
 * every ask with SKP_ERR_OK at once. */
struct skt_host_ops {
    void (*refresh)(struct skd_ask *ask, bool accept_removals);
    void (*forget)(struct skd_ask *ask, struct skp_view tenant);
    void (*status)(struct skd_ask *ask);
};

/* Start a server with @config (pinned) on a loop of its own.
 * @now_ms   the clock that it sees; atomic, NULL: the real one. */
struct skt_host *skt_host_start(const struct skd_config *config,
                                struct skd_demand *demand,
                                const struct skt_host_ops *ops,
                                _Atomic uint64_t *now_ms);

/* Call @work on the main loop, and wait until it has returned. */
void skt_host_call(struct skt_host *host,
                   void (*work)(struct skd_server *server, void *state),
                   void *state);

/* The same for what tests need most. */
void skt_host_publish(struct skt_host *host, struct skd_snapshot *snapshot);
unsigned skt_host_connections(struct skt_host *host);
unsigned skt_host_wants(struct skt_host *host); /* calls of want so far */

/* Stop the server, and wait until it has. */
void skt_host_stop(struct skt_host *host, uint64_t drain_ms);

/* Stop, unless done, and free the server. */
void skt_host_free(struct skt_host **host);

#endif /* SKT_SERVE_HOST_H */
