/* fuzz_connection.c - a client of the agent, over a socket pair.
 *
 * Reaches: agent/serve/batch.c agent/serve/outbox.c agent/serve/handler.c
 * Reaches: agent/serve/operations.c agent/serve/lookahead.c
 * Reaches: agent/serve/lineup.c
 *
 * connection.c, which moves the bytes, is driven through all its states; what
 * is not reached there is the lack of memory.
 *
 * The input chooses what the agent serves, how the client behaves, and a first
 * request that succeeds or nearly does; all other bytes are the client's own.
 *
 * A client's bytes get the same answers in whatever pieces they come, whether
 * it fetches them at once or in the end; what goes out is whole messages, and
 * after the end of either side the connection closes and leaves nothing behind.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/serve_desk.h"

#define INPUT_MAX  8192u
#define ANSWER_MAX (8u << 20)
#define PIECES_MAX 12u

/* Bits of the first byte of an input. */
#define PIECES(how)  (((how)&15u) % PIECES_MAX + 2)
#define WORLD(how)   ((enum world)((how) >> 4 & 3u))
#define IS_SLOW(how) (((how)&64u) != 0)  /* fetches nothing until the end */
#define IS_TOLD(how) (((how)&128u) != 0) /* of changes, between pieces */
/* A bit of the second byte: the agent ends the connection, not the client. */
#define IS_ENDED(choice) (((choice)&64u) != 0)
/* And another: nothing is loaded yet. */
#define IS_EMPTY(choice) (((choice)&128u) != 0)
/* Requests that the strange world takes. */
#define STRANGE_RATE 8u
/* Requests in the world of many tenants, whose answers are long. */
#define MANY_MAX 800u

/* What the agent serves. */
enum world {
    WORLD_TWO,     /* tenants "a" and "b" */
    WORLD_MANY,    /* more than a page of them */
    WORLD_SINGLE,  /* one key for whatever tenant */
    WORLD_STRANGE, /* keys in all states, and a client that may not do all */
    WORLDS,
};

/* The first two bytes of an input. */
struct manner {
    uint8_t how;
    uint8_t choice;
};

static struct skt_desk stage;
static struct skd_snapshot *snapshots[WORLDS];
static struct skd_rate rate;

struct answers {
    uint8_t *bytes;
    size_t len;
    unsigned n_asks;
    unsigned n_wants;
};

/* ---- what is served ------------------------------------------------------ */

/* Of the tenants that no snapshot knows, "e" is known to be absent, "f" is the
 * last that can be asked for, and "h" one too many. */
static struct skd_demand *make_demand(void)
{
    static char absent[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1] = { "e" };
    struct skd_demand *demand = NULL;
    bool found = false;
    bool is_new = false;

    ck_assert_int_eq(skd_demand_new(&demand), SKP_ERR_OK);
    (void)skd_demand_ask(demand, skp_view_of("e"), 1, 1, &is_new);
    skd_demand_settle(demand, absent, &found, 1, stage.now_ms);
    for (unsigned i = 0; i + 2 < SKD_DEMAND_MAX; i++) {
        char id[16];

        (void)snprintf(id, sizeof id, "x%u", i);
        (void)skd_demand_ask(demand, skp_view_of(id), 1, 1, &is_new);
    }
    return demand;
}

static void enter_world(struct manner manner)
{
    enum world world = WORLD(manner.how);
    static const char *const mine[] = { "a", "b", "c", "d", "e", "f", "h" };
    static const struct skd_access_rule rule = {
        .has_uid = true,
        .uid = 500,
        .tenants = mine,
        .n_tenants = SKP_ARRAY_LEN(mine),
        .rights = SKD_RIGHT_ALL,
    };
    bool is_strange = world == WORLD_STRANGE;

    stage.desk.served.snapshot =
        IS_EMPTY(manner.choice) ? NULL : snapshots[world];
    stage.desk.served.demand = is_strange ? make_demand() : NULL;
    stage.config.has_access = is_strange;
    stage.config.access = is_strange ? &rule : NULL;
    stage.config.n_access = is_strange ? 1 : 0;
    stage.config.max_payload = is_strange ? 64 : SKP_PAYLOAD_DEFAULT;
    stage.config.max_stale_ms = is_strange ? 500 : 0;
    stage.config.max_requests_per_uid = is_strange ? STRANGE_RATE : 0;
    stage.ask_err = is_strange ? SKP_ERR_RESOURCE_EXHAUSTED : SKP_ERR_OK;
}

static void leave_world(void)
{
    skd_demand_free(&stage.desk.served.demand);
}

static void make_snapshots(void)
{
    static const struct skt_tenant one[] = {
        { .id = "single", .use = SKD_USE_ALL, .keys = { 2, 9 } },
    };
    static const struct skt_tenant strange[] = {
        { .id = "a",
          .use = SKD_USE_ALL,
          .keys = { 9, 2 },
          .confirmed_ms = 900 },
        { .id = "b",
          .use = SKD_USE_DECRYPT_ONLY,
          .keys = { 2 },
          .confirmed_ms = 900 },
        { .id = "c", .use = SKD_USE_NONE, .reason = "the key is gone" },
        { .id = "d", .use = SKD_USE_ALL, .keys = { 9 }, .confirmed_ms = 1 },
    };

    snapshots[WORLD_MANY] = skt_snapshot_many(1100, 2);
    snapshots[WORLD_TWO] = stage.desk.served.snapshot;
    snapshots[WORLD_SINGLE] = skt_snapshot_of(one, SKP_ARRAY_LEN(one), true);
    snapshots[WORLD_STRANGE] =
        skt_snapshot_of(strange, SKP_ARRAY_LEN(strange), false);
}

static void connect_client(bool is_slow, int *ret_fd)
{
    struct skd_peer peer = { .uid = 500, .gid = 500 };
    int fds[2];
    int least = 1;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    ck_assert(!is_slow || setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &least,
                                     sizeof least) == 0);
    ck_assert_int_eq(skd_connection_new(fds[0], &peer, 1, &stage.connection),
                     SKP_ERR_OK);
    /* A full bucket, of which the strange world lets little be taken. */
    atomic_init(&rate.full_at_ns, 0);
    stage.connection->rate = &rate;
    skd_connection_open(stage.connection, &stage.desk);
    *ret_fd = fds[1];
}

/* ---- requests that succeed ------------------------------------------------
 */

/* An envelope of @suite for tenant "a". */
static void make_envelope(enum skp_suite suite, bool raw, struct skp_buf *ret)
{
    struct skt_key key = skt_key_number(2);
    struct skp_recipient recipient = { skp_view_of("a"), key.public_key,
                                       key.key_id };
    struct skp_crypto *crypto = NULL;
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t header[SKP_HEADER_MAX];
    size_t len = 0;

    skt_fuzz_random_restart();
    ck_assert_int_eq(skp_crypto_new(&skt_fuzz_random, &crypto), SKP_ERR_OK);
    ck_assert_int_eq(
        skp_header_seal(crypto, suite, raw, &recipient, data_key, header, &len),
        SKP_ERR_OK);
    ck_assert_int_eq(skp_buf_put(ret, header, len), SKP_ERR_OK);
    ck_assert_int_eq(skp_payload_seal(crypto, suite, data_key,
                                      (struct skp_view){ NULL, 0 },
                                      skp_view_of("plaintext"), ret),
                     SKP_ERR_OK);
    skp_crypto_free(&crypto);
}

/* Bits of the byte that chooses the first request: 0 to 1, none, decrypt,
 * unwrap or rewrap; 2, suite 1 instead of 2; 3, raw; 4, another tenant; 5, one
 * byte of the envelope inverted. */
static void put_first(uint8_t choice, struct skp_buf *ret)
{
    static const enum skp_method methods[] = { SKP_METHOD_HELLO,
                                               SKP_METHOD_DECRYPT,
                                               SKP_METHOD_UNWRAP,
                                               SKP_METHOD_REWRAP };
    uint8_t place[512];
    struct skp_buf envelope = skp_buf_over(place, sizeof place);
    enum skp_suite suite = (choice & 4u) != 0 ? SKP_SUITE_X25519_AES256CTR
                                              : SKP_SUITE_X25519_HPKE_AES256GCM;
    bool raw = (choice & 8u) != 0 && suite == SKP_SUITE_X25519_AES256CTR;
    struct skp_request request = {
        .msgid = 7,
        .method = methods[choice & 3u],
        .tenant = skp_view_of((choice & 16u) != 0 ? "b" : "a"),
        .raw = raw,
    };

    if (request.method == SKP_METHOD_HELLO) {
        return;
    }
    make_envelope(suite, raw, &envelope);
    if ((choice & 32u) != 0) {
        place[envelope.len / 2] ^= 0xff;
    }
    request.data =
        (struct skp_view){ envelope.ptr, request.method == SKP_METHOD_DECRYPT
                                             ? envelope.len
                                             : skp_header_len(suite, raw) };
    ck_assert_int_eq(skp_request_encode(&request, ret), SKP_ERR_OK);
}

/* An envelope opens for its tenant when nothing was changed. */
static void check_first(uint8_t choice, struct skp_view answers)
{
    struct skp_scratch *scratch = NULL;
    struct skp_response response;
    enum skp_message kind;
    struct skp_view first = answers;

    if ((choice & 3u) != 1) {
        return;
    }
    ck_assert_int_eq(
        skp_frame_scan(answers, &skp_frame_answer_limits, &first.len),
        SKP_FRAME_WHOLE);
    ck_assert_int_eq(skp_scratch_new(&scratch), SKP_ERR_OK);
    ck_assert_int_eq(skp_response_decode(scratch, first, SKP_METHOD_DECRYPT,
                                         &kind, &response, NULL),
                     SKP_ERR_OK);
    if ((choice & 48u) == 0) {
        ck_assert_int_eq(response.err, SKP_ERR_OK);
        ck_assert(skp_view_equal(response.data, skp_view_of("plaintext")));
        ck_assert(response.authenticated == ((choice & 4u) == 0));
    } else if ((choice & 4u) == 0) {
        ck_assert_int_ne(response.err, SKP_ERR_OK);
        ck_assert_uint_eq(response.data.len, 0);
    }
    skp_scratch_free(&scratch);
}

/* ---- a conversation --------------------------------------------------------
 */

/* What the main loop would say. */
static void answer_ask(void)
{
    const struct skp_status status = { .agent = skp_view_of("sidekeyd/0"),
                                       .mode = skp_view_of("dev"),
                                       .memory_tier = skp_view_of("none") };
    const struct skp_response response = { .has_msgid = true,
                                           .msgid = stage.last_ask.msgid,
                                           .method = stage.last_ask.method,
                                           .status = &status };
    uint8_t bytes[1024];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    ck_assert_int_eq(skp_response_encode(&response, &buf), SKP_ERR_OK);
    skd_connection_answer(stage.connection,
                          (struct skp_view){ buf.ptr, buf.len });
}

static void fetch(int fd, struct answers *answers)
{
    ssize_t n;

    do {
        n = recv(fd, answers->bytes + answers->len, ANSWER_MAX - answers->len,
                 MSG_DONTWAIT);
        answers->len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    ck_assert_uint_lt(answers->len, ANSWER_MAX);
}

/* Let the agent do what it can, as long as it goes on. */
static void turn(int fd, bool fetches, struct answers *answers)
{
    size_t old_len;
    bool was_asked;

    do {
        old_len = answers->len;
        skt_desk_turn(&stage);
        was_asked = stage.connection != NULL &&
                    stage.connection->state == SKD_CONNECTION_WAITING;
        if (was_asked) {
            answer_ask();
        }
        if (fetches) {
            fetch(fd, answers);
        }
    } while (was_asked || answers->len > old_len);
}

static bool send_piece(int fd, struct skp_view piece)
{
    ssize_t n = piece.len == 0 ? 0
                               : send(fd, piece.ptr, piece.len,
                                      MSG_NOSIGNAL | MSG_DONTWAIT);

    ck_assert_msg(n == (ssize_t)piece.len || errno == EPIPE ||
                      errno == ECONNRESET,
                  "send: %s", strerror(errno));
    return n == (ssize_t)piece.len;
}

/* The rest of a message is due only while one has begun. */
static void check_due(void)
{
    const struct skd_connection *connection = stage.connection;

    if (connection == NULL) {
        return;
    }
    ck_assert(!skd_connection_is_overdue(connection, stage.now_ms, 1));
    ck_assert(skd_connection_is_overdue(connection, stage.now_ms + 2, 1) ==
              (connection->state == SKD_CONNECTION_READING &&
               connection->input.len > 0));
}

static void tell_changes(void)
{
    static const struct skp_tenant_row rows[] = {
        { .id = { (const uint8_t *)"a", 1 }, .generation = 1 },
        { .id = { (const uint8_t *)"b", 1 }, .confirmed_at_s = 7 },
    };

    if (stage.connection != NULL) {
        skd_connection_notify(stage.connection,
                              stage.desk.served.snapshot ==
                                  snapshots[WORLD_SINGLE],
                              rows, SKP_ARRAY_LEN(rows));
    }
}

/* End the conversation, from either side, and fetch what is left.  An agent
 * that waits for a slow client has not read all that it sent. */
static void end(int fd, bool is_slow, bool is_ended, struct answers *answers)
{
    if (is_slow && is_ended) {
        turn(fd, true, answers);
    }
    if (is_ended && stage.connection != NULL) {
        skd_connection_finish(stage.connection);
    } else {
        (void)shutdown(fd, SHUT_WR);
    }
    turn(fd, true, answers);
    ck_assert_ptr_null(stage.connection);
    (void)close(fd);
}

/* Send @bytes in at most @n_pieces and collect the answers. */
static void converse(struct skp_view bytes,
                     size_t n_pieces,
                     struct manner manner,
                     struct answers *answers)
{
    bool is_slow = IS_SLOW(manner.how);
    bool is_ended = IS_ENDED(manner.choice);
    size_t step = bytes.len / n_pieces + 1;
    size_t held = skp_secret_held();
    int fd;

    skt_fuzz_random_restart();
    enter_world(manner);
    stage.n_asks = 0;
    stage.n_wants = 0;
    connect_client(is_slow, &fd);
    while (bytes.len > 0 && send_piece(fd, skt_fuzz_take(&bytes, step))) {
        if (bytes.len == 0 && is_ended && !is_slow) {
            break; /* the agent finds the last piece when it ends */
        }
        turn(fd, !is_slow, answers);
        check_due();
        if (IS_TOLD(manner.how)) {
            tell_changes();
        }
    }
    end(fd, is_slow, is_ended, answers);
    answers->n_asks = stage.n_asks;
    answers->n_wants = stage.n_wants;
    leave_world();
    ck_assert_uint_eq(skp_secret_held(), held);
}

/* All that went out is whole messages, but for the last when the connection was
 * closed over it.  Keep those that are answers: what a client is told in
 * between depends on the moment. */
static void keep_answers(struct answers *answers, bool may_be_cut)
{
    struct skp_view rest = { answers->bytes, answers->len };
    size_t len = 0;

    answers->len = 0;
    while (rest.len > 0) {
        enum skp_frame verdict =
            skp_frame_scan(rest, &skp_frame_answer_limits, &len);

        if (may_be_cut && verdict == SKP_FRAME_PARTIAL) {
            return;
        }
        ck_assert_int_eq(verdict, SKP_FRAME_WHOLE);
        ck_assert(rest.ptr[0] == 0x94 || rest.ptr[0] == 0x93);
        if (rest.ptr[0] == 0x94) {
            memmove(answers->bytes + answers->len, rest.ptr, len);
            answers->len += len;
        }
        (void)skt_fuzz_take(&rest, len);
    }
}

/* Both ways of sending got the same; a connection that was closed over what the
 * client did not fetch, got the beginning of it. */
static void
check_same(const struct answers *a, const struct answers *b, bool may_be_cut)
{
    size_t len = a->len < b->len ? a->len : b->len;

    ck_assert(memcmp(a->bytes, b->bytes, len) == 0);
    if (!may_be_cut) {
        ck_assert_uint_eq(a->len, b->len);
        ck_assert_uint_eq(a->n_asks, b->n_asks);
        ck_assert_uint_eq(a->n_wants, b->n_wants);
    }
}

/* A client that never fetches and then is gone leaves nothing behind either. */
static void vanish(struct skp_view bytes, struct manner manner)
{
    size_t held = skp_secret_held();
    struct answers none = { NULL, 0, 0, 0 };
    int fd;

    enter_world(manner);
    connect_client(true, &fd);
    (void)send_piece(fd, bytes);
    turn(fd, false, &none);
    (void)close(fd);
    turn(fd, false, &none);
    ck_assert_ptr_null(stage.connection);
    leave_world();
    ck_assert_uint_eq(skp_secret_held(), held);
}

static void open_stage(void)
{
    static bool is_open;

    if (is_open) {
        return;
    }
    is_open = true;
    /* Once for nothing: what a worker makes it gives back. */
    skt_desk_init(&stage);
    skt_desk_done(&stage);
    skt_desk_init(&stage);
    skt_desk_disconnect(&stage);
    stage.env.random = skt_fuzz_random;
    make_snapshots();
}

void skt_fuzz_connection(struct skp_view input)
{
    static uint8_t first[ANSWER_MAX];
    static uint8_t second[ANSWER_MAX];
    struct answers whole = { first, 0, 0, 0 };
    struct answers pieces = { second, 0, 0, 0 };
    static uint8_t place[INPUT_MAX + 1024];
    struct skp_buf all = skp_buf_over(place, sizeof place);
    struct manner manner = { .how = skt_fuzz_byte(&input) };
    bool may_be_cut;

    manner.choice = skt_fuzz_byte(&input);
    if (input.len > (WORLD(manner.how) == WORLD_MANY ? MANY_MAX : INPUT_MAX)) {
        return;
    }
    put_first(manner.choice, &all);
    ck_assert_int_eq(skp_buf_put(&all, input.ptr, input.len), SKP_ERR_OK);
    input = (struct skp_view){ all.ptr, all.len };
    open_stage();
    may_be_cut = IS_SLOW(manner.how) && IS_TOLD(manner.how);
    converse(input, 1, manner, &whole);
    keep_answers(&whole, may_be_cut);
    if (WORLD(manner.how) == WORLD_TWO && !IS_EMPTY(manner.choice)) {
        check_first(manner.choice, (struct skp_view){ whole.bytes, whole.len });
    }
    converse(input, PIECES(manner.how), manner, &pieces);
    keep_answers(&pieces, may_be_cut);
    check_same(&whole, &pieces, may_be_cut);
    if (IS_SLOW(manner.how)) {
        vanish(input, manner);
    }
}

SKT_FUZZ_DOOR(connection)
