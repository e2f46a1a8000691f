/* kmip_source.c - the KMIP seed source; see kmip_source.h. */
#include "agent/source/kmip/kmip_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_rounds.h"
#include "agent/source/net/tls_files.h"
#include "agent/source/sources.h"

enum round {
    ROUND_NONE, /* nothing that is held was asked for */
    ROUND_SHORT,
    ROUND_FULL,
};

struct kmip_source {
    struct skd_source head;
    const struct skd_config *pinned; /* NULL when made over a connector */
    const struct skd_kmip_config *config;
    struct skd_kmip_config in_use; /* a copy, with the TLS texts in use */
    struct skd_tls_files *tls;
    const struct skd_kmip_connector *connector;
    struct skd_kmip_client *client; /* made at the first fetch */
    struct skd_kmip_remember *remember;
    char attribute_buf[SKD_KMIP_ATTRIBUTE_MAX];
    const char *attribute; /* NULL: by Name */
    uint32_t n_short;      /* rounds since the last full one */
    enum round round;      /* of the last fetch, until it is settled */
    bool is_unsettled;     /* the last fetch */
    bool was_accepted;     /* what it noted is to be remembered */
};

const char *skd_kmip_source_attribute(const struct skd_kmip_config *config,
                                      char buf[SKD_KMIP_ATTRIBUTE_MAX])
{
    const char *name = config->tenant_attribute_name;
    bool is_whole;

    if (name == NULL || name[0] == '\0') {
        return NULL;
    }
    is_whole = strncmp(name, "x-", 2) == 0 || strncmp(name, "y-", 2) == 0;
    (void)snprintf(buf, SKD_KMIP_ATTRIBUTE_MAX, "%s%s", is_whole ? "" : "x-",
                   name);
    return buf;
}

/* ---- a fetch ------------------------------------------------------------- */

static enum skp_err enter_key(struct skd_kmip_slice *slice, size_t index)
{
    struct skd_kmip_lookup *lookup = &slice->lookups[index];
    struct skd_item *item = skd_material_item(slice->material, lookup->item);
    struct skd_kmip_known known;

    SKP_TRY(skd_material_add_key(slice->material, lookup->item,
                                 skd_kmip_slice_key(slice, index)));
    lookup->said = SKD_SAID_KEYS;
    item->state = lookup->state;
    known.identifier = skd_kmip_slice_identifier(lookup);
    known.initial_s = lookup->initial_s;
    skd_kmip_remember_note(slice->remember,
                           skd_kmip_slice_tenant(slice, lookup), &known);
    return SKP_ERR_OK;
}

static enum skp_err enter_lookup(struct skd_kmip_slice *slice, size_t index)
{
    struct skd_kmip_lookup *lookup = &slice->lookups[index];
    struct skd_item *item = skd_material_item(slice->material, lookup->item);

    if (skd_kmip_slice_is_complete(lookup)) {
        SKP_TRY(enter_key(slice, index));
    } else if (lookup->said == SKD_SAID_ASK) {
        skd_kmip_slice_say(slice, lookup, SKD_SAID_UNREACHED,
                           "the kms gave no answer");
    } else if (lookup->said == SKD_SAID_SAME) {
        item->state = lookup->state;
        item->tells_state = true;
    } else if (lookup->said == SKD_SAID_DESTROYED) {
        skd_kmip_remember_note_gone(slice->remember,
                                    skd_kmip_slice_tenant(slice, lookup));
    }
    item->origin = SKP_ORIGIN_KMIP;
    item->said = lookup->said;
    return SKP_ERR_OK;
}

static enum skp_err fetch_slice(struct skd_kmip_slice *slice, size_t n_hosts)
{
    size_t n_torn = 1;

    SKP_TRY(skd_kmip_rounds_confirm(slice));
    /* A server that has failed is not asked again in this fetch. */
    for (size_t i = 0; n_torn > 0 && i <= n_hosts; i++) {
        SKP_TRY(skd_kmip_rounds_locate(slice));
        SKP_TRY(skd_kmip_rounds_get(slice));
        n_torn = skd_kmip_slice_reopen_torn(slice);
    }
    SKP_TRY(skd_kmip_rounds_ask_remembered(slice));
    for (size_t i = 0; i < slice->n; i++) {
        SKP_TRY(enter_lookup(slice, i));
    }
    return SKP_ERR_OK;
}

static void leave_unreached(struct skd_material *material, const char *reason)
{
    for (size_t i = 0; i < skd_material_count(material); i++) {
        struct skd_item *item = skd_material_item(material, i);

        if (item->said == SKD_SAID_ASK) {
            item->said = SKD_SAID_UNREACHED;
            item->origin = SKP_ORIGIN_KMIP;
            skd_material_set_reason(material, i, "%s", reason);
        }
    }
}

static bool has_open(struct skd_material *material)
{
    for (size_t i = 0; i < skd_material_count(material); i++) {
        if (skd_material_item(material, i)->said == SKD_SAID_ASK) {
            return true;
        }
    }
    return false;
}

/* A key that is held may be confirmed by its object's identifier; every
 * locate_every-th time it is looked for by name, so that a second object or
 * another one is found. */
static enum round choose_round(const struct kmip_source *self,
                               const struct skd_fetch *fetch,
                               struct skd_material *material)
{
    for (size_t i = 0; i < skd_material_count(material); i++) {
        const struct skd_item *item = skd_material_item(material, i);

        if (item->said == SKD_SAID_ASK && item->has_kmip_key) {
            return fetch->whole ||
                           self->n_short + 1 >= self->config->locate_every
                       ? ROUND_FULL
                       : ROUND_SHORT;
        }
    }
    return ROUND_NONE;
}

static enum skp_err begin_fetch(struct kmip_source *self,
                                const struct skd_fetch *fetch,
                                struct skp_diag *diag)
{
    bool is_new = self->config->present &&
                  skd_tls_files_read(self->tls, skd_env_wall_s(fetch->env));

    self->in_use = *self->config;
    self->in_use.tls = *skd_tls_files_config(self->tls);
    if (self->client == NULL) {
        SKP_TRY(skd_kmip_client_new(&self->in_use, fetch->env, self->connector,
                                    &self->client, diag));
    }
    skd_kmip_client_begin(self->client, fetch->env);
    skd_kmip_client_seek(self->client);
    if (is_new) {
        skd_kmip_client_renew(self->client);
    }
    return SKP_ERR_OK;
}

static enum skp_err fetch_open(struct kmip_source *self,
                               struct skd_material *material,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(skd_kmip_slice_free) struct skd_kmip_slice *slice = NULL;
    size_t next = 0;

    if (skd_kmip_slice_new(&slice) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    slice->client = self->client;
    slice->remember = self->remember;
    slice->attribute = self->attribute;
    slice->require_active = self->config->require_active;
    slice->is_full = self->round == ROUND_FULL;
    slice->material = material;
    slice->diag = diag;
    for (;;) {
        enum skp_err err;

        skd_kmip_slice_fill(slice, &next);
        if (slice->n == 0) {
            return SKP_ERR_OK;
        }
        err = fetch_slice(slice, self->in_use.n_hosts);
        if (err != SKP_ERR_OK) {
            return skp_fail(diag, err, "no memory for a kms fetch");
        }
    }
}

static enum skp_err fetch(struct skd_source *source,
                          const struct skd_fetch *fetch,
                          struct skd_material *material,
                          uint64_t *retry_ms,
                          struct skp_diag *diag)
{
    struct kmip_source *self = (struct kmip_source *)source;
    struct skp_diag own = { "" };
    enum skp_err err;

    *retry_ms = 0;
    /* Here and not when it was settled: that is the main loop. */
    skd_kmip_remember_settle(self->remember, self->was_accepted);
    self->was_accepted = false;
    self->is_unsettled = true;
    self->round = choose_round(self, fetch, material);
    if (!has_open(material)) {
        return SKP_ERR_OK;
    }
    err = begin_fetch(self, fetch, &own);
    if (err == SKP_ERR_OK) {
        err = fetch_open(self, material, &own);
    }
    if (diag != NULL && own.text[0] != '\0') {
        *diag = own;
    }
    if (err == SKP_ERR_FAILED_PRECONDITION) {
        /* A configuration that cannot ask the KMS is no reason to throw the
         * public tenants away. */
        leave_unreached(material, own.text);
        return SKP_ERR_OK;
    }
    return err;
}

static void settle(struct skd_source *source, bool accepted)
{
    struct kmip_source *self = (struct kmip_source *)source;

    if (!self->is_unsettled) {
        return;
    }
    self->is_unsettled = false;
    self->was_accepted = accepted;
    if (accepted && self->round == ROUND_FULL) {
        self->n_short = 0;
    } else if (accepted && self->round == ROUND_SHORT) {
        self->n_short++;
    }
    self->round = ROUND_NONE;
}

static void report(const struct skd_source *source,
                   struct skd_source_report *ret)
{
    const struct kmip_source *self = (const struct kmip_source *)source;
    const struct skd_cert ours = skd_tls_files_cert(self->tls);

    skd_source_report_cert(ret, "kms client", &ours);
    if (self->client != NULL) {
        const struct skd_cert theirs =
            skd_kmip_client_server_cert(self->client);

        skd_source_report_cert(ret, "kms server", &theirs);
        (void)skp_fail(&ret->tls_trouble, SKP_ERR_OK, "%s",
                       skd_kmip_client_outdated(self->client));
    }
    if (skd_tls_files_is_ready(self->tls) &&
        skd_tls_files_trouble(self->tls)[0] != '\0') {
        (void)skp_fail(&ret->tls_trouble, SKP_ERR_OK, "%s",
                       skd_tls_files_trouble(self->tls));
    }
}

static void free_source(struct skd_source **source)
{
    struct kmip_source *self = (struct kmip_source *)*source;

    if (self == NULL) {
        return;
    }
    skd_kmip_client_free(&self->client);
    skd_kmip_remember_free(&self->remember);
    skd_tls_files_free(&self->tls);
    if (self->pinned != NULL) {
        skd_config_unref(&self->pinned);
    }
    free(self);
    *source = NULL;
}

static const struct skd_source_ops kmip_ops = {
    .name = "kmip",
    .fetch = fetch,
    .settle = settle,
    .report = report,
    .free = free_source,
};

enum skp_err skd_kmip_source_over(const struct skd_kmip_config *config,
                                  const struct skd_kmip_connector *connector,
                                  struct skd_source **ret)
{
    struct kmip_source *self = calloc(1, sizeof *self);
    struct skd_source *source;

    if (self == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    source = &self->head;
    if (skd_kmip_remember_new(&self->remember) != SKP_ERR_OK ||
        skd_tls_files_new(&config->tls, &self->tls) != SKP_ERR_OK) {
        free_source(&source);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    self->head.ops = &kmip_ops;
    self->config = config;
    self->connector = connector;
    self->attribute = skd_kmip_source_attribute(config, self->attribute_buf);
    *ret = source;
    return SKP_ERR_OK;
}

enum skp_err skd_source_kmip_new(const struct skd_config *config,
                                 struct skd_source **ret)
{
    struct skd_source *source = NULL;

    SKP_TRY(
        skd_kmip_source_over(&config->kmip, &skd_kmip_connector_tls, &source));
    ((struct kmip_source *)source)->pinned = skd_config_ref(config);
    *ret = source;
    return SKP_ERR_OK;
}
