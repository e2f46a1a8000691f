/* stream_script.c - scripted streams; see stream_script.h. */
#include "tests/lib/stream_script.h"

#include <stdlib.h>
#include <string.h>

struct script_stream {
    struct skd_stream head;
    struct skt_script *script;
    struct skp_secret queue; /* to be read */
    unsigned n_writes;
    unsigned n_in_flight;
    void *serve_state;
    bool is_mute;
    bool is_strange;
    bool is_dead;
};

static enum skp_err read_script(struct skd_stream *stream,
                                uint8_t *buf,
                                size_t cap,
                                uint64_t deadline_ms,
                                size_t *ret_len,
                                struct skp_diag *diag)
{
    struct script_stream *self = (struct script_stream *)stream;
    struct skt_script *script = self->script;
    size_t len = self->queue.len;

    (void)deadline_ms;
    if (skp_secret_held() > script->peak_held) {
        script->peak_held = skp_secret_held();
    }
    self->n_in_flight = 0;
    if (len == 0 && self->is_dead) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "connection reset");
    }
    if (len == 0 && script->end == SKT_SCRIPT_HANG) {
        return skp_fail(diag, SKP_ERR_DEADLINE_EXCEEDED, "timed out");
    }
    if (len > cap) {
        len = cap;
    }
    if (script->piece != 0 && len > script->piece) {
        len = script->piece;
    }
    if (len > 0) {
        memcpy(buf, self->queue.bytes, len);
        skp_secret_consume(&self->queue, len);
    }
    *ret_len = len;
    return SKP_ERR_OK;
}

static enum skp_err queue_answer(struct script_stream *self,
                                 struct skp_view request)
{
    struct skt_script *script = self->script;

    if (script->serve != NULL) {
        script->serve(self->serve_state, request, &self->queue);
        return SKP_ERR_OK;
    }
    if (script->n_writes > script->n_answers) {
        return SKP_ERR_OK;
    }
    return skp_secret_append(&self->queue,
                             script->answers[script->n_writes - 1].ptr,
                             script->answers[script->n_writes - 1].len);
}

static enum skp_err write_script(struct skd_stream *stream,
                                 const uint8_t *bytes,
                                 size_t len,
                                 uint64_t deadline_ms,
                                 struct skp_diag *diag)
{
    struct script_stream *self = (struct script_stream *)stream;
    struct skt_script *script = self->script;

    (void)deadline_ms;
    if (self->is_dead) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "broken pipe");
    }
    script->n_writes++;
    self->n_writes++;
    self->n_in_flight++;
    if (self->n_in_flight > script->most_in_flight) {
        script->most_in_flight = self->n_in_flight;
    }
    skp_secret_clear(&script->out);
    SKP_TRY(skp_secret_append(&script->out, bytes, len));
    if (self->is_strange) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "the server refuses our certificate");
    }
    if (self->is_mute) {
        self->is_dead = true;
        return SKP_ERR_OK;
    }
    if (script->die_after != 0 && self->n_writes > script->die_after) {
        self->is_dead = true;
        script->die_after = 0;
        if (script->die_with > 0) {
            SKP_TRY(queue_answer(self, (struct skp_view){ bytes, len }));
        }
        if (self->queue.len > script->die_with) {
            self->queue.len = script->die_with;
        }
        return SKP_ERR_OK;
    }
    return queue_answer(self, (struct skp_view){ bytes, len });
}

static void free_script(struct skd_stream **stream)
{
    struct script_stream *self = (struct script_stream *)*stream;

    if (self != NULL) {
        self->script->n_closes++;
        skp_secret_done(&self->queue);
        free(self);
        *stream = NULL;
    }
}

static bool is_open_script(struct skd_stream *stream)
{
    struct script_stream *self = (struct script_stream *)stream;
    bool has_closed = self->script->has_closed;

    self->script->has_closed = false;
    return !has_closed;
}

static bool peer_cert_script(struct skd_stream *stream, struct skd_cert *ret)
{
    *ret = ((struct script_stream *)stream)->script->cert;
    return ret->not_after_s != 0;
}

static const struct skd_stream_ops script_ops = {
    .read = read_script,
    .write = write_script,
    .is_open = is_open_script,
    .peer_cert = peer_cert_script,
    .free = free_script,
};

static enum skp_err open_script(void *state,
                                const struct skd_kmip_config *config,
                                const struct skd_host *host,
                                const struct skd_env *env,
                                uint64_t deadline_ms,
                                struct skd_stream **ret,
                                struct skp_diag *diag)
{
    struct skt_script *script = state;
    struct script_stream *self;

    (void)env;
    (void)deadline_ms;
    script->n_opens++;
    script->last_host = host->port;
    script->last_cert = config->tls.cert;
    if (script->refused_port == host->port) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "cannot connect");
    }
    if (script->refuse_opens > 0) {
        script->refuse_opens--;
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "cannot connect");
    }
    self = calloc(1, sizeof *self);
    if (self == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    self->head.ops = &script_ops;
    self->script = script;
    self->serve_state =
        script->other_state != NULL && script->other_port == host->port
            ? script->other_state
            : script->serve_state;
    self->is_mute = script->mute_port == host->port;
    self->is_strange = script->stranger_port == host->port;
    *ret = &self->head;
    return SKP_ERR_OK;
}

struct skd_kmip_connector skt_script_connector(struct skt_script *script)
{
    return (struct skd_kmip_connector){ script, open_script };
}

void skt_script_done(struct skt_script *script)
{
    skp_secret_done(&script->out);
}
