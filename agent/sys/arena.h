/* arena.h - long-lived private keys: 32-byte slots in one locked region.
 *
 * A snapshot has one arena, sized before it is filled and sealed read-only when
 * it is built.  The region is memfd_secret where the kernel gives it (not even
 * root's /proc/PID/mem reads it), else locked anonymous memory left out of
 * cores.  memfd_secret counts against RLIMIT_MEMLOCK like mlock does.
 *
 * Thread:   one while it is filled, any once sealed.
 * Secrets:  wiped when freed.
 */
#ifndef SKD_ARENA_H
#define SKD_ARENA_H

#include "protocol/diag.h"
#include "protocol/limits.h"
#include "protocol/secret.h"

/* Best first to last; the numbers order them. */
enum skd_tier {
    SKD_TIER_NONE,
    SKD_TIER_MLOCK,
    SKD_TIER_MEMFD_SECRET,
};

/* "memfd_secret", "mlock" or "none". */
const char *skd_tier_name(enum skd_tier tier);

/* The lowest tier that an arena may fall back to; SKD_TIER_MLOCK unless set.
 * Call before threads start. */
void skd_arena_require(enum skd_tier least);

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

/* Slot @index, SKP_KEY_LEN bytes, borrowed for the arena's life. */
const uint8_t *skd_arena_slot(const struct skd_arena *arena, size_t index);

/* Copy a key into slot @index; not once sealed. */
void skd_arena_set(struct skd_arena *arena,
                   size_t index,
                   const uint8_t key[SKP_KEY_LEN]);

/* Make the region read-only. */
void skd_arena_seal(struct skd_arena *arena);

/* What the arena was made with, and where it landed. */
size_t skd_arena_n_slots(const struct skd_arena *arena);
enum skd_tier skd_arena_tier(const struct skd_arena *arena);

/* Bytes locked by all arenas of the process. */
size_t skd_arena_held(void);

/* Wipe and unmap; accepts NULL and leaves NULL behind. */
void skd_arena_free(struct skd_arena **arena);

#endif /* SKD_ARENA_H */
