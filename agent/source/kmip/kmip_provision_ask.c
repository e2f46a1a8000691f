/* kmip_provision_ask.c - one question of an operator; see
 * kmip_provision_ask.h. */
#include "agent/source/kmip/kmip_provision_ask.h"

#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "agent/source/kmip/kmip_payload.h"
#include "protocol/key.h"

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

enum skp_err skd_kmip_provision_ask(struct skd_kmip_provision *provision,
                                    const struct skd_kmip_question *question,
                                    enum skp_err (*take)(void *,
                                                         struct skp_view,
                                                         struct skp_diag *),
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
enum skp_err skd_kmip_provision_take_same(void *state,
                                          struct skp_view payload,
                                          struct skp_diag *diag)
{
    const struct skp_view *identifier = state;
    struct skp_view same = { NULL, 0 };

    return skd_kmip_payload_identifier(payload, *identifier, &same, diag);
}

/* ---- finding the tenant's object ----------------------------------------- */

static enum skp_err
take_found(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct skd_kmip_identifier *found = state;
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

enum skp_err skd_kmip_provision_find(struct skd_kmip_provision *provision,
                                     struct skp_view tenant,
                                     struct skd_kmip_identifier *ret,
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
    return skd_kmip_provision_ask(provision, &question, take_found, ret, diag);
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

enum skp_err skd_kmip_provision_check(struct skd_kmip_provision *provision,
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

    SKP_TRY(skd_kmip_provision_ask(provision, &question, take_state, &checked,
                                   diag));
    *ret = checked.state;
    return SKP_ERR_OK;
}
