/* key_cache_watch.h - the connection on which the agent tells of changed keys.
 *
 * It is looked at, never waited for: skc_watch_poll connects, asks and reads as
 * far as that goes without waiting, and the next poll goes on.
 *
 *   DOWN --connected, asked--> ASKED --answered--> ON
 *                                    --denied----> REFUSED, for a while
 *   any of them --broken, or not of PROTOCOL.md--> DOWN
 *
 * All tenants are watched by one request; an agent that lets this user watch
 * only some of them refuses it.
 *
 * Thread:  one at a time.
 */
#ifndef SKC_KEY_CACHE_WATCH_H
#define SKC_KEY_CACHE_WATCH_H

#include "libclient/conn.h"
#include "protocol/rpc.h"

/* A connection that cannot be made, or is hung up on before it watches, is
 * tried again after this; what a reconnecting gateway costs an agent is
 * nothing against what it asks of it. */
#define SKC_WATCH_RETRY_MS 200u
/* Rights change when an operator changes them. */
#define SKC_WATCH_REFUSED_MS 30000u

enum skc_watch_state {
    SKC_WATCH_DOWN,
    SKC_WATCH_ASKED,
    SKC_WATCH_ON,
    SKC_WATCH_REFUSED,
};

/* What a poll tells of, from within. */
struct skc_watch_events {
    void *state; /* handed back to every call */

    /* The tenant of @row has another key, or none (key_id NULL).  Borrowed. */
    void (*changed)(void *state, const struct skp_tenant_row *row);

    /* A connection that was ON broke.  It was whole at @alive_ms, and all
     * changes until then have been told. */
    void (*lost)(void *state, uint64_t alive_ms);
};

/* Open, so that it can be embedded; to be read, not written. */
struct skc_watch {
    const char *path;
    struct skc_watch_events events;
    enum skc_watch_state state;
    uint64_t retry_ms; /* DOWN, REFUSED: when to connect */
    uint64_t alive_ms; /* ON: when it was last seen whole */
    uint64_t turn;     /* counts changes of state, and notifications */
    uint64_t turned_ms;
    struct skc_conn conn;
    struct skp_frame_progress progress;
    struct skp_scratch *scratch;
};

/* Make it: DOWN, to connect at the first poll.
 * @path  borrowed for its life.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skc_watch_init(struct skc_watch *watch,
               const char *path,
               const struct skc_watch_events *events);

/* Disconnect and release; a zeroed one is allowed. */
void skc_watch_done(struct skc_watch *watch);

/* Connect if it is time to, and take in all that the agent has sent.  Never
 * waits. */
void skc_watch_poll(struct skc_watch *watch, uint64_t now_ms);

/* Connect at the next poll, if DOWN, whatever was tried before. */
void skc_watch_hurry(struct skc_watch *watch);

/* The agent is open but does not answer: disconnect, tell the loss, and watch
 * anew later. */
void skc_watch_doubt(struct skc_watch *watch, uint64_t now_ms);

#endif /* SKC_KEY_CACHE_WATCH_H */
