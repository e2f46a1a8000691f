/* kmip_client.c - a connection to KMIP servers; see kmip_client.h. */
#include "agent/source/kmip/kmip_client.h"

#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_payload.h"
#include "agent/source/kmip/kmip_text.h"
#include "agent/source/kmip/ttlv.h"

/* What one read may bring beyond the answer awaited. */
#define READ_AHEAD 4096u
/* More than this in flight could fill both sockets' buffers, and then neither
 * side would read. */
#define DEPTH_MAX 16u

struct skd_kmip_client {
    const struct skd_kmip_config *config;
    const struct skd_env *env;
    const struct skd_kmip_connector *connector;
    struct skd_stream *stream; /* NULL: not connected */
    size_t host;               /* of the stream */
    bool is_doubtful;
    struct skd_kmip_version version;
    uint32_t next_id; /* batch item ids are not used twice */
    bool *failed;     /* per host, in this fetch */
    struct skp_secret out;
    struct skp_secret in;
    size_t answer_len;   /* of the answer at the front of @in; 0: none */
    struct skp_diag why; /* the last server could not be reached */
};

static struct skd_kmip_client *alloc_client(size_t n_hosts)
{
    struct skd_kmip_client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        return NULL;
    }
    client->failed = calloc(n_hosts, sizeof *client->failed);
    if (client->failed == NULL) {
        free(client);
        return NULL;
    }
    return client;
}

enum skp_err skd_kmip_client_new(const struct skd_kmip_config *config,
                                 const struct skd_env *env,
                                 const struct skd_kmip_connector *connector,
                                 struct skd_kmip_client **ret,
                                 struct skp_diag *diag)
{
    struct skd_kmip_client *client;

    if (!config->present || config->n_hosts == 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "kms config is required");
    }
    if (config->major_version != 1 || config->minor_version > 4 ||
        (!config->negotiate && config->minor_version != 4)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "unsupported KMIP version, use 1.4");
    }
    client = alloc_client(config->n_hosts);
    if (client == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    client->config = config;
    client->env = env;
    client->connector = connector;
    client->next_id = 1;
    *ret = client;
    return SKP_ERR_OK;
}

void skd_kmip_client_free(struct skd_kmip_client **client)
{
    if (*client == NULL) {
        return;
    }
    skd_kmip_client_drop(*client, NULL);
    skp_secret_done(&(*client)->in);
    skp_secret_done(&(*client)->out);
    free((*client)->failed);
    free(*client);
    *client = NULL;
}

void skd_kmip_client_begin(struct skd_kmip_client *client,
                           const struct skd_env *env)
{
    client->env = env;
    client->is_doubtful = client->stream != NULL;
    memset(client->failed, 0, client->config->n_hosts * sizeof(bool));
}

bool skd_kmip_client_is_doubtful(const struct skd_kmip_client *client)
{
    return client->is_doubtful;
}

uint64_t skd_kmip_client_now_ms(const struct skd_kmip_client *client)
{
    return skd_env_now_ms(client->env);
}

uint64_t skd_kmip_client_timeout_ms(const struct skd_kmip_client *client)
{
    return client->config->timeout_ms;
}

size_t skd_kmip_client_depth(const struct skd_kmip_client *client)
{
    size_t depth = client->config->pipeline_depth;

    return depth == 0 ? 1 : depth > DEPTH_MAX ? DEPTH_MAX : depth;
}

/* The server of the connection is out until the next fetch. */
static void mark_failed(struct skd_kmip_client *client,
                        const struct skp_diag *why)
{
    const struct skd_host *at = &client->config->hosts[client->host];

    client->failed[client->host] = true;
    client->why = *why;
    (void)skp_prefix(&client->why, SKP_ERR_OK, "kms %s:%u", at->host,
                     (unsigned)at->port);
}

void skd_kmip_client_drop(struct skd_kmip_client *client,
                          const struct skp_diag *failed)
{
    if (client->stream != NULL) {
        client->stream->ops->free(&client->stream);
    }
    if (failed != NULL) {
        mark_failed(client, failed);
    }
    client->is_doubtful = false;
    client->answer_len = 0;
    skp_secret_clear(&client->in);
    skp_secret_clear(&client->out);
}

/* ---- one message each way ------------------------------------------------ */

enum skp_err skd_kmip_client_send(struct skd_kmip_client *client,
                                  const struct skd_kmip_question *questions,
                                  size_t n,
                                  uint64_t deadline_ms,
                                  uint32_t *ret_first_id,
                                  struct skp_diag *diag)
{
    uint32_t first_id = client->next_id;
    enum skp_err err;

    err = skd_kmip_request_write(client->version, questions, n, first_id,
                                 &client->out);
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "error writing kms request: %s",
                        skp_err_text(err));
    }
    client->next_id += (uint32_t)n;
    /* One write for the whole message: servers have been seen to forget half
     * a message that stalls. */
    err = client->stream->ops->write(client->stream, client->out.bytes,
                                     client->out.len, deadline_ms, diag);
    skp_secret_clear(&client->out);
    if (err != SKP_ERR_OK) {
        return skp_prefix(diag, err, "error writing kms request");
    }
    *ret_first_id = first_id;
    return SKP_ERR_OK;
}

static enum skp_err read_some(struct skd_kmip_client *client,
                              uint64_t deadline_ms,
                              struct skp_diag *diag)
{
    size_t len = 0;
    enum skp_err err =
        skp_secret_reserve(&client->in, client->in.len + READ_AHEAD);

    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no locked memory");
    }
    SKP_TRY(client->stream->ops->read(
        client->stream, client->in.bytes + client->in.len,
        client->in.cap - client->in.len, deadline_ms, &len, diag));
    if (len == 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "the server closed the connection");
    }
    client->in.len += len;
    return SKP_ERR_OK;
}

/* Memory grows with what has come, never with what a header announces. */
static enum skp_err read_message(struct skd_kmip_client *client,
                                 uint64_t deadline_ms,
                                 size_t *ret_len,
                                 struct skp_diag *diag)
{
    size_t len = SKD_TTLV_HEADER_LEN;
    bool is_measured = false;
    enum skp_err err;

    while (!is_measured || client->in.len < len) {
        if (!is_measured && client->in.len >= SKD_TTLV_HEADER_LEN) {
            err = skd_kmip_response_measure(client->in.bytes, &len, diag);
            if (err != SKP_ERR_OK) {
                return skp_prefix(diag, err, "error decoding kms response");
            }
            is_measured = true;
            continue;
        }
        err = read_some(client, deadline_ms, diag);
        if (err != SKP_ERR_OK) {
            return skp_prefix(diag, err, "error reading kms response");
        }
    }
    *ret_len = len;
    return SKP_ERR_OK;
}

static void forget_answer(struct skd_kmip_client *client)
{
    skp_secret_consume(&client->in, client->answer_len);
    client->answer_len = 0;
}

enum skp_err skd_kmip_client_receive(struct skd_kmip_client *client,
                                     const struct skd_kmip_question *questions,
                                     size_t n,
                                     uint32_t first_id,
                                     uint64_t deadline_ms,
                                     struct skd_kmip_response *ret,
                                     struct skp_diag *diag)
{
    struct skp_view message;
    size_t len = 0;
    enum skp_err err;

    forget_answer(client);
    SKP_TRY(read_message(client, deadline_ms, &len, diag));
    message = (struct skp_view){ client->in.bytes, len };
    err = skd_kmip_response_read(message, questions, n, first_id, ret, diag);
    if (err != SKP_ERR_OK) {
        return skp_prefix(diag, err, "error decoding kms response");
    }
    client->answer_len = len;
    client->is_doubtful = false;
    return SKP_ERR_OK;
}

void skd_kmip_client_settle(struct skd_kmip_client *client)
{
    forget_answer(client);
    if (client->in.len > 0) {
        skd_kmip_client_drop(client, NULL);
    }
}

/* ---- connecting ---------------------------------------------------------- */

/* Ask in version 1.@minor which versions the server speaks. */
static enum skp_err discover(struct skd_kmip_client *client,
                             uint32_t minor,
                             uint64_t deadline_ms,
                             bool *ret_is_refused,
                             struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_DISCOVER_VERSIONS,
        .discover_minor = client->config->minor_version,
    };
    struct skd_kmip_response response = { .is_refused = false };
    const struct skd_kmip_answer *answer = &response.answers[0];
    uint32_t first_id = 0;

    client->version = (struct skd_kmip_version){ 1, minor };
    SKP_TRY(skd_kmip_client_send(client, &question, 1, deadline_ms, &first_id,
                                 diag));
    SKP_TRY(skd_kmip_client_receive(client, &question, 1, first_id, deadline_ms,
                                    &response, diag));
    *ret_is_refused = !answer->is_answered ||
                      answer->status != SKD_STATUS_SUCCESS ||
                      answer->bad != NULL;
    if (*ret_is_refused) {
        return SKP_ERR_OK;
    }
    return skd_kmip_payload_versions(
        answer->payload, client->config->minor_version, &client->version, diag);
}

/* A server that cannot read a newer message may read a 1.1 one; one that has
 * no Discover Versions at all is a 1.0 server (the operation came with 1.1). */
static enum skp_err negotiate(struct skd_kmip_client *client,
                              uint64_t deadline_ms,
                              struct skp_diag *diag)
{
    uint32_t minor = client->config->minor_version;
    bool is_refused = true;

    client->version = (struct skd_kmip_version){ 1, minor };
    if (!client->config->negotiate) {
        return SKP_ERR_OK;
    }
    if (minor > 1) {
        SKP_TRY(discover(client, minor, deadline_ms, &is_refused, diag));
    }
    if (is_refused && minor > 0) {
        SKP_TRY(discover(client, 1, deadline_ms, &is_refused, diag));
    }
    if (is_refused) {
        client->version = (struct skd_kmip_version){ 1, 0 };
    }
    return SKP_ERR_OK;
}

static enum skp_err open_host(struct skd_kmip_client *client, size_t host)
{
    uint64_t deadline_ms =
        skd_kmip_client_now_ms(client) + client->config->timeout_ms;
    struct skp_diag diag = { "" };
    enum skp_err err = client->connector->open(
        client->connector->state, client->config, &client->config->hosts[host],
        client->env, deadline_ms, &client->stream, &diag);

    client->host = host;
    if (err == SKP_ERR_OK) {
        err = negotiate(client, deadline_ms, &diag);
    }
    if (err != SKP_ERR_OK) {
        skd_kmip_client_drop(client, &diag);
    }
    return err;
}

enum skp_err skd_kmip_client_connect(struct skd_kmip_client *client,
                                     struct skp_diag *diag)
{
    if (client->stream != NULL) {
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < client->config->n_hosts; i++) {
        if (client->failed[i]) {
            continue;
        }
        if (open_host(client, i) == SKP_ERR_OK) {
            return SKP_ERR_OK;
        }
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s",
                    client->why.text[0] != '\0' ? client->why.text
                                                : "no kms server answers");
}

/* ---- words --------------------------------------------------------------- */

void skd_kmip_client_explain(const struct skd_kmip_question *question,
                             const struct skd_kmip_answer *answer,
                             struct skp_diag *ret)
{
    const char *operation =
        skd_kmip_operation_name((uint32_t)question->operation);
    char words[121];

    skd_kmip_text_copy(answer->message, words, sizeof words);
    if (answer->status != SKD_STATUS_FAILED) {
        (void)skp_fail(ret, SKP_ERR_OK, "%s ended as %s", operation,
                       answer->status == SKD_STATUS_PENDING ? "pending"
                                                            : "undone");
    } else if (words[0] == '\0') {
        (void)skp_fail(ret, SKP_ERR_OK, "%s refused: %s", operation,
                       skd_kmip_reason_name(answer->reason));
    } else {
        (void)skp_fail(ret, SKP_ERR_OK, "%s refused: %s (%s)", operation,
                       skd_kmip_reason_name(answer->reason), words);
    }
}
