/* serve_desk.h - a desk with one connection on a socket pair, in one thread:
 * the test sends, lets the loop turn, and looks.
 */
#ifndef SKT_SERVE_DESK_H
#define SKT_SERVE_DESK_H

#include "agent/serve/connection.h"
#include "tests/lib/serving.h"

struct skt_desk {
    uv_loop_t loop;
    struct skd_env env;
    uint64_t now_ms; /* what the env's clock says */
    struct skd_config config;
    struct skd_desk desk;
    struct skd_connection *connection; /* NULL once closed */
    struct skt_client client;

    /* What the connection asked of its worker. */
    unsigned n_asks;
    unsigned n_wants;
    enum skp_err ask_err; /* what asks return */
    struct skp_request last_ask;
};

/* Tenants "a" (key 2) and "b" (key 9) are served to our own uid. */
void skt_desk_init(struct skt_desk *stage);

/* Close, and assert that nothing is left. */
void skt_desk_done(struct skt_desk *stage);

/* Close the connection, and make another. */
void skt_desk_disconnect(struct skt_desk *stage);
void skt_desk_connect(struct skt_desk *stage);

/* Let the loop turn until nothing more happens. */
void skt_desk_turn(struct skt_desk *stage);

/* Send and turn. */
void skt_desk_send(struct skt_desk *stage, struct skp_view bytes);
void skt_desk_send_request(struct skt_desk *stage,
                           const struct skp_request *request);

/* Append to @ret what has come; it must not fill it. */
void skt_desk_take(struct skt_desk *stage, struct skp_buf *ret);

/* True when the client has something to read, or sees the end. */
bool skt_desk_has_news(struct skt_desk *stage);

#endif /* SKT_SERVE_DESK_H */
