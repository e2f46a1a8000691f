/* kmip_provision.c - operators' changes to the KMS; see kmip_provision.h. */
#include "agent/source/kmip/kmip_provision.h"

#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_payload.h"
#include "agent/source/kmip/kmip_provision_ask.h"
#include "protocol/key.h"

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

/* ---- activate, revoke and destroy ---------------------------------------- */

/* Find the tenant's object, make sure that it is the tenant's, do
 * @question to it. */
static enum skp_err change_object(struct skd_kmip_provision *provision,
                                  struct skp_view tenant,
                                  struct skd_kmip_question *question,
                                  struct skp_diag *diag)
{
    struct skd_kmip_identifier found = { { 0 }, 0 };
    struct skp_view identifier;
    enum skd_kmip_state state = SKD_STATE_PRE_ACTIVE;

    SKP_TRY(skd_kmip_provision_find(provision, tenant, &found, diag));
    identifier = (struct skp_view){ found.bytes, found.len };
    SKP_TRY(
        skd_kmip_provision_check(provision, tenant, identifier, &state, diag));
    question->identifier = identifier;
    return skd_kmip_provision_ask(
        provision, question, skd_kmip_provision_take_same, &identifier, diag);
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
    struct skd_kmip_identifier *made = state;
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
                                    struct skd_kmip_identifier *ret,
                                    struct skp_diag *diag)
{
    enum skp_err err = SKP_ERR_FAILED_PRECONDITION;

    if (is_compound) {
        question->activation_s = skd_env_wall_s(provision->env);
        err = skd_kmip_provision_ask(provision, question, take_new, ret, diag);
        question->activation_s = 0;
    }
    /* A refusal means that nothing was made; anything else may have. */
    if (err == SKP_ERR_FAILED_PRECONDITION) {
        err = skd_kmip_provision_ask(provision, question, take_new, ret, diag);
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

    SKP_TRY(
        skd_kmip_provision_check(provision, tenant, identifier, &state, diag));
    if (state == SKD_STATE_ACTIVE) {
        return SKP_ERR_OK;
    }
    return skd_kmip_provision_ask(
        provision, &question, skd_kmip_provision_take_same, &identifier, diag);
}

static enum skp_err refuse_second(struct skd_kmip_provision *provision,
                                  struct skp_view tenant,
                                  struct skp_diag *diag)
{
    struct skd_kmip_identifier found = { { 0 }, 0 };
    enum skp_err err = skd_kmip_provision_find(provision, tenant, &found, diag);

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
    struct skd_kmip_identifier made = { { 0 }, 0 };

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
