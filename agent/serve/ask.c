/* ask.c - a request that the main loop has to answer; see ask.h. */
#include "agent/serve/ask.h"

#include <stdlib.h>
#include <string.h>

#include "agent/serve/tally.h"

enum skp_err skd_ask_new(const struct skp_request *request,
                         size_t worker,
                         uint64_t connection,
                         struct skd_ask **ret)
{
    struct skd_ask *ask = calloc(1, sizeof *ask);

    if (ask == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    ask->mail.kind = SKD_MAIL_ASK;
    ask->worker = worker;
    ask->connection = connection;
    ask->since_ns = skd_tally_now_ns();
    ask->msgid = request->msgid;
    ask->method = request->method;
    ask->accept_removals = request->accept_removals;
    skp_assert(request->tenant.len <= sizeof ask->tenant);
    ask->tenant_len = request->tenant.len;
    if (ask->tenant_len > 0) {
        memcpy(ask->tenant, request->tenant.ptr, ask->tenant_len);
    }
    *ret = ask;
    return SKP_ERR_OK;
}

void skd_ask_set_peer(struct skd_ask *ask,
                      const struct skd_peer *peer,
                      uint64_t now_us)
{
    ask->peer = (struct skd_peer){ .uid = peer->uid,
                                   .gid = peer->gid,
                                   .pid = peer->pid,
                                   .process = skd_process_ref(peer->process) };
    ask->began_us = now_us;
}

enum skp_err skd_ask_encode(struct skd_ask *ask,
                            const struct skp_response *response)
{
    struct skp_response answer = *response;
    struct skp_buf buf;

    answer.has_msgid = true;
    answer.msgid = ask->msgid;
    answer.method = ask->method;
    ask->answer = malloc((size_t)SKP_MESSAGE_MAX);
    if (ask->answer == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    buf = skp_buf_over(ask->answer, (size_t)SKP_MESSAGE_MAX);
    if (skp_response_encode(&answer, &buf) != SKP_ERR_OK) {
        answer.err = SKP_ERR_INTERNAL;
        answer.text = (struct skp_view){ NULL, 0 };
        SKP_TRY(skp_response_encode(&answer, &buf));
    }
    ask->answer_len = buf.len;
    return SKP_ERR_OK;
}

void skd_ask_free(struct skd_ask **ask)
{
    if (*ask != NULL) {
        skd_peer_done(&(*ask)->peer);
        free((*ask)->answer);
        free(*ask);
        *ask = NULL;
    }
}
