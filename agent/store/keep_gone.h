/* keep_gone.h - the tombstones of a snapshot as bytes and back: the last part
 * of the index.
 *
 * The layout is in KEEP.md; as the rest of the index it is read as if a
 * stranger had written it.
 *
 * Pure.
 */
#ifndef SKD_KEEP_GONE_H
#define SKD_KEEP_GONE_H

#include "agent/store/keep_wire.h"
#include "agent/store/snapshot.h"

/* Bytes that each tombstone takes at least. */
#define SKD_KEEP_GONE_LEN 24u

/* Bytes that skd_keep_gone_write writes. */
size_t skd_keep_gone_len(const struct skd_tombstones *tombstones);

/* Append all of @tombstones to @out, the oldest first.
 *   SKP_ERR_RESOURCE_EXHAUSTED  they do not fit. */
SKP_MUST_CHECK enum skp_err
skd_keep_gone_write(const struct skd_tombstones *tombstones,
                    struct skp_buf *out);

/* Take @n tombstones off the front of @rest and fill @to, which is empty, with
 * them; it is sealed then.
 *   SKP_ERR_FAILED_PRECONDITION  *ret_why says what is wrong with the bytes,
 *                                after "the index".
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory. */
SKP_MUST_CHECK enum skp_err skd_keep_gone_read(struct skp_view *rest,
                                               size_t n,
                                               struct skd_tombstones *to,
                                               const char **ret_why);

/* True when some tenant of @snapshot has a tombstone in it, which none may. */
bool skd_keep_gone_is_alive(const struct skd_snapshot *snapshot);

#endif /* SKD_KEEP_GONE_H */
