/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/round.h"

#include <math.h>

#include "base/def.h"

enum { ROUND_MOST = 127, ROUND_PAIR = 128 }; /* 255 * 128 is below 2^15 */

static int8_t *round_at(const as_rounding *r, int8_t *q, size_t channel, size_t tap)
{
    return q + (channel * r->taps + tap) * r->step;
}

/* Two that may be taken together. What is too much for 16 bits goes from both alike, first from what is larger. */
static void round_pair(int8_t *a, int8_t *b)
{
    const int sign = *a < 0 ? -1 : 1, x = sign * *a, y = sign * *b;
    const int over = x + y - ROUND_PAIR;
    if (y <= 0 || over <= 0)
        return;
    const int more = x >= y ? (over + 1) / 2 : over / 2;
    *a = (int8_t)(sign * (x - more));
    *b = (int8_t)(sign * (y - (over - more)));
}

/* Kernels differ in what stands side by side: inputs at one tap of the window, or all of it, with the inputs innermost or
 * the taps. Numbers only become smaller: what was settled stays so. */
static void round_pairs(const as_rounding *r, int8_t *q)
{
    const size_t channels = r->each / r->taps;
    for (size_t j = 0; j + 1 < r->each; j++)
        round_pair(q + j * r->step, q + (j + 1) * r->step);
    for (size_t tap = 0; r->taps > 1 && tap < r->taps; tap++) {
        for (size_t c = 0; c + 1 < channels; c++)
            round_pair(round_at(r, q, c, tap), round_at(r, q, c + 1, tap));
        if (tap + 1 < r->taps)
            round_pair(round_at(r, q, channels - 1, tap), round_at(r, q, 0, tap + 1));
    }
}

static void round_all(const as_rounding *r, const float *from, float scale, int8_t *to)
{
    for (size_t j = 0; j < r->each; j++)
        to[j * r->step] = (int8_t)fminf(fmaxf(rintf(from[j * r->step] / scale), -ROUND_MOST), ROUND_MOST);
    if (r->pairs)
        round_pairs(r, to);
}

static double round_error(const as_rounding *r, const float *from, float scale, const int8_t *q)
{
    double sum = 0.0;
    for (size_t j = 0; j < r->each; j++) {
        const double off = (double)from[j * r->step] - (double)scale * q[j * r->step];
        sum += off * off;
    }
    return sum;
}

float as_round_channel(const as_rounding *r, const float *from, float least, int8_t *to)
{
    static const float steps[] = {64, 72, 80, 88, 96, 104, 112, 120, 127, 136, 148};
    float              most = 0.0f, best = 0.0f;
    double             error = INFINITY;
    for (size_t j = 0; j < r->each; j++)
        most = fmaxf(most, fabsf(from[j * r->step]));
    for (size_t i = 0; i < AS_COUNT(steps); i++) {
        const float scale = fmaxf(most / steps[i], least);
        round_all(r, from, scale, to);
        const double now = round_error(r, from, scale, to);
        if (now < error) {
            error = now;
            best = scale;
        }
        if (scale <= least)
            break;
    }
    round_all(r, from, best, to);
    return best;
}

float as_round_bias(const as_rounding *r, const float *from, float scale, const int8_t *q, const float *means)
{
    double sum = 0.0;
    for (size_t j = 0; j < r->each; j++)
        sum += ((double)from[j * r->step] - (double)scale * q[j * r->step]) * (double)means[j / r->taps];
    return (float)sum;
}
