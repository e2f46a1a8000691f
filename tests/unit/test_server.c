/* test_server.c - proves server.c: one server, real sockets, the simple cases.
 * Load, limits and the end are in tests/integration/test_serve.c. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/serve/server.h"
#include "tests/lib/daemon.h"
#include "tests/lib/serve_host.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 16];

static struct skd_config *new_config(void)
{
    if (folder[0] == '\0') {
        ck_assert(skt_tempdir(folder));
    }
    (void)snprintf(path, sizeof path, "%s/s.sock", folder);
    return skt_config_new(path);
}

static void drop_config(struct skd_config *config)
{
    const struct skd_config *old = config;

    skd_config_unref(&old);
}

START_TEST(a_server_without_keys_says_hello_and_that_none_are_loaded)
{
    struct skd_config *config = new_config();
    struct skt_host *host = skt_host_start(config, NULL, NULL, NULL);
    struct skp_request hello = { .msgid = 7, .method = SKP_METHOD_HELLO };
    struct skp_request pubkey = { .msgid = 8,
                                  .method = SKP_METHOD_PUBKEY,
                                  .tenant = skp_view_of("a") };
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    response = skt_client_ask(&client, &hello);
    skt_ok(response.err);
    ck_assert_uint_eq(response.msgid, 7);
    ck_assert_uint_eq(response.hello.payload_max, SKP_PAYLOAD_DEFAULT);
    response = skt_client_ask(&client, &pubkey);
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(response.msgid, 8);
    ck_assert_uint_eq(skt_host_connections(host), 1);
    skt_client_done(&client);
    skt_host_free(&host);
    ck_assert_int_ne(access(path, F_OK), 0);
    drop_config(config);
}
END_TEST

START_TEST(a_published_snapshot_is_served)
{
    const struct skt_tenant tenants[] = {
        { .id = "a", .use = SKD_USE_ALL, .keys = { 3 } },
    };
    struct skd_snapshot *snapshot = skt_snapshot_of(tenants, 1, false);
    struct skd_config *config = new_config();
    struct skt_host *host = skt_host_start(config, NULL, NULL, NULL);
    struct skp_request pubkey = { .method = SKP_METHOD_PUBKEY,
                                  .tenant = skp_view_of("a") };
    struct skt_key key = skt_key_number(3);
    struct skp_response response;
    struct skt_client client;

    skt_host_publish(host, snapshot);
    skd_snapshot_unref(&snapshot);
    skt_client_connect(&client, path);
    response = skt_client_ask(&client, &pubkey);
    skt_ok(response.err);
    skt_bytes_eq(response.data,
                 (struct skp_view){ key.public_key, SKP_KEY_LEN });
    skt_client_done(&client);
    skt_host_free(&host);
    drop_config(config);
}
END_TEST

START_TEST(asks_are_answered_by_the_agent_around)
{
    struct skd_config *config = new_config();
    struct skt_host *host = skt_host_start(config, NULL, NULL, NULL);
    struct skp_request request = { .method = SKP_METHOD_STATUS };
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    response = skt_client_ask(&client, &request);
    skt_ok(response.err);
    ck_assert_uint_eq(response.status.connections, 1);
    ck_assert(response.status.ready);
    request.method = SKP_METHOD_REFRESH;
    skt_ok(skt_client_ask(&client, &request).err);
    request.method = SKP_METHOD_FORGET;
    request.tenant = skp_view_of("a");
    skt_ok(skt_client_ask(&client, &request).err);
    skt_client_done(&client);
    skt_host_free(&host);
    drop_config(config);
}
END_TEST

START_TEST(a_server_that_cannot_start_leaves_nothing_behind)
{
    struct skd_config *config = new_config();
    struct skt_host *host = skt_host_start(config, NULL, NULL, NULL);
    struct skd_server *second = NULL;
    struct skp_diag diag = { "" };
    struct skd_server_config server_config = { .env = &skd_env_system,
                                               .config = config };
    uv_loop_t loop;

    ck_assert_int_eq(uv_loop_init(&loop), 0);
    server_config.loop = &loop;
    skt_err(skd_server_start(&server_config, -1, &second, &diag),
            SKP_ERR_ALREADY_EXISTS);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(strstr(diag.text, "another agent"));
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_int_eq(access(path, F_OK), 0);
    skt_host_free(&host);
    drop_config(config);
}
END_TEST

SKT_SUITE("server",
          a_server_without_keys_says_hello_and_that_none_are_loaded,
          a_published_snapshot_is_served,
          asks_are_answered_by_the_agent_around,
          a_server_that_cannot_start_leaves_nothing_behind)
