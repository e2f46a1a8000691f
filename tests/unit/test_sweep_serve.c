/* test_sweep_serve.c - every fallible call fails once while a worker serves a
 * connection, and while a server starts. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/serve/server.h"
#include "agent/sys/log.h"
#include "tests/lib/fault.h"
#include "tests/lib/serve_desk.h"
#include "tests/lib/suite.h"

static const uint8_t plaintext[32] = "thirty-two bytes of a plaintext";

/* An envelope of tenant "a", made by the desk itself. */
static uint8_t envelope[512];
static size_t envelope_len;

static struct skp_request request_of(enum skp_method method)
{
    struct skp_request request = { .msgid = 7, .method = method };

    switch (method) {
    case SKP_METHOD_PUBKEY:
    case SKP_METHOD_ENCRYPT:
    case SKP_METHOD_DECRYPT:
    case SKP_METHOD_UNWRAP:
    case SKP_METHOD_REWRAP:
    case SKP_METHOD_FORGET:
        request.tenant = skp_view_of("a");
        break;
    case SKP_METHOD_HELLO:
    case SKP_METHOD_WATCH:
    case SKP_METHOD_TENANTS:
    case SKP_METHOD_STATUS:
    case SKP_METHOD_REFRESH:
    case SKP_METHOD_COUNT:
    default:
        break;
    }
    if (method == SKP_METHOD_ENCRYPT) {
        request.data = (struct skp_view){ plaintext, sizeof plaintext };
    } else if (method == SKP_METHOD_DECRYPT || method == SKP_METHOD_REWRAP) {
        request.data = (struct skp_view){ envelope, envelope_len };
    } else if (method == SKP_METHOD_UNWRAP) {
        request.data = (struct skp_view){ envelope, SKP_HEADER_2_LEN };
    }
    return request;
}

/* Send, and let the loop turn while @fault is armed. */
static void send_under(struct skt_desk *stage,
                       const struct skp_request *request,
                       struct skt_fault *fault)
{
    skt_client_send(&stage->client, request);
    skt_fault_arm(fault);
    skt_desk_turn(stage);
    skt_fault_disarm(fault);
}

static void make_envelope(struct skt_desk *stage)
{
    const struct skp_request request = request_of(SKP_METHOD_ENCRYPT);
    struct skt_fault none = { 0, false, "", 0 };
    struct skp_response answer;

    send_under(stage, &request, &none);
    ck_assert_int_eq(skt_client_next(&stage->client, request.method, &answer),
                     SKP_MESSAGE_RESPONSE);
    skt_ok(answer.err);
    ck_assert_uint_le(answer.data.len, sizeof envelope);
    memcpy(envelope, answer.data.ptr, answer.data.len);
    envelope_len = answer.data.len;
}

static bool needs_main_loop(enum skp_method method)
{
    return method == SKP_METHOD_STATUS || method == SKP_METHOD_REFRESH ||
           method == SKP_METHOD_FORGET;
}

/* The right answer, or a typed error when a call failed, or the end of the
 * connection; then a new one is there. */
static void check_answer(struct skt_desk *stage,
                         enum skp_method method,
                         const struct skt_fault *fault)
{
    struct skp_response answer;

    if (!skt_desk_has_news(stage)) {
        ck_assert_msg(needs_main_loop(method) && stage->n_asks == 1,
                      "%s after %s number %u: no answer",
                      skp_method_name(method), fault->name, fault->nth);
        return;
    }
    if (stage->connection == NULL) {
        ck_assert(fault->was_reached);
        return;
    }
    ck_assert_int_eq(skt_client_next(&stage->client, method, &answer),
                     SKP_MESSAGE_RESPONSE);
    ck_assert_uint_eq(answer.msgid, 7);
    if (answer.err == SKP_ERR_OK) {
        ck_assert(
            method != SKP_METHOD_DECRYPT ||
            skp_view_equal(answer.data,
                           (struct skp_view){ plaintext, sizeof plaintext }));
    } else {
        ck_assert_msg(fault->was_reached, "%s: %s", skp_method_name(method),
                      skp_err_name(answer.err));
        ck_assert(answer.err == SKP_ERR_RESOURCE_EXHAUSTED ||
                  answer.err == SKP_ERR_INTERNAL);
    }
    ck_assert(!skt_desk_has_news(stage)); /* exactly one */
}

/* Sweep one request; returns how many calls it makes that can fail. */
static unsigned sweep_request(struct skt_desk *stage, enum skp_method method)
{
    const struct skp_request request = request_of(method);
    unsigned n_faults = 0;

    SKT_FAULT_SWEEP(fault)
    {
        stage->n_asks = 0;
        send_under(stage, &request, &fault);
        check_answer(stage, method, &fault);
        skt_desk_disconnect(stage);
        skt_desk_connect(stage);
        n_faults = fault.n_faults;
    }
    return n_faults;
}

START_TEST(every_request_has_its_answer_or_a_typed_error_whatever_fails)
{
    struct skt_desk stage;
    unsigned n_faults = 0;

    skt_fault_init();
    skp_secret_require_lock(true);
    skt_desk_init(&stage);
    make_envelope(&stage);
    for (int method = 0; method < SKP_METHOD_COUNT; method++) {
        n_faults += sweep_request(&stage, (enum skp_method)method);
    }
    /* Few: what is random in an envelope, and what a watch remembers. */
    ck_assert_uint_ge(n_faults, 5);
    skt_desk_done(&stage);
}
END_TEST

/* A message in two pieces waits in memory of the connection. */
START_TEST(a_request_in_pieces_has_its_answer_or_the_connection_ends)
{
    const struct skp_request request = request_of(SKP_METHOD_PUBKEY);
    uint8_t place[256];
    struct skp_view bytes = skt_request_bytes(&request, place, sizeof place);
    struct skt_desk stage;
    unsigned n_faults = 0;

    skt_fault_init();
    skp_secret_require_lock(true);
    skt_desk_init(&stage);
    SKT_FAULT_SWEEP(fault)
    {
        skt_client_send_bytes(&stage.client, (struct skp_view){ bytes.ptr, 5 });
        skt_fault_arm(&fault);
        skt_desk_turn(&stage);
        skt_fault_disarm(&fault);
        if (stage.connection != NULL) {
            skt_desk_send(&stage,
                          (struct skp_view){ bytes.ptr + 5, bytes.len - 5 });
            check_answer(&stage, SKP_METHOD_PUBKEY, &fault);
        }
        ck_assert(stage.connection != NULL || fault.was_reached);
        skt_desk_disconnect(&stage);
        skt_desk_connect(&stage);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_ge(n_faults, 2);
    skt_desk_done(&stage);
}
END_TEST

/* As skt_desk_connect, with a fault. */
static enum skp_err connect_under(struct skt_desk *stage,
                                  struct skt_fault *fault)
{
    struct skd_peer peer = { .uid = 500, .gid = 500 };
    enum skp_err err;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    skt_client_init(&stage->client, fds[1]);
    skt_fault_arm(fault);
    err = skd_connection_new(fds[0], &peer, 1, &stage->connection);
    if (err == SKP_ERR_OK) {
        skd_connection_open(stage->connection, &stage->desk);
        skt_desk_turn(stage);
    }
    skt_fault_disarm(fault);
    return err;
}

START_TEST(a_connection_that_cannot_be_opened_is_closed_for_its_client)
{
    struct skt_desk stage;
    unsigned n_faults = 0;

    skt_fault_init();
    skt_desk_init(&stage);
    SKT_FAULT_SWEEP(fault)
    {
        enum skp_err err;

        skt_desk_disconnect(&stage);
        err = connect_under(&stage, &fault);
        ck_assert(err == SKP_ERR_OK || fault.was_reached);
        if (stage.connection == NULL) {
            ck_assert(fault.was_reached);
            skt_client_is_closed(&stage.client);
        } else {
            const struct skp_request request = request_of(SKP_METHOD_PUBKEY);

            skt_desk_send_request(&stage, &request);
            ck_assert(skt_desk_has_news(&stage));
        }
        n_faults = fault.n_faults;
    }
    ck_assert_uint_ge(n_faults, 2);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(a_desk_is_made_whole_or_not_at_all)
{
    unsigned n_faults = 0;

    skp_secret_require_lock(true);
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_desk desk;
        enum skp_err err;

        skt_fault_arm(&fault);
        err = skd_desk_init(&desk, &skd_env_system);
        skt_fault_disarm(&fault);
        ck_assert_int_eq(err == SKP_ERR_OK, !fault.was_reached);
        if (err == SKP_ERR_OK) {
            skd_desk_done(&desk);
        }
        ck_assert_uint_eq(skp_secret_held(), 0);
        ck_assert_uint_eq(skt_fault_mapped(), 0);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 5);
}
END_TEST

/* ---- a whole server ---- */

static char folder[] = "/tmp/skt-sweep-XXXXXX";
static char path[64];
static bool has_stopped;

static void on_stopped(void *state)
{
    (void)state;
    has_stopped = true;
}

static void on_want(void *state)
{
    (void)state;
}

static void stop_server(uv_loop_t *loop, struct skd_server **server)
{
    has_stopped = false;
    skd_server_stop(*server, 100, on_stopped, NULL);
    while (!has_stopped) {
        (void)uv_run(loop, UV_RUN_ONCE);
    }
    skd_server_free(server);
}

/* A folder, a configuration and a loop for a server. */
struct scene {
    struct skd_config *config;
    uv_loop_t loop;
    struct skd_server *server;
};

static void set_scene(struct scene *scene)
{
    skt_fault_init();
    skp_secret_require_lock(true);
    skd_log_configure(SKD_LOG_ERROR, false);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s", folder);
    scene->config = skt_config_new(path);
    scene->server = NULL;
    ck_assert_int_eq(uv_loop_init(&scene->loop), 0);
}

static void clear_scene(struct scene *scene)
{
    const struct skd_config *config = scene->config;

    skd_config_unref(&config);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&scene->loop), 0);
    (void)unlink(path);
    ck_assert_uint_eq(skp_secret_held(), 0);
    ck_assert_uint_eq(skt_fault_mapped(), 0);
    (void)rmdir(folder);
}

static enum skp_err start_server(struct scene *scene,
                                 struct skt_fault *fault,
                                 struct skp_diag *diag)
{
    const struct skd_server_config server_config = {
        .loop = &scene->loop,
        .env = &skd_env_system,
        .config = scene->config,
        .ops = { .want = on_want },
    };
    enum skp_err err;

    skt_fault_arm(fault);
    err = skd_server_start(&server_config, -1, &scene->server, diag);
    skt_fault_disarm(fault);
    return err;
}

START_TEST(a_server_starts_whole_or_says_why_not_and_leaves_no_socket)
{
    struct scene scene;
    unsigned n_faults = 0;
    size_t held;

    set_scene(&scene);
    held = skp_secret_held();
    SKT_FAULT_SWEEP(fault)
    {
        struct skp_diag diag = { "" };
        enum skp_err err = start_server(&scene, &fault, &diag);

        ck_assert_int_eq(err == SKP_ERR_OK, scene.server != NULL);
        if (err == SKP_ERR_OK) {
            stop_server(&scene.loop, &scene.server);
        } else {
            ck_assert(fault.was_reached);
            ck_assert_msg(diag.text[0] != '\0', "%s: no words", fault.name);
        }
        (void)uv_run(&scene.loop, UV_RUN_DEFAULT);
        ck_assert_msg(access(path, F_OK) != 0, "%s number %u left a socket",
                      fault.name, fault.nth);
        ck_assert_msg(skp_secret_held() == held, "%s number %u: %zu bytes",
                      fault.name, fault.nth, skp_secret_held());
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 15);
    clear_scene(&scene);
}
END_TEST

/* Let the main loop turn until @client has something to read. */
static void wait_for_news(struct scene *scene, const struct skt_client *client)
{
    struct pollfd ready = { client->fd, POLLIN, 0 };

    for (int i = 0; i < 5000 && poll(&ready, 1, 1) == 0; i++) {
        (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
    }
    skp_assert((ready.revents & (POLLIN | POLLHUP)) != 0);
}

/* One client says hello while @fault is armed; true when it was answered. */
static bool say_hello(struct scene *scene, struct skt_fault *fault)
{
    const struct skp_request request = request_of(SKP_METHOD_HELLO);
    struct skt_client client;
    struct skp_response answer;
    char first;
    bool is_answered;

    skt_client_connect(&client, path);
    skt_client_send(&client, &request);
    skt_fault_arm(fault);
    wait_for_news(scene, &client);
    skt_fault_disarm(fault);
    is_answered = recv(client.fd, &first, 1, MSG_PEEK) == 1;
    if (is_answered) {
        ck_assert_int_eq(skt_client_next(&client, SKP_METHOD_HELLO, &answer),
                         SKP_MESSAGE_RESPONSE);
        ck_assert(answer.err == SKP_ERR_OK || fault->was_reached);
        ck_assert(answer.err == SKP_ERR_OK ||
                  answer.err == SKP_ERR_RESOURCE_EXHAUSTED);
    }
    skt_client_done(&client);
    return is_answered;
}

static void wait_until_nobody_is_connected(struct scene *scene)
{
    for (int i = 0; i < 5000 && skd_server_connections(scene->server) > 0;
         i++) {
        (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
        (void)poll(NULL, 0, 1);
    }
    ck_assert_uint_eq(skd_server_connections(scene->server), 0);
}

START_TEST(a_client_is_served_or_let_go_whatever_fails_while_it_comes)
{
    struct skt_fault none = { 0, false, "", 0 };
    struct skp_diag diag = { "" };
    struct scene scene;
    unsigned n_faults = 0;

    set_scene(&scene);
    skt_ok(start_server(&scene, &none, &diag));
    SKT_FAULT_SWEEP(fault)
    {
        bool is_answered = say_hello(&scene, &fault);

        ck_assert(is_answered || fault.was_reached);
        /* Nobody is let in of whom it is not known who he is. */
        ck_assert(!is_answered || strcmp(fault.name, "getsockopt") != 0);
        wait_until_nobody_is_connected(&scene);
        ck_assert(say_hello(&scene, &none));
        wait_until_nobody_is_connected(&scene);
        n_faults = fault.n_faults;
    }
    ck_assert_uint_gt(n_faults, 4);
    stop_server(&scene.loop, &scene.server);
    clear_scene(&scene);
}
END_TEST

SKT_SUITE("sweep_serve",
          every_request_has_its_answer_or_a_typed_error_whatever_fails,
          a_request_in_pieces_has_its_answer_or_the_connection_ends,
          a_connection_that_cannot_be_opened_is_closed_for_its_client,
          a_desk_is_made_whole_or_not_at_all,
          a_server_starts_whole_or_says_why_not_and_leaves_no_socket,
          a_client_is_served_or_let_go_whatever_fails_while_it_comes)
