/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino16.h"

#include <string.h>

#include "base/isa.h"
#include "engine/wino16_priv.h"

enum { WINO16_POINTS = AS_WINO16_POINTS, WINO16_BLOCK = AS_WINO16_BLOCK, WINO16_TAPS = 4, WINO16_LEAST = 12 };

static const as_wino16_set *wino16_set(void)
{
#ifdef __x86_64__
    if (as_isa_may(AS_ISA_AVX512_VNNI))
        return &as_wino16_avx512;
    if (as_isa_may(AS_ISA_AVX2_VNNI))
        return &as_wino16_avx2_vnni;
    if (as_isa_may(AS_ISA_AVX2))
        return &as_wino16_avx2;
#endif
    return NULL;
}

bool as_wino16_can(void)
{
    return wino16_set() != NULL;
}

bool as_wino16_bounded(const as_wino16 *w, const int8_t *weights)
{
    const int64_t each = w->channels * w->kernel * w->kernel, reach = AS_MAX(w->x_zero, 255 - w->x_zero);
    for (int64_t o = 0; o < w->n_out; o++) {
        int64_t sum = 0;
        for (int64_t k = 0; k < each; k++)
            sum += weights[o * each + k] < 0 ? -weights[o * each + k] : weights[o * each + k];
        if (sum * reach >= (int64_t)1 << 25)
            return false;
    }
    return true;
}

/* --- in which pieces ---------------------------------------------------------------------------------------------- */

static int64_t wino16_all(const as_wino16_job *j)
{
    return j->w->images * j->high * j->across;
}

/* Worker i takes tiles [wino16_share(i), wino16_share(i + 1)). */
static int64_t wino16_share(const as_wino16_job *j, int64_t i)
{
    return wino16_all(j) * i / AS_MAX(j->w->workers, 1);
}

/* Between points stands some more than needed, or all points would fall into one set of the cache. */
static as_wino16_job wino16_job(const as_wino16 *w, const as_wino16_set *set)
{
    const int64_t wide = set ? set->wide : WINO16_BLOCK, cache = set ? set->cache : 0;
    as_wino16_job j = {.w = w, .result = AS_WINO16_SIDE + 1 - w->kernel, .low = 0.0f, .top = 255.0f};
    j.high = (w->out[0] + j.result - 1) / j.result;
    j.across = (w->out[1] + j.result - 1) / j.result;
    const int64_t each = WINO16_POINTS * (w->channels * (int64_t)sizeof(int16_t) + wide * (int64_t)sizeof(int32_t));
    const int64_t share = (wino16_all(&j) + AS_MAX(w->workers, 1) - 1) / AS_MAX(w->workers, 1);
    j.most = AS_MIN(AS_MAX(cache / each, (int64_t)WINO16_LEAST), AS_MAX(share, (int64_t)1));
    j.v_step = j.most * w->channels + 32;
    j.m_step = j.most * wide + 16;
    if (w->limits.on) { /* they may lie beside the bytes: within those is what counts last */
        j.low = AS_MIN(AS_MAX(w->limits.low, 0.0f), 255.0f);
        j.top = AS_MIN(AS_MAX(w->limits.high, 0.0f), 255.0f);
    }
    return j;
}

static size_t wino16_each_bytes(const as_wino16_job *j)
{
    const size_t bytes =
        (size_t)(WINO16_POINTS * j->v_step) * sizeof(int16_t) + (size_t)(WINO16_POINTS * j->m_step) * sizeof(int32_t);
    return (bytes + 63) / 64 * 64;
}

size_t as_wino16_weight_bytes(const as_wino16 *w)
{
    return (size_t)(WINO16_POINTS * w->channels * w->n_out) * sizeof(int16_t);
}

size_t as_wino16_scratch_bytes(const as_wino16 *w)
{
    const as_wino16_job j = wino16_job(w, wino16_set());
    return wino16_each_bytes(&j) * (size_t)AS_MAX(w->workers, 1);
}

/* In cycles for each channel of each output, as measured: products of 8 bits of the definition, which primitives compute with
 * 512 bits where they may and ours without VNNI do not; ours of 16, which wait for weights where there are few tiles to each,
 * every worker for itself; and both transforms. */
bool as_wino16_pays(const as_wino16 *w)
{
    const bool          whole = as_isa_may(AS_ISA_AVX512_VNNI), half = as_isa_may(AS_ISA_AVX2_VNNI);
    const double        bytes = as_isa_may(AS_ISA_AVX512) ? 45.0 : 32.0;
    const double        direct = whole ? 128.0 : half ? 64.0 : bytes, ours = whole ? 56.0 : half ? 28.0 : 20.0;
    const double        in = whole ? 9.0 : 18.0, out = whole ? 14.0 : 28.0, weights = 20.0;
    const as_wino16_job j = wino16_job(w, wino16_set());
    const double        tiles = (double)wino16_all(&j);
    const int64_t       workers = AS_MAX(w->workers, 1), share = (wino16_all(&j) + workers - 1) / workers;
    const double        rounds = (double)((share + j.most - 1) / j.most * workers); /* of all weights */
    const double        results = (double)(w->images * w->out[0] * w->out[1] * w->kernel * w->kernel);
    const double        moved = in / (double)w->n_out + out / (double)w->channels;
    return results / direct > AS_MAX(tiles * WINO16_POINTS / ours, rounds * weights) + tiles * moved;
}

/* --- filters ------------------------------------------------------------------------------------------------------ */

typedef int16_t wino16_lanes __attribute__((vector_size(WINO16_BLOCK * sizeof(int16_t)))); /* of WINO16_BLOCK outputs */

/* G g, one dimension; g[3] is zero where there are three. */
static inline void wino16_filter(const wino16_lanes g[WINO16_TAPS], int taps, wino16_lanes u[AS_WINO16_SIDE])
{
    const wino16_lanes even = g[0] + g[2], odd = g[1] + g[3], even2 = g[0] + 4 * g[2], odd2 = 2 * g[1] + 8 * g[3];
    u[0] = 6 * g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = even2 + odd2;
    u[4] = even2 - odd2;
    u[5] = 6 * g[taps - 1];
}

/* One channel's filters of WINO16_BLOCK outputs, `step` apart, at all points. */
static inline void wino16_transform(const int8_t *weights, int taps, int64_t step, wino16_lanes u[WINO16_POINTS])
{
    wino16_lanes rows[WINO16_TAPS][AS_WINO16_SIDE] = {{{0}}};
    for (int i = 0; i < taps; i++) {
        int16_t      at[WINO16_TAPS][WINO16_BLOCK] = {{0}};
        wino16_lanes g[WINO16_TAPS];
        for (int o = 0; o < WINO16_BLOCK; o++)
            for (int k = 0; k < taps; k++)
                at[k][o] = weights[o * step + i * taps + k];
        memcpy(g, at, sizeof g);
        wino16_filter(g, taps, rows[i]);
    }
    for (int x = 0; x < AS_WINO16_SIDE; x++) {
        wino16_lanes column[AS_WINO16_SIDE];
        wino16_filter((const wino16_lanes[]){rows[0][x], rows[1][x], rows[2][x], rows[3][x]}, taps, column);
        for (int y = 0; y < AS_WINO16_SIDE; y++)
            u[y * AS_WINO16_SIDE + x] = column[y];
    }
}

/* In the order the products take them: blocks of outputs, points, pairs of channels, outputs, the pair. */
void as_wino16_weights(const as_wino16 *w, const int8_t *weights, int16_t *to)
{
    const as_wino16_set *set = wino16_set();
    const int64_t        most = set ? set->wide : WINO16_BLOCK, pairs = w->channels / 2, taps = w->kernel * w->kernel;
    for (int64_t o = 0; o < w->n_out; o += WINO16_BLOCK) {
        const int64_t begin = o / most * most, wide = AS_MIN(w->n_out - begin, most);
        for (int64_t pair = 0; pair < pairs; pair++) {
            const int8_t *from = weights + (o * w->channels + 2 * pair) * taps;
            wino16_lanes  a[WINO16_POINTS], b[WINO16_POINTS];
            wino16_transform(from, w->kernel, w->channels * taps, a);
            wino16_transform(from + taps, w->kernel, w->channels * taps, b);
            for (int64_t p = 0; p < WINO16_POINTS; p++) {
                int16_t *out = to + begin * WINO16_POINTS * w->channels + ((p * pairs + pair) * wide + o - begin) * 2;
                for (int i = 0; i < WINO16_BLOCK; i++) {
                    out[2 * i] = a[p][i];
                    out[2 * i + 1] = b[p][i];
                }
            }
        }
    }
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

void as_wino16_run(const as_wino16 *w, int worker, const uint8_t *x, const int16_t *weights, const float *rows,
                   void *scratch, uint8_t *y)
{
    const as_wino16_set *set = wino16_set();
    if (!set)
        return;
    const as_wino16_job j = wino16_job(w, set);
    const int64_t       begin = wino16_share(&j, worker), n_all = wino16_share(&j, worker + 1) - begin;
    const int64_t       rounds = (n_all + j.most - 1) / j.most;
    int16_t            *v = (int16_t *)((char *)scratch + wino16_each_bytes(&j) * (size_t)worker);
    int32_t            *m = (int32_t *)(v + WINO16_POINTS * j.v_step);
    for (int64_t round = 0; round < rounds; round++) {
        const int64_t first = begin + n_all * round / rounds, n = begin + n_all * (round + 1) / rounds - first;
        set->inputs(&j, x, first, n, v);
        for (int64_t o = 0; o < w->n_out; o += set->wide) {
            const int64_t  wide = AS_MIN(w->n_out - o, set->wide);
            const int16_t *u = weights + o * WINO16_POINTS * w->channels;
            for (int64_t p = 0; p < WINO16_POINTS; p++)
                set->point(v + p * j.v_step, u + p * w->channels * wide, w->channels, n, wide, m + p * j.m_step);
            set->outputs(&j, m, rows, first, n, o, wide, y);
        }
    }
}
