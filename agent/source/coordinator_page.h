/* coordinator_page.h - one page of the Coordinator's tenant list.
 *
 *     {"revision": 912,
 *      "tenants": [
 *        {"id": UUID, "zero_knowledge": true},
 *        {"id": UUID, "zero_knowledge": false, "key_seed": "base64"},
 *        {"id": UUID, "zero_knowledge": false, "key_seed": [CURRENT, FORMER]}],
 *      "next": "tenants-2.json"}
 *
 * A page is taken whole or not at all.  Members that are not named here are
 * ignored; one that is named here may not be there twice.
 *
 * Pure.  Secrets: seeds become private keys at once; what was parsed on the
 * way is wiped before the function returns.
 */
#ifndef SKD_COORDINATOR_PAGE_H
#define SKD_COORDINATOR_PAGE_H

#include "agent/source/material.h"

/* Tenants of a whole list. */
#define SKD_LIST_TENANTS_MAX  1000000u
#define SKD_PAGE_REVISION_MAX 256u
#define SKD_PAGE_NEXT_MAX     2048u
/* The format has four levels; the rest is room for members to be ignored. */
#define SKD_PAGE_DEPTH_MAX 16u

/* What a page says beside its tenants. */
struct skd_page {
    /* An integer as it was written, so that no digit is lost; a string with a
     * quotation mark in front.  Two pages agree when these texts are equal. */
    char revision[SKD_PAGE_REVISION_MAX + 2];
    char next[SKD_PAGE_NEXT_MAX + 1]; /* "" on the last page */
};

/* Add the tenants of the page @text to @material:
 *   private                  SKD_SAID_ASK; with a seed also list_refused and
 *                            a reason.
 *   public, usable seeds     SKD_SAID_KEYS, current first.
 *   public, an unusable one  SKD_SAID_UNUSABLE and a reason.
 * Ids are kept as they are written, so two that differ in case only are two
 * tenants.  A null or empty key_seed is none.
 *
 * On failure @material may hold some of the page's tenants.
 *   SKP_ERR_INVALID_ARGUMENT    the page is refused; @diag names the entry as
 *                               "tenants[INDEX] (ID): what", counted from 0 in
 *                               its page, with the ID when it is one.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_page_parse(struct skp_view text,
                                           struct skd_material *material,
                                           struct skd_page *ret,
                                           struct skp_diag *diag);

#endif /* SKD_COORDINATOR_PAGE_H */
