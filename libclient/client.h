/* client.h - a handle, and one call through it.
 *
 * Calls of several threads take turns on one connection.  A call is repeated
 * here, and nowhere else: when the agent was restarted, and while it answers
 * UNAVAILABLE.
 */
#ifndef SKC_CLIENT_H
#define SKC_CLIENT_H

#include "libclient/sidekey.h"
#include "protocol/rpc.h"

/* One question, and what to do with its answer. */
struct skc_call {
    struct skp_request request; /* msgid is filled in */
    uint64_t deadline_ms;       /* absolute, of deadline.h */

    /* Copy what is wanted out of @response to @ret; the bytes it views are
     * wiped afterwards.  Runs in the calling thread, in the handle's turn, and
     * must not call the handle.  Its error becomes the call's; INTERNAL also
     * drops the connection. */
    enum skp_err (*take)(const struct skp_response *response,
                         void *ret,
                         struct skp_diag *diag);
    void *ret;
};

/* Ask, and answer with the status; the words of a failure are kept for
 * sidekey_error_text. */
SKP_MUST_CHECK enum sidekey_status skc_client_call(struct sidekey *handle,
                                                   struct skc_call *call);

/* As skp_view_of; NULL becomes an empty view, which no tenant is. */
struct skp_view skc_client_tenant(const char *tenant);

#endif /* SKC_CLIENT_H */
