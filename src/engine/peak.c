/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/peak.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/isa.h"
#include "base/thread.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { CHAINS = 12, ROUNDS = 20000, RUNS = 25, READ_RUNS = 8, PEAK_MAX_THREADS = 256 };

/* --- f32: chains of multiply-adds that touch no memory --- */

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

/* --- reading: sums of so many independent registers --- */

#define READ(name, lanes, ...)                                                 \
    __VA_ARGS__ static float read_##name(const float *from, size_t n)          \
    {                                                                          \
        typedef float v __attribute__((vector_size((lanes) * sizeof(float)))); \
        const v      *p = __builtin_assume_aligned(from, 64);                  \
        v             sums[8] = {{0}};                                         \
        for (size_t i = 0; i + 8 <= n / (lanes); i += 8)                       \
            for (int c = 0; c < 8; c++)                                        \
                sums[c] += p[i + (size_t)c];                                   \
        float total = 0.0f;                                                    \
        for (int c = 0; c < 8; c++)                                            \
            for (int i = 0; i < (lanes); i++)                                  \
                total += sums[c][i];                                           \
        return total;                                                          \
    }

PEAK(plain, 4, )
READ(plain, 4, )
#ifdef __x86_64__
PEAK(avx2, 8, __attribute__((target("avx2,fma"))))
READ(avx2, 8, __attribute__((target("avx2"))))
PEAK(avx512, 16, __attribute__((target("avx512f"))))
READ(avx512, 16, __attribute__((target("avx512f"))))

/* --- u8 by i8 --- */

/* Numbers so small that no pair of products leaves 16 bits. */
__attribute__((target("avx2"))) static float int8_avx2(float seed)
{
    __m256i       sums[8], a = _mm256_set1_epi8((char)((int)seed & 3));
    const __m256i b = _mm256_set1_epi8(1), ones = _mm256_set1_epi16(1);
    for (int c = 0; c < 8; c++)
        sums[c] = _mm256_set1_epi32(c);
    for (int r = 0; r < ROUNDS; r++)
        for (int c = 0; c < 8; c++) {
            __asm__("" : "+x"(a)); /* it might have changed: the product is not taken out of the loop */
            sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
        }
    int total[8] = {0};
    for (int c = 1; c < 8; c++)
        sums[0] = _mm256_add_epi32(sums[0], sums[c]);
    memcpy(total, &sums[0], sizeof total);
    return (float)total[0];
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) static float int8_vnni(float seed)
{
    __m512i       sums[CHAINS];
    const __m512i a = _mm512_set1_epi8((char)((int)seed & 3)), b = _mm512_set1_epi8(1);
    for (int c = 0; c < CHAINS; c++)
        sums[c] = _mm512_set1_epi32(c);
    for (int r = 0; r < ROUNDS; r++)
        for (int c = 0; c < CHAINS; c++)
            sums[c] = _mm512_dpbusd_epi32(sums[c], a, b);
    int total[16] = {0};
    for (int c = 1; c < CHAINS; c++)
        sums[0] = _mm512_add_epi32(sums[0], sums[c]);
    memcpy(total, &sums[0], sizeof total);
    return (float)total[0];
}
#endif

typedef struct peak_kind {
    float (*run)(float seed);
    float (*read)(const float *from, size_t n);
    float (*int8)(float seed); /* NULL: no products of whole numbers that are faster than those of floats */
    int    lanes;
    double int8_macs; /* of one run */
} peak_kind;

static peak_kind peak_choose(void)
{
    peak_kind kind = {.run = peak_plain, .read = read_plain, .lanes = 4};
#ifdef __x86_64__
    if (as_isa_may(AS_ISA_AVX2))
        kind = (peak_kind){peak_avx2, read_avx2, int8_avx2, 8, 32.0 * 8 * ROUNDS};
    if (as_isa_may(AS_ISA_AVX512)) {
        kind.run = peak_avx512;
        kind.read = read_avx512;
        kind.lanes = 16;
    }
    if (as_isa_may(AS_ISA_AVX512_VNNI)) {
        kind.int8 = int8_vnni;
        kind.int8_macs = 64.0 * CHAINS * ROUNDS;
    }
#endif
    return kind;
}

/* --- measuring --- */

static double peak_rate(double amount, as_ns start, double best)
{
    const double seconds = (double)(as_clock_mono() - start) / (double)AS_NS_PER_S;
    const double rate = seconds > 0.0 ? amount / seconds : 0.0;
    return rate > best ? rate : best;
}

typedef struct peak_job {
    peak_kind   kind;
    uint32_t    threads;
    size_t      bytes; /* read by each; 0: none, arithmetic */
    bool        int8;
    float      *data[PEAK_MAX_THREADS];
    double      best[PEAK_MAX_THREADS];
    atomic_uint n_ready;
} peak_job;

/* All begin together: one that is alone has the memory for itself. */
static void peak_meet(peak_job *job)
{
    const as_ns until = as_clock_mono() + AS_NS_PER_S;
    atomic_fetch_add(&job->n_ready, 1);
    while (atomic_load(&job->n_ready) < job->threads && as_clock_mono() < until)
        continue;
}

static double peak_ops_run(const peak_job *job, float seed, volatile float *sink)
{
    if (job->int8) {
        *sink = *sink + job->kind.int8(seed);
        return 2.0 * job->kind.int8_macs;
    }
    *sink = *sink + job->kind.run(seed);
    return 2.0 * CHAINS * job->kind.lanes * ROUNDS;
}

static bool peak_one(void *ctx, size_t i, as_err *err)
{
    peak_job      *job = ctx;
    volatile float sink = 0.0f;
    const size_t   n = job->bytes / sizeof(float);
    const size_t again = job->bytes ? AS_MAX(((size_t)1 << 20) / job->bytes, 1u) : 1; /* no call is too short to time */
    (void)err;
    peak_meet(job);
    for (int r = 0; r < (job->bytes ? READ_RUNS : RUNS); r++) {
        const as_ns start = as_clock_mono();
        double      amount = 0.0;
        for (size_t k = 0; k < again; k++) {
            if (job->bytes)
                sink = sink + job->kind.read(job->data[i], n);
            amount += job->bytes ? (double)(n * sizeof(float)) : peak_ops_run(job, (float)r, &sink);
        }
        job->best[i] = peak_rate(amount, start, job->best[i]);
    }
    return true;
}

static double peak_ops(bool int8)
{
    const peak_kind kind = peak_choose();
    const peak_job  job = {.kind = kind, .int8 = int8 && kind.int8};
    volatile float  sink = 0.0f;
    double          best = 0.0;
    for (int i = 0; i < RUNS; i++) {
        const as_ns  start = as_clock_mono();
        const double amount = peak_ops_run(&job, (float)i, &sink);
        best = peak_rate(amount, start, best);
    }
    return best;
}

double as_peak_flops(void)
{
    return peak_ops(false);
}

double as_peak_int8(void)
{
    return peak_ops(true);
}

/* What all of them did together. */
static bool peak_all(peak_job *job, double *ret, as_err *err)
{
    double sum = 0.0;
    memset(job->best, 0, sizeof job->best);
    atomic_store(&job->n_ready, 0);
    if (!as_thread_for(job->threads, job->threads, peak_one, job, err))
        return false;
    for (uint32_t i = 0; i < job->threads; i++)
        sum += job->best[i];
    *ret = sum;
    return true;
}

static bool peak_levels(peak_job *job, as_peak *peak, as_err *err)
{
    static const size_t sizes[AS_PEAK_LEVELS] = {(size_t)16 << 10, (size_t)256 << 10, (size_t)2 << 20,
                                                 (size_t)8 << 20,  (size_t)32 << 20,  AS_PEAK_MOST_BYTES};
    for (size_t i = 0; i < AS_PEAK_LEVELS; i++) {
        job->bytes = sizes[i] / job->threads / 4096 * 4096;
        job->bytes = AS_MAX(job->bytes, (size_t)4096);
        peak->levels[i].bytes = job->bytes * job->threads;
        if (!peak_all(job, &peak->levels[i].bytes_per_s, err))
            return false;
    }
    return true;
}

bool as_peak_measure(uint32_t threads, as_peak *ret, as_err *err)
{
    as_peak peak = {.threads = threads};
    if (threads < 1 || threads > PEAK_MAX_THREADS)
        return AS_FAIL(err, AS_EINVAL, "%u threads: 1 to %d are possible", threads, PEAK_MAX_THREADS);
    const size_t each = AS_MAX(AS_PEAK_MOST_BYTES / threads, (size_t)4096);
    peak_job    *job = calloc(1, sizeof *job);
    float       *data = aligned_alloc(4096, each * threads);
    bool         ok = (job && data) || AS_FAIL(err, AS_ENOMEM, "no memory to measure the speed of memory");
    if (ok) {
        memset(data, 0, each * threads);
        job->kind = peak_choose();
        job->threads = threads;
        for (uint32_t i = 0; i < threads; i++)
            job->data[i] = data + i * (each / sizeof(float));
        ok = peak_all(job, &peak.flops, err);
        job->int8 = job->kind.int8 != NULL;
        ok = ok && peak_all(job, &peak.int8_ops, err) && peak_levels(job, &peak, err);
    }
    free(data);
    free(job);
    if (ok)
        *ret = peak;
    return ok;
}

double as_peak_bandwidth(const as_peak *peak, double n_bytes)
{
    double best = 0.0; /* a larger piece that was read faster is no larger piece's roof alone */
    for (size_t i = AS_PEAK_LEVELS; i-- > 0;) {
        if ((double)peak->levels[i].bytes < n_bytes && best > 0.0)
            break;
        best = AS_MAX(best, peak->levels[i].bytes_per_s);
    }
    return best;
}

double as_peak_memory(const as_peak *peak)
{
    return peak->levels[AS_PEAK_LEVELS - 1].bytes_per_s;
}

double as_peak_seconds(const as_peak *peak, double n_ops, double n_bytes, bool is_int8)
{
    const double arithmetic = n_ops / (is_int8 ? peak->int8_ops : peak->flops);
    return AS_MAX(arithmetic, n_bytes / as_peak_bandwidth(peak, n_bytes));
}
