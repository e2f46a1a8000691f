/* agent_fake.c - an agent in a thread; see agent_fake.h. */
#include "tests/lib/agent_fake.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "protocol/key.h"

#define CONNECTIONS_MAX 16u
#define KEYS            3u /* current, former, and of the decrypt-only tenant */

struct fake_key {
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
};

struct fake_conn {
    int fd; /* -1: free */
    struct skp_secret in;
};

struct skt_agent {
    char folder[64];
    char path[96];
    pthread_t thread;
    int listener;
    int stop_pipe[2];
    const struct skt_step *steps;
    size_t n_steps;
    atomic_uint n_requests;
    atomic_uint n_connections;
    atomic_uint n_hangups;
    atomic_bool is_unready;
    atomic_uint restless;  /* answers to `status` that tell of a change yet */
    atomic_uint n_changes; /* that were told of */
    unsigned n_statuses;   /* answers to `status` so far */
    atomic_uint current;   /* 0 or 1: which key of SKT_TENANT is current */
    struct fake_key keys[KEYS];
    struct fake_conn conns[CONNECTIONS_MAX];
    struct skp_crypto *crypto;
    struct skp_scratch *scratch;
    uint8_t *result; /* what response.data points to */
    uint8_t *out;    /* the encoded answer */
};

static const uint32_t message_max = SKP_MESSAGE_MAX;
static const uint32_t result_max = 2 * SKP_MESSAGE_MAX;

static void make_key(const char *seed, struct fake_key *ret)
{
    ck_assert(skp_key_from_seed(skp_view_of(seed), ret->private_key, NULL) ==
              SKP_ERR_OK);
    skp_key_public(ret->private_key, ret->public_key);
    skp_key_id(ret->public_key, ret->key_id);
}

static void listen_at_path(struct skt_agent *agent)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const void *place = &address;

    memcpy(address.sun_path, agent->path, strlen(agent->path));
    (void)unlink(agent->path);
    agent->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(agent->listener, 0);
    ck_assert_int_eq(bind(agent->listener, place, sizeof address), 0);
    ck_assert_int_eq(listen(agent->listener, 16), 0);
}

/* ---- right answers --------------------------------------------------------
 */

static enum skp_err
set_err(struct skp_response *ret, enum skp_err err, const char *text)
{
    ret->err = err;
    ret->text = skp_view_of(text);
    return err;
}

/* The key that a request is about; NULL with the error set. */
static const struct fake_key *find_key(struct skt_agent *agent,
                                       const struct skp_request *request,
                                       const uint8_t *key_id,
                                       struct skp_response *ret)
{
    bool is_main = skp_view_equal(request->tenant, skp_view_of(SKT_TENANT));
    bool is_old = skp_view_equal(request->tenant, skp_view_of(SKT_TENANT_OLD));
    unsigned current = is_old ? 2 : atomic_load(&agent->current);

    if (!is_main && !is_old) {
        (void)set_err(ret, SKP_ERR_NOT_FOUND, "no such tenant");
        return NULL;
    }
    if (key_id == NULL) {
        return &agent->keys[current];
    }
    for (size_t i = is_old ? 2 : 0; i < (is_old ? 3u : 2u); i++) {
        if (memcmp(agent->keys[i].key_id, key_id, SKP_KEY_ID_LEN) == 0) {
            return &agent->keys[i];
        }
    }
    (void)set_err(ret, SKP_ERR_NOT_FOUND, "no key with that id");
    return NULL;
}

static const struct fake_key *
find_writing_key(struct skt_agent *agent,
                 const struct skp_request *request,
                 struct skp_response *ret)
{
    const struct fake_key *key = find_key(agent, request, NULL, ret);

    if (key == &agent->keys[2]) {
        (void)set_err(ret, SKP_ERR_FAILED_PRECONDITION,
                      "the key may only decrypt");
        return NULL;
    }
    return key;
}

static void answer_encrypt(struct skt_agent *agent,
                           const struct skp_request *request,
                           struct skp_response *ret)
{
    const struct fake_key *key = find_writing_key(agent, request, ret);
    struct skp_buf buf = skp_buf_over(agent->result, result_max);
    struct skp_recipient recipient = { .tenant = request->tenant };
    uint8_t data_key[SKP_KEY_LEN];
    size_t len;

    if (key == NULL) {
        return;
    }
    recipient.public_key = key->public_key;
    recipient.key_id = key->key_id;
    ret->err = skp_header_seal(agent->crypto, request->suite, request->raw,
                               &recipient, data_key, buf.ptr, &len);
    if (ret->err != SKP_ERR_OK) {
        return;
    }
    buf.len = len;
    ret->err = skp_payload_seal(agent->crypto, request->suite, data_key,
                                request->aad, request->data, &buf);
    ret->data = (struct skp_view){ buf.ptr, buf.len };
    ret->key_id = request->raw ? NULL : key->key_id;
}

/* Open the header in the request; NULL with the error set. */
static const struct fake_key *open_header(struct skt_agent *agent,
                                          const struct skp_request *request,
                                          struct skp_header *ret_header,
                                          uint8_t ret_data_key[SKP_KEY_LEN],
                                          struct skp_response *ret)
{
    const struct fake_key *key;
    struct skp_key_pair pair;

    ret->err = skp_header_parse(request->data, request->raw, request->suite,
                                ret_header, NULL);
    if (ret->err != SKP_ERR_OK) {
        return NULL;
    }
    key = find_key(agent, request, ret_header->key_id, ret);
    if (key == NULL) {
        return NULL;
    }
    pair = (struct skp_key_pair){ key->private_key, key->public_key };
    ret->err = skp_header_open(agent->crypto, ret_header, &pair,
                               request->tenant, ret_data_key);
    ret->key_id = ret_header->key_id == NULL ? NULL : key->key_id;
    return ret->err == SKP_ERR_OK ? key : NULL;
}

static void answer_opening(struct skt_agent *agent,
                           const struct skp_request *request,
                           struct skp_response *ret)
{
    struct skp_buf buf = skp_buf_over(agent->result, result_max);
    struct skp_header header;
    uint8_t data_key[SKP_KEY_LEN];
    struct skp_view payload;

    if (open_header(agent, request, &header, data_key, ret) == NULL) {
        return;
    }
    if (request->method == SKP_METHOD_UNWRAP) {
        memcpy(agent->result, data_key, SKP_KEY_LEN);
        ret->data = (struct skp_view){ agent->result, SKP_KEY_LEN };
        ret->suite = header.suite;
        return;
    }
    payload = (struct skp_view){ request->data.ptr + header.len,
                                 request->data.len - header.len };
    ret->err = skp_payload_open(agent->crypto, header.suite, data_key,
                                request->aad, payload, &buf, NULL);
    ret->data = (struct skp_view){ buf.ptr, buf.len };
    ret->authenticated = header.suite == SKP_SUITE_X25519_HPKE_AES256GCM;
}

static void answer_rewrap(struct skt_agent *agent,
                          const struct skp_request *request,
                          struct skp_response *ret)
{
    const struct fake_key *to = find_writing_key(agent, request, ret);
    const struct fake_key *from;
    struct skp_header header;
    struct skp_key_pair pair;
    struct skp_recipient recipient;
    uint8_t data_key[SKP_KEY_LEN];

    if (to == NULL) {
        return;
    }
    from = open_header(agent, request, &header, data_key, ret);
    if (from == NULL) {
        return;
    }
    pair = (struct skp_key_pair){ from->private_key, from->public_key };
    recipient =
        (struct skp_recipient){ request->tenant, to->public_key, to->key_id };
    ret->err = skp_header_rewrap(agent->crypto, &header, &pair, &recipient,
                                 agent->result);
    ret->data = (struct skp_view){ agent->result, SKP_HEADER_2_LEN };
    ret->key_id = to->key_id;
}

/* One row a page, so that the walk over pages is tested. */
static void answer_tenants(struct skt_agent *agent,
                           const struct skp_request *request,
                           struct skp_response *ret)
{
    static _Thread_local struct skp_tenant_row row;
    unsigned current = atomic_load(&agent->current);
    bool is_first = request->cursor.len == 0;

    row = (struct skp_tenant_row){
        .id = skp_view_of(is_first ? SKT_TENANT_OLD : SKT_TENANT),
        .key_id = agent->keys[is_first ? 2 : current].key_id,
        .generation = 1,
        .state =
            is_first ? SKP_TENANT_STATE_DECRYPT_ONLY : SKP_TENANT_STATE_ACTIVE,
        .origin = SKP_ORIGIN_KMIP,
        .confirmed_at_s = 1700000000,
    };
    ret->rows = &row;
    ret->n_rows = 1;
    if (is_first) {
        ret->next = skp_view_of(SKT_TENANT_OLD);
    }
}

static struct skp_totals totals_of(struct skt_agent *agent)
{
    static const uint64_t bounds_ns[3] = { 5000, 10000, 25000 };
    static _Thread_local uint64_t answered[17];
    static _Thread_local uint64_t lasted[4];
    static _Thread_local uint64_t workers_us[2];
    static _Thread_local struct skp_requests_row requests[1];
    uint64_t n = ++agent->n_statuses;

    answered[SKP_ERR_OK] = 30 * n;
    answered[SKP_ERR_NOT_FOUND] = 10 * n;
    answered[16] = n; /* a code of gRPC that the protocol has not yet */
    lasted[0] = 38 * n;
    lasted[2] = 2 * n;
    lasted[3] = n;
    workers_us[0] = 500000 * n;
    requests[0] = (struct skp_requests_row){ skp_view_of("unwrap"),
                                             { answered, 17 },
                                             { lasted, 4 } };
    return (struct skp_totals){ .uptime_ms = 10200000 + 1000 * n,
                                .workers_us = { workers_us, 2 },
                                .bounds_ns = { bounds_ns, 3 },
                                .requests = requests,
                                .n_requests = 1 };
}

static void answer_status(struct skt_agent *agent, struct skp_response *ret)
{
    static const struct skp_view warnings[1] = {
        { (const uint8_t *)"memory is \"not\" locked", 22 },
    };
    static _Thread_local struct skp_status status;
    static _Thread_local struct skp_source_row sources[2];
    static _Thread_local struct skp_certificate_row certificates[2];

    sources[0] = (struct skp_source_row){ .name = skp_view_of("coordinator"),
                                          .last_attempt_s = 1700000100,
                                          .last_success_s = 1700000000,
                                          .last_error = skp_view_of("HTTP 503"),
                                          .failures = 3 };
    certificates[0] =
        (struct skp_certificate_row){ skp_view_of("kms client"), 1701000000 };
    certificates[1] =
        (struct skp_certificate_row){ skp_view_of("kms server"), 1800000000 };
    sources[1] = (struct skp_source_row){ .name = skp_view_of("kmip") };
    if (atomic_load(&agent->restless) > 0) {
        (void)atomic_fetch_sub(&agent->restless, 1);
        (void)atomic_fetch_add(&agent->n_changes, 1);
    }
    status = (struct skp_status){
        .agent = skp_view_of("sidekeyd/0.1.0"),
        .mode = skp_view_of("remote-multi-keys"),
        .pid = 4242,
        .started_at_s = 1699990000,
        .memory_tier = skp_view_of("mlock"),
        .locked_bytes = 8192,
        .snapshot = 3 + atomic_load(&agent->n_changes),
        .ready = !atomic_load(&agent->is_unready),
        .next_refresh_s = 1700000400,
        .tenants = { 1, 1, 0, 2 },
        .brake_missing = 5,
        .connections = 7,
        .sources = sources,
        .n_sources = 2,
        .warnings = warnings,
        .n_warnings = 1,
        .sandbox = skp_view_of("landlock 7 (files, tcp), seccomp"),
        .unrefreshed = { 2, skp_view_of(SKT_TENANT_OLD), 1699990000 },
        .is_restored = true,
        .restored_tenants = 2,
        .restored_at_s = 1700000100,
        .certificates = certificates,
        .n_certificates = 2,
        .has_audit = true,
        .audit = { skp_view_of("stderr"), 41, 2, 43, true },
        .connections_refused = 3,
        .requests_refused = 4,
        .gone = { 1, 2, 0 },
        .has_totals = true,
        .totals = totals_of(agent),
    };
    ret->status = &status;
}

static void answer_rightly(struct skt_agent *agent,
                           const struct skp_request *request,
                           struct skp_response *ret)
{
    static _Thread_local struct skp_hello hello;
    const struct fake_key *key;

    switch ((int)request->method) {
    case SKP_METHOD_HELLO:
        hello =
            (struct skp_hello){ skp_view_of("sidekeyd/0.1.0"), 1, message_max,
                                SKP_PAYLOAD_DEFAULT, SKP_AAD_MAX };
        ret->hello = &hello;
        return;
    case SKP_METHOD_PUBKEY:
        key = find_writing_key(agent, request, ret);
        if (key != NULL) {
            ret->data = (struct skp_view){ key->public_key, SKP_KEY_LEN };
            ret->key_id = key->key_id;
            ret->generation = 1 + atomic_load(&agent->current);
        }
        return;
    case SKP_METHOD_ENCRYPT:
        answer_encrypt(agent, request, ret);
        return;
    case SKP_METHOD_DECRYPT:
    case SKP_METHOD_UNWRAP:
        answer_opening(agent, request, ret);
        return;
    case SKP_METHOD_REWRAP:
        answer_rewrap(agent, request, ret);
        return;
    case SKP_METHOD_TENANTS:
        answer_tenants(agent, request, ret);
        return;
    case SKP_METHOD_STATUS:
        answer_status(agent, ret);
        return;
    case SKP_METHOD_REFRESH:
        return;
    case SKP_METHOD_FORGET:
        (void)find_key(agent, request, NULL, ret);
        return;
    default:
        (void)set_err(ret, SKP_ERR_UNIMPLEMENTED, "no such method");
        return;
    }
}

/* ---- misbehaviour ---------------------------------------------------------
 */

static void close_conn(struct fake_conn *conn)
{
    (void)close(conn->fd);
    conn->fd = -1;
    skp_secret_done(&conn->in);
}

static void send_all(int fd, const uint8_t *bytes, size_t len, size_t step)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len < step ? len : step, MSG_NOSIGNAL);

        if (n <= 0) {
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

static size_t encode(struct skt_agent *agent,
                     const struct skp_response *response)
{
    struct skp_buf buf = skp_buf_over(agent->out, result_max);

    ck_assert(skp_response_encode(response, &buf) == SKP_ERR_OK);
    return buf.len;
}

/* Change the right answer as the step says. */
static void spoil(const struct skt_step *step, struct skp_response *response)
{
    static uint8_t other_id[SKP_KEY_ID_LEN];

    switch ((int)step->act) {
    case SKT_ERROR:
        (void)set_err(response, step->err, step->text);
        return;
    case SKT_NIL_MSGID:
        response->has_msgid = false;
        (void)set_err(response, step->err, step->text);
        return;
    case SKT_WRONG_MSGID:
        response->msgid += 7;
        return;
    case SKT_WRONG_KEY_ID:
        response->key_id = other_id;
        return;
    case SKT_SHORT_DATA:
        response->data.len--;
        return;
    default:
        return;
    }
}

static void restart(struct skt_agent *agent)
{
    struct timespec pause = { 0, 50000000 };

    (void)close(agent->listener);
    (void)unlink(agent->path);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (agent->conns[i].fd >= 0) {
            close_conn(&agent->conns[i]);
        }
    }
    (void)nanosleep(&pause, NULL);
    listen_at_path(agent);
}

static void send_answer(struct skt_agent *agent,
                        struct fake_conn *conn,
                        const struct skt_step *step,
                        size_t len)
{
    static const uint8_t garbage = 0xc1;
    struct skp_tenant_row row = { .id = skp_view_of(SKT_TENANT),
                                  .key_id = agent->keys[0].key_id };
    struct skp_buf buf = skp_buf_over(agent->out, result_max);

    switch (step->act) {
    case SKT_ANSWER_CLOSE:
        send_all(conn->fd, agent->out, len, len);
        close_conn(conn);
        atomic_fetch_add(&agent->n_hangups, 1);
        return;
    case SKT_CLOSE:
        close_conn(conn);
        atomic_fetch_add(&agent->n_hangups, 1);
        return;
    case SKT_RESTART:
        restart(agent);
        return;
    case SKT_SILENCE:
        return;
    case SKT_HALF:
    case SKT_HALF_CLOSE:
        send_all(conn->fd, agent->out, len / 2, len);
        if (step->act == SKT_HALF_CLOSE) {
            close_conn(conn);
        }
        return;
    case SKT_GARBAGE:
        send_all(conn->fd, &garbage, 1, 1);
        return;
    case SKT_NOTIFICATION:
        ck_assert(skp_changed_encode(&row, 1, &buf) == SKP_ERR_OK);
        send_all(conn->fd, agent->out, buf.len, buf.len);
        return;
    case SKT_TWICE:
        memcpy(agent->out + len, agent->out, len);
        send_all(conn->fd, agent->out, 2 * len, 2 * len);
        return;
    case SKT_BYTEWISE:
        send_all(conn->fd, agent->out, len, 1);
        return;
    case SKT_NIL_MSGID:
        send_all(conn->fd, agent->out, len, len);
        close_conn(conn);
        return;
    case SKT_ANSWER:
    case SKT_ERROR:
    case SKT_WRONG_MSGID:
    case SKT_WRONG_KEY_ID:
    case SKT_SHORT_DATA:
        send_all(conn->fd, agent->out, len, len);
        return;
    }
}

static void
handle(struct skt_agent *agent, struct fake_conn *conn, struct skp_view message)
{
    static const struct skt_step right = { SKT_ANSWER, SKP_ERR_OK, NULL };
    unsigned nth = atomic_fetch_add(&agent->n_requests, 1);
    const struct skt_step *step =
        nth < agent->n_steps ? &agent->steps[nth] : &right;
    struct skp_request request;
    struct skp_refusal refusal;
    struct skp_diag diag = { "" };
    struct skp_response response = { .has_msgid = true };
    enum skp_err err =
        skp_request_decode(agent->scratch, message, &request, &refusal, &diag);

    ck_assert_msg(err == SKP_ERR_OK, "the client's request: %s", diag.text);
    response.msgid = request.msgid;
    response.method = request.method;
    answer_rightly(agent, &request, &response);
    spoil(step, &response);
    send_answer(agent, conn, step, encode(agent, &response));
}

/* ---- the thread -----------------------------------------------------------
 */

static void read_conn(struct skt_agent *agent, struct fake_conn *conn)
{
    uint8_t bytes[16384];
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    size_t len;

    if (n <= 0) {
        close_conn(conn);
        return;
    }
    ck_assert(skp_secret_append(&conn->in, bytes, (size_t)n) == SKP_ERR_OK);
    while (conn->fd >= 0 &&
           skp_frame_scan(skp_secret_view(&conn->in), &skp_frame_request_limits,
                          &len) == SKP_FRAME_WHOLE) {
        handle(agent, conn, (struct skp_view){ conn->in.bytes, len });
        if (conn->fd >= 0) {
            skp_secret_consume(&conn->in, len);
        }
    }
}

static void accept_conn(struct skt_agent *agent)
{
    int fd = accept4(agent->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    atomic_fetch_add(&agent->n_connections, 1);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (agent->conns[i].fd < 0) {
            agent->conns[i].fd = fd;
            return;
        }
    }
    ck_abort_msg("too many connections for the fake agent");
}

static void *run(void *state)
{
    struct skt_agent *agent = state;

    for (;;) {
        struct pollfd fds[2 + CONNECTIONS_MAX];

        fds[0] = (struct pollfd){ .fd = agent->stop_pipe[0], .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = agent->listener, .events = POLLIN };
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            fds[2 + i] =
                (struct pollfd){ .fd = agent->conns[i].fd, .events = POLLIN };
        }
        (void)poll(fds, SKP_ARRAY_LEN(fds), -1);
        if (fds[0].revents != 0) {
            return NULL;
        }
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (fds[2 + i].revents != 0 &&
                fds[2 + i].fd == agent->conns[i].fd) {
                read_conn(agent, &agent->conns[i]);
            }
        }
        if (fds[1].revents != 0 && fds[1].fd == agent->listener) {
            accept_conn(agent);
        }
    }
}

struct skt_agent *skt_agent_start(const struct skt_step *steps, size_t n_steps)
{
    struct skt_agent *agent = calloc(1, sizeof *agent);

    ck_assert_ptr_nonnull(agent);
    (void)snprintf(agent->folder, sizeof agent->folder,
                   "/tmp/sidekey-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(agent->folder));
    (void)snprintf(agent->path, sizeof agent->path, "%s/sidekey.sock",
                   agent->folder);
    agent->steps = steps;
    agent->n_steps = n_steps;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        agent->conns[i].fd = -1;
    }
    make_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &agent->keys[0]);
    make_key("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", &agent->keys[1]);
    make_key("QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=", &agent->keys[2]);
    ck_assert(skp_crypto_new(&skp_random_system, &agent->crypto) == SKP_ERR_OK);
    ck_assert(skp_scratch_new(&agent->scratch) == SKP_ERR_OK);
    agent->result = malloc(result_max);
    agent->out = malloc(result_max);
    ck_assert(agent->result != NULL && agent->out != NULL);
    ck_assert_int_eq(pipe2(agent->stop_pipe, O_CLOEXEC), 0);
    listen_at_path(agent);
    ck_assert_int_eq(pthread_create(&agent->thread, NULL, run, agent), 0);
    return agent;
}

const char *skt_agent_path(const struct skt_agent *agent)
{
    return agent->path;
}

unsigned skt_agent_requests(const struct skt_agent *agent)
{
    return atomic_load(&agent->n_requests);
}

unsigned skt_agent_connections(const struct skt_agent *agent)
{
    return atomic_load(&agent->n_connections);
}

unsigned skt_agent_hangups(const struct skt_agent *agent)
{
    return atomic_load(&agent->n_hangups);
}

void skt_agent_set_restless(struct skt_agent *agent, unsigned n)
{
    atomic_store(&agent->restless, n);
}

void skt_agent_set_unready(struct skt_agent *agent)
{
    atomic_store(&agent->is_unready, true);
}

void skt_agent_rotate(struct skt_agent *agent)
{
    atomic_store(&agent->current, 1);
}

void skt_agent_stop(struct skt_agent **agent)
{
    struct skt_agent *stopped = *agent;

    if (stopped == NULL) {
        return;
    }
    *agent = NULL;
    (void)close(stopped->stop_pipe[1]);
    (void)pthread_join(stopped->thread, NULL);
    (void)close(stopped->stop_pipe[0]);
    (void)close(stopped->listener);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (stopped->conns[i].fd >= 0) {
            close_conn(&stopped->conns[i]);
        }
    }
    (void)unlink(stopped->path);
    (void)rmdir(stopped->folder);
    skp_crypto_free(&stopped->crypto);
    skp_scratch_free(&stopped->scratch);
    free(stopped->result);
    free(stopped->out);
    free(stopped);
}

struct sidekey *skt_agent_handle(const struct skt_agent *agent)
{
    struct sidekey *handle = NULL;

    skt_status_ok(sidekey_open(agent->path, &handle));
    return handle;
}

void skt_close(struct sidekey **handle, struct skt_agent **agent)
{
    sidekey_close(handle);
    ck_assert_ptr_null(*handle);
    skt_agent_stop(agent);
}
