/* demand.h - tenants that clients asked for and no snapshot knows.
 *
 * The one place where data goes left: workers write ids here, the refresher
 * drains them.  Bounded: at most SKD_DEMAND_MAX wait.
 *
 * Thread:   any; one mutex, taken for unknown tenants only.
 */
#ifndef SKD_DEMAND_H
#define SKD_DEMAND_H

#include "protocol/bytes.h"
#include "protocol/diag.h"
#include "protocol/limits.h"

#define SKD_DEMAND_MAX 100u

enum skd_demanded {
    SKD_DEMANDED_WAITING, /* asked, no word from the sources yet: UNAVAILABLE */
    SKD_DEMANDED_ABSENT,  /* the sources do not know it: NOT_FOUND */
    SKD_DEMANDED_FULL,    /* the list is full: UNAVAILABLE */
};

struct skd_demand; /* opaque */

/* Make an empty list; free accepts NULL and leaves NULL behind.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_demand_new(struct skd_demand **ret);
void skd_demand_free(struct skd_demand **demand);

/* Ask for @tenant (a valid id).  *ret_is_new is true when this call put it on
 * the list, and the refresher should be woken.  A tenant that was found absent
 * is asked for again after @again_ms, and stays ABSENT meanwhile. */
enum skd_demanded skd_demand_ask(struct skd_demand *demand,
                                 struct skp_view tenant,
                                 uint64_t now_ms,
                                 uint64_t again_ms,
                                 bool *ret_is_new);

/* Copy the ids that wait, at most SKD_DEMAND_MAX, into @ids (each
 * SKP_TENANT_MAX + 1 bytes, NUL-terminated).  Returns how many. */
size_t skd_demand_waiting(struct skd_demand *demand,
                          char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1]);

/* The sources have spoken about @n ids, as skd_demand_waiting gave them: found
 * ones are in the published snapshot and leave the list, others become ABSENT.
 * @found    n booleans. */
void skd_demand_settle(struct skd_demand *demand,
                       char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1],
                       const bool *found,
                       size_t n,
                       uint64_t now_ms);

#endif /* SKD_DEMAND_H */
