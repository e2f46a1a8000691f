/* x25519_avx2.c - four Montgomery ladders side by side; see x25519_avx2.h.
 *
 * The ladder is that of RFC 7748 section 5, the same steps for every bit.
 */
#include "protocol/x25519_avx2.h"

#include <string.h>

#include <sodium.h>

#include "protocol/secret.h"

#if defined(__x86_64__)

#include "protocol/x25519_field.h"

/* More than all frames below and in the field together. */
#define FRAMES_MAX 16384u

/* Of 64 bits, in a scalar. */
#define N_WORDS 4u

/* ---- bytes to limbs and back --------------------------------------------- */

/* The first bit of limb @i. */
INLINE unsigned first_bit(int i)
{
    return (51u * (unsigned)i + 1u) / 2u;
}

/* The low 255 bits of each point, little-endian. */
AVX2 static struct fe read_points(const uint8_t *const points[SKP_X25519_LANES])
{
    uint64_t lanes[N_LIMBS][SKP_X25519_LANES];
    struct fe ret;

    for (size_t lane = 0; lane < SKP_X25519_LANES; lane++) {
        uint8_t bytes[SKP_KEY_LEN + sizeof(uint64_t)] = { 0 };

        memcpy(bytes, points[lane], SKP_KEY_LEN);
        for (int i = 0; i < N_LIMBS; i++) {
            uint64_t word;

            memcpy(&word, bytes + first_bit(i) / 8, sizeof word);
            lanes[i][lane] = (word >> first_bit(i) % 8) &
                             ((UINT64_C(1) << limb_bits(i)) - 1);
        }
    }
    for (int i = 0; i < N_LIMBS; i++) {
        ret.limb[i] = _mm256_loadu_si256((const void *)lanes[i]);
    }
    return ret;
}

AVX2 static void write_results(struct fe *f,
                               uint8_t ret[SKP_X25519_LANES][SKP_KEY_LEN])
{
    uint64_t lanes[N_LIMBS][SKP_X25519_LANES];

    freeze(f);
    for (int i = 0; i < N_LIMBS; i++) {
        _mm256_storeu_si256((void *)lanes[i], f->limb[i]);
    }
    for (size_t lane = 0; lane < SKP_X25519_LANES; lane++) {
        uint8_t bytes[SKP_KEY_LEN + sizeof(uint64_t)] = { 0 };

        for (int i = 0; i < N_LIMBS; i++) {
            uint8_t *at = bytes + first_bit(i) / 8;
            uint64_t word;

            memcpy(&word, at, sizeof word);
            word |= lanes[i][lane] << first_bit(i) % 8;
            memcpy(at, &word, sizeof word);
        }
        memcpy(ret[lane], bytes, SKP_KEY_LEN);
    }
}

/* ---- the ladder ---------------------------------------------------------- */

struct ladder {
    struct fe x1;
    struct fe x2;
    struct fe z2;
    struct fe x3;
    struct fe z3;
};

/* One bit, which says whether the next point to double is the other one.  RFC
 * 7748 swaps the two for that.  But both ways round the same two products come
 * out, in turn, and of their sum and their difference only the squares count;
 * so it is enough to choose what is squared for the doubling. */
INLINE void step(struct ladder *at, __m256i turn)
{
    struct fe a;
    struct fe b;
    struct fe c;
    struct fe d;

    add_and_subtract(&at->x2, &at->z2, &a, &b);
    add_and_subtract(&at->x3, &at->z3, &c, &d);
    multiply(&d, &a, &at->x3);
    multiply(&c, &b, &at->z3);
    square_chosen(&a, &c, turn, &a);
    square_chosen(&b, &d, turn, &b);
    square_difference(&at->x3, &at->z3, &d);
    square_sum(&at->x3, &at->z3, &at->x3);
    multiply(&a, &b, &at->x2);
    subtract(&a, &b, &c);
    add_a24_times(&a, &c, &b);
    multiply(&at->x1, &d, &at->z3);
    multiply(&c, &b, &at->z2);
}

/* The turns that clamped scalars make: a bit is one where it differs from the
 * bit above. */
AVX2 static void read_turns(const uint8_t *const private_keys[SKP_X25519_LANES],
                            __m256i ret[N_WORDS])
{
    uint64_t lanes[N_WORDS][SKP_X25519_LANES];

    for (size_t lane = 0; lane < SKP_X25519_LANES; lane++) {
        uint64_t words[N_WORDS + 1] = { 0 };

        memcpy(words, private_keys[lane], SKP_KEY_LEN);
        words[0] &= ~UINT64_C(7);
        words[3] &= UINT64_MAX >> 1;
        words[3] |= UINT64_C(1) << 62;
        for (size_t i = 0; i < N_WORDS; i++) {
            lanes[i][lane] = words[i] ^ (words[i] >> 1 | words[i + 1] << 63);
        }
    }
    for (size_t i = 0; i < N_WORDS; i++) {
        ret[i] = _mm256_loadu_si256((const void *)lanes[i]);
    }
}

/* A result that is not divided yet: @x / @z. */
struct quotient {
    struct fe x;
    struct fe z;
};

CALLED void climb(const __m256i turns[N_WORDS],
                  const uint8_t *const points[SKP_X25519_LANES],
                  struct quotient *ret)
{
    struct ladder at = { .x1 = read_points(points) };
    /* The first bit is always zero. */
    __m256i bits = _mm256_slli_epi64(turns[N_WORDS - 1], 1);

    at.x3 = at.x1;
    at.x2.limb[0] = _mm256_set1_epi64x(1);
    at.z3.limb[0] = _mm256_set1_epi64x(1);
    for (unsigned t = 255; t-- > 0;) {
        if (t % 64 == 63) {
            bits = turns[t / 64];
        }
        step(&at, _mm256_cmpgt_epi64(_mm256_setzero_si256(), bits));
        bits = _mm256_slli_epi64(bits, 1);
    }
    /* The last bits of a clamped scalar are zero: no turn is left to do. */
    *ret = (struct quotient){ at.x2, at.z2 };
}

/* ---- division ------------------------------------------------------------ */

/* Make x / 0, which is a point of low order's and counts as 0, 0 / 1. */
AVX2 static void avoid_zero(struct quotient *quotient)
{
    __m256i zeroes = find_zeroes(&quotient->z);

    for (int i = 0; i < N_LIMBS; i++) {
        quotient->x.limb[i] = _mm256_andnot_si256(zeroes, quotient->x.limb[i]);
    }
    quotient->z.limb[0] = _mm256_add_epi64(
        quotient->z.limb[0], _mm256_and_si256(zeroes, _mm256_set1_epi64x(1)));
}

/* Do the divisions, to x, with one inversion for all (Montgomery): that of the
 * product of all z, from which each one's is had by multiplying. */
CALLED void divide(struct quotient *quotients, size_t n)
{
    struct fe before[SKP_X25519_GROUPS_MAX]; /* products of the z before */
    struct fe product = { { _mm256_set1_epi64x(1) } };
    struct fe inverse;

    for (size_t i = 0; i < n; i++) {
        avoid_zero(&quotients[i]);
        before[i] = product;
        multiply(&product, &quotients[i].z, &product);
    }
    invert(&product, &product);
    for (size_t i = n; i-- > 0;) {
        multiply(&product, &before[i], &inverse);
        multiply(&quotients[i].x, &inverse, &quotients[i].x);
        multiply(&product, &quotients[i].z, &product);
    }
}

AVX2 static __attribute__((noinline)) void
multiply_groups(const uint8_t *const *private_keys,
                const uint8_t *const *points,
                size_t n_groups,
                uint8_t (*ret)[SKP_KEY_LEN])
{
    __m256i turns[N_WORDS];
    struct quotient quotients[SKP_X25519_GROUPS_MAX];

    for (size_t i = 0; i < n_groups; i++) {
        read_turns(private_keys + i * SKP_X25519_LANES, turns);
        climb(turns, points + i * SKP_X25519_LANES, &quotients[i]);
    }
    divide(quotients, n_groups);
    for (size_t i = 0; i < n_groups; i++) {
        write_results(&quotients[i].x, ret + i * SKP_X25519_LANES);
    }
    _mm256_zeroall();
}

bool skp_x25519_avx2_works(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

void skp_x25519_avx2(const uint8_t *const *private_keys,
                     const uint8_t *const *points,
                     size_t n_groups,
                     uint8_t (*ret)[SKP_KEY_LEN])
{
    skp_assert(n_groups <= SKP_X25519_GROUPS_MAX);
    multiply_groups(private_keys, points, n_groups, ret);
    sodium_stackzero(FRAMES_MAX);
}

#else

bool skp_x25519_avx2_works(void)
{
    return false;
}

void skp_x25519_avx2(const uint8_t *const *private_keys,
                     const uint8_t *const *points,
                     size_t n_groups,
                     uint8_t (*ret)[SKP_KEY_LEN])
{
    (void)private_keys;
    (void)points;
    (void)n_groups;
    (void)ret;
    skp_assert(!"there is no AVX2 here");
}

#endif
