/* audit.c - the audit log's life, and the side of those who put records into
 * it; see audit.h. */
#include "agent/serve/audit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/serve/audit_key.h"
#include "agent/serve/audit_parts.h"

/* ---- life --------------------------------------------------------------- */

static void free_audit(struct skd_audit **audit)
{
    struct skd_audit *old = SKP_TAKE(*audit);

    if (old == NULL) {
        return;
    }
    for (size_t i = 0; old->rings != NULL && i < old->n_rings; i++) {
        skd_audit_ring_done(&old->rings[i]);
    }
    if (old->wake_fd >= 0) {
        (void)close(old->wake_fd);
    }
    skd_audit_file_close(&old->file);
    skp_secret_done(&old->key);
    uv_mutex_destroy(&old->lock);
    free(old->pending);
    free(old->target);
    free(old->rings);
    free(old);
}

static enum skp_err make_audit(struct skd_audit **ret)
{
    struct skd_audit *audit = calloc(1, sizeof *audit);

    if (audit == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (uv_mutex_init(&audit->lock) != 0) {
        free(audit);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    audit->file.fd = -1;
    audit->wake_fd = -1;
    *ret = audit;
    return SKP_ERR_OK;
}

/* Memory and descriptors. */
static enum skp_err fill_audit(struct skd_audit *audit,
                               const struct skd_audit_config *given)
{
    audit->env = given->env;
    atomic_store(&audit->fails_when_full, given->fails_when_full);
    audit->target = strdup(given->target);
    audit->pending = malloc(SKD_AUDIT_PENDING_CAP);
    audit->rings =
        aligned_alloc(_Alignof(struct skd_audit_ring),
                      given->n_producers * sizeof(struct skd_audit_ring));
    audit->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (audit->target == NULL || audit->pending == NULL ||
        audit->rings == NULL || audit->wake_fd < 0) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    memset(audit->rings, 0, given->n_producers * sizeof *audit->rings);
    for (; audit->n_rings < given->n_producers; audit->n_rings++) {
        SKP_TRY(skd_audit_ring_init(&audit->rings[audit->n_rings],
                                    SKD_AUDIT_RING_CAP));
    }
    return SKP_ERR_OK;
}

enum skp_err skd_audit_start(const struct skd_audit_config *given,
                             struct skd_audit **ret,
                             struct skp_diag *diag)
{
    SKP_CLEANUP(free_audit) struct skd_audit *audit = NULL;

    skp_assert(given->n_producers > 0);
    SKP_TRY(make_audit(&audit));
    SKP_TRY(fill_audit(audit, given));
    SKP_TRY(skd_audit_key_load(given->target, given->key_file,
                               &given->env->random, &audit->key, diag));
    SKP_TRY(skd_audit_file_open(given->target, &audit->file, diag));
    SKP_TRY(skd_audit_writer_begin(audit, diag));
    if (uv_thread_create(&audit->thread, skd_audit_writer_run, audit) != 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no thread");
    }
    *ret = SKP_TAKE(audit);
    return SKP_ERR_OK;
}

void skd_audit_stop(struct skd_audit **audit)
{
    if (*audit == NULL) {
        return;
    }
    atomic_store(&(*audit)->is_stopping, true);
    skd_audit_wake(*audit);
    (void)uv_thread_join(&(*audit)->thread);
    free_audit(audit);
}

/* ---- producers ---------------------------------------------------------- */

bool skd_audit_may_use(const struct skd_audit *audit, size_t producer)
{
    return !atomic_load_explicit(&audit->fails_when_full,
                                 memory_order_relaxed) ||
           (!atomic_load_explicit(&audit->is_failing, memory_order_relaxed) &&
            skd_audit_ring_room(&audit->rings[producer]) > 0);
}

void skd_audit_put(struct skd_audit *audit,
                   size_t producer,
                   const struct skd_audit_record *record)
{
    struct skd_audit_ring *ring = &audit->rings[producer];
    bool is_denial = record->event == SKP_AUDIT_DENIED;

    skp_assert(producer < audit->n_rings);
    (void)skd_audit_ring_put(ring, record, is_denial ? ring->cap / 2 : 0);
    /* Pairs with the writer, which looks at the rings after it has set the
     * flag: one of the two sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&audit->is_asleep, memory_order_relaxed) &&
        atomic_exchange(&audit->is_asleep, false)) {
        skd_audit_wake(audit);
    }
}

void skd_audit_wake(struct skd_audit *audit)
{
    const uint64_t one = 1;

    /* Fails only when it was woken 2^64 times, and is awake. */
    if (write(audit->wake_fd, &one, sizeof one) < 0) {
        return;
    }
}

void skd_audit_reopen(struct skd_audit *audit)
{
    atomic_store(&audit->wants_reopen, true);
    skd_audit_wake(audit);
}

void skd_audit_set_fails_when_full(struct skd_audit *audit, bool fails)
{
    atomic_store(&audit->fails_when_full, fails);
}

void skd_audit_report(struct skd_audit *audit, struct skd_audit_report *ret)
{
    uv_mutex_lock(&audit->lock);
    *ret = audit->report;
    uv_mutex_unlock(&audit->lock);
    ret->target = audit->target;
    ret->is_failing = atomic_load(&audit->is_failing);
    ret->n_lost = 0;
    for (size_t i = 0; i < audit->n_rings; i++) {
        ret->n_lost += atomic_load(&audit->rings[i].n_lost);
    }
}
