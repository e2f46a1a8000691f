/* kmip_query.h - what a KMIP server says about itself: the payloads of
 * successful answers to Discover Versions and Query.
 *
 * Secrets:  none.
 */
#ifndef SKD_KMIP_QUERY_H
#define SKD_KMIP_QUERY_H

#include "agent/source/kmip/kmip_request.h"
#include "protocol/diag.h"

#define SKD_KMIP_VERSIONS_MAX 16u
#define SKD_KMIP_PROFILES_MAX 64u
#define SKD_KMIP_VENDOR_MAX   128u

/* Versions of KMIP in the server's order. */
struct skd_kmip_versions {
    struct skd_kmip_version rows[SKD_KMIP_VERSIONS_MAX];
    size_t n;
};

/* The answer to a Query. */
struct skd_kmip_query {
    uint64_t operations;   /* bit N: the server offers operation N */
    uint64_t object_types; /* bit N: it keeps objects of type N */
    size_t n_others;       /* operations and types beyond the bits: vendors' */
    uint32_t profiles[SKD_KMIP_PROFILES_MAX]; /* Profile Name */
    size_t n_profiles;
    /* Vendor Identification in printable ASCII, cut to fit; "": not given. */
    char vendor[SKD_KMIP_VENDOR_MAX + 1];
};

/* Both:
 *   SKP_ERR_INVALID_ARGUMENT  not believable; @diag says why, *ret is
 *                             untouched. */

/* Discover Versions: every version in the answer, 2.x too; there may be none.
 */
SKP_MUST_CHECK enum skp_err
skd_kmip_query_versions(struct skp_view payload,
                        struct skd_kmip_versions *ret,
                        struct skp_diag *diag);

/* Query.  What was not asked for (namespaces, extensions, ...) is skipped. */
SKP_MUST_CHECK enum skp_err skd_kmip_query_read(struct skp_view payload,
                                                struct skd_kmip_query *ret,
                                                struct skp_diag *diag);

/* True when the server says that it offers @operation. */
bool skd_kmip_query_offers(const struct skd_kmip_query *query,
                           uint32_t operation);

/* The operations that sidekey uses; the first @ret_n of the returned array. */
const uint32_t *skd_kmip_query_needed(size_t *ret_n);

#endif /* SKD_KMIP_QUERY_H */
