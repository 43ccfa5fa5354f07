/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pairs512.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>

#define PAIRS512        __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define PAIRS512_INLINE PAIRS512 __attribute__((always_inline)) static inline

enum { PAIRS_LANES = AS_PAIRS512_LANES, PAIRS_GROUP = 14 /* tiles at once: 28 sums */, PAIRS_STEPS = 4 };

/* The intrinsics let the compiler copy the sum before it adds to it, and so it does for every one. */
PAIRS512_INLINE void pairs_dot(const bool whole, __m512i *sum, __m512i a, __m512i b)
{
    if (whole)
        __asm__("vpdpwssd %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
    else
        __asm__("vdpbf16ps %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
}

/* Where tiles 0, 3, 6, 9 and 12 stand: the others are one and two steps behind one of them, in one address. */
typedef struct pairs_from {
    const uint16_t *v0, *v3, *v6, *v9, *v12;
} pairs_from;

/* A pair of channels of tile t, in all lanes. */
PAIRS512_INLINE __m512i pairs_of(const pairs_from *from, const int t, int64_t channels, int at)
{
    const uint16_t *v = t < 3 ? from->v0 : t < 6 ? from->v3 : t < 9 ? from->v6 : t < 12 ? from->v9 : from->v12;
    int32_t         pair;
    memcpy(&pair, v + t % 3 * channels + at, sizeof pair);
    return _mm512_set1_epi32(pair);
}

/* What a group of tiles takes. ahead: what is fetched meanwhile, stride bytes a step. */
typedef struct pairs_job {
    const uint16_t *v, *u;
    int64_t         channels, stride;
    const char     *ahead;
    char           *m;
} pairs_job;

/* `tiles` tiles by `halves` times 16 outputs. */
PAIRS512_INLINE void pairs_products(const bool whole, const int tiles, const int halves, const pairs_job *j)
{
    const int64_t   channels = j->channels, stride = j->stride;
    const uint16_t *v = j->v, *u = j->u;
    const char     *ahead = j->ahead;
    pairs_from      from = {v, v + 3 * channels, v + 6 * channels, v + 9 * channels, v + 12 * channels};
    __m512i         acc[PAIRS_GROUP][2];
#pragma GCC unroll 14
    for (int t = 0; t < tiles; t++)
        acc[t][0] = acc[t][1] = _mm512_setzero_si512();
    for (const uint16_t *end = v + channels; from.v0 < end;) {
#pragma GCC unroll 4
        for (int s = 0; s < PAIRS_STEPS; s++) {
            const __m512i a = _mm512_loadu_si512(u);
            const __m512i b = halves > 1 ? _mm512_loadu_si512(u + 2 * PAIRS_LANES) : a;
            _mm_prefetch(ahead, _MM_HINT_T0);
            ahead += stride;
            u += 2 * PAIRS_LANES * halves;
#pragma GCC unroll 14
            for (int t = 0; t < tiles; t++) {
                const __m512i x = pairs_of(&from, t, channels, 2 * s);
                pairs_dot(whole, &acc[t][0], a, x);
                if (halves > 1)
                    pairs_dot(whole, &acc[t][1], b, x);
            }
        }
        from.v0 += 2 * PAIRS_STEPS;
        from.v3 += 2 * PAIRS_STEPS;
        from.v6 += 2 * PAIRS_STEPS;
        from.v9 += 2 * PAIRS_STEPS;
        from.v12 += 2 * PAIRS_STEPS;
    }
#pragma GCC unroll 14
    for (int t = 0; t < tiles; t++)
        for (int i = 0; i < halves; i++)
            _mm512_storeu_si512(j->m + (t * halves + i) * PAIRS_LANES * 4, acc[t][i]);
}

#define PAIRS_TILES(n)                       \
    case n:                                  \
        pairs_products(whole, n, halves, j); \
        break
#define PAIRS_ALL(name, of_whole, n_halves)                      \
    PAIRS512 static void name(int64_t tiles, const pairs_job *j) \
    {                                                            \
        enum { halves = n_halves, whole = of_whole };            \
        switch (tiles) {                                         \
            PAIRS_TILES(1);                                      \
            PAIRS_TILES(2);                                      \
            PAIRS_TILES(3);                                      \
            PAIRS_TILES(4);                                      \
            PAIRS_TILES(5);                                      \
            PAIRS_TILES(6);                                      \
            PAIRS_TILES(7);                                      \
            PAIRS_TILES(8);                                      \
            PAIRS_TILES(9);                                      \
            PAIRS_TILES(10);                                     \
            PAIRS_TILES(11);                                     \
            PAIRS_TILES(12);                                     \
            PAIRS_TILES(13);                                     \
            PAIRS_TILES(14);                                     \
        default: break;                                          \
        }                                                        \
    }

PAIRS_ALL(pairs_whole_one, true, 1)
PAIRS_ALL(pairs_whole_two, true, 2)
PAIRS_ALL(pairs_bf16_one, false, 1)
PAIRS_ALL(pairs_bf16_two, false, 2)

/* Groups that are as large as one another; each fetches its share of the weights behind these, the next point's. */
static void pairs_groups(void (*group)(int64_t tiles, const pairs_job *j), const uint16_t *v, const uint16_t *u,
                         int64_t channels, int64_t n, int64_t wide, char *m)
{
    const int64_t groups = (n + PAIRS_GROUP - 1) / PAIRS_GROUP, bytes = channels * wide * (int64_t)sizeof *u;
    for (int64_t g = 0; g < groups; g++) {
        const int64_t   t = n * g / groups, tiles = n * (g + 1) / groups - t;
        const pairs_job j = {.v = v + t * channels,
                             .u = u,
                             .channels = channels,
                             .stride = bytes / groups / (channels / 2),
                             .ahead = (const char *)u + bytes + bytes * g / groups,
                             .m = m + t * wide * 4};
        group(tiles, &j);
    }
}

void as_pairs512_whole(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int64_t wide, int32_t *m)
{
    pairs_groups(wide > PAIRS_LANES ? pairs_whole_two : pairs_whole_one, (const uint16_t *)v, (const uint16_t *)u,
                 channels, n, wide, (char *)m);
}

void as_pairs512_bf16(const uint16_t *v, const uint16_t *u, int64_t channels, int64_t n, int64_t wide, float *m)
{
    pairs_groups(wide > PAIRS_LANES ? pairs_bf16_two : pairs_bf16_one, v, u, channels, n, wide, (char *)m);
}

#endif
