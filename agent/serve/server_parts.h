/* server_parts.h - what the files of the server share: server.c (its life, and
 * what it serves) and admission.c (taking clients in).
 */
#ifndef SKD_SERVER_PARTS_H
#define SKD_SERVER_PARTS_H

#include "agent/serve/audit_request.h"
#include "agent/serve/listener.h"
#include "agent/serve/quota.h"
#include "agent/serve/server.h"
#include "agent/serve/worker.h"

struct skd_server {
    struct skd_server_config given;
    const struct skd_config *config; /* pinned; the newest */
    struct skd_snapshot *snapshot;   /* pinned; NULL before the first */
    struct skd_listener listener;
    struct skd_mailbox home;
    bool has_home;
    uv_poll_t poll;
    uv_timer_t pause;
    bool is_short; /* of descriptors or memory, and said so */
    bool is_full;  /* a client was refused for it, and that was said */

    struct skd_worker **workers;
    unsigned *loads; /* connections of each worker */
    size_t n_workers;
    size_t n_running;
    struct skd_quota quota;
    uint64_t n_refused;         /* connections, since the start */
    uint64_t n_released;        /* see skd_server_released */
    struct skd_tally tally;     /* of what the main loop answers */
    struct skd_audit_pen pen;   /* the main loop's */
    struct skd_denials denials; /* of connections */
    uint64_t last_id;
    struct skd_ask *asks; /* with ops, not answered yet */

    bool is_stopping;
    bool is_failed;     /* never started: freed when its handles are closed */
    unsigned n_handles; /* on the main loop, not closed yet */
    void (*on_stopped)(void *state);
    void *stopped_state;
};

/* Take in what waits at the listener; a poll callback of the main loop. */
void skd_admission_run(uv_poll_t *poll, int status, int events);

#endif /* SKD_SERVER_PARTS_H */
