/* kmip_payload.h - what stands in the payload of a successful answer.
 *
 * Each function takes the contents of one Response Payload whose TTLV has been
 * checked, and gives only what may be used.  A key is given only when every
 * field around it says that it is the one asked for, in the clear.
 *
 * Secrets:  the key material borrows from the message; nothing is copied.
 */
#ifndef SKD_KMIP_PAYLOAD_H
#define SKD_KMIP_PAYLOAD_H

#include "agent/source/kmip/kmip_response.h"
#include "protocol/limits.h"

/* All of them:
 *   SKP_ERR_INVALID_ARGUMENT  not believable; @diag says why, outputs are
 *                             untouched. */

/* Locate: how many objects there are as far as it can be told (0, 1, or 2 for
 * more) and the identifier, when it is one. */
SKP_MUST_CHECK enum skp_err skd_kmip_payload_locate(struct skp_view payload,
                                                    size_t *ret_n,
                                                    struct skp_view *ret,
                                                    struct skp_diag *diag);

/* Get: the base64 text of the seed in Secret Data @identifier.  It decodes to
 * 32 bytes or more, not all zero.
 *   SKP_ERR_FAILED_PRECONDITION  the right object, but no key can be made of
 *                               its seed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory to decode it in. */
SKP_MUST_CHECK enum skp_err skd_kmip_payload_seed(struct skp_view payload,
                                                  struct skp_view identifier,
                                                  struct skp_view *ret,
                                                  struct skp_diag *diag);

/* Get Attributes of @identifier, which must be Secret Data that bears @tenant:
 * as a Name, or in custom attribute @attribute when that is not NULL.  An empty
 * tenant is not compared. */
SKP_MUST_CHECK enum skp_err skd_kmip_payload_state(struct skp_view payload,
                                                   struct skp_view identifier,
                                                   struct skp_view tenant,
                                                   const char *attribute,
                                                   enum skd_kmip_state *ret,
                                                   struct skp_diag *diag);

/* Get Attributes: the one Initial Date in @payload, in Unix seconds; 0 when it
 * has none, or more than one. */
int64_t skd_kmip_payload_initial(struct skp_view payload);

/* Register: the new object's identifier.  With @expected not empty (Activate,
 * Revoke, Destroy): it must be that one. */
SKP_MUST_CHECK enum skp_err
skd_kmip_payload_identifier(struct skp_view payload,
                            struct skp_view expected,
                            struct skp_view *ret,
                            struct skp_diag *diag);

/* Discover Versions: the highest 1.x up to 1.@minor_max that the server speaks.
 *   SKP_ERR_NOT_FOUND  it speaks none of them. */
SKP_MUST_CHECK enum skp_err
skd_kmip_payload_versions(struct skp_view payload,
                          uint32_t minor_max,
                          struct skd_kmip_version *ret,
                          struct skp_diag *diag);

/* Attribute names of @payload in the order in which they came: the next one
 * after @rest, which starts as the payload.  False at the end. */
bool skd_kmip_payload_next_attribute(struct skp_view *rest,
                                     struct skp_view *ret_name,
                                     struct skp_view *ret_attribute);

#endif /* SKD_KMIP_PAYLOAD_H */
