/* kmip_client.c - messages to and from a KMIP server; see kmip_client.h. */
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_client_parts.h"
#include "agent/source/kmip/kmip_text.h"
#include "agent/source/kmip/ttlv.h"

/* What one read may bring beyond the answer awaited. */
#define READ_AHEAD 4096u
/* More than this in flight could fill both sockets' buffers, and then neither
 * side would read. */
#define DEPTH_MAX 16u

static struct skd_kmip_client *alloc_client(size_t n_hosts)
{
    struct skd_kmip_client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        return NULL;
    }
    client->servers = calloc(n_hosts, sizeof *client->servers);
    if (client->servers == NULL) {
        free(client);
        return NULL;
    }
    for (size_t i = 0; i < n_hosts; i++) {
        client->servers[i].idle_limit_ms = UINT64_MAX;
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
    free((*client)->servers);
    free(*client);
    *client = NULL;
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

bool skd_kmip_client_takes_one(const struct skd_kmip_client *client)
{
    return client->takes_one;
}

void skd_kmip_client_set_takes_one(struct skd_kmip_client *client)
{
    client->takes_one = true;
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
    client->used_ms = skd_kmip_client_now_ms(client);
    return SKP_ERR_OK;
}

void skd_kmip_client_settle(struct skd_kmip_client *client)
{
    forget_answer(client);
    if (client->in.len > 0) {
        skd_kmip_client_drop(client, NULL);
    }
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
