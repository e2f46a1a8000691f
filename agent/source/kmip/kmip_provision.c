/* kmip_provision.c - operators' calls to the KMS; see kmip_provision.h. */
#include "agent/source/kmip/kmip_provision.h"

#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "agent/source/kmip/kmip_payload.h"
#include "agent/source/kmip/kmip_source.h"
#include "agent/source/kmip/ttlv.h"
#include "protocol/key.h"

struct skd_kmip_provision {
    const struct skd_kmip_config *config;
    const struct skd_env *env;
    struct skd_kmip_client *client;
    char attribute_buf[SKD_KMIP_ATTRIBUTE_MAX];
    const char *attribute; /* NULL: by Name */
};

/* An identifier of our own, where answers only borrow one. */
struct identifier {
    uint8_t bytes[SKD_KMIP_IDENTIFIER_MAX];
    size_t len;
};

enum skp_err skd_kmip_provision_new(const struct skd_kmip_config *config,
                                    const struct skd_env *env,
                                    const struct skd_kmip_connector *connector,
                                    struct skd_kmip_provision **ret,
                                    struct skp_diag *diag)
{
    SKP_CLEANUP(skd_kmip_provision_free)
    struct skd_kmip_provision *provision = calloc(1, sizeof *provision);

    if (provision == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    provision->config = config;
    provision->env = env;
    provision->attribute =
        skd_kmip_source_attribute(config, provision->attribute_buf);
    SKP_TRY(skd_kmip_client_new(
        config, env, connector == NULL ? &skd_kmip_connector_tls : connector,
        &provision->client, diag));
    *ret = SKP_TAKE(provision);
    return SKP_ERR_OK;
}

void skd_kmip_provision_free(struct skd_kmip_provision **provision)
{
    if (*provision == NULL) {
        return;
    }
    skd_kmip_client_free(&(*provision)->client);
    free(*provision);
    *provision = NULL;
}

/* ---- one question -------------------------------------------------------- */

/* What is done with a good answer. */
struct one {
    enum skp_err (*take)(void *state,
                         struct skp_view payload,
                         struct skp_diag *diag);
    void *state;
    struct skp_diag *diag;
    enum skp_err err;
};

static void
on_one(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct one *one = state;

    (void)index;
    if (result->err != SKP_ERR_OK) {
        one->err = skp_fail(one->diag,
                            result->reason == SKD_REASON_ITEM_NOT_FOUND
                                ? SKP_ERR_NOT_FOUND
                                : result->err,
                            "%s", result->text);
        return;
    }
    one->err = one->take(one->state, result->payload, one->diag);
    if (one->err == SKP_ERR_INVALID_ARGUMENT) {
        (void)skp_prefix(one->diag, one->err,
                         "error decoding kms response payload");
    }
}

static enum skp_err
ask_one(struct skd_kmip_provision *provision,
        const struct skd_kmip_question *question,
        enum skp_err (*take)(void *, struct skp_view, struct skp_diag *),
        void *state,
        struct skp_diag *diag)
{
    struct one one = { take, state, diag, SKP_ERR_UNAVAILABLE };
    const struct skd_kmip_listener listener = { &one, on_one };
    enum skp_err err;

    skd_kmip_client_begin(provision->client, provision->env);
    err = skd_kmip_batch_ask(provision->client, question, 1, &listener);
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no memory for a kms request");
    }
    return one.err;
}

/* The operation is about @identifier and nothing else. */
static enum skp_err
take_same(void *state, struct skp_view payload, struct skp_diag *diag)
{
    const struct skp_view *identifier = state;
    struct skp_view same = { NULL, 0 };

    return skd_kmip_payload_identifier(payload, *identifier, &same, diag);
}

/* ---- finding the tenant's object ----------------------------------------- */

static enum skp_err
take_found(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct identifier *found = state;
    struct skp_view identifier = { NULL, 0 };
    size_t n = 0;

    SKP_TRY(skd_kmip_payload_locate(payload, &n, &identifier, diag));
    if (n == 0) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND,
                        "the kms has no object of that name");
    }
    if (n > 1) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the kms has two or more objects of that name");
    }
    memcpy(found->bytes, identifier.ptr, identifier.len);
    found->len = identifier.len;
    return SKP_ERR_OK;
}

static enum skp_err find_tenant(struct skd_kmip_provision *provision,
                                struct skp_view tenant,
                                struct identifier *ret,
                                struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_LOCATE,
        .tenant = tenant,
        .attribute = provision->attribute,
        .maximum_items = 2,
    };

    if (!skp_tenant_is_valid(tenant)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "no tenant id");
    }
    return ask_one(provision, &question, take_found, ret, diag);
}

/* A Get Attributes that checks the object's name before it is changed. */
struct checked {
    struct skp_view identifier;
    struct skp_view tenant;
    const char *attribute;
    enum skd_kmip_state state;
};

static enum skp_err
take_state(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct checked *checked = state;

    return skd_kmip_payload_state(payload, checked->identifier, checked->tenant,
                                  checked->attribute, &checked->state, diag);
}

static enum skp_err check_object(struct skd_kmip_provision *provision,
                                 struct skp_view tenant,
                                 struct skp_view identifier,
                                 enum skd_kmip_state *ret,
                                 struct skp_diag *diag)
{
    struct checked checked = { identifier, tenant, provision->attribute,
                               SKD_STATE_PRE_ACTIVE };
    const struct skd_kmip_question question = {
        .operation = SKD_OP_GET_ATTRIBUTES,
        .identifier = identifier,
        .attribute = provision->attribute,
    };

    SKP_TRY(ask_one(provision, &question, take_state, &checked, diag));
    *ret = checked.state;
    return SKP_ERR_OK;
}

/* Find the tenant's object, make sure that it is the tenant's, do
 * @question to it. */
static enum skp_err change_object(struct skd_kmip_provision *provision,
                                  struct skp_view tenant,
                                  struct skd_kmip_question *question,
                                  struct skp_diag *diag)
{
    struct identifier found = { { 0 }, 0 };
    struct skp_view identifier;
    enum skd_kmip_state state = SKD_STATE_PRE_ACTIVE;

    SKP_TRY(find_tenant(provision, tenant, &found, diag));
    identifier = (struct skp_view){ found.bytes, found.len };
    SKP_TRY(check_object(provision, tenant, identifier, &state, diag));
    question->identifier = identifier;
    return ask_one(provision, question, take_same, &identifier, diag);
}

enum skp_err skd_kmip_provision_revoke(struct skd_kmip_provision *provision,
                                       struct skp_view tenant,
                                       enum skd_kmip_revocation reason,
                                       struct skp_view text,
                                       struct skp_diag *diag)
{
    struct skd_kmip_question question = { .operation = SKD_OP_REVOKE,
                                          .revocation = reason,
                                          .text = text };

    return change_object(provision, tenant, &question, diag);
}

enum skp_err skd_kmip_provision_destroy(struct skd_kmip_provision *provision,
                                        struct skp_view tenant,
                                        struct skp_diag *diag)
{
    struct skd_kmip_question question = { .operation = SKD_OP_DESTROY };

    return change_object(provision, tenant, &question, diag);
}

enum skp_err skd_kmip_provision_activate(struct skd_kmip_provision *provision,
                                         struct skp_view tenant,
                                         struct skp_diag *diag)
{
    struct skd_kmip_question question = { .operation = SKD_OP_ACTIVATE };

    return change_object(provision, tenant, &question, diag);
}

/* ---- put ----------------------------------------------------------------- */

static enum skp_err
take_new(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct identifier *made = state;
    struct skp_view identifier = { NULL, 0 };

    SKP_TRY(skd_kmip_payload_identifier(payload, (struct skp_view){ NULL, 0 },
                                        &identifier, diag));
    memcpy(made->bytes, identifier.ptr, identifier.len);
    made->len = identifier.len;
    return SKP_ERR_OK;
}

/* Register, with an Activation Date if that is wished and taken. */
static enum skp_err register_object(struct skd_kmip_provision *provision,
                                    struct skd_kmip_question *question,
                                    bool is_compound,
                                    struct identifier *ret,
                                    struct skp_diag *diag)
{
    enum skp_err err = SKP_ERR_FAILED_PRECONDITION;

    if (is_compound) {
        question->activation_s = skd_env_wall_s(provision->env);
        err = ask_one(provision, question, take_new, ret, diag);
        question->activation_s = 0;
    }
    /* A refusal means that nothing was made; anything else may have. */
    if (err == SKP_ERR_FAILED_PRECONDITION) {
        err = ask_one(provision, question, take_new, ret, diag);
    }
    return err;
}

static enum skp_err activate_object(struct skd_kmip_provision *provision,
                                    struct skp_view tenant,
                                    struct skp_view identifier,
                                    struct skp_diag *diag)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_ACTIVATE,
                                                .identifier = identifier };
    enum skd_kmip_state state = SKD_STATE_PRE_ACTIVE;

    SKP_TRY(check_object(provision, tenant, identifier, &state, diag));
    if (state == SKD_STATE_ACTIVE) {
        return SKP_ERR_OK;
    }
    return ask_one(provision, &question, take_same, &identifier, diag);
}

static enum skp_err refuse_second(struct skd_kmip_provision *provision,
                                  struct skp_view tenant,
                                  struct skp_diag *diag)
{
    struct identifier found = { { 0 }, 0 };
    enum skp_err err = find_tenant(provision, tenant, &found, diag);

    if (err == SKP_ERR_NOT_FOUND) {
        return SKP_ERR_OK;
    }
    if (err == SKP_ERR_OK || err == SKP_ERR_FAILED_PRECONDITION) {
        /* Two objects of one name would make the tenant unusable. */
        return skp_fail(diag, SKP_ERR_ALREADY_EXISTS,
                        "the kms has an object of that name already");
    }
    return err;
}

enum skp_err skd_kmip_provision_put(struct skd_kmip_provision *provision,
                                    struct skp_view tenant,
                                    struct skp_view seed,
                                    bool activate,
                                    char ret[SKD_KMIP_IDENTIFIER_MAX + 1],
                                    struct skp_diag *diag)
{
    struct skd_kmip_question question = {
        .operation = SKD_OP_REGISTER,
        .tenant = tenant,
        .attribute = provision->attribute,
        .seed = seed,
    };
    SKP_WIPED(uint8_t, key, SKP_KEY_LEN);
    struct identifier made = { { 0 }, 0 };

    SKP_TRY(skp_key_from_seed(seed, key, diag));
    SKP_TRY(refuse_second(provision, tenant, diag));
    SKP_TRY(register_object(provision, &question,
                            activate && provision->config->compound_create,
                            &made, diag));
    if (activate) {
        SKP_TRY(activate_object(provision, tenant,
                                (struct skp_view){ made.bytes, made.len },
                                diag));
    }
    if (ret != NULL) {
        memcpy(ret, made.bytes, made.len);
        ret[made.len] = '\0';
    }
    return SKP_ERR_OK;
}

/* ---- showing objects ----------------------------------------------------- */

/* Text of a server, for a terminal: printable ASCII, cut to fit. */
static void copy_text(struct skp_view text, char *ret, size_t cap)
{
    size_t len = text.len < cap - 1 ? text.len : cap - 1;

    for (size_t i = 0; i < len; i++) {
        ret[i] = '?';
        if (text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f) {
            ret[i] = (char)text.ptr[i];
        }
    }
    ret[len] = '\0';
}

static void take_date(struct skp_view attribute, int64_t *ret)
{
    struct skd_ttlv date;

    if (skd_ttlv_find(attribute, SKD_TAG_ATTRIBUTE_VALUE, SKD_TTLV_DATE_TIME,
                      &date) == SKP_ERR_OK) {
        *ret = skd_ttlv_long(&date);
    }
}

static void take_name(struct skp_view attribute, struct skd_kmip_object *ret)
{
    struct skp_view value = { NULL, 0 };
    struct skp_view name = { NULL, 0 };

    if (ret->name[0] == '\0' &&
        skd_ttlv_find_structure(attribute, SKD_TAG_ATTRIBUTE_VALUE, &value) ==
            SKP_ERR_OK &&
        skd_ttlv_find_text(value, SKD_TAG_NAME_VALUE, &name) == SKP_ERR_OK) {
        copy_text(name, ret->name, sizeof ret->name);
    }
}

static void take_attribute(struct skp_view name,
                           struct skp_view attribute,
                           struct skd_kmip_object *ret)
{
    uint32_t state = 0;

    if (skp_view_equal(name, skp_view_of("Name"))) {
        take_name(attribute, ret);
    } else if (skp_view_equal(name, skp_view_of("Initial Date"))) {
        take_date(attribute, &ret->initial_s);
    } else if (skp_view_equal(name, skp_view_of("Activation Date"))) {
        take_date(attribute, &ret->activation_s);
    } else if (skp_view_equal(name, skp_view_of("State")) &&
               skd_ttlv_find_enum(attribute, SKD_TAG_ATTRIBUTE_VALUE, &state) ==
                   SKP_ERR_OK) {
        ret->state = skd_kmip_state_name(state);
    }
}

struct described {
    struct skp_view identifier;
    struct skd_kmip_object object;
};

static enum skp_err
take_object(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct described *described = state;
    struct skp_view name = { NULL, 0 };
    struct skp_view attribute = { NULL, 0 };

    SKP_TRY(take_same(&described->identifier, payload, diag));
    memset(&described->object, 0, sizeof described->object);
    described->object.state = "unknown";
    copy_text(described->identifier, described->object.identifier,
              sizeof described->object.identifier);
    while (skd_kmip_payload_next_attribute(&payload, &name, &attribute)) {
        take_attribute(name, attribute, &described->object);
    }
    return SKP_ERR_OK;
}

static enum skp_err describe(struct skd_kmip_provision *provision,
                             struct skp_view identifier,
                             struct described *ret,
                             struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_GET_ATTRIBUTES,
        .identifier = identifier,
        .all_attributes = true,
    };

    ret->identifier = identifier;
    return ask_one(provision, &question, take_object, ret, diag);
}

enum skp_err skd_kmip_provision_attributes(struct skd_kmip_provision *provision,
                                           struct skp_view tenant,
                                           struct skd_kmip_object *ret,
                                           struct skp_diag *diag)
{
    struct identifier found = { { 0 }, 0 };
    struct described described;

    SKP_TRY(find_tenant(provision, tenant, &found, diag));
    SKP_TRY(describe(provision, (struct skp_view){ found.bytes, found.len },
                     &described, diag));
    *ret = described.object;
    return SKP_ERR_OK;
}

/* ---- list ---------------------------------------------------------------- */

struct listing {
    struct identifier *found;
    size_t n;
    size_t cap;
};

static void free_listing(struct listing *listing)
{
    free(listing->found);
}

static enum skp_err keep_identifier(struct listing *listing,
                                    struct skp_view identifier)
{
    if (listing->n == listing->cap) {
        size_t cap = listing->cap == 0 ? 64 : 2 * listing->cap;
        struct identifier *grown =
            reallocarray(listing->found, cap, sizeof *grown);

        if (grown == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        listing->found = grown;
        listing->cap = cap;
    }
    memcpy(listing->found[listing->n].bytes, identifier.ptr, identifier.len);
    listing->found[listing->n].len = identifier.len;
    listing->n++;
    return SKP_ERR_OK;
}

static enum skp_err
take_listing(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct listing *listing = state;
    struct skd_ttlv item;

    while (payload.len > 0 && skd_ttlv_take(&payload, &item) == SKP_ERR_OK) {
        if (item.tag != SKD_TAG_UNIQUE_IDENTIFIER) {
            continue;
        }
        if (item.type != SKD_TTLV_TEXT || item.value.len == 0 ||
            item.value.len > SKD_KMIP_IDENTIFIER_MAX ||
            !skd_ttlv_is_clean_text(item.value)) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                            "an identifier that is none");
        }
        SKP_TRY(keep_identifier(listing, item.value));
    }
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_provision_list(
    struct skd_kmip_provision *provision,
    void (*on_object)(void *state, const struct skd_kmip_object *object),
    void *state,
    struct skp_diag *diag)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_LOCATE };
    SKP_CLEANUP(free_listing) struct listing listing = { NULL, 0, 0 };

    SKP_TRY(ask_one(provision, &question, take_listing, &listing, diag));
    for (size_t i = 0; i < listing.n; i++) {
        struct described described;
        enum skp_err err = describe(
            provision,
            (struct skp_view){ listing.found[i].bytes, listing.found[i].len },
            &described, diag);

        /* Destroyed since it was listed. */
        if (err == SKP_ERR_NOT_FOUND) {
            continue;
        }
        SKP_TRY(err);
        on_object(state, &described.object);
    }
    return SKP_ERR_OK;
}
