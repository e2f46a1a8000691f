/* retired.c - see retired.h. */
#include "agent/store/retired.h"

#include <stdatomic.h>

#include "agent/store/snapshot.h"

static void (*wake_sweeper)(void *state);
static void *sweeper;
static _Atomic(struct skd_retired *) newest;

void skd_retired_defer(void (*wake)(void *state), void *state)
{
    wake_sweeper = wake;
    sweeper = state;
}

void skd_retired_add(struct skd_retired *retired,
                     size_t n_tenants,
                     void (*destroy)(void *what),
                     void *what)
{
    if (wake_sweeper == NULL || n_tenants < SKD_SNAPSHOT_MANY) {
        destroy(what);
        return;
    }
    *retired = (struct skd_retired){ atomic_load(&newest), destroy, what };
    while (!atomic_compare_exchange_weak(&newest, &retired->next, retired)) {
    }
    wake_sweeper(sweeper);
}

void skd_retired_sweep(void)
{
    struct skd_retired *retired = atomic_exchange(&newest, NULL);

    while (retired != NULL) {
        struct skd_retired *next = retired->next;

        retired->destroy(retired->what);
        retired = next;
    }
}
