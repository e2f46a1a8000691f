/* filler.c - see filler.h. */
#include "tests/bench/filler.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/plain.h"

#define N_ITEMS 16u

struct skb_filler {
    pthread_t thread;
    enum skb_cores core;
    atomic_bool is_over;
    struct skb_envelopes envelopes;
};

static void *fill(void *arg)
{
    const struct sched_param none = { 0 };
    struct skb_filler *filler = arg;
    bool is_right = true;

    skb_pin(filler->core);
    /* On Linux 0 is the calling thread, not its process. */
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
    for (size_t i = 0; is_right && !atomic_load(&filler->is_over); i++) {
        is_right = skb_plain_unwrap_one(&filler->envelopes, i);
    }
    return NULL;
}

struct skb_filler *skb_filler_start(enum skb_cores core)
{
    struct skb_filler *filler = calloc(1, sizeof *filler);

    if (filler != NULL) {
        filler->core = core;
        atomic_init(&filler->is_over, false);
        skb_envelopes_init(&filler->envelopes, SKP_SUITE_X25519_HPKE_AES256GCM,
                           N_ITEMS, N_ITEMS);
    }
    if (filler == NULL ||
        pthread_create(&filler->thread, NULL, fill, filler) != 0) {
        (void)fprintf(stderr, "bench: no thread to fill a core\n");
        abort();
    }
    return filler;
}

void skb_filler_stop(struct skb_filler **filler)
{
    struct skb_filler *old = *filler;

    *filler = NULL;
    atomic_store(&old->is_over, true);
    (void)pthread_join(old->thread, NULL);
    skb_envelopes_done(&old->envelopes);
    free(old);
}
