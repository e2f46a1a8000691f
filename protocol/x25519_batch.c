/* x25519_batch.c - many multiplications, as the CPU does them best; see
 * x25519_batch.h. */
#include "protocol/x25519_batch.h"

#include <string.h>

#include <sodium.h>

#include "protocol/secret.h"
#include "protocol/x25519_avx2.h"

/* Below this the lanes that stay empty cost more than is saved: a group takes
 * the time of less than two of libsodium's multiplications. */
#define LANES_MIN 2u

#define TOGETHER_MAX ((size_t)SKP_X25519_GROUPS_MAX * SKP_X25519_LANES)

const uint8_t skp_x25519_base[SKP_KEY_LEN] = { 9 };

static void multiply_base(struct skp_x25519_job *job)
{
    /* Multiplying the base point has no failing input. */
    (void)crypto_scalarmult_curve25519_base(job->ret, job->private_key);
    job->is_low_order = false;
    /* The digits of the private key stay behind in libsodium's frame. */
    sodium_stackzero(2048);
}

static void multiply_one(struct skp_x25519_job *job)
{
    if (job->point == skp_x25519_base) {
        multiply_base(job);
        return;
    }
    job->is_low_order = crypto_scalarmult_curve25519(job->ret, job->private_key,
                                                     job->point) != 0;
    /* libsodium leaves the result as it was. */
    if (job->is_low_order) {
        memset(job->ret, 0, SKP_KEY_LEN);
    }
}

/* @n jobs, at most TOGETHER_MAX; the lanes that are left over do the first job
 * again. */
static void multiply_together(struct skp_x25519_job *jobs, size_t n)
{
    const uint8_t *private_keys[TOGETHER_MAX] = { NULL };
    const uint8_t *points[TOGETHER_MAX] = { NULL };
    uint8_t results[TOGETHER_MAX][SKP_KEY_LEN];
    size_t n_groups = (n + SKP_X25519_LANES - 1) / SKP_X25519_LANES;

    for (size_t i = 0; i < n_groups * SKP_X25519_LANES; i++) {
        private_keys[i] = jobs[i < n ? i : 0].private_key;
        points[i] = jobs[i < n ? i : 0].point;
    }
    skp_x25519_avx2(private_keys, points, n_groups, results);
    for (size_t i = 0; i < n; i++) {
        memcpy(jobs[i].ret, results[i], SKP_KEY_LEN);
        jobs[i].is_low_order = sodium_is_zero(results[i], SKP_KEY_LEN) == 1;
    }
    skp_wipe(results, sizeof results);
}

/* How many of @n jobs are best done in lanes. */
static size_t count_together(size_t n)
{
    size_t n_last = n % SKP_X25519_LANES;

    if (!skp_x25519_avx2_works()) {
        return 0;
    }
    return n_last < LANES_MIN ? n - n_last : n;
}

void skp_x25519_batch(struct skp_x25519_job *jobs, size_t n)
{
    size_t n_together = count_together(n);
    size_t at = 0;

    while (at < n_together) {
        size_t n_left = n_together - at;
        size_t step = n_left < TOGETHER_MAX ? n_left : TOGETHER_MAX;

        multiply_together(jobs + at, step);
        at += step;
    }
    for (; at < n; at++) {
        multiply_one(&jobs[at]);
    }
}

size_t skp_x25519_batch_least(void)
{
    return skp_x25519_avx2_works() ? LANES_MIN : SIZE_MAX;
}

const char *skp_x25519_batch_kind(void)
{
    return skp_x25519_avx2_works() ? "avx2" : "libsodium";
}
