/* audit_ring.h - records on their way from one thread to the audit log's
 * writer.
 *
 * A bounded queue without a lock, for one thread that puts and one that takes;
 * neither ever waits for the other.
 *
 * Thread:   room, put: the one producer.  first, drop: the writer.  init and
 *           done: before and after both.
 */
#ifndef SKD_AUDIT_RING_H
#define SKD_AUDIT_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include "agent/serve/process.h"
#include "protocol/audit_line.h"
#include "protocol/limits.h"
#include "protocol/rpc.h"

/* What a line will say; of fixed size, so that putting one allocates
 * nothing. */
struct skd_audit_record {
    int64_t time_ms;
    uint64_t duration_us;
    uint64_t count;              /* 0 and 1 are once */
    struct skd_process *process; /* pinned by the record; NULL: not known */
    uid_t uid;
    gid_t gid;
    pid_t pid;
    uint8_t event;  /* enum skp_audit_event */
    uint8_t method; /* enum skp_method; SKP_METHOD_COUNT: none */
    uint8_t err;    /* enum skp_err */
    bool has_peer;
    bool has_outcome;
    bool has_duration;
    bool has_key_id;
    uint8_t key_id[SKP_KEY_ID_LEN];
    uint8_t tenant_len;
    char tenant[SKP_TENANT_MAX];
};

/* Open, so that it can be embedded in an array. */
struct skd_audit_ring {
    _Alignas(64) atomic_size_t n_put; /* the producer's line of cache */
    struct skd_audit_record *records;
    size_t cap;                         /* a power of two */
    atomic_uint_fast64_t n_lost;        /* records that found no room */
    _Alignas(64) atomic_size_t n_taken; /* the writer's */
};

/* Make an empty ring for @cap records, a power of two.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_audit_ring_init(struct skd_audit_ring *ring,
                                                size_t cap);

/* Free it with what is left in it. */
void skd_audit_ring_done(struct skd_audit_ring *ring);

/* How many records fit; the writer only makes it more. */
size_t skd_audit_ring_room(const struct skd_audit_ring *ring);

/* Put a copy; the record's process is moved, whatever the result.  False when
 * less than @reserve + 1 fit: then it is counted in n_lost. */
bool skd_audit_ring_put(struct skd_audit_ring *ring,
                        const struct skd_audit_record *record,
                        size_t reserve);

/* The oldest record, or NULL; it stays until it is dropped. */
const struct skd_audit_record *
skd_audit_ring_first(const struct skd_audit_ring *ring);
void skd_audit_ring_drop(struct skd_audit_ring *ring);

#endif /* SKD_AUDIT_RING_H */
