/* fuzz_x25519.c - many multiplications at once.
 *
 * Reaches: protocol/x25519_batch.c protocol/x25519_avx2.c
 * Reaches: protocol/x25519_field.h
 *
 * Whatever scalars and points are, a batch gives what libsodium gives for each
 * alone.  The first byte is how many there are.
 */
#include <string.h>

#include <sodium.h>

#include "protocol/x25519_batch.h"
#include "tests/fuzz/fuzz.h"

/* Three more than are done together. */
#define JOBS_MAX 35u

struct lane {
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t point[SKP_KEY_LEN];
    uint8_t result[SKP_KEY_LEN];
};

static void fill(struct skp_view *rest, uint8_t ret[SKP_KEY_LEN])
{
    struct skp_view bytes = skt_fuzz_take(rest, SKP_KEY_LEN);

    memset(ret, 0, SKP_KEY_LEN);
    if (bytes.len > 0) {
        memcpy(ret, bytes.ptr, bytes.len);
    }
}

/* The base point is known by its place. */
static const uint8_t *place_of(const uint8_t point[SKP_KEY_LEN])
{
    return memcmp(point, skp_x25519_base, SKP_KEY_LEN) == 0 ? skp_x25519_base
                                                            : point;
}

static void check_alone(const struct lane *lane, bool is_low_order)
{
    uint8_t expected[SKP_KEY_LEN] = { 0 };
    bool failed = crypto_scalarmult_curve25519(expected, lane->private_key,
                                               lane->point) != 0;

    ck_assert_int_eq(failed, is_low_order);
    if (failed) {
        memset(expected, 0, sizeof expected);
    }
    ck_assert(memcmp(expected, lane->result, sizeof expected) == 0);
}

void skt_fuzz_x25519(struct skp_view input)
{
    struct lane lanes[JOBS_MAX];
    struct skp_x25519_job jobs[JOBS_MAX];
    size_t n = skt_fuzz_byte(&input) % (JOBS_MAX + 1);

    for (size_t i = 0; i < n; i++) {
        fill(&input, lanes[i].private_key);
        fill(&input, lanes[i].point);
        jobs[i] = (struct skp_x25519_job){ lanes[i].private_key,
                                           place_of(lanes[i].point),
                                           lanes[i].result, false };
    }
    skp_x25519_batch(jobs, n);
    /* Where lanes are not used, no number of jobs is worth them. */
    ck_assert_int_eq(strcmp(skp_x25519_batch_kind(), "libsodium") == 0,
                     skp_x25519_batch_least() == SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        check_alone(&lanes[i], jobs[i].is_low_order);
    }
}

SKT_FUZZ_DOOR(x25519)
