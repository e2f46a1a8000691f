/* kmip_source.c - the KMIP seed source; see kmip_source.h. */
#include "agent/source/kmip/kmip_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "agent/source/kmip/kmip_payload.h"
#include "agent/source/kmip/kmip_remember.h"
#include "agent/source/sources.h"
#include "protocol/key.h"

/* Tenants asked for side by side; bounds the memory of a fetch. */
#define SLICE_MAX 512u

struct kmip_source {
    struct skd_source head;
    const struct skd_config *pinned; /* NULL when made over a connector */
    const struct skd_kmip_config *config;
    const struct skd_kmip_connector *connector;
    struct skd_kmip_client *client; /* made at the first fetch */
    struct skd_kmip_remember *remember;
    char attribute_buf[SKD_KMIP_ATTRIBUTE_MAX];
    const char *attribute; /* NULL: by Name */
};

/* One tenant of a slice. */
struct lookup {
    size_t item; /* index in the material */
    enum skd_said said;
    enum skd_key_state state;
    bool has_state;
    bool has_key;
    size_t identifier_len;
    uint8_t identifier[SKD_KMIP_IDENTIFIER_MAX];
};

struct slice {
    struct kmip_source *source;
    struct skd_material *material;
    struct skp_diag *diag; /* the first reason */
    struct lookup lookups[SLICE_MAX];
    size_t n;
    struct skd_kmip_question questions[2 * SLICE_MAX];
    size_t lookup_of[2 * SLICE_MAX]; /* per question */
    size_t n_questions;
    struct skp_secret keys; /* one private key per lookup */
};

static void free_slice(struct slice **slice)
{
    if (*slice == NULL) {
        return;
    }
    skp_secret_done(&(*slice)->keys);
    free(*slice);
    *slice = NULL;
}

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

/* ---- what was said ------------------------------------------------------- */

static struct skp_view tenant_of(const struct slice *slice,
                                 const struct lookup *lookup)
{
    const struct skd_item *item =
        skd_material_item(slice->material, lookup->item);

    return (struct skp_view){ (const uint8_t *)item->tenant, item->tenant_len };
}

static struct skp_view identifier_of(const struct lookup *lookup)
{
    return (struct skp_view){ lookup->identifier, lookup->identifier_len };
}

/* An answer for the tenant; whatever was said about its key before is void. */
static void say(struct slice *slice,
                struct lookup *lookup,
                enum skd_said said,
                const char *reason)
{
    lookup->said = said;
    if (reason != NULL) {
        skd_material_set_reason(slice->material, lookup->item, "%s", reason);
    }
    if (said == SKD_SAID_UNREACHED && slice->diag != NULL &&
        slice->diag->text[0] == '\0') {
        (void)skp_fail(slice->diag, SKP_ERR_OK, "%s", reason);
    }
}

static void say_absent(struct slice *slice, struct lookup *lookup)
{
    struct skp_diag reason;
    struct skp_view tenant = tenant_of(slice, lookup);

    (void)skp_fail(&reason, SKP_ERR_OK,
                   "key not found for private tenantID %.*s", (int)tenant.len,
                   (const char *)tenant.ptr);
    say(slice, lookup, SKD_SAID_ABSENT, reason.text);
}

static void say_undecodable(struct slice *slice,
                            struct lookup *lookup,
                            struct skp_diag *diag)
{
    (void)skp_prefix(diag, SKP_ERR_OK, "error decoding kms response payload");
    say(slice, lookup, SKD_SAID_UNREACHED, diag->text);
}

/* True when @result is a success; says what it is otherwise. */
static bool is_success(struct slice *slice,
                       struct lookup *lookup,
                       const struct skd_kmip_result *result)
{
    if (result->err == SKP_ERR_OK) {
        return true;
    }
    if (result->err == SKP_ERR_FAILED_PRECONDITION &&
        result->reason == SKD_REASON_ITEM_NOT_FOUND) {
        say_absent(slice, lookup);
    } else {
        say(slice, lookup, SKD_SAID_UNREACHED, result->text);
    }
    return false;
}

static void add_question(struct slice *slice,
                         size_t lookup,
                         const struct skd_kmip_question *question)
{
    slice->lookup_of[slice->n_questions] = lookup;
    slice->questions[slice->n_questions++] = *question;
}

/* Ask what has been added; the tenants that got no result are unreached. */
static enum skp_err
ask(struct slice *slice,
    void (*on_result)(void *, size_t, const struct skd_kmip_result *))
{
    const struct skd_kmip_listener listener = { slice, on_result };
    enum skp_err err = skd_kmip_batch_ask(
        slice->source->client, slice->questions, slice->n_questions, &listener);

    slice->n_questions = 0;
    return err;
}

/* ---- first round trip: Locate -------------------------------------------- */

static void
on_located(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct slice *slice = state;
    struct lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    struct skp_view identifier = { NULL, 0 };
    struct skp_view tenant = tenant_of(slice, lookup);
    struct skp_diag diag = { "" };
    size_t n = 0;

    if (!is_success(slice, lookup, result)) {
        return;
    }
    if (skd_kmip_payload_locate(result->payload, &n, &identifier, &diag) !=
        SKP_ERR_OK) {
        say_undecodable(slice, lookup, &diag);
    } else if (n == 0) {
        say_absent(slice, lookup);
    } else if (n > 1) {
        (void)skp_fail(&diag, SKP_ERR_OK, "duplicate objects for tenant %.*s",
                       (int)tenant.len, (const char *)tenant.ptr);
        say(slice, lookup, SKD_SAID_DUPLICATE, diag.text);
    } else {
        memcpy(lookup->identifier, identifier.ptr, identifier.len);
        lookup->identifier_len = identifier.len;
    }
}

static enum skp_err locate(struct slice *slice)
{
    for (size_t i = 0; i < slice->n; i++) {
        const struct skd_kmip_question question = {
            .operation = SKD_OP_LOCATE,
            .tenant = tenant_of(slice, &slice->lookups[i]),
            .attribute = slice->source->attribute,
            .maximum_items = 2, /* so that a duplicate shows */
        };

        add_question(slice, i, &question);
    }
    return ask(slice, on_located);
}

/* ---- second round trip: Get and Get Attributes --------------------------- */

static void take_state(struct slice *slice,
                       struct lookup *lookup,
                       enum skd_kmip_state state)
{
    static const enum skd_key_state states[] = {
        [SKD_STATE_PRE_ACTIVE] = SKD_KEY_PRE_ACTIVE,
        [SKD_STATE_ACTIVE] = SKD_KEY_ACTIVE,
        [SKD_STATE_DEACTIVATED] = SKD_KEY_DEACTIVATED,
        [SKD_STATE_COMPROMISED] = SKD_KEY_COMPROMISED,
    };

    if (state >= SKD_STATE_DESTROYED) {
        say(slice, lookup, SKD_SAID_DESTROYED, "the kms object is destroyed");
    } else if (state == SKD_STATE_PRE_ACTIVE &&
               slice->source->config->require_active) {
        say(slice, lookup, SKD_SAID_UNUSABLE,
            "the kms object is Pre-Active, and require_active is set");
    } else {
        lookup->state = states[state];
        lookup->has_state = true;
    }
}

static void take_attributes(struct slice *slice,
                            struct lookup *lookup,
                            struct skp_view payload)
{
    struct skp_diag diag = { "" };
    enum skd_kmip_state state = SKD_STATE_ACTIVE;

    if (skd_kmip_payload_state(
            payload, identifier_of(lookup), tenant_of(slice, lookup),
            slice->source->attribute, &state, &diag) != SKP_ERR_OK) {
        say_undecodable(slice, lookup, &diag);
    } else {
        take_state(slice, lookup, state);
    }
}

static void
take_seed(struct slice *slice, size_t index, struct skp_view payload)
{
    struct lookup *lookup = &slice->lookups[index];
    struct skp_view seed = { NULL, 0 };
    struct skp_diag diag = { "" };
    uint8_t *key = slice->keys.bytes + index * SKP_KEY_LEN;
    enum skp_err err =
        skd_kmip_payload_seed(payload, identifier_of(lookup), &seed, &diag);

    if (err == SKP_ERR_OK) {
        err = skp_key_from_seed(seed, key, &diag);
    }
    if (err == SKP_ERR_OK) {
        lookup->has_key = true;
    } else if (err == SKP_ERR_FAILED_PRECONDITION) {
        say(slice, lookup, SKD_SAID_UNUSABLE, diag.text);
    } else {
        say_undecodable(slice, lookup, &diag);
    }
}

static void
on_fetched(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct slice *slice = state;
    struct lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    struct skd_kmip_question *question = &slice->questions[index];

    /* The first bad word about a tenant stands. */
    if (lookup->said != SKD_SAID_ASK || !is_success(slice, lookup, result)) {
        return;
    }
    if (question->operation == SKD_OP_GET) {
        take_seed(slice, slice->lookup_of[index], result->payload);
    } else {
        take_attributes(slice, lookup, result->payload);
    }
}

static enum skp_err get(struct slice *slice)
{
    for (size_t i = 0; i < slice->n; i++) {
        struct skd_kmip_question question = {
            .operation = SKD_OP_GET_ATTRIBUTES,
            .identifier = identifier_of(&slice->lookups[i]),
            .attribute = slice->source->attribute,
        };

        if (slice->lookups[i].said != SKD_SAID_ASK ||
            question.identifier.len == 0) {
            continue;
        }
        add_question(slice, i, &question);
        question.operation = SKD_OP_GET;
        add_question(slice, i, &question);
    }
    return ask(slice, on_fetched);
}

/* ---- what is not found any more ------------------------------------------ */

static void
on_remembered(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct slice *slice = state;
    struct lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    enum skd_kmip_state kmip_state = SKD_STATE_ACTIVE;
    struct skp_diag diag = { "" };

    if (!is_success(slice, lookup, result)) {
        return;
    }
    /* A destroyed object may have lost its name: the identifier is enough. */
    if (skd_kmip_payload_state(result->payload,
                               slice->questions[index].identifier,
                               (struct skp_view){ NULL, 0 }, NULL, &kmip_state,
                               &diag) != SKP_ERR_OK) {
        say_undecodable(slice, lookup, &diag);
    } else if (kmip_state >= SKD_STATE_DESTROYED) {
        say(slice, lookup, SKD_SAID_DESTROYED, "the kms object is destroyed");
    }
}

static enum skp_err ask_remembered(struct slice *slice)
{
    for (size_t i = 0; i < slice->n; i++) {
        struct lookup *lookup = &slice->lookups[i];
        const struct skd_kmip_question question = {
            .operation = SKD_OP_GET_ATTRIBUTES,
            .identifier = skd_kmip_remember_get(slice->source->remember,
                                                tenant_of(slice, lookup)),
            .attribute = slice->source->attribute,
        };

        if (lookup->said == SKD_SAID_ABSENT && question.identifier.len > 0) {
            add_question(slice, i, &question);
        }
    }
    return ask(slice, on_remembered);
}

/* ---- a fetch ------------------------------------------------------------- */

static enum skp_err enter_key(struct slice *slice, size_t index)
{
    struct lookup *lookup = &slice->lookups[index];
    struct skd_item *item = skd_material_item(slice->material, lookup->item);

    SKP_TRY(skd_material_add_key(slice->material, lookup->item,
                                 slice->keys.bytes + index * SKP_KEY_LEN));
    lookup->said = SKD_SAID_KEYS;
    item->state = lookup->state;
    skd_kmip_remember_set(slice->source->remember, tenant_of(slice, lookup),
                          identifier_of(lookup));
    return SKP_ERR_OK;
}

static enum skp_err enter_lookup(struct slice *slice, size_t index)
{
    struct lookup *lookup = &slice->lookups[index];
    struct skd_item *item = skd_material_item(slice->material, lookup->item);

    if (lookup->said == SKD_SAID_ASK && lookup->has_key && lookup->has_state) {
        SKP_TRY(enter_key(slice, index));
    } else if (lookup->said == SKD_SAID_ASK) {
        say(slice, lookup, SKD_SAID_UNREACHED, "the kms gave no answer");
    } else if (lookup->said == SKD_SAID_DESTROYED) {
        skd_kmip_remember_drop(slice->source->remember,
                               tenant_of(slice, lookup));
    }
    item->origin = SKP_ORIGIN_KMIP;
    item->said = lookup->said;
    return SKP_ERR_OK;
}

static enum skp_err fetch_slice(struct slice *slice)
{
    SKP_TRY(skp_secret_reserve(&slice->keys, (size_t)SLICE_MAX * SKP_KEY_LEN));
    SKP_TRY(locate(slice));
    SKP_TRY(get(slice));
    SKP_TRY(ask_remembered(slice));
    for (size_t i = 0; i < slice->n; i++) {
        SKP_TRY(enter_lookup(slice, i));
    }
    skp_wipe(slice->keys.bytes, slice->keys.cap);
    return SKP_ERR_OK;
}

/* Fill the slice with open items from *next on. */
static void fill_slice(struct slice *slice, size_t *next)
{
    size_t count = skd_material_count(slice->material);

    slice->n = 0;
    for (; *next < count && slice->n < SLICE_MAX; (*next)++) {
        if (skd_material_item(slice->material, *next)->said == SKD_SAID_ASK) {
            struct lookup *lookup = &slice->lookups[slice->n++];

            memset(lookup, 0, sizeof *lookup);
            lookup->item = *next;
            lookup->said = SKD_SAID_ASK;
        }
    }
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

static enum skp_err begin_fetch(struct kmip_source *self,
                                const struct skd_fetch *fetch,
                                struct skp_diag *diag)
{
    if (self->client == NULL) {
        SKP_TRY(skd_kmip_client_new(self->config, fetch->env, self->connector,
                                    &self->client, diag));
    }
    skd_kmip_client_begin(self->client, fetch->env);
    return SKP_ERR_OK;
}

static enum skp_err fetch_open(struct kmip_source *self,
                               struct skd_material *material,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(free_slice) struct slice *slice = calloc(1, sizeof *slice);
    size_t next = 0;

    if (slice == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    slice->source = self;
    slice->material = material;
    slice->diag = diag;
    for (;;) {
        enum skp_err err;

        fill_slice(slice, &next);
        if (slice->n == 0) {
            return SKP_ERR_OK;
        }
        err = fetch_slice(slice);
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

static void free_source(struct skd_source **source)
{
    struct kmip_source *self = (struct kmip_source *)*source;

    if (self == NULL) {
        return;
    }
    skd_kmip_client_free(&self->client);
    skd_kmip_remember_free(&self->remember);
    if (self->pinned != NULL) {
        skd_config_unref(&self->pinned);
    }
    free(self);
    *source = NULL;
}

static const struct skd_source_ops kmip_ops = {
    .name = "kmip",
    .fetch = fetch,
    .settle = NULL,
    .free = free_source,
};

enum skp_err skd_kmip_source_over(const struct skd_kmip_config *config,
                                  const struct skd_kmip_connector *connector,
                                  struct skd_source **ret)
{
    struct kmip_source *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (skd_kmip_remember_new(&self->remember) != SKP_ERR_OK) {
        free(self);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    self->head.ops = &kmip_ops;
    self->config = config;
    self->connector = connector;
    self->attribute = skd_kmip_source_attribute(config, self->attribute_buf);
    *ret = &self->head;
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
