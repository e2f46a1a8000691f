/* build.h - what the sources said and the old snapshot become a new snapshot.
 *
 * Per tenant of the list:
 *
 *     same seed                   same key, confirmed
 *     another seed                new current key, the former ones decrypt
 *     not reached, bad answer,    the last good key stays, with the reason;
 *     unusable, no such object,   without one the tenant is there and has no
 *     two objects                 key
 *     Deactivated, Compromised    decrypts only
 *     Destroyed                   keys dropped, the tenant stays
 *
 * A tenant that is not in the list goes, unless the brake (brake.h) holds it.
 *
 * Generations count the current keys of a tenant: 1, 2, 3 ...  A former key
 * that becomes current again gets a new number.  Former keys that a source
 * lists by itself and that never were current here have generation 0; they are
 * all kept, keep_generations bounds the ones that only this agent remembers.
 * A tenant that goes leaves a tombstone (tombstones.h): its numbers go on when
 * it comes back.
 *
 * When nothing has changed but when keys were confirmed, or a trouble is the
 * same as before, the new snapshot shares all that the old one holds.
 *
 * Pure: no clock, no source; one X25519 for each key never seen before.
 *
 * Thread:   any, on a snapshot that somebody pinned.
 * Secrets:  keys go from the material and the old arena to the new arena.
 */
#ifndef SKD_BUILD_H
#define SKD_BUILD_H

#include "agent/refresh/events.h"
#include "agent/refresh/rules.h"
#include "agent/store/snapshot.h"

struct skd_derive;

struct skd_build_input {
    struct skd_material *material;  /* borrowed; every tenant of the list */
    struct skd_derive *derive;      /* borrowed; has every key of the material,
                                     * by its number; NULL: none */
    const struct skd_snapshot *old; /* borrowed; NULL: none.  One of the other
                                     * mode, single or not, counts as none */
    const struct skd_refresh_rules *rules;
    uint64_t asked_ms; /* when the sources were asked: keys they confirmed are
                        * as fresh as that */
    int64_t asked_s;
    bool is_final;        /* the brake does not apply */
    bool is_demand;       /* add what is new, leave the rest as it is */
    bool counts;          /* the list counts for the brake */
    bool accept_removals; /* an operator says that the list is right */
};

struct skd_build {
    struct skd_snapshot *snapshot; /* one pin */
    struct skd_events events;
    size_t n_new; /* tenants with their first key */
    size_t n_changed;
    size_t n_removed;
    size_t n_unreached; /* worth asking again soon */
    size_t n_held;      /* not in the list, held by the brake */
};

/* Build.  *ret is to be done (skd_build_done) after success only.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, or lockable memory.
 *   SKP_ERR_INTERNAL            the kernel gave no randomness. */
SKP_MUST_CHECK enum skp_err skd_build(const struct skd_build_input *input,
                                      struct skd_build *ret,
                                      struct skp_diag *diag);

/* Drop what is left of a build; a taken snapshot is NULL in it. */
void skd_build_done(struct skd_build *build);

#endif /* SKD_BUILD_H */
