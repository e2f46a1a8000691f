/* desk.h - what all connections of one worker share: buffers, the handler, and
 * what is served at the moment.
 *
 * Because the buffers for reading and writing are shared, a connection that
 * waits for its client costs next to nothing.
 *
 * Thread:   the worker's.
 * Secrets:  both buffers hold plaintexts during a batch of requests; whoever
 *           fills one wipes it before the loop goes on.
 */
#ifndef SKD_DESK_H
#define SKD_DESK_H

#include <uv.h>

#include "agent/serve/audit_request.h"
#include "agent/serve/handler.h"
#include "agent/serve/lineup.h"
#include "agent/serve/tally.h"
#include "agent/serve/turns.h"
#include "agent/sys/env.h"

struct skd_connection;

/* What connections ask of their worker. */
struct skd_desk_ops {
    void *state;

    /* @connection allows its request to be answered by the main loop; it is
     * waiting for skd_connection_answer.
     *   SKP_ERR_RESOURCE_EXHAUSTED  no memory: it is not waiting. */
    enum skp_err (*ask)(void *state,
                        struct skd_connection *connection,
                        const struct skp_request *request);

    /* A tenant was put on the demand list. */
    void (*want)(void *state);

    /* @connection has closed and does not belong to the worker any more. */
    void (*closed)(void *state, struct skd_connection *connection);
};

struct skd_desk {
    struct skd_tally tally;
    struct skd_lineup lineup; /* empty but during a batch */
    uv_loop_t *loop;          /* borrowed, as all pointers but the last four */
    const struct skd_env *env;
    struct skd_desk_ops ops;
    struct skd_served served;
    struct skd_audit_pen pen;
    struct skd_callers callers;
    struct skd_turns turns; /* opened and closed by whoever has the loop */
    struct skd_handler *handler;
    struct skp_scratch *scratch;
    struct skp_secret input;  /* SKD_DESK_INPUT bytes; its len is unused */
    struct skp_secret output; /* answers of the batch, SKD_DESK_OUTPUT bytes */
};

/* One read(2), and all answers that go with one write(2): each has room for
 * the largest message. */
#define SKD_DESK_INPUT  262144u
#define SKD_DESK_OUTPUT 262144u

/* Make handler and buffers; the other members are the caller's to fill in.
 * @env  borrowed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, or lockable memory; the desk is empty.
 *   SKP_ERR_INTERNAL            see skd_handler_new. */
SKP_MUST_CHECK enum skp_err skd_desk_init(struct skd_desk *desk,
                                          const struct skd_env *env);
void skd_desk_done(struct skd_desk *desk);

#endif /* SKD_DESK_H */
