/* x25519_field.h - the field of 2^255 - 19, four elements side by side in the
 * lanes of AVX2 registers.  For x25519_avx2.c; nobody else includes it.
 *
 * An element of the field of 2^255 - 19 is ten limbs of 26 and 25 bits in turn
 * (radix 2^25.5), each a register of four 64-bit lanes: lane i belongs to
 * multiplication i.  vpmuludq multiplies the low 32 bits of the lanes, so what
 * goes into a product must stay below 2^32.
 *
 * Bounds.  Call an element tight when its even limbs are below 1.01 * 2^26 and
 * its odd ones below 1.01 * 2^25, and loose when they are below 3.01 times
 * those powers.  Products and squares take loose elements and give tight ones;
 * a sum or a difference of two tight ones is loose.  So a factor stays below
 * 3.01 * 2^26 < 2^27.6, 19 times it below 2^31.9, and the sum of ten products
 * below 2^62.2.  Nothing is added to or subtracted from a loose element.
 *
 * Time depends on no element.
 */
#ifndef SKP_X25519_FIELD_H
#define SKP_X25519_FIELD_H

#include <immintrin.h>

#include "protocol/base.h"

#define AVX2   __attribute__((target("avx2")))
#define INLINE AVX2 static inline __attribute__((always_inline))
/* Inlined as well, these would have every element kept twice, once for the
 * registers of the caller. */
#define CALLED AVX2 static __attribute__((noinline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 10")
#endif

#define N_LIMBS 10
/* (486662 - 2) / 4, RFC 7748 section 5. */
#define A24 121665

struct fe {
    __m256i limb[N_LIMBS];
};

/* ---- limbs --------------------------------------------------------------- */

/* How many bits limb @i has. */
INLINE int limb_bits(int i)
{
    return i % 2 == 0 ? 26 : 25;
}

/* Products of the low 32 bits. */
INLINE __m256i times(__m256i a, __m256i b)
{
    return _mm256_mul_epu32(a, b);
}

/* Limb @i of a difference, with that of twice the prime added so that it does
 * not go below zero. */
INLINE __m256i minus(__m256i a, __m256i b, int i)
{
    int64_t twice_p = (INT64_C(1) << (limb_bits(i) + 1)) - (i == 0 ? 38 : 2);

    return _mm256_sub_epi64(_mm256_add_epi64(a, _mm256_set1_epi64x(twice_p)),
                            b);
}

/* What is above the bits of limb @i. */
INLINE __m256i over(__m256i z, int i)
{
    return _mm256_srli_epi64(z, limb_bits(i));
}

/* The bits of limb @i. */
INLINE __m256i within(__m256i z, int i)
{
    return _mm256_and_si256(z, _mm256_set1_epi64x((1LL << limb_bits(i)) - 1));
}

/* Move what is above limb @i's bits to the next limb; from the last limb, 19
 * times over, to the first. */
INLINE void carry(__m256i z[N_LIMBS], int i)
{
    __m256i more = over(z[i], i);

    z[i] = within(z[i], i);
    if (i == N_LIMBS - 1) {
        /* Too wide for vpmuludq: 19 = 16 + 2 + 1. */
        more = _mm256_add_epi64(more,
                                _mm256_add_epi64(_mm256_slli_epi64(more, 4),
                                                 _mm256_slli_epi64(more, 1)));
    }
    z[(i + 1) % N_LIMBS] = _mm256_add_epi64(z[(i + 1) % N_LIMBS], more);
}

/* Sums of products to a tight element: two chains of carries side by side,
 * then once around the end. */
INLINE void reduce(__m256i z[N_LIMBS], struct fe *ret)
{
    UNROLL
    for (int i = 0; i < 5; i++) {
        carry(z, i);
        carry(z, i + 4);
    }
    carry(z, 9);
    carry(z, 0);
    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        ret->limb[i] = z[i];
    }
}

/* Emits nothing, but has the sums in registers here.  Left to themselves the
 * compilers put off adding, and spill the products: half as long again. */
INLINE void hold(__m256i z[N_LIMBS])
{
    __asm__(""
            : "+x"(z[0]), "+x"(z[1]), "+x"(z[2]), "+x"(z[3]), "+x"(z[4]),
              "+x"(z[5]), "+x"(z[6]), "+x"(z[7]), "+x"(z[8]), "+x"(z[9]));
}

/* ---- the field ----------------------------------------------------------- */

/* What goes in may be where a result goes. */

/* @f + @g and @f - @g. */
CALLED void add_and_subtract(const struct fe *f,
                             const struct fe *g,
                             struct fe *sum,
                             struct fe *difference)
{
    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        sum->limb[i] = _mm256_add_epi64(f->limb[i], g->limb[i]);
        difference->limb[i] = minus(f->limb[i], g->limb[i], i);
    }
}

/* @f - @g. */
CALLED void subtract(const struct fe *f, const struct fe *g, struct fe *ret)
{
    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        ret->limb[i] = minus(f->limb[i], g->limb[i], i);
    }
}

/* @f + A24 * @g.  What is over a limb has 19 bits at most, so that one carry
 * from each limb at the same time makes it loose. */
CALLED void
add_a24_times(const struct fe *f, const struct fe *g, struct fe *ret)
{
    __m256i z[N_LIMBS];

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        z[i] = _mm256_add_epi64(f->limb[i],
                                times(g->limb[i], _mm256_set1_epi64x(A24)));
    }
    ret->limb[0] =
        _mm256_add_epi64(within(z[0], 0), times(over(z[N_LIMBS - 1], 9),
                                                _mm256_set1_epi64x(19)));
    UNROLL
    for (int i = 1; i < N_LIMBS; i++) {
        ret->limb[i] = _mm256_add_epi64(within(z[i], i), over(z[i - 1], i - 1));
    }
}

/* Limbs i and j meet in column i + j; a column past the end counts 19 times,
 * ten places lower.  Two odd limbs count twice, for radix 2^25.5 rounds both
 * up. */
CALLED void multiply(const struct fe *f, const struct fe *g, struct fe *ret)
{
    const __m256i nineteen = _mm256_set1_epi64x(19);
    __m256i g19[N_LIMBS];
    __m256i z[N_LIMBS];

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        g19[i] = times(g->limb[i], nineteen);
        z[i] = _mm256_setzero_si256();
    }
    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        __m256i f2 = _mm256_add_epi64(f->limb[i], f->limb[i]);

        UNROLL
        for (int j = 0; j < N_LIMBS; j++) {
            int k = (i + j) % N_LIMBS;
            __m256i a = i % 2 == 1 && j % 2 == 1 ? f2 : f->limb[i];
            __m256i b = i + j >= N_LIMBS ? g19[j] : g->limb[j];

            z[k] = _mm256_add_epi64(z[k], times(a, b));
        }
        hold(z);
    }
    reduce(z, ret);
}

/* The square of limbs @f, with each pair of different ones taken once and
 * doubled. */
INLINE void square_limbs(const __m256i f[N_LIMBS], struct fe *ret)
{
    const __m256i nineteen = _mm256_set1_epi64x(19);
    __m256i f2[N_LIMBS];
    __m256i f19[N_LIMBS]; /* 38 times where the limb is odd */
    __m256i z[N_LIMBS];

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        f2[i] = _mm256_add_epi64(f[i], f[i]);
        f19[i] = times(i % 2 == 1 ? f2[i] : f[i], nineteen);
        z[i] = _mm256_setzero_si256();
    }
    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        UNROLL
        for (int j = i; j < N_LIMBS; j++) {
            int k = (i + j) % N_LIMBS;
            bool both_odd = i % 2 == 1 && j % 2 == 1;
            __m256i a = i == j ? f[i] : f2[i];
            __m256i b = both_odd ? f2[j] : f[j];

            if (i + j >= N_LIMBS) {
                /* f19 of an odd limb is doubled already; where only that one
                 * is odd the other limb stays as it is. */
                a = !both_odd && j % 2 == 1 ? f[i] : a;
                b = f19[j];
            }
            z[k] = _mm256_add_epi64(z[k], times(a, b));
        }
        hold(z);
    }
    reduce(z, ret);
}

/* The square of @f. */
CALLED void square(const struct fe *f, struct fe *ret)
{
    square_limbs(f->limb, ret);
}

/* The square of @f + @g. */
CALLED void square_sum(const struct fe *f, const struct fe *g, struct fe *ret)
{
    __m256i sum[N_LIMBS];

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        sum[i] = _mm256_add_epi64(f->limb[i], g->limb[i]);
    }
    square_limbs(sum, ret);
}

/* The square of @f - @g. */
CALLED void
square_difference(const struct fe *f, const struct fe *g, struct fe *ret)
{
    __m256i difference[N_LIMBS];

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        difference[i] = minus(f->limb[i], g->limb[i], i);
    }
    square_limbs(difference, ret);
}

/* The square of @g in the lanes whose @mask is all ones, of @f in the others.
 */
CALLED void square_chosen(const struct fe *f,
                          const struct fe *g,
                          __m256i mask,
                          struct fe *ret)
{
    __m256i chosen[N_LIMBS];

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        chosen[i] = _mm256_blendv_epi8(f->limb[i], g->limb[i], mask);
    }
    square_limbs(chosen, ret);
}

/* @f to the power of 2^@n. */
AVX2 static void square_times(const struct fe *f, int n, struct fe *ret)
{
    square(f, ret);
    for (int i = 1; i < n; i++) {
        square(ret, ret);
    }
}

/* @z to the power of 2^255 - 21, which is 1 / @z, or 0 for 0. */
AVX2 static void invert(const struct fe *z, struct fe *ret)
{
    struct fe z2;
    struct fe z11;
    struct fe a;
    struct fe b;
    struct fe c;

    square(z, &z2);
    square_times(&z2, 2, &a);
    multiply(z, &a, &b); /* 9 */
    multiply(&z2, &b, &z11);
    square(&z11, &a);
    multiply(&b, &a, &a); /* 2^5 - 1 */
    square_times(&a, 5, &b);
    multiply(&b, &a, &a); /* 2^10 - 1 */
    square_times(&a, 10, &b);
    multiply(&b, &a, &b); /* 2^20 - 1 */
    square_times(&b, 20, &c);
    multiply(&c, &b, &b); /* 2^40 - 1 */
    square_times(&b, 10, &b);
    multiply(&b, &a, &a); /* 2^50 - 1 */
    square_times(&a, 50, &b);
    multiply(&b, &a, &b); /* 2^100 - 1 */
    square_times(&b, 100, &c);
    multiply(&c, &b, &b); /* 2^200 - 1 */
    square_times(&b, 50, &b);
    multiply(&b, &a, &b); /* 2^250 - 1 */
    square_times(&b, 5, &b);
    multiply(&b, &z11, ret);
}

/* Bring @f, which is tight, below the prime. */
CALLED void freeze(struct fe *f)
{
    /* 1 when the value is the prime or more: then adding 19 carries out. */
    __m256i more = _mm256_set1_epi64x(19);

    UNROLL
    for (int i = 0; i < N_LIMBS; i++) {
        more = over(_mm256_add_epi64(f->limb[i], more), i);
    }
    f->limb[0] =
        _mm256_add_epi64(f->limb[0], times(more, _mm256_set1_epi64x(19)));
    UNROLL
    for (int i = 0; i < N_LIMBS - 1; i++) {
        carry(f->limb, i);
    }
    f->limb[N_LIMBS - 1] = within(f->limb[N_LIMBS - 1], N_LIMBS - 1);
}

/* All ones in the lanes in which @f, which is tight, is zero. */
AVX2 static __m256i find_zeroes(const struct fe *f)
{
    struct fe frozen = *f;
    __m256i any = _mm256_setzero_si256();

    freeze(&frozen);
    for (int i = 0; i < N_LIMBS; i++) {
        any = _mm256_or_si256(any, frozen.limb[i]);
    }
    return _mm256_cmpeq_epi64(any, _mm256_setzero_si256());
}

#endif /* SKP_X25519_FIELD_H */
