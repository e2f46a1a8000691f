/* keeping.h - snapshots that can be kept, and how they are compared. */
#ifndef SKT_KEEPING_H
#define SKT_KEEPING_H

#include "agent/store/snapshot.h"

/* Tenants of all kinds, in another order than that of their ids: several keys,
 * none, a reason, former keys without a generation; and three that are gone.
 * Keys are those of skt_key_number. */
struct skd_snapshot *skt_keeping_snapshot(void);

/* An arena with the private keys of @snapshot in the order of their slots, as
 * another process would take it over; @n_keys of them. */
struct skd_arena *skt_keeping_arena(const struct skd_snapshot *snapshot,
                                    size_t n_keys);

/* Assert that the two say the same of the same tenants with the same keys,
 * and of who is gone. */
void skt_keeping_same(const struct skd_snapshot *a,
                      const struct skd_snapshot *b);

#endif /* SKT_KEEPING_H */
