/* test_worker.c - proves worker.c: one worker, with the test's loop for the
 * main loop. */
#include <sys/socket.h>

#include "agent/serve/worker.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

static uv_loop_t loop;
static struct skd_mailbox home;
static struct skd_config *config;
static struct skd_worker *worker;
static unsigned n_closed;
static struct skd_ask *last_ask;
static bool has_ended;

static void on_mail(void *state, struct skd_mail *mail)
{
    struct skd_connection *connection;

    (void)state;
    switch (mail->kind) {
    case SKD_MAIL_CONNECTION:
        connection = (struct skd_connection *)mail;
        skd_connection_free(&connection);
        n_closed++;
        break;
    case SKD_MAIL_ASK:
        last_ask = (struct skd_ask *)mail;
        break;
    case SKD_MAIL_STOP:
        ck_assert_ptr_eq(skd_worker_of(mail), worker);
        skd_worker_free(&worker);
        has_ended = true;
        break;
    case SKD_MAIL_VIEW:
    default:
        ck_abort_msg("no such mail comes back");
    }
}

static void on_want(void *state)
{
    (void)state;
}

static void set_up(void)
{
    struct skd_worker_config worker_config = { .env = &skd_env_system,
                                               .home = &home,
                                               .want = on_want,
                                               .own_uid = 500,
                                               .index = 4 };

    n_closed = 0;
    last_ask = NULL;
    has_ended = false;
    config = skt_config_new("/unused");
    worker_config.config = config;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    skt_ok(skd_mailbox_open(&home, &loop, on_mail, NULL));
    skt_ok(skd_worker_start(&worker_config, &worker));
}

static void stop_worker(uint64_t drain_ms)
{
    skd_worker_stop(worker, drain_ms);
    while (!has_ended) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_ptr_null(worker);
}

static void tear_down(void)
{
    const struct skd_config *old = config;

    if (!has_ended) {
        stop_worker(0);
    }
    skd_mailbox_close(&home, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    skd_mailbox_done(&home);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    skd_config_unref(&old);
    ck_assert_uint_eq(skp_secret_held(), 0);
    ck_assert_uint_eq(skd_arena_held(), 0);
}

static void connect_client(struct skt_client *client, uint64_t id)
{
    struct skd_peer peer = { .uid = 500 };
    struct skd_connection *connection = NULL;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    skt_ok(skd_connection_new(fds[0], &peer, id, &connection));
    ck_assert(skd_worker_post(worker, &connection->mail));
    skt_client_init(client, fds[1]);
}

static void serve_key(unsigned number)
{
    const struct skt_tenant tenant = { .id = "a",
                                       .use = SKD_USE_ALL,
                                       .keys = { number } };
    struct skd_snapshot *snapshot = skt_snapshot_of(&tenant, 1, false);

    skd_worker_serve(worker, snapshot, config);
    skd_snapshot_unref(&snapshot);
}

static struct skp_response ask_pubkey(struct skt_client *client)
{
    const struct skp_request request = { .method = SKP_METHOD_PUBKEY,
                                         .tenant = skp_view_of("a") };

    return skt_client_ask(client, &request);
}

START_TEST(what_is_served_counts_from_the_next_request_and_pins_are_dropped)
{
    struct skt_key key = skt_key_number(3);
    struct skp_response response;
    struct skt_client client;
    size_t held;

    set_up();
    held = skd_arena_held();
    connect_client(&client, 1);
    skt_err(ask_pubkey(&client).err, SKP_ERR_UNAVAILABLE);
    /* Mail comes in order: a request sent after this sees the last of them. */
    for (unsigned number = 200; number > 2; number--) {
        serve_key(number);
    }
    do {
        response = ask_pubkey(&client);
    } while (response.err != SKP_ERR_OK ||
             !skp_equal_ct(response.key_id, key.key_id, SKP_KEY_ID_LEN));
    /* One snapshot of one key is left of 198. */
    ck_assert_uint_le(skd_arena_held() - held, 4096);
    skt_client_done(&client);
    tear_down();
}
END_TEST

START_TEST(a_worker_without_connections_ends_at_once)
{
    set_up();
    serve_key(1);
    stop_worker(60000);
    tear_down();
}
END_TEST

START_TEST(clients_come_back_to_the_main_loop_when_they_close)
{
    struct skt_client clients[3];

    set_up();
    for (size_t i = 0; i < 3; i++) {
        connect_client(&clients[i], i);
        skt_err(ask_pubkey(&clients[i]).err, SKP_ERR_UNAVAILABLE);
        skt_client_done(&clients[i]);
    }
    while (n_closed < 3) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    tear_down();
}
END_TEST

START_TEST(an_ask_names_its_worker_and_its_answer_finds_its_connection)
{
    const struct skp_request request = { .msgid = 6,
                                         .method = SKP_METHOD_REFRESH };
    const struct skp_response answer = { .err = SKP_ERR_UNAVAILABLE };
    struct skt_client clients[2];
    struct skp_response response;

    set_up();
    connect_client(&clients[0], 70);
    connect_client(&clients[1], 71);
    skt_client_send(&clients[1], &request);
    while (last_ask == NULL) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(last_ask->worker, 4);
    ck_assert_uint_eq(last_ask->connection, 71);
    skt_ok(skd_ask_encode(last_ask, &answer));
    ck_assert(skd_worker_post(worker, &last_ask->mail));
    (void)skt_client_next(&clients[1], SKP_METHOD_REFRESH, &response);
    ck_assert_uint_eq(response.msgid, 6);
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    skt_client_done(&clients[0]);
    skt_client_done(&clients[1]);
    tear_down();
}
END_TEST

START_TEST(an_ask_that_could_not_be_answered_ends_its_connection)
{
    const struct skp_request request = { .method = SKP_METHOD_REFRESH };
    struct skt_client client;

    set_up();
    connect_client(&client, 70);
    skt_client_send(&client, &request);
    while (last_ask == NULL) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(skd_worker_post(worker, &last_ask->mail));
    skt_client_is_closed(&client);
    skt_client_done(&client);
    tear_down();
}
END_TEST

START_TEST(a_client_that_waits_for_an_answer_is_closed_when_draining_is_over)
{
    const struct skp_request request = { .method = SKP_METHOD_REFRESH };
    struct skt_client client;

    set_up();
    connect_client(&client, 70);
    skt_client_send(&client, &request);
    while (last_ask == NULL) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    stop_worker(50);
    skt_client_is_closed(&client);
    skt_client_done(&client);
    skd_ask_free(&last_ask);
    tear_down();
}
END_TEST

SKT_SUITE("worker",
          what_is_served_counts_from_the_next_request_and_pins_are_dropped,
          a_worker_without_connections_ends_at_once,
          clients_come_back_to_the_main_loop_when_they_close,
          an_ask_names_its_worker_and_its_answer_finds_its_connection,
          an_ask_that_could_not_be_answered_ends_its_connection,
          a_client_that_waits_for_an_answer_is_closed_when_draining_is_over)
