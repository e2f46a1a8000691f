/* keep_index.h - all of a snapshot but its private keys, as bytes and back.
 *
 * The layout is in KEEP.md.  What is read is read as if a stranger had written
 * it: every count, length and value is checked before it is used, and nothing
 * is allocated that the bytes do not pay for.
 *
 * Pure.
 */
#ifndef SKD_KEEP_INDEX_H
#define SKD_KEEP_INDEX_H

#include "agent/store/snapshot.h"

/* Bytes that skd_keep_index_write writes. */
size_t skd_keep_index_len(const struct skd_snapshot *snapshot);

/* Append the index of @snapshot to @out.
 * @mode  of the configuration; the reader must have the same.
 *   SKP_ERR_RESOURCE_EXHAUSTED  it does not fit, or no memory. */
SKP_MUST_CHECK enum skp_err skd_keep_index_write(
    const struct skd_snapshot *snapshot, uint8_t mode, struct skp_buf *out);

/* What the reader knows beside the bytes. */
struct skd_keep_expected {
    uint8_t mode;
    uint64_t now_ms; /* nothing was confirmed later */
};

/* Make a snapshot of @bytes over *arena, which holds its private keys and is
 * moved in, whatever the result.
 *   SKP_ERR_FAILED_PRECONDITION  @diag says what is wrong with the bytes.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory.
 *   SKP_ERR_INTERNAL             the kernel gave no randomness. */
SKP_MUST_CHECK enum skp_err
skd_keep_index_read(struct skp_view bytes,
                    const struct skd_keep_expected *expected,
                    struct skd_arena **arena,
                    struct skd_snapshot **ret,
                    struct skp_diag *diag);

#endif /* SKD_KEEP_INDEX_H */
