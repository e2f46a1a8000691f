/* kmip_provision.h - what an operator does with the objects in the KMS:
 * `sidekey kms put | get-attributes | revoke | destroy TENANT`, `list`, `info`.
 *
 * Every call names one object by the identifier that Locate gave for the
 * tenant, refuses when there are several, and repeats nothing that changes the
 * KMS.  The ID Placeholder of KMIP is never used.
 *
 * compound_create (register and activate in one operation): Register carries an
 * Activation Date of now, which makes the object Active at once on servers that
 * take the attribute.  One batch of Register and Activate could only work
 * through the ID Placeholder.  Where the server refuses the attribute, or the
 * object is not Active afterwards, it takes two operations.
 *
 * Thread:   one at a time; blocks.
 * Secrets:  the seed given to put is the caller's; requests lie in locked
 *           memory.
 */
#ifndef SKD_KMIP_PROVISION_H
#define SKD_KMIP_PROVISION_H

#include "agent/source/kmip/kmip_client.h"
#include "agent/source/kmip/kmip_query.h"

struct skd_kmip_provision; /* opaque */

/* @config and @env are borrowed for the object's life; @connector NULL: TLS.
 * Does not connect.  Errors as skd_kmip_client_new. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_new(const struct skd_kmip_config *config,
                       const struct skd_env *env,
                       const struct skd_kmip_connector *connector,
                       struct skd_kmip_provision **ret,
                       struct skp_diag *diag);
void skd_kmip_provision_free(struct skd_kmip_provision **provision);

/* An object's own data, for people. */
struct skd_kmip_object {
    char identifier[SKD_KMIP_IDENTIFIER_MAX + 1];
    char name[256];       /* its first Name; "" when it has none */
    const char *state;    /* "Active", ...; "unknown" */
    int64_t initial_s;    /* Initial Date, Unix seconds; 0: not given */
    int64_t activation_s; /* Activation Date; 0: not given */
};

/* What the KMS says about itself. */
struct skd_kmip_info {
    struct skd_kmip_versions versions; /* none: it does not tell */
    struct skd_kmip_query query;
};

/* All of them:
 *   SKP_ERR_NOT_FOUND            no object bears the tenant's name.
 *   SKP_ERR_FAILED_PRECONDITION  two or more do, or the server refused; @diag
 *                                has its words.
 *   SKP_ERR_INVALID_ARGUMENT     an answer that cannot be believed.
 *   SKP_ERR_UNAVAILABLE          no answer.
 *   SKP_ERR_RESOURCE_EXHAUSTED   no memory. */

/* Register @seed (base64 text) as Secret Data named @tenant; with @activate
 * make it Active.  @ret (may be NULL) is the new identifier.
 *   SKP_ERR_ALREADY_EXISTS    an object bears that name.
 *   SKP_ERR_INVALID_ARGUMENT  also: no key can be made of @seed, or @tenant is
 *                             no tenant id. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_put(struct skd_kmip_provision *provision,
                       struct skp_view tenant,
                       struct skp_view seed,
                       bool activate,
                       char ret[SKD_KMIP_IDENTIFIER_MAX + 1],
                       struct skp_diag *diag);

/* Get Attributes of the one object of @tenant; errors as above. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_attributes(struct skd_kmip_provision *provision,
                              struct skp_view tenant,
                              struct skd_kmip_object *ret,
                              struct skp_diag *diag);

/* Call @on_object for each Secret Data that we may see.  All are located with
 * one message; where its answer would be too long (about 2,000 objects with
 * identifiers of 36 bytes) the server refuses, and so does this. */
SKP_MUST_CHECK enum skp_err skd_kmip_provision_list(
    struct skd_kmip_provision *provision,
    void (*on_object)(void *state, const struct skd_kmip_object *object),
    void *state,
    struct skp_diag *diag);

/* Revoke: Key Compromise makes the object Compromised, every other reason
 * Deactivated.  @text (may be empty) is kept by the server. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_revoke(struct skd_kmip_provision *provision,
                          struct skp_view tenant,
                          enum skd_kmip_revocation reason,
                          struct skp_view text,
                          struct skp_diag *diag);

/* Destroy; servers refuse it while the object is Active. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_destroy(struct skd_kmip_provision *provision,
                           struct skp_view tenant,
                           struct skp_diag *diag);

/* Activate a Pre-Active object. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_activate(struct skd_kmip_provision *provision,
                            struct skp_view tenant,
                            struct skp_diag *diag);

/* Discover Versions and Query; about no object. */
SKP_MUST_CHECK enum skp_err
skd_kmip_provision_info(struct skd_kmip_provision *provision,
                        struct skd_kmip_info *ret,
                        struct skp_diag *diag);

#endif /* SKD_KMIP_PROVISION_H */
