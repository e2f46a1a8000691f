/* snapshot.h - all tenants and their keys at one moment, immutable.
 *
 * A refresh builds a complete new snapshot and publishes it with one pointer
 * assignment per worker; whoever reads a snapshot holds a pin on it, and with
 * the last pin it is wiped and freed.  Private keys lie in the snapshot's own
 * arena, everything else on the heap.
 *
 * Snapshots that differ in nothing but when their keys were confirmed share
 * all of that: to say "confirmed now" costs no copy.
 *
 * The store knows neither libuv nor the clock.
 *
 * Thread:   builder: one.  Snapshot: any, read-only.
 * Secrets:  private keys in the arena only.
 */
#ifndef SKD_SNAPSHOT_H
#define SKD_SNAPSHOT_H

#include "agent/store/tombstones.h"
#include "agent/sys/arena.h"
#include "protocol/rpc.h"

/* What the current key of a tenant may be used for. */
enum skd_use {
    SKD_USE_NONE,         /* no key: UNAVAILABLE */
    SKD_USE_DECRYPT_ONLY, /* Deactivated, Compromised */
    SKD_USE_ALL,
};

/* One key; the pointers are the snapshot's. */
struct skd_key {
    const uint8_t *private_key; /* SKP_KEY_LEN bytes, in the arena */
    const uint8_t *public_key;  /* SKP_KEY_LEN bytes */
    const uint8_t *key_id;      /* SKP_KEY_ID_LEN bytes */
    uint64_t generation;        /* counts 1, 2, 3 ... per tenant */
};

/* One tenant.  Keys come newest first; the first is current. */
struct skd_tenant {
    const char *id;     /* not NUL-terminated in general; id_len bytes */
    uint8_t id_len;     /* SKP_TENANT_MAX at most */
    uint8_t use;        /* enum skd_use */
    uint8_t origin;     /* enum skp_origin */
    uint8_t state;      /* enum skd_key_state of material.h, for the log-once */
    bool is_private;    /* zero_knowledge */
    bool is_destroyed;  /* the key server said so, and nothing better since */
    uint8_t missing;    /* consecutive lists that lacked it; the brake holds */
    uint32_t n_keys;    /* 0 when it never had a usable key */
    uint32_t first_key; /* for skd_snapshot_key */
    uint64_t confirmed_ms;    /* monotonic: max_stale counts from here, or from
                               * later: ask skd_snapshot_row */
    int64_t confirmed_at_s;   /* Unix time, for people; 0: never */
    const char *reason;       /* why there is no fresh key; NULL: all is well */
    uint64_t last_generation; /* the highest it ever had; stays when its keys
                               * are dropped, so that numbers never go back */
};

/* So many tenants are many: what is done to all of them takes a while. */
#define SKD_SNAPSHOT_MANY 1000u

struct skd_snapshot; /* opaque */

/* The tenant of that id; in a single-key snapshot the one tenant, for every
 * id.  NULL when there is none. */
const struct skd_tenant *skd_snapshot_find(const struct skd_snapshot *snapshot,
                                           struct skp_view id);

/* One of several searches. */
struct skd_search {
    struct skp_view id;
    const struct skd_tenant *found; /* what skd_snapshot_find would say */
    uint64_t hash;                  /* for the search alone */
};

/* Find the tenants of @n ids.  In a large snapshot each is several accesses to
 * memory that wait for one another; so those of different ones go side by side,
 * which of 16 takes about as long as of three. */
void skd_snapshot_search(const struct skd_snapshot *snapshot,
                         struct skd_search *searches,
                         size_t n);

/* @tenant of @snapshot with the times at which it was last confirmed, which a
 * later snapshot may have moved.  Pointers are the snapshot's. */
struct skd_tenant skd_snapshot_row(const struct skd_snapshot *snapshot,
                                   const struct skd_tenant *tenant);

/* Key @nth of @tenant, 0 is current; nth < tenant->n_keys. */
struct skd_key skd_snapshot_key(const struct skd_snapshot *snapshot,
                                const struct skd_tenant *tenant,
                                size_t nth);

/* The key of @tenant with that id: true and *ret set, or false. */
bool skd_snapshot_key_by_id(const struct skd_snapshot *snapshot,
                            const struct skd_tenant *tenant,
                            const uint8_t key_id[SKP_KEY_ID_LEN],
                            struct skd_key *ret);

/* Tenants in the order of their ids, for paging and building. */
size_t skd_snapshot_count(const struct skd_snapshot *snapshot);
const struct skd_tenant *skd_snapshot_at(const struct skd_snapshot *snapshot,
                                         size_t index);

/* Index of the first tenant whose id is greater than @id: where a page after
 * @id starts. */
size_t skd_snapshot_after(const struct skd_snapshot *snapshot,
                          struct skp_view id);

/* Tenants that are gone; none of them is a tenant of the snapshot. */
const struct skd_tombstones *
skd_snapshot_tombstones(const struct skd_snapshot *snapshot);

/* True when one key serves every tenant id (single-key mode). */
bool skd_snapshot_is_single(const struct skd_snapshot *snapshot);

/* Keys of all tenants, former ones included, and how they are kept. */
size_t skd_snapshot_n_keys(const struct skd_snapshot *snapshot);
enum skd_tier skd_snapshot_tier(const struct skd_snapshot *snapshot);

/* True when the two have the same tenants with the same keys and differ at most
 * in when these were confirmed.  A false "no" is possible. */
bool skd_snapshot_is_same(const struct skd_snapshot *a,
                          const struct skd_snapshot *b);

/* True when every tenant has a key, none has a reason and the list lacks none:
 * when the list is as before, there is nothing to look at. */
bool skd_snapshot_is_clean(const struct skd_snapshot *snapshot);

/* True when some tenant is private (zero_knowledge). */
bool skd_snapshot_has_private(const struct skd_snapshot *snapshot);

/* The same tenants and keys, with every tenant that has a key and no reason
 * confirmed at these times; nothing is copied.
 * @old  its keys are shared.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_snapshot_confirm(const struct skd_snapshot *old,
                                                 uint64_t confirmed_ms,
                                                 int64_t confirmed_at_s,
                                                 struct skd_snapshot **ret);

/* Pin and give back.  Any thread; the last unref wipes, unless that takes a
 * while and somebody else does it: retired.h. */
struct skd_snapshot *skd_snapshot_ref(struct skd_snapshot *snapshot);
void skd_snapshot_unref(struct skd_snapshot **snapshot);

/* ---- building ----------------------------------------------------------- */

struct skd_builder; /* opaque */

/* Start a snapshot of at most @n_tenants with at most @n_keys keys in all.
 * @single   the one tenant serves every id.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory, or lockable memory; see skd_arena_new.
 */
SKP_MUST_CHECK enum skp_err skd_builder_new(size_t n_tenants,
                                            size_t n_keys,
                                            bool single,
                                            struct skd_builder **ret,
                                            struct skp_diag *diag);

/* Start a snapshot over *arena, which holds its private keys already: a key is
 * added with private_key NULL and is the next slot.  *arena is moved in, on
 * success only.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory.
 *   SKP_ERR_INTERNAL            the kernel gave no randomness. */
SKP_MUST_CHECK enum skp_err skd_builder_over(struct skd_arena **arena,
                                             size_t n_tenants,
                                             bool single,
                                             struct skd_builder **ret);

/* Append a tenant.  id, reason and scalars are copied; keys and missing fields
 * n_keys, first_key are set by skd_builder_add_key.  Tenants may come in any
 * order but must differ.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or more than announced. */
SKP_MUST_CHECK enum skp_err
skd_builder_add_tenant(struct skd_builder *builder,
                       const struct skd_tenant *tenant);

/* Append a key, next older, to the tenant added last.
 *   SKP_ERR_RESOURCE_EXHAUSTED  more than announced. */
SKP_MUST_CHECK enum skp_err skd_builder_add_key(struct skd_builder *builder,
                                                const struct skd_key *key);

/* The tombstones of the snapshot, for the caller to fill; finish seals them. */
struct skd_tombstones *skd_builder_tombstones(struct skd_builder *builder);

/* Sort, index, seal.  *builder is NULL afterwards, whatever the result; the
 * caller has the one pin on *ret.
 *   SKP_ERR_ALREADY_EXISTS      two tenants with one id.
 *   SKP_ERR_RESOURCE_EXHAUSTED  memory. */
SKP_MUST_CHECK enum skp_err skd_builder_finish(struct skd_builder **builder,
                                               struct skd_snapshot **ret);

/* Wipe and free a builder that is not finished; accepts NULL. */
void skd_builder_free(struct skd_builder **builder);

#endif /* SKD_SNAPSHOT_H */
