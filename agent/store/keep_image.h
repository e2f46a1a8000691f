/* keep_image.h - a snapshot as two descriptors that outlive the process, and
 * back: the arena with the private keys, and an index with all the rest.
 *
 * KEEP.md has the layout of both and the order in which they change hands.
 * Whoever holds the descriptors is not this file's business.
 *
 * Thread:   as said; one snapshot at a time.
 * Secrets:  private keys stay in the arena; the index has none.
 */
#ifndef SKD_KEEP_IMAGE_H
#define SKD_KEEP_IMAGE_H

#include "agent/store/keep_header.h"
#include "agent/store/snapshot.h"

/* What must be the same before and after. */
struct skd_keep_identity {
    uint8_t mode; /* of the configuration */
    uint8_t boot[SKD_KEEP_BOOT_LEN];
};

/* Write the index of @snapshot and what the header of its arena must know of
 * both; nothing when that was done before.  The header stays void: nobody can
 * take the arena over yet.  Any thread, while nobody else prepares this
 * snapshot.
 *   SKP_ERR_FAILED_PRECONDITION  its arena cannot be kept.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory. */
SKP_MUST_CHECK enum skp_err
skd_keep_image_prepare(struct skd_snapshot *snapshot,
                       const struct skd_keep_identity *identity,
                       struct skp_diag *diag);

/* Two descriptors, for the arena and for the index. */
struct skd_keep_pair {
    int arena_fd;
    int index_fd;
};

/* Complete the header of a prepared snapshot and give its descriptors, borrowed
 * until skd_keep_image_kept.
 *   SKP_ERR_FAILED_PRECONDITION  it was not prepared. */
SKP_MUST_CHECK enum skp_err skd_keep_image_offer(struct skd_snapshot *snapshot,
                                                 uint64_t sequence,
                                                 struct skd_keep_pair *ret);

/* Somebody has the descriptors: ours are closed, and the arena is not wiped
 * when the snapshot goes, until it is revoked. */
void skd_keep_image_kept(struct skd_snapshot *snapshot);

/* Make what is kept of @snapshot useless, at once; it is wiped with the last
 * pin on it. */
void skd_keep_image_revoke(struct skd_snapshot *snapshot);

/* Write when the keys of a kept @snapshot were confirmed. */
void skd_keep_image_confirm(const struct skd_snapshot *snapshot);

/* Take over what was kept and still is: the arena is not wiped when the
 * snapshot goes, until it is revoked.  All is checked, and refused as a whole.
 * @pair      borrowed; arena and index may be the wrong way round.
 * @sequence  that it must have.
 *   SKP_ERR_FAILED_PRECONDITION  @diag says what does not fit.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory, or lockable memory. */
SKP_MUST_CHECK enum skp_err
skd_keep_image_restore(struct skd_keep_pair pair,
                       const struct skd_keep_identity *identity,
                       uint64_t sequence,
                       uint64_t now_ms,
                       struct skd_snapshot **ret,
                       struct skp_diag *diag);

/* Wipe the arena behind @fd, as far as it is one. */
void skd_keep_image_discard(int fd);

#endif /* SKD_KEEP_IMAGE_H */
