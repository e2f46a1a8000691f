/* kmip_provision_info.c - what the KMS says about itself; see
 * kmip_provision.h. */
#include <string.h>

#include "agent/source/kmip/kmip_provision_ask.h"

static enum skp_err
take_versions(void *state, struct skp_view payload, struct skp_diag *diag)
{
    return skd_kmip_query_versions(payload, state, diag);
}

static enum skp_err
take_query(void *state, struct skp_view payload, struct skp_diag *diag)
{
    return skd_kmip_query_read(payload, state, diag);
}

/* A server may do without Discover Versions; then none is known. */
static enum skp_err ask_versions(struct skd_kmip_provision *provision,
                                 struct skd_kmip_versions *ret,
                                 struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_DISCOVER_VERSIONS,
        .discover_all = true,
    };
    struct skp_diag refusal = { "" };
    enum skp_err err = skd_kmip_provision_ask(provision, &question,
                                              take_versions, ret, &refusal);

    if (err == SKP_ERR_FAILED_PRECONDITION) {
        ret->n = 0;
        return SKP_ERR_OK;
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "%s", refusal.text);
    }
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_provision_info(struct skd_kmip_provision *provision,
                                     struct skd_kmip_info *ret,
                                     struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_QUERY,
        .query_functions = SKD_KMIP_QUERY_OPERATIONS | SKD_KMIP_QUERY_OBJECTS |
                           SKD_KMIP_QUERY_INFORMATION | SKD_KMIP_QUERY_PROFILES,
    };
    struct skd_kmip_info info;

    memset(&info, 0, sizeof info);
    SKP_TRY(ask_versions(provision, &info.versions, diag));
    SKP_TRY(skd_kmip_provision_ask(provision, &question, take_query,
                                   &info.query, diag));
    *ret = info;
    return SKP_ERR_OK;
}
