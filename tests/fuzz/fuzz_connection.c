/* fuzz_connection.c - reaches connection.c, batch.c, outbox.c, handler.c and
 * operations.c, over a socket pair.
 *
 * The input chooses a first request that succeeds or nearly does; all other
 * bytes are the client's own.
 *
 * A client's bytes get the same answers in whatever pieces they come; what goes
 * out is whole messages, and after the client's end the connection closes and
 * leaves nothing behind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/serve_desk.h"

#define INPUT_MAX  8192u
#define ANSWER_MAX (4u << 20)
#define PIECES_MAX 12u

static struct skt_desk stage;

struct answers {
    uint8_t *bytes;
    size_t len;
    unsigned n_asks;
    unsigned n_wants;
};

static void connect_client(int *ret_fd)
{
    struct skd_peer peer = { .uid = 500, .gid = 500 };
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    ck_assert_int_eq(skd_connection_new(fds[0], &peer, 1, &stage.connection),
                     SKP_ERR_OK);
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
    struct skp_response response = { .has_msgid = true,
                                     .msgid = stage.last_ask.msgid,
                                     .method = stage.last_ask.method };
    uint8_t bytes[1024];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    response.status.agent = skp_view_of("sidekeyd/0");
    response.status.mode = skp_view_of("dev");
    response.status.memory_tier = skp_view_of("none");
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
static void turn(int fd, struct answers *answers)
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
        fetch(fd, answers);
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

/* Send @bytes in at most @n_pieces and collect the answers. */
static void
converse(struct skp_view bytes, size_t n_pieces, struct answers *answers)
{
    size_t step = bytes.len / n_pieces + 1;
    size_t held = skp_secret_held();
    int fd;

    skt_fuzz_random_restart();
    stage.n_asks = 0;
    stage.n_wants = 0;
    connect_client(&fd);
    while (bytes.len > 0 && send_piece(fd, skt_fuzz_take(&bytes, step))) {
        turn(fd, answers);
    }
    (void)shutdown(fd, SHUT_WR);
    turn(fd, answers);
    ck_assert_ptr_null(stage.connection);
    (void)close(fd);
    answers->n_asks = stage.n_asks;
    answers->n_wants = stage.n_wants;
    ck_assert_uint_eq(skp_secret_held(), held);
}

static void check_whole(const struct answers *answers)
{
    struct skp_view rest = { answers->bytes, answers->len };
    size_t len = 0;

    while (rest.len > 0) {
        ck_assert_int_eq(skp_frame_scan(rest, &skp_frame_answer_limits, &len),
                         SKP_FRAME_WHOLE);
        ck_assert_uint_eq(rest.ptr[0], 0x94);
        (void)skt_fuzz_take(&rest, len);
    }
}

static void open_stage(void)
{
    static bool is_open;

    if (is_open) {
        return;
    }
    is_open = true;
    skt_desk_init(&stage);
    skt_desk_disconnect(&stage);
    stage.env.random = skt_fuzz_random;
}

void skt_fuzz_connection(struct skp_view input)
{
    static uint8_t first[ANSWER_MAX];
    static uint8_t second[ANSWER_MAX];
    struct answers whole = { first, 0, 0, 0 };
    struct answers pieces = { second, 0, 0, 0 };
    static uint8_t place[INPUT_MAX + 1024];
    struct skp_buf all = skp_buf_over(place, sizeof place);
    size_t n_pieces = (size_t)skt_fuzz_byte(&input) % PIECES_MAX + 2;
    uint8_t choice = skt_fuzz_byte(&input);

    if (input.len > INPUT_MAX) {
        return;
    }
    put_first(choice, &all);
    ck_assert_int_eq(skp_buf_put(&all, input.ptr, input.len), SKP_ERR_OK);
    input = (struct skp_view){ all.ptr, all.len };
    open_stage();
    converse(input, 1, &whole);
    check_whole(&whole);
    check_first(choice, (struct skp_view){ whole.bytes, whole.len });
    converse(input, n_pieces, &pieces);
    ck_assert_uint_eq(whole.len, pieces.len);
    ck_assert(memcmp(first, second, whole.len) == 0);
    ck_assert_uint_eq(whole.n_asks, pieces.n_asks);
    ck_assert_uint_eq(whole.n_wants, pieces.n_wants);
}

SKT_FUZZ_DOOR(connection)
