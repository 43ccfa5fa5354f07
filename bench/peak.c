/* SPDX-License-Identifier: Apache-2.0 */
/* What the arithmetic units of one processor can do: chains of multiply-adds that touch no memory. */
#include "bench/machine.h"

enum { CHAINS = 12, LANES = 16, ROUNDS = 20000, RUNS = 25 };

typedef float peak_lanes __attribute__((vector_size(LANES * sizeof(float))));

/* The chains are independent, and more than a unit's latency times its width: none waits for another. */
static inline __attribute__((always_inline)) float peak_chains(float seed)
{
    peak_lanes sums[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        for (int i = 0; i < LANES; i++)
            sums[c][i] = seed + (float)(c * LANES + i);
    const peak_lanes scale = sums[0] * 0.0f + 0.999f, add = sums[0] * 0.0f + 0.001f;
    for (int r = 0; r < ROUNDS; r++)
        for (int c = 0; c < CHAINS; c++)
            sums[c] = sums[c] * scale + add;
    float total = 0.0f;
    for (int c = 0; c < CHAINS; c++)
        for (int i = 0; i < LANES; i++)
            total += sums[c][i];
    return total;
}

#ifdef __x86_64__
static __attribute__((target("avx512f"))) float peak_avx512(float seed)
{
    return peak_chains(seed);
}

static __attribute__((target("avx2,fma"))) float peak_avx2(float seed)
{
    return peak_chains(seed);
}
#endif

static float peak_run(float seed)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        return peak_avx512(seed);
    if (__builtin_cpu_supports("fma"))
        return peak_avx2(seed);
#endif
    return peak_chains(seed);
}

double bench_machine_peak_flops(void)
{
    volatile float sink = 0.0f;
    double         best = 0.0;
    for (int i = 0; i < RUNS; i++) {
        const as_ns start = as_clock_mono();
        sink = sink + peak_run((float)i);
        const double seconds = (double)(as_clock_mono() - start) / (double)AS_NS_PER_S;
        const double flops = seconds > 0.0 ? 2.0 * CHAINS * LANES * ROUNDS / seconds : 0.0;
        best = flops > best ? flops : best;
    }
    return best;
}
