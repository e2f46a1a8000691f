/* audit_request.h - from a request and its answer to records of the audit log.
 *
 * Thread:   the one that the producer number belongs to.
 * Secrets:  ids only.
 */
#ifndef SKD_AUDIT_REQUEST_H
#define SKD_AUDIT_REQUEST_H

#include "agent/serve/audit.h"
#include "agent/serve/callers.h"
#include "agent/serve/peer.h"

/* A producer's access to the log.  Open, so that it can be embedded; zeroed is
 * no log. */
struct skd_audit_pen {
    struct skd_audit *audit; /* borrowed; NULL: off */
    size_t producer;
};

/* One request, as far as the log tells of it. */
struct skd_audit_request {
    const struct skd_peer *peer;
    enum skp_method method; /* SKP_METHOD_COUNT: none, a connection */
    struct skp_view tenant; /* empty: none */
    enum skp_err err;
    const uint8_t *key_id; /* NULL: no private key was used */
    uint64_t duration_us;
};

/* Record a use of a private key, or a try of one; nothing without a log. */
void skd_audit_request_used(const struct skd_audit_pen *pen,
                            const struct skd_env *env,
                            const struct skd_audit_request *request);

/* Record what a peer had the main loop do: @event is REFRESH or FORGET. */
void skd_audit_request_done(const struct skd_audit_pen *pen,
                            const struct skd_env *env,
                            enum skp_audit_event event,
                            const struct skd_audit_request *request);

/* Record a denial, or count it when there are many. */
void skd_audit_request_denied(const struct skd_audit_pen *pen,
                              const struct skd_env *env,
                              struct skd_denials *denials,
                              const struct skd_audit_request *request);

/* Tell the denials of @uid that were counted, if it is time. */
void skd_audit_request_tell(const struct skd_audit_pen *pen,
                            const struct skd_env *env,
                            struct skd_denials *denials,
                            uid_t uid,
                            bool is_last);

/* Record what the agent itself did. */
void skd_audit_request_own(const struct skd_audit_pen *pen,
                           const struct skd_env *env,
                           enum skp_audit_event event,
                           enum skp_err err);

#endif /* SKD_AUDIT_REQUEST_H */
