/* kmip_client.h - a connection to the configured KMIP servers that answers
 * questions.
 *
 * Connects when needed, to the first server that takes it, in the order of the
 * configuration; negotiates the version when asked to; sends, receives, and
 * drops the connection on any doubt: after a timeout or a message that is not
 * the expected one, a late answer could be taken for the next question's.
 * kmip_batch.h spreads many questions over it.
 *
 * A connection is kept from one fetch to the next.  One that the server has
 * closed meanwhile is made anew, and for how long it had been idle is kept in
 * mind: a connection to that server idle for so long is not used again.  With
 * a connection to another server than the first, a fetch may try one of those
 * before it, a quarter of a timeout long, and goes over to it when it answers;
 * else the connection that works is kept.  The same is done at the same server
 * when other TLS files are in use.
 *
 * Thread:   one at a time; blocks, never past the configured timeout for one
 *           message.
 * Secrets:  requests and responses lie in locked memory, wiped when replaced.
 */
#ifndef SKD_KMIP_CLIENT_H
#define SKD_KMIP_CLIENT_H

#include "agent/config/config.h"
#include "agent/source/kmip/kmip_response.h"
#include "agent/source/net/stream.h"

/* How a client gets a stream; tests hand in a script. */
struct skd_kmip_connector {
    void *state; /* handed to every call; borrowed */

    /* Connect to @host before @deadline_ms.  Errors as those of a stream, or
     *   SKP_ERR_INVALID_ARGUMENT  the tls part of the configuration is unfit.
     */
    enum skp_err (*open)(void *state,
                         const struct skd_kmip_config *config,
                         const struct skd_host *host,
                         const struct skd_env *env,
                         uint64_t deadline_ms,
                         struct skd_stream **ret,
                         struct skp_diag *diag);
};

/* TLS over TCP: stream_tls.h. */
extern const struct skd_kmip_connector skd_kmip_connector_tls;

struct skd_kmip_client; /* opaque */

/* @config, @env and @connector are borrowed for the client's life.  Does not
 * connect.
 *   SKP_ERR_FAILED_PRECONDITION  "kms config is required", or "unsupported
 *                                KMIP version, use 1.4".
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory. */
SKP_MUST_CHECK enum skp_err
skd_kmip_client_new(const struct skd_kmip_config *config,
                    const struct skd_env *env,
                    const struct skd_kmip_connector *connector,
                    struct skd_kmip_client **ret,
                    struct skp_diag *diag);
void skd_kmip_client_free(struct skd_kmip_client **client);

/* A new fetch begins: servers that failed in the last one may be tried again,
 * and deadlines are taken from @env from now on. */
void skd_kmip_client_begin(struct skd_kmip_client *client,
                           const struct skd_env *env);

/* Try for a better connection than there is, once, at the next connect: see
 * above. */
void skd_kmip_client_seek(struct skd_kmip_client *client);

/* Other TLS files are in use than those that the connection was made with:
 * replace it as soon as a new one works. */
void skd_kmip_client_renew(struct skd_kmip_client *client);

/* Why the connection is still one with former TLS files; "": it is not, or
 * that was not tried yet. */
const char *skd_kmip_client_outdated(const struct skd_kmip_client *client);

/* The server's certificate as last seen; none: zeroed. */
struct skd_cert
skd_kmip_client_server_cert(const struct skd_kmip_client *client);

/* Make sure that there is a connection.  A server that failed once is not
 * asked again until skd_kmip_client_begin: an unreachable server costs one
 * timeout, however many tenants there are.
 *   SKP_ERR_UNAVAILABLE         no server could be reached; @diag says why the
 *                               last one could not.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_kmip_client_connect(struct skd_kmip_client *client, struct skp_diag *diag);

/* Which server the connection is, or was last, to: its place among the
 * configured.  Identifiers are a server's own, unless several are replicas of
 * one: what two of them said of one identifier is not put together. */
size_t skd_kmip_client_host(const struct skd_kmip_client *client);

/* True when the connection was there before the last skd_kmip_client_begin and
 * has not answered since: it may have died meanwhile. */
bool skd_kmip_client_is_doubtful(const struct skd_kmip_client *client);

/* Send @n questions as one message; *ret_first_id is for reading the answer.
 *   SKP_ERR_UNAVAILABLE, SKP_ERR_DEADLINE_EXCEEDED  "error writing kms
 *                               request: ..."
 *   SKP_ERR_INVALID_ARGUMENT, SKP_ERR_RESOURCE_EXHAUSTED  not sent. */
SKP_MUST_CHECK enum skp_err
skd_kmip_client_send(struct skd_kmip_client *client,
                     const struct skd_kmip_question *questions,
                     size_t n,
                     uint64_t deadline_ms,
                     uint32_t *ret_first_id,
                     struct skp_diag *diag);

/* Receive the next message, which must answer those @n questions.  *ret
 * borrows from the client until its next call.  On failure the caller drops
 * the connection.
 *   SKP_ERR_UNAVAILABLE, SKP_ERR_DEADLINE_EXCEEDED  "error reading kms
 *                               response: ..."
 *   SKP_ERR_INVALID_ARGUMENT    "error decoding kms response: ..."
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory. */
SKP_MUST_CHECK enum skp_err
skd_kmip_client_receive(struct skd_kmip_client *client,
                        const struct skd_kmip_question *questions,
                        size_t n,
                        uint32_t first_id,
                        uint64_t deadline_ms,
                        struct skd_kmip_response *ret,
                        struct skp_diag *diag);

/* All answers are in.  Drops the connection when bytes nobody asked for have
 * come; wipes the last answer. */
void skd_kmip_client_settle(struct skd_kmip_client *client);

/* Close the connection.  With @failed (NULL: no) the server is not tried again
 * until skd_kmip_client_begin, and that is the reason. */
void skd_kmip_client_drop(struct skd_kmip_client *client,
                          const struct skp_diag *failed);

/* For deadlines: the client's clock, and the timeout of one message. */
uint64_t skd_kmip_client_now_ms(const struct skd_kmip_client *client);
uint64_t skd_kmip_client_timeout_ms(const struct skd_kmip_client *client);

/* Messages that may be in flight. */
size_t skd_kmip_client_depth(const struct skd_kmip_client *client);

/* The server of the connection refuses messages of several questions, as was
 * found out over it. */
bool skd_kmip_client_takes_one(const struct skd_kmip_client *client);
void skd_kmip_client_set_takes_one(struct skd_kmip_client *client);

/* Write what the server said in a failed item, in clean text:
 * "Get refused: Item Not Found (words of the server)". */
void skd_kmip_client_explain(const struct skd_kmip_question *question,
                             const struct skd_kmip_answer *answer,
                             struct skp_diag *ret);

#endif /* SKD_KMIP_CLIENT_H */
