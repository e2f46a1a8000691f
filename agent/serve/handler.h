/* handler.h - from one decoded request to its answer.
 *
 * Pure: the same request, snapshot, configuration, peer and time give the same
 * answer, up to randomness; no clock, no I/O, no allocation.  What an answer
 * needs room for lies in the handler, which one worker owns.
 *
 * Thread:   one at a time.
 * Secrets:  plaintexts and data keys lie in the handler's locked scratch until
 *           skd_handler_wipe.
 */
#ifndef SKD_HANDLER_H
#define SKD_HANDLER_H

#include "agent/serve/policy.h"
#include "agent/store/demand.h"
#include "agent/store/snapshot.h"
#include "protocol/rpc.h"

/* What is served at the moment: keys and the rules about them, together. */
struct skd_served {
    struct skd_snapshot *snapshot; /* NULL before the first */
    struct skd_policy policy;      /* with the configuration */
    struct skd_demand *demand;     /* NULL: the list of tenants is final */
    bool may_not_use_keys;         /* private ones: the audit log has no room */
};

enum skd_handled {
    SKD_HANDLED_ANSWER, /* *ret is the answer */
    SKD_HANDLED_ASK,    /* allowed; the main loop has to answer */
    SKD_HANDLED_WATCH,  /* allowed; register the watcher, then send *ret */
};

struct skd_handler; /* opaque */

/* @random is borrowed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, or lockable memory.
 *   SKP_ERR_INTERNAL            see skp_crypto_new. */
SKP_MUST_CHECK enum skp_err skd_handler_new(const struct skp_random *random,
                                            struct skd_handler **ret);
void skd_handler_free(struct skd_handler **handler);

/* Decide about @request of @peer.  The views of *ret point into the handler,
 * the snapshot and the request, and hold until the next call.
 * @now_ms     the monotonic time of this batch of requests.
 * @found      what skd_snapshot_find says of its tenant; NULL: not known.
 * @ret_wants  set to true when a tenant was put on the demand list; else left
 *             alone. */
enum skd_handled skd_handler_run(struct skd_handler *handler,
                                 const struct skd_served *served,
                                 const struct skd_peer *peer,
                                 uint64_t now_ms,
                                 const struct skp_request *request,
                                 const struct skd_tenant *found,
                                 struct skp_response *ret,
                                 bool *ret_wants);

/* Where to add the multiplications of requests that are not handled yet
 * (ahead.h); whoever adds clears it in the end. */
struct skp_ahead *skd_handler_ahead(struct skd_handler *handler);

/* Add the multiplication that skd_handler_run would do for @request, if it
 * would do one and there is room.  No answer comes of it, and nothing is
 * recorded, demanded or counted.  False when what is behind @request may have
 * to wait for the main loop's answer. */
bool skd_handler_peek(struct skd_handler *handler,
                      const struct skd_served *served,
                      const struct skd_peer *peer,
                      uint64_t now_ms,
                      const struct skp_request *request);

/* True, with its id, when the last request came to the use of a private key;
 * whether the use succeeded is in its answer. */
bool skd_handler_used_key(const struct skd_handler *handler,
                          uint8_t ret[SKP_KEY_ID_LEN]);

/* True for requests that use a private key when they succeed. */
bool skd_handler_uses_key(enum skp_method method);

/* Wipe what the last answer left in the scratch. */
void skd_handler_wipe(struct skd_handler *handler);

#endif /* SKD_HANDLER_H */
