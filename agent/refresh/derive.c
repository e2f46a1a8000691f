/* derive.c - public parts are derived on all cores; see derive.h.
 *
 * Keys lie in shares that never move.  A share that is full is handed out, in
 * the order in which they were filled; the last one, which may not be full, is
 * only taken by the thread that asks, when no more can come.
 */
#include "agent/refresh/derive.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "protocol/key.h"

/* Keys that a thread takes at a time: a multiple of the lanes.  Small, so that
 * none waits long for one whose core is busy with others. */
#define SHARE 64u
/* Shares that are worth a thread. */
#define WORTH_A_THREAD 4u
#define HELPERS_MAX    15u

struct share {
    const uint8_t *private_keys[SHARE];
    uint8_t public_keys[SHARE][SKP_KEY_LEN];
    uint8_t key_ids[SHARE][SKP_KEY_ID_LEN];
    size_t n;     /* written by the one that adds, before it is handed out */
    bool is_done; /* guarded by mutex */
};

struct skd_derive {
    size_t n;           /* keys */
    size_t n_got;       /* shares at the front that were seen done */
    struct share *last; /* the one that is being filled */
    bool is_complete;   /* no key will be added */
    size_t cap;         /* of shares */
    size_t helpers_max; /* one less than there are cores */
    size_t n_helpers;
    pthread_t helpers[HELPERS_MAX];

    pthread_mutex_t mutex;
    pthread_cond_t is_more; /* a share is handed out, or it ends */
    pthread_cond_t is_less; /* a share is done */
    /* All below is guarded by mutex. */
    struct share **shares;
    size_t n_out; /* shares handed out, taken or not */
    size_t n_taken;
    bool is_ending;
};

/* ---- in any thread ---- */

/* The next share to derive, or NULL; the mutex is held. */
static struct share *take_share(struct skd_derive *derive)
{
    return derive->n_taken < derive->n_out ? derive->shares[derive->n_taken++]
                                           : NULL;
}

/* Derive @share, which was taken; the mutex is held before and afterwards. */
static void do_share(struct skd_derive *derive, struct share *share)
{
    (void)pthread_mutex_unlock(&derive->mutex);
    skp_key_public_batch(share->private_keys, share->n, share->public_keys);
    for (size_t i = 0; i < share->n; i++) {
        skp_key_id(share->public_keys[i], share->key_ids[i]);
    }
    (void)pthread_mutex_lock(&derive->mutex);
    share->is_done = true;
    (void)pthread_cond_signal(&derive->is_less);
}

static void *help(void *arg)
{
    struct skd_derive *derive = arg;

    (void)pthread_mutex_lock(&derive->mutex);
    while (!derive->is_ending) {
        struct share *share = take_share(derive);

        if (share != NULL) {
            do_share(derive, share);
        } else {
            (void)pthread_cond_wait(&derive->is_more, &derive->mutex);
        }
    }
    (void)pthread_mutex_unlock(&derive->mutex);
    return NULL;
}

/* ---- adding ---- */

static size_t count_cores(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof cores, &cores) == 0
               ? (size_t)CPU_COUNT(&cores)
               : 1;
}

enum skp_err skd_derive_new(struct skd_derive **ret)
{
    struct skd_derive *derive = calloc(1, sizeof *derive);

    if (derive == NULL || pthread_mutex_init(&derive->mutex, NULL) != 0) {
        free(derive);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    derive->helpers_max = count_cores() - 1;
    if (derive->helpers_max > HELPERS_MAX) {
        derive->helpers_max = HELPERS_MAX;
    }
    /* With default attributes these cannot fail. */
    (void)pthread_cond_init(&derive->is_more, NULL);
    (void)pthread_cond_init(&derive->is_less, NULL);
    *ret = derive;
    return SKP_ERR_OK;
}

/* Make room for one share more; helpers may be looking at the others. */
static enum skp_err grow(struct skd_derive *derive)
{
    size_t cap = derive->cap == 0 ? 16 : 2 * derive->cap;
    struct share **shares;

    (void)pthread_mutex_lock(&derive->mutex);
    shares = reallocarray(derive->shares, cap, sizeof(struct share *));
    if (shares != NULL) {
        derive->shares = shares;
        derive->cap = cap;
    }
    (void)pthread_mutex_unlock(&derive->mutex);
    return shares == NULL ? SKP_ERR_RESOURCE_EXHAUSTED : SKP_ERR_OK;
}

/* One that does not start is not missed: others do its work. */
static void start_helper(struct skd_derive *derive)
{
    if (pthread_create(&derive->helpers[derive->n_helpers], NULL, help,
                       derive) == 0) {
        derive->n_helpers++;
    }
}

/* The last share is full: whoever has time may take it. */
static void hand_out(struct skd_derive *derive)
{
    size_t n_waiting;

    (void)pthread_mutex_lock(&derive->mutex);
    n_waiting = ++derive->n_out - derive->n_taken;
    (void)pthread_cond_signal(&derive->is_more);
    (void)pthread_mutex_unlock(&derive->mutex);
    if (n_waiting >= WORTH_A_THREAD &&
        derive->n_helpers < derive->helpers_max) {
        start_helper(derive);
    }
}

/* An empty share behind the others, which nobody but the one that adds knows of
 * yet. */
static enum skp_err add_share(struct skd_derive *derive)
{
    size_t nth = derive->n / SHARE;
    struct share *share;

    if (nth == derive->cap) {
        SKP_TRY(grow(derive));
    }
    share = malloc(sizeof *share);
    if (share == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    share->n = 0;
    share->is_done = false;
    derive->shares[nth] = share;
    derive->last = share;
    return SKP_ERR_OK;
}

enum skp_err skd_derive_add(struct skd_derive *derive,
                            const uint8_t *private_key)
{
    struct share *share;

    skp_assert(!derive->is_complete);
    if (derive->n % SHARE == 0) {
        SKP_TRY(add_share(derive));
    }
    derive->n++;
    share = derive->last;
    share->private_keys[share->n++] = private_key;
    if (share->n == SHARE) {
        hand_out(derive);
    }
    return SKP_ERR_OK;
}

size_t skd_derive_count(const struct skd_derive *derive)
{
    return derive->n;
}

/* ---- asking ---- */

/* Wait until share number @nth is done, and derive others in the meantime. */
static void wait_for(struct skd_derive *derive, size_t nth)
{
    (void)pthread_mutex_lock(&derive->mutex);
    derive->n_out = (derive->n + SHARE - 1) / SHARE;
    while (!derive->shares[nth]->is_done) {
        struct share *share = take_share(derive);

        if (share != NULL) {
            do_share(derive, share);
        } else {
            (void)pthread_cond_wait(&derive->is_less, &derive->mutex);
        }
    }
    (void)pthread_mutex_unlock(&derive->mutex);
}

struct skd_key skd_derive_get(struct skd_derive *derive, size_t nth)
{
    const struct share *share;
    size_t at = nth % SHARE;

    skp_assert(nth < derive->n);
    derive->is_complete = true;
    for (; derive->n_got <= nth / SHARE; derive->n_got++) {
        wait_for(derive, derive->n_got);
    }
    share = derive->shares[nth / SHARE];
    return (struct skd_key){ share->private_keys[at], share->public_keys[at],
                             share->key_ids[at], 0 };
}

/* ---- the end ---- */

void skd_derive_free(struct skd_derive **derive)
{
    struct skd_derive *old = *derive;

    *derive = NULL;
    if (old == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&old->mutex);
    old->is_ending = true;
    (void)pthread_cond_broadcast(&old->is_more);
    (void)pthread_mutex_unlock(&old->mutex);
    while (old->n_helpers > 0) {
        (void)pthread_join(old->helpers[--old->n_helpers], NULL);
    }
    for (size_t i = 0; i < (old->n + SHARE - 1) / SHARE; i++) {
        free(old->shares[i]);
    }
    free(old->shares);
    (void)pthread_cond_destroy(&old->is_less);
    (void)pthread_cond_destroy(&old->is_more);
    (void)pthread_mutex_destroy(&old->mutex);
    free(old);
}
