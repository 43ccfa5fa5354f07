/* SPDX-License-Identifier: Apache-2.0 */
/* What the arithmetic units of one processor can do: chains of multiply-adds that touch no memory. */
#include "bench/machine.h"

enum { CHAINS = 12, ROUNDS = 20000, RUNS = 25 };

/* The chains are independent, and more than a unit's latency times its width: none waits for another. As many as fit
 * the registers, each one register wide. */
#define PEAK(name, lanes, ...)                                                  \
    __VA_ARGS__ static float peak_##name(float seed)                            \
    {                                                                           \
        typedef float v __attribute__((vector_size((lanes) * sizeof(float))));  \
        v             sums[CHAINS];                                             \
        for (int c = 0; c < CHAINS; c++)                                        \
            for (int i = 0; i < (lanes); i++)                                   \
                sums[c][i] = seed + (float)(c * (lanes) + i);                   \
        const v scale = sums[0] * 0.0f + 0.999f, add = sums[0] * 0.0f + 0.001f; \
        for (int r = 0; r < ROUNDS; r++)                                        \
            for (int c = 0; c < CHAINS; c++)                                    \
                sums[c] = sums[c] * scale + add;                                \
        float total = 0.0f;                                                     \
        for (int c = 0; c < CHAINS; c++)                                        \
            for (int i = 0; i < (lanes); i++)                                   \
                total += sums[c][i];                                            \
        return total;                                                           \
    }

PEAK(plain, 4, )
#ifdef __x86_64__
PEAK(avx2, 8, __attribute__((target("avx2,fma"))))
PEAK(avx512, 16, __attribute__((target("avx512f"))))
#endif

typedef struct peak_kind {
    float (*run)(float seed);
    int lanes;
} peak_kind;

static peak_kind peak_choose(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        return (peak_kind){peak_avx512, 16};
    if (__builtin_cpu_supports("fma"))
        return (peak_kind){peak_avx2, 8};
#endif
    return (peak_kind){peak_plain, 4};
}

double bench_machine_peak_flops(void)
{
    const peak_kind kind = peak_choose();
    volatile float  sink = 0.0f;
    double          best = 0.0;
    for (int i = 0; i < RUNS; i++) {
        const as_ns start = as_clock_mono();
        sink = sink + kind.run((float)i);
        const double seconds = (double)(as_clock_mono() - start) / (double)AS_NS_PER_S;
        const double flops = seconds > 0.0 ? 2.0 * CHAINS * kind.lanes * ROUNDS / seconds : 0.0;
        best = flops > best ? flops : best;
    }
    return best;
}
