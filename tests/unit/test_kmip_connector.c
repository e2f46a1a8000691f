/* test_kmip_connector.c - the connector hands the configuration to TLS. */
#include <string.h>

#include "agent/source/kmip/kmip_client.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

START_TEST(nobody_listening_is_unavailable)
{
    const struct skd_host host = { "127.0.0.1", skt_free_port() };
    const struct skd_kmip_config config = { .present = true };
    struct skd_stream *stream = NULL;
    struct skp_diag diag = { "" };

    skt_err(skd_kmip_connector_tls.open(
                skd_kmip_connector_tls.state, &config, &host, &skd_env_system,
                skd_env_now_ms(&skd_env_system) + 60000, &stream, &diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_null(stream);
    ck_assert_msg(strstr(diag.text, "refused") != NULL, "%s", diag.text);
}
END_TEST

SKT_SUITE("kmip_connector", nobody_listening_is_unavailable)
