/* describe.h - what one answer makes of one tenant's row, keys aside.
 *
 * Pure.
 */
#ifndef SKD_DESCRIBE_H
#define SKD_DESCRIBE_H

#include "agent/refresh/picks.h"

/* The row of @item's tenant in the new snapshot.  Its texts are borrowed from
 * @item and @was; last_generation is still the one @was had.
 * @has_keys  it will have some, from wherever.
 * @asked_ms, @asked_s  when the sources were asked: how fresh a key is that
 *            they have confirmed. */
struct skd_tenant skd_describe(const struct skd_item *item,
                               struct skd_was was,
                               bool has_keys,
                               uint64_t asked_ms,
                               int64_t asked_s);

#endif /* SKD_DESCRIBE_H */
