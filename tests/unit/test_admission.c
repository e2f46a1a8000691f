/* test_admission.c - proves admission.c, on a running server. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agent/serve/server_parts.h"
#include "tests/lib/daemon.h"
#include "tests/lib/serve_host.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define N_CLIENTS 9

static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 16];
static const struct skp_request hello = { .method = SKP_METHOD_HELLO };

static struct skd_config *new_config(void)
{
    if (folder[0] == '\0') {
        ck_assert(skt_tempdir(folder));
    }
    (void)snprintf(path, sizeof path, "%s/s.sock", folder);
    return skt_config_new(path);
}

static void end_host(struct skt_host *host, const struct skd_config *config)
{
    skt_host_free(&host);
    skd_config_unref(&config);
}

static void copy_loads(struct skd_server *server, void *state)
{
    unsigned *ret = state;

    for (size_t i = 0; i < server->n_workers; i++) {
        ret[i] = server->loads[i];
    }
}

START_TEST(clients_are_shared_out_evenly)
{
    struct skd_config *config = new_config();
    struct skt_client clients[N_CLIENTS];
    struct skt_host *host;
    unsigned loads[3] = { 0, 0, 0 };

    config->workers = 3;
    host = skt_host_start(config, NULL, NULL, NULL);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        skt_client_connect(&clients[i], path);
        skt_ok(skt_client_ask(&clients[i], &hello).err);
    }
    skt_host_call(host, copy_loads, loads);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(loads[i], N_CLIENTS / 3);
    }
    for (size_t i = 0; i < N_CLIENTS; i++) {
        skt_client_done(&clients[i]);
    }
    end_host(host, config);
}
END_TEST

START_TEST(a_full_agent_says_so_without_a_msgid)
{
    struct skd_config *config = new_config();
    struct skp_response response;
    struct skt_client clients[2];
    struct skt_host *host;

    config->max_connections = 1;
    host = skt_host_start(config, NULL, NULL, NULL);
    skt_client_connect(&clients[0], path);
    skt_ok(skt_client_ask(&clients[0], &hello).err);
    skt_client_connect(&clients[1], path);
    (void)skt_client_next(&clients[1], SKP_METHOD_HELLO, &response);
    skt_err(response.err, SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert(!response.has_msgid);
    skt_client_is_closed(&clients[1]);
    skt_ok(skt_client_ask(&clients[0], &hello).err);
    ck_assert_uint_eq(skt_host_connections(host), 1);
    skt_client_done(&clients[0]);
    skt_client_done(&clients[1]);
    end_host(host, config);
}
END_TEST

static double cpu_seconds(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool has_no_connection(void *state)
{
    return skt_host_connections(state) == 0;
}

static void wait_without_descriptors(void)
{
    struct skd_config *config = new_config();
    struct skt_host *host = skt_host_start(config, NULL, NULL, NULL);
    struct rlimit old_limit;
    struct rlimit limit;
    struct skt_client client;
    double before;
    int top;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
    skt_client_connect(&client, path);
    skt_ok(skt_client_ask(&client, &hello).err);
    skt_client_done(&client);
    /* Of the server's, too. */
    ck_assert(skt_until(has_no_connection, host, 60000));
    /* The next descriptor is the last: the client takes it. */
    top = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(top, 0);
    (void)close(top);
    limit = old_limit;
    limit.rlim_cur = (rlim_t)top + 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    skt_client_connect(&client, path);
    before = cpu_seconds();
    (void)poll(NULL, 0, 500);
    ck_assert(cpu_seconds() - before < 0.05);
    ck_assert_uint_eq(skt_host_connections(host), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
    skt_ok(skt_client_ask(&client, &hello).err);
    skt_client_done(&client);
    end_host(host, config);
}

START_TEST(without_descriptors_clients_wait_and_the_loop_does_not_spin)
{
    if (getenv("SKT_VALGRIND") != NULL) {
        (void)printf("SKIPPED: valgrind has descriptors of its own\n");
        return;
    }
    wait_without_descriptors();
}
END_TEST

SKT_SUITE("admission",
          clients_are_shared_out_evenly,
          a_full_agent_says_so_without_a_msgid,
          without_descriptors_clients_wait_and_the_loop_does_not_spin)
