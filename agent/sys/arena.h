/* arena.h - long-lived private keys: 32-byte slots in one locked region.
 *
 * A snapshot has one arena, sized before it is filled and sealed read-only when
 * it is built.  The region is memfd_secret where the kernel gives it (not even
 * root's /proc/PID/mem reads it), else locked anonymous memory left out of
 * cores.  memfd_secret counts against RLIMIT_MEMLOCK like mlock does.
 *
 * An arena that is to be kept over a restart has a descriptor, and a header
 * before its slots: a page of its own, which stays writable.  What is in it is
 * the store's business (agent/store/KEEP.md).
 *
 * Thread:   one while it is filled, any once sealed.
 * Secrets:  wiped when freed, unless somebody keeps it.
 */
#ifndef SKD_ARENA_H
#define SKD_ARENA_H

#include "agent/sys/pages.h"
#include "protocol/limits.h"
#include "protocol/secret.h"

/* The lowest tier that an arena may fall back to; SKD_TIER_MLOCK unless set.
 * Call before threads start. */
void skd_arena_require(enum skd_tier least);

/* Which arenas are made so that they can be kept; SKD_KEEPING_NONE unless set.
 * Call before threads start. */
void skd_arena_keep(enum skd_keeping keeping);

/* The tier that a small arena gets here and now, to report and to refuse at
 * the start.
 *   SKP_ERR_FAILED_PRECONDITION  below what is required; @diag names the limit
 *                                to raise. */
SKP_MUST_CHECK enum skp_err skd_arena_probe(enum skd_tier *ret,
                                            struct skp_diag *diag);

struct skd_arena; /* opaque */

/* Map a region with room for @n_slots keys (0 is allowed).
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or not lockable at the required
 *                               tier; @diag says what is needed and what the
 *                               limit is. */
SKP_MUST_CHECK enum skp_err
skd_arena_new(size_t n_slots, struct skd_arena **ret, struct skp_diag *diag);

/* Take over an arena that was kept: sealed, with its keys.  It has as many
 * slots as fit, and no descriptor; skd_arena_limit tells it the truth.
 * @fd  borrowed.
 *   SKP_ERR_FAILED_PRECONDITION  no arena of ours, or below the required tier;
 *                                @diag says which.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory, or lockable memory. */
SKP_MUST_CHECK enum skp_err
skd_arena_adopt(int fd, struct skd_arena **ret, struct skp_diag *diag);

/* From now on @arena has @n_slots, which must fit. */
void skd_arena_limit(struct skd_arena *arena, size_t n_slots);

/* Slot @index, SKP_KEY_LEN bytes, borrowed for the arena's life. */
const uint8_t *skd_arena_slot(const struct skd_arena *arena, size_t index);

/* Copy a key into slot @index; not once sealed. */
void skd_arena_set(struct skd_arena *arena,
                   size_t index,
                   const uint8_t key[SKP_KEY_LEN]);

/* The header, a page of skd_arena_header_len bytes, borrowed and writable for
 * the arena's life; NULL when the arena cannot be kept. */
uint8_t *skd_arena_header(const struct skd_arena *arena);
size_t skd_arena_header_len(void);

/* The descriptor of an arena that can be kept, borrowed; -1 when it has none.
 * Close it when somebody else has it. */
int skd_arena_fd(const struct skd_arena *arena);
void skd_arena_close_fd(struct skd_arena *arena);

/* Whether somebody keeps the arena for us: then the free does not wipe it.  Any
 * thread. */
void skd_arena_set_kept(struct skd_arena *arena, bool is_kept);

/* Make the region read-only. */
void skd_arena_seal(struct skd_arena *arena);

/* What the arena was made with, and where it landed. */
size_t skd_arena_n_slots(const struct skd_arena *arena);
enum skd_tier skd_arena_tier(const struct skd_arena *arena);

/* Bytes locked by all arenas of the process. */
size_t skd_arena_held(void);

/* Wipe (unless it is kept) and unmap; accepts NULL and leaves NULL behind. */
void skd_arena_free(struct skd_arena **arena);

#endif /* SKD_ARENA_H */
