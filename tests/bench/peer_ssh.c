/* peer_ssh.c - ssh-agent, which signs with an Ed25519 key; see peers.h.
 *
 * Its protocol: a length of four bytes, the kind of message, strings with such
 * lengths of their own (draft-miller-ssh-agent).
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/bench/peers.h"

#define N_ITEMS  16u
#define DATA_LEN 32u

/* Kinds of messages. */
enum message {
    MESSAGE_SUCCESS = 6,
    MESSAGE_SIGN_REQUEST = 13,
    MESSAGE_SIGN_RESPONSE = 14,
    MESSAGE_ADD_IDENTITY = 17,
};

static const char algorithm[] = "ssh-ed25519";

/* A message that is being written; it starts behind its length. */
struct message_out {
    uint8_t bytes[512];
    size_t len;
};

static void put_number(uint8_t *place, size_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        place[i] = (uint8_t)(number >> (24 - 8 * i));
    }
}

static void begin(struct message_out *out, enum message kind)
{
    out->len = 5;
    out->bytes[4] = (uint8_t)kind;
}

static void put_u32(struct message_out *out, size_t number)
{
    put_number(out->bytes + out->len, number);
    out->len += 4;
}

static void put_string(struct message_out *out, const void *string, size_t len)
{
    put_u32(out, len);
    memcpy(out->bytes + out->len, string, len);
    out->len += len;
}

/* The algorithm and @string, together a string. */
static void put_blob(struct message_out *out, const void *string, size_t len)
{
    put_u32(out, 4 + strlen(algorithm) + 4 + len);
    put_string(out, algorithm, strlen(algorithm));
    put_string(out, string, len);
}

static void end(struct message_out *out)
{
    put_number(out->bytes, out->len - 4);
}

struct key {
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
};

static bool add_key(const struct skb_host *host, const struct key *key)
{
    static const uint8_t success[] = { 0, 0, 0, 1, MESSAGE_SUCCESS };
    struct message_out out;
    uint8_t answer[sizeof success];
    int fd = skb_connect(host->socket);
    bool is_added;

    begin(&out, MESSAGE_ADD_IDENTITY);
    put_string(&out, algorithm, strlen(algorithm));
    put_string(&out, key->public_key, sizeof key->public_key);
    put_string(&out, key->secret_key, sizeof key->secret_key);
    put_string(&out, "bench", 5);
    end(&out);
    is_added = fd >= 0 && write(fd, out.bytes, out.len) == (ssize_t)out.len &&
               recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer &&
               memcmp(answer, success, sizeof answer) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_added;
}

/* Ed25519 signs the same to the same, so the answers are known. */
static void make_item(const struct key *key,
                      uint8_t nth,
                      struct message_out *request,
                      struct message_out *answer)
{
    uint8_t data[DATA_LEN] = { nth };
    uint8_t signature[crypto_sign_BYTES];

    (void)crypto_sign_detached(signature, NULL, data, sizeof data,
                               key->secret_key);
    begin(request, MESSAGE_SIGN_REQUEST);
    put_blob(request, key->public_key, sizeof key->public_key);
    put_string(request, data, sizeof data);
    put_u32(request, 0); /* flags */
    end(request);
    begin(answer, MESSAGE_SIGN_RESPONSE);
    put_blob(answer, signature, sizeof signature);
    end(answer);
}

static void make_script(struct skb_script *script, const struct key *key)
{
    struct message_out request;
    struct message_out answer;

    make_item(key, 0, &request, &answer);
    skb_script_init(script, N_ITEMS, request.len, answer.len);
    for (size_t i = 0; i < N_ITEMS; i++) {
        make_item(key, (uint8_t)i, &request, &answer);
        memcpy(script->requests + i * request.len, request.bytes, request.len);
        memcpy(script->answers + i * answer.len, answer.bytes, answer.len);
    }
}

static bool is_installed(void)
{
    return skb_is_installed("ssh-agent");
}

static bool start(struct skb_peer *peer)
{
    /* It is installed with a group of its own, and a program that changes its
     * group does not end with us; without new privileges it does. */
    const char *argv[] = { "setpriv", "--no-new-privs",  "ssh-agent", "-D",
                           "-a",      peer->host.socket, NULL };
    struct key key;

    skb_host_name(&peer->host, "ssh-agent");
    if (!skb_host_spawn(&peer->host, argv, NULL)) {
        return false;
    }
    (void)crypto_sign_keypair(key.public_key, key.secret_key);
    make_script(&peer->script, &key);
    if (!add_key(&peer->host, &key)) {
        skb_script_done(&peer->script);
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

const struct skb_peer_kind skb_peer_ssh = {
    .name = "ssh-agent",
    .against = "ssh-agent, Ed25519",
    .is_installed = is_installed,
    .start = start,
    .run = run,
    .n_shapes = SKB_SHAPES,
};
