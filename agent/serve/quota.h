/* quota.h - how many connections there are, in all and of each user, and the
 * bucket of requests that the connections of one user share.
 *
 * Thread:   main loop.
 */
#ifndef SKD_QUOTA_H
#define SKD_QUOTA_H

#include <sys/types.h>

#include "agent/serve/rate.h"
#include "protocol/base.h"

/* Open, so that it can be embedded.  A zeroed quota is empty and valid. */
struct skd_quota {
    struct skd_quota_row *rows; /* users, in no order */
    size_t n_rows;
    size_t rows_max;
    unsigned n_open;
    /* Refused since the start, because that many were open. */
    uint64_t n_over_max;
    uint64_t n_over_max_per_uid;
};

/* Count one more connection of @uid.
 *   SKP_ERR_RESOURCE_EXHAUSTED  @max in all or @max_per_uid are open, or no
 *                               memory; nothing was counted. */
SKP_MUST_CHECK enum skp_err skd_quota_enter(struct skd_quota *quota,
                                            uid_t uid,
                                            unsigned max,
                                            unsigned max_per_uid);

/* A connection of @uid that was counted has closed. */
void skd_quota_leave(struct skd_quota *quota, uid_t uid);

/* The bucket of @uid, which has a connection; it stays where it is as long as
 * that is so, and any thread may take from it. */
struct skd_rate *skd_quota_rate(const struct skd_quota *quota, uid_t uid);

/* Forget users without connections whose buckets are full again. */
void skd_quota_forget(struct skd_quota *quota, uint64_t now_ms);

/* Release the memory. */
void skd_quota_done(struct skd_quota *quota);

#endif /* SKD_QUOTA_H */
