/* ask.h - a request that the main loop has to answer, on its way there and
 * back.
 *
 * Thread:   whoever it was posted to.
 */
#ifndef SKD_ASK_H
#define SKD_ASK_H

#include "agent/serve/mailbox.h"
#include "agent/serve/peer.h"
#include "protocol/rpc.h"

struct skd_server;

/* Open for worker.c and server.c; opaque for the agent around. */
struct skd_ask {
    struct skd_mail mail;
    struct skd_server *server; /* server.c's; NULL: the server is gone */
    struct skd_ask *next;      /* server.c's list */
    struct skd_ask *prev;
    size_t worker;
    uint64_t connection;  /* its id; it may be gone by now */
    struct skd_peer peer; /* who asks, without the groups */
    uint64_t began_us;    /* when it was asked */
    uint64_t since_ns;    /* the same, of skd_tally_now_ns */
    uint32_t msgid;
    enum skp_method method;
    bool accept_removals;
    char tenant[SKP_TENANT_MAX];
    size_t tenant_len;
    uint8_t *answer; /* encoded; heap: such answers hold no secrets */
    size_t answer_len;
};

/* Copy of @request, which the connection with id @connection of the worker with
 * index @worker waits for.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_ask_new(const struct skp_request *request,
                                        size_t worker,
                                        uint64_t connection,
                                        struct skd_ask **ret);

/* Note for the audit log who asks; @peer is copied without its groups. */
void skd_ask_set_peer(struct skd_ask *ask,
                      const struct skd_peer *peer,
                      uint64_t now_us);

/* Encode the answer; its msgid and method are set here.  One that is too large
 * becomes SKP_ERR_INTERNAL.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; there is no answer. */
SKP_MUST_CHECK enum skp_err skd_ask_encode(struct skd_ask *ask,
                                           const struct skp_response *response);

/* Release an ask with its answer; accepts NULL. */
void skd_ask_free(struct skd_ask **ask);

#endif /* SKD_ASK_H */
