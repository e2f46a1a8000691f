/* snapshot.h - all tenants and their keys at one moment, immutable.
 *
 * A refresh builds a complete new snapshot and publishes it with one pointer
 * assignment per worker; whoever reads a snapshot holds a pin on it, and the
 * last pin wipes and frees it.  Private keys lie in the snapshot's own arena,
 * everything else on the heap.
 *
 * The store knows neither libuv nor the clock.
 *
 * Thread:   builder: one.  Snapshot: any, read-only.
 * Secrets:  private keys in the arena only.
 */
#ifndef SKD_SNAPSHOT_H
#define SKD_SNAPSHOT_H

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
    uint8_t missing;    /* consecutive lists that lacked it; the brake holds */
    uint32_t n_keys;    /* 0 when it never had a usable key */
    uint32_t first_key; /* for skd_snapshot_key */
    uint64_t confirmed_ms;    /* monotonic: max_stale counts from here */
    int64_t confirmed_at_s;   /* Unix time, for people; 0: never */
    const char *reason;       /* why there is no fresh key; NULL: all is well */
    uint64_t last_generation; /* the highest it ever had; stays when its keys
                               * are dropped, so that numbers never go back */
};

struct skd_snapshot; /* opaque */

/* The tenant of that id; in a single-key snapshot the one tenant, for every
 * id.  NULL when there is none. */
const struct skd_tenant *skd_snapshot_find(const struct skd_snapshot *snapshot,
                                           struct skp_view id);

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

/* True when one key serves every tenant id (single-key mode). */
bool skd_snapshot_is_single(const struct skd_snapshot *snapshot);

/* Keys of all tenants, former ones included, and how they are kept. */
size_t skd_snapshot_n_keys(const struct skd_snapshot *snapshot);
enum skd_tier skd_snapshot_tier(const struct skd_snapshot *snapshot);

/* Pin and give back.  Any thread; the last unref wipes. */
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

/* Append a tenant.  id, reason and scalars are copied; keys and missing fields
 * n_keys, first_key are set by skd_builder_add_key.  Tenants may come in any
 * order but must differ.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or more than announced. */
SKP_MUST_CHECK enum skp_err
skd_builder_add_tenant(struct skd_builder *builder,
                       const struct skd_tenant *tenant);

/* Append a key, next older, to the tenant added last. */
SKP_MUST_CHECK enum skp_err skd_builder_add_key(struct skd_builder *builder,
                                                const struct skd_key *key);

/* Sort, index, seal.  *builder is NULL afterwards, whatever the result; the
 * caller has the one pin on *ret.
 *   SKP_ERR_INTERNAL  two tenants with one id. */
SKP_MUST_CHECK enum skp_err skd_builder_finish(struct skd_builder **builder,
                                               struct skd_snapshot **ret);

/* Wipe and free a builder that is not finished; accepts NULL. */
void skd_builder_free(struct skd_builder **builder);

#endif /* SKD_SNAPSHOT_H */
