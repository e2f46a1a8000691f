/* test_registers.c - suite of protocol/registers.c. */
#include <string.h>

#include "protocol/registers.h"
#include "protocol/secret.h"
#include "tests/lib/suite.h"

#if defined(__x86_64__)

static const uint8_t pattern[64] = "what a copy leaves behind, "
                                   "in a vector register..";

/* Nothing between filling, clearing and storing may use a vector register, so
 * that no function of the library is called. */
static void pass_through_sse(uint8_t ret[16])
{
    __asm__ volatile("movdqu %0, %%xmm15" : : "m"(pattern) : "xmm15");
    skp_registers_clear();
    __asm__ volatile("movdqu %%xmm15, %0" : "=m"(*(uint8_t(*)[16])ret));
}

static void pass_through_avx(uint8_t ret[32])
{
    __asm__ volatile("vmovdqu %0, %%ymm7" : : "m"(pattern) : "xmm7");
    skp_registers_clear();
    __asm__ volatile("vmovdqu %%ymm7, %0" : "=m"(*(uint8_t(*)[32])ret));
}

static void pass_through_avx512(uint8_t ret[64])
{
    __asm__ volatile("vmovdqu64 %0, %%zmm16" : : "m"(pattern));
    skp_registers_clear();
    __asm__ volatile("vmovdqu64 %%zmm16, %0" : "=m"(*(uint8_t(*)[64])ret));
}

static void expect_zeroes(const uint8_t *bytes, size_t len)
{
    static const uint8_t zeroes[64];

    ck_assert_mem_eq(bytes, zeroes, len);
}

START_TEST(no_vector_register_keeps_its_bytes)
{
    uint8_t kept[64];

    memset(kept, 1, sizeof kept);
    pass_through_sse(kept);
    expect_zeroes(kept, 16);
    if (__builtin_cpu_supports("avx")) {
        pass_through_avx(kept);
        expect_zeroes(kept, 32);
    }
    if (__builtin_cpu_supports("avx512f")) {
        pass_through_avx512(kept);
        expect_zeroes(kept, 64);
    }
}
END_TEST

START_TEST(wiping_clears_them_too)
{
    uint8_t kept[16];
    uint8_t secret[8];

    __asm__ volatile("movdqu %0, %%xmm15" : : "m"(pattern) : "xmm15");
    skp_wipe(secret, sizeof secret);
    __asm__ volatile("movdqu %%xmm15, %0" : "=m"(kept));
    expect_zeroes(kept, sizeof kept);
}
END_TEST

#else

START_TEST(no_vector_register_keeps_its_bytes)
{
    skp_registers_clear();
    ck_assert_msg(true, "nothing to look at on this processor");
}
END_TEST

START_TEST(wiping_clears_them_too)
{
    uint8_t secret[8] = { 1 };

    skp_wipe(secret, sizeof secret);
    ck_assert_uint_eq(secret[0], 0);
}
END_TEST

#endif

SKT_SUITE("registers",
          no_vector_register_keeps_its_bytes,
          wiping_clears_them_too)
