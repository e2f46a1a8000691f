/* test_serve.c - a whole server on real sockets: order, odd pieces, limits,
 * clients that misbehave, changes under load, other users, and the end.
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/serve/connection.h"
#include "tests/lib/daemon.h"
#include "tests/lib/serve_host.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define NOBODY      65534
#define PATIENCE_MS 60000u

static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 16];

/* One server with tenants "a" (key 2, former key 1) and "b" (key 9). */
struct stage {
    struct skd_config *config;
    struct skt_host *host;
};

static struct skd_config *new_config(void)
{
    if (folder[0] == '\0') {
        ck_assert(skt_tempdir(folder));
        /* For other users to get at the socket. */
        ck_assert_int_eq(chmod(folder, 0755), 0);
    }
    (void)snprintf(path, sizeof path, "%s/s.sock", folder);
    return skt_config_new(path);
}

static void publish_key(struct skt_host *host, unsigned number)
{
    const struct skt_tenant tenants[] = {
        { .id = "a", .use = SKD_USE_ALL, .keys = { number, 1 } },
        { .id = "b", .use = SKD_USE_ALL, .keys = { 9 } },
    };
    struct skd_snapshot *snapshot = skt_snapshot_of(tenants, 2, false);

    skt_host_publish(host, snapshot);
    skd_snapshot_unref(&snapshot);
}

static struct stage start_with(struct skd_config *config,
                               const struct skt_host_ops *ops,
                               _Atomic uint64_t *now_ms)
{
    struct stage stage = { config, skt_host_start(config, NULL, ops, now_ms) };

    publish_key(stage.host, 2);
    return stage;
}

static struct stage start_stage(void)
{
    return start_with(new_config(), NULL, NULL);
}

static void end_stage(struct stage *stage)
{
    const struct skd_config *config = stage->config;

    skt_host_free(&stage->host);
    skd_config_unref(&config);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static struct skp_request pubkey_of(const char *tenant, uint32_t msgid)
{
    return (struct skp_request){ .msgid = msgid,
                                 .method = SKP_METHOD_PUBKEY,
                                 .tenant = skp_view_of(tenant) };
}

static struct skp_request encrypt_of(uint8_t *plaintext, size_t len)
{
    return (struct skp_request){ .msgid = (uint32_t)len,
                                 .method = SKP_METHOD_ENCRYPT,
                                 .tenant = skp_view_of("a"),
                                 .data = { plaintext, len } };
}

static void assert_key(const struct skp_response *response, unsigned number)
{
    struct skt_key key = skt_key_number(number);

    skt_ok(response->err);
    skt_bytes_eq(response->data,
                 (struct skp_view){ key.public_key, SKP_KEY_LEN });
}

/* ---- order and pieces -----------------------------------------------------
 */

START_TEST(a_hundred_requests_in_one_write_are_answered_in_order)
{
    struct stage stage = start_stage();
    uint8_t bytes[16384];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_response response;
    struct skt_client client;

    for (uint32_t i = 0; i < 100; i++) {
        struct skp_request request = pubkey_of(i % 2 == 0 ? "a" : "b", i);

        skt_ok(skp_request_encode(&request, &buf));
    }
    skt_client_connect(&client, path);
    skt_client_send_bytes(&client, (struct skp_view){ buf.ptr, buf.len });
    for (uint32_t i = 0; i < 100; i++) {
        (void)skt_client_next(&client, SKP_METHOD_PUBKEY, &response);
        ck_assert_uint_eq(response.msgid, i);
        assert_key(&response, i % 2 == 0 ? 2 : 9);
    }
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(requests_byte_by_byte_are_answered_like_any_other)
{
    static uint8_t plaintext[3000];
    struct stage stage = start_stage();
    struct skp_request request = encrypt_of(plaintext, sizeof plaintext);
    uint8_t bytes[4096];
    struct skp_view whole = skt_request_bytes(&request, bytes, sizeof bytes);
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    for (size_t i = 0; i < whole.len; i++) {
        skt_client_send_bytes(&client, (struct skp_view){ whole.ptr + i, 1 });
    }
    (void)skt_client_next(&client, SKP_METHOD_ENCRYPT, &response);
    skt_ok(response.err);
    ck_assert_uint_eq(response.msgid, 3000);
    ck_assert_uint_gt(response.data.len, 3000);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(what_was_encrypted_comes_back_whatever_its_size)
{
    static const size_t sizes[] = { 0, 1, 16384, 65535, 65536 };
    static uint8_t plaintext[65536];
    struct stage stage = start_stage();
    struct skt_client client;

    for (size_t i = 0; i < sizeof plaintext; i++) {
        plaintext[i] = (uint8_t)(i * 7 + i / 251);
    }
    skt_client_connect(&client, path);
    for (size_t i = 0; i < SKP_ARRAY_LEN(sizes); i++) {
        struct skp_request request = encrypt_of(plaintext, sizes[i]);
        struct skp_response sealed = skt_client_ask(&client, &request);
        struct skp_response opened;

        skt_ok(sealed.err);
        request.method = SKP_METHOD_DECRYPT;
        request.data = sealed.data;
        opened = skt_client_ask(&client, &request);
        skt_ok(opened.err);
        ck_assert(opened.authenticated);
        ck_assert_uint_eq(opened.data.len, sizes[i]);
        ck_assert(skp_equal_ct(opened.data.ptr, plaintext, sizes[i]));
    }
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(a_client_that_closes_its_sending_side_still_gets_its_answers)
{
    struct stage stage = start_stage();
    struct skp_request request = pubkey_of("a", 1);
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    for (int i = 0; i < 10; i++) {
        skt_client_send(&client, &request);
    }
    ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
    for (int i = 0; i < 10; i++) {
        (void)skt_client_next(&client, SKP_METHOD_PUBKEY, &response);
        assert_key(&response, 2);
    }
    skt_client_is_closed(&client);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

/* ---- clients that misbehave -----------------------------------------------
 */

struct expected {
    struct skt_host *host;
    unsigned n;
};

static bool has_connections(void *state)
{
    const struct expected *expected = state;

    return skt_host_connections(expected->host) == expected->n;
}

static void await_connections(struct skt_host *host, unsigned n)
{
    struct expected expected = { host, n };

    ck_assert_msg(skt_until(has_connections, &expected, PATIENCE_MS),
                  "there are not %u connections", n);
}

START_TEST(half_a_message_and_a_close_leave_nothing_behind)
{
    struct stage stage = start_stage();
    struct skp_request request = pubkey_of("a", 1);
    uint8_t bytes[256];
    struct skp_view whole = skt_request_bytes(&request, bytes, sizeof bytes);
    size_t held = skp_secret_held();

    for (size_t cut = 1; cut < whole.len; cut++) {
        struct skt_client client;

        skt_client_connect(&client, path);
        skt_client_send_bytes(&client, (struct skp_view){ whole.ptr, cut });
        skt_client_done(&client);
    }
    await_connections(stage.host, 0);
    ck_assert_uint_eq(skp_secret_held(), held);
    end_stage(&stage);
}
END_TEST

START_TEST(half_a_message_is_not_waited_for_for_ever)
{
    static _Atomic uint64_t now_ms;
    static const uint8_t beginning[] = { 0x94, 0x00 };
    struct skp_request hello = { .method = SKP_METHOD_HELLO };
    struct stage stage;
    struct skt_client slow;
    struct skt_client idle;

    atomic_store(&now_ms, 1000);
    stage = start_with(new_config(), NULL, &now_ms);
    skt_client_connect(&idle, path);
    skt_ok(skt_client_ask(&idle, &hello).err);
    skt_client_connect(&slow, path);
    skt_ok(skt_client_ask(&slow, &hello).err);
    skt_client_send_bytes(&slow, (struct skp_view){ beginning, 1 });
    skt_client_send_bytes(&slow, (struct skp_view){ beginning + 1, 1 });
    /* The one worker takes the bytes in the same turn of its loop as the first
     * of these requests, so surely before the second. */
    skt_ok(skt_client_ask(&idle, &hello).err);
    skt_ok(skt_client_ask(&idle, &hello).err);
    atomic_store(&now_ms, 31500);
    skt_client_is_closed(&slow);
    skt_ok(skt_client_ask(&idle, &hello).err);
    skt_client_done(&slow);
    skt_client_done(&idle);
    end_stage(&stage);
}
END_TEST

START_TEST(a_client_that_never_reads_cannot_grow_the_agent)
{
    static uint8_t plaintext[65000];
    struct stage stage = start_stage();
    struct skp_request request = encrypt_of(plaintext, sizeof plaintext);
    static uint8_t bytes[SKP_MESSAGE_MAX];
    struct skp_view whole = skt_request_bytes(&request, bytes, sizeof bytes);
    size_t held = skp_secret_held();
    struct pollfd room = { .events = POLLOUT };
    struct skp_response response;
    struct skt_client client;
    uint64_t end_ms = skd_env_now_ms(&skd_env_system) + PATIENCE_MS;
    size_t sent = 0;

    skt_client_connect(&client, path);
    room.fd = client.fd;
    /* Until it takes no more; a busy machine may be that slow, too. */
    while (poll(&room, 1, 300) == 1 ||
           skp_secret_held() <= held + SKD_CONNECTION_FULL) {
        ssize_t n =
            send(client.fd, whole.ptr + sent % whole.len,
                 whole.len - sent % whole.len, MSG_DONTWAIT | MSG_NOSIGNAL);

        ck_assert(n > 0 || errno == EAGAIN);
        ck_assert_uint_lt(skd_env_now_ms(&skd_env_system), end_ms);
        sent += n > 0 ? (size_t)n : 0;
        ck_assert_uint_lt(sent, 16u * 1024 * 1024);
    }
    /* What may wait, and input; three buffers of whole pages. */
    ck_assert_uint_gt(skp_secret_held(), held + SKD_CONNECTION_FULL);
    ck_assert_uint_lt(skp_secret_held(),
                      held + SKD_OUTBOX_MAX + SKP_MESSAGE_MAX + 16384);
    /* And nothing is lost: all whole requests are answered in the end. */
    for (size_t i = 0; i < sent / whole.len; i++) {
        (void)skt_client_next(&client, SKP_METHOD_ENCRYPT, &response);
        skt_ok(response.err);
    }
    skt_client_done(&client);
    await_connections(stage.host, 0);
    ck_assert_uint_eq(skp_secret_held(), held);
    end_stage(&stage);
}
END_TEST

/* One last error without msgid, then the end. */
static void assert_refused(struct skp_view bytes, enum skp_err expected)
{
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    (void)send(client.fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    (void)skt_client_next(&client, SKP_METHOD_HELLO, &response);
    skt_err(response.err, expected);
    ck_assert(!response.has_msgid);
    skt_client_is_closed(&client);
    skt_client_done(&client);
}

START_TEST(messages_over_a_limit_get_one_last_error)
{
    struct stage stage = start_stage();

    /* bin 32 of 256 KiB in a request's place for params. */
    assert_refused(skt_hex("9400ff91c600040000"), SKP_ERR_RESOURCE_EXHAUSTED);
    /* Five levels. */
    assert_refused(skt_hex("919191919191"), SKP_ERR_RESOURCE_EXHAUSTED);
    /* An array of four billion. */
    assert_refused(skt_hex("ddffffffff"), SKP_ERR_RESOURCE_EXHAUSTED);
    /* A map of 17. */
    assert_refused(skt_hex("de0011"), SKP_ERR_RESOURCE_EXHAUSTED);
    assert_refused(skt_hex("c1"), SKP_ERR_INVALID_ARGUMENT);
    /* A notification; no array at all. */
    assert_refused(skt_hex("9302a56576656e7490"), SKP_ERR_INVALID_ARGUMENT);
    assert_refused(skt_hex("00"), SKP_ERR_INVALID_ARGUMENT);
    end_stage(&stage);
}
END_TEST

START_TEST(a_refused_request_does_not_end_the_connection)
{
    struct stage stage = start_stage();
    struct skp_request good = pubkey_of("a", 9);
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    /* [0, 5, "nonsense", [{}]] */
    skt_client_send_bytes(&client, skt_hex("940005a86e6f6e73656e73659180"));
    (void)skt_client_next(&client, SKP_METHOD_HELLO, &response);
    skt_err(response.err, SKP_ERR_UNIMPLEMENTED);
    ck_assert_uint_eq(response.msgid, 5);
    response = skt_client_ask(&client, &good);
    assert_key(&response, 2);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(connections_over_the_limit_are_told_so)
{
    struct skd_config *config = new_config();
    struct skp_request hello = { .method = SKP_METHOD_HELLO };
    struct skp_response response;
    struct skt_client clients[3];
    struct stage stage;

    config->max_connections = 10;
    config->max_connections_per_uid = 2;
    stage = start_with(config, NULL, NULL);
    for (size_t i = 0; i < 2; i++) {
        skt_client_connect(&clients[i], path);
        skt_ok(skt_client_ask(&clients[i], &hello).err);
    }
    skt_client_connect(&clients[2], path);
    (void)skt_client_next(&clients[2], SKP_METHOD_HELLO, &response);
    skt_err(response.err, SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert(!response.has_msgid);
    skt_client_is_closed(&clients[2]);
    skt_client_done(&clients[2]);
    /* A place that became free can be taken. */
    skt_client_done(&clients[0]);
    await_connections(stage.host, 1);
    skt_client_connect(&clients[2], path);
    skt_ok(skt_client_ask(&clients[2], &hello).err);
    skt_client_done(&clients[1]);
    skt_client_done(&clients[2]);
    end_stage(&stage);
}
END_TEST

/* ---- changes --------------------------------------------------------------
 */

START_TEST(publishing_under_load_never_mixes_keys)
{
    struct skd_config *config = new_config();
    struct skp_request request = pubkey_of("a", 0);
    struct skt_key keys[2] = { skt_key_number(2), skt_key_number(3) };
    struct skp_response response;
    struct skt_client clients[4];
    struct stage stage;
    unsigned seen[2] = { 0, 0 };

    config->workers = 2;
    stage = start_with(config, NULL, NULL);
    for (size_t i = 0; i < SKP_ARRAY_LEN(clients); i++) {
        skt_client_connect(&clients[i], path);
    }
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0; i < 40; i++) {
            skt_client_send(&clients[i % 4], &request);
        }
        publish_key(stage.host, 2 + (round & 1u));
        for (size_t i = 0; i < 40; i++) {
            unsigned which;

            (void)skt_client_next(&clients[i % 4], SKP_METHOD_PUBKEY,
                                  &response);
            skt_ok(response.err);
            which = skp_equal_ct(response.key_id, keys[1].key_id, 8);
            skt_bytes_eq(response.data,
                         (struct skp_view){ keys[which].public_key, 32 });
            skt_bytes_eq((struct skp_view){ response.key_id, 8 },
                         (struct skp_view){ keys[which].key_id, 8 });
            seen[which]++;
        }
    }
    ck_assert_uint_eq(seen[0] + seen[1], 2000);
    ck_assert(seen[0] > 0 && seen[1] > 0);
    for (size_t i = 0; i < SKP_ARRAY_LEN(clients); i++) {
        skt_client_done(&clients[i]);
    }
    end_stage(&stage);
}
END_TEST

START_TEST(a_watcher_is_told_what_changed_and_nothing_else)
{
    struct stage stage = start_stage();
    struct skp_request watch = { .method = SKP_METHOD_WATCH };
    struct skp_request other = pubkey_of("b", 4);
    struct skt_key key = skt_key_number(5);
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    skt_ok(skt_client_ask(&client, &watch).err);
    publish_key(stage.host, 2); /* the same again: nothing to tell */
    publish_key(stage.host, 5);
    ck_assert_int_eq(skt_client_next(&client, SKP_METHOD_HELLO, &response),
                     SKP_MESSAGE_CHANGED);
    ck_assert_uint_eq(response.n_rows, 1);
    ck_assert(skp_view_equal(response.rows[0].id, skp_view_of("a")));
    skt_bytes_eq((struct skp_view){ response.rows[0].key_id, 8 },
                 (struct skp_view){ key.key_id, 8 });
    ck_assert_uint_eq(response.rows[0].generation, 2);
    response = skt_client_ask(&client, &other);
    assert_key(&response, 9);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(a_watcher_hears_of_many_changes_in_portions)
{
    struct stage stage = start_stage();
    struct skd_snapshot *snapshot = skt_snapshot_many(1203, 4);
    struct skp_request watch = { .method = SKP_METHOD_WATCH };
    struct skp_response response;
    struct skt_client client;
    size_t told = 0;

    skt_client_connect(&client, path);
    skt_ok(skt_client_ask(&client, &watch).err);
    skt_host_publish(stage.host, snapshot);
    skd_snapshot_unref(&snapshot);
    /* 1203 new ones, and "a" and "b", which are gone. */
    while (told < 1205) {
        ck_assert_int_eq(skt_client_next(&client, SKP_METHOD_HELLO, &response),
                         SKP_MESSAGE_CHANGED);
        ck_assert_uint_le(response.n_rows, 500);
        told += response.n_rows;
    }
    ck_assert_uint_eq(told, 1205);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(a_watcher_that_does_not_read_is_closed)
{
    struct stage stage = start_stage();
    struct skp_request watch = { .method = SKP_METHOD_WATCH };
    struct skd_snapshot *two[2] = { skt_snapshot_many(5000, 1),
                                    skt_snapshot_many(5000, 2) };
    struct skt_client client;
    uint64_t end_ms = skd_env_now_ms(&skd_env_system) + PATIENCE_MS;

    skt_client_connect(&client, path);
    skt_ok(skt_client_ask(&client, &watch).err);
    for (unsigned i = 0; skt_host_connections(stage.host) > 0; i++) {
        ck_assert_uint_lt(skd_env_now_ms(&skd_env_system), end_ms);
        skt_host_publish(stage.host, two[i % 2]);
        (void)poll(NULL, 0, 5);
    }
    skd_snapshot_unref(&two[0]);
    skd_snapshot_unref(&two[1]);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

/* ---- asks -----------------------------------------------------------------
 */

static struct skd_ask *_Atomic kept_ask;

static void keep_ask(struct skd_ask *ask, bool accept_removals)
{
    (void)accept_removals;
    atomic_store(&kept_ask, ask);
}

static bool has_ask(void *state)
{
    (void)state;
    return atomic_load(&kept_ask) != NULL;
}

static void await_ask(void)
{
    ck_assert(skt_until(has_ask, NULL, PATIENCE_MS));
}

static void do_answer(struct skd_server *server, void *state)
{
    (void)server;
    (void)state;
    skd_server_answer(atomic_exchange(&kept_ask, NULL), SKP_ERR_UNAVAILABLE,
                      NULL, &(struct skp_diag){ "the source is down" });
}

START_TEST(answers_stay_in_order_behind_a_slow_refresh)
{
    const struct skt_host_ops ops = { .refresh = keep_ask };
    struct stage stage = start_with(new_config(), &ops, NULL);
    struct skp_request refresh = { .msgid = 1, .method = SKP_METHOD_REFRESH };
    struct skp_request later = pubkey_of("a", 2);
    struct skp_response response;
    struct skt_client client;
    struct pollfd ready = { .events = POLLIN };

    atomic_store(&kept_ask, NULL);
    skt_client_connect(&client, path);
    skt_client_send(&client, &refresh);
    for (int i = 0; i < 5; i++) {
        skt_client_send(&client, &later);
    }
    await_ask();
    ready.fd = client.fd;
    ck_assert_int_eq(poll(&ready, 1, 50), 0);
    skt_host_call(stage.host, do_answer, NULL);
    (void)skt_client_next(&client, SKP_METHOD_REFRESH, &response);
    ck_assert_uint_eq(response.msgid, 1);
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    ck_assert(skp_view_equal(response.text, skp_view_of("the source is down")));
    for (int i = 0; i < 5; i++) {
        (void)skt_client_next(&client, SKP_METHOD_PUBKEY, &response);
        ck_assert_uint_eq(response.msgid, 2);
        assert_key(&response, 2);
    }
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

START_TEST(an_ask_may_outlive_its_client_and_its_server)
{
    const struct skt_host_ops ops = { .refresh = keep_ask };
    struct stage stage = start_with(new_config(), &ops, NULL);
    struct skp_request refresh = { .msgid = 1, .method = SKP_METHOD_REFRESH };
    struct skt_client client;

    atomic_store(&kept_ask, NULL);
    skt_client_connect(&client, path);
    skt_client_send(&client, &refresh);
    await_ask();
    skt_client_done(&client);
    skt_host_call(stage.host, do_answer, NULL);
    await_connections(stage.host, 0);

    skt_client_connect(&client, path);
    skt_client_send(&client, &refresh);
    await_ask();
    end_stage(&stage);
    do_answer(NULL, NULL);
    skt_client_done(&client);
}
END_TEST

/* ---- the end --------------------------------------------------------------
 */

START_TEST(a_stop_answers_what_is_in_flight)
{
    struct stage stage = start_stage();
    struct skp_request hello = { .method = SKP_METHOD_HELLO };
    struct skp_request request = pubkey_of("a", 3);
    struct skp_response response;
    struct skt_client busy;
    struct skt_client idle;

    skt_client_connect(&idle, path);
    skt_ok(skt_client_ask(&idle, &hello).err);
    skt_client_connect(&busy, path);
    skt_ok(skt_client_ask(&busy, &hello).err);
    for (int i = 0; i < 200; i++) {
        skt_client_send(&busy, &request);
    }
    skt_host_stop(stage.host, PATIENCE_MS);
    for (int i = 0; i < 200; i++) {
        (void)skt_client_next(&busy, SKP_METHOD_PUBKEY, &response);
        assert_key(&response, 2);
    }
    skt_client_is_closed(&busy);
    skt_client_is_closed(&idle);
    skt_client_done(&busy);
    skt_client_done(&idle);
    end_stage(&stage);
}
END_TEST

START_TEST(a_client_that_does_not_read_cannot_hold_up_the_end)
{
    static uint8_t plaintext[65000];
    struct stage stage = start_stage();
    struct skp_request request = encrypt_of(plaintext, sizeof plaintext);
    struct skt_client client;

    skt_client_connect(&client, path);
    for (int i = 0; i < 8; i++) {
        skt_client_send(&client, &request);
    }
    skt_host_stop(stage.host, 100);
    skt_client_done(&client);
    end_stage(&stage);
}
END_TEST

/* ---- other users ----------------------------------------------------------
 */

/* Runs as another user; exits 0 when hello is answered and pubkey refused. */
static int call_as_nobody(int start_fd)
{
    struct skp_request hello = { .method = SKP_METHOD_HELLO };
    struct skp_request known = pubkey_of("a", 1);
    struct skp_request unknown = pubkey_of("no-such-tenant", 2);
    struct skt_client client;
    char byte;

    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
        read(start_fd, &byte, 1) != 1) {
        return 2;
    }
    skt_client_connect(&client, path);
    if (skt_client_ask(&client, &hello).err != SKP_ERR_OK) {
        return 3;
    }
    if (skt_client_ask(&client, &known).err != SKP_ERR_PERMISSION_DENIED ||
        skt_client_ask(&client, &unknown).err != SKP_ERR_PERMISSION_DENIED) {
        return 4;
    }
    skt_client_done(&client);
    return 0;
}

START_TEST(another_user_is_refused)
{
    struct skd_config *config = new_config();
    struct stage stage;
    int status = -1;
    int fds[2];
    pid_t child;

    if (geteuid() != 0) {
        const struct skd_config *old = config;

        (void)fputs("skipped: only root can be another user\n", stderr);
        skd_config_unref(&old);
        return;
    }
    ck_assert_int_eq(pipe(fds), 0);
    child = fork(); /* before any thread is there */
    if (child == 0) {
        _exit(call_as_nobody(fds[0]));
    }
    stage = start_with(config, NULL, NULL);
    ck_assert_int_eq(chmod(path, 0666), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
    end_stage(&stage);
}
END_TEST

static const char *const tenant_b[] = { "b" };
static struct skd_access_rule only_b;

static void do_reconfigure(struct skd_server *server, void *state)
{
    skd_server_reconfigure(server, state);
}

START_TEST(new_rules_count_from_the_next_request_on)
{
    struct stage stage = start_stage();
    struct skd_config *config = skt_config_new(path);
    const struct skd_config *old = config;
    struct skp_request a = pubkey_of("a", 1);
    struct skp_request b = pubkey_of("b", 2);
    struct skp_request watch = { .method = SKP_METHOD_WATCH };
    struct skp_response response;
    struct skt_client client;

    skt_client_connect(&client, path);
    skt_ok(skt_client_ask(&client, &watch).err);
    response = skt_client_ask(&client, &a);
    assert_key(&response, 2);
    only_b = (struct skd_access_rule){ .tenants = tenant_b,
                                       .n_tenants = 1,
                                       .rights = SKD_RIGHT_ALL };
    config->has_access = true;
    config->access = &only_b;
    config->n_access = 1;
    skt_host_call(stage.host, do_reconfigure, config);
    for (;;) {
        response = skt_client_ask(&client, &a);
        if (response.err != SKP_ERR_OK) {
            break;
        }
    }
    skt_err(response.err, SKP_ERR_PERMISSION_DENIED);
    response = skt_client_ask(&client, &b);
    assert_key(&response, 9);
    /* Nor is it told any more about what it may not watch now. */
    publish_key(stage.host, 7);
    skt_err(skt_client_ask(&client, &a).err, SKP_ERR_PERMISSION_DENIED);
    skt_err(skt_client_ask(&client, &watch).err, SKP_ERR_PERMISSION_DENIED);
    skt_client_done(&client);
    skd_config_unref(&old);
    end_stage(&stage);
}
END_TEST

SKT_SUITE("serve",
          a_hundred_requests_in_one_write_are_answered_in_order,
          requests_byte_by_byte_are_answered_like_any_other,
          what_was_encrypted_comes_back_whatever_its_size,
          a_client_that_closes_its_sending_side_still_gets_its_answers,
          half_a_message_and_a_close_leave_nothing_behind,
          half_a_message_is_not_waited_for_for_ever,
          a_client_that_never_reads_cannot_grow_the_agent,
          messages_over_a_limit_get_one_last_error,
          a_refused_request_does_not_end_the_connection,
          connections_over_the_limit_are_told_so,
          publishing_under_load_never_mixes_keys,
          a_watcher_is_told_what_changed_and_nothing_else,
          a_watcher_hears_of_many_changes_in_portions,
          a_watcher_that_does_not_read_is_closed,
          answers_stay_in_order_behind_a_slow_refresh,
          an_ask_may_outlive_its_client_and_its_server,
          a_stop_answers_what_is_in_flight,
          a_client_that_does_not_read_cannot_hold_up_the_end,
          another_user_is_refused,
          new_rules_count_from_the_next_request_on)
