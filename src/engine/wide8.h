/* SPDX-License-Identifier: Apache-2.0 */
/* wide8.h - what becomes of 16 sums of products of u8 and i8, with AVX-512. Private to the kernels of engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 *
 * A product is made the next u8 exactly as the kernels of AVX2 make it: float(sum) + bias, times factor, rounded to even,
 * held within the limits. Rounding keeps the order of numbers, so that the limits may be rounded first and bytes compared.
 */
#ifndef AS_ENGINE_WIDE8_H
#define AS_ENGINE_WIDE8_H

#include <math.h>

#include "base/isa.h"
#include "engine/prim_int8.h"

typedef struct as_wide8_limits {
    uint8_t low, high;
    bool    hold; /* they are narrower than the type */
    float   most; /* what a number is held under before it is made whole, lest it leave 32 bits */
} as_wide8_limits;

static inline as_wide8_limits as_wide8_limits_of(const as_limits *l)
{
    const float     low = l->on ? rintf(fminf(fmaxf(l->low, 0.0f), 255.0f)) : 0.0f;
    as_wide8_limits to = {.low = (uint8_t)low, .high = 255, .most = 512.0f};
    if (l->on)
        to.high = (uint8_t)rintf(fminf(fmaxf(l->high, 0.0f), 255.0f));
    to.hold = to.low > 0 || to.high < 255;
    return to;
}

/* None of n results leaves 32 bits, whatever goes in: sums are of `products` of them, less so many zero points. */
static inline bool as_wide8_tame(const float *factors, const float *biases, size_t n, int64_t products)
{
    const float most = 2.0f * 255.0f * 128.0f * (float)products;
    for (size_t o = 0; o < n; o++)
        if (!((most + fabsf(biases[o])) * fabsf(factors[o]) < 1e9f)) /* also where one is no number */
            return false;
    return true;
}

static inline bool as_wide8_can(void)
{
    return as_isa_may(AS_ISA_AVX512_VNNI);
}

#ifdef __x86_64__
#include <immintrin.h>

#define AS_WIDE8        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define AS_WIDE8_INLINE AS_WIDE8 __attribute__((always_inline)) static inline

/* factors and biases: of these 16. What is no number becomes the least. tame: as as_wide8_tame says. */
AS_WIDE8_INLINE __m512i as_wide8_round(__m512i sums, const float *factors, const float *biases, __m512 most, bool tame)
{
    __m512 v = _mm512_add_ps(_mm512_cvtepi32_ps(sums), _mm512_load_ps(biases));
    v = _mm512_mul_ps(v, _mm512_load_ps(factors));
    return _mm512_cvtps_epi32(tame ? v : _mm512_min_ps(most, v));
}

/* In each 128 bits: four of a, of b, of c, of d. */
AS_WIDE8_INLINE __m512i as_wide8_pack(__m512i a, __m512i b, __m512i c, __m512i d)
{
    return _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
}

AS_WIDE8_INLINE __m512i as_wide8_hold(__m512i bytes, const as_wide8_limits *l)
{
    return _mm512_min_epu8(_mm512_max_epu8(bytes, _mm512_set1_epi8((char)l->low)), _mm512_set1_epi8((char)l->high));
}

#endif
#endif
