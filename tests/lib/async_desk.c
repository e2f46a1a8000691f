/* async_desk.c - both sides of an async handle; see async_desk.h. */
#include "tests/lib/async_desk.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/key.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

/* ---- the world ----------------------------------------------------------- */

static uint64_t read_clock(void *state)
{
    const struct skt_async_desk *desk = state;

    return desk->now_ms;
}

/* Back-off is neither shortened nor lengthened: half and a half. */
static enum skp_err fill_half(void *state, uint8_t *buf, size_t len)
{
    (void)state;
    memset(buf, 0x80, len);
    return SKP_ERR_OK;
}

static int connect_pair(void *state, const char *path)
{
    struct skt_async_desk *desk = state;
    int fds[2];

    ck_assert_str_eq(path, "/nowhere");
    desk->connects++;
    if (desk->connect_error != 0) {
        return -desk->connect_error;
    }
    skt_async_desk_hang_up(desk); /* of a connection that the handle gave up */
    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
    desk->agent_fd = fds[1];
    skp_secret_clear(&desk->heard);
    return fds[0];
}

static void on_change(void *user, const struct sidekey_async_change *change)
{
    struct skt_async_desk *desk = user;

    ck_assert(desk->in_turn);
    ck_assert_uint_lt(desk->n_news, SKP_ARRAY_LEN(desk->news));
    desk->news[desk->n_news++] = change->news;
    desk->last_change = *change;
    (void)snprintf(desk->changed_tenant, sizeof desk->changed_tenant, "%s",
                   change->tenant);
}

/* ---- the desk ------------------------------------------------------------ */

struct skt_async_desk *skt_async_desk_new(uint32_t requests_max,
                                          uint32_t bytes_max)
{
    struct skt_async_desk *desk = calloc(1, sizeof *desk);
    struct sidekey_async_options options = { .socket_path = "/nowhere",
                                             .requests_max = requests_max,
                                             .bytes_max = bytes_max,
                                             .on_change = on_change,
                                             .user = desk };

    ck_assert_ptr_nonnull(desk);
    desk->random = (struct skp_random){ .fill = fill_half };
    desk->env = (struct skc_async_env){ .state = desk,
                                        .now_ms = read_clock,
                                        .connect = connect_pair,
                                        .random = &desk->random };
    desk->now_ms = 1000000;
    desk->agent_fd = -1;
    desk->watched_fd = -1;
    skt_ok(skp_scratch_new(&desk->scratch));
    skt_status_ok(skc_async_open_in(&desk->env, &options, &desk->handle));
    return desk;
}

void skt_async_desk_free_handle(struct skt_async_desk *desk)
{
    desk->in_turn = true;
    sidekey_async_free(&desk->handle);
    desk->in_turn = false;
    ck_assert_ptr_null(desk->handle);
}

void skt_async_desk_free(struct skt_async_desk **desk)
{
    skt_async_desk_free_handle(*desk);
    skt_async_desk_hang_up(*desk);
    skp_secret_done(&(*desk)->heard);
    skp_scratch_free(&(*desk)->scratch);
    free(*desk);
    *desk = NULL;
}

/* ---- requests ------------------------------------------------------------ */

/* Which entry a callback is for: its user pointer is the entry. */
struct entry {
    struct skt_async_desk *desk;
    size_t i;
};
static struct entry entries[SKT_ASYNC_DESK_DONE_MAX];

static void on_done(void *user, const struct sidekey_async_answer *answer)
{
    const struct entry *entry = user;
    struct skt_async_desk *desk = entry->desk;
    struct skt_done *done = &desk->done[entry->i];

    ck_assert(desk->in_turn);
    done->calls++;
    ck_assert_uint_eq(done->calls, 1);
    done->ticket = answer->ticket;
    done->status = answer->status;
    done->is_cancelled = answer->is_cancelled;
    (void)snprintf(done->text, sizeof done->text, "%.120s", answer->text);
    (void)snprintf(done->data, sizeof done->data, "%.*s",
                   (int)(answer->len < 60 ? answer->len : 60),
                   answer->len == 0 ? "" : (const char *)answer->data);
    done->len = answer->len;
    done->public_key = answer->public_key;
    done->data_key = answer->data_key;
    done->authenticated = answer->authenticated;
    done->order = desk->n_done++;
    if (desk->then != NULL) {
        desk->then(desk);
    }
}

struct sidekey_async_call skt_async_desk_call(struct skt_async_desk *desk,
                                              uint32_t deadline_ms,
                                              size_t *ret)
{
    size_t i = desk->n_submitted;

    ck_assert_uint_lt(i, SKT_ASYNC_DESK_DONE_MAX);
    entries[i] = (struct entry){ desk, i };
    *ret = i;
    return (struct sidekey_async_call){ .done = on_done,
                                        .user = &entries[i],
                                        .deadline_ms = deadline_ms };
}

size_t skt_async_desk_encrypt(struct skt_async_desk *desk,
                              const char *plaintext,
                              uint32_t deadline_ms)
{
    size_t i;
    struct sidekey_async_call call = skt_async_desk_call(desk, deadline_ms, &i);
    bool in_turn = desk->in_turn;

    desk->in_turn = false;
    skt_status_ok(sidekey_async_encrypt(
        desk->handle, "t", (const uint8_t *)plaintext, strlen(plaintext), NULL,
        &call, &desk->done[i].ticket));
    desk->in_turn = in_turn;
    desk->n_submitted++;
    return i;
}

size_t skt_async_desk_pubkey(struct skt_async_desk *desk, uint32_t deadline_ms)
{
    size_t i;
    struct sidekey_async_call call = skt_async_desk_call(desk, deadline_ms, &i);

    skt_status_ok(
        sidekey_async_pubkey(desk->handle, "t", &call, &desk->done[i].ticket));
    desk->n_submitted++;
    return i;
}

void skt_async_desk_ended(const struct skt_async_desk *desk,
                          size_t i,
                          enum sidekey_status status,
                          const char *text)
{
    ck_assert_uint_eq(desk->done[i].calls, 1);
    ck_assert_str_eq(sidekey_status_name(desk->done[i].status),
                     sidekey_status_name(status));
    ck_assert_str_eq(desk->done[i].text, text);
}

/* ---- the loop ------------------------------------------------------------ */

struct sidekey_async_wants skt_async_desk_wants(struct skt_async_desk *desk)
{
    struct sidekey_async_wants wants;

    sidekey_async_wants(desk->handle, &wants);
    return wants;
}

bool skt_async_desk_turn(struct skt_async_desk *desk)
{
    struct sidekey_async_wants wants;
    struct pollfd ready = { .fd = -1 };

    /* What was watched is still open, even if it was lost. */
    ready = (struct pollfd){ .fd = desk->watched_fd };
    ck_assert_int_ge(poll(&ready, 1, 0), 0);
    ck_assert_int_eq(ready.revents & POLLNVAL, 0);

    wants = skt_async_desk_wants(desk);
    ck_assert(wants.generation != desk->generation ||
              wants.fd == desk->watched_fd);
    desk->generation = wants.generation;
    desk->watched_fd = wants.fd;
    ready = (struct pollfd){ .fd = wants.fd, .events = wants.events };
    (void)poll(&ready, 1, 0);
    ck_assert_int_eq(ready.revents & POLLNVAL, 0);
    if (ready.revents == 0 && wants.timeout_ms != 0) {
        return false;
    }
    desk->in_turn = true;
    sidekey_async_process(desk->handle, ready.revents);
    desk->in_turn = false;
    return true;
}

void skt_async_desk_run(struct skt_async_desk *desk)
{
    unsigned turns = 0;

    while (skt_async_desk_turn(desk)) {
        turns++;
        ck_assert_msg(turns < 100000, "the handle is never at rest");
    }
}

void skt_async_desk_pass(struct skt_async_desk *desk, uint64_t ms)
{
    skt_async_desk_run(desk);
    desk->now_ms += ms;
    skt_async_desk_run(desk);
}

/* ---- the agent ----------------------------------------------------------- */

static void listen_to_handle(struct skt_async_desk *desk)
{
    uint8_t bytes[65536];
    ssize_t n = desk->agent_fd < 0
                    ? 0
                    : recv(desk->agent_fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n > 0) {
        skt_ok(skp_secret_append(&desk->heard, bytes, (size_t)n));
    }
}

bool skt_async_desk_hear(struct skt_async_desk *desk, struct skp_request *ret)
{
    static uint8_t message[SKP_MESSAGE_MAX];
    struct skp_refusal refusal;
    struct skp_diag diag = { "" };
    size_t len = 0;

    listen_to_handle(desk);
    if (desk->heard.len == 0 ||
        skp_frame_scan(skp_secret_view(&desk->heard), &skp_frame_request_limits,
                       &len) != SKP_FRAME_WHOLE) {
        return false;
    }
    memcpy(message, desk->heard.bytes, len);
    skp_secret_consume(&desk->heard, len);
    skt_ok(skp_request_decode(desk->scratch, (struct skp_view){ message, len },
                              ret, &refusal, &diag));
    return true;
}

struct skp_request skt_async_desk_heard(struct skt_async_desk *desk,
                                        enum skp_method method)
{
    struct skp_request request = { .msgid = 0 };

    ck_assert_msg(skt_async_desk_hear(desk, &request),
                  "the agent heard nothing");
    ck_assert_str_eq(skp_method_name(request.method), skp_method_name(method));
    return request;
}

struct skp_view skt_async_desk_answer_of(const struct skp_request *request)
{
    static uint8_t bytes[SKP_MESSAGE_MAX + 1024];
    static uint8_t key[SKP_HEADER_2_LEN];
    static uint8_t key_id[SKP_KEY_ID_LEN];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    struct skp_response response = { .has_msgid = true,
                                     .msgid = request->msgid,
                                     .method = request->method,
                                     .data = request->data,
                                     .key_id = key_id,
                                     .generation = 7,
                                     .suite = SKP_SUITE_X25519_HPKE_AES256GCM,
                                     .authenticated = true };

    memset(key, 0x6b, sizeof key);
    skp_key_id(key, key_id);
    if (request->method == SKP_METHOD_PUBKEY ||
        request->method == SKP_METHOD_UNWRAP) {
        response.data = (struct skp_view){ key, SKP_KEY_LEN };
    } else if (request->method == SKP_METHOD_REWRAP) {
        response.data = (struct skp_view){ key, SKP_HEADER_2_LEN };
    }
    skt_ok(skp_response_encode(&response, &buf));
    return (struct skp_view){ buf.ptr, buf.len };
}

void skt_async_desk_say(struct skt_async_desk *desk, struct skp_view bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(desk->agent_fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EPIPE) {
            return; /* the handle has given the connection up */
        }
        if (n < 0) {
            ck_assert_int_eq(errno, EAGAIN);
            ck_assert(skt_async_desk_turn(desk));
            continue;
        }
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
}

void skt_async_desk_answer(struct skt_async_desk *desk, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct skp_request request;

        ck_assert_msg(skt_async_desk_hear(desk, &request), "only %zu heard", i);
        skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
    }
}

void skt_async_desk_refuse(struct skt_async_desk *desk,
                           const struct skp_request *request,
                           bool has_msgid,
                           enum skp_err err,
                           const char *text)
{
    uint8_t bytes[1024];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    const struct skp_response response = { .has_msgid = has_msgid,
                                           .msgid = request->msgid,
                                           .err = err,
                                           .text = skp_view_of(text) };

    skt_ok(skp_response_encode(&response, &buf));
    skt_async_desk_say(desk, (struct skp_view){ bytes, buf.len });
}

void skt_async_desk_hang_up(struct skt_async_desk *desk)
{
    if (desk->agent_fd >= 0) {
        ck_assert_int_eq(close(desk->agent_fd), 0);
        desk->agent_fd = -1;
    }
}
