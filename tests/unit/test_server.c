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
    ck_assert_uint_eq(response.hello->payload_max, SKP_PAYLOAD_DEFAULT);
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

static void take_totals(struct skd_server *server, void *state)
{
    skd_server_tally(server, state);
}

struct refused {
    uint64_t n;
    uint64_t n_over_max;
    uint64_t n_over_max_per_uid;
};

struct used {
    uint64_t us[8];
    size_t n;
    size_t cap;
};

static void take_used(struct skd_server *server, void *state)
{
    struct used *used = state;

    used->n = skd_server_workers_us(server, used->us, used->cap);
}

static void take_refused(struct skd_server *server, void *state)
{
    struct refused *refused = state;

    refused->n = skd_server_refused(server);
    skd_server_over_quota(server, &refused->n_over_max,
                          &refused->n_over_max_per_uid);
}

START_TEST(answers_of_all_workers_and_of_the_main_loop_are_counted)
{
    struct skd_config *config = new_config();
    struct skd_request_totals totals;
    struct skp_request hello = { .method = SKP_METHOD_HELLO };
    struct skp_request status = { .method = SKP_METHOD_STATUS };
    struct skt_client clients[5];
    struct skp_response response;
    struct skt_host *host;
    struct refused refused = { 9, 9, 9 };
    struct used used = { .cap = 8 };
    struct used first = { .cap = 2 };

    config->workers = 3;
    config->max_connections = 4;
    host = skt_host_start(config, NULL, NULL, NULL);
    for (size_t i = 0; i < 4; i++) {
        skt_client_connect(&clients[i], path);
        for (size_t n = 0; n <= i; n++) {
            skt_ok(skt_client_ask(&clients[i], &hello).err);
        }
        skt_ok(skt_client_ask(&clients[i], &status).err);
    }
    skt_client_connect(&clients[4], path);
    (void)skt_client_next(&clients[4], SKP_METHOD_HELLO, &response);
    skt_host_call(host, take_totals, &totals);
    skt_host_call(host, take_refused, &refused);
    skt_host_call(host, take_used, &used);
    skt_host_call(host, take_used, &first);
    ck_assert_uint_eq(used.n, 3);
    ck_assert(used.us[0] > 0 && used.us[1] > 0 && used.us[2] > 0);
    ck_assert_uint_eq(first.n, 2);
    ck_assert_uint_ge(first.us[0], used.us[0]);
    ck_assert_uint_eq(first.us[2], 0);
    ck_assert_uint_eq(totals.answered[SKP_METHOD_HELLO][SKP_ERR_OK],
                      1 + 2 + 3 + 4);
    ck_assert_uint_eq(totals.answered[SKP_METHOD_STATUS][SKP_ERR_OK], 4);
    ck_assert_uint_gt(totals.sum_ns[SKP_METHOD_STATUS], 0);
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_PUBKEY], 0);
    ck_assert_uint_eq(refused.n, 1);
    ck_assert_uint_eq(refused.n_over_max, 1);
    ck_assert_uint_eq(refused.n_over_max_per_uid, 0);
    for (size_t i = 0; i < 5; i++) {
        skt_client_done(&clients[i]);
    }
    skt_host_free(&host);
    drop_config(config);
}
END_TEST

static void take_released(struct skd_server *server, void *state)
{
    *(uint64_t *)state = skd_server_released(server);
}

static uint64_t released(struct skt_host *host)
{
    uint64_t n = 0;

    skt_host_call(host, take_released, &n);
    return n;
}

static void publish_many(struct skt_host *host, unsigned key)
{
    struct skd_snapshot *snapshot = skt_snapshot_many(3, key);

    skt_host_publish(host, snapshot);
    skd_snapshot_unref(&snapshot);
}

START_TEST(only_other_keys_and_clients_that_went_let_go_of_memory)
{
    struct skd_config *config = new_config();
    struct skt_host *host = skt_host_start(config, NULL, NULL, NULL);
    struct skd_snapshot *snapshot = skt_snapshot_many(3, 5);
    struct skd_snapshot *confirmed = NULL;
    const struct skp_request hello = { .method = SKP_METHOD_HELLO };
    struct skt_client client;

    skt_ok(skd_snapshot_confirm(snapshot, 2000, 2, &confirmed));
    publish_many(host, 4);
    skt_host_publish(host, snapshot);
    ck_assert_uint_eq(released(host), 2);
    skt_host_publish(host, confirmed);
    skt_host_publish(host, confirmed);
    ck_assert_uint_eq(released(host), 2);
    skt_client_connect(&client, path);
    skt_ok(skt_client_ask(&client, &hello).err);
    ck_assert_uint_eq(released(host), 2);
    skt_client_done(&client);
    while (skt_host_connections(host) > 0) {
    }
    ck_assert_uint_eq(released(host), 3);
    skd_snapshot_unref(&snapshot);
    skd_snapshot_unref(&confirmed);
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
    ck_assert_uint_eq(response.status->connections, 1);
    ck_assert(response.status->ready);
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
          answers_of_all_workers_and_of_the_main_loop_are_counted,
          only_other_keys_and_clients_that_went_let_go_of_memory,
          asks_are_answered_by_the_agent_around,
          a_server_that_cannot_start_leaves_nothing_behind)
