/* kmip_client_parts.h - what the files of kmip_client.h share.
 *
 * kmip_client.c sends and receives over the connection there is;
 * kmip_connect.c decides which one that is.
 *
 * Thread:   one at a time.
 * Secrets:  requests and responses lie in locked memory.
 */
#ifndef SKD_KMIP_CLIENT_PARTS_H
#define SKD_KMIP_CLIENT_PARTS_H

#include "agent/source/kmip/kmip_client.h"

/* What is known of one configured server. */
struct skd_kmip_server {
    bool has_failed;        /* in this fetch */
    uint64_t idle_limit_ms; /* it closes connections idle for so long;
                             * UINT64_MAX: not known to */
};

struct skd_kmip_client {
    const struct skd_kmip_config *config;
    const struct skd_env *env;
    const struct skd_kmip_connector *connector;
    struct skd_kmip_server *servers; /* one per host */

    struct skd_stream *stream; /* NULL: not connected */
    size_t host;               /* of the stream */
    struct skd_kmip_version version;
    uint64_t used_ms;      /* when it last answered, or was made */
    uint64_t idle_ms;      /* how long it was idle at the last begin */
    bool is_doubtful;      /* see skd_kmip_client_is_doubtful */
    bool is_outdated;      /* made with other TLS files than those in use */
    bool takes_one;        /* no more than one question in a message */
    bool may_seek;         /* a better one, once */
    size_t n_sought;       /* in all; whose turn it is */
    struct skp_diag worse; /* why the last one sought was no better */
    struct skd_cert server_cert;

    uint32_t next_id; /* batch item ids are not used twice */
    struct skp_secret out;
    struct skp_secret in;
    size_t answer_len;   /* of the answer at the front of @in; 0: none */
    struct skp_diag why; /* the last server could not be reached */
};

#endif /* SKD_KMIP_CLIENT_PARTS_H */
