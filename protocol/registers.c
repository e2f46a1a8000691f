/* registers.c - clears the vector registers; see registers.h. */
#include "protocol/registers.h"

#if defined(__x86_64__)

/* The C library copies through registers 16 to 31 where there are such. */
static void clear_high(void)
{
    __asm__ volatile("vpxord %zmm16, %zmm16, %zmm16\n\t"
                     "vpxord %zmm17, %zmm17, %zmm17\n\t"
                     "vpxord %zmm18, %zmm18, %zmm18\n\t"
                     "vpxord %zmm19, %zmm19, %zmm19\n\t"
                     "vpxord %zmm20, %zmm20, %zmm20\n\t"
                     "vpxord %zmm21, %zmm21, %zmm21\n\t"
                     "vpxord %zmm22, %zmm22, %zmm22\n\t"
                     "vpxord %zmm23, %zmm23, %zmm23\n\t"
                     "vpxord %zmm24, %zmm24, %zmm24\n\t"
                     "vpxord %zmm25, %zmm25, %zmm25\n\t"
                     "vpxord %zmm26, %zmm26, %zmm26\n\t"
                     "vpxord %zmm27, %zmm27, %zmm27\n\t"
                     "vpxord %zmm28, %zmm28, %zmm28\n\t"
                     "vpxord %zmm29, %zmm29, %zmm29\n\t"
                     "vpxord %zmm30, %zmm30, %zmm30\n\t"
                     "vpxord %zmm31, %zmm31, %zmm31");
}

#define LOW_REGISTERS                                                       \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static void clear_avx(void)
{
    __asm__ volatile("vzeroall" : : : LOW_REGISTERS);
}

static void clear_sse(void)
{
    __asm__ volatile("pxor %%xmm0, %%xmm0\n\t"
                     "pxor %%xmm1, %%xmm1\n\t"
                     "pxor %%xmm2, %%xmm2\n\t"
                     "pxor %%xmm3, %%xmm3\n\t"
                     "pxor %%xmm4, %%xmm4\n\t"
                     "pxor %%xmm5, %%xmm5\n\t"
                     "pxor %%xmm6, %%xmm6\n\t"
                     "pxor %%xmm7, %%xmm7\n\t"
                     "pxor %%xmm8, %%xmm8\n\t"
                     "pxor %%xmm9, %%xmm9\n\t"
                     "pxor %%xmm10, %%xmm10\n\t"
                     "pxor %%xmm11, %%xmm11\n\t"
                     "pxor %%xmm12, %%xmm12\n\t"
                     "pxor %%xmm13, %%xmm13\n\t"
                     "pxor %%xmm14, %%xmm14\n\t"
                     "pxor %%xmm15, %%xmm15"
                     :
                     :
                     : LOW_REGISTERS);
}

void skp_registers_clear(void)
{
    if (!__builtin_cpu_supports("avx")) {
        clear_sse();
        return;
    }
    clear_avx();
    if (__builtin_cpu_supports("avx512f")) {
        clear_high();
    }
}

#elif defined(__aarch64__)

void skp_registers_clear(void)
{
    __asm__ volatile(
        "movi v0.2d, #0\n\tmovi v1.2d, #0\n\tmovi v2.2d, #0\n\t"
        "movi v3.2d, #0\n\tmovi v4.2d, #0\n\tmovi v5.2d, #0\n\t"
        "movi v6.2d, #0\n\tmovi v7.2d, #0\n\t"
        "mov v8.d[1], xzr\n\tmov v9.d[1], xzr\n\tmov v10.d[1], xzr\n\t"
        "mov v11.d[1], xzr\n\tmov v12.d[1], xzr\n\tmov v13.d[1], xzr\n\t"
        "mov v14.d[1], xzr\n\tmov v15.d[1], xzr\n\t"
        "movi v16.2d, #0\n\tmovi v17.2d, #0\n\tmovi v18.2d, #0\n\t"
        "movi v19.2d, #0\n\tmovi v20.2d, #0\n\tmovi v21.2d, #0\n\t"
        "movi v22.2d, #0\n\tmovi v23.2d, #0\n\tmovi v24.2d, #0\n\t"
        "movi v25.2d, #0\n\tmovi v26.2d, #0\n\tmovi v27.2d, #0\n\t"
        "movi v28.2d, #0\n\tmovi v29.2d, #0\n\tmovi v30.2d, #0\n\t"
        "movi v31.2d, #0"
        :
        :
        : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18",
          "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
          "v29", "v30", "v31");
}

#else

void skp_registers_clear(void)
{
}

#endif
