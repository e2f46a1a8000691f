/* changes.h - what differs between two snapshots, as clients see it.
 *
 * A walk over both sorted tables side by side, in portions, so that it needs no
 * memory of its own.
 *
 * Pure: no clock, no I/O, no allocation.
 */
#ifndef SKD_CHANGES_H
#define SKD_CHANGES_H

#include "agent/store/snapshot.h"

/* Where the walk stands; both snapshots stay the caller's. */
struct skd_changes {
    const struct skd_snapshot *before; /* NULL: there was none */
    const struct skd_snapshot *after;  /* NULL: there is none */
    size_t at_before;
    size_t at_after;
};

/* Start a walk; at its end at once when only confirmed times differ. */
struct skd_changes skd_changes_between(const struct skd_snapshot *before,
                                       const struct skd_snapshot *after);

/* Write up to @rows_max rows for tenants whose current key, or what it may be
 * used for, is another than before; returns how many, 0 at the end.  A tenant
 * that is gone or has no usable key has key_id NULL and generation 0.  The
 * rows' views point into the snapshots. */
size_t skd_changes_next(struct skd_changes *changes,
                        struct skp_tenant_row *rows,
                        size_t rows_max);

/* The order of tenants in a snapshot: by bytes, the shorter first.  Below,
 * equal or above 0, as for qsort(3). */
int skd_changes_order(struct skp_view a, struct skp_view b);

#endif /* SKD_CHANGES_H */
