/* ahead.c - X25519 results computed before they are asked for; see ahead.h. */
#include "protocol/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/x25519_batch.h"

struct entry {
    const uint8_t *private_key; /* NULL: fetched */
    uint8_t point[SKP_KEY_LEN];
    bool is_low_order; /* once run */
};

struct skp_ahead {
    struct entry entries[SKP_AHEAD_MAX];
    size_t n;
    bool has_run;
    struct skp_secret results; /* one for each entry */
};

enum skp_err skp_ahead_new(struct skp_ahead **ret)
{
    SKP_CLEANUP(skp_ahead_free)
    struct skp_ahead *ahead = calloc(1, sizeof *ahead);

    if (ahead == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_secret_reserve(&ahead->results,
                               (size_t)SKP_AHEAD_MAX * SKP_KEY_LEN));
    *ret = SKP_TAKE(ahead);
    return SKP_ERR_OK;
}

void skp_ahead_free(struct skp_ahead **ahead)
{
    if (*ahead == NULL) {
        return;
    }
    skp_secret_done(&(*ahead)->results);
    free(*ahead);
    *ahead = NULL;
}

bool skp_ahead_add(struct skp_ahead *ahead,
                   const uint8_t private_key[SKP_KEY_LEN],
                   const uint8_t point[SKP_KEY_LEN])
{
    struct entry *entry;

    if (ahead->n == SKP_AHEAD_MAX || ahead->has_run) {
        return false;
    }
    entry = &ahead->entries[ahead->n++];
    entry->private_key = private_key;
    memcpy(entry->point, point, SKP_KEY_LEN);
    return true;
}

size_t skp_ahead_count(const struct skp_ahead *ahead)
{
    return ahead->n;
}

void skp_ahead_run(struct skp_ahead *ahead)
{
    struct skp_x25519_job jobs[SKP_AHEAD_MAX];

    for (size_t i = 0; i < ahead->n; i++) {
        jobs[i] = (struct skp_x25519_job){
            ahead->entries[i].private_key, ahead->entries[i].point,
            ahead->results.bytes + i * SKP_KEY_LEN, false
        };
    }
    skp_x25519_batch(jobs, ahead->n);
    for (size_t i = 0; i < ahead->n; i++) {
        ahead->entries[i].is_low_order = jobs[i].is_low_order;
    }
    ahead->results.len = ahead->n * SKP_KEY_LEN;
    ahead->has_run = true;
}

bool skp_ahead_fetch(struct skp_ahead *ahead,
                     const uint8_t private_key[SKP_KEY_LEN],
                     const uint8_t point[SKP_KEY_LEN],
                     uint8_t ret[SKP_KEY_LEN],
                     bool *ret_is_low_order)
{
    struct skp_view wanted = { point, SKP_KEY_LEN };

    for (size_t i = 0; ahead->has_run && i < ahead->n; i++) {
        struct entry *entry = &ahead->entries[i];
        uint8_t *result = ahead->results.bytes + i * SKP_KEY_LEN;

        if (entry->private_key == private_key &&
            skp_view_equal((struct skp_view){ entry->point, SKP_KEY_LEN },
                           wanted)) {
            memcpy(ret, result, SKP_KEY_LEN);
            skp_wipe(result, SKP_KEY_LEN);
            *ret_is_low_order = entry->is_low_order;
            entry->private_key = NULL;
            return true;
        }
    }
    return false;
}

void skp_ahead_clear(struct skp_ahead *ahead)
{
    skp_secret_clear(&ahead->results);
    ahead->n = 0;
    ahead->has_run = false;
}
