/* kmip_connect.c - which server a KMIP client talks to, over which connection;
 * see kmip_client.h. */
#include <string.h>

#include "agent/source/kmip/kmip_client_parts.h"
#include "agent/source/kmip/kmip_payload.h"

/* Looking for a better connection than one that works may take this part of a
 * timeout. */
#define SEEK_SHARE 4u

/* ---- letting go ---------------------------------------------------------- */

/* The server of the connection is out until the next fetch. */
static void mark_failed(struct skd_kmip_client *client,
                        const struct skp_diag *why)
{
    const struct skd_host *at = &client->config->hosts[client->host];

    client->servers[client->host].has_failed = true;
    client->why = *why;
    (void)skp_prefix(&client->why, SKP_ERR_OK, "kms %s:%u", at->host,
                     (unsigned)at->port);
}

/* The connection did not survive its idleness: such a one is not used again. */
static void learn_idle_limit(struct skd_kmip_client *client)
{
    struct skd_kmip_server *server = &client->servers[client->host];

    if (client->idle_ms < server->idle_limit_ms) {
        server->idle_limit_ms = client->idle_ms;
    }
}

void skd_kmip_client_drop(struct skd_kmip_client *client,
                          const struct skp_diag *failed)
{
    if (client->stream != NULL) {
        client->stream->ops->free(&client->stream);
        if (client->is_doubtful) {
            learn_idle_limit(client);
        }
    }
    if (failed != NULL) {
        mark_failed(client, failed);
    }
    client->is_doubtful = false;
    client->is_outdated = false;
    client->takes_one = false;
    client->answer_len = 0;
    /* Released, not kept: a lying server may have made them large. */
    skp_secret_done(&client->in);
    skp_secret_done(&client->out);
}

/* ---- between two fetches ------------------------------------------------- */

static bool is_closed(const struct skd_kmip_client *client)
{
    return client->stream->ops->is_open != NULL &&
           !client->stream->ops->is_open(client->stream);
}

/* Drop a connection that has been closed meanwhile, as far as it shows, and
 * one that will have been, as far as is known. */
static void look_at_idle(struct skd_kmip_client *client)
{
    uint64_t limit_ms = client->servers[client->host].idle_limit_ms;

    client->idle_ms = skd_kmip_client_now_ms(client) - client->used_ms;
    client->is_doubtful = client->idle_ms < limit_ms;
    if (!client->is_doubtful || is_closed(client)) {
        skd_kmip_client_drop(client, NULL);
    }
}

void skd_kmip_client_begin(struct skd_kmip_client *client,
                           const struct skd_env *env)
{
    client->env = env;
    for (size_t i = 0; i < client->config->n_hosts; i++) {
        client->servers[i].has_failed = false;
    }
    if (client->stream != NULL) {
        look_at_idle(client);
    }
}

void skd_kmip_client_seek(struct skd_kmip_client *client)
{
    client->may_seek = true;
}

void skd_kmip_client_renew(struct skd_kmip_client *client)
{
    client->is_outdated = client->stream != NULL;
    client->worse.text[0] = '\0';
}

const char *skd_kmip_client_outdated(const struct skd_kmip_client *client)
{
    return client->is_outdated ? client->worse.text : "";
}

size_t skd_kmip_client_host(const struct skd_kmip_client *client)
{
    return client->host;
}

bool skd_kmip_client_is_doubtful(const struct skd_kmip_client *client)
{
    return client->is_doubtful;
}

struct skd_cert
skd_kmip_client_server_cert(const struct skd_kmip_client *client)
{
    return client->server_cert;
}

/* ---- versions ------------------------------------------------------------ */

/* Ask over the connection which versions the server speaks. */
static enum skp_err ask_versions(struct skd_kmip_client *client,
                                 uint64_t deadline_ms,
                                 struct skd_kmip_response *ret,
                                 struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_DISCOVER_VERSIONS,
        .discover_minor = client->config->minor_version,
    };
    uint32_t first_id = 0;

    SKP_TRY(skd_kmip_client_send(client, &question, 1, deadline_ms, &first_id,
                                 diag));
    return skd_kmip_client_receive(client, &question, 1, first_id, deadline_ms,
                                   ret, diag);
}

/* Ask in version 1.@minor. */
static enum skp_err discover(struct skd_kmip_client *client,
                             uint32_t minor,
                             uint64_t deadline_ms,
                             bool *ret_is_refused,
                             struct skp_diag *diag)
{
    struct skd_kmip_response response = { .is_refused = false };
    const struct skd_kmip_answer *answer = &response.answers[0];

    client->version = (struct skd_kmip_version){ 1, minor };
    SKP_TRY(ask_versions(client, deadline_ms, &response, diag));
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

/* ---- connecting ---------------------------------------------------------- */

static enum skp_err open_stream(struct skd_kmip_client *client,
                                uint64_t deadline_ms,
                                struct skp_diag *diag)
{
    SKP_TRY(client->connector->open(client->connector->state, client->config,
                                    &client->config->hosts[client->host],
                                    client->env, deadline_ms, &client->stream,
                                    diag));
    client->used_ms = skd_kmip_client_now_ms(client);
    if (client->stream->ops->peer_cert != NULL) {
        (void)client->stream->ops->peer_cert(client->stream,
                                             &client->server_cert);
    }
    return negotiate(client, deadline_ms, diag);
}

static enum skp_err
open_host(struct skd_kmip_client *client, size_t host, uint64_t timeout_ms)
{
    struct skp_diag diag = { "" };
    enum skp_err err;

    client->host = host;
    err =
        open_stream(client, skd_kmip_client_now_ms(client) + timeout_ms, &diag);
    if (err != SKP_ERR_OK) {
        skd_kmip_client_drop(client, &diag);
    }
    return err;
}

/* A handshake proves little: with TLS 1.3 a server refuses our certificate
 * after it.  An answer of any kind does. */
static enum skp_err prove(struct skd_kmip_client *client, uint64_t timeout_ms)
{
    uint64_t deadline_ms = skd_kmip_client_now_ms(client) + timeout_ms;
    struct skd_kmip_response response = { .is_refused = false };
    struct skp_diag diag = { "" };
    enum skp_err err = ask_versions(client, deadline_ms, &response, &diag);

    if (err == SKP_ERR_OK && response.is_refused &&
        response.refusal.reason == SKD_REASON_AUTHENTICATION_NOT_SUCCESSFUL) {
        err = skp_fail(&diag, SKP_ERR_UNAVAILABLE,
                       "the server refuses our certificate");
    }
    if (err != SKP_ERR_OK) {
        skd_kmip_client_drop(client, &diag);
        return err;
    }
    skd_kmip_client_settle(client);
    return client->stream == NULL ? SKP_ERR_UNAVAILABLE : SKP_ERR_OK;
}

/* ---- a better connection ------------------------------------------------- */

/* Servers that would be better than the connection there is: those before its
 * own, and with other TLS files its own again. */
static size_t count_better(const struct skd_kmip_client *client)
{
    return client->stream == NULL ? 0 : client->host + client->is_outdated;
}

/* Take up the connection of @before again, which still works. */
static void restore(struct skd_kmip_client *client,
                    const struct skd_kmip_client *before)
{
    client->worse = client->why;
    client->stream = before->stream;
    client->host = before->host;
    client->version = before->version;
    client->used_ms = before->used_ms;
    client->is_doubtful = before->is_doubtful;
    client->is_outdated = before->is_outdated;
    client->takes_one = before->takes_one;
}

/* Try one of the better servers, in turn, once in a fetch. */
static void seek_better(struct skd_kmip_client *client)
{
    struct skd_kmip_client before = *client;
    uint64_t timeout_ms = client->config->timeout_ms / SEEK_SHARE;
    size_t host = client->n_sought++ % count_better(client);

    client->stream = NULL;
    client->is_doubtful = false;
    client->is_outdated = false;
    client->takes_one = false;
    if (open_host(client, host, timeout_ms) == SKP_ERR_OK &&
        prove(client, timeout_ms) == SKP_ERR_OK) {
        before.stream->ops->free(&before.stream);
        return;
    }
    restore(client, &before);
}

enum skp_err skd_kmip_client_connect(struct skd_kmip_client *client,
                                     struct skp_diag *diag)
{
    bool may_seek = client->may_seek;

    client->may_seek = false;
    if (may_seek && count_better(client) > 0) {
        seek_better(client);
    }
    if (client->stream != NULL) {
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < client->config->n_hosts; i++) {
        if (!client->servers[i].has_failed &&
            open_host(client, i, client->config->timeout_ms) == SKP_ERR_OK) {
            return SKP_ERR_OK;
        }
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s",
                    client->why.text[0] != '\0' ? client->why.text
                                                : "no kms server answers");
}
