/* serving.c - keys, snapshots and requests made by hand; see serving.h. */
#include "tests/lib/serving.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/key.h"
#include "tests/lib/suite.h"

#define CLIENT_MAX  (512u * 1024u)
#define PATIENCE_MS 60000

struct skt_key skt_key_number(unsigned number)
{
    struct skt_key key;

    memset(key.private_key, (int)number, sizeof key.private_key);
    skp_key_public(key.private_key, key.public_key);
    skp_key_id(key.public_key, key.key_id);
    return key;
}

static size_t count_keys(const struct skt_tenant *tenant)
{
    size_t n = 0;

    while (n < SKP_ARRAY_LEN(tenant->keys) && tenant->keys[n] != 0) {
        n++;
    }
    return n;
}

static void add_tenant(struct skd_builder *builder,
                       const struct skt_tenant *tenant)
{
    size_t n_keys = count_keys(tenant);
    struct skd_tenant row = {
        .id = tenant->id,
        .id_len = (uint8_t)strlen(tenant->id),
        .use = (uint8_t)tenant->use,
        .origin = SKP_ORIGIN_COORDINATOR,
        .confirmed_ms = tenant->confirmed_ms,
        .confirmed_at_s = 1700000000,
        .reason = tenant->reason,
    };

    skt_ok(skd_builder_add_tenant(builder, &row));
    for (size_t i = 0; i < n_keys; i++) {
        struct skt_key bytes = skt_key_number(tenant->keys[i]);
        struct skd_key key = { bytes.private_key, bytes.public_key,
                               bytes.key_id, n_keys - i };

        skt_ok(skd_builder_add_key(builder, &key));
    }
}

struct skd_snapshot *
skt_snapshot_of(const struct skt_tenant *tenants, size_t n, bool single)
{
    struct skd_snapshot *snapshot = NULL;
    struct skd_builder *builder = NULL;
    struct skp_diag diag;
    size_t n_keys = 0;

    for (size_t i = 0; i < n; i++) {
        n_keys += count_keys(&tenants[i]);
    }
    skt_ok(skd_builder_new(n, n_keys, single, &builder, &diag));
    for (size_t i = 0; i < n; i++) {
        add_tenant(builder, &tenants[i]);
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

struct skd_snapshot *skt_snapshot_many(size_t n, unsigned number)
{
    struct skd_snapshot *snapshot = NULL;
    struct skd_builder *builder = NULL;
    struct skt_key bytes = skt_key_number(number);
    struct skd_key key = { bytes.private_key, bytes.public_key, bytes.key_id,
                           number };
    struct skp_diag diag;

    skt_ok(skd_builder_new(n, n, false, &builder, &diag));
    for (size_t i = 0; i < n; i++) {
        char id[16];
        struct skd_tenant row = { .id = id, .use = SKD_USE_ALL };

        row.id_len = (uint8_t)snprintf(id, sizeof id, "t%05zu", i);
        skt_ok(skd_builder_add_tenant(builder, &row));
        skt_ok(skd_builder_add_key(builder, &key));
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

struct skd_config *skt_config_new(const char *socket)
{
    const struct skd_config *made = NULL;
    struct skd_config *config;

    skt_ok(skd_config_dev(socket, &made));
    /* The one holder of a configuration of its own may edit it. */
    config = (struct skd_config *)(uintptr_t)made;
    config->workers = 1;
    config->max_connections = 64;
    config->max_connections_per_uid = 64;
    config->max_payload = SKP_PAYLOAD_DEFAULT;
    config->max_stale_ms = 0;
    config->has_access = false;
    return config;
}

/* ---- the client ---------------------------------------------------------- */

void skt_client_init(struct skt_client *client, int fd)
{
    *client = (struct skt_client){ .fd = fd };
    client->bytes = malloc(CLIENT_MAX);
    ck_assert_ptr_nonnull(client->bytes);
    skt_ok(skp_scratch_new(&client->scratch));
}

void skt_client_connect(struct skt_client *client, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof address) == 0,
                  "connect %s: %s", path, strerror(errno));
    skt_client_init(client, fd);
}

void skt_client_done(struct skt_client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
    skp_scratch_free(&client->scratch);
    free(client->bytes);
    client->bytes = NULL;
}

struct skp_view
skt_request_bytes(const struct skp_request *request, uint8_t *place, size_t cap)
{
    struct skp_buf buf = skp_buf_over(place, cap);

    skt_ok(skp_request_encode(request, &buf));
    return (struct skp_view){ buf.ptr, buf.len };
}

void skt_client_send_bytes(struct skt_client *client, struct skp_view bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            struct pollfd ready = { client->fd, POLLOUT, 0 };

            ck_assert_int_gt(poll(&ready, 1, PATIENCE_MS), 0);
            continue;
        }
        ck_assert_msg(n > 0, "send: %s", strerror(errno));
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
}

void skt_client_send(struct skt_client *client,
                     const struct skp_request *request)
{
    static uint8_t place[SKP_MESSAGE_MAX];

    skt_client_send_bytes(client,
                          skt_request_bytes(request, place, sizeof place));
}

/* Bytes received; 0 at the end of the connection. */
static size_t receive_more(struct skt_client *client)
{
    struct pollfd ready = { client->fd, POLLIN, 0 };
    ssize_t n;

    ck_assert_uint_lt(client->len, CLIENT_MAX);
    ck_assert_msg(poll(&ready, 1, PATIENCE_MS) > 0,
                  "no answer within a minute");
    n = recv(client->fd, client->bytes + client->len, CLIENT_MAX - client->len,
             0);
    ck_assert_msg(n >= 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
    client->len += n > 0 ? (size_t)n : 0;
    return n > 0 ? (size_t)n : 0;
}

static void drop_used(struct skt_client *client)
{
    memmove(client->bytes, client->bytes + client->used,
            client->len - client->used);
    client->len -= client->used;
    client->used = 0;
}

enum skp_message skt_client_next(struct skt_client *client,
                                 enum skp_method asked,
                                 struct skp_response *ret)
{
    enum skp_message kind = SKP_MESSAGE_RESPONSE;
    struct skp_diag diag = { "" };
    struct skp_view bytes;
    enum skp_frame frame;
    size_t len = 0;

    drop_used(client);
    for (;;) {
        bytes = (struct skp_view){ client->bytes, client->len };
        frame = client->len > 0
                    ? skp_frame_scan(bytes, &skp_frame_answer_limits, &len)
                    : SKP_FRAME_PARTIAL;
        if (frame == SKP_FRAME_WHOLE) {
            break;
        }
        ck_assert_int_eq(frame, SKP_FRAME_PARTIAL);
        ck_assert_msg(receive_more(client) > 0, "closed instead of answered");
    }
    client->used = len;
    bytes.len = len;
    ck_assert_msg(skp_response_decode(client->scratch, bytes, asked, &kind, ret,
                                      &diag) == SKP_ERR_OK,
                  "%s", diag.text);
    return kind;
}

void skt_client_is_closed(struct skt_client *client)
{
    drop_used(client);
    ck_assert_uint_eq(client->len, 0);
    ck_assert_uint_eq(receive_more(client), 0);
}

struct skp_response skt_client_ask(struct skt_client *client,
                                   const struct skp_request *request)
{
    struct skp_response response;

    skt_client_send(client, request);
    ck_assert_int_eq(skt_client_next(client, request->method, &response),
                     SKP_MESSAGE_RESPONSE);
    return response;
}
