/* peer_gpg.c - gpg-agent, which multiplies with an X25519 key; see peers.h.
 *
 * Its protocol, Assuan: lines; an answer is data in lines "D ...", in which
 * "%", CR and LF are written as "%25" and so on, and then "OK".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/bench/peers.h"

#define N_ITEMS   16u
#define POINT_LEN ((size_t)32)
#define GRIP_LEN  40

/* What stands around the point that is sent, and the one that comes back. */
#define REQUEST_HEAD "PKDECRYPT\nD (7:enc-val(4:ecdh(1:s1:s)(1:e33:@"
#define REQUEST_TAIL ")))\nEND\n"
#define ANSWER_HEAD  "S INQUIRE_MAXLEN 4096\nINQUIRE CIPHERTEXT\nD (5:value33:@"
#define ANSWER_TAIL  ")\nOK\n"
#define LEN(text)    (sizeof(text) - 1)

/* ---- a conversation ----------------------------------------------------- */

struct answer {
    char bytes[2048];
    size_t len;
};

/* True when a line is complete that ends an answer: OK, ERR or INQUIRE. */
static bool is_complete(const struct answer *answer)
{
    const char *end = answer->bytes + answer->len;
    const char *line = end - 1;

    if (answer->len == 0 || *line != '\n') {
        return false;
    }
    while (line > answer->bytes && line[-1] != '\n') {
        line--;
    }
    return strncmp(line, "OK", 2) == 0 || strncmp(line, "ERR", 3) == 0 ||
           strncmp(line, "INQUIRE", 7) == 0;
}

/* Read until an answer ends; false when that is with ERR, or never. */
static bool hear(int fd, struct answer *answer)
{
    answer->len = 0;
    while (!is_complete(answer)) {
        ssize_t n = read(fd, answer->bytes + answer->len,
                         sizeof answer->bytes - 1 - answer->len);

        if (n <= 0) {
            return false;
        }
        answer->len += (size_t)n;
        answer->bytes[answer->len] = '\0';
    }
    return strncmp(answer->bytes, "ERR", 3) != 0;
}

static bool ask(int fd, const char *request, struct answer *answer)
{
    size_t len = strlen(request);

    return write(fd, request, len) == (ssize_t)len && hear(fd, answer);
}

/* Hear who it is, and name the key that later requests are about. */
static bool greet(void *state, int fd)
{
    const char *key = state;
    struct answer answer;

    return hear(fd, &answer) && ask(fd, key, &answer);
}

/* ---- a key -------------------------------------------------------------- */

/* Take @n bytes of a data line at @text; false when it ends before. */
static bool
take_bytes(const char *text, const char *end, uint8_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++, text++) {
        if (end - text < 3) {
            return false;
        }
        ret[i] = (uint8_t)*text;
        if (*text == '%') {
            const char digits[] = { text[1], text[2], '\0' };

            ret[i] = (uint8_t)strtoul(digits, NULL, 16);
            text += 2;
        }
    }
    return true;
}

/* Without a password, so that no time goes into one. */
static bool make_key(int fd, uint8_t ret_public[POINT_LEN])
{
    static const char head[] = "(1:q33:@";
    struct answer answer;
    const char *found;

    if (!ask(fd, "GENKEY --no-protection\n", &answer) ||
        !ask(fd,
             "D (6:genkey(3:ecc(5:curve10:Curve25519)(5:flags9:djb-tweak)))\n"
             "END\n",
             &answer)) {
        return false;
    }
    found = memmem(answer.bytes, answer.len, head, LEN(head));
    return found != NULL &&
           take_bytes(found + LEN(head), answer.bytes + answer.len, ret_public,
                      POINT_LEN);
}

/* The command that names the only key that there is. */
static bool find_key(int fd, char *ret, size_t size)
{
    struct answer answer;
    char grip[GRIP_LEN + 1];

    return ask(fd, "KEYINFO --list\n", &answer) &&
           sscanf(answer.bytes, "S KEYINFO %40[0-9A-F]", grip) == 1 &&
           snprintf(ret, size, "SETKEY %s\n", grip) < (int)size;
}

/* ---- requests ----------------------------------------------------------- */

/* Bytes that Assuan writes as three would change the length of a message. */
static bool is_plain(const uint8_t point[POINT_LEN])
{
    for (size_t i = 0; i < POINT_LEN; i++) {
        if (point[i] == '%' || point[i] == '\r' || point[i] == '\n') {
            return false;
        }
    }
    return true;
}

/* A point, and the multiple of it that only the key's owner can tell; we know
 * it by the point's own scalar. */
static void make_points(const uint8_t public_key[POINT_LEN],
                        uint8_t ret_sent[POINT_LEN],
                        uint8_t ret_answered[POINT_LEN])
{
    uint8_t scalar[POINT_LEN];

    do {
        randombytes_buf(scalar, sizeof scalar);
    } while (crypto_scalarmult_curve25519_base(ret_sent, scalar) != 0 ||
             crypto_scalarmult_curve25519(ret_answered, scalar, public_key) !=
                 0 ||
             !is_plain(ret_sent) || !is_plain(ret_answered));
}

/* Put @bytes at @place; the place behind them. */
static uint8_t *put(uint8_t *place, const void *bytes, size_t len)
{
    memcpy(place, bytes, len);
    return place + len;
}

static void put_request(uint8_t *place, const uint8_t point[POINT_LEN])
{
    place = put(place, REQUEST_HEAD, LEN(REQUEST_HEAD));
    place = put(place, point, POINT_LEN);
    (void)put(place, REQUEST_TAIL, LEN(REQUEST_TAIL));
}

static void put_answer(uint8_t *place, const uint8_t point[POINT_LEN])
{
    place = put(place, ANSWER_HEAD, LEN(ANSWER_HEAD));
    place = put(place, point, POINT_LEN);
    (void)put(place, ANSWER_TAIL, LEN(ANSWER_TAIL));
}

static void make_script(struct skb_peer *peer,
                        const uint8_t public_key[POINT_LEN])
{
    struct skb_script *script = &peer->script;
    uint8_t sent[POINT_LEN];
    uint8_t answered[POINT_LEN];

    skb_script_init(script, N_ITEMS,
                    LEN(REQUEST_HEAD) + POINT_LEN + LEN(REQUEST_TAIL),
                    LEN(ANSWER_HEAD) + POINT_LEN + LEN(ANSWER_TAIL));
    for (size_t i = 0; i < N_ITEMS; i++) {
        make_points(public_key, sent, answered);
        put_request(script->requests + i * script->request_len, sent);
        put_answer(script->answers + i * script->answer_len, answered);
    }
    script->greet = greet;
    script->state = peer->key;
}

/* ---- the agent ---------------------------------------------------------- */

static bool is_installed(void)
{
    return skb_is_installed("gpg-agent");
}

static bool prepare(struct skb_peer *peer)
{
    uint8_t public_key[POINT_LEN];
    struct answer answer;
    int fd = skb_connect(peer->host.socket);
    bool is_ready = fd >= 0 && hear(fd, &answer) && make_key(fd, public_key) &&
                    find_key(fd, peer->key, sizeof peer->key);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (is_ready) {
        make_script(peer, public_key);
    }
    return is_ready;
}

static bool start(struct skb_peer *peer)
{
    char home[SKT_PATH_MAX];
    /* It goes to the background; that it ends with a command of its own is how
     * it ends with us. */
    const char *argv[] = { "gpg-agent",   "--homedir",
                           home,          "--disable-scdaemon",
                           "--no-detach", "--daemon",
                           "sleep",       "infinity",
                           NULL };

    skb_host_name(&peer->host, "gpg-agent");
    (void)snprintf(home, sizeof home, "%.400s/gnupg", skb_folder());
    (void)snprintf(peer->host.socket, sizeof peer->host.socket,
                   "%.400s/S.gpg-agent", home);
    if (mkdir(home, 0700) != 0 || !skb_host_spawn(&peer->host, argv, NULL)) {
        return false;
    }
    if (!prepare(peer)) {
        skb_host_stop(&peer->host);
        return false;
    }
    return true;
}

static struct skb_result run(const struct skb_peer *peer,
                             const struct skb_load *load)
{
    return skb_load_run(load, &peer->script);
}

const struct skb_peer_kind skb_peer_gpg = {
    .name = "gpg-agent",
    .against = "gpg-agent, X25519",
    .is_installed = is_installed,
    .start = start,
    .run = run,
    .n_shapes = SKB_SHAPES,
};
