/* audit_ring.c - records on their way to the writer; see audit_ring.h. */
#include "agent/serve/audit_ring.h"

#include <stdlib.h>

enum skp_err skd_audit_ring_init(struct skd_audit_ring *ring, size_t cap)
{
    struct skd_audit_record *records;

    skp_assert(cap > 0 && (cap & (cap - 1)) == 0);
    records = calloc(cap, sizeof *records);
    if (records == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    ring->records = records;
    ring->cap = cap;
    atomic_init(&ring->n_put, 0);
    atomic_init(&ring->n_taken, 0);
    atomic_init(&ring->n_lost, 0);
    return SKP_ERR_OK;
}

void skd_audit_ring_done(struct skd_audit_ring *ring)
{
    while (ring->records != NULL && skd_audit_ring_first(ring) != NULL) {
        skd_audit_ring_drop(ring);
    }
    free(SKP_TAKE(ring->records));
    ring->cap = 0;
}

size_t skd_audit_ring_room(const struct skd_audit_ring *ring)
{
    size_t n_put = atomic_load_explicit(&ring->n_put, memory_order_relaxed);
    size_t n_taken = atomic_load_explicit(&ring->n_taken, memory_order_acquire);

    return ring->cap - (n_put - n_taken);
}

bool skd_audit_ring_put(struct skd_audit_ring *ring,
                        const struct skd_audit_record *record,
                        size_t reserve)
{
    size_t n_put = atomic_load_explicit(&ring->n_put, memory_order_relaxed);

    if (skd_audit_ring_room(ring) <= reserve) {
        struct skd_process *process = record->process;

        skd_process_unref(&process);
        (void)atomic_fetch_add(&ring->n_lost, 1);
        return false;
    }
    ring->records[n_put & (ring->cap - 1)] = *record;
    atomic_store_explicit(&ring->n_put, n_put + 1, memory_order_release);
    return true;
}

const struct skd_audit_record *
skd_audit_ring_first(const struct skd_audit_ring *ring)
{
    size_t n_taken = atomic_load_explicit(&ring->n_taken, memory_order_relaxed);
    size_t n_put = atomic_load_explicit(&ring->n_put, memory_order_acquire);

    return n_put == n_taken ? NULL : &ring->records[n_taken & (ring->cap - 1)];
}

void skd_audit_ring_drop(struct skd_audit_ring *ring)
{
    size_t n_taken = atomic_load_explicit(&ring->n_taken, memory_order_relaxed);

    skd_process_unref(&ring->records[n_taken & (ring->cap - 1)].process);
    atomic_store_explicit(&ring->n_taken, n_taken + 1, memory_order_release);
}
