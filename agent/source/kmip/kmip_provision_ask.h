/* kmip_provision_ask.h - one question of an operator's call, and the tenant's
 * object that it is about; what the files of kmip_provision.h share.
 *
 * Thread:   one at a time; blocks.
 * Secrets:  requests and answers lie in the client's locked memory.
 */
#ifndef SKD_KMIP_PROVISION_ASK_H
#define SKD_KMIP_PROVISION_ASK_H

#include "agent/source/kmip/kmip_provision.h"
#include "agent/source/kmip/kmip_source.h"

struct skd_kmip_provision {
    const struct skd_kmip_config *config;
    const struct skd_env *env;
    struct skd_kmip_client *client;
    char attribute_buf[SKD_KMIP_ATTRIBUTE_MAX];
    const char *attribute; /* NULL: by Name */
};

/* An identifier of our own, where answers only borrow one. */
struct skd_kmip_identifier {
    uint8_t bytes[SKD_KMIP_IDENTIFIER_MAX];
    size_t len;
};

/* All of them fail as the calls of kmip_provision.h do. */

/* Ask @question; hand the payload of a successful answer to @take with @state,
 * and return what it returns. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_ask(struct skd_kmip_provision *provision,
                       const struct skd_kmip_question *question,
                       enum skp_err (*take)(void *state,
                                            struct skp_view payload,
                                            struct skp_diag *diag),
                       void *state,
                       struct skp_diag *diag);

/* For @take: the answer must be about the identifier in the struct skp_view at
 * @state, and nothing else. */
SKP_MUST_CHECK enum skp_err skd_kmip_provision_take_same(
    void *state, struct skp_view payload, struct skp_diag *diag);

/* Locate the one object of @tenant.
 *   SKP_ERR_INVALID_ARGUMENT  also: @tenant is no tenant id. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_find(struct skd_kmip_provision *provision,
                        struct skp_view tenant,
                        struct skd_kmip_identifier *ret,
                        struct skp_diag *diag);

/* Make sure, by Get Attributes, that @identifier is Secret Data that bears
 * @tenant; *ret is its state. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_check(struct skd_kmip_provision *provision,
                         struct skp_view tenant,
                         struct skp_view identifier,
                         enum skd_kmip_state *ret,
                         struct skp_diag *diag);

#endif /* SKD_KMIP_PROVISION_ASK_H */
