/* SPDX-License-Identifier: Apache-2.0 */
#include "image/row_kernel.h"

#include "base/isa.h"

#ifdef __x86_64__
static const as_row_kernels *const row_sets[] = {&as_row_kernels_plain, &as_row_kernels_avx2, &as_row_kernels_avx512};
#else
static const as_row_kernels *const row_sets[] = {&as_row_kernels_plain};
#endif

const as_row_kernels *as_row_kernels_at(size_t i)
{
    return i < AS_COUNT(row_sets) ? row_sets[i] : NULL;
}

bool as_row_kernels_may(size_t i)
{
    static const as_isa needs[] = {AS_ISA_NONE, AS_ISA_AVX2, AS_ISA_AVX512};
    return i == 0 || (i < AS_COUNT(row_sets) && as_isa_may(needs[i]));
}

const as_row_kernels *as_row_kernels_best(void)
{
    size_t i = AS_COUNT(row_sets) - 1;
    while (i > 0 && !as_row_kernels_may(i))
        i--;
    return row_sets[i];
}

void as_row_down_plain(int16_t *restrict out, const as_row_down *job, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < job->n_mid; k++)
            sum += job->mid[k * job->stride_bytes + i];
        sum <<= job->shift;
        sum += (uint32_t)job->edge[0][i] * job->weight[0] >> 8;
        sum += (uint32_t)job->edge[1][i] * job->weight[1] >> 8;
        out[i] = (int16_t)(sum + job->bias);
    }
}

void as_row_across_plain(float *const *out, const int16_t *in, const as_axis *axis, const as_row_affine *affine,
                         uint32_t channels, uint32_t from, uint32_t n)
{
    for (uint32_t i = from; i < n; i++) {
        const int16_t *weight = axis->weight + (size_t)i * axis->taps;
        const int16_t *cells = in + (size_t)axis->start[i] * channels;
        for (uint32_t c = 0; c < channels; c++) {
            int32_t sum = 0;
            for (uint32_t k = 0; k < axis->count[i]; k++)
                sum += weight[k] * cells[k * channels + c];
            out[c][i] = (float)sum * affine[c].gain + affine[c].offset;
        }
    }
}

/* A sample always lies in two bytes: none past the row is read. */
void as_row_unpack_plain(uint16_t *restrict out, const uint8_t *restrict from, uint32_t bits, size_t begin, size_t n)
{
    for (size_t i = begin; i < n; i++) {
        const size_t   at = i * bits;
        const uint8_t *p = from + at / 8;
        out[i] = (uint16_t)(((uint32_t)p[0] | (uint32_t)p[1] << 8) >> at % 8 & ((1u << bits) - 1));
    }
}

static void row_unpack(uint16_t *restrict out, const uint8_t *restrict from, uint32_t bits, size_t n)
{
    as_row_unpack_plain(out, from, bits, 0, n);
}

static void row_down(int16_t *restrict out, const as_row_down *job, size_t n)
{
    as_row_down_plain(out, job, 0, n);
}

static void row_across1(float *const *out, const int16_t *in, const as_axis *axis, const as_row_affine *affine)
{
    as_row_across_plain(out, in, axis, affine, 1, 0, axis->n_out);
}

static void row_across2(float *const *out, const int16_t *in, const as_axis *axis, const as_row_affine *affine)
{
    as_row_across_plain(out, in, axis, affine, 2, 0, axis->n_out);
}

static void row_across3(float *const *out, const int16_t *in, const as_axis *axis, const as_row_affine *affine)
{
    as_row_across_plain(out, in, axis, affine, 3, 0, axis->n_out);
}

const as_row_kernels as_row_kernels_plain = {"plain", row_down, {row_across1, row_across2, row_across3}, row_unpack};
