/* tombstones.h - tenants that are gone, and why.
 *
 * A tenant whose keys were dropped leaves its id behind, and the highest
 * generation it had: so that clients are told "gone" and do not wait for it as
 * for one that was not reached, and so that its numbers go on when it comes
 * back.  Bounded: the newest SKD_TOMBSTONES_MAX.
 *
 * Thread:   one while they are filled, any once sealed.
 * Secrets:  none: keys are not buried here.
 */
#ifndef SKD_TOMBSTONES_H
#define SKD_TOMBSTONES_H

#include "agent/store/texts.h"

#define SKD_TOMBSTONES_MAX 4096u

enum skd_gone {
    SKD_GONE_REMOVED,   /* a complete tenant list lacked it */
    SKD_GONE_FORGOTTEN, /* an operator said so */
    SKD_GONE_DESTROYED, /* the key server said so, then the list lacked it */
};

struct skd_tombstone {
    const char *id; /* not NUL-terminated in general; id_len bytes */
    uint8_t id_len;
    uint8_t why;  /* enum skd_gone */
    int64_t at_s; /* Unix seconds */
    uint64_t last_generation;
};

struct skd_tombstone_place {
    const struct skd_tombstone *at;
};

/* Open, so that they can be embedded.  Zeroed is empty, and sealed. */
struct skd_tombstones {
    struct skd_tombstone *list; /* oldest first */
    struct skd_tombstone_place *by_id;
    size_t n;
    size_t cap;
    struct skd_texts texts;
};

/* Make room for @cap of them, once, before the first is added.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_tombstones_reserve(struct skd_tombstones *tombstones, size_t cap);

/* Append a copy of @tombstone as the newest.  Their ids must differ.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no room. */
SKP_MUST_CHECK enum skp_err
skd_tombstones_add(struct skd_tombstones *tombstones,
                   const struct skd_tombstone *tombstone);

/* Nothing is added any more: make skd_tombstones_find work. */
void skd_tombstones_seal(struct skd_tombstones *tombstones);

/* The tombstone of that tenant; NULL when there is none. */
const struct skd_tombstone *
skd_tombstones_find(const struct skd_tombstones *tombstones,
                    struct skp_view id);

/* Release all; empty afterwards. */
void skd_tombstones_done(struct skd_tombstones *tombstones);

/* What clients are told, as a sentence. */
const char *skd_gone_text(enum skd_gone why);

#endif /* SKD_TOMBSTONES_H */
