/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a network's outputs, looked through. Most places are background: what is read of all of them is read here. */
#include <math.h>
#include <string.h>

#include "base/isa.h"
#include "task/head_priv.h"

#define SCAN_INF       0x7f800000u /* the bits of infinity: those of a NaN are more */
#define SCAN_TOLERANCE 1e-3

static uint32_t scan_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x7fffffffu;
}

/* Four rows at once: what is best so far is read and written a quarter as often. */
AS_ISA_CLONES(uint32_t, scan_four, (const float *restrict in, size_t stride, float *restrict best, size_t n),
              (in, stride, best, n))
{
    const float *restrict a = in, *restrict b = in + stride, *restrict c = in + 2 * stride,
                          *restrict d = in + 3 * stride;
    int32_t top = 0; /* bits without a sign compare as signed numbers, which AVX2 has an instruction for */
    for (size_t i = 0; i < n; i++) {
        int32_t x = (int32_t)scan_bits(a[i]), y = (int32_t)scan_bits(b[i]);
        int32_t z = (int32_t)scan_bits(c[i]), w = (int32_t)scan_bits(d[i]);
        float   left = a[i] > b[i] ? a[i] : b[i], right = c[i] > d[i] ? c[i] : d[i];
        left = left > right ? left : right;
        best[i] = left > best[i] ? left : best[i];
        x = x > y ? x : y;
        z = z > w ? z : w;
        x = x > z ? x : z;
        top = x > top ? x : top;
    }
    return (uint32_t)top;
}

AS_ISA_CLONES(uint32_t, scan_row, (const float *restrict in, float *restrict best, size_t n), (in, best, n))
{
    int32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = (int32_t)scan_bits(in[i]);
        best[i] = in[i] > best[i] ? in[i] : best[i];
        top = bits > top ? bits : top;
    }
    return (uint32_t)top;
}

bool as_scan_columns(const float *in, size_t n_rows, size_t stride, size_t n, float *best)
{
    uint32_t top = 0;
    size_t   r = 0;
    for (size_t i = 0; i < n; i++)
        best[i] = -INFINITY;
    for (; r + 4 <= n_rows; r += 4) {
        uint32_t here = scan_four(in + r * stride, stride, best, n);
        top = AS_MAX(top, here);
    }
    for (; r < n_rows; r++) {
        uint32_t here = scan_row(in + r * stride, best, n);
        top = AS_MAX(top, here);
    }
    return top < SCAN_INF;
}

AS_ISA_CLONES(uint32_t, scan_top, (const float *in, size_t n), (in, n))
{
    int32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = (int32_t)scan_bits(in[i]);
        top = bits > top ? bits : top;
    }
    return (uint32_t)top;
}

bool as_scan_finite(const float *in, size_t n)
{
    return scan_top(in, n) < SCAN_INF;
}

AS_ISA_CLONES(float, scan_outside, (const float *in, size_t n), (in, n))
{
    float most = 0;
    for (size_t i = 0; i < n; i++) {
        float beyond = in[i] < 0 ? -in[i] : in[i] - 1;
        most = beyond > most ? beyond : most;
    }
    return most;
}

bool as_scan_is_logits(const float *in, size_t n, bool *ret_ok)
{
    *ret_ok = as_scan_finite(in, n);
    return scan_outside(in, n) > (float)SCAN_TOLERANCE;
}

float as_scan_threshold(float score_min, bool is_logits)
{
    return is_logits ? logf(score_min / (1 - score_min)) : score_min;
}

float as_scan_score(float value, bool is_logits)
{
    return is_logits ? as_scan_sigmoid(value) : value;
}

uint32_t as_scan_argmax(const float *in, size_t n, size_t stride)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = in[i * stride] > in[best * stride] ? i : best;
    return (uint32_t)best;
}

AS_ISA_CLONES(void, scan_add, (float *restrict sum, const float *restrict in, float gain, size_t n), (sum, in, gain, n))
{
    for (size_t i = 0; i < n; i++)
        sum[i] += gain * in[i];
}

void as_scan_add(float *sum, const float *in, float gain, size_t n)
{
    scan_add(sum, in, gain, n);
}

float as_scan_sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

void as_scan_softmax(const float *in, size_t n, size_t stride, float *ret)
{
    float  top = in[as_scan_argmax(in, n, stride) * stride];
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        ret[i] = expf(in[i * stride] - top);
        sum += (double)ret[i];
    }
    for (size_t i = 0; i < n; i++)
        ret[i] = (float)((double)ret[i] / sum);
}

bool as_scan_is_distribution(const float *in, size_t n, size_t stride)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(in[i * stride] >= 0 && in[i * stride] <= 1))
            return false;
        sum += (double)in[i * stride];
    }
    return fabs(sum - 1) <= SCAN_TOLERANCE;
}
