/* kmip_connector.c - KMIP over TLS; see kmip_client.h. */
#include "agent/source/kmip/kmip_client.h"
#include "agent/source/net/stream_tls.h"

static enum skp_err open_tls(void *state,
                             const struct skd_kmip_config *config,
                             const struct skd_host *host,
                             const struct skd_env *env,
                             uint64_t deadline_ms,
                             struct skd_stream **ret,
                             struct skp_diag *diag)
{
    (void)state;
    return skd_stream_tls_connect(&config->tls, host->host, host->port, env,
                                  deadline_ms, ret, diag);
}

const struct skd_kmip_connector skd_kmip_connector_tls = { NULL, open_tls };
